"""One writer at a time: a lock file beside the index that dies with its process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import IndexLocked, IndexUnwritable

FILE_NAME = "write.lock"
HOLDER_NAME = "write.holder"
PATIENCE = 0.3  # seconds; `locked` holds the lock for an instant to see whether it is free


@contextmanager
def write_lock(data_dir: Path) -> Iterator[None]:
    """Hold the index for writing; the operating system frees it when the process dies.

    Raises:
        IndexLocked: another process holds it; the message says which and since when.
        IndexUnwritable: the folder cannot be written to.
    """
    lock = FileLock(data_dir / FILE_NAME)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=PATIENCE)
        started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        (data_dir / HOLDER_NAME).write_text(f"process {os.getpid()} (since {started})", encoding="utf-8")
    except Timeout as error:
        raise IndexLocked(f"{holder(data_dir)} is writing to the index", str(data_dir), "wait until it ends") from error
    except OSError as error:
        lock.release()
        what = f"cannot be written ({(error.strerror or type(error).__name__).lower()})"
        raise IndexUnwritable(what, str(data_dir), "check that it is a folder that you may write to") from error
    try:
        yield
    finally:
        lock.release()


def holder(data_dir: Path) -> str:
    """Return who wrote last, as words: process number and since when."""
    try:
        return (data_dir / HOLDER_NAME).read_text(encoding="utf-8")
    except OSError:
        return "another process"


def locked(data_dir: Path) -> bool:
    """Whether some process is writing now; not known to be where we may not write ourselves."""
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
