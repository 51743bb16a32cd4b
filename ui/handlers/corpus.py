"""Handlers of the Corpus tab: sources, uploads, plans and runs.

Uploads are kept in a folder beside the index and ingested like any other
folder. Files that an upload replaces or a removal deletes are set aside until
the plan is applied, so that the changes can be discarded.

Several pages may do this at once. An upload that waits to be applied is only
replaced by the page that uploaded it, or discarded by a page that showed it;
a plan is carried out as it was shown, or not at all.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event

from assistant.metrics import counting_run
from ingest.errors import (
    PlanOutdated,
    PruningUnconfirmed,
    RootInvalid,
    SettingsInvalid,
    SourceUnreadable,
)
from ingest.index.catalog import Catalog
from ingest.models.encoder import Encoder
from ingest.origin import file_sha, root_names
from ingest.runs.journal import note_run, noting_failure
from ingest.runs.pipeline import Plan, Prune, RunReport, forget, ingest, plan
from ingest.runs.status import SourceStatus, status
from ingest.settings import Settings
from ui.handlers.uploads import (
    ASIDE_FOLDER,
    applied_uploads,
    changing_uploads,
    check_upload,
    files_in,
    free_name,
    set_aside,
    uploads_folder,
    waiting_uploads,
)

THE_PAGE = "the page"
"""Who changes the corpus where there are no accounts."""
TELL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and how to carry it out.

    `paths` are the folders to ingest. `emptied` says that the uploads folder is
    empty now and is to be removed from the index. `problems` describe folders
    that cannot be read; they are left unchanged. `confirm` says that the
    removals need a confirmation, `waiting` that uploads or their removals have
    not been applied yet. `own` maps the names of the files that this page
    uploaded to their SHA-256. `expected` is what the run has to find.
    """

    plan: Plan
    paths: tuple[Path, ...] = ()
    emptied: bool = False
    problems: tuple[str, ...] = ()
    confirm: bool = False
    waiting: bool = False
    own: Mapping[str, str] = field(default_factory=dict)
    expected: Plan = Plan()

    @property
    def changes(self) -> int:
        """The number of sources that would change or fail."""
        found = self.plan
        return sum(map(len, (found.added, found.updated, found.renamed, found.removed, found.failed)))

    @property
    def files(self) -> frozenset[Path]:
        """The files that would be read."""
        return frozenset(self.plan.shas)


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


def names(data_dir: Path) -> dict[str, str]:
    """Return the name of each root that clients know it by."""
    return root_names(_roots(data_dir))


def removable(data_dir: Path) -> frozenset[str]:
    """Return the names of the uploaded files."""
    return frozenset(files_in(uploads_folder(data_dir)))


def add(uploads: Sequence[Path], settings: Settings, before: Planned | None = None) -> Planned:
    """Add uploaded files, replacing those with the same names; return the plan.

    `before` is the page's last plan. A file of the same name that another
    page uploaded and that waits to be applied stays; the new one gets a number.

    Raises:
        SettingsInvalid: the page is read-only.
        SourceUnreadable: one of them has an unknown format; none is added.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    _check_writable(settings)
    for upload in uploads:
        check_upload(upload, settings.data_dir)
    own = dict(before.own) if before is not None else {}
    with changing_uploads(settings.data_dir) as folder:
        for upload in uploads:
            sha = file_sha(upload)
            name = free_name(upload.name, sha, own, settings.data_dir)
            set_aside(name, settings.data_dir)
            shutil.copyfile(upload, folder / name)
            own[name] = sha
    return replace(plan_uploads(settings), own=own)


def remove(name: str, settings: Settings, before: Planned | None = None) -> Planned:
    """Remove an uploaded file; return the plan.

    Raises:
        SettingsInvalid: the page is read-only.
        SourceUnreadable: no such file was uploaded.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    _check_writable(settings)
    if name not in files_in(uploads_folder(settings.data_dir)):
        raise SourceUnreadable("no such file was uploaded", name, "check for changes to update the list")
    with changing_uploads(settings.data_dir):
        set_aside(name, settings.data_dir)
    return replace(plan_uploads(settings), own=before.own if before is not None else {})


