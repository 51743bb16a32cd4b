"""The Evaluate tab's layout and wiring."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr

from assistant.schema import Answering
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.handlers import ask, evaluate
from ui.handlers.ask import Stop
from ui.handlers.evaluate import FinishedEvaluation
from ui.page import evaluation as shown
from ui.page.uploads import uploaded


def evaluate_tab(assistant: Answering, settings: Settings, tab: gr.Tab, ending: Event) -> None:
    """Lay out the tab: controls on one side, results on the other. Setting `ending` cancels every run."""
    data_dir = settings.data_dir
    if settings.read_only:  # every run leaves files
        gr.HTML(shown.read_only_html(), elem_id="results", apply_default_css=False)
        return
    last, stop = gr.State(None), gr.State(Stop())
    with gr.Row(elem_id="evaluation"):
        with gr.Column(elem_id="setup"):
            name = gr.Dropdown([], label="Test prompts", elem_id="prompts-file", filterable=False, interactive=True)
            upload = gr.UploadButton("Add a file", file_types=list(evaluate.KINDS), elem_id="add-prompts", size="sm")
            unknown = gr.Checkbox(label="Allow sources that are not in the corpus", elem_id="unknown", container=False)
            earlier = gr.Dropdown([], label="Compare with", elem_id="earlier", filterable=False, interactive=True)
            with gr.Row(elem_id="running"):
                go = gr.Button("Run", variant="primary", elem_id="run", min_width=80)
                cancel = gr.Button("Cancel", elem_id="cancel", visible=False, min_width=80)
            status = gr.HTML(elem_id="evaluation-status", apply_default_css=False)
        with gr.Column(elem_id="findings"):
            comparison = gr.HTML(elem_id="comparison", apply_default_css=False)
            results = gr.HTML(shown.start_html(), elem_id="results", apply_default_css=False)
            prompts = gr.HTML(elem_id="prompts", apply_default_css=False)

    quiet: Any = {"api_visibility": "private", "show_progress": "hidden"}
    buttons = [go, cancel]
    tab.select(_offer(data_dir), [name, earlier], [name, earlier], **quiet)
    upload.upload(_add(assistant, data_dir), [upload, unknown], [name, status, upload], **quiet)
    running = go.click(
        _evaluate(assistant, data_dir, ending),
        [name, unknown, earlier, stop],
        [status, results, comparison, prompts, last, earlier, *buttons],
        concurrency_id="evaluate",
        concurrency_limit=4,
        **quiet,
    )
    running.failure(lambda: (shown.failure_html(ask.FAULT), *_buttons(busy=False)), None, [status, *buttons], **quiet)
    cancel.click(Stop.request, stop, None, **quiet)
    earlier.input(_compare(data_dir), [last, earlier], [comparison], **quiet)


def _offer(data_dir: Path) -> Callable[[str | None, str | None], tuple[gr.Dropdown, gr.Dropdown]]:
    """Return the handler that lists the files of prompts and the earlier runs."""

    def offer(name: str | None, earlier: str | None) -> tuple[gr.Dropdown, gr.Dropdown]:
        names = evaluate.prompts_files(data_dir)
        chosen = name if name in names else next(iter(names), None)
        return gr.Dropdown(names, value=chosen), _earlier_runs(data_dir, earlier)

    return offer


def _earlier_runs(data_dir: Path, chosen: str | None, but: str = "") -> gr.Dropdown:
    runs = [(label, name) for label, name in evaluate.kept_runs(data_dir) if Path(name).stem != but]
    choices = [("no earlier run", ""), *runs]
    return gr.Dropdown(choices, value=chosen if any(chosen == name for _, name in runs) else "")


def _add(assistant: Answering, data_dir: Path) -> Callable[[str, bool], tuple[object, ...]]:
    """Return the handler of an uploaded file; its outputs are the files of prompts, the status and the button."""

    def add(upload: str, unknown: bool) -> tuple[object, ...]:
        try:
            name = evaluate.add_prompts(uploaded(upload), assistant, data_dir, allow_unknown=unknown)
        except UserFacingError as error:
            return gr.skip(), shown.fault_html(error), None
        return gr.Dropdown(evaluate.prompts_files(data_dir), value=name), shown.added_html(name), None

    return add


def _evaluate(
    assistant: Answering, data_dir: Path, ending: Event
) -> Callable[[str | None, bool, str | None, Stop], Iterator[tuple[object, ...]]]:
    """Return the handler of a run.

    Its outputs are status, results, comparison, prompts, the run, the earlier runs and the two buttons.
    """

    def run(name: str | None, unknown: bool, earlier: str | None, stop: Stop) -> Iterator[tuple[object, ...]]:
        same = (gr.skip(),) * 5
        if not name:
            yield shown.unchosen_html(), *same, gr.skip(), gr.skip()
            return
        idle, busy = _buttons(busy=False), _buttons(busy=True)
        stop.requested = False
        try:
            for step in evaluate.run(assistant, name, data_dir, allow_unknown=unknown):
                if isinstance(step, FinishedEvaluation):
                    found = shown.run_html(step), _comparison(step, earlier, data_dir)
                    table, offered = shown.prompts_html(step.judgements), _earlier_runs(data_dir, earlier, step.stem)
                    yield shown.finished_html(step), *found, table, step, offered, *idle
                elif stop.requested or ending.is_set():
                    yield shown.cancelled_html(), *same, *idle
                    return
                else:
                    yield shown.progress_html(step), *same, *busy
        except UserFacingError as error:
            yield shown.fault_html(error), *same, *idle

    return run


def _buttons(*, busy: bool) -> tuple[gr.Button, gr.Button]:
    """Return the buttons Run and Cancel, one of them visible."""
    return gr.Button(visible=not busy), gr.Button(visible=busy)


def _compare(data_dir: Path) -> Callable[[FinishedEvaluation | None, str | None], str]:
    """Return the handler that compares the last run with a chosen earlier one."""
    return lambda last, earlier: "" if last is None else _comparison(last, earlier, data_dir)


def _comparison(run: FinishedEvaluation, earlier: str | None, data_dir: Path) -> str:
    if not earlier:
        evaluate.forget_comparison(run, data_dir)
        return ""
    try:
        found = evaluate.compare_with(run, earlier, data_dir)
    except UserFacingError as error:
        return shown.fault_html(error)
    return shown.comparison_html(found, evaluate.run_label(earlier), run)
