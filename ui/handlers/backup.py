"""Backups: a data folder with all its collections in one ZIP file, without what can be made again.

Left out are the exported models, locks, and files that were being written.
The rest is copied while the page and other readers go on; only runs have to
wait while their collection is copied, so that catalog and vectors belong
together. The last entry of the ZIP file is a manifest with the size and
SHA-256 of every other one.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO
from zipfile import ZIP64_LIMIT, ZIP_DEFLATED, ZipFile, ZipInfo

from filelock import FileLock
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from ingest.collections import collections
from ingest.errors import BackupFailed, IndexLocked, IndexUnreadable
from ingest.index import chroma_files, servers
from ingest.index.catalog import Catalog
from ingest.index.lock import HOLDER_NAME, write_lock
from ingest.index.server_vectors import MARK
from ingest.index.sqlite import FILE_NAME, TIMEOUT
from ingest.index.vectors import VECTORS_FOLDER
from ingest.settings import COLLECTIONS, Settings
from ui.handlers.uploads import LOCK_NAME, UPLOADS_FOLDER

FORMAT = 2
ONE_INDEX = 1
"""The format that knew no collections but the main one."""
MANIFEST = "manifest.json"
CONTENT = "data/"
"""What the names of all entries but the manifest begin with."""
CHROMA = f"{VECTORS_FOLDER}/{chroma_files.DATABASE}"
DATABASES = (FILE_NAME, CHROMA)
TOGETHER = (FILE_NAME, VECTORS_FOLDER, UPLOADS_FOLDER)
"""What a run changes, or finds."""
CHUNK = 1 << 20  # bytes
PAUSE = 0.3  # seconds between two attempts to take the lock
TRIES = 5  # to copy a file that is being written

Mode = Annotated[int, Field(ge=0, le=0o777)]

_UNFINISHED = {f"{name}{end}" for name in DATABASES for end in ("-wal", "-shm", "-journal")}


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Stored):
    """A file of the data folder: its SHA-256, its size in bytes and its permissions."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    mode: Mode


class SavedIndex(_Stored):
    """The index of a collection: its last run, 0 if there is no index yet, and its encoder.

    `inside` maps the paths of its roots that are inside the data folder, such
    as the uploads, to their names.
    """

    run: int = Field(ge=0)
    encoder: dict[str, str | int]
    inside: dict[str, str]


NO_INDEX = SavedIndex(run=0, encoder={}, inside={})


class Manifest(_Stored):
    """What a backup holds.

    `indexes` maps the names of the folders of collections to their indexes,
    `folders` those of all folders to their permissions, `members` those of
    files to what they are; all names are relative to the data folder ("." is
    the folder itself, and so the main collection).
    """

    format: int
    program: str
    made: AwareDatetime
    indexes: dict[str, SavedIndex]
    folders: dict[str, Mode]
    members: dict[str, Member]

    @model_validator(mode="before")
    @classmethod
    def _of_one_index(cls, values: object) -> object:
        if not isinstance(values, dict) or values.get("format") != ONE_INDEX:
            return values
        index = {name: value for name, value in values.items() if name in SavedIndex.model_fields}
        return {name: value for name, value in values.items() if name not in index} | {"indexes": {".": index}}

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(member.size for member in self.members.values())


