"""The front of several pages: who asks which page, and what happens when one ends."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse

from ingest.settings import Settings
from ui.page.front import BROKE_OFF, COOKIE, NONE_RUNS, serve_front
from ui.page.guard import Receive, Scope, Send
from ui.page.server import Served, listen, start

pytestmark = pytest.mark.slow

HTML = {"accept": "text/html,*/*"}


class Page:
    """A page that says who it is and what it was sent."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.left = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if request.url.path == "/stream":
            await StreamingResponse(self.beats(), media_type="text/event-stream")(scope, receive, send)
            return
        if request.url.path == "/metrics" and "authorization" in request.headers:
            text = f'# HELP q_total Questions.\n# TYPE q_total counter\nq_total{{outcome="answered"}} {self.number}.0\n'
            await PlainTextResponse(text)(scope, receive, send)
            return
        if request.url.path == "/metrics" and "cookie" in request.headers:
            await RedirectResponse("/login", 303)(scope, receive, send)
            return
        if request.url.path in ("/refused", "/metrics"):
            await JSONResponse({"detail": "no"}, 403)(scope, receive, send)
            return
        told = {
            "page": self.number,
            "path": request.url.path,
            "query": request.url.query,
            "raw": scope["raw_path"].decode(),
            "scheme": scope["scheme"],
            "client": scope["client"][0],
            "host": request.headers["host"],
            "method": request.method,
            "body": (await request.body()).decode(),
        }
        await JSONResponse(told, headers={"set-cookie": "other=1"})(scope, receive, send)

    async def beats(self) -> "object":
        try:
            for number in range(1_000):
                yield f"{self.number}:{number}\n".encode()
                await asyncio.sleep(0.05)
        finally:
            self.left.set()


Started = tuple[str, dict[int, Page], dict[int, Served], dict[int, str]]


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Started]:
    """Serve three pages behind a front."""
    with ExitStack() as stack:
        pages = {number: Page(number) for number in (1, 2, 3)}
        served = {
            number: start(page, listen("127.0.0.1", 0), lambda: None, behind=True) for number, page in pages.items()
        }
        addresses = {number: each.url for number, each in served.items()}
        for each in served.values():
            stack.callback(each.close)
        before = serve_front(addresses, Settings(port=0, data_dir=tmp_path), lambda: None)
        stack.callback(before.close)
        yield before.url, pages, served, addresses


