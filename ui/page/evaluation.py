"""Renders the Evaluate tab: progress, faults, measures, plots, comparison and prompts."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote as percent_encoded

from assistant.answering.gate import THRESHOLD
from assistant.evaluation.compare import Comparison, Difference
from assistant.evaluation.judge import Judgement, Outcome
from assistant.evaluation.measures import SHARE, Estimate
from assistant.evaluation.plots import css_class, risk_against_coverage, risk_plot, tag_plot
from assistant.evaluation.results import QuotedText
from assistant.evaluation.run import Threshold
from assistant.evaluation.trace import summarize
from ingest.errors import FileInvalid, UserFacingError
from ui.handlers.evaluate import EvaluationProgress, FinishedEvaluation
from ui.page.places import MarkedSpan, spans_query
from ui.page.templating import render
from ui.page.words import count

ORDER = (
    Outcome.FALSE_ANSWER,
    Outcome.WRONG_QUOTE,
    Outcome.FALSE_REFUSAL,
    Outcome.RIGHT_QUOTE,
    Outcome.RIGHT_ABSTENTION,
    Outcome.UNJUDGED,
)
"""Outcomes, worst first."""
FIRST = ("quote_hit", "quote_precision", "complete", "false_refusal", "false_answer", "understood")
"""Measures that are shown at once; the others are folded."""
STAGES = {
    "dense": "Passages found by meaning",
    "lexical": "Passages found by words",
    "fused": "Both together",
    "evidence": "Sentences chosen from them",
}
MOST_SHOWN = 2_000
"""Prompts in the table; more would slow down the page. The report has all failing prompts."""


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """A quote in the table of prompts; `right` says whether it answers, None if not judged."""

    quote: QuotedText
    right: bool | None

    @property
    def where(self) -> str:
        """Its source and its place, as far as known."""
        return " · ".join(part for part in (self.quote.source, self.quote.place) if part)

    @property
    def opens(self) -> str:
        """The query that opens its source with the quote marked; "" if its place is unknown."""
        quote = self.quote
        if quote.root is None or quote.start is None or quote.end is None:
            return ""
        return spans_query(quote.root, quote.source, [MarkedSpan.of(quote.start, quote.text)])


@dataclass(frozen=True, slots=True)
class ShownPrompt:
    """A prompt in the table with the reply to it."""

    judgement: Judgement

    @property
    def tags(self) -> str:
        """Its tags as JSON, for the page's filter."""
        return json.dumps(self.judgement.prompt.tags)

    @property
    def quotes(self) -> list[ShownQuote]:
        """The quotes of the reply."""
        quotes = self.judgement.result.quotes
        marks = self.judgement.right_quotes or (None,) * len(quotes)
        return [ShownQuote(quote, right) for quote, right in zip(quotes, marks, strict=True)]

    @property
    def facts(self) -> list[str]:
        """Its id, tags, gate score and reply time, as far as known."""
        prompt, result = self.judgement.prompt, self.judgement.result
        gate = [] if result.gate_score is None else [f"gate {result.gate_score:.3f}"]
        time = [] if result.milliseconds is None else [f"{result.milliseconds:.0f} ms"]
        return [prompt.id, *prompt.tags, *gate, *time]


def start_html() -> str:
    """Return the introduction to the tab."""
    return render("evaluate_start.html")


def read_only_html() -> str:
    """Return the note that this page is read-only."""
    return render("evaluate_read_only.html")


def unchosen_html() -> str:
    """Return the message to choose a file of prompts first."""
    return render("evaluate_unchosen.html")


def progress_html(progress: EvaluationProgress, *, refused: bool = False) -> str:
    """Return the progress of a run and the time left; `refused` says that another could not be started meanwhile."""
    return render("evaluate_progress.html", progress=progress, left=left_words(progress), refused=refused)


def finished_html(run: FinishedEvaluation) -> str:
    """Return the message that a run is finished."""
    return render("status.html", message=f"Asked {count(len(run.results), 'question')} from {run.name}")


def cancelled_html() -> str:
    """Return the message that a run was cancelled."""
    return render("evaluate_cancelled.html")


def added_html(name: str) -> str:
    """Return the message that a file of prompts was added."""
    return render("status.html", message=f"Added {name}")


def threshold_html(threshold: float | None) -> str:
    """Return from which score on the assistant answers; None is the default."""
    return render("evaluate_threshold.html", threshold=threshold, default=THRESHOLD, found=None)


def calibrated_html(found: Threshold) -> str:
    """Return the threshold that was chosen from a run, and what it does to its questions."""
    return render("evaluate_threshold.html", threshold=found.value, default=THRESHOLD, found=found)


def unfinished_html() -> str:
    """Return the message that there is no run to choose a threshold from."""
    return failure_html("Run questions to check first; the threshold is chosen from their answers")


def failure_html(message: str) -> str:
    """Return an error message as an alert."""
    return render("alert.html", message=message)


