"""Handlers of the Corpus tab: sources, uploads, plans and runs.

Uploads are kept in a folder beside the index and ingested like any other
folder. Files that an upload replaces or a removal deletes are set aside until
the plan is applied, so that the changes can be discarded.

Several pages may do this at once. An upload that waits to be applied is only
replaced by the page that uploaded it, or discarded by a page that showed it;
a plan is carried out as it was shown, or not at all.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from assistant.metrics import counting_run
from ingest.errors import (
    IndexMissing,
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
SHIPPED = Path(__file__).parents[2] / "corpus"
"""The example that comes with the program's source; an installed program has none."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and how to carry it out.

    `paths` are the folders to ingest. `forgets` is a folder to remove from the
    index, with all of its sources or `only` some, and `drops` maps the uploaded
    files to delete with it to their SHA-256. `problems` describe folders that
    cannot be read; they are left unchanged. `refused` are (file, reason and
    remedy) of uploads that were not taken, `again` the files that failed before.
    `confirm` says that the removals need a confirmation, `waiting` that uploads
    have not been applied yet. `own` maps the names of the files that this page
    uploaded to their SHA-256. `expected` is what the run has to find.
    """

    plan: Plan
    paths: tuple[Path, ...] = ()
    forgets: Path | None = None
    only: tuple[str, ...] = ()
    drops: Mapping[Path, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    again: tuple[str, ...] = ()
    confirm: bool = False
    waiting: bool = False
    own: Mapping[str, str] = field(default_factory=dict)
    expected: Plan = Plan()

    @property
    def changes(self) -> int:
        """The number of sources that would change or fail; a folder without any counts as one."""
        found = self.plan
        changes = sum(map(len, (found.added, found.updated, found.renamed, found.removed, found.failed)))
        return changes or int(self.forgets is not None)

    @property
    def files(self) -> frozenset[Path]:
        """The files that would be read."""
        return frozenset(self.plan.shas)


def sources(data_dir: Path, search: str = "", kind: str = "") -> tuple[SourceStatus, ...]:
    """Return the sources whose title or path contains all words of a search.

    `kind` limits them to those that were "read", that "failed", or that have "remarks".

    Raises:
        IndexStale: the index was made by another version.
    """
    words = search.casefold().split()
    try:
        return tuple(each for each in status(data_dir) if _is_of(each, kind) and _holds(each, words))
    except IndexMissing:
        return ()


def names(data_dir: Path) -> dict[str, str]:
    """Return the name of each root that clients know it by."""
    return root_names(roots(data_dir))


def roots(data_dir: Path) -> list[str]:
    """Return the paths of the roots; none if nothing has been ingested yet."""
    try:
        with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
            return list(snapshot.roots())
    except IndexMissing:
        return []


def removable(data_dir: Path) -> frozenset[str]:
    """Return the names of the uploaded files."""
    return frozenset(files_in(uploads_folder(data_dir)))


def shipped_corpus() -> Path | None:
    """Return the folder of the shipped example, or None if the program came without it."""
    return SHIPPED if (SHIPPED / "corpus.yaml").is_file() else None


def add(uploads: Sequence[Path], settings: Settings, before: Planned | None = None) -> Planned:
    """Add uploaded files, replacing those with the same names; return the plan.

    `before` is the page's last plan. A file of the same name that another
    page uploaded and that waits to be applied stays; the new one gets a number.
    Files that cannot be ingested are not added; the plan says why.

    Raises:
        SettingsInvalid: the page is read-only.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    check_writable(settings)
    good: list[Path] = []
    refused: list[tuple[str, str]] = []
    for upload in uploads:
        try:
            check_upload(upload, settings.folder)
            good.append(upload)
        except SourceUnreadable as error:
            refused.append((upload.name, f"{error.what}; {error.remedy}"))
    former = dict(before.own) if before is not None else {}
    own = dict(former)
    if good:
        with changing_uploads(settings.folder) as folder:
            for upload in good:
                sha = file_sha(upload)
                name = free_name(upload.name, sha, former, settings.folder)
                set_aside(name, settings.folder)
                shutil.copyfile(upload, folder / name)
                own[name] = sha
    return replace(plan_uploads(settings), own=own, refused=tuple(refused))


