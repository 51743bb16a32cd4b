"""The log as JSON: one object a line, and no question unless that is allowed."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from ingest.settings import Settings
from ui.command import logs

QUESTION = "Is my knee\nbroken?"


def line(record: logging.LogRecord, *, questions: bool = False) -> dict[str, object]:
    written = logs.JsonLines(questions=questions).format(record)
    assert "\n" not in written
    fields = json.loads(written)
    assert isinstance(fields, dict)
    return fields


def record(message: str = "two\nlines: %s", *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.getLogger("ui.page").makeRecord(
        "ui.page", logging.INFO, "x.py", 1, message, arguments or ("é\u2028\ud800",), None, extra=fields
    )
    made.created = 1_800_000_000.25
    return made


def test_a_record_is_one_line() -> None:
    assert line(record(event="run", counts={"added": 1}, when=datetime(2026, 1, 1, tzinfo=UTC), level="loud")) == {
        "time": "2027-01-15T08:00:00.250+00:00",
        "level": "INFO",
        "logger": "ui.page",
        "message": "two\nlines: é\u2028\ud800",
        "event": "run",
        "counts": {"added": 1},
        "when": "2026-01-01 00:00:00+00:00",
    }


def test_an_exception_is_a_string() -> None:
    failed = record()
    try:
        raise ValueError("broken")
    except ValueError:
        failed.exc_info = sys.exc_info()
    written = str(line(failed)["exception"])
    assert written.startswith("Traceback") and written.endswith("ValueError: broken")


def test_a_question_is_written_only_if_allowed() -> None:
    asked = record(event="question", question=QUESTION)
    assert "question" not in line(asked)
    assert line(asked, questions=True)["question"] == QUESTION


@contextmanager
def stderr() -> Iterator[io.StringIO]:
    """Replace standard error; the loggers are afterwards as they were."""
    written = io.StringIO()
    loggers = [logging.root, *map(logging.getLogger, logs.OWN)]
    levels = [logger.level for logger in loggers]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", written)
        patch.setattr(logging.root, "handlers", [])  # pytest's own are not to be closed
        yield written
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_our_own_loggers_tell_more_than_others() -> None:
    settings = Settings(log_format="json")
    with stderr() as told:
        logs.set_up(settings)
        logging.getLogger("assistant.metrics").info("asked", extra={"question": QUESTION})
        logging.getLogger("ingest").debug("hidden")
        logging.getLogger("chromadb").info("hidden")
        logging.getLogger("chromadb").error("shown")
        logs.tell("cited: warning: beware", settings)
    written = [json.loads(each) for each in told.getvalue().splitlines()]
    assert [each["message"] for each in written] == ["asked", "shown", "cited: warning: beware"]
    assert "knee" not in told.getvalue()


def test_text_stays_as_it_is() -> None:
    settings = Settings()
    with stderr() as told:
        logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
        logs.set_up(settings)
        logging.getLogger("ui").error("bad")
        logging.getLogger("ui").info("hidden")
        logs.tell("cited: warning: beware", settings)
    assert told.getvalue() == "ERROR ui: bad\ncited: warning: beware\n"