@pytest.fixture
def browser(front: Started) -> Iterator[Callable[..., httpx.Client]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(httpx.Client(base_url=front[0], timeout=20, **options))


Browser = Callable[..., httpx.Client]


def test_a_browser_stays_with_its_page_and_another_gets_one_too(browser: Browser) -> None:
    first = browser()
    page = first.get("/", headers=HTML).json()["page"]
    assert first.cookies[COOKIE] == str(page)
    assert first.cookies["other"] == "1"
    assert {first.post("/x", content="a").json()["page"] for _ in range(5)} == {page}
    first.cookies.set(COOKIE, "17")
    assert first.get("/", headers=HTML).json()["page"] in (1, 2, 3)


def test_the_metrics_are_those_of_all_pages(front: Started, browser: Browser) -> None:
    _, _, served, addresses = front
    owner = browser(headers={"authorization": "Bearer x"})

    def told() -> list[str]:
        answer = owner.get("/metrics")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
        return [line for line in answer.text.splitlines() if not line.startswith("#")]

    assert told() == [f'q_total{{outcome="answered",page="{number}"}} {number}.0' for number in (1, 2, 3)]
    refused = browser().get("/metrics")
    assert (refused.status_code, refused.json()) == (403, {"detail": "no"})
    signed_out = browser(cookies={"a": "b"}).get("/metrics")
    assert (signed_out.status_code, signed_out.headers["location"]) == (303, "/login")
    assert owner.request("GET", "/metrics", content="a body").status_code == 200
    served[2].close()
    assert [line[-3:] for line in told()] == ["1.0", "3.0"]  # nobody has noticed yet that it ended
    addresses.clear()
    assert owner.get("/metrics").status_code == 503


def test_browsers_go_to_the_least_busy_page(browser: Browser) -> None:
    with ExitStack() as streams:
        client, found = browser(), []
        for _ in range(3):
            client.cookies.clear()
            beats = streams.enter_context(client.stream("GET", "/stream", headers=HTML)).iter_text()
            streams.callback(beats.close)
            found.append(next(beats).split(":")[0])
        assert sorted(found) == ["1", "2", "3"]


def test_a_program_without_cookies_stays_with_a_page_by_its_address(front: Started, browser: Browser) -> None:
    client = browser()

    def page(address: str) -> int:
        client.cookies.clear()
        told = client.get("/", headers={"x-forwarded-for": address})  # as a proxy on this machine names its client
        return int(told.json()["page"])

    addresses = [f"192.0.2.{number}" for number in range(20)]
    pages = [page(each) for each in addresses]
    assert set(pages) == {1, 2, 3}
    assert [page(each) for each in addresses] == pages
    front[3].pop(2)
    moved = [page(each) for each in addresses]
    stayed = [now for now, former in zip(moved, pages, strict=True) if former != 2]
    assert stayed == [each for each in pages if each != 2]


def test_a_request_arrives_as_it_was_sent(browser: Browser) -> None:
    client = browser(headers={"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https", "host": "cited.example"})
    told = client.request("PUT", "/c/a%2Fb/x%20y?q=1&r=%C3%A4", content="Grüße".encode()).json()
    assert (told["raw"], told["query"]) == ("/c/a%2Fb/x%20y", "q=1&r=%C3%A4")
    assert (told["method"], told["body"], told["host"]) == ("PUT", "Grüße", "cited.example")
    assert (told["client"], told["scheme"]) == ("192.0.2.7", "https")
    parts = iter([b"one ", b"two"])
    assert client.post("/", content=parts).json()["body"] == "one two"
    refused = client.get("/refused")
    assert (refused.status_code, refused.json()) == (403, {"detail": "no"})
    assert len(refused.headers.get_list("date")) == 1


def test_an_answer_comes_as_it_is_made_and_ends_when_the_client_leaves(front: Started, browser: Browser) -> None:
    with browser().stream("GET", "/stream") as answer:
        beats = answer.iter_text()
        number, _, beat = next(beats).partition(":")
        assert beat.startswith("0")
    assert front[1][int(number)].left.wait(10)


def test_a_page_that_ends_is_replaced_by_another(front: Started, browser: Browser) -> None:
    client = browser()
    page = client.get("/", headers=HTML).json()["page"]
    front[2][page].close()  # its address is still known
    other = client.post("/", content="kept").json()
    assert other["page"] != page
    assert other["body"] == "kept"
    assert client.cookies[COOKIE] == str(other["page"])
    front[3].clear()
    refused = client.get("/")
    assert (refused.status_code, refused.json()) == (503, {"detail": NONE_RUNS})


def test_a_page_that_ends_while_it_answers_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broken:
        closing = threading.Thread(target=lambda: broken.accept()[0].close())
        closing.start()
        addresses = {1: f"http://127.0.0.1:{broken.getsockname()[1]}/"}
        served = serve_front(addresses, Settings(port=0, data_dir=tmp_path), lambda: None)
        try:
            answer = httpx.post(served.url, content="x", timeout=20)
        finally:
            served.close()
            closing.join()
    assert (answer.status_code, answer.json()) == (502, {"detail": BROKE_OFF})


@pytest.mark.slow
def test_a_body_that_is_not_finished_is_refused(front: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.page.front.BODY_SECONDS", 0.3)
    host, port = front[0].split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
        answer = b""
        while more := connection.recv(65_536):
            answer += more
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.split(b"\r\n\r\n")[1])["detail"] == "The request was sent too slowly."
