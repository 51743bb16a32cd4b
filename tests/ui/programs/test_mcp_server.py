"""The MCP server, called with the protocol's own client: over HTTP next to the page, and over stdin and stdout."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client import Transport
from mcp.types import CallToolResult, TextContent

from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from tests.conftest import GRADIO_WARNINGS
from tests.ui.conftest import TEXTS, Serve
from ui.programs.requests import LONGEST_EXCERPT

pytestmark = [
    pytest.mark.slow,
    *GRADIO_WARNINGS,
]

ROOT = Path(__file__).parents[3]
CITED = [sys.executable, "-c", "from ui.command.cli import main; main()"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
HIP = "# Hip pain at night\n\nA pillow between the knees keeps the hip level.\n"

Result = TypeVar("Result")


def session(target: str | Transport, calls: Callable[[Client], Awaitable[Result]], mode: str = "auto") -> Result:
    """Connect a client, await its calls and return what they return."""

    async def run() -> Result:
        async with Client(target, mode=mode) as client:
            return await calls(client)

    return ThreadPoolExecutor(1).submit(asyncio.run, run()).result()


def called(endpoint: str, tool: str, mode: str = "auto", **given: object) -> CallToolResult:
    return session(endpoint, lambda client: client.call_tool(tool, given), mode)


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.fixture(scope="module")
def endpoint(serve: Serve) -> str:
    return serve(mcp=True) + "mcp"


def test_four_tools_that_only_read(endpoint: str) -> None:
    tools = session(endpoint, Client.list_tools).tools
    assert [tool.name for tool in tools] == ["ask", "search", "get_source", "list_collections"]
    for tool in tools:
        assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (True, False)
        assert "Structured result: " in tool.description
    assert tools[1].input_schema["properties"]["limit"]["default"] == 10


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_ask(endpoint: str, texts: Path, mode: str) -> None:
    result = called(endpoint, "ask", mode, question="Are apples red fruit?")
    answer = result.structured_content
    assert (result.is_error, answer["ranked"][0]) == (False, "apples.md")
    for quote in answer["quotes"] + answer["nearest"]:
        assert TEXTS[quote["source"]][quote["start"] : quote["end"]] == quote["text"]
        assert quote["text"] in text_of(result)
        assert (quote["root"], quote["file"]) == (texts.name, "same")


def test_ask_abstains_and_understands_a_follow_up(endpoint: str) -> None:
    answer = called(endpoint, "ask", question="Where do kiwis grow?")
    assert answer.structured_content["abstained"] is True
    assert text_of(answer).startswith("The texts do not answer this. The texts never mention")
    follow_up = {"question": "and what about them?", "history": ["Are pears green?"]}
    answer = called(endpoint, "ask", **follow_up)
    assert "pears" in answer.structured_content["question"]
    answer = called(endpoint, "ask", **follow_up, as_typed=True)
    assert answer.structured_content["question"] == "and what about them?"


def test_search(endpoint: str) -> None:
    result = called(endpoint, "search", question="green pears", limit=1)
    (passage,) = result.structured_content["passages"]
    assert (passage["text"], passage["line"], passage["heading"]) == ("Pears are green fruit.", 7, "Apples › Pears")
    assert text_of(result) == "[1] Apples · apples.md, characters 43-65\nPears are green fruit."


def test_ask_and_search_only_what_is_chosen(endpoint: str) -> None:
    chosen = {"sources": ["long.md"]}
    answer = called(endpoint, "ask", question="Are apples red fruit?", within=chosen)
    assert answer.structured_content["missing_terms"] == ["apples", "red"]
    assert answer.structured_content["within"]["sources"] == ["long.md"]
    assert text_of(answer).startswith("Searched only: long.md")
    found = called(endpoint, "search", question="pears", limit=50, within=chosen).structured_content
    assert {each["source"] for each in found["passages"]} == {"long.md"}


def test_get_source_whole_in_lines_and_in_parts(endpoint: str) -> None:
    whole = called(endpoint, "get_source", source="apples.md").structured_content
    assert (whole["text"], whole["next"], whole["last_line"]) == (TEXTS["apples.md"], None, 7)
    lines = called(endpoint, "get_source", source="apples.md", first_line=3, last_line=3)
    assert lines.structured_content["text"] == "Apples are red fruit.\n"
    part = called(endpoint, "get_source", source="long.md")
    assert (part.structured_content["end"], part.structured_content["next"]) == (LONGEST_EXCERPT, LONGEST_EXCERPT)
    assert text_of(part).endswith(f"(There is more: continue with start={LONGEST_EXCERPT}.)")
    rest = called(endpoint, "get_source", source="long.md", start=LONGEST_EXCERPT).structured_content
    assert part.structured_content["text"] + rest["text"] == TEXTS["long.md"]


@pytest.mark.parametrize(
    ("tool", "given", "words"),
    [
        ("ask", {"question": " "}, "question: the question is empty; pass a question"),
        ("ask", {"question": "Why?", "within": {"kinds": ["pdf"]}}, "no text is chosen; choose other sources"),
        ("ask", {"question": "Why?", "within": {"after": "soon"}}, "within.after\n  Input should be a valid date"),
        ("search", {"question": "Why?", "limit": 99}, "limit: 99 is out of range; pass a number from 1 to 50"),
        ("search", {"question": "Why?", "limit": "many"}, "limit\n  Input should be a valid integer"),
        (
            "get_source",
            {"source": "/etc/passwd"},
            "passwd: the index has no such source; use a source returned by `ask`",
        ),
        ("get_source", {"source": "apples.md", "start": 9_999}, "apples.md: characters 9999 to "),
    ],
)
def test_mistakes_are_errors_of_the_tool_with_a_remedy(
    endpoint: str, tool: str, given: dict[str, object], words: str
) -> None:
    result = called(endpoint, tool, **given)
    assert result.is_error is True
    assert words in text_of(result)


def posted(endpoint: str, **headers: str) -> int:
    kinds = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    request = Request(endpoint, json.dumps(HELLO).encode(), kinds | headers)
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status
    except HTTPError as error:
        with error:
            return error.code


def test_foreign_names_and_pages_are_refused(endpoint: str, serve: Serve) -> None:
    assert posted(endpoint) == 200
    assert posted(endpoint, Host="evil.example") == 400
    assert posted(endpoint, Origin="http://evil.example") == 403
    assert posted(endpoint, **{"Content-Type": "text/plain"}) == 400
    assert posted(serve() + "mcp") == 404


@pytest.fixture
def data(tmp_path: Path, models: Path) -> Path:
    """A data folder without an index, with the encoder exported once per session."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(models)
    return tmp_path / "data"


