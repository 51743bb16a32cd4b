"""Backups: a data folder in one ZIP file, without what can be made again.

Left out are the exported models, locks, and files that were being written.
The rest is copied while the page and other readers go on; only runs have to
wait, so that catalog and vectors belong together. The last entry of the ZIP
file is a manifest with the size and SHA-256 of every other one.
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
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ingest.errors import BackupFailed, IndexLocked, IndexUnreadable
from ingest.index import chroma_files
from ingest.index.catalog import FILE_NAME, TIMEOUT, Catalog
from ingest.index.lock import HOLDER_NAME, write_lock
from ingest.index.vectors import VECTORS_FOLDER
from ingest.settings import Settings
from ui.handlers.uploads import LOCK_NAME, UPLOADS_FOLDER

FORMAT = 1
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


class Manifest(_Stored):
    """What a backup holds, and of which index.

    `folders` maps the names of folders to their permissions, `members` those of
    files to what they are; all names are relative to the data folder ("." is
    the folder itself). `inside` maps the paths of the roots that are inside the
    data folder, such as the uploads, to their names. `run` is the last run.
    """

    format: int
    program: str
    made: AwareDatetime
    run: int
    encoder: dict[str, str | int]
    folders: dict[str, Mode]
    members: dict[str, Member]
    inside: dict[str, str]

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(member.size for member in self.members.values())


def back_up(settings: Settings, target: Path, *, force: bool = False, wait: float = 0.0) -> Manifest:
    """Write a backup of the data folder, readable only by its owner; wait up to `wait` seconds for a run to end.

    An existing `target` is replaced only with `force`, and only by a whole backup.

    Raises:
        BackupFailed: the backup cannot be written; nothing is left of it.
        IndexMissing: nothing has been ingested yet.
        IndexLocked: another process is still writing.
        IndexUnreadable: the index is damaged.
        IndexUnwritable: the lock in the data folder cannot be taken.
    """
    _check_target(target, settings.data_dir, force=force)
    Catalog(settings.data_dir).close()
    try:
        with tempfile.TemporaryDirectory(prefix=".cited-backup-", dir=target.parent) as scratch:
            fresh = Path(scratch) / "backup"
            with open(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                with ZipFile(file, "w", ZIP_DEFLATED) as archive:
                    manifest = _Packer(archive, settings, Path(scratch)).pack(wait)
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


class _Packer:
    """Copies a data folder into an archive; `scratch` is a folder for copies of the databases and single files."""

    def __init__(self, archive: ZipFile, settings: Settings, scratch: Path) -> None:
        self._archive = archive
        self._data_dir = settings.data_dir
        self._models = settings.models_dir.name
        self._scratch = scratch
        self._made = datetime.now(UTC)
        self._folders = {".": _mode(settings.data_dir.stat())}
        self._members: dict[str, Member] = {}
        self._saved: set[str] = set()  # the names of the folders of saved graphs

    def pack(self, wait: float) -> Manifest:
        """Copy everything and return the manifest."""
        with ExitStack() as locks:
            _enter_lock(locks, self._data_dir, wait)
            before = self._graphs()
            self._saved = {path.parent.name for path in before}
            for name in DATABASES:
                self._copy_database(name)
            self._pack([FILE_NAME, VECTORS_FOLDER])
            if self._graphs() != before:
                where = str(self._data_dir / VECTORS_FOLDER)
                raise BackupFailed("the vectors changed while they were copied", where, "try again")
            if (self._data_dir / UPLOADS_FOLDER).is_dir():
                locks.enter_context(FileLock(self._data_dir / UPLOADS_FOLDER / LOCK_NAME))
                self._pack([UPLOADS_FOLDER])
        self._pack(name for name in sorted(os.listdir(self._data_dir)) if name not in TOGETHER)
        manifest = self._manifest()
        self._archive.writestr(self._entry(MANIFEST, 0o600), manifest.model_dump_json(indent=1))
        return manifest

    def _manifest(self) -> Manifest:
        with closing(sqlite3.connect(self._copy_of(FILE_NAME))) as catalog:
            (run,) = catalog.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()
            encoder = catalog.execute("SELECT value FROM meta WHERE key = 'encoder'").fetchone()
            roots = {path: _inside(Path(path), self._data_dir) for (path,) in catalog.execute("SELECT path FROM roots")}
        return Manifest(
            format=FORMAT,
            program=metadata.version("cited-assistant"),
            made=self._made,
            run=run,
            encoder=json.loads(encoder[0]) if encoder else {},
            folders=self._folders,
            members=self._members,
            inside={path: name for path, name in roots.items() if name is not None},
        )

    def _copy_of(self, name: str) -> Path:
        return self._scratch / PurePosixPath(name).name

    def _copy_database(self, name: str) -> None:
        """Copy a database as of one moment, and check the copy."""
        path = self._data_dir / name
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
        stored = chroma_files.check(self._data_dir / VECTORS_FOLDER).values()
        folders = [each.graph.folder for each in stored if each.graph is not None]
        return {path: _stamp(path.stat()) for folder in folders for path in folder.iterdir()}

    def _pack(self, names: Iterable[str]) -> None:
        """Copy files, and folders with all that is in them."""
        for name in self._walk(names):
            path = self._data_dir / name
            try:
                mode = _mode(path.stat())
                if path.is_dir():
                    self._folders[name] = mode
                    continue
                with self._copy_of(name).open("rb") if name in DATABASES else self._copied(path) as copy:
                    self._members[name] = self._add(name, copy, mode)
            except FileNotFoundError:
                if os.path.lexists(path):  # a link to nothing
                    raise
                # It was deleted since it was listed, such as a conversation.

    def _walk(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the names of files and folders and of all that is in these, except what is left out."""
        for name in names:
            path = self._data_dir / name
            # Readers write into the folders of graphs that were never saved whenever they open them.
            unsaved = name.startswith(f"{VECTORS_FOLDER}/") and path.is_dir() and path.name not in self._saved
            if name == self._models or _left_out(name) or unsaved:
                continue
            if "/" in name and path.is_dir() and path.is_symlink():  # it may lead round in a circle
                raise BackupFailed("it is a link to a folder", str(path), "replace it by the folder")
            yield name
            if path.is_dir():
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
            entry = self._entry(CONTENT + name, mode)
            with self._archive.open(entry, "w", force_zip64=size > ZIP64_LIMIT // 2) as member:
                while chunk := copy.read(CHUNK):
                    digest.update(chunk)
                    member.write(chunk)
        except UnicodeEncodeError as error:
            raise BackupFailed("its name is not valid UTF-8", str(self._data_dir / name), "rename it") from error
        return Member(sha256=digest.hexdigest(), size=size, mode=mode)

    def _entry(self, name: str, mode: int) -> ZipInfo:
        entry = ZipInfo(name, self._made.timetuple()[:6])
        entry.compress_type = ZIP_DEFLATED
        entry.external_attr = (stat.S_IFREG | mode) << 16
        return entry


def _mode(found: os.stat_result) -> int:
    return stat.S_IMODE(found.st_mode) & 0o777


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_size


def _left_out(name: str) -> bool:
    """Return whether a file or folder is a lock, unfinished, or set aside because it was damaged."""
    own = PurePosixPath(name).name
    return (
        own.endswith((".lock", ".new"))
        or name == HOLDER_NAME
        or name in _UNFINISHED
        or name.startswith(f"{VECTORS_FOLDER}.broken-")
    )


def _inside(root: Path, data_dir: Path) -> str | None:
    """Return the name of a root that is inside the data folder; None for any other root."""
    for folder in (Path(os.path.abspath(data_dir)), data_dir.resolve()):
        if root.is_relative_to(folder):
            return root.relative_to(folder).as_posix()
    return None


def _enter_lock(locks: ExitStack, data_dir: Path, wait: float) -> None:
    """Take the write lock, waiting up to so many seconds for it."""
    deadline = time.monotonic() + wait
    while True:
        try:
            locks.enter_context(write_lock(data_dir))
            return
        except IndexLocked:
            if time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE)


def _damaged(path: Path, why: str) -> IndexUnreadable:
    return IndexUnreadable(f"the index is damaged ({why}), so it was not backed up", str(path), "run `cited doctor`")
