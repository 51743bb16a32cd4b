"""The web page: layout, wiring and theme."""

import asyncio
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from markupsafe import Markup

from assistant.schema import Answering
from ingest.settings import Settings
from ui.handlers import ask
from ui.handlers.conversations import Conversations
from ui.page.ask_tab import ask_tab
from ui.page.conversation import header_html
from ui.page.conversation_routes import conversation_routes
from ui.page.corpus_tab import corpus_tab
from ui.page.evaluate_tab import evaluate_tab
from ui.page.owner import Owners
from ui.page.routes import page_routes
from ui.page.server import App, Served, listen, start
from ui.page.templating import render
from ui.page.uploads import UploadsOnly
from ui.programs.endpoints import add_endpoints

ASSETS = Path(__file__).parents[1] / "assets"
STYLES = ("page.css", "history.css")
SCRIPTS = ("reader.js", "page.js", "forms.js", "history.js")
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


def serve(assistant: Answering, settings: Settings, *, open_browser: bool = False, block: bool = True) -> Served:
    """Serve the page on the host and port of the settings until Ctrl+C; return at once if `block` is False.

    Raises:
        SettingsInvalid: the port is in use, or the host is not an address of this machine.
    """
    served = start(_built(assistant, settings), listen(settings.host, settings.port))
    if open_browser:
        webbrowser.open(served.url)
    if block:
        served.wait()
    return served


def _built(assistant: Answering, settings: Settings) -> App:
    """Build the application inside an event loop; otherwise Gradio opens loops that it never closes."""

    async def build() -> App:
        return build_app(assistant, settings)

    with ThreadPoolExecutor(1) as builder:
        return builder.submit(asyncio.run, build()).result()


def build_app(assistant: Answering, settings: Settings) -> App:
    """Build the web application: the page, and the routes that its script and links use."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    conversations = Conversations(assistant, settings)
    app.include_router(page_routes(assistant, settings))
    app.include_router(conversation_routes(conversations.history, settings))
    app.add_middleware(Owners)
    if settings.mcp:
        _add_mcp(app, assistant, settings.host)

    gr.mount_gradio_app(
        app,
        build_page(assistant, settings, conversations),
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
        head=render("head.html", styles=[Markup(_asset(name)) for name in STYLES]),
        js=_script(),
    )
    return app


def _add_mcp(app: FastAPI, assistant: Answering, host: str) -> None:
    """Serve MCP clients on the same port as the page."""
    from ui.programs.mcp_server import http_server

    routes, running = http_server(assistant, host)
    app.router.routes.extend(routes)
    app.router.lifespan_context = lambda _app: running


def build_page(assistant: Answering, settings: Settings, conversations: Conversations) -> gr.Blocks:
    """Build the page with its three tabs."""
    description, _ = ask.described(assistant)
    title = description.name or ask.NAME
    page = UploadsOnly(title=title, analytics_enabled=False, fill_width=True)
    with page:
        header = gr.HTML(elem_id="head", apply_default_css=False)
        classes = ["read-only"] if settings.read_only else []
        classes += ["no-feedback"] if settings.read_only and not settings.history else []
        with gr.Tabs(elem_id="journeys", elem_classes=classes) as journeys, gr.Tab("Ask", id="ask"):
            talk = ask_tab(assistant, conversations)
        with journeys, gr.Tab("Corpus", id="corpus") as tab:
            corpus_tab(assistant, settings, tab)
        with journeys, gr.Tab("Evaluate", id="evaluate") as tab:
            evaluate_tab(assistant, settings, tab)

        def head() -> str:
            description, _ = ask.described(assistant)
            return header_html(description, Markup(_asset("logo.svg")))

        quiet: Any = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
        page.load(head, None, header, **quiet)
        page.load(talk.start, None, talk.shown, **quiet)
        add_endpoints(assistant, settings)
    return page


def _theme() -> gr.themes.Base:
    """Return Gradio's base theme with one accent colour and system fonts."""
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


def _script() -> str:
    """Return the page's scripts as the single function that Gradio calls."""
    return "() => {\n" + "\n".join(map(_asset, SCRIPTS)) + "\n}"
