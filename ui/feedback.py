"""Whether answers were useful, and why: one line a turn in a file that its owner can read."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from assistant.records import json_line, read_jsonl
from assistant.schema import Rating, Turns
from ingest.errors import FileInvalid, IndexUnwritable
from ui.history import replace_text

FILE_NAME = "feedback.jsonl"
LONGEST_REASON = 1_000
"""Characters of a reason."""

_one_at_a_time = threading.Lock()


class QuotedText(BaseModel):
    """What an answer quoted and where; characters, end exclusive."""

    model_config = ConfigDict(extra="forbid")

    root: str
    source: str
    start: int
    end: int
    text: str


class Feedback(BaseModel):
    """What the form under an answer sends: the answer, and what a person thinks of it."""

    model_config = ConfigDict(extra="forbid")

    conversation: str = Field(min_length=1, max_length=100)
    turn: int = Field(ge=1)
    useful: bool
    reason: str = Field(default="", max_length=LONGEST_REASON)
    question: str
    understood: str
    abstained: bool
    run: int
    quotes: tuple[QuotedText, ...]


def save_feedback(given: Feedback, data_dir: Path) -> None:
    """Write down what a person thinks of a turn, in place of what they thought before.

    Raises:
        FileInvalid: the file has faults; nothing is written.
        IndexUnwritable: it cannot be written.
    """
    path = data_dir / FILE_NAME
    record = {**given.model_dump(mode="json"), "given": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time, FileLock(f"{path}.lock"):
            records = _read(path)
            records[given.conversation, given.turn] = record
            replace_text(path, "".join(json_line(each) for each in records.values()))
    except OSError as error:
        what = f"cannot be written ({(error.strerror or type(error).__name__).lower()})"
        raise IndexUnwritable(what, str(path), "make room on the disk, or check that you may write there") from error


def rated(conversation: str, turns: Turns, data_dir: Path) -> Turns:
    """Return the turns of a conversation with what a person thought of them.

    Raises:
        FileInvalid: the file of feedback has faults.
    """
    records = _read(data_dir / FILE_NAME)
    given = {turn: record for (known, turn), record in records.items() if known == conversation}
    return tuple(replace(turn, rating=_rating(given[turn.number]) if turn.number in given else None) for turn in turns)


def _rating(record: dict[str, object]) -> Rating:
    return Rating(record.get("useful") is True, str(record.get("reason") or ""))


def _read(path: Path) -> dict[tuple[object, object], dict[str, object]]:
    """Return the lines of the file by conversation and turn, in their order."""
    if not path.is_file():
        return {}
    records, faults = read_jsonl(path)
    if faults:
        raise FileInvalid("not a file of feedback", str(path), "mend it or move it away", faults)
    return {(each.fields.get("conversation"), each.fields.get("turn")): dict(each.fields) for each in records}
