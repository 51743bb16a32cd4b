"""The truth about the index: documents, passages, words and runs, in SQLite."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest import chunk
from ingest.encoder import EncoderIdentity
from ingest.errors import IndexMissing, IndexStale
from ingest.schema import Block, CorpusDescription, Document, Heading, Passage
from ingest.terms import stems

SCHEMA_VERSION = f"1.{chunk.VERSION}"
FILE_NAME = "catalog.sqlite"
AT_ONCE = 900  # values in one IN list; SQLite's oldest limit is 999 parameters

# Weights of title, headings and text in bm25. See tests/bench/RESULTS.md.
FIELD_WEIGHTS = (1.0, 1.0, 1.0)

_tables = sa.MetaData()
_meta = sa.Table("meta", _tables, sa.Column("key", sa.String, primary_key=True), sa.Column("value", sa.String))
_roots = sa.Table(
    "roots",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("path", sa.String, unique=True, nullable=False),
    sa.Column("description", sa.JSON, nullable=False),
)
_documents = sa.Table(
    "documents",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("root", sa.ForeignKey("roots.id"), nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("url", sa.String),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("sha", sa.String, nullable=False),
    sa.Column("verbatim", sa.Boolean, nullable=False),
    sa.Column("page_starts", sa.JSON, nullable=False),
    sa.Column("headings", sa.JSON, nullable=False),
    sa.Column("blocks", sa.JSON, nullable=False),
    sa.UniqueConstraint("root", "source"),
)
_passages = sa.Table(
    "passages",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("document", sa.ForeignKey("documents.id"), nullable=False, index=True),
    sa.Column("place", sa.String, unique=True, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("heading", sa.JSON, nullable=False),
    sa.Column("sentences", sa.JSON, nullable=False),
    sa.Column("sha", sa.String, nullable=False, index=True),
)
_runs = sa.Table(
    "runs",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("started", sa.String, nullable=False),
    sa.Column("finished", sa.String, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
)
# Words are analysed by ingest.terms, so FTS5 has only to split them at spaces again.
_TERM_TABLES = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS terms USING fts5"
    "(title, heading, body, tokenize = \"unicode61 remove_diacritics 0 tokenchars '.,_'\")",
    "CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab('terms', 'row')",
)

_PASSAGE_COLUMNS = (*_passages.c, _documents.c.source, _documents.c.title, _roots.c.path)
_PASSAGE_JOIN = _passages.join(_documents).join(_roots)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What a run needs to know of a document that is indexed: its row, place and hash."""

    id: int
    source: str
    sha: str


