"""Kept conversations: what is kept is there again, each reader's apart, and nobody's turn is lost."""

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.schema import Abstention, Answer, Evidence, Quote, Turn
from ingest.errors import ConversationInvalid, IndexUnwritable
from ingest.origin import FileState
from ingest.schema import Passage
from tests.servers import in_folders
from ui.handlers.history import History

ANNA, BO = "a" * 32, "b" * 32
TEXT = "A pillow between the knees keeps the hip level."


@pytest.fixture
def history(catalogs: str, tmp_path: Path) -> History:
    return History(tmp_path)


def answered(question: str) -> Turn:
    passage = Passage("p", "root", "hip.md", 0, len(TEXT), TEXT, None, ("Hip",), (), "", "Hip")
    quote = Quote(Evidence(passage, 0, len(TEXT), 1.0), None, 1, None, FileState.SAME)
    return Turn(1, question, Answer(question, (quote,), None, ("hip.md",), 0.9, 3))


def abstained(question: str) -> Turn:
    return Turn(1, question, Answer(question, (), Abstention("No.", (), (), 1, 1), (), 0.1, 3))


def names(history: History, reader: str = ANNA, find: str = "") -> list[str]:
    return [entry.name for entry in history.listed(reader, find).kept]


def test_a_conversation_is_there_after_a_restart(history: History, tmp_path: Path) -> None:
    begun = history.append(ANNA, "", answered("How should I sleep?"))
    history.append(ANNA, begun.id, abstained("And ibuprofen?"))
    again = History(tmp_path).load(ANNA, begun.id)
    assert again is not None
    assert (again.name, [turn.question for turn in again.turns]) == (
        "How should I sleep?",
        ["How should I sleep?", "And ibuprofen?"],
    )
    assert [turn.number for turn in again.turns] == [1, 2]
    assert again.turns[0].answer == answered("How should I sleep?").answer
    assert again.turns[0].asked is not None


def test_the_last_changed_is_listed_first(history: History) -> None:
    first = history.append(ANNA, "", answered("One?"))
    history.append(ANNA, "", answered("Two?"))
    assert names(history) == ["Two?", "One?"]
    history.append(ANNA, first.id, answered("Three?"))
    assert names(history) == ["One?", "Two?"]
    assert [entry.turns for entry in history.listed(ANNA).kept] == [2, 1]


@pytest.mark.parametrize(
    ("find", "expected"),
    [("sleep", ["How should I SLEEP?"]), ("pillow KNEES", ["Hips?", "How should I SLEEP?"]), ("pillow absent", []),
     (" ", ["Why?", "Hips?", "How should I SLEEP?"])],
)  # fmt: skip
def test_a_search_looks_through_names_questions_and_quotes(history: History, find: str, expected: list[str]) -> None:
    for turn in (answered("How should I SLEEP?"), answered("Hips?"), abstained("Why?")):
        history.append(ANNA, "", turn)
    assert names(history, find=find) == expected


def test_readers_see_their_own_only(history: History, tmp_path: Path) -> None:
    annas = history.append(ANNA, "", answered("Anna's?"))
    assert names(history, BO) == []
    assert history.load(BO, annas.id) is None
    assert not history.rename(BO, annas.id, "Bo's")
    assert not history.delete(BO, annas.id)
    history.append(BO, annas.id, answered("Bo's?"))
    assert names(history) == ["Anna's?"]
    assert all(ANNA not in str(path) and ANNA not in path.read_text() for path in tmp_path.rglob("*.json"))


def test_rename_and_delete(history: History) -> None:
    kept = history.append(ANNA, "", answered("How should I sleep?"))
    assert history.rename(ANNA, kept.id, "  Nights\n and   hips ")
    assert names(history) == ["Nights and hips"]
    history.append(ANNA, kept.id, answered("And days?"))
    assert names(history) == ["Nights and hips"]
    assert history.rename(ANNA, kept.id, " ")
    assert names(history) == ["How should I sleep?"]
    assert history.rename(ANNA, kept.id, "x" * 500)
    assert [len(name) for name in names(history)] == [80]
    assert history.delete(ANNA, kept.id)
    assert not history.delete(ANNA, kept.id)
    assert names(history) == []


@pytest.mark.parametrize(
    "identity", ["", "..", "../../catalog", "20260101-000000-0000000g", "x/20260101-000000-00000000"]
)
def test_only_names_of_ours_lead_to_a_file(history: History, identity: str) -> None:
    history.append(ANNA, "", answered("One?"))
    assert history.load(ANNA, identity) is None
    assert not history.delete(ANNA, identity)
    assert not history.rename(ANNA, identity, "x")


def test_windows_that_hold_one_conversation_lose_no_turn(history: History, tmp_path: Path) -> None:
    kept = history.append(ANNA, "", answered("First?"))
    other = History(tmp_path)  # another process
    start = threading.Barrier(8)

    def ask(number: int) -> None:
        start.wait()
        for turn in range(3):
            (history, other)[number % 2].append(ANNA, kept.id, answered(f"{number}.{turn}?"))

    with ThreadPoolExecutor(8) as windows:
        list(windows.map(ask, range(8)))
    conversation = history.load(ANNA, kept.id)
    assert conversation is not None
    assert [turn.number for turn in conversation.turns] == list(range(1, 26))
    assert {turn.question for turn in conversation.turns} == {"First?"} | {
        f"{n}.{t}?" for n in range(8) for t in range(3)
    }


def test_a_question_after_a_deletion_begins_anew(history: History) -> None:
    kept = history.append(ANNA, "", answered("One?"))
    history.delete(ANNA, kept.id)
    again = history.append(ANNA, kept.id, answered("Two?"))
    assert (again.id, [turn.question for turn in again.turns]) == (kept.id, ["Two?"])


@in_folders
def test_an_altered_file_is_named_and_left_as_it_is(history: History, tmp_path: Path) -> None:
    kept = history.append(ANNA, "", answered("One?"))
    history.append(ANNA, "", answered("Two?"))
    (path,) = tmp_path.rglob(f"{kept.id}.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["turns"][0]["answer"]["quotes"][0]["text"] = "A pillow harms."
    path.write_text(json.dumps(record), encoding="utf-8")
    listed = history.listed(ANNA)
    assert [entry.name for entry in listed.kept] == ["Two?"]
    assert listed.unreadable == (str(path),)
    with pytest.raises(ConversationInvalid):
        history.append(ANNA, kept.id, answered("Three?"))
    assert "A pillow harms." in path.read_text(encoding="utf-8")


@in_folders
def test_a_file_that_was_edited_is_listed_as_it_is_now(history: History, tmp_path: Path) -> None:
    kept = history.append(ANNA, "", answered("One?"))
    assert names(history) == ["One?"]
    (path,) = tmp_path.rglob(f"{kept.id}.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"name": "One?"', '"name": "By hand"'), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert names(history) == ["By hand"]


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(IndexUnwritable, match="cannot be saved"):
        History(tmp_path).append(ANNA, "", answered("One?"))


def test_nobody_has_no_folder(history: History) -> None:
    with pytest.raises(ValueError, match="needs an owner"):
        history.append("", "", answered("One?"))
