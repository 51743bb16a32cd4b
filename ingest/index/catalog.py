"""The catalog, the index's source of truth: documents, passages, terms and runs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import Connection

from ingest.errors import IndexMissing, IndexStale
from ingest.index.draft import Draft
from ingest.index.postgresql import database
from ingest.index.snapshot import Snapshot
from ingest.index.sqlite import SQLite
from ingest.index.tables import SCHEMA_VERSION

__all__ = ["Catalog", "Draft", "Snapshot", "present"]


class Database(Protocol):
    """The engine that holds a catalog's tables; what it reports is raised as the errors of an index."""

    def present(self) -> bool:
        """Return whether there is a catalog, though perhaps nothing in it."""

    def create(self) -> None:
        """Create the catalog if it is missing."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Return a transaction that sees one state of the catalog."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Return a transaction that is committed at its end, or rolled back on an exception."""

    def close(self) -> None:
        """Close what was opened."""


class Catalog:
    """The catalog of an index: snapshots for readers, drafts for the single writer."""

    def __init__(self, data_dir: Path, *, create: bool = False) -> None:
        """Open the catalog of an index, or create it.

        Raises:
            IndexMissing: the catalog does not exist and `create` is false.
            IndexUnreadable: its folder or its server is not accessible.
            IndexUnwritable: it cannot be created.
        """
        self._data_dir = data_dir
        self._database = _database(data_dir)
        if create:
            self._database.create()
        elif not self._database.present():
            raise _missing(data_dir)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Yield a snapshot of the last finished run.

        Raises:
            IndexMissing: no run has finished yet.
            IndexStale: the index was built by another version of the program.
            IndexUnreadable: it is damaged, or its folder or its server is not accessible.
        """
        with self._database.reading() as connection:
            snapshot = Snapshot(connection)
            if snapshot.run() == 0:
                raise _missing(self._data_dir)
            if snapshot.meta("schema") != SCHEMA_VERSION:
                where = str(self._data_dir)
                raise IndexStale("the index was built by another version", where, "run `cited ingest --rebuild`")
            yield snapshot

    @contextmanager
    def write(self) -> Iterator[Draft]:
        """Yield a draft that is committed at the end of the block, or rolled back on an exception.

        Raises:
            IndexUnwritable: the disk is full, or the file or the server is not writable.
            IndexUnreadable: the file is damaged.
        """
        with self._database.writing() as connection:
            draft = Draft(connection)
            yield draft
            draft.settle()

    def close(self) -> None:
        """Close the catalog."""
        self._database.close()


def present(data_dir: Path) -> bool:
    """Return whether there is a catalog, though perhaps nothing in it.

    Raises:
        IndexUnreadable: its folder or its server is not accessible.
    """
    return _database(data_dir).present()


def _database(data_dir: Path) -> Database:
    return database(data_dir) or SQLite(data_dir)


def _missing(data_dir: Path) -> IndexMissing:
    return IndexMissing("nothing has been ingested here yet", str(data_dir), "run `cited ingest FOLDER`")