class Snapshot:
    """The last finished run, read in one transaction: later runs do not show in it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self) -> int:
        """Return the number of the last finished run; 0 before the first."""
        return int(self._connection.scalar(sa.select(sa.func.coalesce(sa.func.max(_runs.c.id), 0))) or 0)

    def meta(self, key: str) -> str | None:
        """Return a stored fact about the index."""
        return self._connection.scalar(sa.select(_meta.c.value).where(_meta.c.key == key))

    def encoder(self) -> EncoderIdentity | None:
        """Return the encoder that the index was made with; None before the first run."""
        stored = self.meta("encoder")
        return EncoderIdentity(**json.loads(stored)) if stored else None

    def roots(self) -> dict[str, int]:
        """Return the paths of the roots with their row numbers, in order of their ingest."""
        return {row.path: row.id for row in self._connection.execute(sa.select(_roots).order_by(_roots.c.id))}

    def description(self) -> CorpusDescription:
        """Return the description of the corpus: the first root's, with the notices and questions of all."""
        rows = self._connection.execute(sa.select(_roots.c.description).order_by(_roots.c.id))
        parts = [CorpusDescription(**{**row[0], "questions": tuple(row[0].get("questions", ()))}) for row in rows]
        return CorpusDescription(
            name=next((p.name for p in parts if p.name), ""),
            description=next((p.description for p in parts if p.description), ""),
            notice=" ".join(dict.fromkeys(p.notice for p in parts if p.notice)),
            questions=tuple(dict.fromkeys(q for p in parts for q in p.questions)),
        )

    def counts(self) -> tuple[int, int]:
        """Return how many documents and how many passages there are."""
        documents = self._connection.scalar(sa.select(sa.func.count()).select_from(_documents))
        passages = self._connection.scalar(sa.select(sa.func.count()).select_from(_passages))
        return int(documents or 0), int(passages or 0)

    def sources(self) -> frozenset[str]:
        """Return the sources of all documents."""
        return frozenset(self._connection.scalars(sa.select(_documents.c.source)))

    def stored(self, root: str) -> dict[str, StoredDocument]:
        """Return the documents of a root by source."""
        query = sa.select(_documents.c.id, _documents.c.source, _documents.c.sha).select_from(_documents.join(_roots))
        rows = self._connection.execute(query.where(_roots.c.path == root))
        return {row.source: StoredDocument(row.id, row.source, row.sha) for row in rows}

    def document(self, root: str, source: str) -> Document | None:
        """Return a document, or None where there is none at this place."""
        query = sa.select(_documents).select_from(_documents.join(_roots))
        row = self._connection.execute(query.where(_roots.c.path == root, _documents.c.source == source)).first()
        return None if row is None else _document(row)

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by row number; unknown numbers are left out."""
        return {row.id: _passage(row) for row in self._passage_rows(_passages.c.id, keys)}

    def keys_of(self, shas: Sequence[str]) -> dict[str, list[int]]:
        """Return for each vector the row numbers of its passages, ascending; unknown vectors are left out."""
        found: dict[str, list[int]] = {}
        for batch in _batches(shas):
            query = (
                sa.select(_passages.c.sha, _passages.c.id).where(_passages.c.sha.in_(batch)).order_by(_passages.c.id)
            )
            for sha, key in self._connection.execute(query):
                found.setdefault(sha, []).append(key)
        return found

    def shas(self) -> set[str]:
        """Return the vectors that the catalog knows."""
        return set(self._connection.scalars(sa.select(_passages.c.sha).distinct()))

    def faults(self) -> list[str]:
        """Return where the catalog contradicts itself: by SQLite's own check, or by a passage's text."""
        faults = [str(row[0]) for row in self._connection.execute(sa.text("PRAGMA quick_check")) if row[0] != "ok"]
        columns = (_documents.c.source, _documents.c.text.label("whole"), _passages.c.start, _passages.c.end)
        rows = self._connection.execute(
            sa.select(*columns, _passages.c.text)
            .select_from(_passages.join(_documents))
            .execution_options(yield_per=500)
        )
        for row in rows:
            if row.whole[row.start : row.end] != row.text:
                faults.append(f"{row.source}, characters {row.start}-{row.end}")
        return faults

    def lexical(self, words: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Return the passages that hold any of the stems: (row number, bm25 > 0), best first, ties by number."""
        return self._bm25(words, "ORDER BY score DESC, rowid LIMIT :limit", {"limit": limit})

    def lexical_of(self, words: Sequence[str], keys: Sequence[int]) -> dict[int, float]:
        """Return the bm25 of the given passages; those that hold none of the stems are left out."""
        scores: dict[int, float] = {}
        for batch in _batches(keys):
            scores.update(self._bm25(words, f"AND rowid IN ({','.join(str(int(key)) for key in batch)})", {}))
        return scores

    def document_frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """Return in how many passages (title and headings included) each stem occurs, 0 where in none."""
        found = dict.fromkeys(words, 0)
        for batch in _batches(list(found)):
            query = sa.text("SELECT term, doc FROM vocabulary WHERE term IN :words").bindparams(
                sa.bindparam("words", expanding=True)
            )
            found.update({row.term: int(row.doc) for row in self._connection.execute(query, {"words": batch})})
        return found

    def _bm25(self, words: Sequence[str], rest: str, values: dict[str, int]) -> list[tuple[int, float]]:
        if not words:
            return []
        weights = ", ".join(str(weight) for weight in FIELD_WEIGHTS)
        match = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        query = sa.text(f"SELECT rowid, -bm25(terms, {weights}) AS score FROM terms WHERE terms MATCH :match {rest}")
        return [(int(r.rowid), float(r.score)) for r in self._connection.execute(query, {"match": match, **values})]

    def _passage_rows(self, column: "sa.Column[int]", keys: Sequence[int]) -> Iterator["sa.Row[Any]"]:
        for batch in _batches(keys):
            yield from self._connection.execute(
                sa.select(*_PASSAGE_COLUMNS).select_from(_PASSAGE_JOIN).where(column.in_(batch))
            )