def remove(name: str, settings: Settings, before: Planned | None = None) -> Planned:
    """Return the plan for removing an uploaded file, and nothing else.

    Raises:
        SettingsInvalid: the page is read-only.
        SourceUnreadable: no such file was uploaded, or it waits to be applied.
    """
    check_writable(settings)
    folder = uploads_folder(settings.folder)
    if name not in files_in(folder) or name not in applied_uploads(settings.folder):
        raise SourceUnreadable("no such file was uploaded and applied", name, "check for changes to update the list")
    aside = folder / ASIDE_FOLDER / name
    path = aside if aside.is_file() else folder / name  # what waits to replace it stays
    own = before.own if before is not None else {}
    return Planned(Plan(removed=(name,)), forgets=folder, only=(name,), drops={path: file_sha(path)}, own=own)


def discard(planned: Planned | None, settings: Settings) -> None:
    """Undo the changes to the uploads that a plan shows and that were not applied.

    Raises:
        SettingsInvalid: the page is read-only.
        IndexUnwritable: the folder of uploads cannot be written to.
    """
    check_writable(settings)
    if planned is not None and not planned.waiting:
        return
    shas = planned.plan.shas if planned is not None else {}
    with changing_uploads(settings.folder) as folder:
        aside = folder / ASIDE_FOLDER
        for name in waiting_uploads(settings.folder):
            if shas.get(folder / name) == file_sha(folder / name):
                (folder / name).unlink()
        for name in files_in(aside):
            if not (folder / name).exists():
                (aside / name).replace(folder / name)


def plan_uploads(settings: Settings) -> Planned:
    """Return the plan for ingesting the uploads."""
    return plan_roots([uploads_folder(settings.folder)], settings.folder)


def plan_all(settings: Settings) -> Planned:
    """Return the plan for ingesting every folder of the index and the uploads again."""
    known = [Path(root) for root in roots(settings.folder)]
    folder = uploads_folder(settings.folder)
    within = any(folder.is_relative_to(root) for root in known if root.is_relative_to(folder.parent))
    return plan_roots(known if within else [*known, folder], settings.folder)


def apply(
    planned: Planned,
    settings: Settings,
    encoder: Encoder,
    *,
    prune: Prune = Prune.CAREFUL,
    tell: Callable[[int, int, str], None] = lambda _done, _total, _source: None,
    stop: Event | None = None,
    by: str = THE_PAGE,
) -> RunReport | Planned:
    """Carry out a plan and return the report; `tell` gets the progress, as in `ingest`.

    If the files are no longer those of the plan, change nothing and return a
    new plan instead. The journal gets the name of the account, `by`.

    Raises:
        SettingsInvalid: the page is read-only.
        PruningUnconfirmed: `prune` is careful and the removals need a confirmation.
        IndexLocked: another process is writing.
        RunStopped: `stop` was set; nothing was changed.
        UserFacingError: any other error of `ingest`.
    """
    check_writable(settings)
    removed = planned.plan.removed
    if prune is Prune.CAREFUL and planned.confirm:
        raise PruningUnconfirmed(f"{len(removed)} sources, more than half of a folder, are gone")
    removes = bool(removed or planned.forgets) and prune is not Prune.NEVER
    try:
        return _run(planned, settings, encoder, tell, removes=removes, stop=stop, by=by)
    except PlanOutdated:
        return plan_again(planned, settings)


def plan_again(planned: Planned, settings: Settings) -> Planned:
    """Return the plan for the same folders, or the removal of the same upload, as they are now."""
    folder = uploads_folder(settings.folder)
    if planned.drops:
        return remove(planned.only[0], settings, planned)
    again = [*planned.paths, *([folder] if planned.forgets == folder else [])]
    return replace(plan_roots(again, settings.folder), own=planned.own)


