"""Renders the Corpus tab: plan, progress, report, sources and runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.runs.report import RunReport
from ingest.runs.status import SourceStatus
from ingest.schema import RunRecord
from ui.handlers.corpus import IngestProgress, Planned
from ui.page.places import spans_query
from ui.page.templating import render
from ui.page.words import count

MOST_SHOWN = 200
"""Sources in the list; more would slow down the page, and can be found by searching."""
MOST_LISTED = 100
"""Sources of one kind listed in a plan or a report."""
COUNTED = ("added", "updated", "renamed", "removed", "kept", "failed")


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source in the list; `root` is the name of its folder, and `removable` sources have a Remove button."""

    status: SourceStatus
    root: str
    removable: bool

    @property
    def title(self) -> str:
        """Its title, or its file name if it has none."""
        return self.status.title or Path(self.status.source).name

    @property
    def facts(self) -> tuple[str, ...]:
        """Its size, and when it was last read."""
        source = self.status
        if source.ingested is None:
            return ("never read",)
        return (count(source.passages, "passage"), f"{source.characters:,} characters", time_words(source.ingested))

    @property
    def failing_since(self) -> str:
        """Since when reading it has failed; "" if unknown."""
        return time_words(self.status.failing_since) if self.status.failing_since else ""

    @property
    def remarks(self) -> list[str]:
        """Remarks from reading it, and the sources with the same text."""
        same = f"Same text as {', '.join(self.status.same_as)}" if self.status.same_as else ""
        return [remark for remark in (self.status.note, same) if remark]

    @property
    def opens(self) -> str:
        """The query that opens it in the reader; "" if it has no text."""
        return spans_query(self.root, self.status.source, ()) if self.status.ingested else ""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run in the list of runs, and who started it ("" if unknown)."""

    record: RunRecord
    by: str

    @property
    def finished(self) -> str:
        """When it ended."""
        return time_words(self.record.finished)

    @property
    def took(self) -> str:
        """How long it took."""
        return f"{(self.record.finished - self.record.started).total_seconds():,.1f} s"

    @property
    def changed(self) -> str:
        """How many sources it added, updated, and so on; "" if none."""
        return change_words(self.record.counts)

    @property
    def encoded(self) -> int:
        """How many passages it encoded."""
        return self.record.counts.get("encoded", 0)


def start_html() -> str:
    """Return the introduction to the tab."""
    return render("corpus_start.html")


def read_only_html() -> str:
    """Return the note that this page is read-only."""
    return render("corpus_read_only.html")


def plan_html(planned: Planned, note: str = "") -> str:
    """Return what a run would do, as one list per kind of change, with `note` above them."""
    plan = planned.plan
    return render(
        "corpus_plan.html",
        plan=plan,
        changes=planned.changes,
        problems=planned.problems,
        renamed=_renamed(plan.renamed),
        failed=_explained(plan.failed),
        note=note,
        most=MOST_LISTED,
    )


def confirm_html(planned: Planned) -> str:
    """Return the plan with a question to confirm; asked before removing more than half of a folder."""
    removed = count(len(planned.plan.removed), "source")
    note = f"{removed} would be removed, more than half of a folder. Did you mean to delete these files?"
    return plan_html(planned, note)


def progress_html(progress: IngestProgress | None) -> str:
    """Return the progress of a run in files; None means that it has just started."""
    return render("corpus_progress.html", progress=progress)


def report_html(report: RunReport) -> str:
    """Return what a run did, failures first."""
    return render(
        "corpus_report.html",
        report=report,
        changed=change_words(report.counts()),
        failures=[why for _, why in report.failed],
        renamed=_renamed(report.renamed),
        notes=_explained(report.notes),
        duplicates=[" = ".join(group) for group in report.duplicates],
        most=MOST_LISTED,
    )


def discarded_html() -> str:
    """Return the message that changes to the uploads were discarded."""
    return render("status.html", message="Changes discarded. The uploads are as they were before.")


def fault_html(message: str) -> str:
    """Return an error message as an alert."""
    return render("alert.html", message=message)


def sources_html(
    found: Sequence[SourceStatus], names: Mapping[str, str], folder: Path, removable: Collection[str]
) -> str:
    """Return the list of sources; those in the uploads `folder` that are `removable` get a Remove button.

    `names` maps each root to the name that clients know it by.
    """
    shown = found[:MOST_SHOWN]
    return render(
        "corpus_sources.html",
        sources=[
            ShownSource(each, names[each.root], each.root == str(folder) and each.source in removable) for each in shown
        ],
        total=len(found),
        passages=sum(each.passages for each in found),
        failed=sum(bool(each.failure) for each in found),
    )


def runs_html(runs: Iterable[RunRecord], authors: Mapping[int, str]) -> str:
    """Return the table of the last runs: when, by whom, how long, and what changed."""
    return render("corpus_runs.html", runs=[ShownRun(record, authors.get(record.number, "")) for record in runs])


def change_words(counts: Mapping[str, int]) -> str:
    """Return how many sources were added, updated, and so on; "" if none."""
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in COUNTED if counts.get(kind))


def time_words(moment: datetime) -> str:
    """Return a time in the time zone of this machine, to the minute."""
    return f"{moment.astimezone():%d %b %Y, %H:%M}"


def _renamed(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{former} → {source}" for former, source in pairs]


def _explained(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{source}: {why}" for source, why in pairs]
