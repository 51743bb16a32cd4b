"""Requests that would fill the disk or the memory, and routes of Gradio that nobody needs."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gradio.utils import get_upload_folder

from assistant.evaluation.prompts import Prompt
from ingest.errors import FileInvalid, PromptsInvalid
from ingest.settings import Settings
from tests.attacks.test_files import Client, named
from tests.browser.conftest import StandIn
from tests.conftest import GRADIO_WARNINGS
from ui.handlers import evaluate, saving
from ui.handlers.feedback import Feedback, save_feedback
from ui.page import app as page_app

pytestmark = [*GRADIO_WARNINGS]

MEGABYTE = 1_000_000
UPLOAD = "/gradio_api/upload"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
JSON = {"Content-Type": "application/json"}
NEEDLESS = [
    ("POST", "/gradio_api/process_recording"),
    ("GET", "/gradio_api/file=http://127.0.0.1:1/"),
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("GET", "/gradio_api/file/etc/passwd"),
    ("GET", "/gradio_api/proxy=http://127.0.0.1:1/"),
    ("HEAD", "/gradio_api/proxy=http://127.0.0.1:1/"),
    ("GET", "/gradio_api/deep_link?session_hash=s"),
    ("GET", "/monitoring"),
    ("GET", "/monitoring/summary"),
    ("GET", "/gradio_api/openapi.json"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/pwa_icon/100000"),
    ("GET", "/svelte/x"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/stream/s/1/1/playlist.m3u8"),
    ("GET", "/gradio_api/custom_component/x/client/component/index.js"),
    ("GET", "/gradio_api/runs"),
    ("GET", "/gradio_api/token"),
    ("POST", "/login"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/stream/e"),
    ("POST", "/gradio_api/vibe-edit"),
    ("POST", "/gradio_api/run/ask"),
    ("POST", "/gradio_api/api/ask"),
    ("POST", "/"),
    ("PUT", "/"),
    ("OPTIONS", "/config"),
]
Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve a page with some settings; returns its host and port."""
    served = []

    def start(**settings: object) -> str:
        settings = {"port": 0, "data_dir": tmp_path / "data"} | settings
        served.append(page_app.serve(StandIn(), Settings(**settings), block=False))
        return urlsplit(served[-1].url).netloc

    yield start
    for each in served:
        each.close()


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which Gradio keeps uploads."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    assert Path(get_upload_folder()) == tmp_path / "gradio"
    return tmp_path / "gradio"


def sent(place: str, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(place, timeout=30)
    try:
        connection.request(method, path, body, headers)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def form(*contents: bytes) -> bytes:
    """Return the body of an upload of files."""
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{number}.txt"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for number, content in enumerate(contents)
    )
    return b"".join(parts) + b"--x--\r\n"


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
@pytest.mark.parametrize("read_only", [False, True], ids=["open", "read-only"])
def test_routes_that_nobody_needs_are_not_there(serve: Serve, read_only: bool) -> None:
    place = serve(read_only=read_only)
    found = {
        (method, path): sent(place, method, path, b"" if method == "POST" else None)[0] for method, path in NEEDLESS
    }
    assert {each: status for each, status in found.items() if status != 404} == {}


@pytest.mark.slow
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in chunks"])
@pytest.mark.parametrize("path", ["/prompts", "/feedback", "/gradio_api/queue/join", "/mcp", "/kept/x", "/nowhere"])
def test_large_bodies_are_refused(serve: Serve, path: str, declared: bool) -> None:
    place = serve(mcp=True)
    body = b'"' + b"a" * 3 * MEGABYTE + b'"'
    status, told = sent(place, "POST", path, body if declared else iter([body[:MEGABYTE], body[MEGABYTE:]]), **JSON)
    if path == "/nowhere" and not declared:  # it is refused before the body is read
        assert status == 404
    else:
        assert (status, told) == (
            413,
            "The request is larger than 2,000,000 bytes, which is the most that this address takes.\n",
        )


@pytest.mark.slow
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in chunks"])
def test_large_uploads_are_refused_and_leave_nothing(serve: Serve, uploads: Path, declared: bool) -> None:
    place = serve(max_upload_mb=1)
    body = form(b"a" * 700_000, b"b" * 700_000)
    status, told = sent(place, "POST", UPLOAD, body if declared else iter([body[:900_000], body[900_000:]]), **FORM)
    assert status == 413
    assert "CITED_MAX_UPLOAD_MB" in told
    wait_until(lambda: kept(uploads) == [])
    assert sent(place, "POST", UPLOAD, form(b"a" * 700_000), **FORM)[0] == 200


@pytest.mark.slow
def test_an_upload_has_a_limited_number_of_files(serve: Serve, uploads: Path) -> None:
    place = serve()
    status, told = sent(place, "POST", UPLOAD, form(*[b""] * 1_001), **FORM)
    assert status == 400
    assert "Maximum number of files is 1000" in told
    assert kept(uploads) == []


@pytest.mark.slow
def test_uploads_together_have_limited_room(serve: Serve, uploads: Path) -> None:
    place = serve(max_upload_mb=1)
    statuses = [sent(place, "POST", UPLOAD, form(bytes([65 + number]) * 900_000), **FORM)[0] for number in range(7)]
    assert statuses[:4] == [200] * 4
    assert statuses[-2:] == [507] * 2
    assert sum(path.stat().st_size for path in uploads.rglob("*") if path.is_file()) <= 5 * MEGABYTE


