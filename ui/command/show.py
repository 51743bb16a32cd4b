"""Prints plans, run reports, runs, statuses, answers and standings on the terminal."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from ingest.errors import printable
from ingest.schema import HEADING_SEPARATOR

if TYPE_CHECKING:
    from rich.text import Text

    from assistant.schema import Conversation, Quote, Standing
    from ingest.runs.report import Plan, RunReport
    from ingest.runs.status import SourceStatus
    from ingest.schema import RunRecord

COUNTED = ("added", "updated", "renamed", "unchanged", "removed", "kept", "failed")
LISTED = 10  # entries in a list of names
EXCERPT = 90  # characters shown of a quote
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # newlines and tabs are part of a text


def show_plan(plan: "Plan", *, prune: bool, yes: bool) -> None:
    """Print what a run would do; `prune` and `yes` are the options of the command."""
    sizes = {name: len(getattr(plan, name, ())) for name in COUNTED}
    typer.echo(f"Dry run: {count(plan.found, 'file')} found, {_counts(sizes)}; nothing was changed")
    _each("would be added", plan.added)
    _each("would be updated", plan.updated)
    _each("would be renamed", (f"{former} -> {source}" for former, source in plan.renamed))
    _each("would be removed" if prune else "is gone, but would be kept", plan.removed)
    _each("would fail", (f"{source} ({reason})" for source, reason in plan.failed))
    _skipped(plan.skipped)
    if plan.prunes_most and prune and not yes:
        typer.echo(
            "More than half of the indexed files would be removed; use --yes to allow it or --no-prune to keep them"
        )


def show_report(report: "RunReport") -> None:
    """Print what a run did, but for the failures."""
    typer.echo(
        f"Run {report.run}: {count(report.found, 'file')} found, {_counts(report.counts())}; "
        f"{count(report.encoded, 'passage')} encoded, {report.passages} in the index"
    )
    _each("renamed", (f"{former} -> {source}" for former, source in report.renamed))
    _each("removed", report.removed)
    _each("gone, but kept", report.kept)
    _each("same text in", (", ".join(group) for group in report.duplicates[:LISTED]))
    for source, note in report.notes:
        typer.echo(f"note: {printable(source)}: {printable(note)}")
    _skipped(report.skipped)


def show_failures(report: "RunReport") -> None:
    """Print on stderr why files failed in a run."""
    for _, reason in report.failed:
        typer.echo(f"failed: {printable(reason)}", err=True)


def show_run(run: "RunRecord", *, most: int, by: str = "") -> None:
    """Print a run, who started it if that is known, and at most `most` of its changes."""
    seconds = max(0.0, (run.finished - run.started).total_seconds())  # the clock may have been set back
    when = run.finished.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    counts = f"{_counts(run.counts)}; {count(run.counts.get('encoded', 0), 'passage')} encoded"
    who = f", by {printable(by)}" if by else ""
    typer.echo(f"Run {run.number}, {when}{who}, {seconds:.1f} s: {counts}")
    for change in run.changes[:most]:
        detail = f" (was {change.detail})" if change.kind == "renamed" else ""
        text = change.detail if change.kind == "failed" else change.source + detail
        typer.echo(f"  {change.kind}: {printable(text)}")
    changed = sum(run.counts.get(kind, 0) for kind in ("added", "updated", "renamed", "removed", "failed"))
    if changed > min(most, len(run.changes)):
        typer.echo(f"  … {changed - min(most, len(run.changes))} more")


def show_status(sources: Sequence["SourceStatus"]) -> None:
    """Print one line per source, followed by its failure, note and duplicates."""
    for source in sources:
        when = source.ingested.astimezone().strftime("%Y-%m-%d %H:%M") if source.ingested else "never read"
        state = "failed" if source.failure else "ok"
        size = f"{count(source.passages, 'passage')}, {source.characters:,} characters"
        typer.echo(f"{state:6}  {printable(source.source)}  ({size}, {when})")
        if source.failure:
            typer.echo(f"        {printable(source.failure)} (retried in the next run)")
        if source.note:
            typer.echo(f"        {printable(source.note)}")
        if source.same_as:
            typer.echo(f"        same text as {printable(', '.join(source.same_as))}")
    failed = sum(bool(source.failure) for source in sources)
    passages = sum(source.passages for source in sources)
    typer.echo(f"{count(len(sources), 'file')}, {count(passages, 'passage')}, {failed} failed")


def show_answer(answer: "Text") -> None:
    """Print an answer, in colour on a terminal and as plain text elsewhere.

    Control characters are escaped, so that a terminal does not execute them.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        typer.echo(_visible(answer.plain))
        return
    parts = answer.render(console)
    console.print(Text.assemble(*((_visible(part.text), part.style or "") for part in parts)))


