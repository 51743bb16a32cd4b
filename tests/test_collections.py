"""Collections keep apart: forty questions to two with contrary facts, and the page and programs of each."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.server.mcpserver.exceptions import ToolError

from assistant.library import Library
from ingest.collections import create, delete, find
from ingest.errors import CollectionInvalid, IndexMissing
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.schema import CorpusDescription
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS
from ui.programs.mcp_server import build_server

pytestmark = [pytest.mark.model, *GRADIO_WARNINGS]

# Twenty things that two clubs say, each in its own way.
FACTS = {
    "What is the yearly fee of the club?": ("The yearly fee of the club is {} euros.", "forty", "ninety"),
    "On which day does the club meet?": ("The club meets every {} evening.", "Monday", "Friday"),
    "Who is the treasurer of the club?": ("The treasurer of the club is {}.", "Anna Berg", "Tom Vogel"),
    "How many members does the club have?": ("The club has {} members.", "twelve", "three hundred"),
    "Are dogs allowed at the meetings?": ("Dogs are {} at the meetings.", "allowed", "not allowed"),
    "When was the club founded?": ("The club was founded in {}.", "1921", "1987"),
    "Where does the club meet?": ("The club meets in the {}.", "old town hall", "railway museum"),
    "What colour is the flag of the club?": ("The flag of the club is {}.", "green", "purple"),
    "How often is the newsletter sent?": ("The newsletter is sent every {}.", "month", "quarter"),
    "How many votes does a guest have?": ("A guest has {} at the assembly.", "one vote", "no vote"),
    "What is the minimum age of members?": ("The minimum age of members is {} years.", "six", "eighteen"),
    "How long is the term of the chair?": ("The term of the chair is {} years.", "two", "five"),
    "Is smoking permitted in the garden?": ("Smoking is {} in the garden.", "permitted", "forbidden"),
    "What does a cup of coffee cost?": ("A cup of coffee costs {} cents.", "fifty", "eighty"),
    "Which bank holds the club's account?": ("The club's account is held by the {} Bank.", "Harbour", "Mountain"),
    "When does the summer party begin?": ("The summer party begins at {}.", "three o'clock", "seven o'clock"),
    "Who repairs the roof?": ("The roof is repaired by the firm {}.", "Lindner", "Okafor"),
    "How many chairs are in the hall?": ("There are {} chairs in the hall.", "sixty", "two hundred"),
    "When is the notice period for leaving?": ("The notice period for leaving is {} weeks.", "four", "thirteen"),
    "Where are the keys kept?": ("The keys are kept {}.", "in the red box", "at the bakery"),
}
CLUBS = ("Garden club", "Chess club")


@pytest.fixture(scope="module")
def settings(models: Path, exported: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two collections with the same questions and contrary answers, and an empty main one."""
    folder = tmp_path_factory.mktemp("clubs")
    settings = Settings(port=0, data_dir=folder / "data", mcp=True)
    settings.data_dir.mkdir()
    settings.models_dir.symlink_to(models)
    for at, name in enumerate(CLUBS):
        said = CorpusDescription(name, f"About the {name}.", f"Ask the {name}.", (next(iter(FACTS)),))
        texts = folder / name
        texts.mkdir()
        for number, (text, *values) in enumerate(FACTS.values()):
            (texts / f"{number}.md").write_text(text.format(values[at]) + "\n", encoding="utf-8")
        ingest([texts], create(settings.data_dir, name, said).folder, exported)
    return settings


@pytest.fixture(scope="module")
def library(settings: Settings) -> Iterator[Library]:
    library = Library(settings)
    yield library
    library.close()


@pytest.mark.parametrize("at", [0, 1])
def test_no_question_is_answered_from_the_other_collection(library: Library, at: int) -> None:
    answered = 0
    for question, (text, *values) in FACTS.items():
        answer = library.assistant(CLUBS[at]).ask(question)
        shown = [quote.text for quote in answer.shown]
        assert not any(text.format(values[1 - at]) in each for each in shown), question
        assert {quote.evidence.passage.root for quote in answer.shown} <= {CLUBS[at]}
        answered += bool(answer.quotes) and any(text.format(values[at]) in each for each in shown)
    assert answered >= 16  # of 20; what one document says in one short sentence is not always sure enough


def test_descriptions_and_notices_stay_with_their_collection(library: Library) -> None:
    for name in CLUBS:
        description = library.assistant(name).description()
        assert (description.name, description.notice) == (name, f"Ask the {name}.")
    assert library.assistant("").description() == CorpusDescription()


def test_an_empty_collection_says_that_there_are_no_texts(library: Library) -> None:
    with pytest.raises(IndexMissing):
        library.assistant("").ask("What is the yearly fee?")
    with pytest.raises(CollectionInvalid):
        library.assistant("nobody's")


def test_all_collections_share_the_models_in_memory(library: Library) -> None:
    first, second = (library.opened(find(library.data_dir, name).slug).encoder for name in CLUBS)
    assert isinstance(first, OnnxEncoder)
    assert isinstance(second, OnnxEncoder)
    assert first._graph._session is second._graph._session


def test_each_collection_has_an_address_of_its_own(library: Library, settings: Settings) -> None:
    from gradio_client import Client

    from ui.page.app import serve

    served = serve(library, settings, block=False)
    try:
        with httpx.Client(base_url=served.url) as client:
            listed = {each["name"]: each["address"] for each in client.get("/collections").json()}
            assert listed == {"Main collection": "", "Chess club": "c/chess-club/", "Garden club": "c/garden-club/"}
            assert client.get("/c/chess-club").headers["location"] == "/c/chess-club/"
            assert client.get("/c/nobody/").status_code == 404
            assert "no such source" in client.get("/c/chess-club/reader", params=_place("Garden club")).text
            assert "The yearly fee" in client.get("/c/garden-club/reader", params=_place("Garden club")).text
        for name, fee in zip(CLUBS, ("forty", "ninety"), strict=True):
            answer = Client(served.url + listed[name], verbose=False).predict(next(iter(FACTS)), api_name="/ask")
            assert [fee in quote["text"] for quote in answer["quotes"]] == [True]
    finally:
        served.close()


