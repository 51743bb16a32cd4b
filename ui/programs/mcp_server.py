"""The MCP server: `ask`, `search` and `get_source` as tools, over stdin and stdout or on the page's own server."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import wraps
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from starlette.routing import BaseRoute

from assistant.render import answer_text
from assistant.schema import Answering
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.programs import requests as programs
from ui.programs.requests import Excerpt, Found, Json, Span, sendable

PATH = "/mcp"
INSTRUCTIONS = (
    "Answers questions over a folder of texts in exact quotes, each with its place, or says that the texts do not "
    "answer. Cite quotes word for word with their source; where `abstained` is true the texts do not answer: say so."
)

log = logging.getLogger(__name__)

Opened = Callable[[], Answering]


def serve_stdio(settings: Settings) -> None:
    """Answer the MCP client at stdin and stdout until it closes stdin, or until a signal."""

    def end(_number: int, _frame: object) -> None:
        os._exit(0)  # a thread waits for stdin, and nothing but a line of it wakes it; there is nothing to put away

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    opened = opening(settings)
    threading.Thread(target=_warm, args=(opened,), daemon=True).start()
    asyncio.run(build_server(opened).run_stdio_async())


def http_server(assistant: Answering, host: str) -> tuple[list[BaseRoute], AbstractAsyncContextManager[None]]:
    """Return the routes of the server over HTTP, and what must be running while they are served.

    Every request stands for itself: no session is kept. On loopback a request
    that names another host, or comes from a page of another one, is refused.
    """
    server = build_server(lambda: assistant)
    app = server.streamable_http_app(streamable_http_path=PATH, stateless_http=True, json_response=True, host=host)
    return app.routes, server.session_manager.run()


def build_server(opened: Opened) -> MCPServer[Any]:
    """Build the server; `opened` gives the assistant, or raises what a person can mend."""

    def ask(question: str, history: list[str] = []) -> CallToolResult:  # noqa: B006 - clients read the default
        """Answer a question in exact quotes from the texts, each with its place, or say that they do not answer it.

        history: the questions asked before it, oldest first; a follow-up is understood from them.
        Structured result: question, abstained, reason, missing_terms, quotes, ranked (sources, best first),
        nearest (passages that are not an answer), gate_score, run. A quote has source, root, title, text, start, end
        (characters of the source, end exclusive), line, page, heading, url, file (same, changed or gone).
        """
        assistant = opened()
        answer = programs.ask(assistant, question, history)
        text = answer_text(answer, assistant.description().notice).plain
        return _result(text, programs.ask_json(answer))

    def search(question: str, limit: int = 10) -> CallToolResult:
        """Find the passages of the texts nearest to a question, best first; they need not answer it.

        limit: how many passages at most, 1 to 50.
        Structured result: question, passages. A passage has source, root, title, text, start, end (characters of the
        source, end exclusive), line, page, heading, url, score (the higher, the nearer).
        """
        found = programs.search(opened(), question, limit)
        return _result(_found_text(found), programs.search_json(question, found))

    def get_source(
        source: str,
        root: str = "",
        start: int | None = None,
        end: int | None = None,
        first_line: int | None = None,
        last_line: int | None = None,
    ) -> CallToolResult:
        """Read a source, or a span of it: characters start to end (exclusive), or lines first_line to last_line.

        source, root: as ask and search name them; root is needed only where several folders have the source.
        At most 20,000 characters are given at a time; where `next` is not null, go on with start=next (and the same
        end). Structured result: source, root, title, url, characters (of the whole source), start, end, next,
        first_line, last_line (null for text extracted from PDF, DOCX, HTML and the like), page, text.
        """
        excerpt = programs.read(opened(), source, root, Span(start, end, first_line, last_line))
        return _result(_excerpt_text(excerpt), programs.excerpt_json(excerpt))

    server: MCPServer[Any] = MCPServer("cited", title="Cited Assistant", instructions=INSTRUCTIONS, log_level="ERROR")
    for title, tool in (("Ask the texts", ask), ("Search the texts", search), ("Read a source", get_source)):
        hints = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
        server.add_tool(_told(tool), title=title, annotations=hints)
    return server


def opening(settings: Settings) -> Opened:
    """Return what opens the assistant when it is first needed, and again at the next call where that failed."""
    opened: list[Answering] = []
    one_at_a_time = threading.Lock()

    def get() -> Answering:
        from assistant.assistant import Assistant

        with one_at_a_time:
            if not opened:
                opened.append(Assistant.open(settings))
            return opened[0]

    return get


def _warm(opened: Opened) -> None:
    """Open the assistant before the first question comes."""
    try:
        opened()
    except UserFacingError as error:  # the tools tell the client, who may come after it is mended
        log.error("%s", error)


def _told(tool: Callable[..., CallToolResult]) -> Callable[..., CallToolResult]:
    """Have the client told what a person can mend, in words, as an error of the tool."""

    @wraps(tool)
    def tell(**given: Any) -> CallToolResult:  # noqa: ANN401 - checked against the tool's signature before
        try:
            return tool(**given)
        except UserFacingError as error:
            raise ToolError(str(error)) from error

    return tell


def _result(text: str, values: Json) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=sendable(text))], structured_content=values)


def _found_text(found: list[Found]) -> str:
    parts = [
        f"[{number}] {passage.title} · {passage.source}, characters {passage.start}-{passage.end}\n{passage.text}"
        for number, passage in enumerate((scored.passage for scored, _ in found), 1)
    ]
    return "\n\n".join(parts) or "The index holds no passages."


def _excerpt_text(excerpt: Excerpt) -> str:
    document = excerpt.document
    place = f"{document.source}, characters {excerpt.start}-{excerpt.end} of {len(document.text)}"
    more = "" if excerpt.next is None else f"\n\n(There is more: go on with start={excerpt.next}.)"
    return f"{document.title} · {place}\n\n{excerpt.text}{more}"
