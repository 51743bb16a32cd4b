"""The web page: layout, wiring, theme, and the server that shows it to one machine."""

import asyncio
import errno
import ipaddress
import logging
import socket
import threading
import time
import webbrowser
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from gradio.events import api
from starlette.middleware.trustedhost import TrustedHostMiddleware

from assistant.render import answer_json
from ingest.errors import SettingsInvalid, UserFacingError
from ingest.settings import Settings
from ui import ask
from ui.ask import Answering, Turns

ASSETS = Path(__file__).parent / "assets"
SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")
TEAL = gr.themes.Color(
    c50="#eef7f5",
    c100="#e0f1ed",
    c200="#bfe4db",
    c300="#93d3c5",
    c400="#63bfac",
    c500="#2f9d89",
    c600="#0b6e63",
    c700="#095c53",
    c800="#084c45",
    c900="#073f39",
    c950="#052a26",
)
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; form-action 'self'"
)
"""Content-Security-Policy: the browser itself refuses whatever would leave the machine."""
STREAM_SECONDS = 0.25
"""How soon an open stream notices that the server stops."""
START_SECONDS = 30.0
"""A server that is not up by then will not come up: measured 0.3 s on two busy cores."""

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """An application whose every answer carries the content policy, and whose streams end when it stops.

    A page that is open keeps a stream open; without this the server would wait
    for it, then cut it off with a traceback in the terminal.
    """

    def __init__(self, app: App) -> None:
        self.stopping = False
        self._app = app
        self._headers = [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        unfinished = False

        async def receiving() -> Message:
            while not self.stopping:
                try:
                    return await asyncio.wait_for(receive(), STREAM_SECONDS)
                except TimeoutError:
                    continue
            return {"type": "http.disconnect"}

        async def sending(message: Message) -> None:
            nonlocal unfinished
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            unfinished = bool(message.get("more_body"))
            await send(message)

        http = scope["type"] == "http"
        await self._app(scope, receiving if http else receive, sending if http else send)
        if unfinished:
            await send({"type": "http.response.body"})


class Served:
    """A page being served: its address, and how to wait for its end or bring it about."""

    def __init__(self, url: str, guard: Guard, server: uvicorn.Server, thread: threading.Thread) -> None:
        self.url = url
        self._guard = guard
        self._server = server
        self._thread = thread

    def wait(self) -> None:
        """Wait until the server ends; Ctrl+C ends it."""
        try:
            while self._thread.is_alive():
                self._thread.join(timeout=1.0)
        except KeyboardInterrupt:
            self.close()

    def close(self) -> None:
        """Stop the server and give its port back."""
        self._guard.stopping = True
        self._server.should_exit = True
        self._thread.join()


def serve(assistant: Answering, settings: Settings, *, open_browser: bool = False, block: bool = True) -> Served:
    """Serve the page on the settings' host and port until Ctrl+C, or return at once with `block` False.

    Raises:
        SettingsInvalid: the port is in use, or the host is no address of this machine.
    """
    listener = _listen(settings.host, settings.port)
    guard = Guard(_known_by_name(_built(assistant, settings), listener))
    config = uvicorn.Config(guard, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            listener.close()
            raise UserFacingError("the page did not start", remedy="see the messages above")
        time.sleep(0.01)
    served = Served(_address(listener), guard, server, thread)
    log.info("the page is at %s", served.url)
    if open_browser:
        webbrowser.open(served.url)
    if block:
        served.wait()
    return served


def _built(assistant: Answering, settings: Settings) -> App:
    """Build the application inside an event loop: where none runs, Gradio opens some and never closes them."""

    async def build() -> App:
        return build_app(assistant, settings)

    with ThreadPoolExecutor(1) as builder:
        return builder.submit(asyncio.run, build()).result()


def build_app(assistant: Answering, settings: Settings) -> App:
    """Build the web application: the page, and `/reader`, which gives a whole source to the page's dialog."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/reader", response_class=HTMLResponse)
    def reader(root: str, source: str, start: int, end: int, sha: str) -> HTMLResponse:
        try:
            document = assistant.document(root, source)
        except UserFacingError as error:
            return HTMLResponse(ask.reader_failure_html(error), status_code=404)
        return HTMLResponse(ask.reader_html(document, start=start, end=end, sha=sha))

    gr.mount_gradio_app(
        app,
        build_page(assistant, settings),
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        favicon_path=str(ASSETS / "logo.svg"),
        theme=_theme(),
        head=f"<style>{_asset('page.css')}</style>",
        js=_asset("page.js"),
    )
    return app


def build_page(assistant: Answering, settings: Settings) -> gr.Blocks:
    """Build the page: one tab a journey; `settings` are for the tabs that write."""
    description, _ = ask.described(assistant)
    title = description.name or ask.NAME
    page = gr.Blocks(title=title, analytics_enabled=False, fill_width=True)
    with page:
        header = gr.HTML(elem_id="head", apply_default_css=False)
        with gr.Tabs(elem_id="journeys"), gr.Tab("Ask", id="ask"):
            turns, conversation, sources = _ask_tab(assistant)

        def start(turns: Turns) -> tuple[str, str, str]:
            description, failure = ask.described(assistant)
            conversation = ask.conversation_html(turns, description, failure)
            return ask.header_html(description, _asset("logo.svg")), conversation, ask.sources_html(turns)

        page.load(
            start,
            turns,
            [header, conversation, sources],
            api_visibility="private",
            queue=False,
            show_progress="hidden",
        )
        api(_endpoint(assistant), api_name="ask", concurrency_id="ask")
    return page


def _ask_tab(assistant: Answering) -> tuple[gr.State, gr.HTML, gr.HTML]:
    turns = gr.State(())
    with gr.Row(elem_id="workbench"):
        with gr.Column(elem_id="talk"):
            conversation = gr.HTML(elem_id="conversation", apply_default_css=False)
        with gr.Column(elem_id="composer"):
            with gr.Row(elem_id="asking"):
                box = gr.Textbox(
                    label="Your question",
                    placeholder="Ask a question",
                    elem_id="question",
                    lines=1,
                    max_lines=6,
                    autofocus=False,
                    container=False,
                    show_label=False,
                )
                send = gr.Button("Ask", variant="primary", elem_id="send", min_width=80)
            note = gr.HTML(elem_id="note", apply_default_css=False)
            gr.HTML(ask.KEYS, apply_default_css=False)
        with gr.Column(elem_id="evidence"):
            sources = gr.HTML(elem_id="sources", apply_default_css=False)
    shown = [conversation, sources, box, note, turns]

    asked = gr.on(
        [box.submit, send.click],
        _respond(assistant),
        [box, turns],
        shown,
        api_visibility="private",
        show_progress="hidden",
        concurrency_id="ask",
    )
    asked.failure(
        _recover(assistant), turns, [conversation, sources, turns], api_visibility="private", show_progress="hidden"
    )
    return turns, conversation, sources


def _respond(assistant: Answering) -> Callable[[str, Turns], Iterator[tuple[object, ...]]]:
    """Return the handler of a question: conversation, sources, box, note and turns."""

    def respond(question: str, turns: Turns) -> Iterator[tuple[object, ...]]:
        note = ask.hint(question)
        if note:
            yield gr.skip(), gr.skip(), gr.skip(), ask.note_html(note), gr.skip()
            return
        description, _ = ask.described(assistant)
        for now in ask.respond(assistant, question, turns):
            conversation = ask.conversation_html(now, description)
            if now[-1].pending:
                yield conversation, gr.skip(), "", "", now
            else:
                yield conversation, ask.sources_html(now), gr.skip(), gr.skip(), now

    return respond


def _recover(assistant: Answering) -> Callable[[Turns], tuple[str, str, Turns]]:
    """Return the handler of a fault: it ends the waiting, the fault itself is logged by Gradio."""

    def recover(turns: Turns) -> tuple[str, str, Turns]:
        description, _ = ask.described(assistant)
        now = ask.broken(turns)
        return ask.conversation_html(now, description), ask.sources_html(now), now

    return recover


def _endpoint(assistant: Answering) -> Callable[[str], dict[str, Any]]:
    """Return the public endpoint: a question in, `answer_json` out."""

    def answer(question: str) -> dict[str, Any]:
        """Answer a question in exact quotes from the texts, each with its place, or abstain."""
        note = ask.hint(question)
        if note:
            raise gr.Error(note, print_exception=False)
        try:
            return answer_json(assistant.ask(question.strip()))
        except UserFacingError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return answer


def _theme() -> gr.themes.Base:
    """Return Gradio's base theme with one accent and fonts of the reader's own machine."""
    return gr.themes.Base(primary_hue=TEAL, secondary_hue=TEAL, neutral_hue="stone", font=SANS, font_mono=MONO).set(
        body_background_fill="#f6f5f1",
        body_background_fill_dark="#131514",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_300",
        button_primary_background_fill_hover_dark="*primary_200",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#0c1614",
    )


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _listen(host: str, port: int) -> socket.socket:
    """Open the socket that the page listens on."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsInvalid(
                f"port {port} is in use", "CITED_PORT", "choose another with --port, or 0 for any free one"
            ) from error
        if error.errno == errno.EACCES:
            raise SettingsInvalid(
                f"port {port} is not allowed here", "CITED_PORT", "choose one above 1023 with --port"
            ) from error
        raise SettingsInvalid(
            f"cannot listen on {host}", "CITED_HOST", "use an address of this machine, such as 127.0.0.1"
        ) from error


def _known_by_name(app: App, listener: socket.socket) -> App:
    """Refuse, on loopback, requests that name another host: a foreign site whose name leads here.

    Source: DNS rebinding, Jackson et al., Protecting Browsers from DNS Rebinding Attacks (CCS 2007).
    """
    host = listener.getsockname()[0]
    if not ipaddress.ip_address(host).is_loopback:
        return app
    names = ("localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host)
    return TrustedHostMiddleware(app, allowed_hosts=names, www_redirect=False)


def _address(listener: socket.socket) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
