"""Reads files in a child process with limits on time and memory, so that no file can stall or end the program."""

import atexit
import logging
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Lock, Thread
from typing import IO, Self

from ingest.errors import RunStopped, SourceUnreadable, UserFacingError
from ingest.readers.child import LARGE, Answer, Request
from ingest.schema import Document, Reading
from ingest.settings import ReadLimits

REPORT_IT = "save it again, or report this as a bug"

TICK = 0.1
"""Seconds between checks for a stop."""

_SPLIT_IT = "split it, or remove it if you do not trust it; if you do,"
_ERROR = re.compile(r"(?:\w+\.)*(\w+)(?::|$)")  # in the last line of a traceback

logger = logging.getLogger(__name__)


def read(path: Path, source: str, limits: ReadLimits, stop: Event) -> Reading:
    """Read a file in the child process.

    Raises:
        RunStopped: `stop` was set meanwhile.
        SourceUnreadable: see `ingest.readers.registry.read`; also if the file
            exceeds a limit, or the child process ends for any other reason.
    """
    return _shared.ask((path, source), source, limits, stop)


def cut(document: Document, limits: ReadLimits, stop: Event) -> Reading:
    """Split a document into sentences in the child process.

    Raises:
        RunStopped: `stop` was set meanwhile.
        SourceUnreadable: it exceeds a limit.
    """
    return _shared.ask(document, document.source, limits, stop)


class _Child:
    """The child process. It is started by the first request and again after a file has ended it; threads take turns."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._megabytes = 0

    def ask(self, request: Request, source: str, limits: ReadLimits, stop: Event) -> Reading:
        """Return the answer to a request."""
        with self._lock:
            process = self._started(limits.megabytes)
            watch = _Watch(process, limits.seconds, stop)
            with ExitStack() as unanswered:
                unanswered.callback(self.stop)  # after Ctrl+C, its answer would be taken for the next one
                with watch:
                    answer = _exchange(process, request, limits.seconds)
                unanswered.pop_all()
            if answer is None or watch.late or watch.stopped:
                raise self._failure(source, limits, watch)
            if isinstance(answer, SourceUnreadable):
                raise answer
            if len(answer.document.text) > LARGE:
                self.stop()  # to free the rest of its memory
            return answer

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def _ended(self) -> tuple[int, list[str]]:
        """Wait for the process to end; return its exit status and what it wrote to standard error."""
        process, errors = self._process, self._errors
        assert process is not None and errors is not None
        self._process = self._errors = None
        process.communicate()
        with errors:
            errors.seek(0)
            return process.returncode, errors.read().decode(errors="backslashreplace").strip().splitlines()

    def _started(self, megabytes: int) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._megabytes == megabytes and self._process.poll() is None:
            return self._process
        self.stop()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process; a pipe could fill up
        self._megabytes = megabytes
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.readers.child", str(megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        return self._process

    def _failure(self, source: str, limits: ReadLimits, watch: "_Watch") -> UserFacingError:
        """Return why the process ended, and forget it."""
        status, lines = self._ended()
        if watch.stopped:
            return stopped()
        if watch.late:
            what = f"takes more than {limits.seconds:g} seconds to read"
            return SourceUnreadable(what, source, f"{_SPLIT_IT} set CITED_FILE_SECONDS higher")
        error = _ERROR.match(lines[-1]) if lines else None
        kind = error[1] if error else f"exit status {status}"
        if kind == "MemoryError" or status == -signal.SIGKILL:  # Linux kills a process if memory runs out
            return too_large(source, limits)
        logger.warning("%s: the reader ended:\n%s", source, "\n".join(lines))
        return SourceUnreadable(f"cannot be read ({kind})", source, REPORT_IT)


class _Watch:
    """Ends a process while it answers if it takes too long, or if a stop is requested."""

    def __init__(self, process: "subprocess.Popen[bytes]", seconds: float, stop: Event) -> None:
        self.late = self.stopped = False
        self._process = process
        self._seconds = seconds
        self._stop = stop
        self._answered = Event()
        self._thread = Thread(target=self._watch, name="reading", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._answered.set()
        self._thread.join()

    def _watch(self) -> None:
        end = time.monotonic() + self._seconds
        while not self._answered.wait(max(0.0, min(TICK, end - time.monotonic()))):
            self.stopped = self._stop.is_set()
            self.late = time.monotonic() >= end
            if self.stopped or self.late:
                self._process.kill()
                return


def too_large(source: str, limits: ReadLimits) -> SourceUnreadable:
    """Return the error for a file that takes more memory than allowed."""
    what = f"takes more than {limits.megabytes:,} MB of memory to read"
    return SourceUnreadable(what, source, f"{_SPLIT_IT} set CITED_FILE_MEGABYTES higher")


def stopped() -> RunStopped:
    """Return the error of a run that was asked to stop."""
    return RunStopped("the run was stopped; the index is as it was before", "", "ingest again to finish it")


def _exchange(process: "subprocess.Popen[bytes]", request: Request, seconds: float) -> Answer | None:
    """Send a request and return the answer, or None if the process ends before it has answered."""
    assert process.stdin is not None and process.stdout is not None
    try:
        pickle.dump((request, seconds), process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
        answer: Answer = pickle.load(process.stdout)
    except (EOFError, OSError, pickle.UnpicklingError):
        return None
    return answer


_shared = _Child()
atexit.register(_shared.stop)
