"""A client of the page that names files of its own choice as uploaded ones."""

import json
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import SourceUnreadable
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from ui.page import app
from ui.page.uploads import uploaded

pytestmark = [*GRADIO_WARNINGS]

OPENER = build_opener(ProxyHandler({}))
SECRET = "The password of the vault is swordfish."


class Client:
    """A client that calls any handler of the page, private ones too, with whatever data it likes."""

    def __init__(self, url: str) -> None:
        self._url = url
        with OPENER.open(f"{url}config", timeout=30) as answer:
            self.config = json.loads(answer.read())

    def handler(self, element: str, event: str) -> int:
        """Return the number of the handler of an event of the element with that id."""
        ids = [each["id"] for each in self.config["components"] if each["props"].get("elem_id") == element]
        found = [each["id"] for each in self.config["dependencies"] if [ids[0], event] in each["targets"]]
        return int(found[0])

    def upload(self, name: str, content: bytes) -> str:
        """Upload a file as the page does; return its path on the server."""
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        with OPENER.open(Request(f"{self._url}gradio_api/upload", body, headers), timeout=30) as answer:
            return str(json.loads(answer.read())[0])

    def call(self, handler: int, data: list[Any]) -> str:
        """Call a handler; return everything that it streams back."""
        session = uuid.uuid4().hex
        body = json.dumps({"fn_index": handler, "data": data, "session_hash": session}).encode()
        request = Request(f"{self._url}gradio_api/queue/join", body, {"Content-Type": "application/json"})
        with OPENER.open(request, timeout=30) as answer:
            answer.read()
        lines = []
        with OPENER.open(f"{self._url}gradio_api/queue/data?session_hash={session}", timeout=30) as stream:
            for line in stream:
                lines.append(line.decode())
                if "process_completed" in lines[-1]:
                    break
        return "".join(lines)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(tmp_path: Path, data_dir: Path) -> Iterator[Client]:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "apples.md").write_text("# Apples\n\nApples are red fruit.\n", encoding="utf-8")
    encoder = FakeEncoder()
    ingest([tmp_path / "texts"], data_dir, encoder)
    assistant = Assistant(Index(data_dir, encoder))
    served = app.serve(assistant, Settings(port=0, data_dir=data_dir), block=False)
    yield Client(served.url)
    served.close()
    assistant.close()


def named(path: str) -> dict[str, Any]:
    return {"path": path, "orig_name": "notes.md", "meta": {"_type": "gradio.FileData"}}


def kept(data_dir: Path) -> list[str]:
    found = [path.name for name in ("uploads", "prompts") for path in (data_dir / name).rglob("*") if path.is_file()]
    return sorted(name for name in found if name != ".lock")


Ways = Callable[[Path], str]
WAYS: list[Ways] = [str, lambda path: f"/tmp/gradio/../..{path}", lambda path: f"file://{path}"]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=["plain", "dotted", "file-url"])
@pytest.mark.parametrize(
    "element, data", [("drop", lambda file: [[file], None]), ("add-prompts", lambda file: [file, True])]
)
def test_a_path_that_was_not_uploaded_is_never_read(
    client: Client, tmp_path: Path, data_dir: Path, element: str, data: Callable[[object], list[Any]], way: Ways
) -> None:
    secret = tmp_path / ("secret.md" if element == "drop" else "secret.jsonl")
    secret.write_text(SECRET if element == "drop" else '{"id": "a", "question": "q", "unanswerable": true}\n')
    answer = client.call(client.handler(element, "upload"), data(named(way(secret))))
    assert '"success": false' in answer or '"success":false' in answer
    assert "swordfish" not in answer
    assert kept(data_dir) == []


@pytest.mark.slow
def test_no_address_is_fetched_in_the_place_of_an_upload(client: Client, data_dir: Path) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SECRET.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/notes.md"
        answer = client.call(client.handler("drop", "upload"), [[named(url)], None])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []
    assert '"success": false' in answer or '"success":false' in answer
    assert kept(data_dir) == []


@pytest.mark.slow
def test_what_was_uploaded_is_taken(client: Client, data_dir: Path) -> None:
    path = client.upload("pears.md", b"# Pears\n\nPears are green fruit.\n")
    answer = client.call(client.handler("drop", "upload"), [[named(path)], None])
    assert "pears.md" in answer
    assert kept(data_dir) == ["pears.md"]


@pytest.mark.slow
@pytest.mark.parametrize("others", [{}, {"allowed_hosts": ("cited.example.org",)}, {"read_only": True}])
def test_a_folder_is_named_only_where_nobody_else_can_reach_the_page(
    client: Client, tmp_path: Path, data_dir: Path, others: dict[str, object]
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "plan.md").write_text(SECRET, encoding="utf-8")
    assistant = Assistant(Index(data_dir, FakeEncoder()))
    served = app.serve(assistant, Settings(port=0, data_dir=data_dir, **others), block=False)
    try:
        page = Client(served.url)
        if others.get("read_only"):
            with pytest.raises(IndexError):  # no handler at all
                page.handler("add-folder", "click")
            return
        answer = page.call(page.handler("add-folder", "click"), [str(tmp_path / "secret"), None])
        assert ("plan.md" in answer) == (not others)
        assert ("only where nobody else can reach the page" in answer) == bool(others)
    finally:
        served.close()
        assistant.close()


def test_handlers_look_at_the_path_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "gradio"
    folder.mkdir()
    secret = tmp_path / "secret.md"
    secret.write_text(SECRET)
    (folder / "linked.md").symlink_to(secret)
    (folder / "sent.md").write_text("Sent.")
    assert uploaded(str(folder / "sent.md"), folder) == folder / "sent.md"
    for path in (secret, folder / "linked.md", folder / ".." / "secret.md", folder / "missing.md", folder):
        with pytest.raises(SourceUnreadable, match="was not uploaded"):
            uploaded(str(path), folder)
