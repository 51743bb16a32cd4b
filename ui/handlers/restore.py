"""Restores a data folder with all its collections from a backup.

The backup is checked as a whole and unpacked next to the data folder, which
then takes its place in one step. The former data folder is kept under another
name, except its exported models, which go on being used.
"""

import ctypes
import hashlib
import os
import shutil
import sqlite3
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from pydantic import BaseModel, ValidationError

from ingest.collections import collections
from ingest.errors import BackupFailed
from ingest.index import lock
from ingest.index.catalog import Catalog
from ingest.index.sqlite import FILE_NAME
from ingest.runs.pipeline import RunReport
from ingest.settings import Settings
from ui.handlers.backup import (
    CHUNK,
    CONTENT,
    FORMAT,
    MANIFEST,
    Manifest,
    Member,
    SavedIndex,
    refuse_server,
    sync_folder,
)

LARGEST_MANIFEST = 200_000_000  # bytes; a file takes about 150
LOCKS = {lock.FILE_NAME, lock.HOLDER_NAME}

# What zipfile raises for damaged files, besides its own error.
_DAMAGED = (BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError, OSError)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux's


class _Version(BaseModel):
    format: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup's manifest, and where the former folder is now, if any.

    `runs` are the last runs now, by the names of the manifest's indexes.
    """

    manifest: Manifest
    runs: dict[str, int]
    former: Path | None


def restore(source: Path, settings: Settings, *, force: bool = False) -> Restored:
    """Make the data folder what a backup holds.

    With `force`, a data folder that is in use is moved to a new name next to
    it. A collection that had as many runs as in the backup or more gets a
    later run number, so that open readers notice what was restored.

    Raises:
        BackupFailed: the backup is damaged or of a newer version, the data folder has content and `force` is not
            given, or it cannot be written; or the catalogs are on a server. Nothing was changed.
        IndexLocked: another process is writing to a collection; nothing was changed.
    """
    refuse_server("a backup of files cannot be restored", "restore them with PostgreSQL's pg_restore")
    named = Path(os.path.abspath(settings.data_dir))
    data_dir = named.resolve()
    existed = data_dir.exists()
    try:
        with _opened(source) as archive:
            manifest = _manifest(archive, source)
            with ExitStack() as locks:
                for each in collections(data_dir):
                    locks.enter_context(lock.write_lock(each.folder))
                return _restore(archive, source, manifest, (named, data_dir), settings.models_dir.name, force=force)
    except (BadZipFile, zlib.error) as error:  # the backup changed since it was checked
        raise _refusal(source, str(error)) from error
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        where = str(named if error.filename is None else error.filename)
        remedy = "free disk space, or check the path"
        raise BackupFailed(f"the backup cannot be restored ({why})", where, remedy) from error
    finally:
        if not existed:
            _remove_if_bare(data_dir)


def _restore(
    archive: ZipFile, source: Path, manifest: Manifest, folders: tuple[Path, Path], models: str, *, force: bool
) -> Restored:
    """Restore under the write locks; `folders` are the data folder as it is named, and as it is."""
    named, data_dir = folders
    used = not set(os.listdir(data_dir)) <= {models, *LOCKS}
    if used and not force:
        remedy = "choose another --data-dir, or use --force: it moves the present folder aside and keeps it"
        raise BackupFailed("there is an index or other content already", str(named), remedy)
    free = shutil.disk_usage(data_dir.parent).free
    if manifest.size > free:
        what = f"the backup needs {manifest.size:,} bytes, but only {free:,} are free"
        raise BackupFailed(what, str(data_dir.parent), "free disk space")
    with _undamaged(source):
        for name, member in manifest.members.items():
            for _ in _chunks(archive, name, member):
                pass
    staged = data_dir.with_name(f".{data_dir.name}.restoring")
    if staged.exists():  # a restore was killed
        shutil.rmtree(staged)
    try:
        _unpack(archive, manifest, staged)
        runs = {
            name: _adapt(staged / name, index, named, _last_run(data_dir / name))
            for name, index in manifest.indexes.items()
        }
        aside = _swap(staged, data_dir)
    finally:
        if staged.exists():
            shutil.rmtree(staged)
    if os.path.lexists(aside / models) and not os.path.lexists(data_dir / models):
        (aside / models).rename(data_dir / models)
    if not used:
        _remove_if_bare(aside)
    return Restored(manifest, runs, aside if used else None)


@contextmanager
def _opened(source: Path) -> Iterator[ZipFile]:
    with source.open("rb") as file:
        with _undamaged(source):
            archive = ZipFile(file)
        with archive:
            yield archive


@contextmanager
def _undamaged(source: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise _refusal(source, str(error) or type(error).__name__) from error


def _refusal(source: Path, why: str) -> BackupFailed:
    return BackupFailed(f"it is damaged or not a backup ({why})", str(source), "use another backup")


def _manifest(archive: ZipFile, source: Path) -> Manifest:
    """Read the manifest and check that the archive has exactly its files."""
    with _undamaged(source):
        if MANIFEST not in archive.namelist():
            raise BadZipFile("it has no manifest")
        if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
            raise BadZipFile("its manifest is too large")
        text = archive.read(MANIFEST)
        version = _Version.model_validate_json(text)
    if version.format > FORMAT:
        what = f"the backup has format {version.format}, but this version reads formats up to {FORMAT}"
        raise BackupFailed(what, str(source), "restore it with the version that made it, or a newer one")
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise _refusal(source, f"its manifest has {error.error_count()} faults") from error
    with _undamaged(source):
        _check_names(archive, manifest)
    return manifest


def _check_names(archive: ZipFile, manifest: Manifest) -> None:
    entries = {each.filename: each for each in archive.infolist()}
    wanted = {CONTENT + name for name in manifest.members} | {MANIFEST}
    wanted |= {CONTENT + (Path(name) / FILE_NAME).as_posix() for name, index in manifest.indexes.items() if index.run}
    if len(archive.infolist()) != len(entries) or entries.keys() != wanted:
        raise BadZipFile("its files are not those of its manifest")
    inside = (name for index in manifest.indexes.values() for name in index.inside.values())
    for name in (*manifest.members, *manifest.folders, *manifest.indexes, *inside):
        path = Path(name)
        if path.is_absolute() or path.drive or ".." in path.parts or path.as_posix() != name:
            raise BadZipFile(f"{name!r} is not a name in the data folder")
    for name, member in manifest.members.items():
        entry = entries[CONTENT + name]
        if entry.file_size != member.size or entry.external_attr >> 28 == 0o12:  # a link
            raise BadZipFile(f"{name} is not as its manifest says")


def _chunks(archive: ZipFile, name: str, member: Member) -> Iterator[bytes]:
    """Yield a file's content; raise at its end if that is not what the manifest says."""
    digest, left = hashlib.sha256(), member.size
    with archive.open(CONTENT + name) as file:
        while left >= 0 and (chunk := file.read(min(left + 1, CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
            yield chunk
    if left or digest.hexdigest() != member.sha256:
        raise BadZipFile(f"{name} is not as its manifest says")


def _unpack(archive: ZipFile, manifest: Manifest, folder: Path) -> None:
    """Write all files, readable only by their owner until their permissions are set."""
    folder.mkdir(mode=0o700)
    for name in sorted(manifest.folders):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, member in manifest.members.items():
        path = folder / name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in _chunks(archive, name, member):
                file.write(chunk)
            _sync(file)
        path.chmod(member.mode)
    for name in sorted(manifest.folders, reverse=True):
        sync_folder(folder / name)
        (folder / name).chmod(manifest.folders[name])


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _adapt(folder: Path, index: SavedIndex, data_dir: Path, former: int) -> int:
    """Move the roots inside the data folder to where it is now, and make the run later than `former`; return it."""
    moved = {old: os.path.abspath(data_dir / name) for old, name in index.inside.items()}
    if index.run == 0 or (all(old == new for old, new in moved.items()) and former < index.run):
        return index.run
    with closing(Catalog(folder)) as catalog, catalog.write() as draft:
        for old, new in moved.items():
            if new not in draft.roots():
                draft.move_root(old, new)
        if former < index.run:
            return index.run
        return draft.finish(datetime.now(UTC), RunReport().counts(), number=former + 1)


def _last_run(folder: Path) -> int:
    """Return the last run of an index of any version; 0 if there is none or it is damaged."""
    try:
        with closing(sqlite3.connect(f"{(folder / FILE_NAME).as_uri()}?mode=rw", uri=True)) as catalog:
            return int(catalog.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


def _swap(staged: Path, data_dir: Path) -> Path:
    """Put a folder in the place of the data folder; return where the former one is.

    Where the system cannot exchange two folders in one step, a process killed
    between the two steps leaves both of them whole, but none in the place.
    """
    names = (data_dir.with_name(f"{data_dir.name}.before-restore-{number}") for number in count(1))
    aside = next(path for path in names if not os.path.lexists(path))
    staged.rename(aside)
    if not _exchange(aside, data_dir):
        aside.rename(staged)
        data_dir.rename(aside)
        try:
            staged.rename(data_dir)
        except OSError:
            aside.rename(data_dir)
            raise
    sync_folder(data_dir.parent)
    for each in collections(aside):
        (each.folder / lock.HOLDER_NAME).unlink(missing_ok=True)
    return aside


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; return whether the system could."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "renameat2"):
        return False
    paths = os.fsencode(one), os.fsencode(other)
    return bool(libc.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0)


def _remove_if_bare(folder: Path) -> None:
    """Remove a folder that has nothing but locks."""
    if folder.is_dir() and set(os.listdir(folder)) <= LOCKS:
        for name in LOCKS:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
