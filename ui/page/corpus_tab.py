"""The Corpus tab's layout and wiring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import gradio as gr

from assistant.schema import Answering
from ingest.errors import PruningUnconfirmed, RunStopped, UserFacingError
from ingest.runs.journal import authors
from ingest.runs.pipeline import Plan, Prune, RunReport
from ingest.runs.status import runs
from ingest.settings import Settings
from ui.handlers import ask, corpus, folders
from ui.handlers.corpus import Planned
from ui.handlers.ingesting import Ingesting, IngestProgress
from ui.handlers.uploads import uploads_folder, waiting_uploads
from ui.page import corpus as shown
from ui.page.corpus_parts import BUTTONS, adding, called, deciding_buttons
from ui.page.sign_in import account_name
from ui.page.uploads import uploaded

FILTERS = [("All", ""), ("Read", "read"), ("Failed", "failed"), ("With a remark", "remarks")]
OUTDATED = "The files have changed since, so nothing was changed. This is the new plan."
WAITING = "These uploads have not been applied yet."
QUIET: Any = {"api_visibility": "private", "show_progress": "hidden"}
# Events of one kind are handled in their order, so that the list or plan that was asked for last is the one shown.
PLANNING: Any = {**QUIET, "concurrency_id": "plan"}
LISTING: Any = {**QUIET, "concurrency_id": "list"}
FOLLOWING: Any = {**QUIET, "concurrency_id": "ingest", "concurrency_limit": 16}
Shown = tuple[object, ...]
SAME: Shown = (gr.skip(),) * (2 + len(BUTTONS))
"""Leaves the plan, what is shown of it, and the buttons as they are."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What lists the collection: the components, and what they are filtered by."""

    search: gr.Textbox
    kind: gr.Dropdown
    sources: gr.HTML
    runs: gr.HTML
    folders: gr.HTML
    shipped: gr.Button

    @property
    def given(self) -> list[Any]:
        """The inputs of the handler that lists everything."""
        return [self.search, self.kind]

    @property
    def all(self) -> list[Any]:
        """Its outputs."""
        return [self.sources, self.runs, self.folders, self.shipped]


