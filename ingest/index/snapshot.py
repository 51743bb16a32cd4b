"""One finished run of the index, read in one transaction."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.index import tables
from ingest.index.fts5 import Fts5
from ingest.index.lexicon import FullText, Lexicon, batches
from ingest.models.encoder import EncoderIdentity
from ingest.schema import (
    EVERYTHING,
    Block,
    Change,
    CorpusDescription,
    Document,
    Heading,
    Passage,
    Place,
    RunRecord,
    Selection,
    place_id,
)
from ingest.text.sentences import starts_item

LONGEST_MARK = 40  # characters of a list mark with the spaces around it

_PASSAGE_COLUMNS = (*tables.passages.c, tables.documents.c.source, tables.documents.c.title, tables.roots.c.path)
_PASSAGE_JOIN = tables.passages.join(tables.documents).join(tables.roots)


def named(places: Sequence[Place]) -> tuple[str, ...]:
    """Return the sources of the places, with the root added if several roots contain the source."""
    sources = Counter(source for _, source in places)
    return tuple(source if sources[source] == 1 else f"{source} in {root}" for root, source in places)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """The place and hash of an indexed document, and the version of the readers that read it."""

    root: str
    source: str
    sha: str
    readers: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A document without its text: place, title, size, the run that read it, and its note."""

    root: str
    source: str
    title: str
    passages: int
    characters: int
    run: int
    note: str