def discard(planned: Planned | None, settings: Settings) -> None:
    """Undo the changes to the uploads that a plan shows and that were not applied.

    Raises:
        SettingsInvalid: the page is read-only.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    _check_writable(settings)
    shas = planned.plan.shas if planned is not None else {}
    with changing_uploads(settings.data_dir) as folder:
        aside = folder / ASIDE_FOLDER
        for name in waiting_uploads(settings.data_dir):
            if shas.get(folder / name) == file_sha(folder / name):
                (folder / name).unlink()
        for name in files_in(aside):
            if not (folder / name).exists():
                (aside / name).replace(folder / name)


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
    planned: Planned,
    settings: Settings,
    encoder: Encoder,
    *,
    prune: Prune = Prune.CAREFUL,
    stop: Event | None = None,
    by: str = THE_PAGE,
) -> Iterator[IngestProgress | RunReport | Planned]:
    """Carry out a plan; yield the progress, then the report.

    If the files are no longer those of the plan, change nothing and yield a
    new plan instead. The journal gets the name of the account, `by`.

    Raises:
        SettingsInvalid: the page is read-only.
        PruningUnconfirmed: `prune` is careful and the removals need a confirmation.
        IndexLocked: another process is writing.
        RunStopped: `stop` was set; nothing was changed.
        UserFacingError: any other error of `ingest`.
    """
    _check_writable(settings)
    removed = planned.plan.removed
    if prune is Prune.CAREFUL and planned.confirm:
        raise PruningUnconfirmed(f"{len(removed)} sources, more than half of a folder, are gone")
    mode = Prune.ALWAYS if removed and prune is not Prune.NEVER else Prune.NEVER
    try:
        yield from _reporting(partial(_run, planned, settings, encoder, mode=mode, stop=stop, by=by))
    except PlanOutdated:
        yield plan_again(planned, settings)


def plan_again(planned: Planned, settings: Settings) -> Planned:
    """Return the plan for the same folders as they are now."""
    roots = [*planned.paths, *([uploads_folder(settings.data_dir)] if planned.emptied else [])]
    return replace(_planned(roots, settings.data_dir), own=planned.own)


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
    planned: Planned,
    settings: Settings,
    encoder: Encoder,
    tell: Callable[[int, int, str], None],
    *,
    mode: Prune,
    stop: Event | None,
    by: str,
) -> RunReport:
    data_dir = settings.data_dir
    folder = uploads_folder(data_dir)
    aside = files_in(folder / ASIDE_FOLDER)
    report = RunReport()
    if planned.emptied and files_in(folder):
        raise PlanOutdated("the folder of uploads is no longer empty", str(folder), "plan again")
    with counting_run(), noting_failure(by):
        if planned.paths:
            report = ingest(
                planned.paths,
                data_dir,
                encoder,
                prune=mode,
                expected=planned.expected,
                limits=settings.read_limits,
                on_progress=tell,
                stop=stop,
            )
            note_run(report, data_dir, by=by)
        if planned.emptied and mode is Prune.ALWAYS:
            gone = sorted(applied_uploads(data_dir))
            note_run(forget(folder, data_dir), data_dir, by=by, what="forget")
            report.removed.extend(gone)
    if planned.emptied or folder in planned.paths:
        with changing_uploads(data_dir):
            for name in aside:
                (folder / ASIDE_FOLDER / name).unlink(missing_ok=True)
    return report


def _planned(roots: Sequence[Path], data_dir: Path) -> Planned:
    folder = uploads_folder(data_dir)
    plans: list[Plan] = []
    expected: list[Plan] = []
    paths: list[Path] = []
    problems: list[str] = []
    emptied = confirm = waiting = False
    for root in roots:
        if root == folder and not files_in(folder):
            emptied = str(folder) in _roots(data_dir)
            plans.append(Plan(removed=tuple(sorted(applied_uploads(data_dir))) if emptied else (), prunes_most=emptied))
        else:
            try:
                plans.append(plan([root], data_dir))
            except RootInvalid as error:
                problems.append(error.public)
                continue
            paths.append(root)
            expected.append(plans[-1])
        if root == folder and str(folder) in _roots(data_dir):
            plans[-1] = _with_lost(plans[-1], data_dir)
        aside = set(files_in(folder / ASIDE_FOLDER)) if root == folder else set()
        confirm |= plans[-1].prunes_most and not set(plans[-1].removed) <= aside
        waiting |= root == folder and bool(aside or waiting_uploads(data_dir))
    return Planned(_merged(plans), tuple(paths), emptied, tuple(problems), confirm, waiting, expected=_merged(expected))


def _with_lost(found: Plan, data_dir: Path) -> Plan:
    """Add removed uploads that could never be read; the index has no text of them, only the reason."""
    gone = applied_uploads(data_dir) - set(files_in(uploads_folder(data_dir))) - {former for former, _ in found.renamed}
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
        shas={path: sha for each in plans for path, sha in each.shas.items()},
        prunes_most=any(each.prunes_most for each in plans),
    )


def _roots(data_dir: Path) -> list[str]:
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        return list(snapshot.roots())


def _check_writable(settings: Settings) -> None:
    if settings.read_only:
        raise SettingsInvalid("this page is read-only", "CITED_READ_ONLY", "unset it to change texts here")


def _is_of(source: SourceStatus, kind: str) -> bool:
    remarks = bool(source.note or source.same_as)
    return {"read": not source.failure, "failed": bool(source.failure), "remarks": remarks}.get(kind, True)


def _holds(source: SourceStatus, words: Sequence[str]) -> bool:
    text = f"{source.title}\n{source.source}".casefold()
    return all(word in text for word in words)
