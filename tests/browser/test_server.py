"""The server behind the page: its public endpoint, one policy, clear words where it cannot start."""

import json
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import gradio
import pytest
from gradio_client import Client

from ingest.errors import SettingsInvalid
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS
from ui.handlers.ask import Answering

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    *GRADIO_WARNINGS,
]


def fetched(url: str, body: object = None, **headers: str) -> tuple[int, str, Message]:
    payload = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, payload, {"Content-Type": "application/json"} | headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def called(address: str, question: str) -> tuple[str, object]:
    """Ask through the public endpoint; returns the last event's name and its content."""
    _, started, _ = fetched(f"{address}gradio_api/call/v2/ask", {"question": question})
    _, events, _ = fetched(f"{address}gradio_api/call/ask/{json.loads(started)['event_id']}")
    name, content = events.strip().split("\n\n")[-1].split("\n")
    return name.removeprefix("event: "), json.loads(content.removeprefix("data: "))


def test_endpoint_gives_plain_json(address: str) -> None:
    event, (answer,) = called(address, "Does walking help with back pain?")
    assert event == "complete"
    assert answer["abstained"] is False
    assert answer["quotes"][0]["text"] == "Most episodes of low back pain get better within a few weeks."
    assert (answer["quotes"][0]["source"], answer["quotes"][0]["line"]) == ("back-pain.md", 7)


@pytest.mark.parametrize(
    ("question", "message"), [("", "the question is empty"), ("outage", "the index is being rebuilt")]
)
def test_endpoint_tells_what_failed(address: str, question: str, message: str) -> None:
    event, content = called(address, question)
    assert event == "error"
    assert message in content["error"]


def test_every_answer_carries_the_policy(address: str) -> None:
    for path in ("", "theme.css", "reader?" + urlencode({"root": "", "source": "", "at": "0-1-x"})):
        _, _, headers = fetched(address + path)
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"


def test_page_loads_nothing_from_elsewhere(address: str) -> None:
    _, text, _ = fetched(address)
    config = json.loads(text.split("window.gradio_config = ")[1].split(";</script>")[0])
    assert config["analytics_enabled"] is False
    assert config.get("stylesheets", []) == []
    assert "fonts.g" not in text + fetched(f"{address}theme.css")[1]


def test_reader_knows_indexed_sources_only(address: str) -> None:
    place = {"root": "/etc", "source": "passwd", "at": "0-1-x"}
    status, text, _ = fetched(f"{address}reader?{urlencode(place)}")
    assert status == 404
    assert "no such source in the index" in text


def test_prompts_come_from_the_page_itself(address: str) -> None:
    prompt = {"question": "Q?", "unanswerable": True}
    assert fetched(f"{address}prompts", prompt, **{"Content-Type": "text/plain"})[0] == 422
    assert fetched(f"{address}prompts", prompt | {"id": "mine"})[0] == 422
    saved = '"Saved to saved.jsonl. You can run it in the Evaluate tab."'
    assert fetched(f"{address}prompts", prompt)[:2] == (200, saved)
    status, told, _ = fetched(f"{address}prompts", {"question": "R?"})
    assert status == 400
    assert "nothing to judge" in told


@pytest.mark.parametrize("name", ["none.jsonl", "..%2Fprompts%2Fsaved.jsonl", "%2Fetc%2Fpasswd"])
def test_only_kept_files_are_given(address: str, name: str) -> None:
    assert fetched(f"{address}results/{name}")[0] == 404


@pytest.mark.parametrize(("host", "status"), [("evil.example:80", 400), ("localhost:1", 200), ("[::1]", 200)])
def test_a_foreign_name_that_leads_here_is_refused(address: str, host: str, status: int) -> None:
    assert fetched(address, Host=host)[0] == status


def test_port_in_use_names_the_setting(address: str, assistant: Answering) -> None:
    from ui.page.app import serve

    port = urlsplit(address).port
    with pytest.raises(SettingsInvalid, match=f"CITED_PORT: port {port} is in use; .*--port"):
        serve(assistant, Settings(host="127.0.0.1", port=port), block=False)


def test_host_of_another_machine_names_the_setting(assistant: Answering) -> None:
    from ui.page.app import serve

    with pytest.raises(SettingsInvalid, match="CITED_HOST"):
        serve(assistant, Settings(host="192.0.2.1", port=0), block=False)


@pytest.mark.slow
def test_closing_gives_the_port_back_though_a_page_is_open(assistant: Answering) -> None:
    from ui.page.app import serve

    settings = Settings(host="127.0.0.1", port=0)
    served = serve(assistant, settings, block=False)
    stream = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        f"{served.url}gradio_api/heartbeat/session", timeout=30
    )
    served.close()
    stream.close()
    again = serve(assistant, Settings(host="127.0.0.1", port=urlsplit(served.url).port), block=False)
    again.close()


Limited = Callable[..., tuple[str, int]]


@pytest.fixture
def limited(assistant: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Limited]:
    """Serve a page with short limits on connections; returns its host and port."""
    with ExitStack() as stack:

        def start(body_seconds: float = 60.0, **limits: float) -> tuple[str, int]:
            from ui.page import app
            from ui.page.bodies import BodyLimits
            from ui.page.connections import LimitedConnection

            for name, value in limits.items():
                monkeypatch.setattr(LimitedConnection, name, value)
            monkeypatch.setattr(app, "BodyLimits", lambda upload: BodyLimits(upload, seconds=body_seconds))
            served = app.serve(assistant, Settings(port=0, data_dir=tmp_path), block=False)
            stack.callback(served.close)
            parts = urlsplit(served.url)
            return parts.hostname, parts.port

        yield start


