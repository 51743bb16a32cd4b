"""The Ask tab's layout and wiring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.schema import Turns
from ui import ask
from ui.ask import Answering, Stop
from ui.ask_html import KEYS, conversation_html, note_html
from ui.sources_html import sources_html

QUIET: Any = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True, slots=True)
class AskTab:
    """The tab's parts: whoever sets `turns` shows them with `show` in `shown`."""

    assistant: Answering
    turns: gr.State
    history: gr.Column
    conversation: gr.HTML
    sources: gr.HTML

    @property
    def shown(self) -> list[gr.HTML]:
        """What `show` fills."""
        return [self.conversation, self.sources]

    def show(self, turns: Turns) -> tuple[str, str]:
        """Return the conversation and its sources."""
        description, failure = ask.described(self.assistant)
        return conversation_html(turns, description, failure), sources_html(turns)


def ask_tab(assistant: Answering) -> AskTab:
    """Lay the tab out: kept conversations, the conversation and its composer, the sources."""
    turns, stop = gr.State(()), gr.State(Stop())
    with gr.Row(elem_id="workbench"):
        history = gr.Column(elem_id="history", min_width=0)
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
                send = gr.Button("Ask", variant="primary", elem_id="send", min_width=80)
            note = gr.HTML(elem_id="note", apply_default_css=False)
            gr.HTML(KEYS, apply_default_css=False)
        with gr.Column(elem_id="evidence"):
            sources = gr.HTML(elem_id="sources", apply_default_css=False)

    tab = AskTab(assistant, turns, history, conversation, sources)
    asked = gr.on(
        [box.submit, send.click],
        _respond(tab),
        [box, turns, stop],
        [conversation, sources, box, note, turns],
        concurrency_id="ask",
        concurrency_limit=4,
        **QUIET,
    )
    asked.failure(_recover(tab), turns, [conversation, sources, turns], **QUIET)
    halt.click(Stop.order, stop, None, queue=False, **QUIET)
    return tab


def _respond(tab: AskTab) -> Callable[[str, Turns, Stop], Iterator[tuple[object, ...]]]:
    """Return the handler of a question: conversation, sources, box, note and turns."""

    def respond(question: str, turns: Turns, stop: Stop) -> Iterator[tuple[object, ...]]:
        note = ask.hint(question)
        if note:
            yield gr.skip(), gr.skip(), gr.skip(), note_html(note), gr.skip()
            return
        for now in ask.respond(tab.assistant, question, turns, stop):
            conversation, sources = tab.show(now)
            if now[-1].pending:
                yield conversation, gr.skip(), "", "", now
            else:
                yield conversation, sources, gr.skip(), gr.skip(), now

    return respond


def _recover(tab: AskTab) -> Callable[[Turns], tuple[str, str, Turns]]:
    """Return the handler of a fault: it ends the waiting, the fault itself is logged by Gradio."""

    def recover(turns: Turns) -> tuple[str, str, Turns]:
        now = ask.broken(turns)
        return *tab.show(now), now

    return recover
