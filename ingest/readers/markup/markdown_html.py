"""HTML inside Markdown: the spans of its paragraphs and list items, and its tables as rows."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, clean
from ingest.readers.markup.markdown_masks import Masked
from ingest.readers.web import html
from ingest.schema import Block, Kind, Span

_NOT_SHOWN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?![a-zA-Z0-9])[^<>]*>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_INLINE_CELLS = frozenset({"td", "th"})
_TABLE = re.compile(r"<(/?)table(?=[\s>/])[^<>]*>", re.IGNORECASE)
_SPACE = re.compile(r"\s*")
_INDENT = re.compile(r" {0,3}")  # more is code


def tables_of(masked: Masked, text: str, start: int) -> list[tuple[Span, list[Piece]]]:
    """Return the tables from `start` on that begin a line, each with its rows and what else it holds, in order."""
    found: list[tuple[Span, list[Piece]]] = []
    depth, first = 0, -1
    for tag in _TABLE.finditer(masked.text, start):
        if masked.is_code(tag.start()):
            continue
        depth = max(0, depth + (-1 if tag[1] else 1))
        if depth == 1 and not tag[1]:
            first = tag.start()
        elif depth == 0 <= first and _INDENT.fullmatch(text[text.rfind("\n", 0, first) + 1 : first]):
            inside = _pieces(text[first : tag.end()])
            if any(piece.kind == "row" for piece in inside):
                found.append(((first, tag.end()), inside))
            first = -1
    return found


def _pieces(table: str) -> list[Piece]:
    try:
        return [piece for piece in html.pieces(table.encode("utf-8", "surrogatepass"), "") if clean(piece.text).strip()]
    except SourceUnreadable:  # nested too deeply
        return []


def with_rows(text: str, tables: Sequence[tuple[Span, list[Piece]]]) -> tuple[str, list[Block]]:
    """Return the text with rows in place of its tables, each between blank lines, and their blocks."""
    parts: list[str] = []
    blocks: list[Block] = []
    at = length = 0
    for (start, end), inside in tables:
        parts += [text[at:start], "\n"]
        length += start - at + 1
        for piece in inside:
            shown = clean(piece.text).strip()
            blocks.append(Block(length + 1, length + 1 + len(shown), kind=piece.kind))
            parts += ["\n", shown, "\n"]
            length += len(shown) + 2
        at = end
    return "".join([*parts, text[at:]]), blocks


def without_rows(text: str, rows: Sequence[Block]) -> str:
    """Return a text of the same length whose rows are blank."""
    parts: list[str] = []
    at = 0
    for row in rows:
        parts += [text[at : row.start], re.sub(r"[^\n]", " ", text[row.start : row.end])]
        at = row.end
    return "".join([*parts, text[at:]])


def around_rows(blocks: Sequence[Block], rows: Sequence[Block], text: str) -> Iterator[Block]:
    """Yield the blocks without the rows that stand within them, as in code that begins before a table."""
    for block in blocks:
        start = block.start
        for row in rows[bisect_left(rows, block.start, key=lambda row: row.start) :]:
            if row.start >= block.end:
                break
            if text[start : row.start].strip():
                yield replace(block, start=start, end=start + len(text[start : row.start].rstrip()))
            start = _skip_space(text, row.end, block.end)
        if start < block.end:
            yield replace(block, start=start)


def _skip_space(text: str, start: int, end: int) -> int:
    space = _SPACE.match(text, start, end)
    return space.end() if space else start


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
