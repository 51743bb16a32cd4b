"""Splits a text into pieces to mark and wrap; together they are the whole text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.text.links import addresses

SHORT = 24  # characters of an address that is shown whole
SOFT_BREAK = re.compile(r"(?m)^.{50,}(?<=\S)\n(?=([ \t]{0,6})(?:[*_]{0,2}[^\W\d_]|[\"'“‘(\[]))")
"""A line break inside a hard-wrapped paragraph or item: the line before is long, the next starts with a word."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark in a text: characters `start` to `end` (exclusive).

    `number` identifies the mark in the reader; `asked` is true for the one that the reader was opened at.
    `focus` is true for a sentence that answers, if the others only go with it.
    """

    start: int
    end: int
    number: int | None = None
    asked: bool = False
    focus: bool = False


@dataclass(frozen=True, slots=True)
class ProsePiece:
    """A marked or unmarked piece of a text, split into `lines`, each with the hard wrap before it, "" for none."""

    lines: tuple[tuple[str, str], ...]
    mark: Mark | None


def addresses_apart(line: str) -> list[tuple[str, bool]]:
    """Split a line at the long addresses of its Markdown links, which are shown shortened: True stands with these.

    The parentheses around an address are not part of it.
    """
    parts, at = [], 0
    for start, end in addresses(line):
        if end - start > SHORT:
            parts += [(line[at : start + 1], False), (line[start + 1 : end - 1], True)]
            at = end - 1
    return [*parts, (line[at:], False)]


def prose_pieces(text: str, marks: Iterable[Mark] = ()) -> list[ProsePiece]:
    """Split a text at its marks (in order, disjoint), and the pieces at hard wraps."""
    breaks = [(match.end() - 1, match.end(1)) for match in SOFT_BREAK.finditer(text)]

    def piece(start: int, end: int, mark: Mark | None) -> ProsePiece:
        inside = [(first, last) for first, last in breaks if start <= first and last <= end]
        lines = zip([(start, start), *inside], [*(first for first, _ in inside), end], strict=True)
        return ProsePiece(tuple((text[first:last], text[last:stop]) for (first, last), stop in lines), mark)

    pieces, at = [], 0
    for mark in marks:
        pieces += [piece(at, mark.start, None), piece(mark.start, mark.end, mark)]
        at = mark.end
    return [*pieces, piece(at, len(text), None)]
