"""The run being written; its changes become visible together on commit, or not at all."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple
from datetime import UTC, datetime

import sqlalchemy as sa

from ingest.index import tables
from ingest.index.snapshot import Snapshot
from ingest.index.tables import SCHEMA_VERSION
from ingest.models.encoder import EncoderIdentity
from ingest.schema import Change, CorpusDescription, Document, Passage, place_id
from ingest.text.terms import stems

MAX_CHANGES = 1_000  # stored per run; the counts cover all of them


class Draft(Snapshot):
    """The run being written; its changes become visible together on commit, or not at all."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Roll back only what the block wrote if it raises."""
        with self._full_text.savepoint(), self._connection.begin_nested():
            yield

    def settle(self) -> None:
        """Make what was written ready to be searched, before it is committed."""
        self._full_text.settle()

    def set_meta(self, key: str, value: str) -> None:
        """Store a value about the index."""
        self._connection.execute(sa.delete(tables.meta).where(tables.meta.c.key == key))
        self._connection.execute(sa.insert(tables.meta).values(key=key, value=value))

    def set_encoder(self, identity: EncoderIdentity) -> None:
        """Store the encoder of the index and the schema version."""
        self.set_meta("encoder", json.dumps(asdict(identity)))
        self.set_meta("schema", SCHEMA_VERSION)

    def put_root(self, path: str, description: CorpusDescription) -> None:
        """Add a root or update its description."""
        values = {"description": asdict(description)}
        if path in self.roots():
            self._connection.execute(sa.update(tables.roots).where(tables.roots.c.path == path).values(values))
        else:
            self._connection.execute(sa.insert(tables.roots).values(path=path, **values))

    def drop_root(self, path: str) -> None:
        """Remove a root and its documents."""
        for source in self.stored(path):
            self.drop_document(path, source)
        self._connection.execute(sa.delete(tables.failures).where(tables.failures.c.root == self.roots()[path]))
        self._connection.execute(sa.delete(tables.roots).where(tables.roots.c.path == path))

    def put_document(self, root: str, document: Document, passages: Sequence[Passage]) -> None:
        """Add a document and its passages, replacing any document at the same place."""
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
            "blocks": [[b.start, b.end, b.apart, b.kind] for b in document.blocks],
            "encoding": document.encoding,
            "note": document.note,
            "language": document.language,
            "ocr_pages": list(document.ocr_pages),
            "word_boxes": document.word_boxes,
            "readers": document.readers,
            "text_sha": hashlib.sha256(" ".join(document.text.split()).encode()).hexdigest(),
            "characters": len(document.text),
            "run": self.run() + 1,
        }
        key = self._insert(tables.documents, values)
        if passages:
            self._put_passages(key, document, passages)

    def _put_passages(self, document_key: int, document: Document, passages: Sequence[Passage]) -> None:
        rows = [
            {
                "document": document_key,
                "place": passage.id,
                "start": passage.start,
                "end": passage.end,
                "text": passage.text,
                "page": passage.page,
                "heading": list(passage.heading),
                "sentences": [list(span) for span in passage.sentences],
                "sha": passage.sha,
                "recognised": passage.recognised,
            }
            for passage in passages
        ]
        query = sa.insert(tables.passages).returning(tables.passages.c.id, sort_by_parameter_order=True)
        title = stems(document.title, document.language)
        words = (
            (title, stems(" ".join(passage.heading), document.language), stems(passage.text, document.language))
            for passage in passages
        )
        self._full_text.put(dict(zip(self._connection.scalars(query, rows), words, strict=True)))

    def drop_document(self, root: str, source: str) -> None:
        """Remove a document and its passages, if it exists."""
        query = sa.select(tables.documents.c.id).select_from(tables.documents.join(tables.roots))
        key = self._connection.scalar(query.where(tables.roots.c.path == root, tables.documents.c.source == source))
        if key is not None:
            self._full_text.drop(key)
            self._connection.execute(sa.delete(tables.passages).where(tables.passages.c.document == key))
            self._connection.execute(sa.delete(tables.documents).where(tables.documents.c.id == key))

    def move_document(self, old: tuple[str, str], new: tuple[str, str]) -> None:
        """Move a document and its passages to another (root, source); the new root must exist."""
        query = sa.select(tables.documents.c.id, tables.documents.c.sha).select_from(
            tables.documents.join(tables.roots)
        )
        row = self._connection.execute(query.where(tables.roots.c.path == old[0], tables.documents.c.source == old[1]))
        key, sha = row.one()
        moved = sa.update(tables.documents).where(tables.documents.c.id == key)
        self._connection.execute(moved.values(root=self.roots()[new[0]], source=new[1]))
        self._replace_places(key, *new, sha)

    def move_root(self, old: str, new: str) -> None:
        """Give a root with its documents another path, which must not be a root yet."""
        key = self.roots()[old]
        self._connection.execute(sa.update(tables.roots).where(tables.roots.c.id == key).values(path=new))
        columns = (tables.documents.c.id, tables.documents.c.source, tables.documents.c.sha)
        for document in self._connection.execute(sa.select(*columns).where(tables.documents.c.root == key)).all():
            self._replace_places(document.id, new, document.source, document.sha)

    def _replace_places(self, document_key: int, root: str, source: str, sha: str) -> None:
        """Store the passages' ids for the place of their document, which has moved."""
        columns = (tables.passages.c.id, tables.passages.c.start, tables.passages.c.end)
        query = sa.select(*columns).where(tables.passages.c.document == document_key)
        for passage in self._connection.execute(query).all():
            place = place_id(root, source, (passage.start, passage.end), sha)
            query_one = sa.update(tables.passages).where(tables.passages.c.id == passage.id)
            self._connection.execute(query_one.values(place=place))

    def _insert(self, table: sa.Table, values: Mapping[str, object]) -> int:
        return int(self._connection.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one())

    def put_failures(self, root: str, failures: Mapping[str, str], *, checked: Callable[[str], bool]) -> None:
        """Store the failures of a root (source to reason), replacing those of all sources that were checked."""
        key, since = self.roots()[root], self.failures()
        former = sa.select(tables.failures.c.source).where(tables.failures.c.root == key)
        for source in [name for name in self._connection.scalars(former) if name in failures or checked(name)]:
            query = sa.delete(tables.failures).where(tables.failures.c.root == key, tables.failures.c.source == source)
            self._connection.execute(query)
        for source, reason in failures.items():
            run = since.get((root, source), ("", self.run() + 1))[1]
            values = {"root": key, "source": source, "reason": reason, "run": run}
            self._connection.execute(sa.insert(tables.failures).values(values))

    def finish(
        self,
        started: datetime,
        counts: Mapping[str, int],
        changes: Sequence[Change] = (),
        *,
        number: int | None = None,
    ) -> int:
        """Record the run with up to `MAX_CHANGES` changes and return its number: the next one, or that given."""
        now = datetime.now(UTC).isoformat()
        listed = [list(astuple(change)) for change in changes[:MAX_CHANGES]]
        values: dict[str, object] = {
            "id": number or self.run() + 1,
            "started": started.isoformat(),
            "finished": now,
            "counts": dict(counts),
            "changes": listed,
        }
        return self._insert(tables.runs, values)

    def upgrade(self) -> None:
        """Upgrade the tables of an index of another version; every document must then be put again."""
        if self._on_server:
            self._full_text.clear()
            self._connection.execute(sa.delete(tables.passages))
        else:
            tables.upgrade(self._connection)
