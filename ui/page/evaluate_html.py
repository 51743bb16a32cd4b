"""What the Evaluate tab shows: progress, faults, measures, plots, comparison and every prompt."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote as percent

from assistant.evaluation.compare import Comparison, Difference
from assistant.evaluation.judge import Judgement, Outcome
from assistant.evaluation.measures import SHARE, Estimate
from assistant.evaluation.plots import css_class, risk_against_coverage, risk_plot, tag_plot
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import QuotedText
from ingest.errors import FileInvalid, UserFacingError
from ui.handlers.evaluate import Progress, Run
from ui.page.markup import Place, count, failure_html, opener_html, safe

ORDER = (
    Outcome.FALSE_ANSWER,
    Outcome.WRONG_QUOTE,
    Outcome.FALSE_REFUSAL,
    Outcome.RIGHT_QUOTE,
    Outcome.RIGHT_ABSTENTION,
    Outcome.UNJUDGED,
)
"""Outcomes, the worst first."""
MOST_SHOWN = 2_000
"""Prompts in the table; a page of more is slow to open, the report has those that fail, all of them."""
CANCELLED = '<p class="told">Cancelled. Nothing of this run was kept.</p>'
START = (
    '<section class="legend"><h2>How well does it answer?</h2>'
    "<p>Test prompts are questions with what is right about them. Run a file of them to see:</p><dl>"
    "<dt>Right quotes</dt><dd>How often a quote holds the answer, and how many quotes do.</dd>"
    "<dt>Refusals and false answers</dt><dd>How often it abstains though the texts answer, "
    "and answers what it should not.</dd>"
    "<dt>Better or worse</dt><dd>What flipped since an earlier run, and whether that is more than chance.</dd></dl>"
    '<p class="hint">No prompts yet? Ask a question and choose “Save as test prompt” under its answer, '
    "or add a .jsonl, .yaml or .csv file.</p></section>"
)

READ_ONLY = (
    '<section class="legend"><h2>Test prompts</h2><p>Runs of test prompts are switched off here: this page only '
    "shows the texts, and a run leaves its results. Whoever runs the page can use <code>cited evaluate</code>.</p>"
    "</section>"
)


def progress_html(progress: Progress) -> str:
    """Return how far a run is and how long it will take."""
    left = ""
    if progress.done and progress.done < progress.total:
        seconds = progress.seconds / progress.done * (progress.total - progress.done)
        left = f" · about {seconds:.0f} s left" if seconds < 90 else f" · about {seconds / 60:.0f} min left"
    told = f"Asked {progress.done:,} of {count(progress.total, 'prompt')}{left}"
    bar = f'<progress max="{progress.total}" value="{progress.done}" aria-label="Prompts asked"></progress>'
    return f'<div class="told running">{bar}<p>{told}</p></div>'


def finished_html(run: Run) -> str:
    """Return that a run is finished."""
    return f'<p class="told" role="status">Asked {count(len(run.results), "prompt")} of {safe(run.name)}</p>'


def added_html(name: str) -> str:
    """Return that a file of prompts was added."""
    return f'<p class="told" role="status">Added {safe(name)}</p>'


def fault_html(error: UserFacingError) -> str:
    """Return what failed; of a faulty file every fault with its line."""
    if not isinstance(error, FileInvalid) or not error.faults:
        return f'<div role="alert">{failure_html(str(error))}</div>'
    rows = "".join(
        f"<li><b>{f'Line {fault.line:,}' if fault.line else 'File'}</b> <span>{safe(fault.what)}</span></li>"
        for fault in error.faults
    )
    told = f"{error.where.rpartition('/')[2]} {error.what}"
    return f'<div role="alert" class="failure"><p class="label">{safe(told)}</p><ul class="faults">{rows}</ul></div>'


def run_html(run: Run) -> str:
    """Return a run's outcomes, measures and plots, and where to get its files."""
    counts = Counter(each.outcome for each in run.judgements)
    chips = "".join(
        f'<li><i class="{css_class(outcome)}"></i>{counts[outcome]:,} {safe(outcome)}</li>'
        for outcome in Outcome
        if counts[outcome]
    )
    base = f"results/{percent(run.stem, safe='')}"
    files = (
        f'<p class="files"><a href="{base}.jsonl" download>Results (JSONL)</a>'
        f'<a href="{base}.html" download>Report (HTML)</a></p>'
    )
    return (
        f'<section class="run"><header><h2 dir="auto">{safe(run.name)}</h2>{files}</header>'
        f'<ul class="outcomes">{chips}</ul><div class="figures">{_measures_html(run.scores.overall.values())}'
        f"{_plots_html(run.judgements)}</div></section>"
    )