def _run(
    planned: Planned,
    settings: Settings,
    encoder: Encoder,
    tell: Callable[[int, int, str], None],
    *,
    removes: bool,
    stop: Event | None,
    by: str,
) -> RunReport:
    data_dir = settings.folder
    folder = uploads_folder(data_dir)
    aside = files_in(folder / ASIDE_FOLDER)
    report = RunReport()
    if any(not path.is_file() or file_sha(path) != sha for path, sha in planned.drops.items()):
        raise PlanOutdated("an upload has changed since this was planned", "", "plan again")
    with counting_run(), noting_failure(by):
        if planned.paths:
            report = ingest(
                planned.paths,
                data_dir,
                encoder,
                prune=Prune.ALWAYS if removes else Prune.NEVER,
                expected=planned.expected,
                limits=settings.read_limits,
                on_progress=tell,
                stop=stop,
            )
            note_run(report, data_dir, by=by)
        if planned.forgets is not None and removes:
            forgotten = forget(planned.forgets, data_dir, planned.only)
            note_run(forgotten, data_dir, by=by, what="forget")
            report.removed.extend(forgotten.removed)
    replaced = folder in planned.paths or (planned.forgets == folder and not planned.drops)
    done = {*planned.drops, *(folder / ASIDE_FOLDER / name for name in aside if replaced)}
    if done:
        with changing_uploads(data_dir):
            for path in done:
                path.unlink(missing_ok=True)
    return report


def plan_roots(paths: Sequence[Path], data_dir: Path, *, strict: bool = False) -> Planned:
    """Return the plan for ingesting some roots, the folder of uploads among them or not.

    Raises:
        RootInvalid: one of them cannot be read, and `strict` is set.
    """
    folder, known = uploads_folder(data_dir), roots(data_dir)
    failing = {(each.root, each.source) for each in sources(data_dir, kind="failed")}
    plans: list[Plan] = []
    expected: list[Plan] = []
    found: list[Path] = []
    problems: list[str] = []
    again: list[str] = []
    emptied: list[str] = []
    confirm = waiting = False
    for root in paths:
        if root == folder and not files_in(folder):
            emptied = sorted(applied_uploads(data_dir)) if str(folder) in known else []
            plans.append(Plan(removed=tuple(emptied), prunes_most=bool(emptied)))
        else:
            try:
                plans.append(plan([root], data_dir))
            except RootInvalid as error:
                if strict:
                    raise
                problems.append(error.public)
                continue
            found.append(root)
            expected.append(plans[-1])
        again += [name for name in (*plans[-1].added, *plans[-1].updated) if (str(root), name) in failing]
        if root == folder and str(folder) in known:
            plans[-1] = _with_lost(plans[-1], data_dir)
        aside = set(files_in(folder / ASIDE_FOLDER)) if root == folder else set()
        confirm |= plans[-1].prunes_most and not set(plans[-1].removed) <= aside
        waiting |= root == folder and bool(aside or waiting_uploads(data_dir))
    return Planned(
        _merged(plans),
        tuple(found),
        folder if emptied else None,
        tuple(emptied),
        problems=tuple(problems),
        again=tuple(again),
        confirm=confirm,
        waiting=waiting,
        expected=_merged(expected),
    )


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


def check_writable(settings: Settings) -> None:
    """Check that the page may change texts.

    Raises:
        SettingsInvalid: it is read-only.
    """
    if settings.read_only:
        raise SettingsInvalid("this page is read-only", "CITED_READ_ONLY", "unset it to change texts here")


def _is_of(source: SourceStatus, kind: str) -> bool:
    remarks = bool(source.note or source.same_as)
    return {"read": not source.failure, "failed": bool(source.failure), "remarks": remarks}.get(kind, True)


def _holds(source: SourceStatus, words: Sequence[str]) -> bool:
    text = f"{source.title}\n{source.source}".casefold()
    return all(word in text for word in words)
