"""A catalog on a PostgreSQL server: each index is a schema of its own in one database."""

import atexit
import logging
import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.errors import (
    IndexMissing,
    IndexStale,
    IndexUnreadable,
    IndexUnwritable,
    SettingsInvalid,
    UserFacingError,
    installing,
)
from ingest.index import servers
from ingest.index.tables import REVISION

SETTING = "CITED_CATALOG_URL"
CONNECT_SECONDS = 5
POOL = 5  # connections that are kept; three times as many more are opened where they are needed
# A writer holds two advisory locks of PostgreSQL: one for its whole run, one for the transaction that changes tables.
_RUNS, _CHANGES = 0x43495445, 0x43495446
_SCHEMA_MISSING = "3F000"  # what PostgreSQL calls an error: a schema, or a table, does not exist
_TABLE_MISSING = "42P01"
_NOT_PERMITTED = "42501"

logger = logging.getLogger(__name__)


class PostgreSQL:
    """The schema of an index, which may not exist yet."""

    def __init__(self, url: str, data_dir: Path) -> None:
        """Connect to nothing yet.

        Raises:
            SettingsInvalid: the address is none of a PostgreSQL database, or the driver is not installed.
        """
        self._engine = engine(url)
        self._data_dir = data_dir
        self.schema = schema_of(data_dir)
        self.where = f"{address(url)} ({self.schema})"

    def present(self) -> bool:
        """Return whether the schema exists.

        Raises:
            IndexUnreadable: the server cannot be reached, or may not be read.
        """
        with self._raising(IndexUnreadable), self._engine.connect() as connection:
            return connection.scalar(sa.func.to_regclass(f"{self.schema}.kept")) is not None

    def create(self) -> None:
        """Create the schema and its tables, or upgrade them.

        Raises:
            IndexUnwritable: the server cannot be reached, or may not be changed.
            IndexStale: a later version of the program made the tables.
        """
        if self._current():
            return
        with self._transaction(IndexUnwritable) as connection:
            connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {self.schema}"))
            self._upgrade(connection)

    def _current(self) -> bool:
        """Return whether all tables are there, as this version makes them."""
        try:
            with self._raising(IndexUnwritable), self._engine.connect() as connection:
                self._enter(connection)
                return self._revision(connection) == REVISION
        except IndexMissing:
            return False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the schema; what it changes is rolled back.

        Raises:
            IndexMissing: there is none.
            IndexStale: another version of the program made the tables.
            IndexUnreadable: the server cannot be reached, or may not be read.
        """
        with self._raising(IndexUnreadable), self._engine.connect() as connection:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
            self._enter(connection)
            if self._revision(connection) != REVISION:
                self._refuse_later(connection)
                remedy = "run `cited ingest FOLDER`, which upgrades them"
                raise IndexStale("its tables were made by an earlier version of the program", self.where, remedy)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose changes are committed at the end of the block, or rolled back on an exception.

        Tables of an earlier version are upgraded first.

        Raises:
            IndexMissing: there is no schema.
            IndexStale: a later version of the program made the tables.
            IndexUnwritable: the server cannot be reached, or may not be changed.
        """
        with self._transaction(IndexUnwritable) as connection:
            self._upgrade(connection)
            yield connection

    @contextmanager
    def using(self, kind: type[UserFacingError]) -> Iterator[Connection]:
        """Yield a connection to what is kept beside the catalog; what it changes is committed at the end.

        Raises:
            IndexMissing: there is no schema.
            kind: the server cannot be reached, or may not be used so.
        """
        with self._raising(kind):
            try:
                with self._engine.begin() as connection:
                    self._enter(connection)
                    yield connection
            except sa.exc.ProgrammingError as error:
                if getattr(error.orig, "sqlstate", "") not in (_SCHEMA_MISSING, _TABLE_MISSING):
                    raise
                raise self._missing() from error

    def drop(self) -> None:
        """Delete the schema with all that is in it, if it exists.

        Raises:
            IndexUnwritable: the server cannot be reached, or may not be changed.
        """
        with self._transaction(IndexUnwritable) as connection:
            connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE"))

    def close(self) -> None:
        """Do nothing: the connections are this process's, and other catalogs need them."""

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Take the write lock of the index, and yield whether that succeeded; the server frees it if the process dies.

        Raises:
            IndexUnwritable: the server cannot be reached.
        """
        key = {"kind": _RUNS, "index": self._key}
        with self._raising(IndexUnwritable):
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = False
        try:
            with self._raising(IndexUnwritable):
                taken = connection.scalar(sa.text("SELECT pg_try_advisory_lock(:kind, :index)"), key)
                name = f"process {os.getpid()} on {socket.gethostname()}"
                connection.execute(sa.text("SELECT set_config('application_name', :name, false)"), {"name": name})
            yield bool(taken)
        finally:
            if taken:  # the server also frees it when the connection ends, but takes notice of that a moment later
                try:
                    connection.execute(sa.text("SELECT pg_advisory_unlock(:kind, :index)"), key)
                except sa.exc.SQLAlchemyError as error:
                    logger.info("the connection that held the write lock was lost: %s", error)
            connection.invalidate()
            connection.close()

    def holder(self) -> str:
        """Describe the process that holds the write lock, with its machine and since when; "" if none does."""
        query = sa.text(
            "SELECT application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND classid = :kind AND objid = :index"
            " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        with self._raising(IndexUnreadable), self._engine.connect() as connection:
            row = connection.execute(query, {"kind": _RUNS, "index": self._key}).first()
        if row is None:
            return ""
        name, since = row
        return f"{name or 'another process'} (since {since.astimezone().isoformat(sep=' ', timespec='seconds')})"

    @property
    def _key(self) -> int:
        """What advisory locks know the index by: 31 bits."""
        return zlib.crc32(self.schema.encode()) & 0x7FFFFFFF

    @contextmanager
    def _transaction(self, kind: type[UserFacingError]) -> Iterator[Connection]:
        """Yield a connection in the schema, one at a time."""
        with self._raising(kind), self._engine.begin() as connection:
            self._enter(connection)
            lock = sa.text("SELECT pg_advisory_xact_lock(:kind, :index)")
            connection.execute(lock, {"kind": _CHANGES, "index": self._key})
            yield connection

    def _enter(self, connection: Connection) -> None:
        """Set the schema of a transaction; PostgreSQL would take seconds to compile the score of many words."""
        connection.exec_driver_sql(f"SET LOCAL search_path TO {self.schema}, pg_temp; SET LOCAL jit TO off")

    def _revision(self, connection: Connection) -> str:
        """Return the revision of the tables; "" for none.

        Raises:
            IndexMissing: there is no schema.
        """
        if connection.scalar(sa.text("SELECT current_schema()")) != self.schema:
            raise self._missing()
        if connection.scalar(sa.func.to_regclass(f"{self.schema}.alembic_version")) is None:
            return ""
        return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")

    def _missing(self) -> IndexMissing:
        where = str(self._data_dir)
        return IndexMissing("nothing has been ingested here yet", where, "run `cited ingest FOLDER`")

    def _upgrade(self, connection: Connection) -> None:
        if self._revision(connection) != REVISION:
            self._refuse_later(connection)
            from ingest.index.migrations.upgrade import upgrade

            upgrade(connection, self.schema)

    def _refuse_later(self, connection: Connection) -> None:
        """Refuse tables that this program does not know.

        Raises:
            IndexStale: a later version of the program made them.
        """
        from ingest.index.migrations.upgrade import knows

        if not knows(self._revision(connection)):
            what = "its tables were made by a later version of the program"
            raise IndexStale(what, self.where, "install that version on this machine")

    @contextmanager
    def _raising(self, kind: type[UserFacingError]) -> Iterator[None]:
        """Raise what the server reports, or what keeps it from being reached, as an error of the index."""
        try:
            yield
        except sa.exc.TimeoutError as error:
            remedy = "try again; if it happens often, run more pages, so that each serves fewer people"
            raise kind("all connections to the catalog's server are in use", self.where, remedy) from error
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            raise kind(*self._unreached(error.orig)) from error
        except sa.exc.ProgrammingError as error:
            if getattr(error.orig, "sqlstate", "") not in (_SCHEMA_MISSING, _TABLE_MISSING, _NOT_PERMITTED):
                raise
            raise kind(*self._unreached(error.orig)) from error

    def _unreached(self, error: object) -> tuple[str, str, str]:
        reason = " ".join(str(error).split("\n")[0].split())
        return f"the catalog's server failed ({reason})", self.where, f"check the server and {SETTING}"


def database(data_dir: Path) -> PostgreSQL | None:
    """Return the index's schema on the server of this process; None if catalogs are in their folders."""
    url = servers.chosen().catalog_url
    return PostgreSQL(url, data_dir) if url else None


