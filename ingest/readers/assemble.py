"""Joins extracted pieces (headings, paragraphs, table rows) into one text with spans."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.readers.source import one_line, sha256, unify_line_ends
from ingest.schema import Block, Document, Heading, Kind
from ingest.text.sentences import starts_item

BULLET = "- "
CONTINUED = "  "
"""What stands before a further paragraph of an item."""
_INDENT = "  "
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A heading (level 1 to 9) or, with level 0, a block of the given kind.

    `apart` marks a piece as unrelated to the one before it. An item is written
    with its `mark` before it, unless its text begins with one, and indented by
    the `depth` of its list in others; "" is for what only looks like an item.
    """

    text: str
    level: int = 0
    apart: bool = False
    kind: Kind = "paragraph"
    mark: str = BULLET
    depth: int = 0

    def before(self, text: str) -> str:
        """Return what is written before the text of this piece."""
        marked = starts_item(text)
        if self.kind != "item" or not (marked or self.mark):
            return ""
        return _INDENT * self.depth + ("" if marked else self.mark)


@dataclass(frozen=True, slots=True)
class Assembled:
    """A text and the spans of its headings and blocks."""

    text: str
    headings: tuple[Heading, ...]
    blocks: tuple[Block, ...]


def clean(text: str) -> str:
    """Return extracted text in storable form: without NUL or lone surrogates, every line end a newline."""
    if _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return unify_line_ends(text.replace("\0", ""))


def piece_of(text: str, block: Block) -> Piece:
    """Return a block of a text as a piece, an item with the mark and the indent before it."""
    before = text[text.rfind("\n", 0, block.start) + 1 : block.start].expandtabs(4)
    mark = before.lstrip()
    depth = (len(before) - len(mark)) // len(_INDENT)
    if before and not mark:
        mark, depth = CONTINUED, depth - 1
    elif not starts_item(before):
        mark = ""
    return Piece(text[block.start : block.end], apart=block.apart, kind=block.kind, mark=mark, depth=max(0, depth))


def assemble(pieces: Iterable[Piece]) -> Assembled:
    """Join pieces with blank lines; a heading becomes one line, and empty pieces are dropped."""
    texts: list[str] = []
    headings: list[Heading] = []
    blocks: list[Block] = []
    at = 0
    for piece in pieces:
        text = one_line(clean(piece.text)) if piece.level else clean(piece.text).strip()
        if not text:
            continue
        if piece.level:
            headings.append(Heading(piece.level, text, at, at + len(text)))
            texts.append(text)
        else:
            before = piece.before(text)
            if before:  # so that the further lines of an item are its own
                text = text.replace("\n", f"\n{_INDENT * piece.depth}{CONTINUED}")
            texts.append(before + text)
            at += len(before)
            blocks.append(Block(at, at + len(text), piece.apart, piece.kind))
        at += len(text) + 2
    return Assembled("\n\n".join(texts), tuple(headings), tuple(blocks))


def extracted(data: bytes, source: str, title: str, assembled: Assembled, note: str = "") -> Document:
    """Return the document of a file from its bytes and assembled text, without pages or URL."""
    return Document(
        source,
        title,
        None,
        assembled.text,
        sha256(data),
        headings=assembled.headings,
        blocks=assembled.blocks,
        verbatim=False,
        note=note,
    )
