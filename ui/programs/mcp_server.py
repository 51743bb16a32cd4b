"""The MCP server: tools that ask, search, read and list, over stdin and stdout or on the page's own server."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import wraps
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from starlette.routing import BaseRoute

from assistant.library import Library
from assistant.render import answer_text
from assistant.schema import Answering
from ingest.collections import collections, known_slug
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.handlers.within import Within
from ui.programs import requests as programs
from ui.programs.requests import Excerpt, Json, SearchHit, Span, sendable

PATH = "/mcp"
INSTRUCTIONS = (
    "Answers questions from a folder of texts in exact quotes, each with its place, or says that the texts do not "
    "answer. Cite quotes word for word with their source. If `abstained` is true, say that the texts do not answer."
)

log = logging.getLogger(__name__)


def serve_stdio(settings: Settings) -> None:
    """Serve the MCP client over stdin and stdout until it closes stdin, or until a signal."""

    def end(_number: int, _frame: object) -> None:
        os._exit(0)  # a thread blocks on stdin and cannot be interrupted; nothing needs cleanup

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    library = Library(settings)
    threading.Thread(target=_warm, args=(library, settings.collection), daemon=True).start()
    asyncio.run(build_server(library, settings.collection).run_stdio_async())
    sys.stdout.flush()
    os._exit(0)  # the index may still be opening in the background, and an interpreter that ends under it aborts


def http_server(library: Library, usual: str) -> tuple[list[BaseRoute], AbstractAsyncContextManager[None]]:
    """Return the HTTP routes of the server, and the context that must be entered while they are served.

    The server is stateless. The page's own middleware refuses requests that
    name another host or come from another host's page.
    """
    server = build_server(library, usual)
    checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, transport_security=checked
    )
    return app.routes, server.session_manager.run()


def build_server(library: Library, usual: str = "") -> MCPServer[Any]:
    """Build the server; where a client names no collection, it is asked the `usual` one."""

    def of(collection: str | None) -> Answering:
        return library.assistant(usual if collection is None else collection)

    def list_collections() -> CallToolResult:
        """List the collections of texts; the other tools take the name of one as `collection`.

        Structured result: collections. Each has collection (its name for the tools), name and description.
        """
        found = collections(library.data_dir)
        values = [
            {"collection": each.slug, "name": each.name, "description": each.description.description} for each in found
        ]
        lines = (f'"{each.slug}": {each.name}' for each in found)
        return _result("\n".join(lines), {"collections": values})

    def ask(
        question: str,
        history: list[str] = [],  # noqa: B006 - clients read the default
        as_typed: bool = False,
        within: Within | None = None,
        collection: str | None = None,
    ) -> CallToolResult:
        """Answer a question in exact quotes from the texts, each with its place, or say that they do not answer it.

        history: the earlier questions, oldest first; follow-up questions are resolved with them.
        as_typed: search for the question exactly as it is, without correcting, completing or splitting it.
        within: search only these sources. sources: sources and folders as in results, with or without their root;
        kinds: file endings such as "pdf"; after, before: days such as "2026-01-31", for sources that were last read
        into the index on or after the first day, and before the second.
        collection: the collection to ask, as list_collections names it; without it, the one that the server was
        started with, usually the main one, whose own name is "".
        Structured result: question, state (answered, uncertain or unanswered), abstained, reason, missing_terms,
        quotes, agreements (quotes that say the same, by number), ranked (sources, best first), nearest (passages that
        are not an answer; if uncertain, the first may be one), gate_score, run, corrections, remark, outlines,
        open_parts (parts of the question that are not answered), within, hint (on languages). Each quote has source,
        root, title, text, start, end (characters of the source, end exclusive), line, page, heading, url, file (same,
        changed or gone), recognised (near text read by OCR), also (the same text in other sources) and part_of_list.
        """
        assistant = of(collection)
        answer = programs.ask(assistant, question, history, as_typed=as_typed, within=_given(within))
        text = answer_text(answer, assistant.description().notice_below(answer.roots)).plain
        return _result(text, programs.ask_json(answer))

    def search(
        question: str, limit: int = 10, within: Within | None = None, collection: str | None = None
    ) -> CallToolResult:
        """Find the passages of the texts nearest to a question, best first; they may not answer it.

        limit: the maximum number of passages, 1 to 50.
        within, collection: as in ask.
        Structured result: question, passages. Each passage has source, root, title, text, start, end (characters of
        the source, end exclusive), line, page, recognised, heading, url, score (higher is nearer).
        """
        hits = programs.search(of(collection), question, limit, within=_given(within))
        return _result(_hits_text(hits), programs.search_json(question, hits))

    def get_source(
        source: str,
        root: str = "",
        start: int | None = None,
        end: int | None = None,
        first_line: int | None = None,
        last_line: int | None = None,
        collection: str | None = None,
    ) -> CallToolResult:
        """Read a source, or a span of it: characters start to end (exclusive), or lines first_line to last_line.

        source, root: as returned by ask and search; root is needed only if several folders contain the source.
        collection: as in ask.
        Returns at most 20,000 characters; if `next` is not null, continue with start=next (and the same end).
        Structured result: source, root, title, url, characters (of the whole source), start, end, next, first_line,
        last_line (null for text extracted from PDF, DOCX, HTML and similar formats), page, text.
        """
        excerpt = programs.read(of(collection), source, root, Span(start, end, first_line, last_line))
        return _result(_excerpt_text(excerpt), programs.excerpt_json(excerpt))

    server: MCPServer[Any] = MCPServer("cited", title="Cited Assistant", instructions=INSTRUCTIONS, log_level="ERROR")
    tools: dict[str, Callable[..., CallToolResult]] = {
        "Ask the texts": ask,
        "Search the texts": search,
        "Read a source": get_source,
        "List the collections": list_collections,
    }
    for title, tool in tools.items():
        hints = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
        server.add_tool(_with_tool_errors(tool), title=title, annotations=hints)
    return server


def _warm(library: Library, collection: str) -> None:
    """Open the assistant before the first question arrives."""
    try:
        library.opened(known_slug(library.data_dir, collection))
    except UserFacingError as error:  # the tools report it to the client unless it is fixed by then
        log.error("%s", error)


def _with_tool_errors(tool: Callable[..., CallToolResult]) -> Callable[..., CallToolResult]:
    """Raise a UserFacingError as an error of the tool, so that the client sees its message."""

    @wraps(tool)
    def call(**given: Any) -> CallToolResult:  # noqa: ANN401 - already checked against the tool's signature
        try:
            return tool(**given)
        except UserFacingError as error:
            raise ToolError(error.public) from error

    return call


def _given(within: Within | None) -> Json | None:
    return within.model_dump() if within else None


def _result(text: str, values: Json) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=sendable(text))], structured_content=values)


def _hits_text(hits: list[SearchHit]) -> str:
    parts = [
        f"[{number}] {passage.title} · {passage.source}, characters {passage.start}-{passage.end}\n{passage.text}"
        for number, passage in enumerate((scored.passage for scored, _ in hits), 1)
    ]
    return "\n\n".join(parts) or "The index contains no passages."


def _excerpt_text(excerpt: Excerpt) -> str:
    document = excerpt.document
    place = f"{document.source}, characters {excerpt.start}-{excerpt.end} of {len(document.text)}"
    more = "" if excerpt.next is None else f"\n\n(There is more: continue with start={excerpt.next}.)"
    return f"{document.title} · {place}\n\n{excerpt.text}{more}"
