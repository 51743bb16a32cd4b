"""Full-text search in SQLite, by FTS5."""

import sqlite3
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.index import tables
from ingest.index.lexicon import BM25_K1, FIELD_WEIGHTS, Words, batches, bm25_idf

# The sign keeps SQLite from searching for each passage by itself, which counts all passages with the words each time.
_AMONG = "AND +rowid IN"
_PUT = "INSERT INTO terms (rowid, title, heading, body) VALUES (?, ?, ?, ?)"


class Chosen:
    """The documents of a selection and a full-text index of their passages, in a database in memory.

    SQLite keeps it until the last connection to it is closed, so that a question
    can go on with it when it is forgotten here.
    """

    def __init__(self, documents: Iterator[tuple[int, str, int]], terms: Iterator[tuple[int, str, str, str]]) -> None:
        """Fill the database; `documents` are ids with languages and characters, `terms` ids with their words."""
        self.address = f"file:/{uuid4().hex}?vfs=memdb"
        connection = sqlite3.connect(self.address, uri=True, isolation_level=None, check_same_thread=False)
        weakref.finalize(self, connection.close)
        connection.execute("BEGIN")
        for statement in tables.SELECTION_TABLES:
            connection.execute(statement)
        connection.executemany("INSERT INTO chosen VALUES (?, ?, ?)", documents)
        connection.executemany(_PUT, terms)
        connection.execute("ANALYZE")
        connection.execute("COMMIT")


class Fts5:
    """The full-text index in the database `words` of a connection: the catalog's own, or that of a selection."""

    def __init__(self, connection: Connection, words: str = "main") -> None:
        self._connection = connection
        self._words = words

    def best(self, words: Mapping[str, int], limit: int) -> list[tuple[int, float]]:
        """See `FullText`; the score is FTS5's own.

        Passages that contain only common words are not scored where these cannot add up to the score of the last one;
        see the trial bm25-of-rare-words.

        Source: MaxScore (Turtle and Flood 1995).
        """
        frequencies = sorted(words.items(), key=lambda item: item[1])
        rarest = [word for word, _ in frequencies]
        rests = self._rests([count for _, count in frequencies])
        totals = accumulate(count for _, count in frequencies)
        scored = next((first for first, total in enumerate(totals, 1) if total >= limit), len(rarest))
        order = "ORDER BY score DESC, rowid LIMIT :limit"
        while scored < len(rarest):
            among = f"{_AMONG} (SELECT rowid FROM {self._words}.terms WHERE terms MATCH :rarest)"
            found = self._bm25(rarest, f"{among} {order}", {"limit": limit, "rarest": _any(rarest[:scored])})
            least = found[-1][1] if len(found) == limit else 0.0
            enough = next(first for first, rest in enumerate(rests) if rest <= least)
            if enough <= scored:
                return found
            scored = enough
        return self._bm25(rarest, order, {"limit": limit})

    def _rests(self, counts: Sequence[int]) -> list[float]:
        """Return the highest possible bm25 without the first 0, 1, 2, ... words; `counts` are passages with each."""
        passages = self._connection.scalar(sa.select(sa.func.max(tables.passages.c.id))) or 0  # at least so many
        most = ((BM25_K1 + 1) * bm25_idf(count, passages) for count in reversed(counts))
        return [*accumulate(most, initial=0.0)][::-1]

    def scored(self, words: Sequence[str], keys: Collection[int]) -> list[tuple[int, float]]:
        """See `FullText`."""
        return self._bm25(words, f"{_AMONG} ({','.join(str(int(key)) for key in keys)})", {})

    def _bm25(self, words: Iterable[str], rest: str, values: dict[str, int | str]) -> list[tuple[int, float]]:
        weights = ", ".join(str(weight) for weight in FIELD_WEIGHTS)
        scored = f"SELECT rowid, -bm25(terms, {weights}) AS score FROM {self._words}.terms WHERE terms MATCH :match"
        found = self._connection.execute(sa.text(f"{scored} {rest}"), {"match": _any(words), **values})
        return [(int(row.rowid), float(row.score)) for row in found]

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """See `FullText`."""
        query = sa.text(f"SELECT term, doc FROM {self._words}.vocabulary WHERE term IN :words").bindparams(
            sa.bindparam("words", expanding=True)
        )
        return {row.term: int(row.doc) for row in self._connection.execute(query, {"words": words})}

    def vocabulary(self) -> dict[str, int]:
        """See `FullText`."""
        rows = self._connection.execute(sa.text(f"SELECT term, doc FROM {self._words}.vocabulary"))
        return {row.term: int(row.doc) for row in rows}

    def matching(self, groups: Sequence[Sequence[str]], limit: int) -> Sequence[int]:
        """See `FullText`."""
        match = " AND ".join("(" + " OR ".join(f'"{stem}"' for stem in group) + ")" for group in groups)
        found = sa.text(f"SELECT rowid FROM {self._words}.terms WHERE terms MATCH :match LIMIT :limit")
        return self._connection.scalars(found, {"match": match, "limit": limit}).all()

    def passages(self) -> int:
        """See `FullText`."""
        return int(self._connection.scalar(sa.select(sa.func.count()).select_from(tables.passages)) or 0)

    def put(self, words: Mapping[int, Words]) -> None:
        """See `FullText`."""
        rows = [(key, *each) for key, each in words.items()]
        if rows:
            self._connection.exec_driver_sql(_PUT, rows)

    def drop(self, document: int) -> None:
        """See `FullText`."""
        passages = sa.text("DELETE FROM terms WHERE rowid IN (SELECT id FROM passages WHERE document = :key)")
        self._connection.execute(passages, {"key": document})

    def clear(self) -> None:
        """See `FullText`."""
        self._connection.execute(sa.text("DELETE FROM terms"))

    def savepoint(self) -> AbstractContextManager[None]:
        """See `FullText`; all of it is in the database."""
        return nullcontext()

    def settle(self) -> None:
        """See `FullText`; it always is."""

    def prepared(self, documents: Collection[int], passages: Collection[int]) -> Chosen:
        """See `FullText`."""
        columns = tables.documents.c
        rows = self._connection.execute(sa.select(columns.id, columns.language, columns.characters))
        return Chosen((tuple(row) for row in rows if row.id in documents), self._terms_of(passages))

    def _terms_of(self, passages: Collection[int]) -> Iterator[tuple[int, str, str, str]]:
        """Yield the row ids of passages, each with the analysed words of title, headings and text."""
        query = sa.text("SELECT rowid, title, heading, body FROM main.terms WHERE rowid IN :keys ORDER BY rowid")
        query = query.bindparams(sa.bindparam("keys", expanding=True))
        for batch in batches(passages):
            for row in self._connection.execute(query, {"keys": batch}):
                yield row.rowid, row.title, row.heading, row.body

    def limited(self, prepared: Chosen) -> "Fts5":
        """See `FullText`."""
        self._connection.exec_driver_sql("ATTACH ? AS selection", (prepared.address,))
        for statement in tables.SELECTION_VIEWS:
            self._connection.exec_driver_sql(statement)
        return Fts5(self._connection, "selection")


def _any(words: Iterable[str]) -> str:
    """Return FTS5's expression for any of the words."""
    return " OR ".join(f'"{word}"' for word in words)
