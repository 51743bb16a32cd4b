"""The Corpus tab's layout and wiring."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import gradio as gr

from assistant.schema import Answering
from ingest.errors import PruningUnconfirmed, UserFacingError
from ingest.runs.journal import authors
from ingest.runs.pipeline import Prune, RunReport
from ingest.runs.status import runs
from ingest.settings import Settings
from ui.handlers import ask, corpus
from ui.handlers.corpus import Planned
from ui.handlers.uploads import uploads_folder
from ui.page import corpus as shown
from ui.page.sign_in import account_name
from ui.page.uploads import uploaded

FILTERS = [("All", ""), ("Read", "read"), ("Failed", "failed"), ("With a remark", "remarks")]
BUTTONS = ("apply", "remove", "keep", "discard", "retry")
OUTDATED = "The files have changed since, so nothing was changed. This is the new plan."
QUIET: Any = {"api_visibility": "private", "show_progress": "hidden"}
Shown = tuple[object, ...]


def corpus_tab(assistant: Answering, settings: Settings, tab: gr.Tab, stop: Event) -> None:
    """Lay out the tab: uploading and checking on one side; plan, sources and runs on the other.

    Setting `stop` ends a run within seconds.
    """
    writes = not settings.read_only
    planned = gr.State(None)
    with gr.Row(elem_id="corpus"):
        with gr.Column(elem_id="supply"):
            files = gr.File(
                label="Drop files here, or click to choose",
                file_count="multiple",
                elem_id="drop",
                height=150,
                visible=writes,
            )
            check = gr.Button("Check for changes", elem_id="check", visible=writes)
            gr.HTML(shown.read_only_html(), visible=not writes, apply_default_css=False)
        with gr.Column(elem_id="holdings"):
            outcome = gr.HTML(shown.start_html() if writes else "", elem_id="outcome", apply_default_css=False)
            with gr.Row(elem_id="deciding"):
                buttons = _buttons()
            with gr.Row(elem_id="finding"):
                search = gr.Textbox(label="Search", placeholder="Title or file", elem_id="search", max_lines=1)
                kind = gr.Dropdown(FILTERS, value="", label="Show", elem_id="kind", filterable=False)
            sources = gr.HTML(elem_id="texts", apply_default_css=False)
            record = gr.HTML(elem_id="runs", apply_default_css=False)
        name, removing = _removing()

    deciding = [planned, outcome, *buttons.values()]
    found, recorded = _list(settings), _record(settings)
    tab.select(found, [search, kind], sources, **QUIET)
    tab.select(recorded, None, record, **QUIET)
    gr.on([search.change, kind.input], found, [search, kind], sources, trigger_mode="always_last", **QUIET)
    if not writes:
        return
    tab.select(_waiting(settings), planned, deciding, **QUIET)
    check.click(_planning(lambda: corpus.plan_all(settings)), None, deciding, concurrency_id="plan", **QUIET)
    files.upload(_add(settings), [files, planned], [*deciding, files], concurrency_id="plan", **QUIET)
    removing.click(_remove(settings), [name, planned], deciding, concurrency_id="plan", **QUIET)
    buttons["discard"].click(_discard(settings), planned, deciding, concurrency_id="plan", **QUIET)
    modes = {"apply": Prune.CAREFUL, "remove": Prune.ALWAYS, "keep": Prune.NEVER, "retry": Prune.NEVER}
    for button, prune in modes.items():
        apply = _apply(assistant, settings, prune, stop, again=button == "retry")
        applying = buttons[button].click(apply, planned, deciding, concurrency_id="apply", concurrency_limit=4, **QUIET)
        applying.failure(lambda: _decide(None, shown.fault_html(ask.FAULT)), None, deciding, **QUIET)
        applying.then(found, [search, kind], sources, **QUIET).then(recorded, None, record, **QUIET)


def _buttons() -> dict[str, gr.Button]:
    """Return the buttons below a plan, initially hidden."""
    labels = ("Apply", "Apply and remove them", "Apply but keep them", "Discard changes", "Retry")
    return {
        name: gr.Button(
            label,
            variant="primary" if name in ("apply", "retry") else "secondary",
            elem_id=name,
            visible=False,
            min_width=100,
        )
        for name, label in zip(BUTTONS, labels, strict=True)
    }


def _removing() -> tuple[gr.Textbox, gr.Button]:
    """Return the hidden field and button through which the page's script removes a source."""
    return gr.Textbox(elem_id="remove-name", visible="hidden"), gr.Button(elem_id="remove-go", visible="hidden")


