"""A page with accounts: who is let in, what each role reaches, and how guessing passwords ends."""

import json
import shutil
import uuid
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, Request, build_opener

import httpx
import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import IndexUnwritable, SettingsInvalid
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from ui.handlers import attempts
from ui.handlers.accounts import Accounts
from ui.handlers.roles import Role
from ui.page import app
from ui.page.server import Served

pytestmark = [pytest.mark.slow, *GRADIO_WARNINGS]

PASSWORD = "correct horse"


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class Browser:
    """A client with cookies."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.headers = headers
        self.jar = CookieJar()
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.jar), NoRedirects())

    def send(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        """Return the status and the text of the answer to a GET, or to a POST if there is a body."""
        request = Request(self.url.rstrip("/") + path, body, {**self.headers, **headers})
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def sign_in(self, name: str, password: str = PASSWORD, **headers: str) -> tuple[int, str]:
        return self.send("/sign-in", urlencode({"name": name, "password": password}).encode(), **headers)

    def post(self, path: str, body: object) -> tuple[int, str]:
        return self.send(path, json.dumps(body).encode(), **{"Content-Type": "application/json"})

    def ask(self, question: str = "What are apples?") -> str:
        status, body = self.post("/gradio_api/call/ask", {"data": [question, [], False]})
        assert status == 200, body
        return self.send(f"/gradio_api/call/ask/{json.loads(body)['event_id']}")[1]

    def upload(self) -> tuple[int, str]:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="pears.md"\r\n\r\n'
        body = f"{head}# Pears\n\nPears are green fruit.\n\r\n--{mark}--\r\n".encode()
        return self.send("/gradio_api/upload", body, **{"Content-Type": f"multipart/form-data; boundary={mark}"})

    def handlers(self) -> set[str]:
        """Return the ids of the elements with a handler."""
        config = json.loads(self.send("/config")[1])
        names = {each["id"]: each["props"].get("elem_id") for each in config["components"]}
        return {str(names.get(target)) for each in config["dependencies"] for target, _ in each["targets"]}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "apples.md").write_text("# Apples\n\nApples are red fruit.\n", encoding="utf-8")
    ingest([tmp_path / "texts"], tmp_path / "data", FakeEncoder())
    return tmp_path / "data"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an account of each role: hashing a password takes long on purpose."""
    folder = tmp_path_factory.mktemp("people")
    for name, role in (("Rita", Role.READER), ("Eddie", Role.EDITOR), ("Olga", Role.OWNER)):
        Accounts(folder).add(name, role, PASSWORD)
    return folder


@pytest.fixture
def accounts(data_dir: Path, people: Path) -> Accounts:
    shutil.copytree(people, data_dir, dirs_exist_ok=True)
    return Accounts(data_dir)


@pytest.fixture
def served(data_dir: Path, accounts: Accounts) -> Iterator[Served]:
    assistant = Assistant(Index(data_dir, FakeEncoder()))
    served = app.serve(assistant, Settings(port=0, data_dir=data_dir, mcp=True), block=False)
    yield served
    served.close()
    assistant.close()


def test_strangers_reach_nothing(served: Served) -> None:
    stranger = Browser(served.url)
    assert stranger.send("/", Accept="text/html")[0] == 303
    for path in ("/", "/config", "/theme.css", "/gradio_api/info", "/reader?x", "/kept", "/mcp", "/gradio_api/app_id"):
        assert stranger.send(path)[0] == 401, path
    for path in ("/gradio_api/call/ask", "/gradio_api/queue/join", "/gradio_api/run/predict", "/mcp", "/feedback"):
        assert stranger.post(path, {"data": ["What are apples?", [], False]})[0] == 401, path
    assert stranger.upload()[0] == 401
    assert Browser(served.url, Authorization="Bearer cited_nonsense").send("/config")[0] == 401
    assert Browser(served.url, Cookie="cited_session=nonsense").send("/config")[0] == 401
    assert "<h1>Sign in</h1>" in stranger.send("/sign-in")[1]


