"""Plots as SVG that takes its ink from the page around it, so that they read in light and in dark.

The page's style sheet colours the classes: ink and grid of every plot, and one
class an outcome (`right-quote`, `false-answer` and so on).
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from assistant.evaluation.judge import Judgement, Outcome

WIDTH: Final = 640
JUDGED: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.UNJUDGED)


class RiskPoint(NamedTuple):
    """At one threshold: the share of judged prompts answered, and the share of those answered wrongly."""

    coverage: float
    risk: float


def risk_against_coverage(judgements: Sequence[Judgement]) -> tuple[RiskPoint, ...]:
    """Raise the gate's threshold over the answers given: coverage and risk at each, least coverage first.

    The last point is the run as it was. What was refused has no quotes to
    judge, so nothing is known beyond it. Answers of equal score come together.

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


def risk_plot(points: Sequence[RiskPoint]) -> str:
    """Draw risk against coverage, the run as it was marked by a dot.

    Args:
        points: as from `risk_against_coverage`, at least one.
    """
    left, top, width, height = 64, 16, WIDTH - 96, 240
    highest = _ceiling(max(point.risk for point in points))
    drawn = [(left + p.coverage * width, top + height * (1 - p.risk / highest)) for p in points]
    last = points[-1]
    svg = _svg(320, f"Risk against coverage; as run, coverage {last.coverage:.0%} and risk {last.risk:.1%}")
    for step in range(5):
        share = step / 4
        y, x = top + height * (1 - share), left + width * share
        _add(svg, "line", cls="grid", x1=left, x2=left + width, y1=y, y2=y)
        _add(svg, "text", f"{share * highest:.3g}", cls="ink end", x=left - 8, y=y + 4)
        _add(svg, "text", f"{share:.2g}", cls="ink middle", x=x, y=top + height + 20)
    _add(svg, "text", "coverage (share of prompts answered)", cls="ink middle", x=left + width / 2, y=top + height + 44)
    label = _add(svg, "text", "risk (share of these wrong)", cls="ink middle", x=0, y=0)
    label.set("transform", f"translate(16 {top + height / 2}) rotate(-90)")
    _add(svg, "polyline", cls="curve", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in drawn))
    dot = _add(svg, "circle", cls="dot", cx=drawn[-1][0], cy=drawn[-1][1], r=5)
    _add(dot, "title", f"as run: coverage {last.coverage:.3f}, risk {last.risk:.3f}")
    return ElementTree.tostring(svg, encoding="unicode")


def tag_plot(judgements: Sequence[Judgement]) -> str:
    """Draw the outcomes of all prompts and of each tag as bars of shares, with the share that is right.

    Args:
        judgements: at least one of a judged outcome.
    """
    rows = _rows([each for each in judgements if each.outcome in JUDGED])
    left, width, step = 190, WIDTH - 190 - 120, 28
    svg = _svg(step * len(rows) + 8, "Outcomes by tag")
    for number, (name, outcomes) in enumerate(rows):
        y, x = 4 + number * step, float(left)
        label = _add(svg, "text", name if len(name) <= 22 else name[:21] + "…", cls="ink end", x=left - 10, y=y + 16)
        _add(label, "title", name)
        total = sum(outcomes.values())
        for outcome in JUDGED:
            share = outcomes[outcome] / total
            bar = _add(svg, "rect", cls=css_class(outcome), x=x, y=y, width=share * width, height=22)
            _add(bar, "title", f"{name}: {outcome} {outcomes[outcome]} of {total}")
            x += share * width
        right = sum(outcomes[outcome] for outcome in JUDGED if outcome.right) / total
        _add(svg, "text", f"{right:.0%} of {total} right", cls="ink", x=left + width + 10, y=y + 16)
    return ElementTree.tostring(svg, encoding="unicode")


def css_class(outcome: Outcome) -> str:
    """Return the class that a style sheet colours an outcome by."""
    return outcome.value.replace(" ", "-")


def _rows(judged: Sequence[Judgement]) -> list[tuple[str, Counter[Outcome]]]:
    tags = sorted({tag for each in judged for tag in each.prompt.tags})
    members = {tag: [each for each in judged if tag in each.prompt.tags] for tag in tags}
    untagged = [each for each in judged if not each.prompt.tags]
    named = [("all prompts", list(judged)), *members.items(), *([("no tag", untagged)] if tags and untagged else [])]
    return [(name, Counter(each.outcome for each in group)) for name, group in named]


def _ceiling(risk: float) -> float:
    """Return where the axis of risk ends: the next of a few round shares."""
    return next(top for top in (0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if risk <= top)


def _svg(height: int, label: str) -> Element:
    attributes = {"viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-label": label, "class": "plot"}
    return Element("svg", attributes)


def _add(parent: Element, tag: str, text: str = "", *, cls: str = "", **attributes: float | str) -> Element:
    named = {name: f"{value:.1f}" if isinstance(value, float) else str(value) for name, value in attributes.items()}
    element = ElementTree.SubElement(parent, tag, {**({"class": cls} if cls else {}), **named})
    element.text = text or None
    return element
