"""The write lock: a lock file next to the index, released when its process ends.

Where the catalog is on a server, that holds a second lock, so that two machines
exclude each other; the file still guards what is in the folder.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import IndexLocked, IndexUnwritable
from ingest.index.postgresql import database

FILE_NAME = "write.lock"
HOLDER_NAME = "write.holder"
TIMEOUT = 0.3  # seconds; `locked` takes the lock briefly to test it

logger = logging.getLogger(__name__)


@contextmanager
def write_lock(data_dir: Path) -> Iterator[None]:
    """Hold the write lock; the operating system releases it if the process dies.

    Raises:
        IndexLocked: another process holds the lock; the message says which and since when.
        IndexUnwritable: the folder is not writable, or the catalog's server cannot be reached.
    """
    with _file_lock(data_dir):
        server = database(data_dir)
        if server is None:
            yield
            return
        with server.lock() as taken:
            if not taken:
                raise _locked(server.holder() or "another process", data_dir)
            yield


@contextmanager
def _file_lock(data_dir: Path) -> Iterator[None]:
    lock = FileLock(data_dir / FILE_NAME)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=TIMEOUT)
        started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        (data_dir / HOLDER_NAME).write_text(f"process {os.getpid()} (since {started})", encoding="utf-8")
    except Timeout as error:
        raise _locked(_file_holder(data_dir), data_dir) from error
    except OSError as error:
        lock.release()
        what = f"cannot be written ({(error.strerror or type(error).__name__).lower()})"
        raise IndexUnwritable(what, str(data_dir), "check that it is a folder you may write to") from error
    try:
        yield
    finally:
        _remove_holder(data_dir)
        lock.release()


def left_behind(data_dir: Path) -> str:
    """Describe the writer that ended without removing its name, by being killed for example; "" if none did."""
    if not os.path.isfile(data_dir / HOLDER_NAME) or locked(data_dir):
        return ""
    return _file_holder(data_dir)


def holder(data_dir: Path) -> str:
    """Describe the last writer: its process number and start time, and its machine if that may be another one."""
    server = database(data_dir)
    return (server.holder() if server is not None else "") or _file_holder(data_dir)


def _locked(who: str, data_dir: Path) -> IndexLocked:
    return IndexLocked(f"{who} is writing to the index", str(data_dir), "wait until it finishes")


def _file_holder(data_dir: Path) -> str:
    try:
        return (data_dir / HOLDER_NAME).read_text(encoding="utf-8")
    except OSError:
        return "another process"


def locked(data_dir: Path) -> bool:
    """Return whether a process is writing now; false if the lock file is not writable.

    Raises:
        IndexUnreadable: the catalog's server cannot be reached.
    """
    server = database(data_dir)
    return _file_locked(data_dir) or (server is not None and bool(server.holder()))


def _file_locked(data_dir: Path) -> bool:
    if not os.path.isfile(data_dir / FILE_NAME):
        return False
    lock = FileLock(data_dir / FILE_NAME)
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _remove_holder(data_dir: Path) -> None:
    try:
        (data_dir / HOLDER_NAME).unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s cannot be removed: %s", data_dir / HOLDER_NAME, error.strerror)
