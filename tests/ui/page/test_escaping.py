"""Text of people and of their files never becomes markup, whichever field of the Ask tab it is in."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from markupsafe import Markup

from assistant.schema import Abstention, Answer, Evidence, LocatedText, Quote, Rating, Standing, Status, Turn
from ingest.collections import Collection
from ingest.errors import SourceUnreadable
from ingest.origin import FileState
from ingest.schema import Block, CorpusDescription, Document, Heading, Passage
from ingest.settings import Settings
from tests.ui.page.hostile import HARMLESS, HOSTILE, SHOWN, Read
from ui.handlers.collections import Losses
from ui.handlers.conversations import OpenConversation
from ui.handlers.history import ConversationEntry, Listing
from ui.page.conversation import conversation_html, header_html, onward_html, welcome_html
from ui.page.history import list_html, marker_html
from ui.page.places import MarkedSpan
from ui.page.reader import neighbour_html, reader_failure_html, reader_html
from ui.page.sources import further_html, sources_html
from ui.page.templating import render


def quote_of(text: str, url: str) -> Quote:
    passage = Passage(text, text, text, 4, 4 + 2 * len(text), text + text, 2, (text, text + "2"), (), text, text)
    return Quote(Evidence(passage, 4, 4 + len(text), 1.0), url, 3, 2, FileState.GONE)


def turns_of(text: str) -> tuple[Turn, ...]:
    quote, linked = quote_of(text, text), quote_of(text, f"https://example.org/{text}")
    found = LocatedText(text, text, 0, len(text), text, 1, 1, (text,))
    standings = (Standing(Status.CHANGED, found), Standing(Status.MOVED, found))
    answer = Answer(f"{text}: understood", (quote, linked), None, (text,), 0.9, 7)
    abstention = Abstention(text + "?", (text, "unnamed" + text), (quote, linked), 1, 1)
    return (
        Turn(1, text, answer, rating=Rating(False, text), standings=standings),
        Turn(2, text, Answer(text, (), abstention, (), 0.1, 7), standings=standings),
        Turn(3, text, failure=text),
        Turn(4, text, answer),
    )


def document_of(text: str) -> Document:
    parts = (f"---\n{text}\n---\n", f"# {text}", "\n\n", text, "\n\n", f"## {text}", "\n\n", text)
    spans = list(pairwise(accumulate(map(len, parts), initial=0)))
    headings = (Heading(1, text, *spans[1]), Heading(2, text, *spans[5]))
    blocks = (Block(*spans[3]), Block(*spans[7]))
    return Document(text, text, text, "".join(parts), text, (0, spans[3][0]), headings, blocks)


def in_reader(text: str) -> str:
    document = document_of(text)
    return reader_html(document, [MarkedSpan.of(block.start, text) for block in document.blocks])


def beside(text: str) -> str:
    document = document_of(text)
    return neighbour_html(document, MarkedSpan.of(0, "---"), document.blocks[0].end, "after")


RENDERED: dict[str, Callable[[str], str]] = {
    "header": lambda text: header_html(
        CorpusDescription(text),
        [Collection("x", Path(), CorpusDescription(text))],
        Settings(),
        Markup("<svg></svg>"),
        text,
    ),
    "collection": lambda text: render(
        "collection_form.html",
        collection=Collection("x", Path(), CorpusDescription(text, text, text, (text,))),
        losses=Losses(1, 2, 3, 4),
        main=False,
    ),
    "no collection": lambda text: render("no_collection.html", name=text),
    "welcome": lambda text: welcome_html(CorpusDescription(text, text, text, (text,))),
    "no index": lambda text: welcome_html(CorpusDescription(), text),
    "conversation": lambda text: conversation_html(turns_of(text), CorpusDescription(text, text, text, (text + "?",))),
    "sources": lambda text: sources_html(turns_of(text)),
    "further": lambda text: further_html([quote_of(text, text)]),
    "onward": lambda text: onward_html([text]),
    "hint": lambda text: render("hint.html", hint=text),
    "list": lambda text: list_html(
        Listing((ConversationEntry(text, text, datetime(2026, 1, 2, tzinfo=UTC), 1, text),), ()), text, text
    ),
    "opened": lambda text: marker_html(OpenConversation(text, turns_of(text), note=text)),
    "reader": in_reader,
    "reader without marks": lambda text: reader_html(document_of(text), []),
    "unreadable": lambda text: reader_failure_html(SourceUnreadable(text, text, text)),
    "neighbour": beside,
}


@pytest.mark.parametrize("rendered", RENDERED.values(), ids=RENDERED)
def test_no_text_becomes_markup(rendered: Callable[[str], str]) -> None:
    html = rendered(HOSTILE)
    html.encode("utf-8")
    hostile, harmless = Read(html), Read(rendered(HARMLESS))
    assert hostile.tags == harmless.tags
    assert hostile.texts == [text.replace(HARMLESS, SHOWN) for text in harmless.texts]
    assert any(SHOWN in text for text in hostile.texts) or html.startswith("<span data-conversation=")
