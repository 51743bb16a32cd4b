"""Handlers of the Corpus tab: sources, uploads, plans and runs.

Uploads are kept in a folder beside the index and ingested like any other
folder. Files that an upload replaces or a removal deletes are set aside until
the plan is applied, so that the changes can be discarded.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

from ingest.errors import IndexUnwritable, PruningUnconfirmed, RootInvalid, SettingsInvalid, SourceUnreadable
from ingest.index.catalog import Catalog
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import Plan, Prune, RunReport, forget, ingest, plan
from ingest.runs.status import SourceStatus, status
from ingest.settings import Settings

UPLOADS_FOLDER = "uploads"
ASIDE_FOLDER = ".former"
"""A hidden folder inside the uploads folder; runs ignore it."""
TELL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and how to carry it out.

    `paths` are the folders to ingest. `emptied` says that the uploads folder is
    empty now and is to be removed from the index. `problems` describe folders
    that cannot be read; they are left unchanged. `confirm` says that the
    removals need a confirmation, `waiting` that uploads or their removals have
    not been applied yet.
    """

    plan: Plan
    paths: tuple[Path, ...] = ()
    emptied: bool = False
    problems: tuple[str, ...] = ()
    confirm: bool = False
    waiting: bool = False

    @property
    def changes(self) -> int:
        """The number of sources that would change or fail."""
        found = self.plan
        return sum(map(len, (found.added, found.updated, found.renamed, found.removed, found.failed)))


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """The progress of a run: files done, files in total, and the current source."""

    done: int
    total: int
    source: str


def sources(data_dir: Path, search: str = "", kind: str = "") -> tuple[SourceStatus, ...]:
    """Return the sources whose title or path contains all words of a search.

    `kind` limits them to those that were "read", that "failed", or that have "remarks".

    Raises:
        IndexMissing: nothing has been ingested yet.
        IndexStale: the index was made by another version.
    """
    words = search.casefold().split()
    return tuple(each for each in status(data_dir) if _is_of(each, kind) and _holds(each, words))


def uploads_folder(data_dir: Path) -> Path:
    """Return the folder of uploads."""
    return data_dir.absolute() / UPLOADS_FOLDER


def removable(data_dir: Path) -> frozenset[str]:
    """Return the names of the uploaded files."""
    return frozenset(_files(uploads_folder(data_dir)))


def add(uploads: Sequence[Path], settings: Settings) -> Planned:
    """Add uploaded files, replacing those with the same names; return the plan.

    Raises:
        SettingsInvalid: the page is read-only.
        SourceUnreadable: one of them has an unknown format; none is added.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    _check_writable(settings)
    for upload in uploads:
        _check_upload(upload, settings.data_dir)
    folder = uploads_folder(settings.data_dir)
    try:
        for upload in uploads:
            _set_aside(upload.name, settings.data_dir)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(upload, folder / upload.name)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return plan_uploads(settings)


def remove(name: str, settings: Settings) -> Planned:
    """Remove an uploaded file; return the plan.

    Raises:
        SettingsInvalid: the page is read-only.
        SourceUnreadable: no such file was uploaded.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    _check_writable(settings)
    folder = uploads_folder(settings.data_dir)
    if name not in _files(folder):
        raise SourceUnreadable("no such file was uploaded", name, "check for changes to update the list")
    try:
        _set_aside(name, settings.data_dir)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return plan_uploads(settings)


