"""What the Corpus tab shows: a plan, progress, a result, the sources and the runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ingest.runs.report import Report
from ingest.runs.status import SourceStatus
from ingest.schema import RunRecord
from ui.handlers.corpus import Planned, Progress
from ui.page.markup import count, failure_html, opener_html, safe

MOST_SHOWN = 200
"""Sources in the list; more make the page slow, and are found by searching."""
MOST_LISTED = 100
"""Sources of one kind in a plan or a result."""
COUNTED = ("added", "updated", "renamed", "removed", "kept", "failed")
START = (
    '<section class="legend"><h2>Which texts are asked?</h2>'
    "<p>Below is every text that answers are quoted from. To change them:</p><dl>"
    "<dt>Add files</dt><dd>Drop them into the box, or click it. "
    "A file of the same name takes the place of the former one.</dd>"
    "<dt>See the plan</dt><dd>What would be added, updated and removed. Nothing changes until you apply it.</dd>"
    "<dt>Apply</dt><dd>Until it is finished, questions are answered from the texts as they were.</dd>"
    "</dl></section>"
)
READ_ONLY = '<p class="hint">This page shows the texts; adding and ingesting are switched off.</p>'
DISCARDED = '<p class="told" role="status">Discarded. The uploads are as they were.</p>'


def plan_html(planned: Planned, note: str = "") -> str:
    """Return what a run would do, a list for each kind; `note` stands above it."""
    plan = planned.plan
    renamed = [f"{former} → {source}" for former, source in plan.renamed]
    failed = [f"{source}: {why}" for source, why in plan.failed]
    lists = (
        _list_html("To be added", plan.added),
        _list_html("To be updated", plan.updated),
        _list_html("To be renamed", renamed),
        _list_html("To be removed", plan.removed),
        _list_html("Cannot be opened", failed),
        _list_html("Folders that cannot be looked at, and stay as they are", planned.problems),
        _list_html("Passed over, of no known format", plan.skipped, folded=True),
    )
    same = f" · {count(len(plan.unchanged), 'file')} unchanged" if plan.unchanged else ""
    told = ("Nothing is changed yet" if planned.changes else "Nothing to do") + same
    title = "The plan" if planned.changes else "No changes"
    above = f'<p class="state">{safe(note)}</p>' if note else ""
    return f'<section class="plan"><h2>{title}</h2>{above}<p class="hint">{told}</p>{"".join(lists)}</section>'


def confirm_html(planned: Planned) -> str:
    """Return the question that is asked before more than half of a folder is removed."""
    gone = count(len(planned.plan.removed), "source")
    note = f"{gone} would be removed, more than half of a folder. Are these files really meant to be gone?"
    return plan_html(planned, note)


def progress_html(progress: Progress | None) -> str:
    """Return how far a run is, by files."""
    if progress is None:
        return '<div class="told running"><progress aria-label="Files read"></progress><p>Starting</p></div>'
    bar = f'<progress max="{progress.total}" value="{progress.done}" aria-label="Files read"></progress>'
    at = f" · <bdi>{safe(progress.source)}</bdi>" if progress.source else ""
    told = f"Read {progress.done:,} of {count(progress.total, 'file')}{at}"
    return f'<div class="told running">{bar}<p>{told}</p></div>'


def report_html(report: Report) -> str:
    """Return what a run did, failures first."""
    counts = _counts_html(report.counts()) or "Nothing changed"
    lists = (
        _list_html("Failed; what was known of them stays", (why for _, why in report.failed)),
        _list_html("Added", report.added),
        _list_html("Updated", report.updated),
        _list_html("Renamed", (f"{former} → {source}" for former, source in report.renamed)),
        _list_html("Removed", report.removed),
        _list_html("Gone from their folder, but kept", report.kept),
        _list_html("Read with a remark", (f"{source}: {note}" for source, note in report.notes)),
        _list_html("The same text in several files", (" = ".join(group) for group in report.duplicates)),
    )
    told = f"{counts} · {count(report.encoded, 'passage')} encoded"
    return (
        f'<section class="plan" role="status"><h2>Applied</h2><p class="hint">{told}. Questions are answered from '
        f"the new texts now.</p>{''.join(lists)}</section>"
    )


def fault_html(message: str) -> str:
    """Return what failed, as an alert."""
    return f'<div role="alert">{failure_html(message)}</div>'


def sources_html(found: Sequence[SourceStatus], folder: Path, removable: Collection[str]) -> str:
    """Return the sources; those of the `folder` of uploads that are `removable` have a button for it."""
    failed = sum(bool(each.failure) for each in found)
    passages = count(sum(each.passages for each in found), "passage")
    told = f"{count(len(found), 'source')}, {passages}" + (f", {failed:,} failed" if failed else "")
    rows = "".join(
        _source_html(each, each.root == str(folder) and each.source in removable) for each in found[:MOST_SHOWN]
    )
    listed = f'<ul class="rows">{rows}</ul>' if rows else '<p class="empty">No source is like that.</p>'
    left = len(found) - MOST_SHOWN
    more = f'<p class="hint">{left:,} more; search to find them.</p>' if left > 0 else ""
    return f'<section class="texts"><p class="hint" role="status">{told}</p>{listed}{more}</section>'


def runs_html(runs: Iterable[RunRecord]) -> str:
    """Return the last runs: when, how long, and what they did."""
    rows = "".join(
        f'<tr><th scope="row">{run.number:,}</th><td>{_when(run.finished)}</td>'
        f'<td class="number">{(run.finished - run.started).total_seconds():,.1f} s</td>'
        f"<td>{_counts_html(run.counts) or 'no changes'}</td>"
        f'<td class="number">{run.counts.get("encoded", 0):,}</td></tr>'
        for run in runs
    )
    return (
        '<section class="runs"><details><summary><h2>Runs</h2></summary><div class="scroll"><table><thead><tr>'
        '<th>Run</th><th>When</th><th class="number">Took</th><th>What changed</th>'
        f'<th class="number">Encoded</th></tr></thead><tbody>{rows}</tbody></table></div></details></section>'
    )


def _source_html(source: SourceStatus, removable: bool) -> str:
    title = source.title or Path(source.source).name
    facts = (
        (count(source.passages, "passage"), f"{source.characters:,} characters", _when(source.ingested))
        if source.ingested
        else ("never read",)
    )
    same = f"Same text as {', '.join(source.same_as)}" if source.same_as else ""
    remarks = "".join(f'<p class="remark" dir="auto">{safe(note)}</p>' for note in (source.note, same) if note)
    opener = opener_html(source.root, source.source, (), title=title) if source.ingested else ""
    remove = (
        f'<button type="button" class="remove" data-name="{safe(source.source)}"'
        f' aria-label="{safe(f"Remove {source.source}")}">Remove</button>'
        if removable
        else ""
    )
    return (
        f'<li class="source"><div><p class="name" dir="auto">{safe(title)}</p>'
        f'<p class="where"><bdi title="{safe(source.root)}">{safe(source.source)}</bdi></p>'
        f'<p class="facts">{" · ".join(facts)}</p>{_failure_html(source)}{remarks}</div>'
        f'<div class="actions">{opener}{remove}</div></li>'
    )


def _failure_html(source: SourceStatus) -> str:
    if not source.failure:
        return ""
    since = f" since {_when(source.failing_since)}" if source.failing_since else ""
    kept = " Its former text is still quoted." if source.passages else ""
    return f'<p class="state" dir="auto"><b>Failed{since}:</b> {safe(source.failure)}.{kept}</p>'


def _list_html(title: str, names: Iterable[str], *, folded: bool = False) -> str:
    listed = list(names)
    if not listed:
        return ""
    items = "".join(f'<li dir="auto">{safe(name)}</li>' for name in listed[:MOST_LISTED])
    left = len(listed) - MOST_LISTED
    more = f"<li>and {left:,} more</li>" if left > 0 else ""
    opened = "" if folded or len(listed) > 20 else " open"
    return (
        f"<details{opened}><summary>{title} <b>{len(listed):,}</b></summary>"
        f'<ul class="listed">{items}{more}</ul></details>'
    )


def _counts_html(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in COUNTED if counts.get(kind))


def _when(moment: datetime | None) -> str:
    return f"{moment.astimezone():%d %b %Y, %H:%M}" if moment else ""
