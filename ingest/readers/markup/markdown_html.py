"""HTML inside Markdown: the spans of its paragraphs, list items and table rows, in the file's own characters."""

import re
from collections.abc import Iterator
from html import unescape

from ingest.schema import Kind, Span

_NOT_SHOWN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?![a-zA-Z0-9])[^<>]*>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_INLINE_CELLS = frozenset({"td", "th"})


def shown(text: str, span: Span) -> Iterator[tuple[Span, Kind]]:
    """Yield the parts of an HTML block that contain text; a table row is one part, with the tags of its cells."""
    start, end = span
    for match in (*_NOT_SHOWN.finditer(text, start, end), None):
        yield from _parts(text, start, match.start() if match else end)
        start = match.end() if match else end


def _parts(text: str, start: int, end: int) -> Iterator[tuple[Span, Kind]]:
    """Yield the parts between the tags of blocks."""
    from markdown_it.common.html_blocks import block_names

    blocks = frozenset(block_names) | {"pre"}
    kind: Kind = "paragraph"
    first = last = -1  # the part so far: from the end of a tag to the start of another
    at, in_row = start, False
    for tag in (*_TAG.finditer(text, start, end), None):
        name = tag[2].lower() if tag else ""
        if tag and name not in blocks:
            continue
        stop = tag.start() if tag else end
        if unescape(_ANY_TAG.sub("", text[at:stop])).strip():
            first = at if first < 0 else first
            last = stop
        if not (in_row and name in _INLINE_CELLS) and first >= 0:
            yield _bare(text, first, last), "row" if in_row else kind
            first = -1
        if tag:
            at = tag.end()
            in_row = (in_row or name in _INLINE_CELLS) and name != "tr" or (name == "tr" and not tag[1])
            kind = "code" if name == "pre" and not tag[1] else "item" if name == "li" and not tag[1] else "paragraph"


def _bare(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
