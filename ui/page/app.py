"""The web page: layout, wiring and theme."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App as GradioApp
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from assistant.library import Library
from assistant.schema import Answering
from ingest.settings import Settings
from ui.handlers import ask
from ui.handlers.accounts import Accounts
from ui.handlers.attempts import Attempts
from ui.handlers.collections import listed
from ui.handlers.conversations import Conversations
from ui.page.admission import Admission, Work
from ui.page.ask_tab import ask_tab
from ui.page.bodies import BodyLimits, LimitedBodies
from ui.page.choices import choice_routes
from ui.page.collection_routes import collection_routes
from ui.page.collections import CollectionPages, CollectionPaths
from ui.page.conversation import header_html
from ui.page.conversation_routes import conversation_routes
from ui.page.corpus_tab import corpus_tab
from ui.page.evaluate_tab import evaluate_tab
from ui.page.guard import App, Guard
from ui.page.health import health_routes
from ui.page.needed import NeededRoutes
from ui.page.origins import OwnRequests, page_names
from ui.page.owner import Owners
from ui.page.routes import page_routes
from ui.page.server import Served, open_listener, start
from ui.page.sign_in import SignIn, account_name
from ui.page.templating import render
from ui.page.theme import EarlyTheme
from ui.page.uploads import AT_A_TIME, HiddenUploads, UploadFolder, UploadsOnly
from ui.programs.endpoints import add_endpoints

ASSETS = Path(__file__).parents[1] / "assets"
STYLES = ("page.css", "menus.css", "choosing.css", "corpus.css", "history.css", "collections.css", "sheet.css")
SCRIPTS = (
    "reader.js",
    "menus.js",
    "sheet.js",
    "page.js",
    "choosing.js",
    "forms.js",
    "corpus.js",
    "history.js",
    "collections.js",
    "address.js",
)
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


def serve(
    texts: Library | Answering,
    settings: Settings,
    *,
    behind: socket.socket | None = None,
    block: bool = True,
) -> Served:
    """Serve the page on the host and port of the settings until Ctrl+C; return at once if `block` is False.

    `texts` are the collections, or the assistant of the main one. `behind` is
    the socket to listen on instead where a front passes the requests on.

    Raises:
        SettingsInvalid: the port is in use, the host is not an address of this
            machine, or other machines could reach a page without accounts.
    """
    library, work = texts if isinstance(texts, Library) else Library(settings, texts), Work()
    listener = behind or open_listener(settings)
    with ExitStack() as unused:
        unused.callback(listener.close)
        guard = Guard(build_app(library, settings, work))
        served = start(guard, listener, partial(_finish, work, guard), behind=behind is not None)
        unused.pop_all()
    if block:
        served.wait()
    return served


def _finish(work: Work, guard: Guard) -> None:
    work.finish()
    guard.stopping = True


def build_app(library: Library, settings: Settings, work: Work) -> App:
    """Build the web application: the pages, others for readers if there are accounts, and what protects them."""
    limits = BodyLimits(upload=settings.max_upload_mb * 1_000_000)
    folder = UploadFolder(AT_A_TIME * limits.upload)
    accounts = Accounts(settings.data_dir)
    application = partial(_application, library, folder, work, usual=settings.collection)
    editors = CollectionPages(settings.data_dir, application, work)
    app: App = editors
    pages = [editors]
    if accounts.exist():
        readers = CollectionPages(settings.data_dir, partial(application, read_only=True), work)
        app = SignIn(readers, editors, accounts, Attempts(settings.data_dir), _asset("sign_in.css"))
        pages.append(readers)

    @asynccontextmanager
    async def running(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as open_pages:
            open_pages.callback(folder.remove)
            for each in pages:
                await open_pages.enter_async_context(each.running())
            yield

    inner = Starlette(routes=[Mount("/", app)], lifespan=running)
    return CollectionPaths(OwnRequests(LimitedBodies(inner, limits, folder), page_names(settings)))


def _application(
    library: Library, folder: UploadFolder, work: Work, collection: str, *, usual: str, read_only: bool = False
) -> FastAPI:
    """Build the page of a collection, and the routes that its script and links use."""
    settings = library.settings(collection)
    settings = settings.model_copy(update={"read_only": settings.read_only or read_only})
    assistant = library.assistant(collection)
    conversations = Conversations(assistant, settings)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(page_routes(assistant, settings, work))
    app.include_router(choice_routes(assistant))
    app.include_router(collection_routes(library, settings))
    app.include_router(health_routes(assistant, settings, work))
    app.include_router(conversation_routes(conversations.history, settings))
    app.add_middleware(Owners)
    app.add_middleware(Admission, work=work)
    if settings.mcp and not collection:
        _add_mcp(app, library, usual)
    page = build_page(assistant, settings, conversations, folder, work)
    _mount(app, page, settings)
    work.watch(app, page)
    _narrow(app, page, folder)
    return app


def _mount(app: FastAPI, page: gr.Blocks, settings: Settings) -> None:
    """Add Gradio's application of the page."""
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=settings.max_upload_mb * 1_000_000,
        ssr_mode=False,
        mcp_server=False,
        favicon_path=str(ASSETS / "logo.svg"),
        theme=_theme(),
        head=render("head.html", styles=[Markup(_asset(name)) for name in STYLES]),
        js=_script(),
    )


def _narrow(app: FastAPI, page: gr.Blocks, folder: UploadFolder) -> None:
    """Hide the routes of Gradio that the page does not need, and keep its uploads in a folder of the page's own."""
    mount = app.router.routes[-1]
    assert isinstance(mount, Mount)
    assert isinstance(mount.app, GradioApp)
    mount.app.user_middleware.append(Middleware(EarlyTheme, script=_asset("theme.js")))  # the innermost
    mount.app.uploaded_file_dir = str(folder.path)
    for block in page.blocks.values():
        block.GRADIO_CACHE = str(folder.path)
    mount.app = NeededRoutes(HiddenUploads(mount.app, folder))


def _add_mcp(app: FastAPI, library: Library, usual: str) -> None:
    """Serve MCP clients on the same port as the page; without a name, they ask the `usual` collection."""
    from ui.programs.mcp_server import http_server

    routes, running = http_server(library, usual)
    app.router.routes.extend(routes)
    app.router.lifespan_context = lambda _app: running


def build_page(
    assistant: Answering, settings: Settings, conversations: Conversations, folder: UploadFolder, work: Work
) -> gr.Blocks:
    """Build the page with its three tabs."""
    description, _ = ask.described(assistant)
    title = description.name or ask.NAME
    page = UploadsOnly(folder, title=title, analytics_enabled=False, fill_width=True)
    with page:
        header = gr.HTML(elem_id="head", apply_default_css=False)
        classes = ["read-only"] if settings.read_only else []
        classes += ["no-feedback"] if settings.read_only and not settings.history else []
        with gr.Tabs(elem_id="journeys", elem_classes=classes) as journeys, gr.Tab("Ask", id="ask"):
            talk = ask_tab(assistant, conversations)
        with journeys, gr.Tab("Corpus", id="corpus") as tab:
            corpus_tab(assistant, settings, tab, work.stop)
        with journeys, gr.Tab("Evaluate", id="evaluate") as tab:
            evaluate_tab(assistant, settings, tab, work.stop)

        def head(request: gr.Request) -> str:
            description, _ = ask.described(assistant)
            logo = Markup(_asset("logo.svg"))
            return header_html(description, listed(settings), settings, logo, account_name(request))

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
