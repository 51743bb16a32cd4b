"""Clients that ask faster than the page can answer, and a page that stops while it works."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.schema import Answer
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from ui.page import admission, app
from ui.page.server import Served

pytestmark = [pytest.mark.slow, *GRADIO_WARNINGS]

OPENER = build_opener(ProxyHandler({}))


class Slow(Assistant):
    """An assistant that takes `seconds` for a question, and counts the questions that it was asked."""

    seconds = 0.2
    asked = 0

    def ask(self, question: str, history: Any = (), **options: Any) -> Answer:  # noqa: ANN401
        self.asked += 1
        time.sleep(self.seconds)
        return super().ask(question, history, **options)


@pytest.fixture
def assistant(tmp_path: Path) -> Slow:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "apples.md").write_text("# Apples\n\nApples are red fruit.\n", encoding="utf-8")
    encoder = FakeEncoder()
    ingest([tmp_path / "texts"], tmp_path / "data", encoder)
    return Slow(Index(tmp_path / "data", encoder))


@pytest.fixture
def served(assistant: Slow, tmp_path: Path) -> Iterator[Served]:
    served = app.serve(assistant, Settings(port=0, data_dir=tmp_path / "data", mcp=True), block=False)
    yield served
    served.close()
    assistant.close()


def post(served: Served, path: str, body: object, **headers: str) -> tuple[int, str]:
    """Return the status and the body of the answer to a POST."""
    given = {"Content-Type": "application/json", **headers}
    try:
        with OPENER.open(Request(served.url + path, json.dumps(body).encode(), given), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def join(served: Served, question: str = "What are apples?") -> tuple[int, str]:
    """Ask a question without listening for the answer."""
    return post(served, "gradio_api/call/ask", {"data": [question, [], False]})


def listen(served: Served, event: str) -> str:
    """Return everything that a stream of an event says."""
    with OPENER.open(f"{served.url}gradio_api/call/ask/{event}", timeout=60) as stream:
        return str(stream.read().decode())


def ask(served: Served) -> str:
    """Ask a question and wait for what comes back."""
    status, body = join(served)
    assert status == 200, body
    return listen(served, json.loads(body)["event_id"])


def test_a_flood_is_told_to_wait_and_what_nobody_waits_for_is_dropped(
    served: Served, assistant: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "ABANDONED_SECONDS", 60.0)
    monkeypatch.setattr(admission, "DRAIN_SECONDS", 0.5)
    assistant.seconds = 1.0
    found = [join(served) for _ in range(150)]
    taken, began = [status for status, _ in found if status == 200], assistant.asked
    assert len(taken) <= admission.MOST_OF_ONE + began  # which make room when they end
    assert [body for status, body in found if status == 503][-1] == json.dumps(
        {"detail": admission.BUSY}, separators=(",", ":")
    )
    monkeypatch.setattr(admission, "ABANDONED_SECONDS", 1.0)
    time.sleep(1.2)
    started = time.monotonic()
    assert "Apples are red fruit." in ask(served)
    assert time.monotonic() - started < 4
    assert assistant.asked - began < 20


def test_one_client_leaves_room_for_others(served: Served, assistant: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "DRAIN_SECONDS", 0.5)
    assistant.seconds = 1.0
    for _ in range(150):
        join(served)
    other = {"X-Forwarded-For": "192.0.2.7"}  # a proxy on this machine names its client
    status, _ = post(served, "gradio_api/call/ask", {"data": ["What are apples?", [], False]}, **other)
    assert status == 200


def test_questions_of_many_clients_are_all_answered(served: Served, assistant: Slow) -> None:
    assistant.seconds = 0.05
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(lambda _: ask(served), range(64)))
    assert all("Apples are red fruit." in answer for answer in answers)


def test_what_was_asked_without_a_session_leaves_none(served: Served, assistant: Slow) -> None:
    assistant.seconds = 0.0
    for _ in range(3):
        assert "Apples are red fruit." in ask(served)
    assert remembered(served) == 0


def test_sessions_are_remembered_up_to_a_number(
    assistant: Slow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "SESSIONS", 3)
    assistant.seconds = 0.0
    served = app.serve(assistant, Settings(port=0, data_dir=tmp_path / "data"), block=False)
    for number in range(6):
        body = {"data": ["What are apples?", [], False], "session_hash": f"session{number}"}
        _, told = post(served, "gradio_api/call/ask", body)
        assert "Apples are red fruit." in listen(served, json.loads(told)["event_id"])
    assert remembered(served) == 3
    served.close()
    assistant.close()


def remembered(served: Served) -> int:
    """Return how many sessions the page remembers, once it has told the last client everything."""
    work, _ = served._finish.args  # type: ignore[attr-defined]  # a partial
    end = time.monotonic() + 5
    while work.listening.total():
        assert time.monotonic() < end
        time.sleep(0.01)
    return sum(len(page.state_holder.session_data) for page in work._pages)


def until_asked(assistant: Slow, times: int) -> None:
    """Wait until the assistant was asked so often."""
    end = time.monotonic() + 30
    while assistant.asked < times:
        assert time.monotonic() < end
        time.sleep(0.01)


def mcp(served: Served) -> tuple[int, str]:
    call = {"name": "ask", "arguments": {"question": "What are apples?"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    return post(served, "mcp", body, Accept="application/json, text/event-stream")


@pytest.mark.parametrize("way", [ask, lambda served: mcp(served)[1]], ids=["page", "mcp"])
def test_a_question_is_answered_though_the_page_stops(
    served: Served, assistant: Slow, way: Callable[[Served], str]
) -> None:
    way(served)
    assistant.seconds = 2.0
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(way, served)
        until_asked(assistant, 2)
        stopping = threads.submit(served.close)
        time.sleep(0.3)
        assert join(served) == (503, json.dumps({"detail": admission.STOPPING}, separators=(",", ":")))
        assert mcp(served)[0] == 503
        assert "Apples are red fruit." in answer.result()
        stopping.result(timeout=10)


def test_a_question_that_takes_too_long_is_told(
    served: Served, assistant: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "DRAIN_SECONDS", 1.0)
    assistant.seconds = 6.0
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, served)
        until_asked(assistant, 1)
        started = time.monotonic()
        served.close()
        assert time.monotonic() - started < 4
        assert admission.STOPPING in answer.result()


def test_an_open_page_does_not_delay_the_stop(served: Served) -> None:
    session = uuid.uuid4().hex
    stream = threading.Thread(target=lambda: OPENER.open(f"{served.url}gradio_api/heartbeat/{session}").read())
    stream.start()
    time.sleep(0.5)
    started = time.monotonic()
    served.close()
    assert time.monotonic() - started < 3
    stream.join()