def corpus_tab(assistant: Answering, settings: Settings, tab: gr.Tab, stop: Event) -> None:
    """Lay out the tab: adding texts on one side; plan, folders, sources and runs on the other.

    Setting `stop` ends runs and the watching of folders within seconds.
    """
    writes = not settings.read_only
    ingesting = Ingesting(settings, lambda: assistant.encoder, stop)
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
            gr.HTML(
                shown.unsent_html(settings.max_upload_mb), elem_id="unsent", visible=writes, apply_default_css=False
            )
            place, add = adding(visible=writes and folders.is_local(settings))
            shipped = gr.Button("Load the example", elem_id="shipped", visible=False)
            check = gr.Button("Check for changes", elem_id="check", visible=writes)
            gr.HTML(shown.read_only_html(), visible=not writes, apply_default_css=False)
        with gr.Column(elem_id="holdings"):
            with gr.Row(elem_id="going"):
                progress = gr.HTML(elem_id="progress", apply_default_css=False)
                cancel = gr.Button("Cancel", elem_id="cancel-run", visible=False, min_width=80)
            outcome = gr.HTML(shown.start_html() if writes else "", elem_id="outcome", apply_default_css=False)
            with gr.Row(elem_id="deciding"):
                buttons = deciding_buttons()
            listed_folders = gr.HTML(elem_id="folders", apply_default_css=False)
            with gr.Row(elem_id="finding"):
                search = gr.Textbox(label="Search", placeholder="Title or file", elem_id="search", max_lines=1)
                kind = gr.Dropdown(FILTERS, value="", label="Show", elem_id="kind", filterable=False)
            sources = gr.HTML(elem_id="texts", apply_default_css=False)
            record = gr.HTML(elem_id="runs", apply_default_css=False)
        name, (removing, reading, dropping, switching, refreshing) = called()

    deciding = [planned, outcome, *buttons.values()]
    lists = Lists(search, kind, sources, record, listed_folders, shipped)
    refresh = _refresh(settings, ingesting)
    gr.on([tab.select, refreshing.click], refresh, lists.given, lists.all, **LISTING)
    gr.on([search.change, kind.input], _list(settings), lists.given, sources, trigger_mode="always_last", **LISTING)
    if not writes:
        return
    tab.select(_waiting(settings, ingesting), planned, deciding, **PLANNING)
    check.click(_planning(lambda: corpus.plan_all(settings)), planned, deciding, **PLANNING)
    plan_shipped = _planning(lambda: folders.plan_shipped(settings), "The shipped example")
    shipped.click(plan_shipped, planned, deciding, **PLANNING)
    gr.on([add.click, place.submit], _add_folder(settings), [place, planned], deciding, **PLANNING)
    reading.click(_read_again(settings), [name, planned], deciding, **PLANNING)
    dropping.click(_drop(settings), [name, planned], deciding, **PLANNING)
    files.upload(_add(settings), [files, planned], [*deciding, files], **PLANNING)
    removing.click(_remove(settings), [name, planned], deciding, **PLANNING)
    buttons["discard"].click(_discard(settings), planned, deciding, **PLANNING)
    switching.click(_switch(settings, ingesting), [name, *lists.given], [outcome, *lists.all], **LISTING)

    following = [progress, cancel, *deciding]
    cancel.click(ingesting.cancel, None, None, **QUIET)
    modes = {"apply": Prune.CAREFUL, "remove": Prune.ALWAYS, "keep": Prune.NEVER, "retry": Prune.NEVER}
    for event in (
        tab.select(_opened(settings, ingesting), planned, following, **FOLLOWING),
        *(
            buttons[button].click(
                _apply(settings, ingesting, prune, again=button == "retry"), planned, following, **FOLLOWING
            )
            for button, prune in modes.items()
        ),
    ):
        event.failure(lambda: (*_idle(), *_decide(None, shown.fault_html(ask.FAULT))), None, following, **QUIET)
        event.then(refresh, lists.given, lists.all, **LISTING)
    ingesting.watching.resume()


def _decide(planned: Planned | None, html: str, *buttons: str) -> Shown:
    """Return the plan, the HTML to show, and which buttons are visible."""
    shown_buttons = {name: gr.Button(visible=name in buttons) for name in BUTTONS}
    if "discard" in buttons and planned is not None:  # only uploads were already taken
        shown_buttons["discard"] = gr.Button("Discard changes" if planned.waiting else "Not now", visible=True)
    return planned, html, *shown_buttons.values()


def _idle() -> Shown:
    """Return no progress, and the hidden button that cancels."""
    return "", gr.Button(visible=False)


def _offered(planned: Planned, note: str = "", title: str = "") -> Shown:
    return _decide(planned, shown.plan_html(planned, note, title), *_choices(planned))


def _choices(planned: Planned) -> list[str]:
    return ["apply"] * bool(planned.changes) + ["discard"] * bool(planned.changes or planned.waiting)


def _list(settings: Settings) -> Callable[[str, str], str]:
    """Return the handler that lists the sources."""
    data_dir = settings.folder

    def listed(search: str, kind: str) -> str:
        try:
            found = corpus.sources(data_dir, search, kind)
        except UserFacingError as error:
            return shown.fault_html(error.public)
        removable: frozenset[str] = frozenset() if settings.read_only else corpus.removable(data_dir)
        return shown.sources_html(found, corpus.names(data_dir), uploads_folder(data_dir), removable)

    return listed