def comparison_html(comparison: Comparison, earlier: str, run: Run) -> str:
    """Return what changed since an earlier run; prompts that flipped lead to their rows."""
    rows = {each.prompt.id: number for number, each in enumerate(_ordered(run.judgements))}
    flips = "".join(
        f'<li><a class="cited" href="#prompt-{rows[flip.id]}">{safe(flip.question)}</a>'
        f"<span>{_badge(flip.earlier)} → {_badge(flip.later)}</span></li>"
        for flip in comparison.flips
    )
    changes = "".join(_change_row(each) for each in comparison.differences.values() if each.change is not None)
    split = f"{comparison.better} for the better, {comparison.worse} for the worse"
    left_out = (
        f" Without a result in both, and left out: {len(comparison.unmatched):,}." if comparison.unmatched else ""
    )
    return (
        f'<section class="comparison"><h2>Compared with {safe(earlier)}</h2>'
        f"<p>{count(len(comparison.flips), 'prompt')} flipped ({split}; McNemar’s exact test: "
        f"p = {comparison.p_value:.3g}). Replied to otherwise, with the same outcome: "
        f"{len(comparison.changed):,}.{left_out}</p>"
        f'<ul class="flips">{flips}</ul><details><summary>Every measure, earlier and now</summary>'
        '<div class="scroll"><table><thead><tr><th>Measure</th><th class="number">Earlier</th>'
        '<th class="number">Now</th><th class="number">Change, 95 % interval</th><th>More than chance</th></tr></thead>'
        f"<tbody>{changes}</tbody></table></div></details></section>"
    )


def prompts_html(judgements: Sequence[Judgement]) -> str:
    """Return every prompt, the failing ones first, with filters by outcome and tag."""
    shown = _ordered(judgements)[:MOST_SHOWN]
    outcomes = Counter(each.outcome for each in shown)
    tags = Counter(tag for each in shown for tag in each.prompt.tags)
    rows = "".join(_prompt_html(number, each) for number, each in enumerate(shown))
    rest = len(judgements) - len(shown)
    more = f'<p class="hint">{count(rest, "more prompt")} of right outcome not shown.</p>' if rest else ""
    by_outcome = _select("Outcome", [(css_class(o), f"{o} ({outcomes[o]:,})") for o in ORDER if outcomes[o]])
    by_tag = _select("Tag", [(tag, f"{tag} ({number:,})") for tag, number in sorted(tags.items())]) if tags else ""
    return (
        '<section class="prompts"><header><h2>Prompts</h2>'
        f'<div class="filters">{by_outcome}{by_tag}<output>{count(len(shown), "prompt")}</output></div></header>'
        f'<div class="rows">{rows}</div>{more}</section>'
    )


def _ordered(judgements: Sequence[Judgement]) -> list[Judgement]:
    return sorted(judgements, key=lambda each: ORDER.index(each.outcome))


def _badge(outcome: Outcome) -> str:
    return f'<span class="badge"><i class="{css_class(outcome)}"></i>{safe(outcome)}</span>'


def _select(title: str, options: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<option value="{safe(value)}">{safe(label)}</option>' for value, label in options)
    return f'<label>{title} <select data-filter="{title.lower()}"><option value="">all</option>{items}</select></label>'


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}".replace("%", " %") if unit == SHARE else f"{value:.1f}"


