"""Feedback: one line a turn, changeable, legible to the owner of the data folder."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from assistant.schema import Rating, Turn
from ingest.errors import FileInvalid, IndexUnwritable
from ui.handlers.feedback import Feedback, rated, save_feedback

QUOTE = {"root": "/texts", "source": "hip.md", "start": 4, "end": 11, "text": "A hip \u2028."}


def feedback(turn: int = 1, *, useful: bool = True, reason: str = "", conversation: str = "c") -> Feedback:
    return Feedback.model_validate(
        {
            "conversation": conversation,
            "turn": turn,
            "useful": useful,
            "reason": reason,
            "question": "Hips?",
            "understood": "What about hips?",
            "abstained": False,
            "run": 3,
            "quotes": [QUOTE],
        }
    )


def lines(data_dir: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (data_dir / "feedback.jsonl").read_text(encoding="utf-8").split("\n") if line]


def test_a_line_has_the_answer_and_what_is_thought_of_it(tmp_path: Path) -> None:
    save_feedback(feedback(reason="It <helped>"), tmp_path)
    (line,) = lines(tmp_path)
    assert line.pop("given")
    assert line == {
        "conversation": "c",
        "turn": 1,
        "useful": True,
        "reason": "It <helped>",
        "question": "Hips?",
        "understood": "What about hips?",
        "abstained": False,
        "run": 3,
        "quotes": [QUOTE],
    }


def test_another_thought_takes_the_place_of_the_first(tmp_path: Path) -> None:
    save_feedback(feedback(1), tmp_path)
    save_feedback(feedback(2), tmp_path)
    save_feedback(feedback(1, conversation="d"), tmp_path)
    save_feedback(feedback(1, useful=False, reason="No"), tmp_path)
    told = [(line["conversation"], line["turn"], line["useful"], line["reason"]) for line in lines(tmp_path)]
    assert told == [("c", 1, False, "No"), ("c", 2, True, ""), ("d", 1, True, "")]


def test_turns_are_shown_with_what_was_thought(tmp_path: Path) -> None:
    save_feedback(feedback(2, useful=False, reason="No"), tmp_path)
    turns = rated("c", (Turn(1, "a"), Turn(2, "b", rating=Rating(True))), tmp_path)
    assert [turn.rating for turn in turns] == [None, Rating(False, "No")]
    assert rated("other", turns, tmp_path)[1].rating is None


def test_nothing_is_lost_when_many_speak_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda number: save_feedback(feedback(number + 1), tmp_path), range(24)))
    assert sorted(line["turn"] for line in lines(tmp_path)) == list(range(1, 25))  # type: ignore[type-var]


def test_a_file_with_faults_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "feedback.jsonl").write_text("no json\n", encoding="utf-8")
    with pytest.raises(FileInvalid, match="line 1"):
        save_feedback(feedback(), tmp_path)
    assert (tmp_path / "feedback.jsonl").read_text(encoding="utf-8") == "no json\n"


@pytest.mark.parametrize("bad", ['{"conversation": "c", "turn": 2', '{"conversation": "c", "turn": [1]}', "\xff", "[]"])
def test_a_bad_line_hides_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str) -> None:
    save_feedback(feedback(1, reason="Good"), tmp_path)
    with (tmp_path / "feedback.jsonl").open("ab") as file:
        file.write(bad.encode("latin-1"))
    assert rated("c", (Turn(1, "a"), Turn(2, "b")), tmp_path)[0].rating == Rating(True, "Good")
    assert "line 2" in caplog.text
    with pytest.raises(FileInvalid, match="line 2"):
        save_feedback(feedback(), tmp_path)


def test_a_file_that_cannot_be_read_rates_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "feedback.jsonl").mkdir()
    turns = (Turn(1, "a"),)
    assert rated("c", turns, tmp_path) == turns
    assert "cannot be read" in caplog.text


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(IndexUnwritable, match=r"feedback\.jsonl"):
        save_feedback(feedback(), tmp_path / "file")


@pytest.mark.parametrize(
    "change",
    [
        {"turn": 0},
        {"reason": "x" * 1_001},
        {"conversation": ""},
        {"more": 1},
        {"question": "x" * 10_001},
        {"understood": "x" * 20_001},
        {"quotes": [QUOTE] * 51},
        {"quotes": [{**QUOTE, "text": "x" * 20_001}]},
        {"quotes": [{**QUOTE, "source": "x" * 4_097}]},
    ],
)
def test_what_no_form_sends_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Feedback.model_validate({**feedback().model_dump(), **change})
