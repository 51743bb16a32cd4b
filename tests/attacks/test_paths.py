"""No answer to a client says where on the server anything is."""

import json
import urllib.error
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import FileInvalid, UserFacingError
from ingest.index.vectors import VECTORS_FOLDER
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.attacks.test_accounts import Browser
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from ui.page import app

pytestmark = [pytest.mark.slow, *GRADIO_WARNINGS]


GIVEN = {"question": "What are apples?", "search": "", "kind": "", "act-name": "one", "folder-path": "~"}
"""What the inputs of the page's handlers get, by the ids of their elements."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    for folder in ("one/texts", "two/texts"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "apples.md").write_text(f"# Apples {folder}\n\nApples are red fruit.\n", encoding="utf-8")
        (tmp_path / folder / "bad.pdf").write_text("no PDF", encoding="utf-8")
        ingest([tmp_path / folder], tmp_path / "data", FakeEncoder())
    assistant = Assistant(Index(tmp_path / "data", FakeEncoder()))
    # Behind a proxy: on loopback alone, the Corpus tab shows where the folders are.
    settings = Settings(port=0, data_dir=tmp_path / "data", mcp=True, allowed_hosts=("cited.example.org",))
    served = app.serve(assistant, settings, block=False)
    yield Browser(served.url, Accept="application/json, text/event-stream, text/html")
    served.close()
    assistant.close()


def call(page: Browser, name: str, data: list[object]) -> str:
    _, body = page.post(f"/gradio_api/call/{name}", {"data": data})
    return page.send(f"/gradio_api/call/{name}/{json.loads(body)['event_id']}")[1]


def every_handler(page: Browser) -> Iterator[str]:
    """Call all handlers of the page with nothing, those of the Corpus tab with a folder, and one with an upload."""
    _, uploaded = page.upload()
    yield uploaded
    config = json.loads(page.send("/config")[1])
    names = {each["id"]: each["props"].get("elem_id") for each in config["components"]}
    for each in config["dependencies"]:
        values = [GIVEN.get(names.get(i, "")) for i in each["inputs"]]
        if any(names.get(i) == "drop" for i, _ in each["targets"]):
            file = {"path": json.loads(uploaded)[0], "meta": {"_type": "gradio.FileData"}, "orig_name": "pears.md"}
            values = [[file], None]
        session = f"session-{each['id']}"
        body = {"fn_index": each["id"], "data": values, "session_hash": session}
        status, answer = page.post("/gradio_api/queue/join", body)
        yield answer
        if status == 200:
            yield page.send(f"/gradio_api/queue/data?session_hash={session}")[1]


def everything(page: Browser) -> Iterator[str]:
    """Yield what the page answers to questions, requests of programs, its own links, and mistakes."""
    asked = call(page, "ask", ["What are apples?", [], False])
    yield asked
    root = json.loads(asked.partition("data: ")[2].splitlines()[0])[0]["quotes"][0]["root"]
    place = urllib.parse.urlencode({"root": root, "source": "apples.md"})
    for path in (
        "/",
        "/config",
        "/gradio_api/info",
        "/kept",
        f"/reader?{place}",
        "/reader?root=x&source=y",
        "/nothing",
    ):
        yield page.send(path)[1]
    yield call(page, "ask", ["Who wrote Hamlet?", [], False])
    yield call(page, "search", ["apples", 5])
    yield call(page, "ingest_plan", [])
    for name, arguments in (
        ("ask", {"question": "What are apples?"}),
        ("get_source", {"source": "apples.md", "root": root}),
        ("get_source", {"source": "apples.md"}),
        ("get_source", {"source": "pears.md"}),
    ):
        params = {"name": name, "arguments": arguments}
        yield page.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})[1]
    yield from every_handler(page)


def test_no_answer_has_a_path_of_the_server(page: Browser, tmp_path: Path) -> None:
    answers = list(everything(page))
    assert sum("Apples are red fruit." in answer for answer in answers) > 5
    assert [answer for answer in answers if str(tmp_path) in answer or "/tmp/" in answer] == []
    for folder in ("one", "two"):
        (tmp_path / folder / "texts" / "apples.md").unlink()
    for path in (tmp_path / "data" / VECTORS_FOLDER).rglob("*.sqlite3"):
        path.write_bytes(b"damaged")
    answers = list(everything_again(page))
    assert [answer for answer in answers if str(tmp_path) in answer or "/tmp/" in answer] == []


def everything_again(page: Browser) -> Iterator[str]:
    yield call(page, "ask", ["What are apples?", [], False])
    yield call(page, "ingest_plan", [])
    yield from every_handler(page)


@pytest.mark.parametrize(
    ("error", "public"),
    [
        (UserFacingError("is damaged", "/srv/my data/chroma", "run it"), "chroma: is damaged; run it"),
        (UserFacingError("no (/srv/data/x.sqlite3: no)", "a/b.md", ""), "a/b.md: no (x.sqlite3: no)"),
        (UserFacingError("see https://a.example/b/c", "", "or <b>/i</b>"), "see https://a.example/b/c; or <b>/i</b>"),
        (FileInvalid("has faults", "/srv/prompts.jsonl", "", []), "prompts.jsonl: has faults"),
    ],
)
def test_errors_for_clients_have_no_folders(error: UserFacingError, public: str) -> None:
    assert error.public == public
