"""Saves feedback on answers: whether they were useful and why, one line of JSON per turn."""

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from assistant.evaluation.record_files import json_line, read_jsonl
from assistant.schema import Rating, Turns
from ingest.errors import Fault, FileInvalid, IndexUnreadable, not_written
from ingest.index.kept import kept_in, reading_file
from ui.handlers.ask import LONGEST_QUESTION
from ui.handlers.limits import LONGEST_TEXT, is_full

FILE_NAME = "feedback.jsonl"
LONGEST_REASON = 1_000
"""Characters of a reason."""
LONGEST_PATH = 4_096
"""Characters of a folder or a source."""
MOST_QUOTES = 50
"""Quotes of an answer; usually there are only a few."""

_one_at_a_time = threading.Lock()

log = logging.getLogger(__name__)

Given = dict[tuple[str, int], dict[str, object]]


class FeedbackQuote(BaseModel):
    """A quote of the answer and its place (characters, end exclusive)."""

    model_config = ConfigDict(extra="forbid")

    root: str = Field(max_length=LONGEST_PATH)
    source: str = Field(max_length=LONGEST_PATH)
    start: int
    end: int
    text: str = Field(max_length=LONGEST_TEXT)


class Feedback(BaseModel):
    """The data of the form under an answer: the answer, and the reader's opinion."""

    model_config = ConfigDict(extra="forbid")

    conversation: str = Field(min_length=1, max_length=100)
    turn: int = Field(ge=1)
    useful: bool
    reason: str = Field(default="", max_length=LONGEST_REASON)
    question: str = Field(max_length=LONGEST_QUESTION)
    understood: str = Field(max_length=LONGEST_TEXT)
    abstained: bool
    run: int
    quotes: tuple[FeedbackQuote, ...] = Field(max_length=MOST_QUOTES)


def save_feedback(given: Feedback, data_dir: Path) -> None:
    """Save the feedback on a turn, replacing any earlier feedback on it.

    Raises:
        FileInvalid: the file has faults or is full; nothing is written.
        IndexUnwritable: the file cannot be written.
    """
    kept = kept_in(data_dir)
    record = {**given.model_dump(mode="json"), "given": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        with _one_at_a_time, kept.changing(f"{FILE_NAME}.lock"), reading_file(kept, FILE_NAME) as path:
            if is_full(path):
                raise FileInvalid("is full", str(path), "move it away")
            records, faults = _read(path)
            if faults:
                raise FileInvalid("not a file of feedback", str(path), "correct it or move it away", faults)
            records[given.conversation, given.turn] = record
            kept.replace(FILE_NAME, "".join(json_line(each) for each in records.values()).encode())
    except OSError as error:
        raise not_written("cannot be written", kept.where(FILE_NAME), error) from error


def rated(conversation: str, turns: Turns, data_dir: Path) -> Turns:
    """Return the turns of a conversation with their ratings.

    Lines that cannot be read are skipped and logged.
    """
    kept = kept_in(data_dir)
    path = kept.where(FILE_NAME)
    try:
        with reading_file(kept, FILE_NAME) as file:
            records, faults = _read(file)
    except OSError as error:
        log.warning("%s cannot be read: %s", path, error.strerror or type(error).__name__)
        return turns
    except IndexUnreadable as error:
        log.warning("%s", error)
        return turns
    if faults:
        line, what = faults[0]
        log.warning("%s has lines that cannot be read and are skipped; the first is line %s: %s", path, line, what)
    given = {turn: record for (known, turn), record in records.items() if known == conversation}
    return tuple(replace(turn, rating=_rating(given[turn.number]) if turn.number in given else None) for turn in turns)


def _rating(record: dict[str, object]) -> Rating:
    return Rating(record.get("useful") is True, str(record.get("reason") or ""))


def _read(path: Path) -> tuple[Given, list[Fault]]:
    """Return the lines of the file by conversation and turn, in file order, and the faults.

    Raises:
        OSError: the file cannot be read.
    """
    if not path.exists():
        return {}, []
    given: Given = {}
    records, faults = read_jsonl(path)
    for record in records:
        conversation, turn = record.fields.get("conversation"), record.fields.get("turn")
        if isinstance(conversation, str) and isinstance(turn, int):
            given[conversation, turn] = dict(record.fields)
        else:
            faults.append(Fault(record.line, "it has no conversation and turn"))
    return given, sorted(faults, key=lambda fault: fault.line or 0)
