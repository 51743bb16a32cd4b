"""What monitoring asks the page, and who changed the corpus through it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.runs.journal import FILE_NAME, authors
from ingest.runs.pipeline import RunReport
from ingest.settings import Settings
from tests.attacks.test_accounts import PASSWORD, Browser
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from ui.handlers.accounts import Accounts
from ui.handlers.roles import Role
from ui.page import app
from ui.page.admission import STOPPING, Work
from ui.page.health import health_routes

pytestmark = list(GRADIO_WARNINGS)


@pytest.fixture
def settings(tmp_path: Path, indexed: Callable[..., RunReport]) -> Settings:
    indexed({"apples.md": "# Apples\n\nApples are red fruit.\n"})
    return Settings(port=0, data_dir=tmp_path / "data")


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    opened = Assistant(Index(settings.data_dir, FakeEncoder()))
    yield opened
    opened.close()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def client(assistant: Assistant, settings: Settings, work: Work) -> TestClient:
    served = FastAPI()
    served.include_router(health_routes(assistant, settings, work))
    return TestClient(served)


def told(client: TestClient, path: str) -> tuple[int, str]:
    answer = client.get(path)
    return answer.status_code, answer.text


def metric(client: TestClient, name: str) -> str:
    [value] = [line.split()[-1] for line in told(client, "/metrics")[1].splitlines() if line.startswith(name)]
    return value


def test_a_page_that_runs_is_ready(client: TestClient) -> None:
    assert told(client, "/healthz") == (200, "ok")
    assert told(client, "/readyz") == (200, "ready")


def test_a_page_that_is_being_stopped_is_not_ready(client: TestClient, work: Work) -> None:
    work.stop.set()
    assert told(client, "/readyz") == (503, STOPPING)
    assert told(client, "/healthz") == (200, "ok")


def test_a_page_without_its_index_is_not_ready(client: TestClient, settings: Settings) -> None:
    shutil.move(settings.data_dir, settings.data_dir.with_name("away"))
    status, reason = told(client, "/readyz")
    assert status == 503 and reason
    assert str(settings.data_dir.parent) not in reason
    assert told(client, "/healthz") == (200, "ok")
    assert metric(client, "cited_files_failed") == "NaN"


def test_metrics_after_a_few_questions(
    client: TestClient, assistant: Assistant, work: Work, indexed: Callable[..., RunReport]
) -> None:
    answered, abstained = (f'cited_questions_total{{outcome="{kind}"}}' for kind in ("answered", "abstained"))
    before = [float(metric(client, name)) for name in (answered, abstained)]
    assistant.ask("What are apples?")
    assistant.ask("Are apples red?")
    assistant.ask("Does ibuprofen cure gout?")
    after = [float(metric(client, name)) for name in (answered, abstained)]
    assert [now - former for now, former in zip(after, before, strict=True)] == [2, 1]
    work.direct["127.0.0.1"] += 2
    assert metric(client, 'cited_queue{state="running"}') == "2.0"
    assert metric(client, 'cited_queue{state="waiting"}') == "0.0"
    assert metric(client, "cited_files_failed") == "0.0"
    indexed({"bad.md": "\0"})
    assert metric(client, "cited_files_failed") == "1.0"
    assert client.get("/metrics").headers["content-type"].startswith("text/plain")


@pytest.mark.slow
def test_only_owners_see_the_metrics(assistant: Assistant, settings: Settings) -> None:
    accounts = Accounts(settings.data_dir)
    accounts.add("Eddie", Role.EDITOR, PASSWORD)
    accounts.add("Olga", Role.OWNER, PASSWORD)
    served = app.serve(assistant, settings, block=False)
    stranger, editor = Browser(served.url), Browser(served.url)
    assert [stranger.send(path)[0] for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 401]
    assert editor.sign_in("Eddie")[0] == 303
    assert editor.send("/metrics")[0] == 403
    scraper = Browser(served.url, Authorization=f"Bearer {accounts.add_token('Olga', 'scraper')}")
    assert scraper.ask() and 'cited_questions_total{outcome="answered"}' in scraper.send("/metrics")[1]
    served.close()


@pytest.mark.slow
@pytest.mark.parametrize(("account", "by"), [("Eddie", "Eddie"), ("", "the page")])
def test_a_run_of_the_page_names_its_account(
    assistant: Assistant, settings: Settings, tmp_path: Path, account: str, by: str
) -> None:
    if account:
        Accounts(settings.data_dir).add(account, Role.EDITOR, PASSWORD)
    served = app.serve(assistant, settings, block=False)
    editor = Browser(served.url)
    if account:
        editor.sign_in(account)
    (tmp_path / "corpus" / "pears.md").write_text("# Pears\n\nPears are green fruit.\n", encoding="utf-8")
    press(editor, "check")
    assert "1 added" in press(editor, "apply")
    entry = json.loads((settings.data_dir / FILE_NAME).read_text(encoding="ascii"))
    assert (entry["by"], entry["what"], entry["run"], entry["counts"]["added"]) == (by, "ingest", 2, 1)
    assert authors(settings.data_dir) == {2: by}
    served.close()


def press(browser: Browser, name: str) -> str:
    """Press a button of the page, and return what the page is told."""
    config = json.loads(browser.send("/config")[1])
    [button] = [each["id"] for each in config["components"] if each["props"].get("elem_id") == name]
    handler = next(each for each in config["dependencies"] if [button, "click"] in each["targets"])
    request = {"fn_index": handler["id"], "data": [None] * len(handler["inputs"]), "session_hash": "one"}
    status, body = browser.post("/gradio_api/queue/join", request)
    assert status == 200, body
    return browser.send("/gradio_api/queue/data?session_hash=one")[1]
