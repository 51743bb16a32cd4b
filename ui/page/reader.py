"""The reader: a whole source with its quotes marked, and what stands around a quote."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from ingest.errors import UserFacingError
from ingest.schema import Document
from ui.page.markup import Mark, Place, count, failure_html, link_html, place_words, prose_html, safe

Side = Literal["before", "after"]
FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)(?:\n|\Z)", re.DOTALL)
MOVED = '<p class="state">This source was ingested again since; the quote no longer stands at its place.</p>'


def reader_html(document: Document, places: Sequence[Place]) -> str:
    """Return the whole document with its places marked, as the body of a dialog.

    The first place is the one that was asked for. What no longer stands at its
    place is not marked, and a note says so of the first. No places mark nothing.
    """
    standing = [place for place in places if place.stands_in(document.text)]
    found = bool(places) and places[0] in standing
    start = places[0].start if found else 0
    note = "" if found or not places else MOVED
    words = place_words(document.page(start), document.line(start)) if found else ""
    where = " · ".join(filter(None, (safe(document.source), words)))
    link = link_html(document.url, document.text[start : places[0].end] if found else "")
    original = f'<p class="where">{link}</p>' if link else ""
    return (
        f'<header><h2 id="reader-title" dir="auto">{safe(document.title)}</h2>'
        f'<p class="where"><bdi>{where}</bdi></p>{original}{note}</header>{_outline_html(document)}'
        f'<div class="text">{"".join(_pieces(document, _marks(standing, places)))}</div>'
    )


def reader_failure_html(error: UserFacingError) -> str:
    """Return what the dialog shows of a source that cannot be read."""
    return f'<header><h2 id="reader-title">This source cannot be shown</h2></header>{failure_html(str(error))}'


def neighbour_html(document: Document, place: Place, at: int, side: Side) -> str:
    """Return the paragraph that stands before or after `at`, with the heading between; `data-at` is where it goes on.

    `place` is the passage that all of this stands around: where it is another
    by now, a note says so.
    """
    if not place.stands_in(document.text):
        return MOVED
    blocks = [(block.start, block.end) for block in document.blocks]
    if side == "before":
        spans = [(start, min(end, at)) for start, end in reversed(blocks) if start < at]
    else:
        spans = [(max(start, at), end) for start, end in blocks if end > at]
    span = next((span for span in spans if document.text[slice(*span)].strip()), None)
    if span is None:
        return f'<p class="edge">The source {"begins" if side == "before" else "ends"} here.</p>'
    gap = (span[1], at) if side == "before" else (at, span[0])
    between = [heading.title for heading in document.headings if gap[0] <= heading.start < gap[1]]
    headings = "".join(f'<p class="heading" dir="auto">{safe(title)}</p>' for title in between)
    page = document.page(span[0])
    number = f'<p class="edge">page {page:,}</p>' if page is not None and page != document.page(at) else ""
    text = f'<p class="passage" dir="auto">{prose_html(document.text[slice(*span)].strip())}</p>'
    parts = number + text + headings if side == "before" else headings + number + text
    return f'<div data-at="{span[0] if side == "before" else span[1]}">{parts}</div>'


def _outline_html(document: Document) -> str:
    if len(document.headings) < 2:
        return ""
    top = min(heading.level for heading in document.headings)
    items = "".join(
        f'<li style="--depth: {heading.level - top}"><a href="#reader-heading-{number}" dir="auto">'
        f"{safe(heading.title)}</a></li>"
        for number, heading in enumerate(document.headings)
    )
    title = f"Outline, {count(len(document.headings), 'heading')}"
    fold = f"<details><summary>{title}</summary><ol>{items}</ol></details>"
    return f'<nav class="outline" aria-label="Outline">{fold}</nav>'


def _marks(standing: Sequence[Place], places: Sequence[Place]) -> list[Mark]:
    """Return the places as marks in the order of the text; of two that overlap the first one."""
    marks: list[Mark] = []
    for place in sorted(set(standing), key=lambda place: (place.start, place.end)):
        if not marks or marks[-1][1] <= place.start:
            asked = ' class="asked"' if place == places[0] else ""
            marks.append((place.start, place.end, f' data-mark="{len(marks)}"{asked}'))
    return marks


def _pieces(document: Document, marks: Sequence[Mark]) -> Iterator[str]:
    """Yield the text, its headings as headings, with a line where a page begins."""
    at = 0
    matter = FRONT_MATTER.match(document.text) if document.verbatim else None
    if matter and not any(start < matter.end() for start, _, _ in marks):
        at = matter.end()
        yield f'<details class="matter"><summary>Front matter</summary><div>{safe(matter[0].strip())}</div></details>'
    cuts = [(start, start, _page_html(number)) for number, start in enumerate(document.page_starts, 1)]
    for number, heading in enumerate(document.headings):
        level = min(heading.level + 2, 6)
        cuts.append(
            (
                heading.start,
                heading.end,
                f'<h{level} id="reader-heading-{number}" tabindex="-1" dir="auto">{safe(heading.title)}</h{level}>',
            )
        )
    for start, end, html in sorted(cuts, key=lambda cut: cut[:2]):
        yield _text_html(document.text, (at, start), marks)
        yield html
        at = max(at, end)
    yield _text_html(document.text, (at, len(document.text)), marks)


def _page_html(number: int) -> str:
    return f'<p class="leaf" id="reader-page-{number}">Page {number:,}</p>'


def _text_html(text: str, span: tuple[int, int], marks: Sequence[Mark]) -> str:
    """Return the text of a span without the empty lines around it, marked where marks reach into it."""
    start, end = span
    while start < end and text[start] == "\n":
        start += 1
    while start < end and text[end - 1] == "\n":
        end -= 1
    if start >= end:
        return ""
    inside = [
        (max(first, start) - start, min(last, end) - start, attributes)
        for first, last, attributes in marks
        if max(first, start) < min(last, end)
    ]
    return f"<div>{prose_html(text[start:end], inside)}</div>"
