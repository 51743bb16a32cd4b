"""Joins extracted pieces (headings, paragraphs, table rows) into one text with spans."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.readers.source import one_line, sha256, unify_line_ends
from ingest.schema import Block, Document, Heading, Kind

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A heading (level 1 to 9) or, with level 0, a block of the given kind.

    `apart` marks a piece as unrelated to the one before it.
    """

    text: str
    level: int = 0
    apart: bool = False
    kind: Kind = "paragraph"


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
        else:
            blocks.append(Block(at, at + len(text), piece.apart, piece.kind))
        texts.append(text)
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