def _refresh(settings: Settings, ingesting: Ingesting) -> Callable[[str, str], Shown]:
    """Return the handler that lists the sources, the runs and the folders, and offers the shipped example."""
    data_dir, writes, listed = settings.folder, not settings.read_only, _list(settings)
    index = str(data_dir.absolute()) if writes and folders.is_local(settings) else ""

    def refreshed(search: str, kind: str) -> Shown:
        try:
            record = shown.runs_html(runs(data_dir), authors(data_dir))
        except UserFacingError:  # shown in the list of sources
            record = ""
        try:
            watching = ingesting.watching
            found = folders.folders(data_dir)
            places = shown.folders_html(found, watching.folders, watching.failures, index, writes=writes)
            offers = writes and folders.offers_shipped(data_dir)
        except UserFacingError:  # as above
            places, offers = "", False
        return listed(search, kind), record, places, gr.Button(visible=offers)

    return refreshed


def _own(before: Planned | None) -> Planned | None:
    """Return a plan of nothing that knows which files this page uploaded: dropped again, they replace each other."""
    return Planned(Plan(), own=before.own) if before is not None and before.own else None


def _offer(planned: Planned | None) -> Planned | None:
    """Return a plan if there is anything in it to decide."""
    return planned if planned is not None and _choices(planned) else None


def _planning(
    work: Callable[[], Planned], title: str = "", told: Callable[[UserFacingError], str] = lambda error: error.public
) -> Callable[[Planned | None], Iterator[Shown]]:
    """Return the handler that shows a plan, or an error message."""

    def plan(before: Planned | None) -> Iterator[Shown]:
        yield _decide(_own(before), shown.looking_html())
        try:
            yield _offered(replace(work(), own=before.own if before else {}), title=title)
        except UserFacingError as error:
            yield _decide(_own(before), shown.fault_html(told(error)))

    return plan


def _add_folder(settings: Settings) -> Callable[[str, Planned | None], Iterator[Shown]]:
    """Return the handler that shows the plan for adding a folder; its errors name the path as it was given."""

    def told(error: UserFacingError) -> str:
        return str(error) if folders.is_local(settings) else error.public

    def add(given: str, before: Planned | None) -> Iterator[Shown]:
        yield from _planning(lambda: folders.plan_new(given, settings), f"Add {given.strip()}", told)(before)

    return add


def _read_again(settings: Settings) -> Callable[[str, Planned | None], Iterator[Shown]]:
    """Return the handler that shows the plan for reading a folder again."""

    def again(name: str, before: Planned | None) -> Iterator[Shown]:
        yield from _planning(lambda: folders.plan_folder(name, settings), f"Read {name} again")(before)

    return again


def _drop(settings: Settings) -> Callable[[str, Planned | None], Shown]:
    """Return the handler that shows the plan for removing a folder from the collection."""

    def drop(name: str, before: Planned | None) -> Shown:
        try:
            planned = replace(folders.plan_removal(name, settings), own=before.own if before else {})
        except UserFacingError as error:
            return _decide(_own(before), shown.fault_html(error.public))
        return _offered(planned, shown.forgetting_note(name, len(planned.plan.removed)), f"Remove {name}")

    return drop


def _switch(settings: Settings, ingesting: Ingesting) -> Callable[[str, str, str], Shown]:
    """Return the handler that begins or ends to watch a folder."""
    refresh = _refresh(settings, ingesting)

    def switch(name: str, search: str, kind: str) -> Shown:
        told: object = gr.skip()
        try:
            path = folders.folder_named(name, settings.folder).path
            if path in ingesting.watching.folders:
                ingesting.watching.end(path)
            else:
                ingesting.watching.begin(path)
        except UserFacingError as error:
            told = shown.fault_html(error.public)
        return told, *refresh(search, kind)

    return switch


def _add(settings: Settings) -> Callable[[list[str], Planned | None], Shown]:
    """Return the handler of dropped files; its outputs are the plan and the emptied drop zone."""

    def add(files: list[str], before: Planned | None) -> Shown:
        try:
            found = _offered(corpus.add([uploaded(file) for file in files], settings, before))
        except UserFacingError as error:
            found = _decide(_own(before), shown.fault_html(error.public))
        return *found, None

    return add


