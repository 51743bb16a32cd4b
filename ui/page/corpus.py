"""What the Corpus tab shows: a plan, progress, a result, the sources and the runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.runs.report import Report
from ingest.runs.status import SourceStatus
from ingest.schema import RunRecord
from ui.handlers.corpus import IngestProgress, Planned
from ui.page.places import spans_query
from ui.page.templating import render
from ui.page.words import count

MOST_SHOWN = 200
"""Sources in the list; more make the page slow, and are found by searching."""
MOST_LISTED = 100
"""Sources of one kind in a plan or a result."""
COUNTED = ("added", "updated", "renamed", "removed", "kept", "failed")


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source in the list, and whether it has a button that removes it."""

    status: SourceStatus
    removable: bool

    @property
    def title(self) -> str:
        """Its title, or the name of its file where it has none."""
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
        """When reading it began to fail; "" where that is not known."""
        return time_words(self.status.failing_since) if self.status.failing_since else ""

    @property
    def remarks(self) -> list[str]:
        """What was uncertain in reading it, and which sources have the same text."""
        same = f"Same text as {', '.join(self.status.same_as)}" if self.status.same_as else ""
        return [remark for remark in (self.status.note, same) if remark]

    @property
    def opens(self) -> str:
        """The query that opens it; "" where there is no text to open."""
        return spans_query(self.status.root, self.status.source, ()) if self.status.ingested else ""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run in the list of runs."""

    record: RunRecord

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
        """How many sources of each kind it changed; "" where it changed none."""
        return change_words(self.record.counts)

    @property
    def encoded(self) -> int:
        """How many passages it encoded."""
        return self.record.counts.get("encoded", 0)


def start_html() -> str:
    """Return what can be done here."""
    return render("corpus_start.html")


def read_only_html() -> str:
    """Return that nothing can be added here."""
    return render("corpus_read_only.html")


def plan_html(planned: Planned, note: str = "") -> str:
    """Return what a run would do, a list for each kind; `note` stands above it."""
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
    """Return the question that is asked before more than half of a folder is removed."""
    gone = count(len(planned.plan.removed), "source")
    note = f"{gone} would be removed, more than half of a folder. Are these files really meant to be gone?"
    return plan_html(planned, note)


def progress_html(progress: IngestProgress | None) -> str:
    """Return how far a run is, by files; None where it has only begun."""
    return render("corpus_progress.html", progress=progress)


def report_html(report: Report) -> str:
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
    """Return that uploads were taken back."""
    return render("told.html", message="Discarded. The uploads are as they were.")


def fault_html(message: str) -> str:
    """Return what failed, as an alert."""
    return render("alert.html", message=message)


def sources_html(found: Sequence[SourceStatus], folder: Path, removable: Collection[str]) -> str:
    """Return the sources; those of the `folder` of uploads that are `removable` have a button for it."""
    shown = found[:MOST_SHOWN]
    return render(
        "corpus_sources.html",
        sources=[ShownSource(each, each.root == str(folder) and each.source in removable) for each in shown],
        total=len(found),
        passages=sum(each.passages for each in found),
        failed=sum(bool(each.failure) for each in found),
    )


def runs_html(runs: Iterable[RunRecord]) -> str:
    """Return the last runs: when, how long, and what they did."""
    return render("corpus_runs.html", runs=[ShownRun(record) for record in runs])


def change_words(counts: Mapping[str, int]) -> str:
    """Return how many sources of each kind changed, "" where none did."""
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in COUNTED if counts.get(kind))


def time_words(moment: datetime) -> str:
    """Return a moment in the time of this machine, to the minute."""
    return f"{moment.astimezone():%d %b %Y, %H:%M}"


def _renamed(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{former} → {source}" for former, source in pairs]


def _explained(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{source}: {why}" for source, why in pairs]