def ended(connection: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection."""
    connection.settimeout(15)
    received = b""
    try:
        while more := connection.recv(65_536):
            received += more
    except ConnectionResetError:
        pass
    return received


@pytest.mark.slow
@pytest.mark.parametrize("head", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_head_that_is_not_finished_ends_the_connection(limited: Limited, head: bytes) -> None:
    place = limited(head_seconds=0.5)
    with socket.create_connection(place) as connection:
        connection.sendall(head)
        assert ended(connection) == b""


@pytest.mark.slow
def test_a_second_head_that_trickles_ends_the_connection(limited: Limited) -> None:
    place = limited(head_seconds=0.5)
    with socket.create_connection(place) as connection:
        connection.sendall(b"GET /theme.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
        with pytest.raises(OSError):
            for _ in range(100):
                connection.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - began < 5


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/prompts", "/gradio_api/upload", "/gradio_api/queue/join"])
def test_a_body_that_is_not_finished_is_refused(limited: Limited, path: str) -> None:
    place = limited(body_seconds=0.5)
    kind = "multipart/form-data; boundary=x" if "upload" in path else "application/json"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(place) as connection:
        connection.sendall(head.encode() + b"--x\r\n")
        answer = ended(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b"The request was sent too slowly.\n")


@pytest.mark.slow
def test_a_response_that_is_not_read_ends_the_connection(limited: Limited) -> None:
    assets = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    largest = max(assets.glob("*.js"), key=lambda path: path.stat().st_size)
    place = limited(read_seconds=0.5)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(place)
        for _ in range(20):  # together more than the buffers of both sides hold
            connection.sendall(f"GET /assets/{largest.name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(2)
        assert len(ended(connection)) < 20 * largest.stat().st_size


@pytest.mark.slow
def test_idle_connections_do_not_stop_the_page(limited: Limited) -> None:
    place = limited(most=20)
    page = f"http://{place[0]}:{place[1]}/"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with ExitStack() as stack:
        stream = stack.enter_context(opener.open(f"{page}gradio_api/heartbeat/session", timeout=30))
        idle = [stack.enter_context(socket.create_connection(place)) for _ in range(100)]
        assert fetched(page)[0] == 200
        assert stream.readline() == b"data: ALIVE\n"
        assert ended(idle[0]) == b""
        idle[-1].sendall(b"GET /theme.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle[-1].recv(12) == b"HTTP/1.1 200"


@pytest.mark.slow
def test_an_open_stream_outlives_the_limits(limited: Limited) -> None:
    place = limited(body_seconds=0.3, head_seconds=0.3, read_seconds=0.3)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = f"http://{place[0]}:{place[1]}/gradio_api/heartbeat/session"
    with opener.open(url, timeout=30) as stream:
        stream.fp.raw._sock.settimeout(1.5)
        assert stream.readline() == b"data: ALIVE\n"
        assert stream.readline() == b"\n"
        with pytest.raises(TimeoutError):  # it is silent, not closed
            stream.readline()


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_gets_all_that_it_asks_for(chromium: "Browser", assistant: Answering, tmp_path: Path) -> None:
    """The routes of Gradio are allowed one by one, so another version may need another route."""
    from ui.page.app import serve

    prompts = tmp_path / "mine.jsonl"
    prompts.write_text('{"id": "a", "question": "Does walking help?", "sources": ["back-pain.md"]}\n')
    (tmp_path / "ships.txt").write_text("A ship has sails.\n")
    served = serve(assistant, Settings(port=0, data_dir=tmp_path / "data"), block=False)
    page = chromium.new_page()
    try:
        answers = {}
        page.on("response", lambda answer: answers.update({urlsplit(answer.url).path: answer.status}))
        use(page, served.url, prompts)
    finally:
        page.close()
        served.close()
    assert {path: status for path, status in answers.items() if status not in (200, 204)} == {}
    used = {"/", "/theme.css", "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/upload", "/reader"}
    assert used <= set(answers)


def use(page: "Page", address: str, prompts: Path) -> None:
    """Ask a question, open a source, upload a file, and run test prompts."""
    page.goto(address)
    page.fill("#question textarea", "Does walking help with back pain?")
    page.press("#question textarea", "Enter")
    page.click("#card-1-1 .open")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Corpus").click()
    page.set_input_files("#drop input[type=file]", prompts.with_name("ships.txt"))
    page.wait_for_selector("#outcome >> text=To be added")
    page.get_by_role("tab", name="Evaluate").click()
    page.set_input_files("#add-prompts input[type=file], #setup input[type=file]", prompts)
    page.wait_for_selector("#added-file >> text=mine.jsonl")
    page.click("#run")
    page.wait_for_selector("#results a[download]")


@pytest.mark.slow
def test_gradios_client_gets_all_that_it_asks_for(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    answers = []
    real = httpx.Client.send

    def send(self: httpx.Client, request: httpx.Request, **options: object) -> httpx.Response:
        answer = real(self, request, **options)
        answers.append((request.method, request.url.path, answer.status_code))
        return answer

    monkeypatch.setattr(httpx.Client, "send", send)
    client = Client(address, verbose=False)
    assert client.view_api(return_format="dict", print_info=False)
    assert client.predict("Does walking help with back pain?", api_name="/ask")["abstained"] is False
    job = client.submit("Does walking help with back pain?", api_name="/ask")
    assert job.result()["abstained"] is False
    job.cancel()
    client.reset_session()
    client.close()
    assert [answer for answer in answers if answer[2] != 200] == []
    assert {"/config", "/gradio_api/info", "/gradio_api/queue/join"} <= {path for _, path, _ in answers}
