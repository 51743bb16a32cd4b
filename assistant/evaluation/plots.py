"""SVG plots without colours of their own, so that they work in light and dark pages.

The surrounding page's style sheet colours them by class: `ink` and `grid` in
every plot, and one class per outcome (`right-quote`, `false-answer`, ...).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from assistant.evaluation.judge import Judgement, Outcome

TEMPLATES: Final = Environment(
    loader=PackageLoader("assistant.evaluation", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
WIDTH: Final = 640
JUDGED: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.UNJUDGED)
LONGEST_LABEL: Final = 22  # characters that fit beside a bar


class RiskPoint(NamedTuple):
    """At one threshold, the share of judged prompts answered and the share of those answered wrongly."""

    coverage: float
    risk: float


class DrawnPoint(NamedTuple):
    """A point of the curve or the axes, and where it is drawn."""

    coverage: float
    risk: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class BarPart:
    """The prompts of one outcome in a bar, and where they are drawn."""

    outcome: Outcome
    prompts: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The outcomes of the prompts with one tag; `right` is the share with a right outcome."""

    name: str
    label: str
    prompts: int
    right: float
    parts: tuple[BarPart, ...]


def risk_against_coverage(judgements: Sequence[Judgement]) -> tuple[RiskPoint, ...]:
    """Return coverage and risk at each threshold of the gate above that of the run, lowest coverage first.

    The last point is the run itself. Nothing is known beyond it, because
    refused prompts have no quotes to judge. Answers of equal score share a point.

    Source: the risk-coverage curve, El-Yaniv and Wiener, On the Foundations of
    Noise-free Selective Classification (JMLR 11, 2010).
    """
    judged = [each for each in judgements if each.outcome in JUDGED]
    scored = [
        (each.result.gate_score, each.outcome.wrong)
        for each in judged
        if not each.result.abstained and each.result.gate_score is not None
    ]
    points = []
    answered = wrong = 0
    for _, group in groupby(sorted(scored, reverse=True), key=lambda pair: pair[0]):
        members = [is_wrong for _, is_wrong in group]
        answered += len(members)
        wrong += sum(members)
        points.append(RiskPoint(answered / len(judged), wrong / answered))
    return tuple(points)


def risk_plot(points: Sequence[RiskPoint]) -> Markup:
    """Draw risk against coverage, with a dot for the run itself.

    Args:
        points: as from `risk_against_coverage`, at least one.
    """
    left, top, width, height = 64, 16, WIDTH - 96, 240
    highest = _ceiling(max(point.risk for point in points))

    def drawn(coverage: float, risk: float) -> DrawnPoint:
        return DrawnPoint(coverage, risk, left + coverage * width, top + height * (1 - risk / highest))

    return _rendered(
        "risk_plot.html",
        left=left,
        top=top,
        width=width,
        height=height,
        ticks=[drawn(step / 4, step / 4 * highest) for step in range(5)],
        curve=[drawn(*point) for point in points],
    )


def tag_plot(judgements: Sequence[Judgement]) -> Markup:
    """Draw the shares of outcomes over all prompts and for each tag as bars, with the share that is right.

    Args:
        judgements: at least one with a judged outcome.
    """
    left, width = 190, WIDTH - 190 - 120
    rows = _rows([each for each in judgements if each.outcome in JUDGED])
    bars = [_bar(name, outcomes, left, width) for name, outcomes in rows]
    return _rendered("tag_plot.html", left=left, width=width, bars=bars, css_class=css_class)


def css_class(outcome: Outcome) -> str:
    """Return the CSS class of an outcome."""
    return outcome.value.replace(" ", "-")


def _rendered(template: str, **values: object) -> Markup:
    return Markup(TEMPLATES.get_template(template).render(whole=WIDTH, **values))


def _rows(judged: Sequence[Judgement]) -> list[tuple[str, Counter[Outcome]]]:
    tags = sorted({tag for each in judged for tag in each.prompt.tags})
    members = {tag: [each for each in judged if tag in each.prompt.tags] for tag in tags}
    untagged = [each for each in judged if not each.prompt.tags]
    named = [("all questions", list(judged)), *members.items(), *([("no tag", untagged)] if tags and untagged else [])]
    return [(name, Counter(each.outcome for each in group)) for name, group in named]


def _bar(name: str, outcomes: Counter[Outcome], left: int, width: int) -> Bar:
    prompts = outcomes.total()
    widths = [outcomes[outcome] / prompts * width for outcome in JUDGED]
    starts = accumulate(widths, initial=float(left))
    return Bar(
        name=name,
        label=name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…",
        prompts=prompts,
        right=sum(outcomes[outcome] for outcome in JUDGED if outcome.right) / prompts,
        parts=tuple(
            BarPart(outcome, outcomes[outcome], x, part)
            for outcome, x, part in zip(JUDGED, starts, widths, strict=False)  # the last start ends the bar
        ),
    )


def _ceiling(risk: float) -> float:
    """Return the upper end of the risk axis: the next round share."""
    return next(top for top in (0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if risk <= top)
