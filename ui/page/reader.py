"""Renders the reader: a whole source with its quotes marked, and the paragraphs around a quote."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.errors import UserFacingError
from ingest.schema import Document
from ui.page.places import MarkedSpan
from ui.page.prose import Mark
from ui.page.structure import Part, parts
from ui.page.templating import render
from ui.page.words import place_words

Side = Literal["before", "after"]
FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)(?:\n|\Z)", re.DOTALL)
MOVED = "This source has changed since the answer was given. The quote is no longer in this place."


@dataclass(frozen=True, slots=True)
class ReaderPiece:
    """A piece of a document in the reader that is no part of its text.

    Headings and page breaks have a `number`, headings the `level` of their
    HTML element. `asked` is true for the heading that the reader was opened at.
    """

    kind: Literal["details", "page", "heading"]
    text: str
    number: int = 0
    level: int = 0
    asked: bool = False


def reader_html(document: Document, spans: Sequence[MarkedSpan], *, paged: bool = False, note: str = "") -> str:
    """Return the whole document as text with spans marked, as the content of a dialog.

    The first span is the one to show. Spans whose text has changed are not
    marked; if that is the first one, a note says so. `paged` says that its
    pages can be shown too, `note` why they cannot.
    """
    standing, asked = standing_spans(document, spans)
    return render(
        "reader.html",
        document=document,
        where=place_words(document.page(asked.start), document.line(asked.start)) if asked else "",
        quoted=document.text[asked.start : asked.end] if asked else "",
        note=MOVED if spans and asked is None else note,
        paged=paged,
        pieces=_pieces(document, marks_in(standing, asked), asked),
    )


def reader_failure_html(error: UserFacingError) -> str:
    """Return what the dialog shows if a source cannot be read."""
    return render("reader_failure.html", message=error.public)


def neighbour_html(document: Document, span: MarkedSpan, at: int, side: Side) -> str:
    """Return the paragraph before or after `at`, with any heading in between; `data-at` is where to continue.

    `span` is the passage that this is about. If its text has changed, return a
    note instead.
    """
    if not span.stands_in(document.text):
        return render("note.html", kind="state", text=MOVED)
    blocks = [(block.start, block.end) for block in document.blocks]
    if side == "before":
        spans = [(start, min(end, at)) for start, end in reversed(blocks) if start < at]
    else:
        spans = [(max(start, at), end) for start, end in blocks if end > at]
    found = next((each for each in spans if document.text[slice(*each)].strip()), None)
    if found is None:
        return render("note.html", kind="edge", text=f"The source {'begins' if side == 'before' else 'ends'} here.")
    start, end = found
    gap = (end, at) if side == "before" else (at, start)
    page = document.page(start)
    return render(
        "neighbour.html",
        side=side,
        goes_on=start if side == "before" else end,
        page=place_words(page if page != document.page(at) else None, None),
        headings=[heading.title for heading in document.headings if gap[0] <= heading.start < gap[1]],
        text=document.text[start:end].strip(),
    )


def standing_spans(document: Document, spans: Sequence[MarkedSpan]) -> tuple[list[MarkedSpan], MarkedSpan | None]:
    """Return the spans whose text is still in its place, and the first of all spans if it is one of them."""
    standing = [span for span in spans if span.stands_in(document.text)]
    return standing, spans[0] if spans and spans[0] in standing else None


def marks_in(standing: Sequence[MarkedSpan], asked: MarkedSpan | None) -> list[Mark]:
    """Return the spans as marks in text order; of two that overlap, only the first."""
    marks: list[Mark] = []
    for span in sorted(set(standing), key=lambda span: (span.start, span.end)):
        if not marks or marks[-1].end <= span.start:
            marks.append(Mark(span.start, span.end, len(marks), span == asked))
    return marks


def _pieces(document: Document, marks: Sequence[Mark], asked: MarkedSpan | None) -> Iterator[ReaderPiece | Part]:
    """Yield the text in its parts, with its headings and page breaks."""
    at = 0
    matter = FRONT_MATTER.match(document.text) if document.verbatim else None
    if matter and not any(mark.start < matter.end() for mark in marks):
        at = matter.end()
        yield ReaderPiece("details", matter[0].strip())
    cuts = [
        (start, start, ReaderPiece("page", f"Page {number:,}", number))
        for number, start in enumerate(document.page_starts, 1)
    ]
    cuts += [
        (
            heading.start,
            heading.end,
            ReaderPiece(
                "heading",
                heading.title,
                number,
                min(heading.level + 2, 6),
                asked=asked is not None and heading.start <= asked.start < heading.end,
            ),
        )
        for number, heading in enumerate(document.headings)
    ]
    starts = [block.start for block in document.blocks]

    def between(first: int, last: int) -> list[Part]:
        own = document.blocks[bisect_left(starts, first) : bisect_left(starts, last)]
        return parts(document.text, marks, (first, last), own) if first < last else []

    for start, end, piece in sorted(cuts, key=lambda cut: cut[:2]):
        yield from between(at, start)
        yield piece
        at = max(at, end)
    yield from between(at, len(document.text))