@pytest.mark.slow
def test_uploads_are_private_and_go_with_the_page(uploads: Path, tmp_path: Path) -> None:
    served = page_app.serve(StandIn(), Settings(port=0, data_dir=tmp_path / "data"), block=False)
    place = urlsplit(served.url).netloc
    assert sent(place, "POST", UPLOAD, form(b"Text"), **FORM)[0] == 200
    (own,) = uploads.iterdir()
    assert own.stat().st_mode & 0o777 == 0o700
    assert kept(uploads) == ["0.txt"]
    served.close()
    assert kept(uploads) == []


@pytest.mark.slow
def test_an_upload_that_breaks_off_leaves_nothing(serve: Serve, uploads: Path) -> None:
    place = serve()
    connection = http.client.HTTPConnection(place, timeout=30)
    connection.putrequest("POST", UPLOAD)
    for name, value in FORM.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(10 * MEGABYTE))
    connection.endheaders()
    connection.send(form(b"a" * MEGABYTE)[:-8])
    wait_until(lambda: kept(uploads) != [])
    connection.close()
    wait_until(lambda: kept(uploads) == [])


@pytest.mark.slow
def test_what_was_handled_is_removed(serve: Serve, uploads: Path, tmp_path: Path) -> None:
    client = Client(f"http://{serve()}/")
    prompts = b'{"id": "a", "question": "Q?", "unanswerable": true}\n'
    path = client.upload("mine.jsonl", prompts)
    assert kept(uploads) == ["mine.jsonl"]
    client.call(client.handler("add-prompts", "upload"), [named(path), True])
    assert kept(tmp_path / "data" / "prompts") == ["mine.jsonl"]
    wait_until(lambda: "mine.jsonl" not in kept(uploads))
    client.upload("other.jsonl", prompts)  # Gradio leaves empty files, which the next upload removes
    wait_until(lambda: kept(uploads) == ["other.jsonl"])


@pytest.mark.slow
def test_a_read_only_page_stores_no_upload(serve: Serve, uploads: Path) -> None:
    place = serve(read_only=True)
    assert sent(place, "POST", UPLOAD, form(b"Text"), **FORM) == (403, "This page is read-only.")
    assert sent(place, "POST", f"{UPLOAD}/", form(b"Text"), **FORM)[0] == 404
    assert kept(uploads) == []


def prompt(**fields: object) -> Prompt:
    return Prompt(**({"id": "a", "question": "Q?", "unanswerable": True} | fields))  # type: ignore[arg-type]


LONG = [
    ({"question": "q" * 10_001}, "a question of more than 10,000 characters"),
    ({"tags": ["t" * 20_001]}, "a text of more than 20,000 characters"),
    ({"history": ["h"] * 1_001}, "more than 1,000 texts"),
    ({"id": "i" * 20_001}, "a text of more than 20,000 characters"),
]


@pytest.mark.parametrize(("fields", "told"), LONG)
def test_long_prompts_are_refused(tmp_path: Path, fields: dict[str, object], told: str) -> None:
    upload = tmp_path / "mine.jsonl"
    upload.write_text(json.dumps({"id": "a", "question": "Q?", "unanswerable": True} | fields))
    with pytest.raises(PromptsInvalid, match=told):
        evaluate.add_prompts(upload, StandIn(), tmp_path / "data")
    with pytest.raises(PromptsInvalid, match=told):
        saving.save_prompt(prompt(**fields), tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_many_prompts_are_refused(tmp_path: Path) -> None:
    upload = tmp_path / "mine.jsonl"
    lines = (json.dumps({"id": f"{n}", "question": "Q?", "unanswerable": True}) for n in range(10_001))
    upload.write_text("\n".join(lines))
    with pytest.raises(PromptsInvalid, match="has 10,001 questions, more than 10,000"):
        evaluate.add_prompts(upload, StandIn(), tmp_path / "data")
    (tmp_path / "data" / "prompts").mkdir(parents=True)
    upload.rename(tmp_path / "data" / "prompts" / "mine.jsonl")
    with pytest.raises(PromptsInvalid, match="has 10,001 questions, more than 10,000"):
        next(evaluate.run(StandIn(), "mine.jsonl", tmp_path / "data"))


def test_files_do_not_grow_without_end(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    for path in (tmp_path / "prompts" / "saved.jsonl", tmp_path / "feedback.jsonl", tmp_path / "large.jsonl"):
        with path.open("w") as file:
            file.truncate(20_000_000)
    with pytest.raises(PromptsInvalid, match="saved.jsonl: has over 20 MB"):
        saving.save_prompt(prompt(), tmp_path)
    with pytest.raises(PromptsInvalid, match="large.jsonl: has over 20 MB"):
        evaluate.add_prompts(tmp_path / "large.jsonl", StandIn(), tmp_path)
    given = {"conversation": "c", "turn": 1, "useful": True, "question": "Q?", "understood": "Q?", "abstained": True}
    with pytest.raises(FileInvalid, match="feedback.jsonl: is full"):
        save_feedback(Feedback.model_validate(given | {"run": 1, "quotes": []}), tmp_path)
