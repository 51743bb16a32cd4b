"""The `cited evaluate` command: measures the answers to test prompts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.errors import ResultsInvalid, SettingsInvalid, printable
from ui.command.options import CollectionName, DataDir, ExitCode, Quiet, chosen
from ui.command.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.evaluation.compare import Comparison
    from assistant.evaluation.judge import Judgement
    from assistant.evaluation.measures import Scores
    from assistant.evaluation.prompts import Prompt
    from assistant.evaluation.results import Result
    from assistant.evaluation.trace import Trace
    from assistant.schema import Answering

TAG_COLUMNS = ("quote_hit", "quote_precision", "false_refusal", "false_answer", "ndcg10")


def evaluate(
    prompts: Annotated[Path, typer.Argument(help="Test prompts: a .jsonl, .yaml, .yml or .csv file.")],
    results: Annotated[Path | None, typer.Option(help="Write all replies to this file (.jsonl).")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report to this file (.html), readable offline.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file, for a build server.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Compare with the --results file of an earlier run.")] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEASURE=VALUE",
            help="Exit with 1 if a measure is below the value (false_refusal, false_answer, quotes_per_answer, "
            "words_per_answer, words_beyond, answerable_uncertain, answerable_unanswered, unanswerable_uncertain: "
            "above it). Repeatable.",
        ),
    ] = None,
    stages: Annotated[bool, typer.Option("--stages", help="Show at which stage the right passage is lost.")] = False,
    allow_unknown_sources: Annotated[
        bool,
        typer.Option("--allow-unknown-sources", help="Allow prompts to name sources that the corpus lacks."),
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Choose the gate's threshold from these prompts and store it.")
    ] = False,
    false_answers: Annotated[
        float,
        typer.Option(min=0, max=1, help="With --calibrate: the share of unanswerable prompts that may be answered."),
    ] = 0.05,
    threshold: Annotated[
        str | None, typer.Option(metavar="VALUE|default", help="Store this gate threshold (0 to 1) first.")
    ] = None,
    quiet: Quiet = False,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """Ask every test prompt and measure how the assistant quotes, refuses and ranks."""
    from assistant.assistant import open_assistant
    from assistant.evaluation.compare import compare as compare_runs
    from assistant.evaluation.judge import judge
    from assistant.evaluation.measures import score
    from assistant.evaluation.prompts import load_prompts
    from assistant.evaluation.report import write_junit, write_report
    from assistant.evaluation.results import read_results, write_results
    from assistant.evaluation.run import calibrate as choose
    from assistant.evaluation.run import parse_demand, unmet
    from assistant.evaluation.trace import trace

    demands = [parse_demand(text) for text in fail_under or ()]
    earlier = read_results(compare) if compare else None
    _check_folders(path for path in (results, report, junit) if path)
    if calibrate and threshold:
        raise SettingsInvalid("cannot be combined with --calibrate", "--threshold", "use only one of them")
    given = _parse_threshold(threshold) if threshold else None
    settings, console = chosen(data_dir, collection), Console(quiet=quiet)
    with open_assistant(settings) as assistant:
        loaded = load_prompts(prompts, None if allow_unknown_sources else assistant.sources())
        if threshold:
            _store_threshold(console, given, settings.folder)
        replies = _ask(assistant, loaded, quiet=quiet)
        if calibrate:
            value = choose(loaded, replies, false_answers).value
            _store_threshold(console, value, settings.folder)
            before, replies = replies, _ask(assistant, loaded, quiet=quiet)
            _show_comparison(console, compare_runs(before, replies, loaded), "Before and after calibration")
        if results:
            write_results(results, replies)
        traces: Sequence[Trace] = ()
        if stages:
            with progress("Tracing", quiet=quiet) as report_progress:
                traces = trace(assistant, loaded, report_progress)
    del assistant  # its models take more memory than all that follows
    judgements = judge(loaded, replies)
    scores = score(judgements)
    comparison = compare_runs(earlier, replies, loaded) if earlier is not None else None
    short = unmet(demands, scores.overall)
    if report:
        earlier_name = compare.name if compare else ""
        write_report(
            report, judgements, scores, name=prompts.name, comparison=comparison, earlier_name=earlier_name, unmet=short
        )
    if junit:
        write_junit(junit, judgements, name=prompts.name, unmet=short)
    _show(console, judgements, scores, traces, comparison)
    for line in short:
        Console(stderr=True).print(Text(f"Not met: {line}", style="bold red"))
    if short:
        raise typer.Exit(ExitCode.FAILED)


def _ask(assistant: Answering, prompts: Sequence[Prompt], *, quiet: bool) -> tuple[Result, ...]:
    from assistant.evaluation.run import evaluate as ask_all

    with progress("Asking", quiet=quiet) as report_progress:
        return ask_all(assistant, prompts, report_progress)


def _parse_threshold(text: str) -> float | None:
    """Parse a probability; return None for "default"."""
    if text == "default":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise SettingsInvalid(f"{text!r} is not a threshold", "--threshold", "give a number from 0 to 1, or default")
    return value


def _store_threshold(console: Console, value: float | None, data_dir: Path) -> None:
    from assistant.answering.gate import THRESHOLD
    from ingest.runs.pipeline import set_gate_threshold

    former = set_gate_threshold(value, data_dir)
    before, now = (f"{THRESHOLD:g} (default)" if each is None else f"{each:.4f}" for each in (former, value))
    console.print(f"Gate threshold: was {before}, now {now}", highlight=False)


def _check_folders(paths: Iterable[Path]) -> None:
    """Check before the run that its output files can be created."""
    for path in paths:
        if not path.parent.is_dir():
            raise ResultsInvalid("its folder does not exist", str(path), "create the folder or choose another file")
        if path.is_dir():
            raise ResultsInvalid("it is a folder", str(path), "choose a file")


def _show(
    console: Console,
    judgements: Sequence[Judgement],
    scores: Scores,
    traces: Sequence[Trace],
    comparison: Comparison | None,
) -> None:
    console.print(_measures_table(scores))
    if scores.by_tag:
        console.print(_tags_table(scores))
    console.print(_outcomes(judgements))
    if traces:
        console.print(_stages_table(traces))
        console.print(_ranks_table(traces))
    if comparison:
        _show_comparison(console, comparison, "Compared with the earlier run")


def _measures_table(scores: Scores) -> Table:
    table = _table("", ["Measure", "Name"], ["Value", "95 % interval", "Prompts"])
    for estimate in scores.overall.values():
        interval = "" if estimate.low is None else f"{_number(estimate.low)} to {_number(estimate.high)}"
        measure = estimate.measure
        table.add_row(measure.title, measure.name, _number(estimate.value), interval, str(estimate.prompts))
    return table


def _tags_table(scores: Scores) -> Table:
    titles = [scores.overall[name].measure.title for name in TAG_COLUMNS]
    table = _table("By tag (all measures are in the report)", ["Tag"], titles)
    for tag, estimates in scores.by_tag.items():
        table.add_row(_text(tag), *(_number(estimates[name].value) for name in TAG_COLUMNS))
    return table


def _outcomes(judgements: Sequence[Judgement]) -> Text:
    from collections import Counter

    counts = Counter(str(each.outcome) for each in judgements)
    return Text(", ".join(f"{name}: {count}" for name, count in counts.most_common()))


def _stages_table(traces: Sequence[Trace]) -> Table:
    from assistant.evaluation.trace import summarize

    numbers = ["top 1", "top 10", "any rank", "median rank"]
    table = _table("Stages: share of prompts with a right result", ["Stage"], numbers)
    for each in summarize(traces):
        median = "–" if each.median_rank is None else f"{each.median_rank:g}"
        table.add_row(_text(each.stage), _number(each.first), _number(each.ten), _number(each.all), median)
    return table


def _ranks_table(traces: Sequence[Trace]) -> Table:
    """Show the rank of the first right result at each stage, for the lost prompts."""
    stages = list(traces[0].ranks)
    table = _table("Lost prompts: rank of the first right result", ["Prompt", "Lost at"], stages)
    for each in traces:
        if each.lost_at is not None:
            ranks = (each.ranks.get(stage) for stage in stages)
            table.add_row(_text(each.prompt.id), each.lost_at, *("–" if rank is None else str(rank) for rank in ranks))
    return table


def _show_comparison(console: Console, comparison: Comparison, title: str) -> None:
    table = _table(title, ["Measure"], ["Earlier", "Now", "Change", "95 % interval", "Beyond\nchance"])
    for each in comparison.differences.values():
        change = "" if each.change is None else f"{each.change:+.4f}"
        interval = "" if each.low is None else f"{each.low:+.4f} to {each.high:+.4f}"
        chance = "yes" if each.beyond_chance else "no"
        table.add_row(each.measure.title, _number(each.earlier), _number(each.later), change, interval, chance)
    console.print(table)
    flips = _table("Prompts that flipped", ["Prompt", "Earlier", "Now", "Question"])
    for flip in comparison.flips:
        flips.add_row(_text(flip.id), str(flip.earlier), str(flip.later), _text(flip.question))
    if comparison.flips:
        console.print(flips)
    summary = (
        f"Prompts flipped: {len(comparison.flips)} ({comparison.better} for the better, {comparison.worse} for the "
        f"worse; McNemar's exact test: p = {comparison.p_value:.3g}). Different reply but same outcome: "
        f"{len(comparison.changed)}."
    )
    unmatched = len(comparison.unmatched)
    left_out = f" Left out, because they have no earlier result: {unmatched}." if unmatched else ""
    console.print(Text(summary + left_out))


def _table(title: str, texts: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD)
    for column in texts:
        table.add_column(column, overflow="fold", min_width=9)
    for column in numbers:  # on a narrow terminal headings fold, numbers do not
        table.add_column(column, justify="right", min_width=18 if "interval" in column else 6)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _text(text: str) -> Text:
    """Return a prompt's text literally, not as markup or terminal codes."""
    return Text(printable(text))