class Snapshot(Lexicon):
    """The last finished run, read in one transaction, so that later runs are invisible.

    `within` is the selection that holds all of its documents and passages.
    """

    def __init__(
        self, connection: Connection, full_text: FullText | None = None, within: Selection = EVERYTHING
    ) -> None:
        """Read from a connection; `full_text` is the index of its words, by default that of the whole catalog."""
        self._on_server = connection.dialect.name == "postgresql"
        super().__init__(connection, full_text or (_tsvectors(connection) if self._on_server else Fts5(connection)))
        self.within = within

    def prepared(self, documents: Collection[int], passages: Collection[int]) -> object:
        """Return what `limited` needs for a selection: its documents, and all of their passages, by row id."""
        return self._full_text.prepared(documents, passages)

    def limited(self, within: Selection, prepared: object) -> "Snapshot":
        """Return the snapshot of a selection, as `prepared` for it; this one must not be used any more."""
        return Snapshot(self._connection, self._full_text.limited(prepared), within)

    def run(self) -> int:
        """Return the number of the last finished run; 0 before the first."""
        return int(self._connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.runs.c.id), 0))) or 0)

    def meta(self, key: str) -> str | None:
        """Return a stored value about the index, or None."""
        return self._connection.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.key == key))

    def encoder(self) -> EncoderIdentity | None:
        """Return the encoder of the index; None before the first run."""
        stored = self.meta("encoder")
        return EncoderIdentity(**json.loads(stored)) if stored else None

    def roots(self) -> dict[str, int]:
        """Return the paths of the roots and their row ids, in the order of their first ingest."""
        return {
            row.path: row.id for row in self._connection.execute(sa.select(tables.roots).order_by(tables.roots.c.id))
        }

    def description(self) -> CorpusDescription:
        """Return what the roots say of themselves: all notices and questions; name and description of an only root."""
        columns = tables.roots.c
        rows = list(self._connection.execute(sa.select(columns.path, columns.description).order_by(columns.id)))
        only = rows[0].description if len(rows) == 1 else {}
        questions = (question for row in rows for question in row.description.get("questions", ()))
        return CorpusDescription(
            name=only.get("name", ""),
            description=only.get("description", ""),
            questions=tuple(dict.fromkeys(questions)),
            notices=tuple((row.path, row.description["notice"]) for row in rows if row.description.get("notice")),
        )

    def counts(self) -> tuple[int, int]:
        """Return the number of documents and of passages."""
        documents = self._connection.scalar(sa.select(sa.func.count()).select_from(tables.documents))
        return int(documents or 0), self._full_text.passages()

    def languages(self) -> dict[str, int]:
        """Return the characters of text in each language, most first; "" is text whose language is unknown."""
        columns = tables.documents.c
        characters = sa.func.sum(columns.characters)
        query = sa.select(columns.language, characters).group_by(columns.language)
        found = self._connection.execute(query.order_by(characters.desc(), columns.language))
        return {language: int(count) for language, count in found}

    def sources(self) -> frozenset[str]:
        """Return the sources of all documents."""
        return frozenset(self._connection.scalars(sa.select(tables.documents.c.source)))

    def roots_of(self, source: str) -> list[str]:
        """Return the paths of the roots that contain a source, in the order of their first ingest."""
        query = sa.select(tables.roots.c.path).select_from(tables.documents.join(tables.roots))
        found = self._connection.scalars(query.where(tables.documents.c.source == source).order_by(tables.roots.c.id))
        return list(found)

    def stored(self, root: str) -> dict[str, StoredDocument]:
        """Return the documents of a root by source."""
        columns = tables.documents.c
        query = sa.select(columns.source, columns.sha, columns.readers).select_from(tables.documents.join(tables.roots))
        rows = self._connection.execute(query.where(tables.roots.c.path == root).order_by(columns.source))
        return {row.source: StoredDocument(root, row.source, row.sha, row.readers) for row in rows}

    def duplicates(self) -> list[tuple[Place, ...]]:
        """Return groups of places whose documents have the same text, ignoring white space."""
        columns = tables.documents.c
        twice = sa.select(columns.text_sha).group_by(columns.text_sha).having(sa.func.count() > 1)
        query = (
            sa.select(columns.text_sha, tables.roots.c.path, columns.source)
            .select_from(tables.documents.join(tables.roots))
            .where(columns.text_sha.in_(twice))
            .order_by(tables.roots.c.id, columns.source)
        )
        found: dict[str, list[Place]] = {}
        for sha, path, source in self._connection.execute(query):
            found.setdefault(sha, []).append((path, source))
        return [tuple(places) for places in found.values()]

    def failures(self) -> dict[Place, tuple[str, int]]:
        """Return the places that cannot be read, each with the reason and the first run that failed."""
        query = sa.select(tables.roots.c.path, tables.failures).select_from(tables.failures.join(tables.roots))
        rows = self._connection.execute(query.order_by(tables.roots.c.id, tables.failures.c.source))
        return {(row.path, row.source): (row.reason, row.run) for row in rows}

    def summaries(self) -> list[Summary]:
        """Return a summary of each document, ordered by root and source."""
        columns = tables.documents.c
        passages = sa.select(sa.func.count()).where(tables.passages.c.document == columns.id).scalar_subquery()
        query = (
            sa.select(tables.roots.c.path, columns.source, columns.title, passages, columns.characters, columns.run)
            .add_columns(columns.note)
            .select_from(tables.documents.join(tables.roots))
            .order_by(tables.roots.c.id, columns.source)
        )
        return [Summary(*row) for row in self._connection.execute(query)]

    def titled(self) -> list[tuple[Place, str, tuple[str, ...]]]:
        """Return the place, title and headings of each document, ordered by root and source."""
        columns = tables.documents.c
        query = sa.select(tables.roots.c.path, columns.source, columns.title, columns.headings)
        rows = self._connection.execute(
            query.select_from(tables.documents.join(tables.roots)).order_by(tables.roots.c.id, columns.source)
        )
        return [
            ((row.path, row.source), row.title, tuple(Heading(*each).title for each in row.headings)) for row in rows
        ]

    def titles(self) -> list[tuple[int, Place, str]]:
        """Return the row id, place and title of each document, ordered by root and source."""
        columns = tables.documents.c
        query = sa.select(columns.id, tables.roots.c.path, columns.source, columns.title)
        query = query.select_from(tables.documents.join(tables.roots)).order_by(tables.roots.c.id, columns.source)
        return [(row.id, (row.path, row.source), row.title) for row in self._connection.execute(query)]

    def document_runs(self) -> dict[int, int]:
        """Return the run that read each document, by row id."""
        rows = self._connection.execute(sa.select(tables.documents.c.id, tables.documents.c.run))
        return {row.id: row.run for row in rows}

    def passage_keys(self, documents: Iterable[int]) -> dict[int, str]:
        """Return the row ids of the documents' passages, ascending, each with the id of its vector."""
        columns, found = tables.passages.c, dict[int, str]()
        for batch in batches(documents):
            rows = self._connection.execute(sa.select(columns.id, columns.sha).where(columns.document.in_(batch)))
            found.update((row.id, row.sha) for row in rows)
        return dict(sorted(found.items()))

    def run_times(self) -> dict[int, datetime]:
        """Return when each run finished."""
        rows = self._connection.execute(sa.select(tables.runs.c.id, tables.runs.c.finished))
        return {row.id: datetime.fromisoformat(row.finished) for row in rows}

    def runs(self, limit: int) -> list[RunRecord]:
        """Return the last `limit` runs, newest first."""
        query = sa.select(tables.runs).order_by(tables.runs.c.id.desc()).limit(limit)
        return [
            RunRecord(
                number=row.id,
                started=datetime.fromisoformat(row.started),
                finished=datetime.fromisoformat(row.finished),
                counts=row.counts,
                changes=tuple(Change(*change) for change in row.changes),
            )
            for row in self._connection.execute(query)
        ]

    def document(self, root: str, source: str) -> Document | None:
        """Return the document at a place, or None."""
        query = sa.select(tables.documents).select_from(tables.documents.join(tables.roots))
        row = self._connection.execute(
            query.where(tables.roots.c.path == root, tables.documents.c.source == source)
        ).first()
        return None if row is None else _document(row)

    def holding(self, text: str) -> list[Place]:
        """Return the places of the documents that contain exactly this text, ordered by root and source."""
        position = sa.func.strpos if self._on_server else sa.func.instr
        query = (
            sa.select(tables.roots.c.path, tables.documents.c.source)
            .select_from(tables.documents.join(tables.roots))
            .where(position(tables.documents.c.text, text) > 0)
            .order_by(tables.roots.c.id, tables.documents.c.source)
        )
        return [(row.path, row.source) for row in self._connection.execute(query)]

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by row id; unknown ids are omitted."""
        return {row.id: _passage(row) for row in self._passage_rows(tables.passages.c.id, keys)}

    def around(self, passage: Passage, reach: int) -> list[Passage]:
        """Return a passage and up to `reach` passages on each side in its document, in order."""
        columns = tables.passages.c
        key, document = self._connection.execute(
            sa.select(columns.id, columns.document).where(columns.place == passage.id)
        ).one()
        of_document = sa.select(columns.id).where(columns.document == document)
        before = of_document.where(columns.id < key).order_by(columns.id.desc()).limit(reach)
        after = of_document.where(columns.id > key).order_by(columns.id).limit(reach)
        keys = [key, *self._connection.scalars(before), *self._connection.scalars(after)]
        return [each for _, each in sorted(self.passages(keys).items())]

    def overlapping(self, root: str, source: str, start: int, end: int) -> list[Passage]:
        """Return the passages that overlap a span of a document, in order."""
        columns = tables.passages.c
        query = sa.select(*_PASSAGE_COLUMNS).select_from(_PASSAGE_JOIN).order_by(columns.start)
        query = query.where(tables.roots.c.path == root, tables.documents.c.source == source)
        return [
            _passage(row) for row in self._connection.execute(query.where(columns.start < end, columns.end > start))
        ]

    def joined(self, parts: Sequence[Passage]) -> Passage:
        """Join adjacent passages of a document into one, including the text between them.

        The result has no vector of its own; its `sha` is that of the first part.
        """
        first, start, end = parts[0], parts[0].start, parts[-1].end
        if len(parts) == 1:
            return first
        text = sa.func.substr(tables.documents.c.text, start + 1, end - start)
        query = sa.select(text, tables.documents.c.sha).select_from(tables.documents.join(tables.roots))
        place = query.where(tables.roots.c.path == first.root, tables.documents.c.source == first.source)
        cut, sha = self._connection.execute(place).one()
        return replace(
            first,
            id=place_id(first.root, first.source, (start, end), sha),
            start=start,
            end=end,
            text=cut,
            sentences=tuple(span for part in parts for span in part.sentences),
            recognised=any(part.recognised for part in parts),
        )

    def with_mark(self, passage: Passage) -> Passage:
        """Return a passage with the list mark before it on its line, if there is one."""
        mark = self.before(passage, LONGEST_MARK).rpartition("\n")[2]
        if len(mark.split()) != 1 or not starts_item(mark):
            return passage
        return replace(passage, start=passage.start - len(mark), text=mark + passage.text)

    def before(self, passage: Passage, most: int) -> str:
        """Return the characters of a document before a passage, at most so many."""
        begin = max(passage.start - most, 0)
        part = sa.func.substr(tables.documents.c.text, begin + 1, passage.start - begin)
        query = sa.select(part).select_from(tables.documents.join(tables.roots))
        place = query.where(tables.roots.c.path == passage.root, tables.documents.c.source == passage.source)
        return str(self._connection.execute(place).scalar_one())

    def keys_of(self, shas: Sequence[str]) -> dict[str, list[int]]:
        """Return the row ids of each vector's passages, ascending; unknown vectors are omitted."""
        found: dict[str, list[int]] = {}
        for batch in batches(shas):
            columns = tables.passages.c
            query = sa.select(columns.sha, columns.id).where(columns.sha.in_(batch)).order_by(columns.id)
            for sha, key in self._connection.execute(query):
                found.setdefault(sha, []).append(key)
        return found

    def shas(self) -> set[str]:
        """Return the ids of all vectors in the catalog."""
        return set(self._connection.scalars(sa.select(tables.passages.c.sha).distinct()))

    def vector_count(self) -> int:
        """Return the number of vectors in the catalog."""
        return int(self._connection.scalar(sa.select(sa.func.count(tables.passages.c.sha.distinct()))) or 0)

    def unknown(self, shas: Iterable[str]) -> Iterator[str]:
        """Yield the vectors that are not in the catalog."""
        for batch in batches(shas):
            query = sa.select(tables.passages.c.sha).where(tables.passages.c.sha.in_(batch))
            yield from sorted(set(batch) - set(self._connection.scalars(query)))

    def faults(self) -> list[str]:
        """Return the inconsistencies: from SQLite's own check, and passages that differ from their document."""
        checked = () if self._on_server else self._connection.execute(sa.text("PRAGMA quick_check"))
        faults = [str(row[0]) for row in checked if row[0] != "ok"]
        columns = tables.passages.c
        query = sa.select(columns.start, columns.end, columns.text).order_by(columns.id)
        texts = sa.select(tables.documents.c.id, tables.documents.c.source, tables.documents.c.text)
        for document in self._connection.execute(texts.execution_options(yield_per=1)):
            for row in self._connection.execute(query.where(columns.document == document.id)):
                if document.text[row.start : row.end] != row.text:
                    faults.append(f"{document.source}, characters {row.start}-{row.end}")
        return faults

    def _passage_rows(self, column: "sa.Column[int]", keys: Sequence[int]) -> Iterator["sa.Row[Any]"]:
        for batch in batches(keys):
            yield from self._connection.execute(
                sa.select(*_PASSAGE_COLUMNS).select_from(_PASSAGE_JOIN).where(column.in_(batch)).order_by(column)
            )


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
        encoding=row.encoding,
        note=row.note,
        language=row.language,
        ocr_pages=tuple(row.ocr_pages),
        word_boxes=bytes(row.word_boxes or b""),
        readers=row.readers,
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
        recognised=row.recognised,
    )


def _tsvectors(connection: Connection) -> FullText:
    from ingest.index.tsvectors import TsVectors

    return TsVectors(connection)
