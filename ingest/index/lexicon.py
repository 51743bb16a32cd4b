"""The words of a snapshot's passages: which passages contain them, and how well these match a question."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Protocol, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.index import tables
from ingest.schema import Place

MAX_PARAMETERS = 900  # per IN list; old SQLite versions allow 999

# BM25 weights of title, headings and text; no trial of others is recorded. PostgreSQL keeps the weighted counts of
# words, so a change needs another SCHEMA_VERSION.
FIELD_WEIGHTS = (1.0, 1.0, 1.0)
# Of SQLite's FTS5: the bm25 of a word is always below idf * (k1 + 1), and its idf is never below the least.
BM25_K1, LEAST_IDF = 1.2, 1e-6

Words = tuple[str, str, str]
"""The analysed words of a passage's title, headings and text, each separated by spaces."""


class FullText(Protocol):
    """A full-text index of the passages in a catalog, or of those of a selection; passages are named by row id."""

    def best(self, words: Mapping[str, int], limit: int) -> list[tuple[int, float]]:
        """Return the `limit` best passages that contain any of the words, with their bm25 > 0, best first, ties by id.

        `words` are given with the number of passages that contain each.
        """

    def scored(self, words: Sequence[str], keys: Collection[int]) -> list[tuple[int, float]]:
        """Return those of the passages that contain any of the words, with their bm25 > 0."""

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """Return the number of passages that contain each word; those that none contains may be left out."""

    def vocabulary(self) -> dict[str, int]:
        """Return all words, each with the number of passages that contain it."""

    def matching(self, groups: Sequence[Sequence[str]], limit: int) -> Sequence[int]:
        """Return the first passages that contain a word, or words side by side, of each group."""

    def passages(self) -> int:
        """Return the number of passages."""

    def put(self, words: Mapping[int, Words]) -> None:
        """Add passages."""

    def drop(self, document: int) -> None:
        """Remove the passages of a document, which must still be in the catalog."""

    def clear(self) -> None:
        """Remove all passages."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Return a block; if it raises, what it put and dropped has to be rolled back by the caller."""

    def settle(self) -> None:
        """Make ready to be searched what was put and dropped."""

    def prepared(self, documents: Collection[int], passages: Collection[int]) -> object:
        """Return what `limited` needs for a selection: its documents, and all of their passages."""

    def limited(self, prepared: Any) -> Self:  # noqa: ANN401 - each full-text index has its own
        """Return the index of a selection, and hide all other documents and passages from the connection."""


class Lexicon:
    """The words of the passages that a connection shows."""

    def __init__(self, connection: Connection, full_text: FullText) -> None:
        self._connection = connection
        self._full_text = full_text
        self._frequencies: dict[str, int] = {}  # that were asked for

    def lexical(self, words: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Return the passages that contain any of the stems as (row id, bm25 > 0), best first, ties by id."""
        known = self.document_frequencies(words)
        return self._full_text.best(known, limit) if words else []

    def lexical_of(self, words: Sequence[str], keys: Sequence[int]) -> dict[int, float]:
        """Return the bm25 of the given passages; those without any of the stems are omitted."""
        scores: dict[int, float] = {}
        for batch in batches(keys if words else ()):
            scores.update(self._full_text.scored(list(dict.fromkeys(words)), batch))
        return scores

    def document_frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """Return the number of passages (with title and headings) that contain each stem, possibly 0."""
        known = self._frequencies
        for batch in batches(word for word in dict.fromkeys(words) if word not in known):
            known.update(dict.fromkeys(batch, 0))
            known.update(self._full_text.frequencies(batch))
        return {word: known[word] for word in words}

    def stems(self) -> dict[str, int]:
        """Return all stems, each with the number of passages (with title and headings) that contain it."""
        return self._full_text.vocabulary()

    def texts_with(self, groups: Sequence[Sequence[str]], limit: int) -> list[str]:
        """Return up to `limit` passages that contain a stem of each group, as title, headings and text in one.

        "low back" is the stem "low" right before the stem "back".
        """
        keys = self._full_text.matching(groups, limit)
        columns = (tables.documents.c.title, tables.passages.c.heading, tables.passages.c.text)
        texts = tables.passages.join(tables.documents)
        query = sa.select(*columns).select_from(texts).where(tables.passages.c.id.in_(keys))
        rows = self._connection.execute(query.order_by(tables.passages.c.id))
        return ["\n".join((row.title, *row.heading, row.text)) for row in rows]

    def places_with(self, word: str, limit: int) -> frozenset[Place]:
        """Return the places of the first `limit` passages with a stem in title, headings or text."""
        joined = tables.passages.join(tables.documents).join(tables.roots)
        query = sa.select(tables.roots.c.path, tables.documents.c.source).distinct().select_from(joined)
        found: set[Place] = set()
        for batch in batches(self._full_text.matching([[word]], limit)):
            rows = self._connection.execute(query.where(tables.passages.c.id.in_(batch)))
            found.update((row.path, row.source) for row in rows)
        return frozenset(found)


def bm25_idf(frequency: int, passages: int) -> float:
    """Return the weight of a word that `frequency` of the passages contain, as FTS5 computes it."""
    return max(LEAST_IDF, math.log((passages - frequency + 0.5) / (frequency + 0.5)))


def batches(values: Iterable[Any], size: int = MAX_PARAMETERS) -> Iterator[list[Any]]:
    """Yield the values in lists of at most `size`; as many as one SQL query takes unless given."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