def _remove(settings: Settings) -> Callable[[str, Planned | None], Shown]:
    """Return the handler that shows the plan for removing an uploaded file."""

    def remove(name: str, before: Planned | None) -> Shown:
        try:
            return _offered(corpus.remove(name, settings, before))
        except UserFacingError as error:
            return _decide(_own(before), shown.fault_html(error.public))

    return remove


def _discard(settings: Settings) -> Callable[[Planned | None], Shown]:
    """Return the handler that discards a plan, and the changes to the uploads that it shows."""

    def discard(planned: Planned | None) -> Shown:
        try:
            corpus.discard(planned, settings)
        except UserFacingError as error:
            return _decide(None, shown.fault_html(error.public))
        return _decide(None, shown.discarded_html())

    return discard


def _opened(settings: Settings, ingesting: Ingesting) -> Callable[[Planned | None], Iterator[Shown]]:
    """Return the handler of the tab that follows a run that is being made."""

    def opened(planned: Planned | None) -> Iterator[Shown]:
        if ingesting.running:
            yield from _followed(settings, ingesting, _offer(planned))
        else:
            yield *_idle(), *SAME

    return opened


def _waiting(settings: Settings, ingesting: Ingesting) -> Callable[[Planned | None], Shown]:
    """Return the handler of the tab that shows the uploads which wait to be applied."""

    def waiting(planned: Planned | None) -> Shown:
        try:
            found = None if _offer(planned) is not None or ingesting.running else corpus.plan_uploads(settings)
        except UserFacingError:  # shown in the list of sources
            found = None
        if found is None or not found.waiting:
            return SAME
        return _offered(replace(found, own=planned.own if planned else {}), WAITING)

    return waiting


def _apply(
    settings: Settings, ingesting: Ingesting, prune: Prune, *, again: bool
) -> Callable[[Planned | None, gr.Request], Iterator[Shown]]:
    """Return the handler that carries out a plan; `again` takes the files that failed as they are now."""

    def apply(planned: Planned | None, request: gr.Request) -> Iterator[Shown]:
        if planned is None:
            yield *_idle(), *_decide(None, shown.start_html())
            return
        if again:
            fresh = corpus.plan_again(planned, settings)
            if fresh.files - planned.files:
                yield *_idle(), *_offered(fresh, OUTDATED)
                return
            planned = fresh
        started = ingesting.start(planned, prune, account_name(request) or corpus.THE_PAGE)
        yield from _followed(settings, ingesting, planned, refused=not started)

    return apply


def _followed(
    settings: Settings, ingesting: Ingesting, planned: Planned | None, *, refused: bool = False
) -> Iterator[Shown]:
    """Yield what shows the progress of a run, then what came of it; a plan that is not the run's stays as it is."""
    own = planned or ingesting.planned or Planned(Plan())
    mine = not refused and own == ingesting.planned
    ended: Shown = SAME
    beginning: Shown = gr.Button(visible=True), *(_decide(own, "") if mine else SAME)
    try:
        for step in ingesting.follow():
            if isinstance(step, IngestProgress):
                yield shown.progress_html(step, refused=refused), *beginning
                beginning = gr.skip(), *SAME
            elif isinstance(step, Planned):
                ended = _offered(step, OUTDATED)
            else:
                ended = _reported(step, own, settings)
    except PruningUnconfirmed:
        ended = _decide(own, shown.confirm_html(own), "remove", "keep")
    except RunStopped:
        ended = _decide(own, shown.cancelled_html(), *_choices(own))
    except UserFacingError as error:
        ended = _decide(own, shown.fault_html(error.public), *_choices(own))
    yield *_idle(), *(ended if mine else SAME)


def _reported(report: RunReport, planned: Planned, settings: Settings) -> Shown:
    """Return the report of a run; files that failed can be tried again."""
    left = corpus.plan_again(planned, settings) if report.failed else None
    return _decide(left, shown.report_html(report, waiting_uploads(settings.folder)), *["retry"] * bool(left))
