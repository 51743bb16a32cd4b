"""The cards of quotes in the page."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.schema import Turn
from ingest.runs.pipeline import RunReport
from ingest.schema import CorpusDescription
from tests.conftest import FakeEncoder
from ui.page.conversation import conversation_html
from ui.page.sources import sources_html


def test_the_same_words_in_two_files_have_one_card_that_opens_both(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> None:
    indexed({"heat.txt": "Heat eases a stiff back.", "copy.txt": "Heat eases a stiff back."})
    with closing(Assistant(Index(tmp_path / "data", encoder))) as assistant:
        turns = (Turn(1, "What eases a stiff back?", assistant.ask("What eases a stiff back?")),)
    cards, answer = sources_html(turns), conversation_html(turns, CorpusDescription())
    assert cards.count('class="card"') == 1 and "The same words: " in cards
    assert all(f"source={name}.txt&amp;at=0-24-" in cards for name in ("heat", "copy"))
    assert "1 quote from 2 sources" in answer and "also in " in answer


def test_the_first_item_of_a_list_is_shown_with_its_mark(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> None:
    indexed({"bag.md": "# Surgery\n\n1. Photo card for the surgery\n2. Insurance card\n"})
    question = "Which photo card for the surgery?"
    with closing(Assistant(Index(tmp_path / "data", encoder))) as assistant:
        turns = (Turn(1, question, assistant.ask(question)),)
    assert turns[0].answer is not None
    assert turns[0].answer.quotes[0].text == "Photo card for the surgery\n2. Insurance card"
    for html in (sources_html(turns), conversation_html(turns, CorpusDescription())):
        assert [html.count(mark) > 0 for mark in ("1. ", "2. ")] == [True, True]
