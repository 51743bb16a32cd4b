"""The journal: who changed the corpus, and when, in a file that is only appended to."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ingest.errors import PlanOutdated, RunStopped, UserFacingError
from ingest.runs.report import RunReport

FILE_NAME = "changes.jsonl"

log = logging.getLogger(__name__)


def note_run(report: RunReport, data_dir: Path, *, by: str, what: Literal["ingest", "forget"] = "ingest") -> None:
    """Log a finished run and add it to the journal; `by` is the name of the account or user.

    If the journal cannot be written, that is logged as an error, because the
    run itself is finished.
    """
    run, counts = report.run, report.counts()
    fields = {"outcome": "finished", "what": what, "by": by, "run": run, "counts": counts}
    log.info("%s finished", what, extra={"event": "run", **fields})
    entry = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "by": by, "what": what, "run": run}
    path = data_dir / FILE_NAME
    try:
        _append(path, json.dumps({**entry, "counts": counts}))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        log.error("%s: run %d by %s cannot be noted (%s)", path, run, by, reason.lower())


def note_failure(error: UserFacingError, *, by: str) -> None:
    """Log a run that failed or was stopped; it changed nothing, so the journal does not name it."""
    outcome = "stopped" if isinstance(error, RunStopped) else "failed"
    log.info("ingest %s: %s", outcome, error, extra={"event": "run", "outcome": outcome, "what": "ingest", "by": by})


@contextmanager
def noting_failure(by: str) -> Iterator[None]:
    """Log the failure of a run; an outdated plan is not run."""
    try:
        yield
    except PlanOutdated:
        raise
    except UserFacingError as error:
        note_failure(error, by=by)
        raise


def authors(data_dir: Path) -> dict[int, str]:
    """Return who started each run, by the run's number; lines that cannot be read are skipped."""
    path = data_dir / FILE_NAME
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        log.warning("%s cannot be read: %s", path, error.strerror or type(error).__name__)
        return {}
    return dict(filter(None, map(_author, lines)))


def _append(path: Path, line: str) -> None:
    """Append a line with a single write, so that several processes may; a line that was cut off stays by itself.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
        start = b"\n" if size and file.read(1) != b"\n" else b""
        file.write(start + line.encode("ascii") + b"\n")


def _author(line: bytes) -> tuple[int, str] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("run"), int) or not isinstance(entry.get("by"), str):
        return None
    return entry["run"], entry["by"]
