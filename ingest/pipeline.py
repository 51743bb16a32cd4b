"""Ingests roots: reads what changed, encodes what is new, shows it all at once."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ingest.catalog import Catalog, Draft
from ingest.chunk import encoded_text, split
from ingest.encoder import Encoder, EncoderIdentity
from ingest.errors import IndexStale, RootInvalid, SourceUnreadable
from ingest.lock import write_lock
from ingest.origin import file_path
from ingest.readers.registry import read
from ingest.scan import Scan, describe, scan
from ingest.schema import CorpusDescription, Document
from ingest.snapshot import StoredDocument
from ingest.tables import SCHEMA_VERSION
from ingest.vectors import VECTORS_FOLDER, Vectors

ENCODED_AT_ONCE = 256  # passages held before they are encoded and added

logger = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]  # files done, files in all, the source at hand


def _silent(_done: int, _total: int, _source: str) -> None:
    """Report no progress."""


@dataclass(slots=True)
class Report:
    """What a run did. Every list but `failed` holds sources; `failed` holds (source, why and what to do).

    found = added + updated + unchanged + failed files. `encoded` counts passages.
    """

    run: int = 0
    found: int = 0
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    passages: int = 0
    encoded: int = 0

    def counts(self) -> dict[str, int]:
        """Return the size of each list, and how many passages were encoded."""
        names = ("added", "updated", "unchanged", "removed", "skipped", "failed")
        return {**{name: len(getattr(self, name)) for name in names}, "encoded": self.encoded}


def ingest(
    paths: Sequence[Path],
    data_dir: Path,
    encoder: Encoder,
    *,
    rebuild: bool = False,
    on_progress: Progress = _silent,
) -> Report:
    """Bring the index up to date with folders or files; nothing else in it changes.

    All changes show to readers at once, when the run is finished. With
    `rebuild` every document of the index is cut and encoded anew from its
    stored text, for another encoder or another version of the program.

    Raises:
        RootInvalid: a path is missing or holds nothing to read; nothing was changed.
        IndexLocked: another process is writing.
        IndexStale: the index was made by another encoder or version.
    """
    with _writing(data_dir, encoder.identity, create=True) as (catalog, vectors):
        with catalog.write() as draft:
            _check_identity(draft, encoder.identity, data_dir, rebuild)
            run = _Run(draft, vectors, encoder, on_progress)
            scans = _scan_all(paths, [Path(root) for root in draft.roots()])
            if rebuild:
                run.rebuild()
            run.ingest(scans)
            report = run.finish()
        _sweep(catalog, vectors)
    return report


def forget(root: Path, data_dir: Path) -> int:
    """Remove a root with its documents from the index and return how many they were.

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
        raise RootInvalid("the index has no such root", str(root), f"its roots are {', '.join(roots) or 'none'}")
    started = datetime.now(UTC)
    with _writing(data_dir, identity) as (catalog, vectors):
        with catalog.write() as draft:
            report = Report(removed=sorted(draft.stored(known)))
            draft.drop_root(known)
            draft.finish(started, report.counts())
        _sweep(catalog, vectors)
    return len(report.removed)


def set_gate_threshold(value: float | None, data_dir: Path) -> float | None:
    """Store the probability from which the assistant answers (None: its default); return the former one.

    Raises:
        IndexMissing: there is no index.
        IndexLocked: another process is writing.
    """
    with closing(Catalog(data_dir)) as catalog, write_lock(data_dir), catalog.write() as draft:
        former = draft.meta("gate_threshold")
        draft.set_meta("gate_threshold", "" if value is None else repr(value))
    return float(former) if former else None


