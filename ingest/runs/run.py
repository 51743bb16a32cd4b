"""A single run: writes what changed to a draft and encodes the passages without a vector."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from ingest.errors import SourceUnreadable
from ingest.index.catalog import Draft
from ingest.index.server_vectors import ServerVectors
from ingest.index.snapshot import named
from ingest.index.vectors import Vectors
from ingest.models.encoder import EncoderIdentity
from ingest.origin import file_path
from ingest.readers.isolated import stopped
from ingest.runs.changes import Changes
from ingest.runs.report import RunReport
from ingest.runs.scan import DESCRIPTION_FILE, Scan, describe
from ingest.runs.work import Cut, Encoded, Task, Workers, not_storable
from ingest.schema import CorpusDescription, Passage
from ingest.text.chunk import encoded_text

ENCODED_AT_ONCE = 256  # passages queued before they are encoded

logger = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]  # files done, files in total, current source


class Run:
    """Updates a draft, one document at a time."""

    def __init__(
        self,
        draft: Draft,
        vectors: Vectors | ServerVectors,
        identity: EncoderIdentity,
        workers: Workers,
        on_progress: Progress,
        stop: Event,
    ) -> None:
        self._draft = draft
        self._vectors = vectors
        self._identity = identity
        self._workers = workers
        self._on_progress = on_progress
        self._stop = stop
        self._started = datetime.now(UTC)
        self._queue: dict[str, str] = {}  # vector id to the text to encode
        self._encoding: set[str] = set()  # the ids of which the workers have the texts
        self._report = RunReport()

    def rebuild(self) -> None:
        """Split and encode every stored document again."""
        stored = [(root, source) for root in self._draft.roots() for source in self._draft.stored(root)]
        cuts = self._workers.cut(
            Task(root, source, document)
            for root, source in stored
            if (document := self._draft.document(root, source)) is not None
        )
        for done, (root, source) in enumerate(stored):
            self._on_progress(done, len(stored), source)
            found = next(cuts)
            if isinstance(found, SourceUnreadable):
                raise found
            self._put(root, found)

    def restore_vectors(self, *, thorough: bool = False) -> int:
        """Encode passages whose vector is missing again, and return how many there were.

        If the counts agree, assume that none is missing, unless `thorough`.
        """
        if not thorough and self._vectors.count() == self._draft.vector_count():
            return 0
        known = self._draft.shas()
        for keys in self._draft.keys_of(sorted(known - self._vectors.present(known))).values():
            (passage,) = self._draft.passages(keys[:1]).values()
            self._enqueue(passage, passage.title)
        self._encode(finish=True)
        return self._report.encoded

    def apply(self, changes: Sequence[Changes], *, prune: bool) -> None:
        """Read new and changed files; remove documents whose files are gone if `prune`."""
        total = sum(len(each.scan.files) for each in changes)
        done = 0
        for each in changes:
            failures = dict(each.scan.closed)
            failures |= self._describe(each)
            self._merge_inner_roots(each.scan)
            self._report.unchanged.extend(each.unchanged)
            done += len(each.unchanged)
            to_read, root = _to_read(each), str(each.scan.root)
            cuts = self._workers.cut(Task(root, source, each.scan.files[source]) for source, _ in to_read)
            for source, former in to_read:
                self._check_stop()
                self._on_progress(done, total, source)
                failures |= self._put_file(root, (former, source), next(cuts))
                done += 1
            self._prune(each, prune=prune)
            self._record(each, failures)
        self._on_progress(total, total, "")

    def finish(self) -> RunReport:
        """Encode the queue, record the run in the draft and return its report."""
        self._encode(finish=True)
        report = self._report
        fresh = {*report.added, *report.updated, *(source for _, source in report.renamed)}
        report.duplicates = [
            named(places) for places in self._draft.duplicates() if any(source in fresh for _, source in places)
        ]
        report.removed.sort()
        self._draft.set_encoder(self._identity)
        report.passages = self._draft.counts()[1]
        report.run = self._draft.finish(self._started, report.counts(), report.changes())
        return report

    def _merge_inner_roots(self, found: Scan) -> None:
        """Move the documents of roots that are part of this one into it."""
        for known in self._draft.roots():
            if Path(known) in found.inner:
                for source in self._draft.stored(known):
                    inner = file_path(known, source).relative_to(found.root).as_posix()
                    self._draft.move_document((known, source), (str(found.root), inner))
                self._draft.drop_root(known)

    def _describe(self, each: Changes) -> dict[str, str]:
        """Store the contents of corpus.yaml; if it is invalid, keep the old ones and return the failure."""
        root = str(each.scan.root)
        try:
            self._draft.put_root(root, describe(each.scan.root))
        except SourceUnreadable as error:
            self._report.found += 1
            if root not in self._draft.roots():
                self._draft.put_root(root, CorpusDescription())
            return {DESCRIPTION_FILE: str(error)}
        return {}

    def _put_file(self, root: str, sources: tuple[str | None, str], found: Cut | SourceUnreadable) -> dict[str, str]:
        """Put what a file contains into the draft, replacing its former source, if any.

        If it cannot be read or stored, keep what was stored and return the failure.
        """
        (former, source), report = sources, self._report
        try:
            if isinstance(found, SourceUnreadable):
                raise found
            self._put(root, found)
        except SourceUnreadable as error:
            logger.warning("%s", error)
            return {source: str(error)}
        document, _ = found
        if document.note:
            report.notes.append((source, document.note))
        if former is None:
            report.added.append(source)
        elif former == source:
            report.updated.append(source)
        else:
            self._draft.drop_document(root, former)
            report.renamed.append((former, source))
        return {}

    def _prune(self, each: Changes, *, prune: bool) -> None:
        for source in each.removed:
            if prune:
                self._draft.drop_document(str(each.scan.root), source)
        (self._report.removed if prune else self._report.kept).extend(each.removed)

    def _record(self, each: Changes, failures: dict[str, str]) -> None:
        """Add the scan's counts and failures to the report, and store the failures."""
        found, report = each.scan, self._report
        report.skipped.extend(found.skipped)
        report.found += len(found.files) + len(found.closed)
        closed = dict(found.closed)
        reasons = {source: f"{source}: {why}" if source in closed else why for source, why in failures.items()}
        report.failed.extend(reasons.items())
        self._draft.put_failures(
            str(found.root), reasons, checked=lambda source: source == DESCRIPTION_FILE or found.concerns(source)
        )

    def _put(self, root: str, found: Cut) -> None:
        """Store a document with its passages, queue these for encoding, and store the vectors that are ready."""
        document, passages = found
        try:
            with self._draft.savepoint():
                self._draft.put_document(root, document, passages)
        except UnicodeError as error:
            raise not_storable(document) from error
        for passage in passages:
            self._enqueue(passage, document.title)
        self._add(self._workers.encode({}, finish=False))

    def _enqueue(self, passage: Passage, title: str) -> None:
        """Queue a passage for encoding; encode the queue if it is full."""
        self._queue[passage.sha] = encoded_text(title, passage.heading, passage.text)
        if len(self._queue) >= ENCODED_AT_ONCE:
            self._encode()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise stopped()

    def _encode(self, *, finish: bool = False) -> None:
        """Let the queued passages that have no vector be encoded, and store the vectors, also of a run that is stopped.

        Other workers may encode some later, but all before the end of a call with `finish`.
        """
        self._check_stop()
        missing = sorted(self._queue.keys() - self._vectors.present(self._queue) - self._encoding)
        self._encoding.update(missing)
        self._add(self._workers.encode({sha: self._queue[sha] for sha in missing}, finish=finish))
        self._check_stop()
        self._queue.clear()

    def _add(self, encoded: Iterable[Encoded]) -> None:
        for shas, vectors in encoded:
            self._vectors.add(shas, vectors)
            self._encoding.difference_update(shas)
            self._report.encoded += len(shas)


def _to_read(changes: Changes) -> list[tuple[str, str | None]]:
    """Return the sources to read, in order, each with the source it replaces."""
    formers: dict[str, str | None] = dict.fromkeys((*changes.added, *changes.unopened))
    formers |= {source: source for source in changes.updated}
    formers |= {source: former for former, source in changes.renamed}
    return sorted(formers.items())