def discard(settings: Settings) -> None:
    """Undo all changes to the uploads since they were last applied.

    Raises:
        SettingsInvalid: the page is read-only.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    _check_writable(settings)
    folder = uploads_folder(settings.data_dir)
    applied = _applied(settings.data_dir)
    try:
        for name in set(_files(folder)) - applied:
            (folder / name).unlink()
        for name in _files(folder / ASIDE_FOLDER):
            (folder / ASIDE_FOLDER / name).replace(folder / name)
    except OSError as error:
        raise _unwritable(folder, error) from error


def plan_uploads(settings: Settings) -> Planned:
    """Return the plan for ingesting the uploads."""
    return _planned([uploads_folder(settings.data_dir)], settings.data_dir)


def plan_all(settings: Settings) -> Planned:
    """Return the plan for ingesting every folder of the index and the uploads again."""
    roots = [Path(root) for root in _roots(settings.data_dir)]
    folder = uploads_folder(settings.data_dir)
    within = any(folder.is_relative_to(root) for root in roots if root.is_relative_to(folder.parent))
    return _planned(roots if within else [*roots, folder], settings.data_dir)


def apply(
    planned: Planned, settings: Settings, encoder: Encoder, *, prune: Prune = Prune.CAREFUL
) -> Iterator[IngestProgress | RunReport | Planned]:
    """Carry out a plan; yield the progress, then the report.

    If more sources have disappeared than the plan says, change nothing and
    yield a new plan instead.

    Raises:
        SettingsInvalid: the page is read-only.
        PruningUnconfirmed: `prune` is careful and the removals need a confirmation.
        IndexLocked: another process is writing.
        UserFacingError: any other error of `ingest`.
    """
    _check_writable(settings)
    removed = planned.plan.removed
    if prune is Prune.CAREFUL and planned.confirm:
        raise PruningUnconfirmed(f"{len(removed)} sources, more than half of a folder, are gone")
    mode = Prune.ALWAYS if removed and prune is not Prune.NEVER else Prune.NEVER
    if mode is Prune.ALWAYS:
        roots = [*planned.paths, *([uploads_folder(settings.data_dir)] if planned.emptied else [])]
        now = _planned(roots, settings.data_dir)
        if set(now.plan.removed) - set(removed):
            yield now
            return
    yield from _reporting(lambda tell: _run(planned, settings, encoder, mode, tell))


def _reporting(run: Callable[[Callable[[int, int, str], None]], RunReport]) -> Iterator[IngestProgress | RunReport]:
    """Call `run` in a separate thread; yield the progress it reports, then its report."""
    steps: SimpleQueue[IngestProgress | None] = SimpleQueue()
    last = 0.0

    def tell(done: int, total: int, source: str) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_SECONDS:
            last = time.monotonic()
            steps.put(IngestProgress(done, total, source))

    with ThreadPoolExecutor(1, "ingest") as worker:
        running = worker.submit(run, tell)
        running.add_done_callback(lambda _: steps.put(None))
        while progress := steps.get():
            yield progress
        yield running.result()


def _run(
    planned: Planned, settings: Settings, encoder: Encoder, mode: Prune, tell: Callable[[int, int, str], None]
) -> RunReport:
    data_dir = settings.data_dir
    folder = uploads_folder(data_dir)
    report = RunReport()
    if planned.paths:
        report = ingest(planned.paths, data_dir, encoder, prune=mode, limits=settings.read_limits, on_progress=tell)
    if planned.emptied and mode is Prune.ALWAYS:
        gone = sorted(_applied(data_dir))
        forget(folder, data_dir)
        report.removed.extend(gone)
    if (planned.emptied or folder in planned.paths) and (folder / ASIDE_FOLDER).is_dir():
        shutil.rmtree(folder / ASIDE_FOLDER)
    return report


def _planned(roots: Sequence[Path], data_dir: Path) -> Planned:
    folder = uploads_folder(data_dir)
    plans: list[Plan] = []
    paths: list[Path] = []
    problems: list[str] = []
    emptied = confirm = waiting = False
    for root in roots:
        if root == folder and not _files(folder):
            emptied = str(folder) in _roots(data_dir)
            plans.append(Plan(removed=tuple(sorted(_applied(data_dir))) if emptied else (), prunes_most=emptied))
        else:
            try:
                plans.append(plan([root], data_dir))
            except RootInvalid as error:
                problems.append(str(error))
                continue
            paths.append(root)
        if root == folder and str(folder) in _roots(data_dir):
            plans[-1] = _with_lost(plans[-1], data_dir)
        aside = set(_files(folder / ASIDE_FOLDER)) if root == folder else set()
        confirm |= plans[-1].prunes_most and not set(plans[-1].removed) <= aside
        waiting |= root == folder and bool(aside or set(_files(folder)) - _applied(data_dir))
    return Planned(_merged(plans), tuple(paths), emptied, tuple(problems), confirm, waiting)


def _with_lost(found: Plan, data_dir: Path) -> Plan:
    """Add removed uploads that could never be read; the index has no text of them, only the reason."""
    gone = _applied(data_dir) - set(_files(uploads_folder(data_dir))) - {former for former, _ in found.renamed}
    return replace(found, removed=tuple(sorted(gone | set(found.removed))))


def _merged(plans: Sequence[Plan]) -> Plan:
    return Plan(
        found=sum(each.found for each in plans),
        added=tuple(source for each in plans for source in each.added),
        updated=tuple(source for each in plans for source in each.updated),
        renamed=tuple(pair for each in plans for pair in each.renamed),
        unchanged=tuple(source for each in plans for source in each.unchanged),
        removed=tuple(source for each in plans for source in each.removed),
        skipped=tuple(source for each in plans for source in each.skipped),
        failed=tuple(pair for each in plans for pair in each.failed),
        prunes_most=any(each.prunes_most for each in plans),
    )


def _roots(data_dir: Path) -> list[str]:
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        return list(snapshot.roots())


def _applied(data_dir: Path) -> set[str]:
    """Return the uploads that the index knows, whether read or failed."""
    folder = uploads_folder(data_dir)
    paths = (Path(each.root, each.source) for each in status(data_dir) if folder.is_relative_to(each.root))
    return {path.name for path in paths if path.parent == folder}


def _set_aside(name: str, data_dir: Path) -> None:
    """Make room for a file: keep an applied version until the next plan is applied, delete one that never was."""
    folder = uploads_folder(data_dir)
    path, aside = folder / name, folder / ASIDE_FOLDER / name
    if not path.is_file():
        return
    if name in _applied(data_dir) and not aside.exists():
        aside.parent.mkdir(exist_ok=True)
        path.replace(aside)
    else:
        path.unlink()


def _check_upload(upload: Path, data_dir: Path) -> None:
    if upload.name.startswith("."):
        raise SourceUnreadable("hidden files are not ingested", upload.name, "give it a name without the leading dot")
    try:
        plan([upload], data_dir)
    except RootInvalid as error:
        raise SourceUnreadable(error.what, upload.name, error.remedy) from error


def _check_writable(settings: Settings) -> None:
    if settings.read_only:
        raise SettingsInvalid("this page is read-only", "CITED_READ_ONLY", "unset it to change texts here")


def _unwritable(folder: Path, error: OSError) -> IndexUnwritable:
    what = f"cannot be written ({(error.strerror or type(error).__name__).lower()})"
    return IndexUnwritable(what, str(folder), "free some disk space, or check the permissions of this folder")


def _files(folder: Path) -> list[str]:
    """Return the names of the files in a folder, except hidden ones."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _is_of(source: SourceStatus, kind: str) -> bool:
    remarks = bool(source.note or source.same_as)
    return {"read": not source.failure, "failed": bool(source.failure), "remarks": remarks}.get(kind, True)


def _holds(source: SourceStatus, words: Sequence[str]) -> bool:
    text = f"{source.title}\n{source.source}".casefold()
    return all(word in text for word in words)
