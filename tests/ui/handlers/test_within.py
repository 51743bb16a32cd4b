"""Selections as programs and the page send them, and the sources and folders that are offered."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.public import Public
from assistant.render import within_words
from assistant.schema import Answering
from ingest.errors import RequestInvalid
from ingest.runs.pipeline import ingest
from ingest.schema import EVERYTHING, Selection
from tests.conftest import FakeEncoder
from ui.handlers import within
from ui.handlers.within import Choice

FILES = {"2024/may/a.md": "# Alpha\n\nOne.\n", "2024/b.TXT": "Two.\n", "c.md": "Three.\n"}


@pytest.fixture
def assistant(tmp_path: Path, write: Callable[..., Path], encoder: FakeEncoder) -> Iterator[Answering]:
    ingest([write(FILES, "letters"), write({"letters/d.md": "Four.\n"}, "notes")], tmp_path / "data", encoder)
    with closing(Assistant(Index(tmp_path / "data", encoder))) as opened:
        yield opened


@pytest.mark.parametrize(
    ("written", "place", "sources"),
    [
        ("letters", ("letters", ""), 3),
        ("letters/2024", ("letters", "2024"), 2),
        ("letters/2024/", ("letters", "2024"), 2),
        ("./letters/2024/b.TXT", ("letters", "2024/b.TXT"), 1),
        ("2024/may", ("", "2024/may"), 1),
        ("c.md", ("", "c.md"), 1),
        ("notes/letters", ("notes", "letters"), 1),
        ("letters/d.md", ("letters", "d.md"), 0),
        ("2024/ma", ("", "2024/ma"), 0),
    ],
)
def test_a_source_or_folder_is_written_with_or_without_its_root(
    assistant: Answering, tmp_path: Path, written: str, place: tuple[str, str], sources: int
) -> None:
    public = Public(lambda: assistant)
    selection = within.selection(public, {"sources": [written]})
    assert selection == Selection((place,))
    if sources:
        assert public.count(selection) == sources
        root = place[0] and str(tmp_path / place[0])
        assert within.selection(assistant, {"sources": [written]}) == Selection(((root, place[1]),))
    else:
        with pytest.raises(RequestInvalid, match="no text of this name"):
            public.count(selection)


def test_a_path_of_this_machine_names_its_root(assistant: Answering, tmp_path: Path) -> None:
    root = tmp_path / "letters"
    assert within.selection(assistant, {"sources": [str(root / "2024")]}) == Selection(((str(root), "2024"),))
    assert within.selection(assistant, {"sources": [str(root)]}) == Selection(((str(root), ""),))


def test_kinds_and_days_are_read_and_nothing_is_everything(assistant: Answering) -> None:
    given = {"kinds": [".TXT", "md", "txt"], "after": "2026-01-31", "before": None}
    selection = within.selection(assistant, given)
    assert selection == Selection(kinds=("txt", "md"), after=date(2026, 1, 31))
    assert assistant.count(Selection(kinds=("txt",))) == 1
    assert within.selection(assistant, {"sources": [], "kinds": []}) == EVERYTHING
    assert (
        within.selection(assistant, {}) == within.selection(assistant, None) == within.sent(assistant, "") == EVERYTHING
    )
    assert within.sent(assistant, within.written(selection)) == selection
    assert within.written(EVERYTHING) == ""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"after": "yesterday"}, "within.after: input should be a valid date.*days are written like 2026-01-31"),
        ({"sources": "a.md"}, "within.sources: input should be a valid list"),
        ({"sources": [""]}, "within.sources.0: string should have at least 1 character"),
        ({"sources": ["x"] * 1_001}, "within.sources: list should have at most 1000 items"),
        ({"folder": "a"}, "within.folder: extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_with_a_selection_is_said(assistant: Answering, given: dict[str, object], words: str) -> None:
    with pytest.raises(RequestInvalid, match=words):
        within.selection(assistant, given)


@pytest.mark.parametrize("text", ["{", "7", '["a.md"]', '"a.md"'])
def test_only_a_selection_is_taken_from_the_page(assistant: Answering, text: str) -> None:
    with pytest.raises(RequestInvalid, match="within: not "):
        within.sent(assistant, text)


def test_sources_folders_and_kinds_are_offered(assistant: Answering) -> None:
    found = within.choices(Public(lambda: assistant))
    assert [(each.written, each.sources) for each in found.folders] == [
        ("letters", 3),
        ("letters/2024", 2),
        ("letters/2024/may", 1),
        ("notes", 1),
        ("notes/letters", 1),
    ]
    assert Choice("letters/2024/may/a.md", "Alpha", 1) in found.sources and len(found.sources) == 4
    assert (found.more_folders, found.more_sources, found.kinds) == (0, 0, (("md", 3), ("txt", 1)))


def test_few_are_offered_and_the_others_are_found_by_name_or_title(
    assistant: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(within, "OFFERED", 1)
    public = Public(lambda: assistant)
    found = within.choices(public)
    assert (len(found.folders), found.more_folders, len(found.sources), found.more_sources) == (1, 4, 1, 3)
    assert [each.written for each in within.choices(public, "ALPHA may").sources] == ["letters/2024/may/a.md"]
    assert within.choices(public, "alpha notes").sources == ()
    assert len(within.choices(public, "alpha notes").kinds) == 2


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (EVERYTHING, ""),
        (Selection((("/home/ada/letters", ""), ("", "notes/a.md"))), "letters, notes/a.md"),
        (Selection(tuple(("", name) for name in "abcde")), "a, b, c and 2 more"),
        (
            Selection((("", "a"),), ("pdf", "md"), date(2026, 1, 2), date(2026, 2, 3)),
            "a; pdf, md files; read since 2026-01-02; read before 2026-02-03",
        ),
    ],
)
def test_a_selection_in_words(selection: Selection, words: str) -> None:
    assert within_words(selection) == words