class Draft(Snapshot):
    """A run being written: all of it shows at once when it is committed, or never."""

    def set_meta(self, key: str, value: str) -> None:
        """Store a fact about the index."""
        self._connection.execute(sa.delete(_meta).where(_meta.c.key == key))
        self._connection.execute(sa.insert(_meta).values(key=key, value=value))

    def set_encoder(self, identity: EncoderIdentity) -> None:
        """Store which encoder the index is made with, and the schema's version."""
        self.set_meta("encoder", json.dumps(asdict(identity)))
        self.set_meta("schema", SCHEMA_VERSION)

    def put_root(self, path: str, description: CorpusDescription) -> None:
        """Add a root, or renew its description."""
        values = {"description": asdict(description)}
        if path in self.roots():
            self._connection.execute(sa.update(_roots).where(_roots.c.path == path).values(values))
        else:
            self._connection.execute(sa.insert(_roots).values(path=path, **values))

    def drop_root(self, path: str) -> None:
        """Remove a root with its documents."""
        for source in self.stored(path):
            self.drop_document(path, source)
        self._connection.execute(sa.delete(_roots).where(_roots.c.path == path))

    def put_document(self, root: str, document: Document, passages: Iterable[Passage]) -> None:
        """Add a document with its passages, in the place of the one that stood there."""
        self.drop_document(root, document.source)
        values: dict[str, object] = {
            "root": self.roots()[root],
            "source": document.source,
            "title": document.title,
            "url": document.url,
            "text": document.text,
            "sha": document.sha,
            "verbatim": document.verbatim,
            "page_starts": list(document.page_starts),
            "headings": [[h.level, h.title, h.start, h.end] for h in document.headings],
            "blocks": [[b.start, b.end, b.apart] for b in document.blocks],
        }
        key = self._insert(_documents, values)
        for passage in passages:
            self._put_passage(key, document, passage)

    def _put_passage(self, document_key: int, document: Document, passage: Passage) -> None:
        values: dict[str, object] = {
            "document": document_key,
            "place": passage.id,
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,
            "page": passage.page,
            "heading": list(passage.heading),
            "sentences": [list(span) for span in passage.sentences],
            "sha": passage.sha,
        }
        key = self._insert(_passages, values)
        self._connection.execute(
            sa.text("INSERT INTO terms (rowid, title, heading, body) VALUES (:key, :title, :heading, :body)"),
            {
                "key": key,
                "title": stems(document.title),
                "heading": stems(" ".join(passage.heading)),
                "body": stems(passage.text),
            },
        )

    def drop_document(self, root: str, source: str) -> None:
        """Remove a document with its passages; one that is not there is passed over."""
        query = sa.select(_documents.c.id).select_from(_documents.join(_roots))
        key = self._connection.scalar(query.where(_roots.c.path == root, _documents.c.source == source))
        if key is not None:
            passages = sa.text("DELETE FROM terms WHERE rowid IN (SELECT id FROM passages WHERE document = :key)")
            self._connection.execute(passages, {"key": key})
            self._connection.execute(sa.delete(_passages).where(_passages.c.document == key))
            self._connection.execute(sa.delete(_documents).where(_documents.c.id == key))

    def _insert(self, table: sa.Table, values: dict[str, object]) -> int:
        return int(self._connection.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one())

    def finish(self, started: datetime, counts: dict[str, int]) -> int:
        """Record the run and return its number."""
        now = datetime.now(UTC).isoformat()
        return self._insert(_runs, {"started": started.isoformat(), "finished": now, "counts": counts})


class Catalog:
    """The catalog's file: snapshots for readers, drafts for the one writer."""

    def __init__(self, data_dir: Path, *, create: bool = False) -> None:
        """Open the catalog of an index, or make it.

        Raises:
            IndexMissing: there is none and `create` is false.
            IndexStale: it was written by another version of the program.
        """
        path = data_dir / FILE_NAME
        if not create and not path.is_file():
            raise _missing(data_dir)
        data_dir.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool, connect_args={"timeout": 30})
        sa.event.listen(self._engine, "connect", _on_connect)
        sa.event.listen(self._engine, "begin", _on_begin)
        if create:
            with self._engine.connect().execution_options(begin="IMMEDIATE") as connection, connection.begin():
                _tables.create_all(connection)
                for statement in _TERM_TABLES:
                    connection.execute(sa.text(statement))
        self._path = path

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Give a snapshot of the last finished run.

        Raises:
            IndexMissing: no run was ever finished.
            IndexStale: the index was written by another version of the program.
        """
        with self._engine.connect() as connection, connection.begin():
            snapshot = Snapshot(connection)
            if not sa.inspect(connection).has_table("runs") or snapshot.run() == 0:
                raise _missing(self._path.parent)
            if snapshot.meta("schema") != SCHEMA_VERSION:
                where = str(self._path.parent)
                raise IndexStale("the index was made by another version", where, "run `cited ingest --rebuild`")
            yield snapshot

    @contextmanager
    def write(self) -> Iterator[Draft]:
        """Give a draft, committed when the block ends, undone when it raises."""
        with self._engine.connect().execution_options(begin="IMMEDIATE") as connection, connection.begin():
            yield Draft(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _missing(data_dir: Path) -> IndexMissing:
    return IndexMissing("nothing was ingested here yet", str(data_dir), "run `cited ingest FOLDER`")


def _on_connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event signature
    connection.isolation_level = None  # transactions are begun by _on_begin, so that readers get snapshots
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")


def _batches(values: Sequence[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(values), AT_ONCE):
        yield list(values[at : at + AT_ONCE])


def _document(row: "sa.Row[Any]") -> Document:
    return Document(
        source=row.source,
        title=row.title,
        url=row.url,
        text=row.text,
        sha=row.sha,
        page_starts=tuple(row.page_starts),
        headings=tuple(Heading(*values) for values in row.headings),
        blocks=tuple(Block(*values) for values in row.blocks),
        verbatim=row.verbatim,
    )


def _passage(row: "sa.Row[Any]") -> Passage:
    return Passage(
        id=row.place,
        root=row.path,
        source=row.source,
        start=row.start,
        end=row.end,
        text=row.text,
        page=row.page,
        heading=tuple(row.heading),
        sentences=tuple((start, end) for start, end in row.sentences),
        sha=row.sha,
        title=row.title,
    )
