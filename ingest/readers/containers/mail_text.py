"""The texts of a message: its headers, and its body as own words, quoted replies and signature."""

import codecs
import re
from collections.abc import Iterator, Sequence
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from itertools import groupby
from types import MappingProxyType

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, clean
from ingest.readers.encoding import decode
from ingest.readers.plain.blocks import blocks
from ingest.readers.plain.lines import runs
from ingest.readers.source import one_line

LONGEST_HEADER = 10_000
"""Characters: the addressees of a whole list are cut."""

_QUOTED = re.compile(r"(?:>[ \t]?)+")
_SIGNATURE = "-- "
_SENT_AS = MappingProxyType({"iso8859-1": "cp1252", "iso8859-9": "cp1254"})  # what programs mean that name these
_MOST_DAMAGED = 0.1  # share of lines


def header_text(value: str | None, charset: str | None = None) -> str:
    """Return a header as text, encoded words decoded; bytes that are neither they nor UTF-8 by the given charset."""
    written = _repaired(one_line(value or ""), charset)
    try:
        parts = decode_header(written)
    except (HeaderParseError, ValueError):
        return written
    return one_line(clean("".join(_decoded(part, named) for part, named in parts)))


def part_content(part: Message) -> bytes:
    """Return the bytes of a part, its transfer encoding undone."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def part_text(part: Message, source: str) -> tuple[str, str]:
    """Return the text of a part and a note: by the encoding that it states, or else by a guess.

    Lines that are damaged in the stated encoding are left out and noted.

    Raises:
        SourceUnreadable: it is no text.
    """
    content = part_content(part)
    if not content.strip():
        return "", ""
    text, note = _part_characters(content, part.get_content_charset(), source)
    is_flowed = "flowed" in str(part.get_param("format") or "").lower()
    if is_flowed:
        text = _unflowed(text, joined="yes" in str(part.get_param("delsp") or "").lower())
    return text, note


def _part_characters(content: bytes, charset: str | None, source: str) -> tuple[str, str]:
    text = _strict(content, charset or "ascii")
    if text is not None:
        return clean(text), ""
    try:
        guessed = decode(content, source)
        return clean(guessed.text), guessed.note
    except SourceUnreadable:
        lines = [_strict(line, charset or "utf-8") for line in content.split(b"\n")]
        damaged = lines.count(None)
        if damaged > _MOST_DAMAGED * len(lines):
            raise
        return clean("\n".join(line for line in lines if line is not None)), f"damaged lines were left out ({damaged})"


def _strict(content: bytes, charset: str) -> str | None:
    """Return the characters, or None if the bytes are none in this encoding."""
    try:
        return content.decode(_SENT_AS.get(codecs.lookup(charset).name, charset))
    except (LookupError, UnicodeError, ValueError):
        return None


def body_pieces(text: str) -> Iterator[Piece]:
    """Yield the blocks of a body. Quoted ones begin with `>`, and are apart, as the signature is."""
    lines = [_quote(line) for line in text.split("\n")]
    signature = next((number for number, (_, line) in enumerate(lines) if line == _SIGNATURE), len(lines))
    for part in (lines[:signature], lines[signature + 1 :]):
        for depth, group in groupby(part, key=lambda line: line[0]):
            yield from _pieces([line for _, line in group], depth)


def _pieces(lines: Sequence[str], depth: int) -> Iterator[Piece]:
    text = "\n".join(lines)
    mark = "> " * depth
    for number, block in enumerate(blocks(list(runs(text)))):
        yield Piece(mark + text[block.start : block.end], apart=block.apart or number == 0, kind=block.kind)


def _quote(line: str) -> tuple[int, str]:
    """Return how often a line is quoted, and the line without its marks."""
    match = _QUOTED.match(line)
    return (match[0].count(">"), line[match.end() :]) if match else (0, line)


def _unflowed(text: str, *, joined: bool) -> str:
    """Return the text with its soft line breaks removed.

    Source: RFC 3676, text/plain with format=flowed.
    """
    lines: list[str] = []
    flows = False
    for line in text.split("\n"):
        depth, bare = _quote(line)
        bare = bare.removeprefix(" ") if depth == 0 else bare
        if flows and lines and _quote(lines[-1])[0] == depth:
            lines[-1] += bare
        else:
            lines.append(f"{'>' * depth} {bare}" if depth else bare)
        flows = bare.endswith(" ") and bare != _SIGNATURE
        if flows and joined:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def _decoded(part: str | bytes, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    text = _strict(part, charset or "raw-unicode-escape")
    return part.decode("latin-1") if text is None else text


def _repaired(value: str, charset: str | None) -> str:
    """Return a header whose bytes are no ASCII as UTF-8, else in the given encoding, else as Latin-1."""
    content = value.encode("utf-8", "surrogateescape")
    texts = (_strict(content, name) for name in ("utf-8", charset or "latin-1", "latin-1"))
    return next(text for text in texts if text is not None)
