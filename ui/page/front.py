"""Shares the requests for one address out among several pages, and keeps each client with one of them."""

import asyncio
import hashlib
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import httpx
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.routing import Mount

from ingest.settings import Settings
from ui.page.guard import App, Receive, Scope, Send
from ui.page.metrics import together
from ui.page.server import Served, open_listener, start

COOKIE = "cited_page"
BODY_SECONDS = 60.0
"""How long a client may send nothing of a request that it has begun; the pages limit the whole of it."""
CONNECT_SECONDS = 2.0
METRICS_SECONDS = 5.0
"""How long each page may take to tell its metrics; one that is stuck must not hide the others'."""
NONE_RUNS = "The assistant cannot answer right now. Try again in a moment."
BROKE_OFF = "The assistant stopped before it could answer. Ask again."

# Headers that concern one connection, and those that say who the client is; RFC 9110, section 7.6.1.
_OF_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_OF_CONTENT = frozenset({b"content-length", b"content-type", b"content-encoding"})
_OF_SERVER = frozenset({b"server", b"date"})
_OF_CLIENT = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"})

log = logging.getLogger(__name__)


class Front:
    """Passes each request on to a page; a client stays with its page as long as that runs.

    A window's questions, answers and uploads are in the process of its page.
    Browsers, and programs that keep cookies, stay with it by a cookie, and
    others by their address.
    """

    def __init__(self, pages: Mapping[int, str]) -> None:
        """Create it; `pages` are the addresses of the pages that run now, by their numbers."""
        self._pages = pages
        self._asked: Counter[int] = Counter()  # requests in progress
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)  # an open page waits for news for hours
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["path"] == "/metrics":
            await self._measure(scope, send)
            return
        headers = Headers(scope=scope)
        given = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        dead: set[int] = set()
        while (number := self._choose(headers, given, _client_of(scope), dead)) is not None:
            self._asked[number] += 1
            try:
                answer = await self._client.send(self._request(self._pages[number], scope, receive), stream=True)
                try:
                    await _answered(answer, None if given == str(number) else number, receive, send)
                finally:
                    await answer.aclose()
                return
            except (httpx.ConnectError, httpx.ConnectTimeout, KeyError):  # it has just ended; nothing was sent yet
                dead.add(number)
            except httpx.TransportError as error:
                log.warning("page %d did not answer: %s", number, error)
                await _refuse(502, BROKE_OFF, send)
                return
            except _Left:
                return
            except TimeoutError:
                await _refuse(408, "The request was sent too slowly.", send)
                return
            finally:
                self._asked[number] -= 1
        await _refuse(503, NONE_RUNS, send)

    async def _measure(self, scope: Scope, send: Send) -> None:
        """Send the metrics of all pages; if one of them refuses, what it says."""
        texts = {}
        for number, page in sorted(self._pages.items()):
            try:
                async with asyncio.timeout(METRICS_SECONDS):
                    answer = await self._client.send(self._request(page, scope))
            except (httpx.TransportError, TimeoutError) as error:
                log.warning("page %d did not tell its metrics: %s", number, error or "it took too long")
                continue
            if not answer.is_success:
                kind = answer.headers.get("content-type", "text/plain")
                more = [each for each in _passed_on(answer) if each[0] not in _OF_CONTENT]
                await _send_whole(answer.status_code, answer.content, kind, send, more)
                return
            texts[number] = answer.text
        if texts:
            await _send_whole(200, together(texts), CONTENT_TYPE_LATEST, send)
        else:
            await _refuse(503, NONE_RUNS, send)

    def _choose(self, headers: Headers, given: str, client: str, dead: set[int]) -> int | None:
        """Return the page to ask: the client's own; for a new browser the least busy; otherwise one by the address."""
        running = sorted(self._pages.keys() - dead)
        own = [number for number in running if str(number) == given]
        if own or not running:
            return own[0] if own else None
        if "text/html" in headers.get("accept", ""):
            return min(running, key=lambda number: self._asked[number])
        # Rendezvous hashing: a page that ends moves only its own clients. Source: Thaler and Ravishankar 1998.
        return max(running, key=lambda number: hashlib.sha256(f"{client} {number}".encode()).digest())

    def _request(self, page: str, scope: Scope, receive: Receive | None = None) -> httpx.Request:
        """Return the request to pass on to a page, with its body if `receive` is given."""
        left_out = _OF_CONNECTION | _OF_CLIENT | (frozenset() if receive else _OF_CONTENT)
        headers = [(name, value) for name, value in scope["headers"] if name not in left_out]
        headers += [(b"x-forwarded-for", _client_of(scope).encode()), (b"x-forwarded-proto", scope["scheme"].encode())]
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        url = httpx.URL(page).copy_with(raw_path=scope["raw_path"] + query)
        names = {name for name, _ in scope["headers"]}
        body = _body(receive) if receive and names & {b"content-length", b"transfer-encoding"} else None
        return self._client.build_request(scope["method"], url, headers=headers, content=body)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def front_app(pages: Mapping[int, str]) -> App:
    """Build the application of a front; `pages` are the addresses of the pages that run now, by their numbers."""

    @asynccontextmanager
    async def running(_app: Starlette) -> AsyncIterator[None]:
        yield
        await front.close()

    front = Front(pages)
    return Starlette(routes=[Mount("/", front)], lifespan=running)


def serve_front(pages: Mapping[int, str], settings: Settings, finish: Callable[[], None]) -> Served:
    """Serve the host and port of the settings by passing requests on to `pages`, addresses by their numbers.

    `finish` ends the pages before the server stops.

    Raises:
        SettingsInvalid: see `open_listener`.
    """
    return start(front_app(pages), open_listener(settings), finish)


class _Left(Exception):
    """The client is gone."""


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await asyncio.wait_for(receive(), BODY_SECONDS)
        if message["type"] == "http.disconnect":
            raise _Left
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _answered(answer: httpx.Response, number: int | None, receive: Receive, send: Send) -> None:
    """Send an answer on as it comes, until it ends or the client is gone; set the cookie of a page, if one is given."""
    sending = asyncio.create_task(_send_on(answer, number, send))
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        sending.cancel()
        leaving.cancel()


async def _send_on(answer: httpx.Response, number: int | None, send: Send) -> None:
    headers = _passed_on(answer)
    if number is not None:
        headers.append((b"set-cookie", f"{COOKIE}={number}; Path=/; HttpOnly; SameSite=Lax".encode()))
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    try:
        async for part in answer.aiter_raw():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except httpx.TransportError as error:  # the server then breaks the connection off too
        log.warning("a page ended while it answered: %s", error)
        return
    await send({"type": "http.response.body"})


def _passed_on(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Return the headers of a page's answer that concern the client."""
    left_out = _OF_CONNECTION | _OF_SERVER
    return [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in left_out]


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(status: int, detail: str, send: Send) -> None:
    body = json.dumps({"detail": detail}).encode()
    more = [(b"retry-after", b"5"), (b"connection", b"close")]
    await _send_whole(status, body, "application/json", send, more)


async def _send_whole(
    status: int, body: bytes, kind: str, send: Send, more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _client_of(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])