@pytest.fixture
def stdio(data: Path) -> StdioServerParameters:
    command, *arguments = [*CITED, "mcp", "--data-dir", str(data)]
    return StdioServerParameters(command=command, args=arguments, cwd=ROOT)


@pytest.mark.model
def test_every_tool_over_stdio_even_if_the_index_is_created_later(
    stdio: StdioServerParameters, data: Path, exported: OnnxEncoder, write: Callable[..., Path]
) -> None:
    async def calls(client: Client) -> list[CallToolResult]:
        early = await client.call_tool("ask", {"question": "What keeps the hip level?"})
        ingest([write({"hip.md": HIP})], data, exported)
        return [
            early,
            await client.call_tool("ask", {"question": "What keeps the hip level?"}),
            await client.call_tool("search", {"question": "pillow"}),
            await client.call_tool("get_source", {"source": "hip.md", "first_line": 3}),
            await client.call_tool("get_source", {"source": "hop.md"}),
        ]

    early, answer, found, source, unknown = session(stdio_client(stdio), calls)
    assert early.is_error is True
    assert "nothing has been ingested here yet; run `cited ingest FOLDER`" in text_of(early)
    quote = "A pillow between the knees keeps the hip level."
    assert [each["text"] for each in answer.structured_content["quotes"]] == [quote]
    assert text_of(answer) == f"[1] {quote}\n    Hip pain at night · hip.md · line 3"
    assert found.structured_content["passages"][0]["text"] == quote
    assert source.structured_content["text"] == quote + "\n"
    assert (unknown.is_error, "no such source" in text_of(unknown)) == (True, True)


def start(data: Path) -> "subprocess.Popen[str]":
    command = [*CITED, "mcp", "--data-dir", str(data)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, **pipes)


def send(process: "subprocess.Popen[str]", *messages: object) -> None:
    assert process.stdin is not None
    process.stdin.write("".join(json.dumps(message) + "\n" for message in messages))
    process.stdin.flush()


@pytest.mark.model
def test_stdout_carries_the_protocol_only_and_a_closed_stdin_ends_it(
    data: Path, exported: OnnxEncoder, write: Callable[..., Path]
) -> None:
    ingest([write({"hip.md": HIP})], data, exported)
    ask = {"name": "ask", "arguments": {"question": "What keeps the hip level?"}}
    with start(data) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        send(process, HELLO, READY, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": ask})
        hello, answer = (json.loads(process.stdout.readline()) for _ in range(2))
        process.stdin.close()
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert (hello["id"], hello["result"]["serverInfo"]["name"]) == (1, "cited")
    assert answer["result"]["structuredContent"]["quotes"][0]["source"] == "hip.md"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path / "data") as process:
        assert process.stdout is not None and process.stderr is not None
        send(process, HELLO, READY)
        assert json.loads(process.stdout.readline())["id"] == 1
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - began < 5
        assert process.stdout.read() == ""
        assert "Traceback" not in process.stderr.read()


def test_it_starts_without_importing_the_page_or_torch(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", *CITED[1:], "mcp", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True, input=json.dumps(HELLO) + "\n"
    )
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "mcp" in imported
    assert not imported & {"torch", "transformers", "gradio", "trafilatura", "docx", "pypdf"}