def _measures_html(estimates: Iterable[Estimate]) -> str:
    rows = "".join(_measure_row(each) for each in estimates if each.value is not None)
    return (
        '<table class="measures"><thead><tr><th>Measure</th><th class="number">Value</th>'
        "<th>95 % interval</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _measure_row(estimate: Estimate) -> str:
    measure = estimate.measure
    interval = "too few prompts"
    if estimate.low is not None and estimate.high is not None:
        interval = f"{_number(estimate.low, measure.unit)} to {_number(estimate.high, measure.unit)}"
    less = ", less is better" if measure.less_is_better else ""
    return (
        f'<tr data-measure="{measure.name}"><th scope="row">{safe(measure.title)}<small>{safe(measure.definition)} '
        f"({count(estimate.prompts, 'prompt')}{less})</small></th>"
        f'<td class="number">{_number(estimate.value, measure.unit)}</td>'
        f"<td>{_interval_bar(estimate)}<span>{interval}</span></td></tr>"
    )


def _interval_bar(estimate: Estimate) -> str:
    if estimate.measure.unit != SHARE or estimate.value is None or estimate.low is None or estimate.high is None:
        return ""
    left, width, dot = estimate.low, estimate.high - estimate.low, estimate.value
    return (
        f'<span class="bar" aria-hidden="true"><i style="left:{left:.2%};width:{width:.2%}"></i>'
        f'<b style="left:{dot:.2%}"></b></span>'
    )


def _plots_html(judgements: Sequence[Judgement]) -> str:
    points = risk_against_coverage(judgements)
    bars = tag_plot(judgements) if any(each.outcome is not Outcome.UNJUDGED for each in judgements) else ""
    curve = risk_plot(points) if points else ""
    parts = [
        f"<figure><figcaption>{title}</figcaption>{plot}</figure>"
        for title, plot in (
            ("Outcomes by tag", bars),
            ("Risk against coverage: wrong answers if only the surest replies were given; the dot is this run", curve),
        )
        if plot
    ]
    return f'<div class="plots">{"".join(parts)}</div>' if parts else ""


def _change_row(difference: Difference) -> str:
    unit = difference.measure.unit
    change = f"{difference.change:+.4f}"
    if difference.low is not None and difference.high is not None:
        change += f" ({difference.low:+.4f} to {difference.high:+.4f})"
    return (
        f'<tr><th scope="row">{safe(difference.measure.title)}</th>'
        f'<td class="number">{_number(difference.earlier, unit)}</td>'
        f'<td class="number">{_number(difference.later, unit)}</td><td class="number">{change}</td>'
        f"<td>{'yes' if difference.beyond_chance else 'no'}</td></tr>"
    )


def _prompt_html(number: int, judgement: Judgement) -> str:
    prompt, result = judgement.prompt, judgement.result
    marks = judgement.right_quotes or (None,) * len(result.quotes)
    quoted = "".join(_quoted_html(quote, right) for quote, right in zip(result.quotes, marks, strict=True))
    facts = [prompt.id, *prompt.tags]
    facts += [] if result.gate_score is None else [f"gate {result.gate_score:.3f}"]
    facts += [] if result.milliseconds is None else [f"{result.milliseconds:.0f} ms"]
    before = "".join(f"<li>{safe(question)}</li>" for question in prompt.history)
    history = f'<p class="label">Asked before</p><ul>{before}</ul>' if before else ""
    return (
        f'<details class="prompt" id="prompt-{number}" tabindex="-1" data-outcome="{css_class(judgement.outcome)}"'
        f' data-tags="{safe(json.dumps(prompt.tags))}"><summary><span dir="auto">{safe(prompt.question)}</span>'
        f"{_badge(judgement.outcome)}</summary>{history}"
        f'<div class="sides"><div><p class="label">Expected</p>{_expected_html(prompt)}</div>'
        f'<div><p class="label">Quoted</p>{quoted or "<p>Nothing: it abstained.</p>"}</div></div>'
        f'<p class="facts">{" · ".join(safe(fact) for fact in facts)}</p></details>'
    )


def _expected_html(prompt: Prompt) -> str:
    if prompt.unanswerable:
        return "<p>An abstention: the texts do not answer this.</p>"
    if prompt.answers:
        texts, told = prompt.answers, "A quote that contains" + (" one of these" if len(prompt.answers) > 1 else "")
    else:
        texts, told = prompt.passages, "A quote from within"
    items = "".join(f'<blockquote dir="auto">{safe(text)}</blockquote>' for text in texts)
    files = "".join(f"<li><bdi>{safe(source)}</bdi></li>" for source in prompt.grades)
    sources = f'<p>In</p><ul class="terms">{files}</ul>' if files else ""
    return (f"<p>{told}</p>{items}" if texts else "") + sources


def _quoted_html(quote: QuotedText, right: bool | None) -> str:
    mark = "" if right is None else f'<span class="verdict">{"✓ answers" if right else "✗ does not answer"}</span>'
    opener = ""
    if quote.root is not None and quote.start is not None and quote.end is not None:
        opener = opener_html(quote.root, quote.source, (Place.of(quote.start, quote.text),), title=quote.source)
    where = " · ".join(safe(part) for part in (quote.source, quote.place) if part)
    return (
        f'<blockquote dir="auto">{safe(quote.text)}</blockquote><p class="where">{mark}<bdi>{where}</bdi>{opener}</p>'
    )
