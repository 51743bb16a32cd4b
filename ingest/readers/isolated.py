"""Reads files in a child process with limits on time and memory, so that no file can stall or end the program."""

import atexit
import logging
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from ingest.errors import SourceUnreadable
from ingest.readers.child import Answer, Request
from ingest.schema import Document, Reading
from ingest.settings import ReadLimits

REPORT_IT = "save it again, or report this as a bug"

_ERROR = re.compile(r"(?:\w+\.)*(\w+)(?::|$)")  # in the last line of a traceback

logger = logging.getLogger(__name__)


def read(path: Path, source: str, limits: ReadLimits) -> Reading:
    """Read a file in the child process.

    Raises:
        SourceUnreadable: see `ingest.readers.registry.read`; also if the file
            exceeds a limit, or the child process ends for any other reason.
    """
    return _shared.ask((path, source), source, limits)


def cut(document: Document, limits: ReadLimits) -> Reading:
    """Split a document into sentences in the child process.

    Raises:
        SourceUnreadable: it exceeds a limit.
    """
    return _shared.ask(document, document.source, limits)


class _Child:
    """The child process. It is started by the first request and again after a file has ended it; threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._megabytes = 0

    def ask(self, request: Request, source: str, limits: ReadLimits) -> Reading:
        """Return the answer to a request."""
        with self._lock:
            process = self._started(limits.megabytes)
            late = threading.Event()

            def end() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(limits.seconds, end)
            timer.start()
            with ExitStack() as unanswered:
                unanswered.callback(timer.cancel)
                unanswered.callback(self.stop)  # after Ctrl+C, its answer would be taken for the next one
                answer = _exchange(process, request, limits.seconds)
                unanswered.pop_all()
            timer.cancel()
            if answer is None or late.is_set():
                raise self._failure(source, limits, late=late.is_set())
        if isinstance(answer, SourceUnreadable):
            raise answer
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

    def _failure(self, source: str, limits: ReadLimits, *, late: bool) -> SourceUnreadable:
        """Return why the process ended, and forget it."""
        status, lines = self._ended()
        split_it = "split it, or remove it if you do not trust it; if you do,"
        if late:
            what = f"takes more than {limits.seconds:g} seconds to read"
            return SourceUnreadable(what, source, f"{split_it} set CITED_FILE_SECONDS higher")
        error = _ERROR.match(lines[-1]) if lines else None
        kind = error[1] if error else f"exit status {status}"
        if kind == "MemoryError" or status == -signal.SIGKILL:  # Linux kills a process if memory runs out
            what = f"takes more than {limits.megabytes:,} MB of memory to read"
            return SourceUnreadable(what, source, f"{split_it} set CITED_FILE_MEGABYTES higher")
        logger.warning("%s: the reader ended:\n%s", source, "\n".join(lines))
        return SourceUnreadable(f"cannot be read ({kind})", source, REPORT_IT)


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
