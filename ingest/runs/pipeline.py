"""Ingests folders and files: reads what changed, encodes what is new, commits everything at once."""

import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from threading import Event

from ingest.errors import IndexMissing, IndexStale, IndexUnreadable, PlanOutdated, PruningUnconfirmed, RootInvalid
from ingest.index import servers
from ingest.index.catalog import Catalog, Draft, present
from ingest.index.chroma_files import REBUILD
from ingest.index.lock import write_lock
from ingest.index.server_vectors import ServerVectors, vectors_of
from ingest.index.tables import SCHEMA_VERSION
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import Encoder, EncoderIdentity
from ingest.runs import cluster
from ingest.runs.changes import Changes, find_changes, plan_of, stored_below
from ingest.runs.report import Plan, RunReport
from ingest.runs.run import Progress, Run
from ingest.runs.scan import Scan, is_part, scan
from ingest.runs.work import Here, Workers
from ingest.settings import DEFAULT_LIMITS, ReadLimits

__all__ = [
    "Mended",
    "Plan",
    "Progress",
    "Prune",
    "RunReport",
    "check",
    "forget",
    "ingest",
    "mend",
    "plan",
    "set_gate_threshold",
]

ALONE = "1"  # worker: this process, with a child process that reads
TRIES = 3  # to make a shard whose vectors are all reachable

logger = logging.getLogger(__name__)


class Prune(StrEnum):
    """What happens to documents whose files are gone."""

    CAREFUL = "careful"  # remove them, unless they are more than half of a root's
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Mended:
    """What was mended: vectors encoded again, vectors removed, shards made anew."""

    restored: int
    removed: int
    renewed: int


def _silent(_done: int, _total: int, _source: str) -> None:
    """Ignore the progress."""


def plan(paths: Sequence[Path], data_dir: Path) -> Plan:
    """Return what a run would do, without writing anything or extracting text.

    Raises:
        RootInvalid: a path is missing or contains nothing to read.
        IndexStale: the index was built by another version.
    """
    try:
        with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
            scans = _scan_all(paths, [Path(root) for root in snapshot.roots()], data_dir)
            return plan_of([find_changes(each, stored_below(snapshot, each)) for each in scans])
    except IndexMissing:
        return plan_of([find_changes(each, {}) for each in _scan_all(paths, [], data_dir)])


def check(paths: Sequence[Path], data_dir: Path, workers: str = ALONE) -> None:
    """Check the paths and the workers of a run before an encoder is loaded.

    Raises:
        RootInvalid: a path is missing or contains nothing to read.
        IndexMissing: there is neither a path nor an index.
        ClusterInvalid: `workers` is neither a number nor an address, or Ray is not installed.
    """
    if workers != ALONE:
        cluster.check(workers)
    if not paths:
        Catalog(data_dir).close()
    _scan_all(paths, [], data_dir)


def ingest(
    paths: Sequence[Path],
    data_dir: Path,
    encoder: Encoder,
    *,
    rebuild: bool = False,
    prune: Prune = Prune.CAREFUL,
    expected: Plan | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
    workers: str = ALONE,
    on_progress: Progress = _silent,
    stop: Event | None = None,
) -> RunReport:
    """Update the index from folders or files; the rest of the index stays as it is.

    Readers see all changes at once when the run finishes. With `rebuild`,
    every document of the index is split and encoded again from its stored
    text, for another encoder or another version of the program. With
    `expected`, the run does exactly what that plan says, or nothing. `workers`
    is how many processes read and encode, or a Ray cluster whose processes do
    (ray://HOST:PORT); this one alone commits what they return. Setting `stop`
    ends the run within seconds; what was encoded by then is kept for the next
    run.

    Raises:
        RootInvalid: a path is missing or contains nothing to read; nothing was changed.
        IndexMissing: there is neither a path nor an index.
        RunStopped: `stop` was set; nothing was changed.
        PlanOutdated: the run would not do what `expected` says; nothing was changed.
        PruningUnconfirmed: more than half of a root's sources are gone; nothing was changed.
        IndexLocked: another process is writing.
        IndexStale: the index was built by another encoder or version.
        ClusterInvalid: Ray is not installed, or its workers cannot be started or reached; nothing was changed.
    """
    stop = stop or Event()
    if not present(data_dir):
        check(paths, data_dir, workers)  # a run that fails here must not leave an empty index
    with (
        _writing(data_dir, encoder.identity, create=True, rebuild=rebuild) as (catalog, vectors),
        _workers(workers, encoder, limits, stop) as working,
    ):
        vectors.renew()
        with catalog.write() as draft:
            _check_identity(draft, encoder.identity, data_dir, rebuild=rebuild)
            if rebuild:
                draft.upgrade()
            former = _strays(draft, vectors)
            scans = _scan_all(paths, [Path(root) for root in draft.roots()], data_dir)
            changes = [find_changes(each, stored_below(draft, each)) for each in scans]
            if expected is not None and plan_of(changes) != expected:
                raise PlanOutdated("the files have changed since this was planned", "", "plan again")
            if prune is Prune.CAREFUL:
                _check_pruning(changes)
            run = Run(draft, vectors, encoder.identity, working, on_progress, stop)
            if rebuild:
                run.rebuild()
            else:
                run.restore_vectors()
            run.apply(changes, prune=prune is not Prune.NEVER)
            report = run.finish()
        _sweep(catalog, vectors, former)
    return report