def back_up(settings: Settings, target: Path, *, force: bool = False, wait: float = 0.0) -> Manifest:
    """Write a backup of the data folder, readable only by its owner; wait up to `wait` seconds for each run to end.

    An existing `target` is replaced only with `force`, and only by a whole backup.
    Which collection is chosen does not matter.

    Raises:
        BackupFailed: the backup cannot be written; nothing is left of it. Or the catalogs are on a server.
        IndexMissing: there is no other collection, and nothing has been ingested yet.
        IndexLocked: another process is still writing to a collection.
        IndexUnreadable: an index is damaged.
        IndexUnwritable: the lock of a collection cannot be taken.
    """
    refuse_server("a backup would miss them", "save them with PostgreSQL's pg_dump, and the data folder as files")
    _check_target(target, settings.data_dir, force=force)
    if len(collections(settings.data_dir)) == 1:
        Catalog(settings.data_dir).close()
    try:
        with tempfile.TemporaryDirectory(prefix=".cited-backup-", dir=target.parent) as scratch:
            fresh = Path(scratch) / "backup"
            with open(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                with ZipFile(file, "w", ZIP_DEFLATED) as archive:
                    manifest = _pack(archive, settings, Path(scratch), wait)
                file.flush()
                os.fsync(file.fileno())
            _check_target(target, settings.data_dir, force=force)
            fresh.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        where = str(target if error.filename is None else error.filename)
        raise BackupFailed(f"the backup cannot be made ({why})", where, "free disk space, or check the path") from error
    return manifest


def refuse_server(consequence: str, remedy: str) -> None:
    """Refuse what works on the files of a data folder, where catalogs, conversations and accounts are on a server.

    Raises:
        BackupFailed: they are.
    """
    if servers.chosen().catalog_url:
        what = f"catalogs, conversations and accounts are on a server, so {consequence}"
        raise BackupFailed(what, "CITED_CATALOG_URL", remedy)


def sync_folder(folder: Path) -> None:
    """Write a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_target(target: Path, data_dir: Path, *, force: bool) -> None:
    if target.is_dir():
        raise BackupFailed("it is a folder", str(target), "name a file")
    if target.exists() and not force:
        raise BackupFailed("the file exists", str(target), "choose another name, or replace it with --force")
    if not target.parent.is_dir():
        raise BackupFailed("its folder does not exist", str(target), "create the folder or choose another file")
    if target.resolve().is_relative_to(data_dir.resolve()):
        raise BackupFailed("it is inside the folder to back up", str(target), "choose a file elsewhere")


def _pack(archive: ZipFile, settings: Settings, scratch: Path, wait: float) -> Manifest:
    """Copy all collections, one after another, and write the manifest."""
    made, data_dir = datetime.now(UTC), settings.data_dir
    indexes: dict[str, SavedIndex] = {}
    folders: dict[str, Mode] = {}
    members: dict[str, Member] = {}
    for each in collections(data_dir):
        if each.folder.is_dir():  # it may have been deleted since
            packer = _Packer(archive, settings, each.folder, scratch)
            indexes[each.folder.relative_to(data_dir).as_posix()] = packer.pack(wait)
            folders |= packer.folders
            members |= packer.members
    program = metadata.version("cited-assistant")
    manifest = Manifest(format=FORMAT, program=program, made=made, indexes=indexes, folders=folders, members=members)
    archive.writestr(_entry(MANIFEST, 0o600), manifest.model_dump_json(indent=1))
    return manifest


class _Packer:
    """Copies the folder of a collection into an archive.

    `scratch` is a folder for copies of the databases and single files.
    `folders` and `members` are what was copied, as in the manifest. All other
    names are relative to the folder of the collection.
    """

    def __init__(self, archive: ZipFile, settings: Settings, folder: Path, scratch: Path) -> None:
        self._archive = archive
        self._data_dir = settings.data_dir
        self._models = settings.models_dir
        self._folder = folder
        self._scratch = scratch
        self._saved: set[str] = set()  # the names of the folders of saved graphs
        self.folders = {self._full(""): _mode(folder.stat())}
        self.members: dict[str, Member] = {}

    def pack(self, wait: float) -> SavedIndex:
        """Copy everything but other collections, and return what index it was."""
        with ExitStack() as locks:
            _enter_lock(locks, self._folder, wait)
            index = self._pack_index()
            self._pack(name for name in sorted(os.listdir(self._folder)) if name not in TOGETHER)
            if (self._folder / UPLOADS_FOLDER).is_dir():
                locks.enter_context(FileLock(self._folder / UPLOADS_FOLDER / LOCK_NAME))
                self._pack([UPLOADS_FOLDER])
        return index

    def _pack_index(self) -> SavedIndex:
        """Copy catalog and vectors, if a run has finished; vectors on a server are left to be encoded again."""
        if not (self._folder / FILE_NAME).is_file():
            return NO_INDEX
        self._copy_database(FILE_NAME)
        index = self._index()
        if index == NO_INDEX:
            return index
        if servers.chosen().chroma_url:
            self._pack([FILE_NAME])
            return index
        before = self._graphs()
        self._saved = {path.parent.name for path in before}
        self._copy_database(CHROMA)
        self._pack([FILE_NAME, VECTORS_FOLDER])
        if self._graphs() != before:
            where = str(self._folder / VECTORS_FOLDER)
            raise BackupFailed("the vectors changed while they were copied", where, "try again")
        return index

    def _index(self) -> SavedIndex:
        """Return what the copy of the catalog holds."""
        uri = f"{self._copy_of(FILE_NAME).absolute().as_uri()}?immutable=1"  # nothing is written beside it
        with closing(sqlite3.connect(uri, uri=True)) as catalog:
            if catalog.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone() is None:
                return NO_INDEX  # the first run was killed at once
            (run,) = catalog.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()
            if run == 0:
                return NO_INDEX
            encoder = catalog.execute("SELECT value FROM meta WHERE key = 'encoder'").fetchone()
            roots = {path: _inside(Path(path), self._data_dir) for (path,) in catalog.execute("SELECT path FROM roots")}
        inside = {path: name for path, name in roots.items() if name is not None}
        return SavedIndex(run=run, encoder=json.loads(encoder[0]) if encoder else {}, inside=inside)

    def _full(self, name: str) -> str:
        """Return a name as in the manifest."""
        return (self._folder / name).relative_to(self._data_dir).as_posix()

    def _copy_of(self, name: str) -> Path:
        return self._scratch / PurePosixPath(name).name

    def _copy_database(self, name: str) -> None:
        """Copy a database as of one moment, and check the copy."""
        path = self._folder / name
        try:
            with (
                chroma_files.lock,
                closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=TIMEOUT)) as database,
                closing(sqlite3.connect(self._copy_of(name))) as copy,
            ):
                database.backup(copy)
                (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            remedy = "free disk space, or check that you may read it, then try again"
            raise BackupFailed(f"it cannot be copied ({error})", str(path), remedy) from error
        except sqlite3.DatabaseError as error:
            raise _damaged(path, str(error)) from error
        if found != "ok":
            raise _damaged(path, found)

    def _graphs(self) -> dict[Path, tuple[int, int]]:
        """Return time and size of the files of the saved graphs; readers change them only after a run was killed."""
        stored = chroma_files.check(self._folder / VECTORS_FOLDER).values()
        folders = [each.graph.folder for each in stored if each.graph is not None]
        return {path: _stamp(path.stat()) for folder in folders for path in folder.iterdir()}

    def _pack(self, names: Iterable[str]) -> None:
        """Copy files, and folders with all that is in them."""
        for name in self._walk(names):
            path = self._folder / name
            try:
                mode = _mode(path.stat())
                if path.is_dir():
                    self.folders[self._full(name)] = mode
                    continue
                with self._copy_of(name).open("rb") if name in DATABASES else self._copied(path) as copy:
                    self.members[self._full(name)] = self._add(name, copy, mode)
            except FileNotFoundError:
                if os.path.lexists(path):  # a link to nothing
                    raise
                # It was deleted since it was listed, such as a conversation.

    def _walk(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the names of files and folders and of all that is in these, except what is left out."""
        for name in names:
            path = self._folder / name
            # Readers write into the folders of graphs that were never saved whenever they open them.
            unsaved = name.startswith(f"{VECTORS_FOLDER}/") and path.is_dir() and path.name not in self._saved
            if path == self._models or _left_out(name) or unsaved:
                continue
            if "/" in name and path.is_dir() and path.is_symlink():  # it may lead round in a circle
                raise BackupFailed("it is a link to a folder", str(path), "replace it by the folder")
            yield name
            if path.is_dir() and path != self._data_dir / COLLECTIONS:
                yield from self._walk(f"{name}/{each}" for each in sorted(os.listdir(path)))

    @contextmanager
    def _copied(self, path: Path) -> Iterator[BinaryIO]:
        """Yield a copy of a file, made while nobody wrote to it."""
        for _ in range(TRIES):
            with path.open("rb") as file, tempfile.TemporaryFile(dir=self._scratch) as copy:
                before = os.fstat(file.fileno())
                shutil.copyfileobj(file, copy, CHUNK)
                if _stamp(os.fstat(file.fileno())) == _stamp(before):
                    copy.seek(0)
                    yield copy
                    return
            time.sleep(PAUSE)
        raise BackupFailed("it changed whenever it was copied", str(path), "try again")

    def _add(self, name: str, copy: BinaryIO, mode: int) -> Member:
        digest, size = hashlib.sha256(), os.fstat(copy.fileno()).st_size
        try:
            entry = _entry(CONTENT + self._full(name), mode)
            with self._archive.open(entry, "w", force_zip64=size > ZIP64_LIMIT // 2) as member:
                while chunk := copy.read(CHUNK):
                    digest.update(chunk)
                    member.write(chunk)
        except UnicodeEncodeError as error:
            raise BackupFailed("its name is not valid UTF-8", str(self._folder / name), "rename it") from error
        return Member(sha256=digest.hexdigest(), size=size, mode=mode)


def _entry(name: str, mode: int) -> ZipInfo:
    entry = ZipInfo(name, time.gmtime()[:6])
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | mode) << 16
    return entry


def _mode(found: os.stat_result) -> int:
    return stat.S_IMODE(found.st_mode) & 0o777


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_size


def _left_out(name: str) -> bool:
    """Return whether something of a collection is a lock, unfinished, set aside as damaged, or its mark on a server."""
    own = PurePosixPath(name).name
    return (
        own.endswith((".lock", ".new"))
        or name in (HOLDER_NAME, MARK)  # a copy must not share the vectors of its original
        or name in _UNFINISHED
        or name.startswith(f"{VECTORS_FOLDER}.broken-")
    )


def _inside(root: Path, data_dir: Path) -> str | None:
    """Return the name of a root that is inside the data folder; None for any other root."""
    for folder in (Path(os.path.abspath(data_dir)), data_dir.resolve()):
        if root.is_relative_to(folder):
            return root.relative_to(folder).as_posix()
    return None


def _enter_lock(locks: ExitStack, folder: Path, wait: float) -> None:
    """Take the write lock, waiting up to so many seconds for it."""
    deadline = time.monotonic() + wait
    while True:
        try:
            locks.enter_context(write_lock(folder))
            return
        except IndexLocked:
            if time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE)


def _damaged(path: Path, why: str) -> IndexUnreadable:
    return IndexUnreadable(f"the index is damaged ({why}), so it was not backed up", str(path), "run `cited doctor`")
