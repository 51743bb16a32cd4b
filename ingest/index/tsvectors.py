"""Full-text search in PostgreSQL: it finds the passages by its tsvectors, and scores them as FTS5 does."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from ingest.index import tables
from ingest.index.lexicon import BM25_K1, FIELD_WEIGHTS, Words, batches, bm25_idf
from ingest.index.server_tables import terms, totals, vocabulary

B = 0.75  # of BM25, as in FTS5
LONGEST_LEXEME = 500  # bytes; PostgreSQL takes at most 2,046, and fewer in a B-tree
LAST_POSITION = 16_383  # in a tsvector; those behind it count as this one
MOVED = 0.1  # the share of passages changed by a run after which PostgreSQL has to look at their statistics again
_LABELS = "ABC"  # of title, headings and text
# f * (BM25_K1 + 1) / (f + norm) is written so that each count f is looked up only once.
_SCORED = f"""
    SELECT passage, {BM25_K1 + 1} * ({{sum}}) AS score
    FROM (
        SELECT passage, counts, {BM25_K1} * ({1 - B} + {B} * length / CAST(:average AS float8)) AS norm
        FROM terms WHERE words @@ CAST(:match AS tsquery) {{only}}
    ) AS found
    ORDER BY score DESC, passage LIMIT :limit
"""
_COUNT = sa.text(
    "INSERT INTO vocabulary SELECT * FROM unnest(CAST(:terms AS text[]), CAST(:numbers AS bigint[]))"
    " ON CONFLICT (term) DO UPDATE SET passages = vocabulary.passages + excluded.passages"
)
_FORGET = sa.text("DELETE FROM vocabulary WHERE term = ANY (CAST(:terms AS text[])) AND passages = 0")
_VIEWS = (
    "CREATE TEMP VIEW documents AS SELECT documents.* FROM {schema}.documents JOIN pg_temp.chosen USING (id)",
    "CREATE TEMP VIEW passages AS SELECT passages.* FROM pg_temp.chosen"
    " JOIN {schema}.passages ON passages.document = chosen.id",
    "CREATE TEMP VIEW terms AS SELECT terms.* FROM pg_temp.chosen"
    " JOIN {schema}.passages ON passages.document = chosen.id JOIN {schema}.terms ON terms.passage = passages.id",
)


@dataclass(frozen=True, slots=True)
class Totals:
    """The number of passages, and of the words in all of them."""

    passages: int
    words: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The documents of a selection by row id, and the totals of their passages."""

    documents: tuple[int, ...]
    totals: Totals