def test_a_reader_asks_and_changes_nothing(served: Served, data_dir: Path) -> None:
    reader = Browser(served.url)
    assert reader.sign_in("rita")[0] == 303
    assert "Apples are red fruit." in reader.ask()
    assert reader.upload()[0] == 403
    changing = {"drop", "apply", "check", "discard", "act-remove", "act-watch", "add-folder", "run", "add-prompts"}
    assert reader.handlers().isdisjoint(changing)
    _, body = reader.post("/gradio_api/call/ingest_plan", {"data": []})
    assert "error" in reader.send(f"/gradio_api/call/ingest_plan/{json.loads(body)['event_id']}")[1]
    assert not (data_dir / "uploads").exists()


@pytest.mark.parametrize("cookie", ["version=1", "path=/", "a[b]=c", "nameless", "a=b; cited_owner=someone"])
def test_cookies_of_other_programs_keep_nobody_out(served: Served, cookie: str) -> None:
    reader = Browser(served.url)
    reader.sign_in("Rita")
    own = "; ".join(f"{each.name}={each.value}" for each in reader.jar)
    assert Browser(served.url, Cookie=f"{cookie}; {own}").send("/config")[0] == 200


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/c/club/?source=a.md", "/c/club/?source=a.md"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_the_page_wanted_opens(served: Served, wanted: str, reached: str) -> None:
    body = urlencode({"name": "Rita", "password": PASSWORD, "next": wanted}).encode()
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        asked = client.get(wanted, headers={"accept": "text/html"}) if wanted == reached else None
        assert asked is None or asked.headers["location"] == f"/sign-in?next={quote(wanted)}"
        assert asked is None or f'value="{wanted}"' in client.get(asked.headers["location"]).text
        answer = client.post("/sign-in", content=body)
        assert (answer.status_code, answer.headers["location"]) == (303, reached)


def test_a_form_of_many_fields_is_refused(served: Served) -> None:
    assert Browser(served.url).send("/sign-in", b"a=&" * 1_000)[0] == 403


def test_signing_in_where_nothing_can_be_written_says_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise IndexUnwritable("the accounts cannot be saved", "accounts.json", "free disk space")

    monkeypatch.setattr(Accounts, "sign_in", fail)
    said = '{"detail":"the accounts cannot be saved; the program\'s log says more"}'
    assert Browser(served.url).sign_in("Rita") == (503, said)


def test_an_editor_changes_the_corpus(served: Served) -> None:
    editor = Browser(served.url)
    assert editor.sign_in("Eddie")[0] == 303
    assert editor.upload()[0] == 200
    assert {"drop", "apply", "check", "run"} <= editor.handlers()


def test_tokens_serve_programs(served: Served, accounts: Accounts) -> None:
    program = Browser(served.url, Authorization=f"Bearer {accounts.add_token('Rita', 'agent')}")
    assert "Apples are red fruit." in program.ask()
    call = {"name": "ask", "arguments": {"question": "What are apples?"}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    program.headers["Accept"] = "application/json, text/event-stream"
    assert "Apples are red fruit." in program.post("/mcp", request)[1]
    accounts.remove_token("Rita", "agent")
    assert program.send("/config")[0] == 401


def test_signing_out_ends_the_session(served: Served) -> None:
    reader = Browser(served.url)
    reader.sign_in("Rita")
    kept = {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in reader.jar)}
    assert reader.send("/config")[0] == 200
    assert reader.send("/sign-out", b"")[0] == 303
    assert reader.send("/config")[0] == 401
    assert Browser(served.url, **kept).send("/config")[0] == 401


