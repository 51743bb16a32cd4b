"""The work of a run that needs no index: to read files, cut them into passages, and encode these."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

import numpy as np

from ingest.errors import SourceUnreadable
from ingest.models.encoder import Encoder, Vectors32
from ingest.readers import isolated
from ingest.readers.isolated import REPORT_IT
from ingest.schema import Document, Passage, Reading
from ingest.settings import ReadLimits
from ingest.text.chunk import split

BETWEEN_STOPS = 16  # passages encoded before the next look at `stop`; on a busy machine 256 take half a minute

Cut = tuple[Document, list[Passage]]
Encoded = tuple[list[str], Vectors32]
"""Ids and their vectors, shape (len(ids), dimension)."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read, or a stored document to cut again; `source` is its path relative to `root`."""

    root: str
    source: str
    content: Path | Document


class Workers(Protocol):
    """Who reads, cuts and encodes for a run."""

    def cut(self, tasks: Iterable[Task]) -> Iterator[Cut | SourceUnreadable]:
        """Yield the document and passages of each task, in order, or why it has none.

        Raises:
            RunStopped: the run was asked to stop.
        """

    def encode(self, texts: Mapping[str, str], *, finish: bool) -> Iterator[Encoded]:
        """Take in texts by their ids, and yield the vectors of these or earlier ones that are ready.

        With `finish`, wait for all. A run that was asked to stop gets those that are ready.
        """


class Here:
    """Reads, cuts and encodes in this process, one after the other."""

    def __init__(self, encoder: Encoder, limits: ReadLimits, stop: Event) -> None:
        self._encoder = encoder
        self._limits = limits
        self._stop = stop

    def cut(self, tasks: Iterable[Task]) -> Iterator[Cut | SourceUnreadable]:
        """Yield the document and passages of each task; see `Workers`."""
        for task in tasks:
            try:
                if isinstance(task.content, Document):
                    reading = isolated.cut(task.content, self._limits, self._stop)
                else:
                    reading = isolated.read(task.content, task.source, self._limits, self._stop)
                found: Cut | SourceUnreadable = cut(reading, task.root, self._encoder)
            except SourceUnreadable as error:
                found = error
            yield found

    def encode(self, texts: Mapping[str, str], *, finish: bool) -> Iterator[Encoded]:
        """Yield the vectors of the texts; see `Workers`."""
        ids = list(texts)
        encoded: list[Vectors32] = []
        for start in range(0, len(ids), BETWEEN_STOPS):
            if not self._stop.is_set():
                encoded.append(self._encoder.encode([texts[each] for each in ids[start : start + BETWEEN_STOPS]]))
        if encoded:
            vectors = np.concatenate(encoded)
            yield ids[: len(vectors)], vectors


def cut(reading: Reading, root: str, encoder: Encoder) -> Cut:
    """Return a document with its passages.

    Raises:
        SourceUnreadable: it contains characters that cannot be stored.
    """
    try:
        return reading.document, list(split(reading, root, encoder))
    except UnicodeError as error:
        raise not_storable(reading.document) from error


def not_storable(document: Document) -> SourceUnreadable:
    """Return the error for a document with lone surrogates in its text or title."""
    return SourceUnreadable("contains characters that cannot be stored", document.source, REPORT_IT)