class TsVectors:
    """The full-text index of a catalog on PostgreSQL, or of a selection of its documents.

    How many passages contain each word is kept in a table, which `settle`
    brings up to date; a selection counts them when it is asked.
    """

    def __init__(self, connection: Connection, selected: Totals | None = None) -> None:
        self._connection = connection
        self._selected = selected
        self._counted: dict[str, int] = {}  # words that were asked for, with the passages that contain each
        self._changes = _Changes()

    def best(self, words: Mapping[str, int], limit: int) -> list[tuple[int, float]]:
        """See `FullText`."""
        return self._bm25(words, None, limit)

    def scored(self, words: Sequence[str], keys: Collection[int]) -> list[tuple[int, float]]:
        """See `FullText`."""
        return self._bm25(self.frequencies(words), keys, None)

    def _bm25(
        self, found: Mapping[str, int], keys: Collection[int] | None, limit: int | None
    ) -> list[tuple[int, float]]:
        """Return the passages that contain any of the words, or those of `keys` that do, best first.

        Source: BM25 as in FTS5 (sqlite.org/fts5.html#the_bm25_function), see `bm25_idf`.
        """
        whole = self._totals()
        known = [word for word, count in found.items() if count]
        if not known:
            return []
        shares = (
            f"{bm25_idf(found[word], whole.passages)!r}"
            f" * (1 - norm / (coalesce((counts ->> :word{at})::float8, 0) + norm))"
            for at, word in enumerate(known)
        )
        query = sa.text(_SCORED.format(sum=" + ".join(shares), only="" if keys is None else "AND passage = ANY(:keys)"))
        values: dict[str, object] = {f"word{at}": _lexeme(word) for at, word in enumerate(known)}
        values |= {"average": whole.words / whole.passages, "limit": limit}
        values |= {"match": " | ".join(map(_quoted, known)), "keys": None if keys is None else list(keys)}
        return [(int(key), float(score)) for key, score in self._connection.execute(query, values)]

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """See `FullText`."""
        self.settle()
        unknown = [word for word in words if word not in self._counted]
        if self._selected is not None:
            self._counted.update((word, self._count(_quoted(word))) for word in unknown)
        elif unknown:
            query = sa.select(vocabulary.c.term, vocabulary.c.passages)
            rows = self._connection.execute(query.where(vocabulary.c.term.in_([_lexeme(word) for word in unknown])))
            found = {term: int(count) for term, count in rows}
            self._counted.update((word, found.get(_lexeme(word), 0)) for word in unknown)
        return {word: self._counted[word] for word in words}

    def vocabulary(self) -> dict[str, int]:
        """See `FullText`; words longer than `LONGEST_LEXEME` have other names."""
        self.settle()
        query = sa.select(vocabulary.c.term, vocabulary.c.passages)
        if self._selected is not None:
            term = sa.func.jsonb_object_keys(terms.c.counts).label("term")
            each = sa.select(term).subquery()
            query = sa.select(each.c.term, sa.func.count()).group_by(each.c.term)
        return {term: int(count) for term, count in self._connection.execute(query)}

    def matching(self, groups: Sequence[Sequence[str]], limit: int) -> Sequence[int]:
        """See `FullText`."""
        match = " & ".join("(" + " | ".join(_phrase(each) for each in group) + ")" for group in groups)
        query = sa.select(terms.c.passage).where(_matches(match)).order_by(terms.c.passage).limit(limit)
        return self._connection.scalars(query).all()

    def passages(self) -> int:
        """See `FullText`."""
        return self._totals().passages

    def put(self, words: Mapping[int, Words]) -> None:
        """See `FullText`."""
        rows = []
        for key, each in words.items():
            fields = [[_lexeme(word) for word in field.split()] for field in each]
            counts = _weighed(fields)
            length = sum(map(len, fields))
            rows.append({"passage": key, "vector": _tsvector(fields), "length": length, "counts": counts})
            self._changes.add(counts, length, 1)
        if rows:
            vector = sa.cast(sa.bindparam("vector", type_=sa.Text), postgresql.TSVECTOR)
            self._connection.execute(sa.insert(terms).values(words=vector), rows)

    def drop(self, document: int) -> None:
        """See `FullText`."""
        own = sa.select(tables.passages.c.id).where(tables.passages.c.document == document)
        gone = sa.delete(terms).where(terms.c.passage.in_(own)).returning(terms.c.length, terms.c.counts)
        for length, counts in self._connection.execute(gone):
            self._changes.add(counts, length, -1)

    def clear(self) -> None:
        """See `FullText`."""
        self._changes = _Changes()
        self._counted.clear()
        for table in (terms, vocabulary):
            self._connection.execute(sa.delete(table))
        self._connection.execute(sa.update(totals).values(passages=0, words=0))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """See `FullText`."""
        outer, inner = self._changes, _Changes()
        self._changes = inner
        try:
            yield
            outer.merge(inner)
        finally:
            self._changes = outer
            self._counted.clear()

    def settle(self) -> None:
        """See `FullText`."""
        changes = self._changes
        if not changes.passages:
            return
        self._changes = _Changes()
        self._counted.clear()
        if changes.terms:
            self._count_terms(changes.terms)
        moved = sa.update(totals).values(
            passages=totals.c.passages + changes.added - changes.dropped, words=totals.c.words + changes.words
        )
        self._connection.execute(moved)
        self._connection.execute(sa.text("SELECT gin_clean_pending_list('terms_words')"))
        if changes.passages >= MOVED * self._totals().passages:
            self._connection.execute(sa.text("ANALYZE documents, passages, terms, vocabulary"))

    def _count_terms(self, changes: Mapping[str, int]) -> None:
        """Add to the numbers of passages that contain words."""
        changed = {term: number for term, number in changes.items() if number}
        self._connection.execute(_COUNT, {"terms": list(changed), "numbers": list(changed.values())})
        fewer = [term for term, number in changed.items() if number < 0]
        self._connection.execute(_FORGET, {"terms": fewer})

    def prepared(self, documents: Collection[int], passages: Collection[int]) -> Chosen:
        """See `FullText`."""
        chosen, words = tuple(sorted(documents)), 0
        for batch in batches(passages):
            query = sa.select(sa.func.sum(terms.c.length)).where(terms.c.passage.in_(batch))
            words += int(self._connection.scalar(query) or 0)
        return Chosen(chosen, Totals(len(passages), words))

    def limited(self, prepared: Chosen) -> "TsVectors":
        """See `FullText`; the tables of the selection vanish with the transaction, which must not be committed.

        The views are in the schema that holds a connection's temporary tables,
        which is searched first from here on.
        """
        schema = str(self._connection.scalar(sa.func.current_schema()))
        run = self._connection.exec_driver_sql
        run("CREATE TEMP TABLE chosen (id integer PRIMARY KEY) ON COMMIT DROP")
        run("INSERT INTO pg_temp.chosen SELECT unnest(%s::integer[])", (list(prepared.documents),))
        run("ANALYZE pg_temp.chosen")
        for statement in _VIEWS:
            run(statement.format(schema=schema))
        run(f"SET LOCAL search_path TO pg_temp, {schema}")
        return TsVectors(self._connection, prepared.totals)

    def _totals(self) -> Totals:
        if self._selected is not None:
            return self._selected
        self.settle()
        return Totals(*map(int, self._connection.execute(sa.select(totals.c.passages, totals.c.words)).one()))

    def _count(self, match: str) -> int:
        query = sa.select(sa.func.count()).select_from(terms).where(_matches(match))
        return int(self._connection.scalar(query) or 0)