def test_collections_are_created_changed_and_deleted_over_the_page(settings: Settings) -> None:
    from ui.page.app import serve

    own = Library(settings)
    served = serve(own, settings, block=False)
    try:
        with httpx.Client(base_url=served.url) as client:
            made = client.post("/collections", json={"name": "Tea & cake", "questions": "Which cake?\n\n"})
            assert made.json() == {"address": "c/tea-cake/"}
            assert client.post("/collections", json={"name": "tea CAKE"}).status_code == 400
            assert client.post("/collections", json={"name": "x", "path": "/etc"}).status_code == 422
            assert client.post("/c/tea-cake/collection", json={"name": "Tea", "notice": "Hot."}).json() == made.json()
            assert "Hot." in client.get("/c/tea-cake/collection/form").text
            assert find(settings.data_dir, "tea-cake").description == CorpusDescription("Tea", notice="Hot.")
            assert client.delete("/c/tea-cake/collection").json() == {"address": ""}
            assert client.get("/c/tea-cake/").status_code == 404
            bad = {"name": "Club", "questions": "Why?\n" * 21}
            assert client.post("/collections", json=bad).status_code == 400
            assert client.post("/collections", json={**bad, "questions": ""}).json() == {"address": "c/club/"}
            assert client.get("/c/club/").status_code == 200
            former = client.get("/c/club/gradio_api/app_id").json()
            delete(find(settings.data_dir, "club"))  # by another process
            create(settings.data_dir, "Club")
            assert client.get("/c/club/gradio_api/app_id").json() != former
            client.delete("/c/club/collection")
            assert client.delete("/collection").status_code == 400  # the main one
    finally:
        served.close()
        own.close()
    assert not (settings.data_dir / "collections" / "tea-cake").exists()


def test_mcp_clients_name_a_collection(library: Library) -> None:
    server = build_server(library, CLUBS[1])
    question = next(iter(FACTS))

    def call(tool: str, **given: str) -> dict[str, Any]:
        with ThreadPoolExecutor(1) as apart:  # this thread may run the event loop of a browser
            return apart.submit(lambda: asyncio.run(server.call_tool(tool, given))).result().structured_content

    assert [each["collection"] for each in call("list_collections")["collections"]] == ["", "chess-club", "garden-club"]
    assert "forty" in call("ask", question=question, collection="garden-club")["quotes"][0]["text"]
    assert "ninety" in call("ask", question=question)["quotes"][0]["text"]
    with pytest.raises(ToolError, match="nothing has been ingested here"):
        call("ask", question=question, collection="")  # the main one
    with pytest.raises(ToolError, match="no such collection"):
        call("search", question=question, collection="nobody's")


def test_a_read_only_page_changes_no_collection(settings: Settings) -> None:
    from ui.page.app import serve

    closed = settings.model_copy(update={"read_only": True})
    own = Library(closed)
    served = serve(own, closed, block=False)
    try:
        with httpx.Client(base_url=served.url) as client:
            assert client.post("/collections", json={"name": "New"}).status_code == 403
            assert client.post("/c/chess-club/collection", json={"name": "New"}).status_code == 403
            assert client.delete("/c/chess-club/collection").status_code == 403
    finally:
        served.close()
        own.close()
    assert find(settings.data_dir, "chess-club").name == "Chess club"


def test_a_collection_that_is_deleted_elsewhere_is_gone_from_the_page(settings: Settings) -> None:
    from ui.page.app import serve

    own = Library(settings)
    served = serve(own, settings, block=False)
    try:
        with httpx.Client(base_url=served.url) as client:
            gone = create(settings.data_dir, "Short-lived")
            assert client.get("/c/short-lived/").status_code == 200
            delete(gone)
            assert client.get("/c/short-lived/").status_code == 404
    finally:
        served.close()
        own.close()


def _place(root: str) -> dict[str, str]:
    return {"root": root, "source": "0.md"}


ANEW = """
import sys
from pathlib import Path
from ingest.collections import create, delete, find
from ingest.models.encoder import BUNDLED, open_encoder
from ingest.runs.pipeline import ingest
data, texts = map(Path, sys.argv[1:])
delete(find(data, "short-lived-club"))
ingest([texts], create(data, "Short-lived club").folder, open_encoder(BUNDLED, data / "models"))
"""


@pytest.mark.slow
def test_a_collection_that_another_process_makes_anew_is_opened_again(
    settings: Settings, exported: OnnxEncoder, tmp_path: Path
) -> None:
    question, (text, *values) = next(iter(FACTS.items()))
    for value in values:
        (tmp_path / value).mkdir()
        (tmp_path / value / "fee.md").write_text(text.format(value) + "\n", encoding="utf-8")
    made = create(settings.data_dir, "Short-lived club")
    ingest([tmp_path / values[0]], made.folder, exported)
    library = Library(settings)
    try:
        for value in values:
            assert text.format(value) in [quote.text for quote in library.assistant(made.slug).ask(question).shown]
            if value != values[-1]:
                command = [sys.executable, "-c", ANEW, str(settings.data_dir), str(tmp_path / values[-1])]
                subprocess.run(command, check=True)
    finally:
        library.close()
        delete(made)
