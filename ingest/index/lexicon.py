"""The words of a snapshot's passages: which passages contain them, and how well these match a question."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.index import tables

MAX_PARAMETERS = 900  # per IN list; old SQLite versions allow 999

# BM25 weights of title, headings and text; no trial of others is recorded.
FIELD_WEIGHTS = (1.0, 1.0, 1.0)
BM25_K1, LEAST_IDF = 1.2, 1e-6  # of SQLite's FTS5: the bm25 of a word is always below idf * (k1 + 1)
# The sign keeps SQLite from searching for each passage by itself, which counts all passages with the words each time.
_AMONG = "AND +rowid IN"


class Lexicon:
    """The full-text index in the database `words` of a connection: the catalog's own, or that of a selection."""

    def __init__(self, connection: Connection, words: str = "main") -> None:
        self._connection = connection
        self._words = words
        self._frequencies: dict[str, int] = {}  # that were asked for

    def lexical(self, words: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Return the `limit` best passages that contain any of the stems as (row id, bm25 > 0), ties by id.

        Passages that contain only common ones are not scored where these cannot add up to the score of the last one;
        see the trial bm25-of-rare-words.

        Source: MaxScore (Turtle and Flood 1995).
        """
        frequencies = sorted(self.document_frequencies(words).items(), key=lambda item: item[1])
        rarest = [word for word, _ in frequencies]
        rests = self._rests([count for _, count in frequencies])
        totals = accumulate(count for _, count in frequencies)
        scored = next((first for first, total in enumerate(totals, 1) if total >= limit), len(rarest))
        best = "ORDER BY score DESC, rowid LIMIT :limit"
        while scored < len(rarest):
            among = f"{_AMONG} (SELECT rowid FROM {self._words}.terms WHERE terms MATCH :rarest)"
            found = self._bm25(words, f"{among} {best}", {"limit": limit, "rarest": _any(rarest[:scored])})
            least = found[-1][1] if len(found) == limit else 0.0
            enough = next(first for first, rest in enumerate(rests) if rest <= least)
            if enough <= scored:
                return found
            scored = enough
        return self._bm25(words, best, {"limit": limit})

    def _rests(self, counts: Sequence[int]) -> list[float]:
        """Return what a bm25 is at most without the first 0, 1, 2, ... stems, from the number of passages with each."""
        passages = self._connection.scalar(sa.select(sa.func.max(tables.passages.c.id))) or 0  # at least so many
        idfs = [max(LEAST_IDF, math.log((passages - count + 0.5) / (count + 0.5))) for count in counts]
        return [*accumulate(((BM25_K1 + 1) * idf for idf in reversed(idfs)), initial=0.0)][::-1]

    def lexical_of(self, words: Sequence[str], keys: Sequence[int]) -> dict[int, float]:
        """Return the bm25 of the given passages; those without any of the stems are omitted."""
        scores: dict[int, float] = {}
        for batch in batches(keys):
            scores.update(self._bm25(words, f"{_AMONG} ({','.join(str(int(key)) for key in batch)})", {}))
        return scores

    def document_frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """Return the number of passages (with title and headings) that contain each stem, possibly 0."""
        known = self._frequencies
        for batch in batches(word for word in dict.fromkeys(words) if word not in known):
            query = sa.text(f"SELECT term, doc FROM {self._words}.vocabulary WHERE term IN :words").bindparams(
                sa.bindparam("words", expanding=True)
            )
            known.update(dict.fromkeys(batch, 0))
            known.update({row.term: int(row.doc) for row in self._connection.execute(query, {"words": batch})})
        return {word: known[word] for word in words}

    def stems(self) -> dict[str, int]:
        """Return all stems, each with the number of passages (with title and headings) that contain it."""
        rows = self._connection.execute(sa.text(f"SELECT term, doc FROM {self._words}.vocabulary"))
        return {row.term: int(row.doc) for row in rows}

    def texts_with(self, groups: Sequence[Sequence[str]], limit: int) -> list[str]:
        """Return up to `limit` passages that contain a stem of each group, as title, headings and text in one.

        "low back" is the stem "low" right before the stem "back".
        """
        match = " AND ".join("(" + " OR ".join(f'"{stem}"' for stem in group) + ")" for group in groups)
        found = sa.text(f"SELECT rowid FROM {self._words}.terms WHERE terms MATCH :match LIMIT :limit")
        keys = self._connection.scalars(found, {"match": match, "limit": limit}).all()
        columns = (tables.documents.c.title, tables.passages.c.heading, tables.passages.c.text)
        texts = tables.passages.join(tables.documents)
        query = sa.select(*columns).select_from(texts).where(tables.passages.c.id.in_(keys))
        return ["\n".join((row.title, *row.heading, row.text)) for row in self._connection.execute(query)]

    def terms_of(self, passages: Iterable[int]) -> Iterator[tuple[int, str, str, str]]:
        """Yield the row ids of passages, each with the analysed words of title, headings and text."""
        query = sa.text("SELECT rowid, title, heading, body FROM main.terms WHERE rowid IN :keys ORDER BY rowid")
        query = query.bindparams(sa.bindparam("keys", expanding=True))
        for batch in batches(passages):
            for row in self._connection.execute(query, {"keys": batch}):
                yield row.rowid, row.title, row.heading, row.body

    def _bm25(self, words: Sequence[str], rest: str, values: dict[str, int | str]) -> list[tuple[int, float]]:
        if not words:
            return []
        weights = ", ".join(str(weight) for weight in FIELD_WEIGHTS)
        scored = f"SELECT rowid, -bm25(terms, {weights}) AS score FROM {self._words}.terms"
        query = sa.text(f"{scored} WHERE terms MATCH :match {rest}")
        found = self._connection.execute(query, {"match": _any(words), **values})
        return [(int(row.rowid), float(row.score)) for row in found]


def _any(words: Iterable[str]) -> str:
    """Return FTS5's expression for any of the stems."""
    return " OR ".join(f'"{word}"' for word in dict.fromkeys(words))


def batches(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the values in lists short enough for one query."""
    rest = iter(values)
    while batch := list(islice(rest, MAX_PARAMETERS)):
        yield batch
