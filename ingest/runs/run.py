"""A single run: writes what changed to a draft and encodes the passages without a vector."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import numpy as np

from ingest.errors import SourceUnreadable
from ingest.index.catalog import Draft
from ingest.index.server_vectors import ServerVectors
from ingest.index.snapshot import named
from ingest.index.vectors import Vectors
from ingest.models.encoder import Encoder, Vectors32
from ingest.origin import file_path
from ingest.readers import isolated
from ingest.readers.isolated import REPORT_IT
from ingest.runs.changes import Changes
from ingest.runs.report import RunReport
from ingest.runs.scan import DESCRIPTION_FILE, Scan, describe
from ingest.schema import CorpusDescription, Passage, Reading
from ingest.settings import ReadLimits
from ingest.text.chunk import encoded_text, split

ENCODED_AT_ONCE = 256  # passages queued before they are encoded
BETWEEN_STOPS = 16  # passages encoded before the next look at `stop`; on a busy machine 256 take half a minute

logger = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]  # files done, files in total, current source


class Run:
    """Updates a draft, one document at a time."""

    def __init__(
        self,
        draft: Draft,
        vectors: Vectors | ServerVectors,
        encoder: Encoder,
        limits: ReadLimits,
        on_progress: Progress,
        stop: Event,
    ) -> None:
        self._draft = draft
        self._vectors = vectors
        self._encoder = encoder
        self._limits = limits
        self._on_progress = on_progress
        self._stop = stop
        self._started = datetime.now(UTC)
        self._queue: dict[str, str] = {}  # vector id to the text to encode
        self._report = RunReport()

    def rebuild(self) -> None:
        """Split and encode every stored document again."""
        stored = [(root, source) for root in self._draft.roots() for source in self._draft.stored(root)]
        for done, (root, source) in enumerate(stored):
            self._on_progress(done, len(stored), source)
            document = self._draft.document(root, source)
            if document is not None:
                self._put(root, isolated.cut(document, self._limits, self._stop))

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
        self._encode()
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
            for source, former in _to_read(each):
                self._check_stop()
                self._on_progress(done, total, source)
                failures |= self._read_into_draft(each.scan, source, former)
                done += 1
            self._prune(each, prune=prune)
            self._record(each, failures)
        self._on_progress(total, total, "")

    def finish(self) -> RunReport:
        """Encode the queue, record the run in the draft and return its report."""
        self._encode()
        report = self._report
        fresh = {*report.added, *report.updated, *(source for _, source in report.renamed)}
        report.duplicates = [
            named(places) for places in self._draft.duplicates() if any(source in fresh for _, source in places)
        ]
        report.removed.sort()
        self._draft.set_encoder(self._encoder.identity)
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

    def _read_into_draft(self, found: Scan, source: str, former: str | None) -> dict[str, str]:
        """Read a file into the draft, replacing its former source, if any.

        If that fails, keep what was stored and return the failure.
        """
        root, report = str(found.root), self._report
        try:
            reading = isolated.read(found.files[source], source, self._limits, self._stop)
            self._put(root, reading)
        except SourceUnreadable as error:
            logger.warning("%s", error)
            return {source: str(error)}
        if reading.document.note:
            report.notes.append((source, reading.document.note))
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

    def _put(self, root: str, reading: Reading) -> None:
        """Split a document, store it with its passages, and queue the passages for encoding."""
        document = reading.document
        try:
            passages = list(split(reading, root, self._encoder))
            with self._draft.savepoint():
                self._draft.put_document(root, document, passages)
        except UnicodeError as error:
            raise SourceUnreadable("contains characters that cannot be stored", document.source, REPORT_IT) from error
        for passage in passages:
            self._enqueue(passage, document.title)

    def _enqueue(self, passage: Passage, title: str) -> None:
        """Queue a passage for encoding; encode the queue if it is full."""
        self._queue[passage.sha] = encoded_text(title, passage.heading, passage.text)
        if len(self._queue) >= ENCODED_AT_ONCE:
            self._encode()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise isolated.stopped()

    def _encode(self) -> None:
        """Encode the queued passages that have no vector, and store their vectors, also of a run that is stopped."""
        self._check_stop()
        missing = sorted(self._queue.keys() - self._vectors.present(self._queue))
        encoded: list[Vectors32] = []
        for start in range(0, len(missing), BETWEEN_STOPS):
            if not self._stop.is_set():
                texts = [self._queue[sha] for sha in missing[start : start + BETWEEN_STOPS]]
                encoded.append(self._encoder.encode(texts))
        if encoded:
            vectors = np.concatenate(encoded)
            self._vectors.add(missing[: len(vectors)], vectors)
            self._report.encoded += len(vectors)
        self._check_stop()
        self._queue.clear()


def _to_read(changes: Changes) -> list[tuple[str, str | None]]:
    """Return the sources to read, in order, each with the source it replaces."""
    formers: dict[str, str | None] = dict.fromkeys((*changes.added, *changes.unopened))
    formers |= {source: source for source in changes.updated}
    formers |= {source: former for former, source in changes.renamed}
    return sorted(formers.items())
