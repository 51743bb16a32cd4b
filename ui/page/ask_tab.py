"""The Ask tab's layout and wiring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.schema import Answering, Turns
from ingest.errors import UserFacingError
from ingest.schema import EVERYTHING, Selection
from ui.handlers import ask
from ui.handlers.ask import Stop
from ui.handlers.conversations import Conversations, OpenConversation
from ui.handlers.history import new_id
from ui.handlers.within import sent, written
from ui.page.choices import chosen_html
from ui.page.conversation import conversation_html, welcome_html
from ui.page.history import marker_html
from ui.page.owner import owner_of
from ui.page.sources import sources_html
from ui.page.templating import render

QUIET: Any = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True, slots=True)
class AskTab:
    """The components of the tab.

    `opened` holds the id of the conversation shown, `marker` the details of it
    that the page's script needs, `within` what is asked.
    """

    assistant: Answering
    conversations: Conversations
    conversation: gr.HTML
    sources: gr.HTML
    note: gr.HTML
    turns: gr.State
    opened: gr.Textbox
    marker: gr.HTML
    within: gr.Textbox
    chosen: gr.HTML

    @property
    def shown(self) -> list[Any]:
        """The components that `show_opened` fills."""
        return [self.conversation, self.sources, self.note, self.turns, self.opened, self.marker, *self.limits]

    @property
    def limits(self) -> list[Any]:
        """The components of what is asked: the selection as JSON, and the buttons that show it."""
        return [self.within, self.chosen]

    def show(self, turns: Turns, identity: str) -> tuple[str, str]:
        """Return the conversation and its sources."""
        description, failure = ask.described(self.assistant)
        if not turns:
            return welcome_html(description, failure, empty=ask.is_empty(self.assistant)), sources_html(turns)
        return conversation_html(self.conversations.rated(identity, turns), description), sources_html(turns)

    def show_opened(self, opened: OpenConversation) -> tuple[Any, ...]:
        """Return the values of all components for a conversation."""
        note = render("hint.html", hint=opened.note) if opened.note else ""
        same = (gr.skip(),) * len(self.limits)
        return *self.show(opened.turns, opened.id), note, opened.turns, opened.id, marker_html(opened), *same

    def listed(self, owner: str, identity: str) -> tuple[Any, ...]:
        """Return what lists the saved conversations again and leaves the open one, with this id, as it is."""
        opened = self.conversations.open(owner, identity)
        unsaved = identity and not opened.kept  # its first answer is still to come
        return tuple(marker_html(opened) if each is self.marker and not unsaved else gr.skip() for each in self.shown)

    def start(self, request: gr.Request) -> tuple[Any, ...]:
        """Return what a new window shows: the conversation in its address."""
        return self.open(request.query_params.get("conversation", ""), request)

    def open(self, identity: str, request: gr.Request) -> tuple[Any, ...]:
        """Return what shows a saved conversation; an empty one if there is none with this id.

        It goes on with what was asked last, as far as that still exists.
        """
        opened = self.conversations.open(owner_of(request.cookies), identity)
        answers = [turn.answer for turn in opened.turns if turn.answer]
        within = answers[-1].within if answers else EVERYTHING
        try:
            limits = self.limited(within)
        except UserFacingError:
            limits = self.limited(EVERYTHING)
        return *self.show_opened(opened)[: -len(limits)], *limits

    def limited(self, within: Selection) -> tuple[str, str]:
        """Return the values of `limits` for a selection."""
        return written(within), chosen_html(self.assistant, within)

    def limit(self, within: str) -> tuple[Any, ...]:
        """Return the values of `limits` for what was chosen, and a note; if it is wrong, all sources are asked."""
        try:
            return *self.limited(sent(self.assistant, within)), ""
        except UserFacingError as error:
            return *self.limited(EVERYTHING), render("hint.html", hint=error.public)


def ask_tab(assistant: Answering, conversations: Conversations) -> AskTab:
    """Lay out the tab: saved conversations, the current one with the question box, the sources."""
    turns, stop = gr.State(()), gr.State(Stop())
    with gr.Row(elem_id="workbench"):
        with gr.Column(elem_id="history", min_width=0):
            if conversations.history is not None:
                gr.HTML(render("history_panel.html"), apply_default_css=False)
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
                halt = gr.Button("Stop", elem_id="halt")
                alone = gr.Button("Search for exactly what I typed", elem_id="alone")
                send = gr.Button("Ask", variant="primary", elem_id="send", min_width=80)
            note = gr.HTML(elem_id="note", apply_default_css=False)
            with gr.Row(elem_id="below"):
                chosen = gr.HTML(elem_id="chosen", apply_default_css=False)
                gr.HTML(render("keys.html"), apply_default_css=False)
            gr.HTML(render("choosing.html"), apply_default_css=False)
            within = gr.Textbox(elem_id="within", visible="hidden")
            limit = gr.Button(elem_id="within-go", visible="hidden")
            opened = gr.Textbox(elem_id="opened", visible="hidden")
            marker = gr.HTML(elem_id="marker", visible="hidden", apply_default_css=False)
            wanted, go = (
                gr.Textbox(elem_id="open-name", visible="hidden"),
                gr.Button(elem_id="open-go", visible="hidden"),
            )
        with gr.Column(elem_id="evidence"):
            sources = gr.HTML(elem_id="sources", apply_default_css=False)

    tab = AskTab(assistant, conversations, conversation, sources, note, turns, opened, marker, within, chosen)
    for triggers, as_typed in (([box.submit, send.click], False), ([alone.click], True)):
        asked = gr.on(
            triggers,
            _respond(tab, as_typed=as_typed),
            [box, turns, stop, opened, within],
            [box, *tab.shown],
            concurrency_id="ask",
            concurrency_limit=4,
            **QUIET,
        )
        asked.failure(_recover(tab), [turns, opened], tab.shown, **QUIET)
    go.click(_open(tab), [wanted, stop], tab.shown, **QUIET)
    limit.click(tab.limit, within, [*tab.limits, note], **QUIET)
    halt.click(Stop.request, stop, None, queue=False, **QUIET)
    return tab


def _respond(
    tab: AskTab, *, as_typed: bool
) -> Callable[[str, Turns, Stop, str, str, gr.Request], Iterator[tuple[object, ...]]]:
    """Return the handler of a question; its outputs are the question box and `shown`."""

    def respond(
        question: str, turns: Turns, stop: Stop, identity: str, limits: str, request: gr.Request
    ) -> Iterator[tuple[object, ...]]:
        same = (gr.skip(),) * len(tab.shown)
        try:
            note, within = ask.hint(question), sent(tab.assistant, limits)
        except UserFacingError as error:
            note, within = error.public, EVERYTHING
        if note:
            yield gr.skip(), gr.skip(), gr.skip(), render("hint.html", hint=note), *same[3:]
            return
        owner = owner_of(request.cookies)
        before = turns or tab.conversations.open(owner, identity).turns
        identity = identity or new_id()  # chosen now, so that `recover` does not save it under a second id
        stop.shown = identity
        for now in ask.respond(tab.assistant, question, before, stop, as_typed=as_typed, within=within):
            if now[-1].pending:
                conversation, _ = tab.show(now, identity)
                yield "", conversation, gr.skip(), "", now, identity, *same[5:]
            else:
                kept = tab.conversations.keep(owner, identity, now)
                yield gr.skip(), *(tab.show_opened(kept) if stop.shown == identity else tab.listed(owner, stop.shown))

    return respond


def _open(tab: AskTab) -> Callable[[str, Stop, gr.Request], tuple[object, ...]]:
    """Return the handler that shows another conversation; an answer that comes later to the former is only kept."""

    def opened(identity: str, stop: Stop, request: gr.Request) -> tuple[object, ...]:
        stop.shown = identity
        return tab.open(identity, request)

    return opened


def _recover(tab: AskTab) -> Callable[[Turns, str, gr.Request], tuple[object, ...]]:
    """Return the handler of a program error: it ends the pending turn; Gradio logs the error."""

    def recover(turns: Turns, identity: str, request: gr.Request) -> tuple[object, ...]:
        return tab.show_opened(tab.conversations.recover(owner_of(request.cookies), identity, ask.broken(turns)))

    return recover