def schema_of(data_dir: Path) -> str:
    """Return the name of an index's schema, which needs no quotes in SQL."""
    return f"cited_{servers.name_of(data_dir)}"


def address(url: str) -> str:
    """Return an address as it may be shown: without the password, and without options, which may hold one."""
    parsed = sa.make_url(url)
    port = f":{parsed.port}" if parsed.port else ""
    return f"postgresql://{parsed.host or 'localhost'}{port}/{parsed.database or ''}"


@cache
def engine(url: str) -> sa.Engine:
    """Return the connections of this process to a database.

    Raises:
        SettingsInvalid: the address is none of a PostgreSQL database, or the driver is not installed.
    """
    connect: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 60,  # seconds; a network in between may forget the connection of a long run
        "prepare_threshold": None,  # a plan for any word is a poor one, and a pool in between may not keep it
        "application_name": "cited",
    }
    try:
        made = sa.create_engine(url, pool_size=POOL, max_overflow=3 * POOL, pool_pre_ping=True, connect_args=connect)
    except ModuleNotFoundError as error:
        what = "the driver for PostgreSQL is not installed"
        raise SettingsInvalid(what, SETTING, installing("servers")) from error
    except sa.exc.ArgumentError as error:
        raise SettingsInvalid("not an address of a PostgreSQL database", SETTING, "correct it") from error
    sa.event.listen(made, "connect", _prepare)
    atexit.register(made.dispose)
    return made


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - psycopg is imported only where it is used
    """Store a NUL character, which PostgreSQL cannot, as the character that stands for what cannot be shown."""
    from psycopg.types.string import StrDumper

    class WithoutNul(StrDumper):
        def dump(self, obj: str) -> Any:  # noqa: ANN401 - as in psycopg
            return super().dump(obj.replace("\0", "\ufffd"))

    connection.adapters.register_dumper(str, WithoutNul)