def test_conversations_belong_to_accounts(served: Served, data_dir: Path) -> None:
    def joined(browser: Browser) -> str:
        """Ask on the page itself, which keeps the conversation; return the list of conversations then."""
        config = json.loads(browser.send("/config")[1])
        names = {each["id"]: each["props"].get("elem_id") for each in config["components"]}
        events = [(each["id"], names.get(i), event) for each in config["dependencies"] for i, event in each["targets"]]
        (asking,) = [number for number, element, event in events if (element, event) == ("send", "click")]
        session = uuid.uuid4().hex
        body = {"fn_index": asking, "data": ["What are apples?", None, None, "", ""], "session_hash": session}
        assert browser.post("/gradio_api/queue/join", body)[0] == 200
        assert "process_completed" in browser.send(f"/gradio_api/queue/data?session_hash={session}")[1]
        return browser.send("/kept")[1]

    rita, elsewhere, eddie = Browser(served.url), Browser(served.url), Browser(served.url)
    rita.sign_in("Rita")
    elsewhere.sign_in("Rita")
    eddie.sign_in("Eddie")
    assert "What are apples?" in joined(rita)
    assert "What are apples?" in elsewhere.send("/kept")[1]
    assert "What are apples?" not in eddie.send("/kept")[1]
    # A cookie of one's own choice changes nothing.
    owner = Accounts(data_dir).all()[-1].id
    forged = Browser(served.url, Cookie="; ".join(f"{c.name}={c.value}" for c in eddie.jar) + f"; cited_owner={owner}")
    assert "What are apples?" not in forged.send("/kept")[1]


def test_guessing_ends_in_a_pause(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    guesser = Browser(served.url)
    found = [guesser.sign_in("Rita", f"guess {number}")[0] for number in range(attempts.ATTEMPTS + 2)]
    assert found == [403] * attempts.ATTEMPTS + [429] * 2
    assert guesser.sign_in("Rita")[0] == 429
    assert "Too many attempts. Try again in 5 minutes." in guesser.sign_in("Rita")[1]
    other = {"X-Forwarded-For": "192.0.2.7"}  # a proxy on this machine names its client
    assert guesser.sign_in("Rita", **other)[0] == 303
    monkeypatch.setattr(attempts, "PAUSE_SECONDS", 0.0)
    assert guesser.sign_in("Rita")[0] == 303


def test_guessing_from_many_addresses_ends_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "ATTEMPTS", 3)  # for each address; each takes the machine long
    found = [
        Browser(served.url).sign_in("Rita", "guess", **{"X-Forwarded-For": f"192.0.2.{number}"})[0]
        for number in range(3 * attempts.ATTEMPTS + 1)
    ]
    assert found[-2:] == [403, 429]


def test_another_page_cannot_sign_in_or_out(served: Served) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert Browser(served.url).sign_in("Rita", **foreign)[0] == 403
    reader = Browser(served.url)
    reader.sign_in("Rita")
    assert reader.send("/sign-out", b"", **foreign)[0] == 403
    assert reader.send("/config")[0] == 200


def test_a_damaged_file_lets_nobody_in(served: Served, data_dir: Path) -> None:
    reader = Browser(served.url)
    reader.sign_in("Rita")
    (data_dir / "accounts.json").write_text("{", encoding="utf-8")
    status, body = reader.send("/config")
    assert status == 503
    assert str(data_dir) not in body
    (data_dir / "accounts.json").unlink()
    assert reader.send("/config")[0] == 401


def test_other_machines_are_not_served_without_accounts(data_dir: Path) -> None:
    assistant = Assistant(Index(data_dir, FakeEncoder()))
    with pytest.raises(SettingsInvalid, match="add accounts with `cited user add NAME --role owner`"):
        app.serve(assistant, Settings(host="0.0.0.0", port=0, data_dir=data_dir), block=False)
    app.serve(assistant, Settings(host="0.0.0.0", port=0, data_dir=data_dir, insecure=True), block=False).close()
    Accounts(data_dir).add("Olga", Role.OWNER, PASSWORD)
    app.serve(assistant, Settings(host="0.0.0.0", port=0, data_dir=data_dir), block=False).close()
    assistant.close()
