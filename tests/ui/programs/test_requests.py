"""Requests of programs: answers, passages, parts of sources, and invalid requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import RequestInvalid
from ingest.runs.pipeline import Plan, ingest
from tests.conftest import FakeEncoder
from ui.handlers.corpus import Planned
from ui.programs import requests as programs
from ui.programs.requests import LONGEST_EXCERPT, MOST_PASSAGES, Span

APPLES = "# Apples\n\nApples are red 🍎.\nPears are green.\n"
PAGE = "<title>Page</title><p>Melons are round.</p>"
LONG = "# Long\n\n" + "".join(f"Sentence {number} is about plums.\n" for number in range(2_000))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two roots that share a source name, and the index."""
    folder = tmp_path_factory.mktemp("programs")
    for name, text in {"a/apples.md": APPLES, "a/long.md": LONG, "a/page.html": PAGE, "b/apples.md": "Else."}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def assistant(folder: Path) -> Iterator[Assistant]:
    encoder = FakeEncoder()
    ingest([folder / "a", folder / "b"], folder / "data", encoder)
    opened = Assistant(Index(folder / "data", encoder))
    yield opened
    opened.close()


def test_an_answer_has_the_keys_of_the_command(assistant: Assistant) -> None:
    result = programs.ask_json(programs.ask(assistant, "  Which apples are red?  "))
    assert result["question"] == "Which apples are red?"
    assert set(result) >= {"abstained", "reason", "missing_terms", "quotes", "ranked", "nearest", "gate_score", "run"}


def test_earlier_questions_are_passed_on(assistant: Assistant) -> None:
    assert "apples" in programs.ask(assistant, "and green?", ["Which apples are red?"]).question


def test_a_question_is_searched_for_as_typed_on_demand(assistant: Assistant) -> None:
    typed = programs.ask(assistant, " and graen? ", ["Which apples are red?"], as_typed=True)
    assert (typed.question, typed.corrections) == ("and graen?", ())


@pytest.mark.parametrize(
    ("question", "history", "words"),
    [
        ("", [], "question: the question is empty; "),
        (" \n", [], "question: the question is empty; "),
        ("x" * 10_001, [], r"question: the question is too long \(10,001 characters\); shorten it to at most 10,000"),
        ("Why?", ["Which?", ""], "history, question 2: the question is empty"),
    ],
)
def test_invalid_questions(assistant: Assistant, question: str, history: list[str], words: str) -> None:
    with pytest.raises(RequestInvalid, match=f"^{words}"):
        programs.ask(assistant, question, history)


def test_passages_come_with_place_and_score(assistant: Assistant) -> None:
    found = programs.search_json("red apples", programs.search(assistant, "red apples", 2))
    first, second = found["passages"]
    assert (first["source"], first["line"], first["page"], first["heading"]) == ("apples.md", 3, None, "Apples")
    assert APPLES[first["start"] : first["end"]] == first["text"]
    assert first["score"] >= second["score"]


@pytest.mark.parametrize("limit", [0, -1, MOST_PASSAGES + 1])
def test_an_invalid_number_of_passages(assistant: Assistant, limit: int) -> None:
    with pytest.raises(RequestInvalid, match="limit: .* pass a number from 1 to 50"):
        programs.search(assistant, "apples", limit)


def read(assistant: Assistant, source: str, root: str = "", **span: int) -> dict[str, object]:
    return programs.excerpt_json(programs.read(assistant, source, root, Span(**span)))


def test_a_long_source_is_read_in_parts_that_join(assistant: Assistant) -> None:
    parts, at = [], 0
    while True:
        part = read(assistant, "long.md", start=at)
        assert (part["characters"], part["start"]) == (len(LONG), at)
        parts.append(str(part["text"]))
        if part["next"] is None:
            break
        at = int(str(part["next"]))
    assert "".join(parts) == LONG
    assert [len(part) for part in parts[:-1]] == [LONGEST_EXCERPT] * (len(LONG) // LONGEST_EXCERPT)


def test_a_span_ends_where_requested(assistant: Assistant) -> None:
    part = read(assistant, "long.md", start=10, end=LONGEST_EXCERPT + 11)
    assert (part["end"], part["next"]) == (LONGEST_EXCERPT + 10, LONGEST_EXCERPT + 10)
    rest = read(assistant, "long.md", start=LONGEST_EXCERPT + 10, end=LONGEST_EXCERPT + 11)
    assert (rest["text"], rest["next"]) == (LONG[LONGEST_EXCERPT + 10], None)
    assert read(assistant, "long.md", start=0, end=0)["text"] == ""
    assert read(assistant, "long.md", start=len(LONG))["text"] == ""


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((3, 3), "Apples are red 🍎.\n"),
        ((3, 4), "Apples are red 🍎.\nPears are green.\n"),
        ((4, 99), "Pears are green.\n"),
        ((None, 1), "# Apples\n"),
        ((4, None), "Pears are green.\n"),
    ],
)
def test_lines_are_returned_whole(
    assistant: Assistant, folder: Path, lines: tuple[int | None, int | None], text: str
) -> None:
    span = {name: line for name, line in zip(("first_line", "last_line"), lines, strict=True) if line}
    part = read(assistant, "apples.md", str(folder / "a"), **span)
    assert part["text"] == text
    assert (part["first_line"], part["last_line"]) == (lines[0] or 1, min(lines[1] or 4, 4))


def test_extracted_text_has_no_lines(assistant: Assistant) -> None:
    assert read(assistant, "page.html")["first_line"] is None
    with pytest.raises(RequestInvalid, match=r"page\.html: .* has no lines; pass start and end"):
        read(assistant, "page.html", first_line=1)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ({"start": -1}, "characters -1 to [0-9]+ do not exist"),
        ({"start": 5, "end": 4}, "characters 5 to 4 do not exist"),
        ({"start": 10**9}, "it has [0-9]+ characters"),
        ({"first_line": 3, "last_line": 2}, "lines 3 to 2 do not exist"),
        ({"first_line": 9_999}, "it has 2002 lines"),
        ({"first_line": -3}, "lines -3 to 2002 do not exist"),
        ({"last_line": 0}, "lines 1 to 0 do not exist"),
        ({"start": 1, "first_line": 1}, "both characters and lines were requested"),
    ],
)
def test_invalid_spans(assistant: Assistant, span: dict[str, int], words: str) -> None:
    with pytest.raises(RequestInvalid, match=words):
        read(assistant, "long.md", **span)


def test_a_source_in_several_folders_needs_a_root(assistant: Assistant, folder: Path) -> None:
    with pytest.raises(RequestInvalid, match=f"several folders.*{folder / 'a'}, {folder / 'b'}"):
        read(assistant, "apples.md")
    assert read(assistant, "apples.md", str(folder / "b"))["text"] == "Else."
    for source, root in (("apples.md", "/etc"), ("passwd", "/etc"), ("../apples.md", ""), ("", "")):
        with pytest.raises(RequestInvalid, match="the index has no such source"):
            read(assistant, source, root)


def test_lone_surrogates_are_escaped() -> None:
    planned = Planned(Plan(found=1, renamed=(("old.md", "b\udcff.md"),), failed=(("x", "cannot be opened"),)))
    result = programs.plan_json(planned)
    assert result["renamed"] == [{"former": "old.md", "source": "b\\udcff.md"}]
    assert result["failed"] == [{"source": "x", "reason": "cannot be opened"}]
