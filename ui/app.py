"""The web page: its layout, wiring and theme."""

import asyncio
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import gradio as gr
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from gradio.events import api
from pydantic import BaseModel, ConfigDict

from assistant.evaluate import Answering as Evaluated
from assistant.prompts import Prompt
from assistant.render import answer_json
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui import ask, evaluate
from ui import evaluate_html as shown
from ui.ask_html import header_html
from ui.ask_tab import ask_tab
from ui.corpus import Encoding
from ui.corpus_tab import corpus_tab
from ui.evaluate import Run
from ui.markup import failure_html
from ui.reader import reader_failure_html, reader_html
from ui.saving import save_prompt
from ui.server import App, Served, listen, start

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


class Serving(Evaluated, ask.Answering, Encoding, Protocol):
    """What the page needs of an assistant."""


@dataclass(slots=True)
class Stop:
    """Whether a session's run is to stop; Gradio's own way of cancelling reports a fault."""

    ordered: bool = False

    def order(self) -> None:
        """Have the run stop at the next prompt."""
        self.ordered = True


class NewPrompt(BaseModel):
    """What the form under an answer sends."""

    model_config = ConfigDict(extra="forbid")

    question: str
    answers: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    unanswerable: bool = False


def serve(assistant: Serving, settings: Settings, *, open_browser: bool = False, block: bool = True) -> Served:
    """Serve the page on the settings' host and port until Ctrl+C, or return at once with `block` False.

    Raises:
        SettingsInvalid: the port is in use, or the host is no address of this machine.
    """
    served = start(_built(assistant, settings), listen(settings.host, settings.port))
    if open_browser:
        webbrowser.open(served.url)
    if block:
        served.wait()
    return served


def _built(assistant: Serving, settings: Settings) -> App:
    """Build the application inside an event loop: where none runs, Gradio opens some and never closes them."""

    async def build() -> App:
        return build_app(assistant, settings)

    with ThreadPoolExecutor(1) as builder:
        return builder.submit(asyncio.run, build()).result()