def mend(data_dir: Path, encoder: Encoder) -> Mended:
    """Make the vectors what the catalog says, and every one of them reachable.

    Raises:
        IndexMissing: there is no index.
        IndexLocked: another process is writing.
        IndexStale: the index was built by another encoder or version.
        IndexUnreadable: the catalog or the vectors are damaged.
    """
    with _writing(data_dir, encoder.identity) as (catalog, vectors):
        renewed = _renew(vectors)
        with catalog.write() as draft:
            _check_identity(draft, encoder.identity, data_dir, rebuild=False)
            stop = Event()
            run = Run(draft, vectors, encoder.identity, Here(encoder, DEFAULT_LIMITS, stop), _silent, stop)
            restored = run.restore_vectors(thorough=True)
            if restored or renewed:  # open readers then open the vectors again
                run.finish()
        removed = _sweep(catalog, vectors, thorough=True)
    return Mended(restored, removed, renewed)


def forget(root: Path, data_dir: Path, sources: Collection[str] = ()) -> RunReport:
    """Remove a root and its documents from the index, or only some sources of it, and return which.

    A root of which nothing is left is removed too.

    Raises:
        RootInvalid: the index has no such root.
        IndexMissing: there is no index.
        IndexLocked: another process is writing.
    """
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        identity = snapshot.encoder()
        roots = list(snapshot.roots())
    known = next((r for r in (str(root), os.path.abspath(root)) if r in roots), None)
    if known is None or identity is None:
        raise RootInvalid("the index has no such folder", str(root), f"its folders are {', '.join(roots) or 'none'}")
    started = datetime.now(UTC)
    with _writing(data_dir, identity) as (catalog, vectors):
        with catalog.write() as draft:
            former = _strays(draft, vectors)
            gone = _drop(draft, known, sources)
            report = RunReport(removed=sorted(gone))
            report.run = draft.finish(started, report.counts(), report.changes())
        _sweep(catalog, vectors, former)
    return report


def set_gate_threshold(value: float | None, data_dir: Path) -> float | None:
    """Store the minimum probability for an answer (None for the default) and return the previous one.

    Raises:
        IndexMissing: there is no index.
        IndexLocked: another process is writing.
    """
    with closing(Catalog(data_dir)) as catalog, write_lock(data_dir), catalog.write() as draft:
        former = draft.meta("gate_threshold")
        draft.set_meta("gate_threshold", "" if value is None else repr(value))
    return float(former) if former else None


def _workers(workers: str, encoder: Encoder, limits: ReadLimits, stop: Event) -> AbstractContextManager[Workers]:
    if workers == ALONE:
        return nullcontext(Here(encoder, limits, stop))
    return closing(cluster.Cluster(workers, encoder, limits, stop))


