"""Renders the Corpus tab: plan, progress, report, sources and runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path

from ingest.runs.report import RunReport
from ingest.runs.status import SourceStatus
from ingest.schema import RunRecord
from ui.handlers.corpus import Planned
from ui.handlers.folders import Folder
from ui.handlers.ingesting import IngestProgress
from ui.page.places import spans_query
from ui.page.templating import render
from ui.page.words import count

MOST_SHOWN = 200
"""Sources in the list; more would slow down the page, and can be found by searching."""
MOST_LISTED = 100
"""Sources of one kind listed in a plan or a report."""
FIRST_ESTIMATE = 2.0
"""After how many seconds of a run the time left is estimated."""
CANCELLED = "Cancelled. Nothing was changed. The next run will be faster, because what was encoded is kept."
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
class ShownFolder:
    """A folder in the list; `place` is its path or its name, and `failure` why watching it fails, or ""."""

    folder: Folder
    place: str
    watched: bool
    failure: str

    @property
    def facts(self) -> tuple[str, ...]:
        """The number of its sources, how many of them failed, and when one was last read."""
        folder = self.folder
        failed = f"{folder.failed:,} failed" if folder.failed else ""
        read = f"last read {time_words(folder.read)}" if folder.read else "nothing read yet"
        return tuple(filter(None, (count(folder.sources, "source"), failed, read)))


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


def unsent_html(most: int) -> str:
    """Return the place where the page's script names files that it does not send; `most` megabytes go at a time."""
    return render("corpus_unsent.html", most=most)


def plan_html(planned: Planned, note: str = "", title: str = "") -> str:
    """Return what a run would do, as one list per kind of change, with `note` above them."""
    plan = planned.plan
    reasons: dict[str, list[str]] = {}
    for name, why in planned.refused:
        reasons.setdefault(why, []).append(name)
    return render(
        "corpus_plan.html",
        plan=plan,
        title=title,
        changes=planned.changes,
        reading=len(planned.files),
        added=_without(plan.added, planned.again),
        updated=_without(plan.updated, planned.again),
        again=planned.again,
        refused=reasons,
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


def forgetting_note(folder: str, sources: int) -> str:
    """Return what removing a folder means."""
    return f"This removes {folder} and its {count(sources, 'source')} from the collection. The files themselves stay."


def looking_html() -> str:
    """Return the message that a folder is looked through for a plan."""
    return render("corpus_progress.html", progress=None, words="Looking through the files", left="", refused=False)


def progress_html(progress: IngestProgress, *, refused: bool = False) -> str:
    """Return the progress of a run in files; `refused` says that another was asked for meanwhile."""
    if progress.waiting:
        words = "Waiting until a watched folder has been read"
    elif progress.done < progress.total or not progress.total:
        words = "Starting" if not progress.source else ""
    else:
        words = "Finishing"
    left = "" if words else left_words(progress)
    return render("corpus_progress.html", progress=progress, words=words, left=left, refused=refused)


def left_words(progress: IngestProgress) -> str:
    """Return how long a run may still take, judged by the files so far; "" if that is too early to say."""
    if not progress.done or progress.seconds < FIRST_ESTIMATE:
        return ""
    seconds = progress.seconds / progress.done * (progress.total - progress.done)
    if seconds < 10:
        return "a few seconds left"
    if seconds < 60:
        return "less than a minute left"
    minutes = ceil(seconds / 60)
    return f"about {minutes} minutes left" if minutes < 90 else f"about {count(round(minutes / 60), 'hour')} left"


def report_html(report: RunReport, waiting: Sequence[str] = ()) -> str:
    """Return what a run did, failures first; `waiting` are uploads that still wait to be applied."""
    return render(
        "corpus_report.html",
        report=report,
        waiting=waiting,
        changed=change_words(report.counts()),
        failures=[why for _, why in report.failed],
        renamed=_renamed(report.renamed),
        notes=_explained(report.notes),
        duplicates=[" = ".join(group) for group in report.duplicates],
        most=MOST_LISTED,
    )


def discarded_html() -> str:
    """Return the message that a plan was discarded."""
    return render("status.html", message="Changes discarded. Everything is as it was before.")


def cancelled_html() -> str:
    """Return the message that a run was cancelled."""
    return render("status.html", message=CANCELLED)


def folders_html(
    folders: Sequence[Folder], watched: Collection[str], failures: Mapping[str, str], index: str, *, writes: bool
) -> str:
    """Return the list of folders, with their actions if the page `writes`.

    `index` is the folder of the index; where it is "", clients may not know any path.
    """
    listed = [
        ShownFolder(each, each.path if index else each.name, each.path in watched, failures.get(each.path, ""))
        for each in folders
    ]
    return render("corpus_folders.html", folders=listed, index=index, writes=writes)


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


def _without(names: Sequence[str], others: Iterable[str]) -> list[str]:
    left = list(names)
    for name in others:
        if name in left:
            left.remove(name)
    return left


def _renamed(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{former} → {source}" for former, source in pairs]


def _explained(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{source}: {why}" for source, why in pairs]