def fault_html(error: UserFacingError) -> str:
    """Return an error message; for a file with faults, list each with its line."""
    if not isinstance(error, FileInvalid) or not error.faults:
        return failure_html(error.public)
    return render("evaluate_faults.html", file=error.where.rpartition("/")[2], what=error.what, faults=error.faults)


def run_html(run: FinishedEvaluation) -> str:
    """Return a run's outcomes, measures and plots, with links to its files."""
    counts = Counter(each.outcome for each in run.judgements)
    points = risk_against_coverage(run.judgements)
    judged = any(each.outcome is not Outcome.UNJUDGED for each in run.judgements)
    return render(
        "evaluate_run.html",
        name=run.name,
        files=f"results/{percent_encoded(run.stem, safe='')}",
        outcomes=[(outcome, counts[outcome]) for outcome in Outcome if counts[outcome]],
        tables=[
            [each for name, each in run.scores.overall.items() if each.value is not None and (name in FIRST) == first]
            for first in (True, False)
        ],
        tag_plot=tag_plot(run.judgements) if judged else "",
        risk_plot=risk_plot(points) if points else "",
        css_class=css_class,
        value_words=value_words,
        interval_words=interval_words,
    )


def comparison_html(comparison: Comparison, earlier: str, run: FinishedEvaluation) -> str:
    """Return what changed since an earlier run; flipped prompts link to their rows."""
    return render(
        "evaluate_comparison.html",
        comparison=comparison,
        earlier=earlier,
        rows=_rows(run),
        css_class=css_class,
        value_words=value_words,
        change_words=change_words,
    )


def prompts_html(judgements: Sequence[Judgement]) -> str:
    """Return the table of prompts, worst outcomes first, with filters by outcome and tag."""
    shown = _ordered(judgements)[:MOST_SHOWN]
    outcomes = Counter(each.outcome for each in shown)
    tags = Counter(tag for each in shown for tag in each.prompt.tags)
    return render(
        "evaluate_prompts.html",
        prompts=[ShownPrompt(judgement) for judgement in shown],
        outcomes=[(outcome, outcomes[outcome]) for outcome in ORDER if outcomes[outcome]],
        tags=sorted(tags.items()),
        unshown=len(judgements) - len(shown),
        css_class=css_class,
    )


def stages_html(run: FinishedEvaluation) -> str:
    """Return at which stage right results are lost; "" if the run did not follow its questions."""
    if not run.traces:
        return ""
    rows = _rows(run)
    lost = [(each, rows[each.prompt.id]) for each in run.traces if each.lost_at is not None]
    return render(
        "evaluate_stages.html",
        stages=[(_stage(each.stage), each) for each in summarize(run.traces)],
        lost=[(each.prompt.question, row, _stage(each.lost_at)) for each, row in lost],
        traced=len(run.traces),
        value_words=value_words,
    )


def left_words(progress: EvaluationProgress) -> str:
    """Return roughly how long a run will still take; "" if unknown."""
    if not 0 < progress.done < progress.total:
        return ""
    seconds = progress.seconds / progress.done * (progress.total - progress.done)
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


def value_words(value: float | None, unit: str) -> str:
    """Return a measure's value: shares in per cent, others as they are, a dash if undefined."""
    if value is None:
        return "–"
    return f"{_plain(100 * value)} %" if unit == SHARE else _plain(value)


def interval_words(estimate: Estimate) -> str:
    """Return a measure's 95 % interval, or why it has none."""
    if estimate.low is None or estimate.high is None:
        return "none, the values are too alike"
    unit = estimate.measure.unit
    scale = 100 if unit == SHARE else 1
    return f"{_plain(scale * estimate.low)} to {value_words(estimate.high, unit)}"


def change_words(difference: Difference) -> str:
    """Return how much a measure changed, with a 95 % interval if it has one."""
    change, low, high = difference.change, difference.low, difference.high
    if change is None:
        return "–"
    share = difference.measure.unit == SHARE
    scale, unit = (100, " points") if share else (1, "")
    words = f"{_plain(scale * change, sign='+')}{unit}"
    if low is None or high is None:
        return words
    return f"{words} ({_plain(scale * low, sign='+')} to {_plain(scale * high, sign='+')})"


def _plain(value: float, sign: str = "-") -> str:
    """Return a number with at most one decimal; `sign` is "+" to write that of positive numbers too."""
    rounded = round(value, 1)
    return format(rounded, f"{sign}.1f").removesuffix(".0") if rounded else "0"


def _stage(stage: str | None) -> str:
    return STAGES.get(stage or "", stage or "")


def _rows(run: FinishedEvaluation) -> dict[str, int]:
    """Return for each prompt's id the number of its row in the table."""
    return {each.prompt.id: number for number, each in enumerate(_ordered(run.judgements))}


def _ordered(judgements: Sequence[Judgement]) -> list[Judgement]:
    return sorted(judgements, key=lambda each: ORDER.index(each.outcome))