def _drop(draft: Draft, root: str, sources: Collection[str]) -> Collection[str]:
    """Remove some sources of a root, by default all, and the root if nothing is left; return what is removed."""
    stored = draft.stored(root)
    known = stored.keys() | {source for place, source in draft.failures() if place == root}
    if not sources or known <= set(sources):
        draft.drop_root(root)
        return known if sources else stored
    for source in sources:
        draft.drop_document(root, source)
    draft.put_failures(root, {}, checked=lambda source: source in sources)
    return known.intersection(sources)


@contextmanager
def _writing(
    data_dir: Path, identity: EncoderIdentity, *, create: bool = False, rebuild: bool = False
) -> Iterator[tuple[Catalog, Vectors | ServerVectors]]:
    """Open the index for writing, under the write lock."""
    with (
        write_lock(data_dir),
        closing(Catalog(data_dir, create=create)) as catalog,
        _open_vectors(data_dir / VECTORS_FOLDER, identity, rebuild=rebuild) as vectors,
    ):
        yield catalog, vectors


def _open_vectors(folder: Path, identity: EncoderIdentity, *, rebuild: bool) -> Vectors | ServerVectors:
    """Open the vectors; a rebuild moves an unreadable folder aside and starts a new one."""
    if rebuild and not servers.chosen().chroma_url:
        try:
            with Vectors(folder, identity) as vectors:
                vectors.check()
        except IndexUnreadable as error:
            names = (folder.with_name(f"{folder.name}.broken-{number}") for number in count(1))
            aside = next(path for path in names if not path.exists())
            folder.rename(aside)
            logger.error("%s; moved to %s", error.what, aside)
    return vectors_of(folder, identity)


def _check_identity(draft: Draft, identity: EncoderIdentity, data_dir: Path, *, rebuild: bool) -> None:
    stored = draft.encoder()
    if rebuild or stored is None:
        return
    if stored != identity:
        what = f"the index was built with the encoder {stored.name} ({stored.revision}), not {identity.name}"
        raise IndexStale(f"{what} ({identity.revision})", str(data_dir), REBUILD)
    if draft.meta("schema") != SCHEMA_VERSION:
        raise IndexStale("the index was built by another version", str(data_dir), REBUILD)


def _check_pruning(changes: Sequence[Changes]) -> None:
    for each in changes:
        if each.prunes_most:
            what = f"{len(each.removed)} of {each.indexed} files are gone, more than half, so nothing was changed"
            remedy = "check the folder, then use --yes to remove them from the index or --no-prune to keep them"
            raise PruningUnconfirmed(what, str(each.scan.root), remedy)


def _scan_all(paths: Sequence[Path], known: list[Path], data_dir: Path) -> list[Scan]:
    """Scan all paths, skipping those that are part of another one."""
    absolute = list(dict.fromkeys(Path(os.path.abspath(path)) for path in paths))
    inner = {path for path in absolute for other in absolute if other != path and is_part(path, other, data_dir)}
    return [scan(path, known, data_dir) for path in absolute if path not in inner]


def _renew(vectors: Vectors | ServerVectors) -> int:
    """Make shards anew until every vector is reachable; it takes more than one try where very many are alike."""
    renewed = 0
    for _ in range(TRIES):
        lost = vectors.unreachable()
        renewed += vectors.renew(lost)
        if not lost:
            break
    return renewed


def _strays(draft: Draft, vectors: Vectors | ServerVectors) -> list[str] | None:
    """Return the vectors on a server that the run before did not need; None where readers do not see deletions."""
    if not isinstance(vectors, ServerVectors):
        return None
    return list(draft.unknown(vectors.ids())) if vectors.count() != draft.vector_count() else []


def _sweep(
    catalog: Catalog, vectors: Vectors | ServerVectors, former: Sequence[str] | None = None, *, thorough: bool = False
) -> int:
    """Delete vectors that are not in the catalog, left over from changed texts or an aborted run; return how many.

    If the counts agree, assume that there are none, unless `thorough`. With
    `former`, delete only those of them: on a server, questions in progress
    still need what this run has made superfluous.
    """
    unknown: list[str] = []
    with catalog.read() as snapshot:
        if former is not None:
            unknown = list(snapshot.unknown(former))
        elif thorough or vectors.count() != snapshot.vector_count():
            unknown = list(snapshot.unknown(vectors.ids()))
    if unknown:
        vectors.delete(unknown)
    vectors.drop_others()
    return len(unknown)
