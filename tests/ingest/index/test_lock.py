import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from ingest.errors import IndexLocked, IndexUnwritable
from ingest.index.lock import holder, locked, write_lock

HOLD = """
import sys, pathlib
from ingest.index.lock import write_lock
with write_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(data: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLD, str(data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_a_second_writer_learns_who_writes_and_since_when(data: Path) -> None:
    with held_elsewhere(data) as process:
        with (
            pytest.raises(IndexLocked, match=rf"process {process.pid} \(since 20\d\d-.*\) is writing"),
            write_lock(data),
        ):
            pass
        assert locked(data)
        assert holder(data).startswith(f"process {process.pid} ")


@pytest.mark.slow
def test_the_lock_of_a_dead_process_is_taken_over(data: Path) -> None:
    with held_elsewhere(data) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not locked(data)
        with write_lock(data):
            assert holder(data).startswith(f"process {os.getpid()} ")


def test_a_second_writer_in_the_same_process(data: Path) -> None:
    with write_lock(data):
        assert locked(data)
        with pytest.raises(IndexLocked, match=f"process {os.getpid()}"), write_lock(data):
            pass
        assert locked(data)
    assert not locked(data)
    with write_lock(data):
        pass


def test_the_lock_is_free_after_an_error(data: Path) -> None:
    with pytest.raises(KeyError), write_lock(data):
        raise KeyError
    assert not locked(data)


def test_testing_the_lock_creates_nothing(data: Path) -> None:
    assert not locked(data)
    assert not data.exists()


def test_without_write_permission_the_lock_seems_free(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    with write_lock(data):
        monkeypatch.setattr(FileLock, "acquire", refuse)
        assert not locked(data)
        monkeypatch.setattr(Path, "read_text", refuse)
        assert holder(data) == "another process"


def test_a_folder_that_is_a_file(data: Path) -> None:
    data.write_text("x", encoding="utf-8")
    with pytest.raises(IndexUnwritable, match=r"cannot be written \(.*\); check that it is a folder"), write_lock(data):
        pass