def _visible(text: str) -> str:
    return _CONTROLS.sub(lambda match: printable(match[0]), text)


def json_text(values: object) -> str:
    """Return values as one line of JSON, in ASCII unless stdout is Unicode."""
    import json

    return json.dumps(values, ensure_ascii=not (sys.stdout.encoding or "").lower().startswith("utf"))


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless the number is 1."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _counts(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{sizes[name]} {name}" for name in COUNTED if sizes.get(name)) or "nothing to do"


def _each(label: str, names: Iterable[str]) -> None:
    for name in names:
        typer.echo(f"{label}: {printable(name)}")


def _skipped(names: Sequence[str]) -> None:
    from ingest.runs.report import by_reason

    for reason, sources in by_reason(names).items():
        listed = ", ".join(sources[:LISTED]) + " …" * (len(sources) > LISTED)
        typer.echo(f"Skipped, {reason}: {printable(listed)}")


def show_standings(conversation: "Conversation", standings: Sequence["Standing"]) -> None:
    """Print the standing of each quote of a conversation, then the totals."""
    for label, quote, standing in _quoted(conversation, standings):
        typer.echo(printable(f"{standing.status:<8} [{label}] {quote.source}: {_short(quote.text)}"))
        for line in _now(standing):
            typer.echo(printable(f"         {line}"))
    sizes = Counter(standing.status.value for standing in standings)
    totals = ", ".join(f"{number} {status}" for status, number in sizes.items()) or "nothing to verify"
    typer.echo(f"{count(len(standings), 'quote')}: {totals}")


def standings_json(conversation: "Conversation", standings: Sequence["Standing"]) -> dict[str, object]:
    """Return the standing of each quote as JSON values; `found` is its current place, or the nearest text."""
    return {
        "conversation": conversation.id,
        "quotes": [
            {
                "quote": label,
                "status": standing.status.value,
                "root": quote.evidence.passage.root,
                "source": quote.source,
                "start": quote.evidence.start,
                "end": quote.evidence.end,
                "text": quote.text,
                "found": asdict(standing.found) if standing.found else None,
            }
            for label, quote, standing in _quoted(conversation, standings)
        ],
    }


def _quoted(conversation: "Conversation", standings: Sequence["Standing"]) -> Iterator[tuple[str, "Quote", "Standing"]]:
    """Yield each quote with its label (turn and number) and its standing."""
    quotes = [
        (f"{turn.number}.{number}", quote)
        for turn in conversation.turns
        if turn.answer
        for number, quote in enumerate(turn.answer.quotes, 1)
    ]
    for (label, quote), standing in zip(quotes, standings, strict=True):
        yield label, quote, standing


def _now(standing: "Standing") -> Iterator[str]:
    """Yield lines that describe the current text and place of a quote."""
    found = standing.found
    if standing.status == "changed":
        yield f"now: {found.text}" if found else "this file no longer contains anything similar"
    if found and standing.status != "same":
        place = f"page {found.page}" if found.page else f"line {found.line}" if found.line else ""
        below = f"below {HEADING_SEPARATOR.join(found.heading)}" if found.heading else ""
        yield ", ".join(filter(None, (f"in {found.source}", place, below, f"characters {found.start}-{found.end}")))


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[: EXCERPT - 1] + "…"
