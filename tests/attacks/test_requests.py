"""Requests that other web pages send to the page, and host names that only lead to it."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from ingest.errors import SettingsInvalid
from ingest.settings import Settings, load_settings
from tests.browser.conftest import StandIn
from tests.conftest import GRADIO_WARNINGS
from ui.page import app as page_app

pytestmark = [*GRADIO_WARNINGS]

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
FILE = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nText\r\n--x--\r\n'
HELLO = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
).encode()
MCP = JSON | {"Accept": "application/json, text/event-stream"}
PROMPT = json.dumps({"question": "Q?", "unanswerable": True}).encode()
JOIN = json.dumps({"fn_index": 0, "data": [], "session_hash": "s"}).encode()
CHANGES = [
    ("POST", "/prompts", PROMPT, JSON),
    ("POST", "/gradio_api/upload", FILE, FORM),
    ("POST", "/gradio_api/queue/join", JOIN, JSON),
    ("POST", "/gradio_api/call/v2/ask", b'{"question": "Q?"}', JSON),
    ("POST", "/gradio_api/reset", b'{"event_id": "e"}', JSON),
    ("POST", "/mcp", HELLO, MCP),
    ("DELETE", "/kept/20260101-000000-00000000", b"", {}),
    ("GET", "/further?question=pain&but=x", b"", {}),
    ("GET", "/gradio_api/queue/data?session_hash=s", b"", {}),
    ("GET", "/config", b"", {}),
]
FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Origin": "https://evil.example"},
    "another port": {"Origin": "http://localhost:1"},
    "a sandbox or a file": {"Origin": "null"},
    "a form": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "an image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
    "an image of another port": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "image"},
}
Request = tuple[str, str, bytes, dict[str, str]]
Client = Callable[[Settings], TestClient]


def places(folder: Path) -> Iterator[str]:
    """Serve a page on this machine, with /mcp; yields its host and port."""
    served = page_app.serve(StandIn(), Settings(port=0, data_dir=folder, mcp=True), block=False)
    yield urlsplit(served.url).netloc
    served.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("requests")


@pytest.fixture(scope="module")
def place(folder: Path) -> Iterator[str]:
    """A page into whose folder nothing may be written."""
    yield from places(folder)


@pytest.fixture(scope="module")
def welcoming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page that takes requests."""
    yield from places(tmp_path_factory.mktemp("welcoming"))


def sent(place: str, request: Request, **headers: str) -> tuple[int, dict[str, str], str]:
    method, path, body, given = request
    connection = http.client.HTTPConnection(place, timeout=30)
    try:
        connection.request(method, path, body or None, given | headers)
        answer = connection.getresponse()
        stream = answer.getheader("content-type", "").startswith("text/event-stream")
        text = "" if stream else answer.read().decode()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("request_", CHANGES, ids=[f"{method} {path}" for method, path, *_ in CHANGES])
def test_other_pages_are_refused(place: str, folder: Path, request_: Request, headers: dict[str, str]) -> None:
    status, answered, text = sent(place, request_, **headers)
    assert status == 403
    assert "CITED_ALLOWED_HOSTS" in text
    assert not [name for name in answered if name.startswith("access-control-")]
    assert not (folder / "prompts").exists()


@pytest.mark.slow
@pytest.mark.parametrize("request_", CHANGES, ids=[f"{method} {path}" for method, path, *_ in CHANGES])
@pytest.mark.parametrize("own", [True, False], ids=["the page itself", "a program"])
def test_the_page_itself_and_programs_are_not(welcoming: str, request_: Request, own: bool) -> None:
    headers = {"Origin": f"http://{welcoming}", "Sec-Fetch-Site": "same-origin"} if own else {}
    status, answered, _ = sent(welcoming, request_, **headers)
    assert status == (404 if request_[0] == "DELETE" else 200)
    assert not [name for name in answered if name.startswith("access-control-")]


