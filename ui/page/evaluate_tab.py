"""The Evaluate tab's layout and wiring."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr

from assistant.answering.gate import THRESHOLD
from assistant.schema import Answering
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.handlers import ask, evaluate
from ui.handlers.evaluate import Evaluations, FinishedEvaluation
from ui.page import evaluation as shown
from ui.page.uploads import uploaded

QUIET: Any = {"api_visibility": "private", "show_progress": "hidden"}
FOLLOWING: Any = {**QUIET, "concurrency_id": "evaluate", "concurrency_limit": 16}


def evaluate_tab(assistant: Answering, settings: Settings, tab: gr.Tab, ending: Event) -> None:
    """Lay out the tab: controls on one side, results on the other. Setting `ending` cancels a run."""
    data_dir = settings.folder
    if settings.read_only:  # every run leaves files
        gr.HTML(shown.read_only_html(), elem_id="results", apply_default_css=False)
        return
    evaluations = Evaluations(assistant, data_dir, ending)
    last = gr.State(None)
    with gr.Row(elem_id="evaluation"):
        with gr.Column(elem_id="setup"):
            name = gr.Dropdown(
                [], label="Questions to check", elem_id="prompts-file", filterable=False, interactive=True
            )
            upload = gr.UploadButton("Add a file", file_types=list(evaluate.KINDS), elem_id="add-prompts", size="sm")
            added = gr.HTML(elem_id="added-file", apply_default_css=False)
            unknown = gr.Checkbox(label="Allow sources that are not in the corpus", elem_id="unknown", container=False)
            stages = gr.Checkbox(label="Show where answers are lost", elem_id="stages", container=False)
            earlier = gr.Dropdown([], label="Compare with", elem_id="earlier", filterable=False, interactive=True)
            with gr.Row(elem_id="running"):
                go = gr.Button("Run", variant="primary", elem_id="run", min_width=80)
                cancel = gr.Button("Cancel", elem_id="cancel", visible=False, min_width=80)
            status = gr.HTML(elem_id="evaluation-status", apply_default_css=False)
            _threshold(data_dir, tab, last)
        with gr.Column(elem_id="findings"):
            comparison = gr.HTML(elem_id="comparison", apply_default_css=False)
            results = gr.HTML(shown.start_html(), elem_id="results", apply_default_css=False)
            lost = gr.HTML(elem_id="lost", apply_default_css=False)
            prompts = gr.HTML(elem_id="prompts", apply_default_css=False)

    outputs = [status, results, lost, comparison, prompts, last, earlier, go, cancel]
    upload.upload(_add(assistant, data_dir), [upload, unknown], [name, added, upload], **QUIET)
    go.click(lambda: "", None, added, queue=False, **QUIET)
    offered = tab.select(_offer(data_dir), [name, earlier], [name, earlier], **QUIET)
    follow, start = _follow(evaluations, data_dir), _start(evaluations, data_dir)
    for running in (
        offered.then(follow, [earlier, last], outputs, **FOLLOWING),
        go.click(start, [name, unknown, stages, earlier], outputs, **FOLLOWING),
    ):
        running.failure(
            lambda: (shown.failure_html(ask.FAULT), *_buttons(busy=False)), None, [status, go, cancel], **QUIET
        )
    cancel.click(evaluations.cancel, None, None, **QUIET)
    earlier.input(_compare(data_dir), [last, earlier], [comparison], **QUIET)


def _threshold(data_dir: Path, tab: gr.Tab, last: gr.State) -> None:
    """Lay out what shows and sets from which score on the assistant answers."""
    with gr.Column(elem_id="threshold"):
        now = gr.HTML(shown.threshold_html(None), elem_id="threshold-now", apply_default_css=False)
        allowed = gr.Number(5, label="Allowed false answers, in %", minimum=0, maximum=100, elem_id="false-answers")
        choose = gr.Button("Choose from the last run", elem_id="calibrate")
        value = gr.Number(
            THRESHOLD, label="Or answer at this score and above", minimum=0, maximum=1, step=0.01, elem_id="score"
        )
        with gr.Row(elem_id="setting"):
            store = gr.Button("Set", elem_id="set-threshold", min_width=80)
            reset = gr.Button("Use the default", elem_id="reset-threshold", min_width=80)
    tab.select(_thresholds(lambda: evaluate.gate_threshold(data_dir)), None, now, **QUIET)
    store.click(_thresholds(lambda value: evaluate.store_threshold(value, data_dir)), value, now, **QUIET)
    reset.click(_thresholds(lambda: evaluate.store_threshold(None, data_dir)), None, now, **QUIET)
    choose.click(_calibrate(data_dir), [last, allowed], now, **QUIET)


def _thresholds(work: Callable[..., float | None]) -> Callable[..., str]:
    """Return the handler that shows the threshold that `work` returns."""

    def show(*given: float | None) -> str:
        try:
            return shown.threshold_html(work(*given))
        except UserFacingError as error:
            return shown.fault_html(error)

    return show


def _calibrate(data_dir: Path) -> Callable[[FinishedEvaluation | None, float | None], str]:
    """Return the handler that chooses the threshold from the run that is shown."""

    def calibrate(last: FinishedEvaluation | None, allowed: float | None) -> str:
        if last is None:
            return shown.unfinished_html()
        try:
            return shown.calibrated_html(evaluate.calibrated(last, allowed, data_dir))
        except UserFacingError as error:
            return shown.fault_html(error)

    return calibrate


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
    """Return the handler of an uploaded file; its outputs are the files of prompts, what is told of it and the button.

    It is told beside the button: the last run, shown when the tab opens, may come later than the file.
    """

    def add(upload: str, unknown: bool) -> tuple[object, ...]:
        try:
            name = evaluate.add_prompts(uploaded(upload), assistant, data_dir, allow_unknown=unknown)
        except UserFacingError as error:
            return gr.skip(), shown.fault_html(error), None
        return gr.Dropdown(evaluate.prompts_files(data_dir), value=name), shown.added_html(name), None

    return add


def _start(
    evaluations: Evaluations, data_dir: Path
) -> Callable[[str | None, bool, bool, str | None], Iterator[tuple[object, ...]]]:
    """Return the handler of the button that starts a run; it then follows whichever run is running."""

    def start(name: str | None, unknown: bool, stages: bool, earlier: str | None) -> Iterator[tuple[object, ...]]:
        if not name:
            yield shown.unchosen_html(), *(gr.skip(),) * 8
            return
        started = evaluations.start(name, allow_unknown=unknown, stages=stages)
        yield from _followed(evaluations, data_dir, earlier, None, refused=not started)

    return start


def _follow(
    evaluations: Evaluations, data_dir: Path
) -> Callable[[str | None, FinishedEvaluation | None], Iterator[tuple[object, ...]]]:
    """Return the handler of a tab that was opened: it shows the last run, unless that is `last` and already shown."""

    def follow(earlier: str | None, last: FinishedEvaluation | None) -> Iterator[tuple[object, ...]]:
        yield from _followed(evaluations, data_dir, earlier, last)

    return follow


def _followed(
    evaluations: Evaluations,
    data_dir: Path,
    earlier: str | None,
    last: FinishedEvaluation | None,
    *,
    refused: bool = False,
) -> Iterator[tuple[object, ...]]:
    """Yield what shows the progress of a run, and then the run.

    Its outputs are status, results, stages, comparison, prompts, the run, the earlier runs and the two buttons.
    """
    same, idle, busy = (gr.skip(),) * 6, _buttons(busy=False), _buttons(busy=True)
    yield (gr.skip(),) * 9  # Gradio empties the outputs of a generator that yields nothing
    try:
        for step in evaluations.follow():
            if step is None:
                yield shown.cancelled_html(), *same, *idle
            elif not isinstance(step, FinishedEvaluation):
                yield shown.progress_html(step, refused=refused), *same, *busy
            elif last is not None and last.stem == step.stem:
                yield gr.skip(), *same, *idle
            else:
                found = shown.run_html(step), shown.stages_html(step)
                compared = _comparison(step, earlier, data_dir) if earlier else ""
                offered = _earlier_runs(data_dir, earlier, step.stem)
                table = shown.prompts_html(step.judgements)
                yield shown.finished_html(step), *found, compared, table, step, offered, *idle
    except UserFacingError as error:
        yield shown.fault_html(error), *same, *idle


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