class _Changes:
    """What was put and dropped: numbers of passages, of words, and of the passages that contain each word."""

    def __init__(self) -> None:
        self.terms: Counter[str] = Counter()
        self.words = 0
        self.added = 0
        self.dropped = 0

    @property
    def passages(self) -> int:
        """The number of passages put and dropped."""
        return self.added + self.dropped

    def add(self, counts: Iterable[str], length: int, sign: int) -> None:
        """Note a passage that was put (1) or dropped (-1)."""
        for term in counts:
            self.terms[term] += sign
        self.words += sign * length
        self.added += sign > 0
        self.dropped += sign < 0

    def merge(self, other: "_Changes") -> None:
        """Add other changes."""
        for term, number in other.terms.items():
            self.terms[term] += number
        self.words += other.words
        self.added += other.added
        self.dropped += other.dropped


def _weighed(fields: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return how often each word occurs, by the weights of the fields."""
    counts: dict[str, float] = {}
    for words, weight in zip(fields, FIELD_WEIGHTS, strict=True):
        for word in words:
            counts[word] = counts.get(word, 0.0) + weight
    return counts


def _tsvector(fields: Sequence[Sequence[str]]) -> str:
    """Return the words as PostgreSQL reads a tsvector; no word stands right after one of another field."""
    places: dict[str, list[str]] = {}
    position = 0
    for words, label in zip(fields, _LABELS, strict=True):
        for word in words:
            position += 1
            places.setdefault(word, []).append(f"{min(position, LAST_POSITION)}{label}")
        position += 1
    return " ".join(f"{_quoted(word)}:{','.join(each)}" for word, each in places.items())


def _matches(query: str) -> sa.ColumnElement[bool]:
    return terms.c.words.bool_op("@@")(sa.cast(query, postgresql.TSQUERY))


def _phrase(stems: str) -> str:
    """Return a query for words side by side."""
    return "(" + " <-> ".join(map(_quoted, stems.split())) + ")"


def _quoted(word: str) -> str:
    """Return a word as a tsvector and a tsquery write it."""
    return "'" + _lexeme(word).replace("\\", "\\\\").replace("'", "''") + "'"


def _lexeme(word: str) -> str:
    """Return a word, or what stands for it if it is too long."""
    encoded = word.encode()
    return word if len(encoded) <= LONGEST_LEXEME else hashlib.sha256(encoded).hexdigest()
