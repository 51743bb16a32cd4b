"""The small files of a collection, such as conversations: in its folder, or beside its catalog on a server."""

import tempfile
import threading
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import Protocol

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine import Connection

from ingest.errors import IndexMissing, IndexUnreadable, IndexUnwritable
from ingest.files import replace_bytes
from ingest.index.postgresql import PostgreSQL, database


class Kept(Protocol):
    """Files by name, such as "history/a.json"; each is replaced whole, and nobody ever reads half of one."""

    def where(self, name: str) -> str:
        """Return where a file is, for messages."""

    def stamps(self, folder: str, *, deep: bool = False) -> dict[str, Hashable]:
        """Return the names of the files in a folder, in order, each with what changes when the file does.

        With `deep`, also those in folders inside it.
        """

    def read(self, name: str) -> tuple[Hashable, bytes] | None:
        """Return the stamp and the content of a file; None if there is none."""

    def stamp(self, name: str) -> Hashable | None:
        """Return what changes when a file does; None if there is none."""

    def replace(self, name: str, content: bytes, *, mode: int = 0o666) -> None:
        """Write a file; `mode` limits who may read it, where it is one of the file system."""

    def delete(self, name: str) -> bool:
        """Delete a file; return whether there was one."""

    def changing(self, lock: str) -> AbstractContextManager[None]:
        """Return a block that no other thread or process enters meanwhile; `lock` is named like a file."""


def kept_in(data_dir: Path) -> Kept:
    """Return what is kept of the collection in a folder.

    All methods raise OSError if the folder cannot be read or written, and an
    error of the index if the server cannot be.
    """
    server = database(data_dir)
    return Files(data_dir) if server is None else Rows(server)


@contextmanager
def reading_file(kept: Kept, name: str) -> Iterator[Path]:
    """Yield a path to a file, which may be missing; what is kept on a server is copied for the block."""
    if isinstance(kept, Files):
        yield kept.path(name)
        return
    with tempfile.TemporaryDirectory(prefix="cited-") as folder:
        path = Path(folder) / PurePosixPath(name).name
        found = kept.read(name)
        if found is not None:
            path.write_bytes(found[1])
        yield path


@contextmanager
def writing_file(kept: Kept, name: str, *, alone: bool = False) -> Iterator[Path]:
    """Yield a path to a file to be written or changed by the block; if `alone`, or on a server, by one at a time."""
    if isinstance(kept, Files):
        kept.path(name).parent.mkdir(parents=True, exist_ok=True)
        with kept.changing(f"{name}.lock") if alone else nullcontext():
            yield kept.path(name)
        return
    with kept.changing(f"{name}.lock"), reading_file(kept, name) as path:
        yield path
        kept.replace(name, path.read_bytes())


class Files:
    """Files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return the path of a file."""
        return self._folder / name

    def where(self, name: str) -> str:
        """See `Kept`."""
        return str(self.path(name))

    def stamps(self, folder: str, *, deep: bool = False) -> dict[str, Hashable]:
        """See `Kept`."""
        parent, found = self.path(folder), dict[str, Hashable]()
        paths = (parent.rglob("*") if deep else parent.iterdir()) if parent.is_dir() else ()
        for path in sorted(paths):
            name = path.relative_to(self._folder).as_posix()
            stamp = self.stamp(name) if path.is_file() else None
            if stamp is not None:
                found[name] = stamp
        return found

    def read(self, name: str) -> tuple[Hashable, bytes] | None:
        """See `Kept`."""
        stamp = self.stamp(name)
        try:
            return None if stamp is None else (stamp, self.path(name).read_bytes())
        except FileNotFoundError:  # it was deleted meanwhile
            return None

    def stamp(self, name: str) -> Hashable | None:
        """See `Kept`."""
        try:
            found = self.path(name).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def replace(self, name: str, content: bytes, *, mode: int = 0o666) -> None:
        """See `Kept`."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(self.path(name), content, mode=mode)

    def delete(self, name: str) -> bool:
        """See `Kept`."""
        if not self.path(name).is_file():
            return False
        self.path(name).unlink()
        return True

    @contextmanager
    def changing(self, lock: str) -> Iterator[None]:
        """See `Kept`."""
        path = self.path(lock)
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path):
            yield


class Rows:
    """Rows of a table on a server."""

    def __init__(self, server: PostgreSQL) -> None:
        self._server = server
        self._own = threading.local()  # the connection of the thread that changes a file

    def where(self, name: str) -> str:
        """See `Kept`."""
        return f"{name} at {self._server.where}"

    def stamps(self, folder: str, *, deep: bool = False) -> dict[str, Hashable]:
        """See `Kept`."""
        query = sa.text("SELECT name, version FROM kept WHERE starts_with(name, :start) ORDER BY name")
        rows = self._rows(query, start=f"{folder}/")
        return {row.name: row.version for row in rows if deep or str(PurePosixPath(row.name).parent) == folder}

    def read(self, name: str) -> tuple[Hashable, bytes] | None:
        """See `Kept`."""
        rows = self._rows(sa.text("SELECT version, content FROM kept WHERE name = :name"), name=name)
        return (rows[0].version, bytes(rows[0].content)) if rows else None

    def stamp(self, name: str) -> Hashable | None:
        """See `Kept`."""
        rows = self._rows(sa.text("SELECT version FROM kept WHERE name = :name"), name=name)
        return int(rows[0].version) if rows else None

    def replace(self, name: str, content: bytes, *, mode: int = 0o666) -> None:
        """See `Kept`."""
        query = sa.text(
            "INSERT INTO kept VALUES (:name, :content, CAST(CAST(pg_current_xact_id() AS text) AS bigint))"
            " ON CONFLICT (name) DO UPDATE SET content = excluded.content, version = excluded.version"
        )
        with self._writing() as connection:
            connection.execute(query, {"name": name, "content": content})

    def delete(self, name: str) -> bool:
        """See `Kept`."""
        with self._writing() as connection:
            return bool(connection.execute(sa.text("DELETE FROM kept WHERE name = :name"), {"name": name}).rowcount)

    @contextmanager
    def changing(self, lock: str) -> Iterator[None]:
        """See `Kept`; what the block changes is committed at its end."""
        self._server.create()
        with self._server.using(IndexUnwritable) as connection:
            query = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
            connection.execute(query, {"name": f"{self._server.schema}/{lock}"})
            self._own.connection = connection
            try:
                yield
            finally:
                del self._own.connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        connection = getattr(self._own, "connection", None)
        if connection is not None:
            yield connection
            return
        self._server.create()
        with self._server.using(IndexUnwritable) as fresh:
            yield fresh

    def _rows(self, query: sa.TextClause, **values: str) -> "list[sa.Row[tuple[str | int | bytes, ...]]]":
        connection = getattr(self._own, "connection", None)
        if connection is not None:
            return list(connection.execute(query, values))
        try:
            with self._server.using(IndexUnreadable) as fresh:
                return list(fresh.execute(query, values))
        except IndexMissing:
            return []
