"""The catalog, the index's source of truth in SQLite: documents, passages, terms and runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.errors import IndexMissing, IndexStale, IndexUnreadable, IndexUnwritable
from ingest.index import tables
from ingest.index.draft import Draft
from ingest.index.snapshot import Snapshot
from ingest.index.tables import SCHEMA_VERSION

__all__ = ["Catalog", "Draft", "Snapshot"]

FILE_NAME = "catalog.sqlite"


class Catalog:
    """The catalog file: snapshots for readers, drafts for the single writer."""

    def __init__(self, data_dir: Path, *, create: bool = False) -> None:
        """Open the catalog of an index, or create it.

        Raises:
            IndexMissing: the catalog does not exist and `create` is false.
            IndexUnreadable: its folder is not accessible.
            IndexUnwritable: it cannot be created.
        """
        path = data_dir / FILE_NAME
        try:
            if not create and not path.is_file():
                raise _missing(data_dir)
        except OSError as error:
            raise _unreadable(error.strerror or type(error).__name__, path) from error
        data_dir.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool, connect_args={"timeout": 30})
        sa.event.listen(self._engine, "connect", _on_connect)
        sa.event.listen(self._engine, "begin", _on_begin)
        self._path = path
        if create:
            with self._begin() as connection:
                tables.create(connection)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Yield a snapshot of the last finished run.

        Raises:
            IndexMissing: no run has finished yet.
            IndexStale: the index was built by another version of the program.
            IndexUnreadable: the file is damaged or its folder is not readable.
        """
        try:
            with self._undamaged(), self._engine.connect() as connection, connection.begin():
                snapshot = Snapshot(connection)
                if not sa.inspect(connection).has_table("runs") or snapshot.run() == 0:
                    raise _missing(self._path.parent)
                if snapshot.meta("schema") != SCHEMA_VERSION:
                    where = str(self._path.parent)
                    raise IndexStale("the index was built by another version", where, "run `cited ingest --rebuild`")
                yield snapshot
        except sa.exc.OperationalError as error:
            raise _unreadable(error.orig, self._path) from error

    @contextmanager
    def write(self) -> Iterator[Draft]:
        """Yield a draft that is committed at the end of the block, or rolled back on an exception.

        Raises:
            IndexUnwritable: the disk is full or the file is not writable.
            IndexUnreadable: the file is damaged.
        """
        with self._begin() as connection:
            yield Draft(connection)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        writing = self._engine.execution_options(begin="IMMEDIATE")
        try:
            with self._undamaged(), writing.connect() as connection, connection.begin():
                yield connection
        except sa.exc.OperationalError as error:
            remedy = "free disk space or check that you may write there, then try again"
            raise IndexUnwritable(f"cannot be written ({error.orig})", str(self._path), remedy) from error

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DatabaseError as error:
            if type(error) is not sa.exc.DatabaseError:  # a subclass has another cause
                raise
            remedy = f"move {FILE_NAME}* to another folder, then run `cited ingest FOLDER`"
            raise IndexUnreadable(f"the index is damaged ({error.orig})", str(self._path), remedy) from error

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()


def _unreadable(why: object, path: Path) -> IndexUnreadable:
    return IndexUnreadable(f"cannot be read ({str(why).lower()})", str(path), "check that you may read and write there")


def _missing(data_dir: Path) -> IndexMissing:
    return IndexMissing("nothing has been ingested here yet", str(data_dir), "run `cited ingest FOLDER`")


def _on_connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event signature
    connection.isolation_level = None  # _on_begin starts transactions, so that readers get snapshots
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")