@pytest.mark.slow
def test_a_browser_that_asks_first_is_told_nothing(place: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for origin in ("http://localhost:1", f"http://{place}"):
        _, answered, _ = sent(place, ("OPTIONS", "/gradio_api/queue/join", b"", asked), Origin=origin)
        assert not [name for name in answered if name.startswith("access-control-")]


@pytest.mark.slow
def test_a_link_from_another_site_opens_the_page_but_nothing_else(place: str) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert sent(place, ("GET", "/?conversation=x", b"", {}), **link)[0] == 200
    assert sent(place, ("GET", "/sign-in", b"", {}), **link)[0] == 404  # there are no accounts
    assert sent(place, ("GET", "/further?question=pain&but=x", b"", {}), **link)[0] == 403
    framed = link | {"Sec-Fetch-Dest": "iframe"}
    assert sent(place, ("GET", "/", b"", {}), **framed)[0] == 403


@pytest.mark.slow
def test_the_page_cannot_be_framed_or_taken_for_another_kind(place: str) -> None:
    for path in ("/", "/theme.css", "/kept", "/nowhere", "/config"):
        _, answered, _ = sent(place, ("GET", path, b"", {}))
        assert "frame-ancestors 'none'" in answered["content-security-policy"]
        assert answered["x-frame-options"] == "DENY"
        assert answered["x-content-type-options"] == "nosniff"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Make a client of the application behind a page, which does not listen: tests must not be reachable."""
    with ExitStack() as stack:
        bound = stack.enter_context(socket.socket())
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setattr("ui.page.server.listen", lambda *_given: bound)
        monkeypatch.setattr(page_app, "start", lambda app, *_given, **_named: app)

        def make(settings: Settings) -> TestClient:
            app: Any = page_app.serve(StandIn(), settings, block=False)
            return stack.enter_context(TestClient(app, base_url="http://localhost"))

        yield make


@pytest.mark.slow
@pytest.mark.parametrize("request_", [("GET", "/", b"", {}), ("GET", "/config", b"", {}), ("POST", "/mcp", HELLO, MCP)])
def test_beyond_this_machine_names_are_checked_too(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: Request
) -> None:
    method, path, body, given = request_
    monkeypatch.setattr("socket.gethostname", lambda: "Reading-Room")
    page = client(Settings(host="0.0.0.0", data_dir=tmp_path, mcp=True))
    known = {
        "localhost:7860": True,
        "reading-room:7860": True,
        "192.0.2.7:7860": True,
        "[2001:db8::1]:7860": True,
        "evil.example": False,
        "evil.example:7860": False,
        "192.0.2.7.evil.example": False,
        "localhost.evil.example": False,
        "localhost@evil.example": False,
        "": False,
    }
    for host, allowed in known.items():
        answer = page.request(method, path, content=body, headers=given | {"Host": host})
        assert (answer.status_code != 400) is allowed, host
        assert ("CITED_ALLOWED_HOSTS" in answer.text) is not allowed


@pytest.mark.slow
def test_behind_a_proxy_the_page_knows_itself(client: Client, tmp_path: Path) -> None:
    hosts = ("cited.example.org", "other.example:8443")
    page = client(Settings(host="127.0.0.1", data_dir=tmp_path, mcp=True, allowed_hosts=hosts))
    ways = [  # the Host that the proxy passes on, the Origin that the browser sends, and whether they belong together
        ("cited.example.org", "https://cited.example.org", True),
        ("cited.example.org:443", "https://cited.example.org", True),
        ("127.0.0.1:7860", "https://cited.example.org", True),
        ("127.0.0.1:7860", "https://other.example:8443", True),
        ("127.0.0.1:7860", "https://other.example", False),
        ("127.0.0.1:7860", "https://evil.example", False),
        ("127.0.0.1:7860", "https://cited.example.org:8443", False),
        ("127.0.0.1:7860", "https://cited.example.org.evil.example", False),
        ("127.0.0.1:7860", "http://127.0.0.1:7860.evil.example", False),
    ]
    for host, origin, own in ways:
        answer = page.post("/mcp", content=HELLO, headers=MCP | {"Host": host, "Origin": origin})
        assert answer.status_code == (200 if own else 403), (host, origin)
    for host, allowed in (("other.example", True), ("cited.example.org.evil.example", False)):
        assert page.get("/config", headers={"Host": host}).status_code == (200 if allowed else 400)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ()),
        ("cited.example.org", ("cited.example.org",)),
        (" a.example , b.example:8443 ", ("a.example", "b.example:8443")),
        ('["a.example", "[::1]:80"]', ("a.example", "[::1]:80")),
        ("[::1]", ("[::1]",)),
        ("[]", ()),
    ],
)
def test_names_are_written_with_commas_or_as_json(
    monkeypatch: pytest.MonkeyPatch, written: str, read: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CITED_ALLOWED_HOSTS", written)
    assert load_settings().allowed_hosts == read


@pytest.mark.parametrize("written", ["https://a.example", "a.example/", "*", "a b", '["a", 1]', '["a"'])
def test_what_is_no_name_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("CITED_ALLOWED_HOSTS", written)
    with pytest.raises(SettingsInvalid) as caught:
        load_settings()
    assert caught.value.where == "CITED_ALLOWED_HOSTS"
