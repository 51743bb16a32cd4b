"""A catalog in a file of its own, by SQLite."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.errors import IndexMissing, IndexUnreadable, IndexUnwritable
from ingest.index import tables

FILE_NAME = "catalog.sqlite"
TIMEOUT = 30  # seconds to wait for another process's lock
# What SQLite reports when it needs to write beside the file (WAL) and cannot.
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}


class SQLite:
    """The catalog file of an index, which may not exist yet."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._create = False
        self._reader = self._engine("DEFERRED", self._open_to_read)
        self._writer = self._engine("IMMEDIATE", self._open)

    def present(self) -> bool:
        """Return whether the file exists.

        Raises:
            IndexUnreadable: its folder is not accessible.
        """
        try:
            return self._path.is_file()
        except OSError as error:
            raise _unreadable(error.strerror or type(error).__name__, self._path) from error

    def create(self) -> None:
        """Create the file and its tables if they are missing.

        Raises:
            IndexUnwritable: the file cannot be written.
            IndexUnreadable: it is damaged.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._create = True
        with self.writing() as connection:
            tables.create(connection)

    def _engine(self, begin: str, connect: Callable[[], sqlite3.Connection]) -> sa.Engine:
        engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(f"BEGIN {begin}"))
        return engine

    def _open_to_read(self) -> sqlite3.Connection:
        """Open the file; where nothing can be written beside it, only for reading."""
        try:
            return self._open()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
                raise
            try:
                return self._open("mode=ro")
            except sqlite3.OperationalError:
                if self._unsaved():
                    raise error from None
                return self._open("immutable=1")  # SQLite then reads the file alone

    def _open(self, options: str = "") -> sqlite3.Connection:
        options = options or ("mode=rwc" if self._create else "mode=rw")
        connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?{options}", uri=True, timeout=TIMEOUT)
        try:
            connection.isolation_level = None  # the engine starts transactions, so that readers get snapshots
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA schema_version")
            if self._create:
                connection.execute("PRAGMA journal_mode = WAL")  # the file remembers it
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _unsaved(self) -> bool:
        """Return whether the last changes are not in the file yet, but beside it."""
        path = f"{self._path}-wal"
        return os.path.isfile(path) and os.path.getsize(path) > 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the file.

        Raises:
            IndexMissing: it has no tables yet.
            IndexUnreadable: the file is damaged or its folder is not readable.
        """
        try:
            with self._undamaged(), self._reader.connect() as connection, connection.begin():
                if not sa.inspect(connection).has_table("runs"):
                    where = str(self._path.parent)
                    raise IndexMissing("nothing has been ingested here yet", where, "run `cited ingest FOLDER`")
                yield connection
        except sa.exc.OperationalError as error:
            raise _unreadable(error.orig, self._path) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose changes are committed at the end of the block, or rolled back on an exception.

        Raises:
            IndexUnwritable: the disk is full or the file is not writable.
            IndexUnreadable: the file is damaged.
        """
        try:
            with self._undamaged(), self._writer.connect() as connection, connection.begin():
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
        self._reader.dispose()
        self._writer.dispose()


def _unreadable(why: object, path: Path) -> IndexUnreadable:
    return IndexUnreadable(f"cannot be read ({str(why).lower()})", str(path), "check that you may read and write there")
