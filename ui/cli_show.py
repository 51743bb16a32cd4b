"""Plans, reports, runs and statuses as lines on the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from ingest.errors import printable

if TYPE_CHECKING:
    from ingest.report import Plan, Report, RunRecord
    from ingest.status import SourceStatus

COUNTED = ("added", "updated", "renamed", "unchanged", "removed", "kept", "failed")
LISTED = 10  # of what is only mentioned


def show_plan(plan: "Plan") -> None:
    """Print what a run would do."""
    sizes = {name: len(getattr(plan, name, ())) for name in COUNTED}
    typer.echo(f"Dry run: {count(plan.found, 'file')} found, {_counts(sizes)}; nothing was changed")
    _each("would be added", plan.added)
    _each("would be updated", plan.updated)
    _each("would be renamed", (f"{former} -> {source}" for former, source in plan.renamed))
    _each("would be removed", plan.removed)
    _each("cannot be opened", (f"{source} ({reason})" for source, reason in plan.failed))
    _skipped(plan.skipped)
    if plan.prunes_most:
        typer.echo("More than half of what is indexed would be removed; --yes allows it, --no-prune keeps it")


def show_report(report: "Report") -> None:
    """Print what a run did; failures go to stderr."""
    typer.echo(
        f"Run {report.run}: {count(report.found, 'file')} found, {_counts(report.counts())}; "
        f"{count(report.encoded, 'passage')} encoded, {report.passages} in the index"
    )
    _each("renamed", (f"{former} -> {source}" for former, source in report.renamed))
    _each("removed", report.removed)
    _each("gone, but kept", report.kept)
    _each("same text in", (", ".join(group) for group in report.duplicates[:LISTED]))
    for source, note in report.notes:
        typer.echo(f"note: {printable(source)}: {note}")
    _skipped(report.skipped)
    for _, reason in report.failed:
        typer.echo(f"failed: {printable(reason)}", err=True)


def show_run(run: "RunRecord", *, most: int) -> None:
    """Print a run and its changes, at most so many of them."""
    seconds = (run.finished - run.started).total_seconds()
    when = run.finished.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    told = f"{_counts(run.counts)}; {count(run.counts.get('encoded', 0), 'passage')} encoded"
    typer.echo(f"Run {run.number}, {when}, {seconds:.1f} s: {told}")
    for change in run.changes[:most]:
        detail = f" (was {change.detail})" if change.kind == "renamed" else ""
        text = change.detail if change.kind == "failed" else change.source + detail
        typer.echo(f"  {change.kind}: {printable(text)}")
    changed = sum(run.counts.get(kind, 0) for kind in ("added", "updated", "renamed", "removed", "failed"))
    if changed > min(most, len(run.changes)):
        typer.echo(f"  … {changed - min(most, len(run.changes))} more")


def show_status(sources: Sequence["SourceStatus"]) -> None:
    """Print a line for every source, and what is wrong or uncertain with it below."""
    for source in sources:
        when = source.ingested.astimezone().strftime("%Y-%m-%d %H:%M") if source.ingested else "never read"
        state = "failed" if source.failure else "ok"
        size = f"{count(source.passages, 'passage')}, {source.characters:,} characters"
        typer.echo(f"{state:6}  {printable(source.source)}  ({size}, {when})")
        if source.failure:
            typer.echo(f"        {printable(source.failure)} (tried again in the next run)")
        if source.note:
            typer.echo(f"        {printable(source.note)}")
        if source.same_as:
            typer.echo(f"        same text as {printable(', '.join(source.same_as))}")
    failed = sum(bool(source.failure) for source in sources)
    passages = sum(source.passages for source in sources)
    typer.echo(f"{count(len(sources), 'file')}, {count(passages, 'passage')}, {failed} failed")


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _counts(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{sizes[name]} {name}" for name in COUNTED if sizes.get(name)) or "nothing to do"


def _each(label: str, names: Iterable[str]) -> None:
    for name in names:
        typer.echo(f"{label}: {printable(name)}")


def _skipped(names: Sequence[str]) -> None:
    if names:
        listed = ", ".join(names[:LISTED]) + " …" * (len(names) > LISTED)
        typer.echo(f"Skipped, of no known format: {printable(listed)}")
