"""Further questions after an answer: headings near its quotes, and only those that the texts answer below them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant.answering.rerank import BUNDLED, open_reranker
from assistant.assistant import Assistant
from assistant.index import Index
from assistant.schema import Answer
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.schema import EVERYTHING, Selection
from ingest.settings import Settings
from tests.browser.conftest import ROOT, StandIn, document
from ui.handlers.onward import MOST_ASKED, OFFERED, Near, Onward, QuotedAt, quoted_at
from ui.page.admission import Work
from ui.page.routes import page_routes

CORPUS = Path(__file__).parents[3] / "corpus"
GARDEN = """# The garden

The garden lies behind the house.

## Beans

Beans climb on poles.

### Sowing beans

In May sowing beans begins.

## Why do beans climb?

Climbing brings beans to the light.

## Roses

Roses need pruning. The whole rose bed is old.

## Tools

See the shed.

## Old roses

Old roses smell best.
"""


class Counting(StandIn):
    """The stand-in with one more text; it remembers what it was asked, and tells another run if told to."""

    def __init__(self) -> None:
        super().__init__()
        self.documents["garden.md"] = document("garden.md", "The garden", GARDEN)
        self.asked: list[str] = []

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        assert as_typed
        self.asked.append(question)
        return super().ask(question, history, as_typed=as_typed, within=within)


@pytest.fixture
def assistant() -> Counting:
    return Counting()


def near(*quotes: str, asked: Sequence[str] = (), run: int = 1, text: str = GARDEN, source: str = "garden.md") -> Near:
    return Near(run, tuple(QuotedAt((ROOT, source), text.index(quote)) for quote in quotes), tuple(asked))


def never() -> bool:
    return False


def test_headings_near_the_quote_are_offered_if_a_quote_below_them_answers(assistant: Counting) -> None:
    assert Onward(assistant).questions(near("In May"), never) == ("Why do beans climb?", "Roses", "Old roses")
    assert assistant.asked == ["Why do beans climb?", "Roses", "Tools", "Old roses"]  # not those above the quote


def test_the_next_heading_comes_before_the_previous_one_and_nothing_quoted_is_offered(assistant: Counting) -> None:
    found = Onward(assistant).questions(near("Roses need", "Climbing brings"), never)
    assert assistant.asked == ["Tools", "Old roses", "Sowing beans", "Beans"]
    assert found == ("Old roses", "Sowing beans", "Beans")
    assert len(assistant.asked) == MOST_ASKED and len(found) == OFFERED


def test_what_was_asked_already_is_not_offered(assistant: Counting) -> None:
    found = Onward(assistant).questions(near("In May", asked=["why do Beans climb"]), never)
    assert found == ("Roses", "Old roses")


def test_the_title_too_long_headings_and_those_without_words_are_not_asked(assistant: Counting) -> None:
    text = f"# The garden\n\nSoil.\n\n## {'Beans ' * 30}\n\nBeans.\n\n## ***\n\nBeans.\n\n## Beans\n\nBeans grow.\n"
    assistant.documents["garden.md"] = document("garden.md", "The garden", text)
    Onward(assistant).questions(near("Soil", text=text), never)
    assert assistant.asked == ["Beans"]


def test_several_sources_take_turns_and_one_that_is_gone_is_left_out(assistant: Counting) -> None:
    back = assistant.documents["back-pain.md"].text
    quoted = (
        QuotedAt((ROOT, "gone.md"), 0),
        QuotedAt((ROOT, "garden.md"), GARDEN.index("In May")),
        QuotedAt((ROOT, "back-pain.md"), back.index("Most episodes")),
    )
    found = Onward(assistant).questions(Near(1, quoted, ()), never)
    assert assistant.asked[:2] == ["Why do beans climb?", "When to see a doctor"]
    assert found and "When to see a doctor" in found


def test_a_text_without_headings_offers_nothing(assistant: Counting) -> None:
    study = assistant.documents["studies/strength.txt"].text
    assert Onward(assistant).questions(near("Strength", text=study, source="studies/strength.txt"), never) == ()
    assert assistant.asked == []


def test_results_are_kept_by_run_and_place_unless_another_run_answered(assistant: Counting) -> None:
    onward = Onward(assistant)
    first = onward.questions(near("In May"), never)
    asked = len(assistant.asked)
    assert onward.questions(near("In May"), never) == first
    assert len(assistant.asked) == asked
    for _ in range(2):  # the stand-in says that its run is 1
        assert onward.questions(near("In May", run=2), never) == first
    assert len(assistant.asked) == 3 * asked


def test_it_stops_once_there_is_other_work(assistant: Counting) -> None:
    onward = Onward(assistant)
    assert onward.questions(near("In May"), lambda: len(assistant.asked) == 1) is None
    assert assistant.asked == ["Why do beans climb?"]
    assert onward.questions(near("In May"), never) is not None  # what was broken off is not kept


QUERY = urlencode([("run", 1), ("root", ROOT), ("source", "garden.md"), ("start", GARDEN.index("In May"))])


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def client(assistant: Counting, work: Work, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(page_routes(assistant, Settings(data_dir=tmp_path), work))
    with TestClient(app) as client:
        yield client


def test_the_route_returns_buttons_that_ask_as_typed(client: TestClient) -> None:
    html = client.get(f"/onward?{QUERY}").text
    assert 'data-question="Why do beans climb?" data-as-typed' in html
    again = client.get(f"/onward?{QUERY}&asked=Roses&asked=Why+do+beans+climb").text
    assert again.count("data-question") == 1 and "Old roses" in again
    assert client.get(f"/onward?{QUERY.replace('garden', 'gone')}").text == ""
    assert client.get("/onward?run=1").status_code == 422


def test_the_route_waits_for_nobody_and_nobody_waits_for_it(
    client: TestClient, work: Work, assistant: Counting
) -> None:
    work.direct["somebody"] = 1
    assert client.get(f"/onward?{QUERY}").status_code == 204
    work.direct.clear()
    with work.spare:  # another one runs
        assert client.get(f"/onward?{QUERY}").status_code == 204
    work.stop.set()
    assert client.get(f"/onward?{QUERY}").status_code == 204
    assert assistant.asked == []
    work.stop.clear()
    assert client.get(f"/onward?{QUERY}").status_code == 200
    assert client.get(f"/onward?{QUERY}&within=nonsense").status_code == 204
    assert not work.spare.locked()


@pytest.mark.model
def test_with_real_models_what_is_offered_is_answered_below_its_heading(exported: OnnxEncoder, tmp_path: Path) -> None:
    ingest([CORPUS], tmp_path / "data", exported)
    assistant = Assistant(Index(tmp_path / "data", exported), open_reranker(BUNDLED, tmp_path))
    offered = 0
    for question in ("What does sciatica feel like?", "Does yoga help chronic back pain?", "What is hip bursitis?"):
        answer = assistant.ask(question)
        found = Onward(assistant).questions(Near(answer.run, tuple(quoted_at(answer)), (question,)), never)
        assert found
        offered += len(found)
        for heading in found:
            quotes = assistant.ask(heading, as_typed=True).quotes
            assert any(heading in quote.evidence.passage.heading for quote in quotes), heading
    assert offered >= 6
    assistant.close()