class _Run:
    """One run: writes documents to the draft, and encodes in batches the passages that have no vector."""

    def __init__(self, draft: Draft, vectors: Vectors, encoder: Encoder, on_progress: Progress) -> None:
        self._draft = draft
        self._vectors = vectors
        self._encoder = encoder
        self._on_progress = on_progress
        self._started = datetime.now(UTC)
        self._waiting: dict[str, str] = {}  # vector id to the text to encode
        self._report = Report()

    def rebuild(self) -> None:
        """Cut and encode every stored document again."""
        stored = [(root, source) for root in self._draft.roots() for source in self._draft.stored(root)]
        for done, (root, source) in enumerate(stored):
            self._on_progress(done, len(stored), source)
            document = self._draft.document(root, source)
            if document is not None:
                self._put(root, document)

    def ingest(self, scans: Sequence[Scan]) -> None:
        """Bring the draft up to date with what was found."""
        total = sum(len(each.files) for each in scans)
        done = 0
        for each in scans:
            root = str(each.root)
            self._describe(each)
            self._absorb(each)
            stored = self._draft.stored(root)
            for source, path in each.files.items():
                self._on_progress(done, total, source)
                self._take(root, source, path, stored.get(source))
                done += 1
            for source in stored.keys() - each.files.keys():
                if each.concerns(source):
                    self._draft.drop_document(root, source)
                    self._report.removed.append(source)
            self._report.skipped.extend(each.skipped)
            self._report.failed.extend((source, f"{source}: {reason}") for source, reason in each.closed)
            self._report.found += len(each.files) + len(each.closed)
        self._encode()
        self._on_progress(total, total, "")

    def finish(self) -> Report:
        """Record the run in the draft."""
        self._encode()
        self._report.removed.sort()
        self._draft.set_encoder(self._encoder.identity)
        self._report.passages = self._draft.counts()[1]
        self._report.run = self._draft.finish(self._started, self._report.counts())
        return self._report

    def _absorb(self, each: Scan) -> None:
        """Take over the documents of roots that lie inside this one."""
        for known in self._draft.roots():
            if Path(known) != each.root and Path(known).is_relative_to(each.root):
                for source in self._draft.stored(known):
                    inner = file_path(known, source).relative_to(each.root).as_posix()
                    self._draft.move_document((known, source), (str(each.root), inner))
                self._draft.drop_root(known)

    def _describe(self, each: Scan) -> None:
        root = str(each.root)
        description = CorpusDescription()
        try:
            description = describe(each.root)
        except SourceUnreadable as error:
            self._report.found += 1
            self._report.failed.append((error.where, str(error)))
            if root in self._draft.roots():
                return
        self._draft.put_root(root, description)

    def _take(self, root: str, source: str, path: Path, stored: StoredDocument | None) -> None:
        """Read one file into the draft; one that fails keeps what was stored of it."""
        if stored is not None and stored.sha == _sha(path):
            self._report.unchanged.append(source)
            return
        try:
            document = read(path, source)
        except SourceUnreadable as error:
            logger.warning("%s", error)
            self._report.failed.append((source, str(error)))
            return
        self._put(root, document)
        (self._report.added if stored is None else self._report.updated).append(source)

    def _put(self, root: str, document: Document) -> None:
        passages = split(document, root, self._encoder)
        self._draft.put_document(root, document, passages)
        for passage in passages:
            self._waiting[passage.sha] = encoded_text(document.title, passage.heading, passage.text)
        if len(self._waiting) >= ENCODED_AT_ONCE:
            self._encode()

    def _encode(self) -> None:
        """Encode and add those of the waiting passages that have no vector."""
        missing = sorted(self._waiting.keys() - self._vectors.present(self._waiting))
        for at in range(0, len(missing), ENCODED_AT_ONCE):
            batch = missing[at : at + ENCODED_AT_ONCE]
            self._vectors.add(batch, self._encoder.encode([self._waiting[sha] for sha in batch]))
        self._report.encoded += len(missing)
        self._waiting.clear()


@contextmanager
def _writing(data_dir: Path, identity: EncoderIdentity, *, create: bool = False) -> Iterator[tuple[Catalog, Vectors]]:
    """Open the index as its one writer."""
    with (
        write_lock(data_dir),
        closing(Catalog(data_dir, create=create)) as catalog,
        Vectors(data_dir / VECTORS_FOLDER, identity) as vectors,
    ):
        yield catalog, vectors


def _check_identity(draft: Draft, identity: EncoderIdentity, data_dir: Path, rebuild: bool) -> None:
    stored = draft.encoder()
    if rebuild or stored is None:
        return
    if stored != identity:
        what = f"the index was made with the encoder {stored.name} ({stored.revision}), not {identity.name}"
        raise IndexStale(f"{what} ({identity.revision})", str(data_dir), "run `cited ingest --rebuild`")
    if draft.meta("schema") != SCHEMA_VERSION:
        raise IndexStale("the index was made by another version", str(data_dir), "run `cited ingest --rebuild`")


def _sweep(catalog: Catalog, vectors: Vectors) -> None:
    """Delete vectors that the catalog does not know, left by changed texts or a run that died."""
    with catalog.read() as snapshot:
        known = snapshot.shas()
    if vectors.count() != len(known):
        vectors.delete([sha for sha in vectors.ids() if sha not in known])
    vectors.drop_others()


def _scan_all(paths: Sequence[Path], known: list[Path]) -> list[Scan]:
    """Look through all paths, those inside another one of them only once."""
    absolute = list(dict.fromkeys(Path(os.path.abspath(path)) for path in paths))
    outer = [path for path in absolute if not any(path.is_relative_to(other) for other in absolute if other != path)]
    return [scan(path, known) for path in outer]


def _sha(path: Path) -> str:
    """Return the SHA-256 of a file; "" where it cannot be read, which reading it then explains."""
    if not path.is_file():  # a pipe would be waited for
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