def build_app(assistant: Serving, settings: Settings) -> App:
    """Build the web application: the page, and the addresses that its own script and links use.

    `/reader` gives a whole source to the page's dialog, `/prompts` takes a test
    prompt, `/results` gives the files that evaluations left.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/reader", response_class=HTMLResponse)
    def reader(root: str, source: str, start: int, end: int, sha: str) -> HTMLResponse:
        try:
            document = assistant.document(root, source)
        except UserFacingError as error:
            return HTMLResponse(reader_failure_html(error), status_code=404)
        return HTMLResponse(reader_html(document, start=start, end=end, sha=sha))

    @app.post("/prompts")
    def save(new: NewPrompt) -> JSONResponse:
        try:
            told = save_prompt(Prompt("new", **new.model_dump()), settings.data_dir)
        except UserFacingError as error:
            return JSONResponse(str(error), status_code=400)
        return JSONResponse(told)

    @app.get("/results/{name}")
    def results(name: str) -> FileResponse:
        path = evaluate.kept_file(name, settings.data_dir)
        if path is None:
            raise HTTPException(404, "no such file is kept")
        return FileResponse(path, filename=name)

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


def build_page(assistant: Serving, settings: Settings) -> gr.Blocks:
    """Build the page: one tab a journey; `settings` are for the tabs that write."""
    description, _ = ask.described(assistant)
    title = description.name or ask.NAME
    page = gr.Blocks(title=title, analytics_enabled=False, fill_width=True)
    with page:
        header = gr.HTML(elem_id="head", apply_default_css=False)
        classes = ["read-only"] if settings.read_only else []
        with gr.Tabs(elem_id="journeys", elem_classes=classes) as journeys, gr.Tab("Ask", id="ask"):
            talk = ask_tab(assistant)
        with journeys, gr.Tab("Corpus", id="corpus") as tab:
            corpus_tab(assistant, settings, tab)
        with journeys, gr.Tab("Evaluate", id="evaluate") as tab:
            _evaluate_tab(assistant, settings.data_dir, tab)

        def head() -> str:
            description, _ = ask.described(assistant)
            return header_html(description, _asset("logo.svg"))

        quiet: Any = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
        page.load(head, None, header, **quiet)
        page.load(talk.show, talk.turns, talk.shown, **quiet)
        api(_endpoint(assistant), api_name="ask", concurrency_id="ask")
    return page


def _endpoint(assistant: Serving) -> Callable[[str], dict[str, Any]]:
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


def _evaluate_tab(assistant: Serving, data_dir: Path, tab: gr.Tab) -> None:
    last, stop = gr.State(None), gr.State(Stop())
    with gr.Row(elem_id="evaluation"):
        with gr.Column(elem_id="setup"):
            name = gr.Dropdown([], label="Test prompts", elem_id="prompts-file", filterable=False, interactive=True)
            upload = gr.UploadButton("Add a file", file_types=list(evaluate.KINDS), elem_id="add-prompts", size="sm")
            unknown = gr.Checkbox(label="May name sources that the texts lack", elem_id="unknown", container=False)
            earlier = gr.Dropdown([], label="Compare with", elem_id="earlier", filterable=False, interactive=True)
            with gr.Row(elem_id="running"):
                go = gr.Button("Run", variant="primary", elem_id="run", min_width=80)
                cancel = gr.Button("Cancel", elem_id="cancel", visible=False, min_width=80)
            status = gr.HTML(elem_id="evaluation-status", apply_default_css=False)
        with gr.Column(elem_id="findings"):
            comparison = gr.HTML(elem_id="comparison", apply_default_css=False)
            results = gr.HTML(shown.START, elem_id="results", apply_default_css=False)
            prompts = gr.HTML(elem_id="prompts", apply_default_css=False)

    quiet: Any = {"api_visibility": "private", "show_progress": "hidden"}
    buttons = [go, cancel]
    tab.select(_offer(data_dir), [name, earlier], [name, earlier], **quiet)
    upload.upload(_add(assistant, data_dir), [upload, unknown], [name, status, upload], **quiet)
    running = go.click(
        _evaluate(assistant, data_dir),
        [name, unknown, earlier, stop],
        [status, results, comparison, prompts, last, earlier, *buttons],
        concurrency_id="evaluate",
        concurrency_limit=4,
        **quiet,
    )
    running.failure(lambda: (failure_html(ask.FAULT), *_buttons(busy=False)), None, [status, *buttons], **quiet)
    cancel.click(Stop.order, stop, None, **quiet)
    earlier.input(_compare(data_dir), [last, earlier], [comparison], **quiet)


def _offer(data_dir: Path) -> Callable[[str | None, str | None], tuple[gr.Dropdown, gr.Dropdown]]:
    """Return the handler that offers what files there are: prompts, and runs to compare with."""

    def offer(name: str | None, earlier: str | None) -> tuple[gr.Dropdown, gr.Dropdown]:
        names = evaluate.prompts_files(data_dir)
        chosen = name if name in names else next(iter(names), None)
        return gr.Dropdown(names, value=chosen), _earlier_runs(data_dir, earlier)

    return offer


def _earlier_runs(data_dir: Path, chosen: str | None, but: str = "") -> gr.Dropdown:
    runs = [(label, name) for label, name in evaluate.kept_runs(data_dir) if Path(name).stem != but]
    choices = [("no earlier run", ""), *runs]
    return gr.Dropdown(choices, value=chosen if any(chosen == name for _, name in runs) else "")


def _add(assistant: Serving, data_dir: Path) -> Callable[[str, bool], tuple[object, ...]]:
    """Return the handler of an uploaded file: the files on offer, status, and the button as it was."""

    def add(upload: str, unknown: bool) -> tuple[object, ...]:
        try:
            name = evaluate.add_prompts(Path(upload), assistant, data_dir, allow_unknown=unknown)
        except UserFacingError as error:
            return gr.skip(), shown.fault_html(error), None
        return gr.Dropdown(evaluate.prompts_files(data_dir), value=name), shown.added_html(name), None

    return add


def _evaluate(
    assistant: Serving, data_dir: Path
) -> Callable[[str | None, bool, str | None, Stop], Iterator[tuple[object, ...]]]:
    """Return the handler of a run: status, results, comparison, prompts, the run, earlier runs and two buttons."""

    def run(name: str | None, unknown: bool, earlier: str | None, stop: Stop) -> Iterator[tuple[object, ...]]:
        same = (gr.skip(),) * 5
        if not name:
            yield "<p>Choose a file of test prompts first, or add one.</p>", *same, gr.skip(), gr.skip()
            return
        idle, busy = _buttons(busy=False), _buttons(busy=True)
        stop.ordered = False
        try:
            for step in evaluate.run(assistant, name, data_dir, allow_unknown=unknown):
                if isinstance(step, Run):
                    found = shown.run_html(step), _comparison(step, earlier, data_dir)
                    table, offered = shown.prompts_html(step.judgements), _earlier_runs(data_dir, earlier, step.stem)
                    yield shown.finished_html(step), *found, table, step, offered, *idle
                elif stop.ordered:
                    yield shown.CANCELLED, *same, *idle
                    return
                else:
                    yield shown.progress_html(step), *same, *busy
        except UserFacingError as error:
            yield shown.fault_html(error), *same, *idle

    return run


def _buttons(*, busy: bool) -> tuple[gr.Button, gr.Button]:
    """Return the two buttons, Run and Cancel, of which one is to be seen."""
    return gr.Button(visible=not busy), gr.Button(visible=busy)


def _compare(data_dir: Path) -> Callable[[Run | None, str | None], str]:
    """Return the handler of an earlier run that is chosen: the comparison."""
    return lambda last, earlier: "" if last is None else _comparison(last, earlier, data_dir)


def _comparison(run: Run, earlier: str | None, data_dir: Path) -> str:
    if not earlier:
        evaluate.forget_comparison(run, data_dir)
        return ""
    try:
        found = evaluate.compare_with(run, earlier, data_dir)
    except UserFacingError as error:
        return shown.fault_html(error)
    return shown.comparison_html(found, evaluate.run_label(earlier), run)


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
