"""Conversations as JSON: what goes in comes out, and what is no conversation of ours is told so."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from assistant.conversations.json_file import conversation_json, read_conversation
from assistant.schema import (
    Abstention,
    Answer,
    Conversation,
    Correction,
    Evidence,
    LocatedText,
    Outline,
    Quote,
    Remark,
    Turn,
)
from ingest.errors import ConversationInvalid
from ingest.origin import FileState
from ingest.schema import Passage, Selection

TEXT = "Walking helps. Rest does not — nor does <worry>. 🦴"
WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def quote_of(quoted: str) -> Quote:
    passage = Passage("id", "/texts", "a/b.md", 40, 40 + len(TEXT), TEXT, 2, ("Back", "Care"), (), "", "A title")
    start = 40 + TEXT.index(quoted)
    return Quote(Evidence(passage, start, start + len(quoted), 1.5), "https://example.org/a", 3, 2, FileState.CHANGED)


@pytest.fixture
def conversation() -> Conversation:
    answered = Answer("Does walking help?", (quote_of("Walking helps."),), None, ("a/b.md",), 0.9, 7)
    abstention = Abstention("Nothing says so.", ("ibuprofen",), (quote_of("Rest does not"),), 3, 12)
    turns = (
        Turn(1, "Does it help?", answered, asked=WHEN),
        Turn(2, "Ibuprofen?", Answer("Ibuprofen?", (), abstention, (), 0.1, 8), asked=WHEN),
        Turn(4, "Why?", failure="the index is being rebuilt", asked=WHEN),
    )
    return Conversation("20260301-123000-0a1b2c3d", "Does it help?", WHEN, turns)


@pytest.fixture
def written(conversation: Conversation, tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    path.write_text(conversation_json(conversation), encoding="utf-8")
    return path


def test_what_was_written_is_read_again(conversation: Conversation, written: Path) -> None:
    assert read_conversation(written) == conversation


def test_corrections_and_remarks_are_read_again(conversation: Conversation, tmp_path: Path) -> None:
    heading = LocatedText("/texts", "a/b.md", 3, 7, "Care", 1, None)
    remark = Remark("1 text.", (Outline("/texts", "a/b.md", "A title", None, (heading,), 2),))
    mended = Answer("walking", (quote_of("Walking helps."),), None, (), 0.9, 7, (Correction("wlaking", "walking"),))
    listed = Answer("What is in here?", (), None, (), 0.0, 7, (), remark)
    perhaps = Answer("Rest?", (), Abstention("Perhaps.", (), (quote_of("Rest does not"),), 3, 12, True), (), 0.3, 7)
    in_parts = replace(mended, open_parts=("and sleeping?",), hint="Answers in German are less sure.")
    turns = tuple(Turn(number, "?", each) for number, each in enumerate((mended, listed, perhaps, in_parts), 1))
    kept, path = replace(conversation, turns=turns), tmp_path / "kept.json"
    path.write_text(conversation_json(kept), encoding="utf-8")
    assert read_conversation(path) == kept


def test_what_was_chosen_is_read_again_and_files_without_it_are_of_all_texts(
    conversation: Conversation, written: Path, tmp_path: Path
) -> None:
    within = Selection((("/texts", "a"), ("", "b.md")), ("pdf",), date(2026, 1, 31), None)
    chosen = tuple(
        replace(turn, answer=turn.answer and replace(turn.answer, within=within)) for turn in conversation.turns
    )
    kept, path = replace(conversation, turns=chosen), tmp_path / "kept.json"
    path.write_text(conversation_json(kept), encoding="utf-8")
    assert read_conversation(path) == kept
    former = json.loads(written.read_text(encoding="utf-8"))
    for turn in former["turns"]:
        if turn["answer"]:
            del turn["answer"]["within"]
    written.write_text(json.dumps(former), encoding="utf-8")
    assert read_conversation(written) == conversation


def test_a_quote_has_its_place_and_hash(written: Path) -> None:
    turn = json.loads(written.read_text(encoding="utf-8"))["turns"][0]
    assert (turn["question"], turn["answer"]["understood"], turn["answer"]["run"]) == (
        "Does it help?",
        "Does walking help?",
        7,
    )
    quote = turn["answer"]["quotes"][0]
    # printf 'Walking helps.' | sha256sum
    assert quote["sha256"] == "c9cab2ccbcbd3e4032bce4b65dbef419baac25eee371545f108374e26a3ce4ca"
    assert {name: quote[name] for name in ("root", "source", "start", "end", "line", "page", "url", "text")} == {
        "root": "/texts",
        "source": "a/b.md",
        "start": 40,
        "end": 54,
        "line": 3,
        "page": 2,
        "url": "https://example.org/a",
        "text": "Walking helps.",
    }


def test_a_pending_turn_is_not_written_and_half_a_character_is_made_visible(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    turns = (Turn(1, "a \ud800 b", failure="f", asked=WHEN), Turn(2, "pending"))
    path.write_text(conversation_json(Conversation("id", "a \ud800 b", WHEN, turns)), encoding="utf-8")
    read = read_conversation(path)
    assert [turn.question for turn in read.turns] == ["a \\ud800 b"]


Change = Callable[[dict], None]


def set_in_quote(name: str, value: object) -> Change:
    return lambda record: record["turns"][0]["answer"]["quotes"][0].update({name: value})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (set_in_quote("text", "Walking harms."), "the text does not match its sha256"),
        (set_in_quote("sha256", "0" * 64), "the text does not match its sha256"),
        (set_in_quote("start", 41), "the text differs from the passage at this span"),
        (set_in_quote("end", 4000), "the quote lies outside its passage"),
        (set_in_quote("start", "40"), "turns.0.answer.quotes.0.start: Input should be a valid integer"),
        (lambda record: record.pop("format"), 'does not say "format": "cited-conversation"'),
        (lambda record: record.update(version=2), "version: Input should be 1"),
        (lambda record: record["turns"][1].update(number=1), "the turn numbers are not in ascending order"),
        (lambda record: record["turns"][0]["answer"].update(quotes=[]), "an answer has quotes or an abstention"),
    ],
    ids=["text", "hash", "span", "outside", "type", "foreign", "version", "numbers", "neither"],
)
def test_an_altered_file_is_told_of(written: Path, change: Change, told: str) -> None:
    record = json.loads(written.read_text(encoding="utf-8"))
    change(record)
    written.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ConversationInvalid) as raised:
        read_conversation(written)
    assert told in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b"12", b"\xff\xfe\x00", b'{"a": 1', b"[" * 100_000])
def test_a_foreign_file_is_told_of(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ConversationInvalid, match="not a conversation exported by this program"):
        read_conversation(path)


def test_a_missing_file_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConversationInvalid, match="cannot be read"):
        read_conversation(tmp_path / "none.json")
    with pytest.raises(ConversationInvalid, match="cannot be read"):
        read_conversation(tmp_path)


def test_only_some_of_many_faults_are_told(written: Path) -> None:
    record = json.loads(written.read_text(encoding="utf-8"))
    record["turns"] = [{}] * 30
    written.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ConversationInvalid) as raised:
        read_conversation(written)
    assert len(raised.value.faults) == 11
    assert raised.value.faults[-1].what.startswith("and ")
