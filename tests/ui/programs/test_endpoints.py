"""The public endpoints, called with Gradio's own client on a running server."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from ingest.runs.status import runs
from tests.conftest import GRADIO_WARNINGS
from tests.ui.conftest import TEXTS, Serve

pytestmark = [
    pytest.mark.slow,
    *GRADIO_WARNINGS,
]

QUOTE = ["source", "title", "text", "start", "end", "line", "page", "recognised", "heading", "url", "root"]
ANSWER = ["question", "state", "abstained", "reason", "missing_terms", "quotes", "agreements", "ranked", "nearest"]
ANSWER += ["gate_score", "run", "corrections", "remark", "open_parts", "outlines", "within", "hint"]


@pytest.fixture(scope="module")
def address(serve: Serve) -> str:
    return serve()


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Client]:
    client = Client(address, verbose=False)
    yield client
    client.close()


def posted(address: str, body: bytes, kind: str) -> tuple[int, str]:
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(Request(address, body, {"Content-Type": kind}), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_three_endpoints_and_no_other(client: Client) -> None:
    api = client.view_api(return_format="dict", print_info=False)
    assert isinstance(api, dict)
    assert set(api["named_endpoints"]) == {"/ask", "/search", "/ingest_plan"}
    assert api["unnamed_endpoints"] == {}
    names = {
        endpoint: [(each["parameter_name"], each["parameter_has_default"]) for each in info["parameters"]]
        for endpoint, info in api["named_endpoints"].items()
    }
    assert names == {
        "/ask": [("question", False), ("history", True), ("as_typed", True), ("within", True)],
        "/search": [("question", False), ("limit", True), ("within", True)],
        "/ingest_plan": [],
    }
    assert all("Returns" in info["description"] for info in api["named_endpoints"].values())


def test_ask_returns_quotes(client: Client, texts: Path) -> None:
    answer = client.predict("Are apples red fruit?", api_name="/ask")
    assert list(answer) == ANSWER
    for quote in answer["quotes"] + answer["nearest"]:
        assert list(quote) == [*QUOTE, "file", "also", "part_of_list"]
        assert TEXTS[quote["source"]][quote["start"] : quote["end"]] == quote["text"]
        assert (quote["root"], quote["file"]) == (texts.name, "same")
    assert answer["ranked"][0] == "apples.md"


def test_ask_understands_a_follow_up(client: Client) -> None:
    answer = client.predict("and what about them?", ["Are pears green?"], api_name="/ask")
    assert "pears" in answer["question"]


def test_ask_searches_for_what_was_typed_on_demand(client: Client) -> None:
    answer = client.predict("and what about them?", ["Are pears green?"], True, api_name="/ask")
    assert answer["question"] == "and what about them?"


def test_ask_and_search_only_what_is_chosen(client: Client, texts: Path) -> None:
    chosen = {"sources": ["long.md"]}
    answer = client.predict("Are apples red fruit?", within=chosen, api_name="/ask")
    assert (answer["missing_terms"], answer["ranked"]) == (["apples", "red"], ["long.md"])
    assert answer["within"] == {"sources": ["long.md"], "kinds": [], "after": None, "before": None}
    again = client.predict("Are apples red fruit?", within={"sources": [f"{texts.name}/apples.md"]}, api_name="/ask")
    assert again["ranked"] == ["apples.md"]
    found = client.predict("green pears", 50, chosen, api_name="/search")
    assert {each["source"] for each in found["passages"]} == {"long.md"}


def test_ask_abstains(client: Client) -> None:
    answer = client.predict(question="Where do kiwis grow?", api_name="/ask")
    assert (answer["abstained"], answer["quotes"]) == (True, [])
    assert "kiwis" in answer["missing_terms"]


def test_search_returns_places_and_scores(client: Client) -> None:
    found = client.predict("green pears", 2, api_name="/search")
    assert list(found) == ["question", "passages"]
    assert [list(passage) for passage in found["passages"]] == [[*QUOTE, "score"]] * 2
    first, second = found["passages"]
    assert (first["text"], first["line"], first["heading"]) == ("Pears are green fruit.", 7, "Apples › Pears")
    assert first["score"] > second["score"]


@pytest.mark.parametrize(
    ("given", "endpoint", "words"),
    [
        ([" "], "/ask", "question: the question is empty"),
        ([7], "/ask", "question: Input should be a valid string"),
        (["Why?", "Which?"], "/ask", "history: Input should be a valid list"),
        (["Why?", [None]], "/ask", "history.0: Input should be a valid string"),
        (["Why?", [], "yes"], "/ask", "as_typed: Input should be a valid boolean"),
        (["Why?", [], False, {"after": "soon"}], "/ask", "within.after: input should be a valid date"),
        (["Why?", [], False, {"sources": ["none.md"]}], "/ask", "none.md: no text of this name; choose another"),
        (["Why?", 51], "/search", "limit: 51 is out of range; pass a number from 1 to 50"),
        (["Why?", "ten"], "/search", "limit: Input should be a valid integer"),
    ],
)
def test_mistakes_are_reported(client: Client, given: list[object], endpoint: str, words: str) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(*given, api_name=endpoint)
    assert words in str(caught.value)


def test_the_plan_changes_nothing(client: Client, texts: Path) -> None:
    known = sorted(TEXTS)
    nothing = {name: [] for name in ("added", "updated", "renamed", "removed", "failed", "problems")}
    assert client.predict(api_name="/ingest_plan") == {"found": 2, **nothing, "unchanged": known}
    (texts / "new.md").write_text("# New\n\nNew.\n", encoding="utf-8")
    (texts / "long.md").rename(texts / "longer.md")
    planned = client.predict(api_name="/ingest_plan")
    (texts / "longer.md").rename(texts / "long.md")
    (texts / "new.md").unlink()
    assert planned == {
        "found": 3,
        **nothing,
        "added": ["new.md"],
        "renamed": [{"former": "long.md", "source": "longer.md"}],
        "unchanged": ["apples.md"],
    }
    assert len(runs(texts.parent / "data")) == 1


@pytest.mark.parametrize("given", [{}, {"within": {"sources": ["apples.md"]}}])
def test_plain_http_is_enough(address: str, given: dict[str, object]) -> None:
    body = json.dumps({"question": "Are apples red?", **given}).encode()
    status, body_text = posted(f"{address}gradio_api/call/v2/ask", body, "application/json")
    assert status == 200
    with build_opener(ProxyHandler({})).open(
        f"{address}gradio_api/call/ask/{json.loads(body_text)['event_id']}"
    ) as events:
        assert "event: complete" in events.read().decode()


@pytest.mark.parametrize("given", [["Are apples red?"], ["Are apples red?", [], False]])
def test_plain_http_may_leave_out_the_last_values(address: str, given: list[object]) -> None:
    status, body = posted(f"{address}gradio_api/call/ask", json.dumps({"data": given}).encode(), "application/json")
    assert status == 200
    with build_opener(ProxyHandler({})).open(f"{address}gradio_api/call/ask/{json.loads(body)['event_id']}") as events:
        assert '"question": "Are apples red?"' in events.read().decode()


def test_a_read_only_page_plans_and_accepts_nothing(serve: Serve, address: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nText\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    assert posted(f"{address}gradio_api/upload", body, kind)[0] == 200
    closed = serve(read_only=True)
    for path in ("gradio_api/upload", "gradio_api/upload?upload_id=x", "gradio_api/%75pload"):
        assert posted(closed + path, body, kind) == (403, "This page is read-only.")
    prompt = json.dumps({"question": "Are apples red?", "unanswerable": True}).encode()
    assert posted(f"{closed}prompts", prompt, "application/json")[0] == 403
    client = Client(closed, verbose=False)
    with pytest.raises(AppError, match="you may only read here; unset it, or ask for the role editor"):
        client.predict(api_name="/ingest_plan")
    assert client.predict("Are apples red fruit?", api_name="/ask")["ranked"][0] == "apples.md"
    client.close()
