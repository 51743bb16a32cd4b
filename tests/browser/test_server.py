"""The server behind the page: its public endpoint, one policy, clear words where it cannot start."""

import json
import urllib.request
from email.message import Message
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import pytest

from ingest.errors import SettingsInvalid
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS
from ui.handlers.ask import Answering

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
        assert headers["Referrer-Policy"] == "no-referrer"


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