def _decide(planned: Planned | None, html: str, *buttons: str) -> Shown:
    """Return the plan, the HTML to show, and the visibility of the buttons."""
    return planned, html, *(gr.Button(visible=name in buttons) for name in BUTTONS)


def _offered(planned: Planned, note: str = "") -> Shown:
    return _decide(planned, shown.plan_html(planned, note), *_choices(planned))


def _choices(planned: Planned) -> list[str]:
    return ["apply"] * bool(planned.changes) + ["discard"] * planned.waiting


def _list(settings: Settings) -> Callable[[str, str], str]:
    """Return the handler that lists the sources."""
    data_dir = settings.data_dir

    def listed(search: str, kind: str) -> str:
        try:
            found = corpus.sources(data_dir, search, kind)
        except UserFacingError as error:
            return shown.fault_html(error.public)
        removable: frozenset[str] = frozenset() if settings.read_only else corpus.removable(data_dir)
        return shown.sources_html(found, corpus.names(data_dir), uploads_folder(data_dir), removable)

    return listed


def _record(settings: Settings) -> Callable[[], str]:
    """Return the handler that lists the runs."""

    def recorded() -> str:
        try:
            return shown.runs_html(runs(settings.data_dir), authors(settings.data_dir))
        except UserFacingError:  # shown in the list of sources
            return ""

    return recorded


def _planning(work: Callable[[], Planned]) -> Callable[[], Shown]:
    """Return the handler that shows a plan, or an error message."""

    def plan() -> Shown:
        try:
            return _offered(work())
        except UserFacingError as error:
            return _decide(None, shown.fault_html(error.public))

    return plan


def _waiting(settings: Settings) -> Callable[[Planned | None], Shown]:
    """Return the handler that shows the plan for uploads that have not been applied, if there are any."""

    def waiting(planned: Planned | None) -> Shown:
        same = (gr.skip(),) * (2 + len(BUTTONS))
        if planned is not None:
            return same
        try:
            found = corpus.plan_uploads(settings)
        except UserFacingError:  # shown in the list of sources
            return same
        return _offered(found, "These uploads have not been applied yet.") if found.waiting else same

    return waiting


def _add(settings: Settings) -> Callable[[list[str], Planned | None], Shown]:
    """Return the handler of dropped files; its outputs are the plan and the emptied drop zone."""

    def add(files: list[str], before: Planned | None) -> Shown:
        return *_planning(lambda: corpus.add([uploaded(file) for file in files], settings, before))(), None

    return add


def _remove(settings: Settings) -> Callable[[str, Planned | None], Shown]:
    return lambda name, before: _planning(lambda: corpus.remove(name, settings, before))()


def _discard(settings: Settings) -> Callable[[Planned | None], Shown]:
    """Return the handler that discards changes to the uploads."""

    def discard(planned: Planned | None) -> Shown:
        try:
            corpus.discard(planned, settings)
        except UserFacingError as error:
            return _decide(None, shown.fault_html(error.public))
        return _decide(None, shown.discarded_html())

    return discard


def _apply(
    assistant: Answering, settings: Settings, prune: Prune, stop: Event, *, again: bool
) -> Callable[[Planned | None, gr.Request], Iterator[Shown]]:
    """Return the handler that carries out a plan; `again` takes the files that failed as they are now."""

    def apply(planned: Planned | None, request: gr.Request) -> Iterator[Shown]:
        if planned is None:
            yield _decide(None, shown.start_html())
            return
        yield _decide(planned, shown.progress_html(None))
        if again:
            fresh = corpus.plan_again(planned, settings)
            if fresh.files - planned.files:
                yield _offered(fresh, OUTDATED)
                return
            planned = fresh
        try:
            by = account_name(request) or corpus.THE_PAGE
            for step in corpus.apply(planned, settings, assistant.encoder, prune=prune, stop=stop, by=by):
                if isinstance(step, RunReport):
                    left = corpus.plan_again(planned, settings) if step.failed else None
                    yield _decide(left, shown.report_html(step), *["retry"] * bool(left))
                elif isinstance(step, Planned):
                    yield _offered(step, OUTDATED)
                else:
                    yield _decide(planned, shown.progress_html(step))
        except PruningUnconfirmed:
            yield _decide(planned, shown.confirm_html(planned), "remove", "keep")
        except UserFacingError as error:
            yield _decide(planned, shown.fault_html(error.public), *_choices(planned))

    return apply
