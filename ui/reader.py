"""The reader: a whole source with its quote marked, as the body of the page's dialog."""

from ingest.errors import UserFacingError
from ingest.schema import Document
from ui.markup import failure_html, fingerprint, place_words, prose_html, safe


def reader_html(document: Document, *, start: int, end: int, sha: str) -> str:
    """Return the whole document with its quote marked, as the body of a dialog.

    `start` and `end` are offsets of the document, `sha` the `fingerprint` of
    the quote: where the text there is another by now, a note says so and
    nothing is marked. An empty span marks nothing.
    """
    found = 0 <= start < end <= len(document.text) and fingerprint(document.text[start:end]) == sha
    note = (
        ""
        if found or start == end
        else '<p class="state">This source was ingested again since; the quote no longer stands at its place.</p>'
    )
    mark = (start, end) if found else (0, 0)
    place = place_words(document.page(mark[0]), document.line(mark[0])) if found else ""
    where = " · ".join(filter(None, (safe(document.source), place)))
    return (
        f'<header><h2 id="reader-title" dir="auto">{safe(document.title)}</h2>'
        f'<p class="where"><bdi>{where}</bdi></p>{note}</header>'
        f'<div class="text">{_marked_document(document, mark)}</div>'
    )


def reader_failure_html(error: UserFacingError) -> str:
    """Return what the dialog shows of a source that cannot be read."""
    return f'<header><h2 id="reader-title">This source cannot be shown</h2></header>{failure_html(str(error))}'


def _marked_document(document: Document, mark: tuple[int, int]) -> str:
    parts: list[str] = []
    at = 0
    for heading in document.headings:
        parts.append(_marked_text(document.text, (at, heading.start), mark))
        level = min(heading.level + 2, 6)
        parts.append(f'<h{level} dir="auto">{safe(heading.title)}</h{level}>')
        at = heading.end
    parts.append(_marked_text(document.text, (at, len(document.text)), mark))
    return "".join(parts)


def _marked_text(text: str, span: tuple[int, int], mark: tuple[int, int]) -> str:
    """Return the text of a span without the empty lines around it; what lies in `mark` is marked."""
    start, end = span
    while start < end and text[start] == "\n":
        start += 1
    while start < end and text[end - 1] == "\n":
        end -= 1
    first, last = max(start, mark[0]), min(end, mark[1])
    return f"<div>{prose_html(text[start:end], (first - start, last - start))}</div>" if start < end else ""
