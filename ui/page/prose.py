"""Splits a text into pieces to mark and wrap; together they are the whole text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SOFT_BREAK = re.compile(r"(?m)^.{50,}(?<=\S)\n(?=[^\W\d_]|[\"'“‘(])")
"""A line break inside a hard-wrapped paragraph: the line before is long, the next starts with a word."""


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
    """A marked or unmarked piece of a text, split into `lines` at hard-wrap newlines."""

    lines: tuple[str, ...]
    mark: Mark | None


def prose_pieces(text: str, marks: Iterable[Mark] = ()) -> list[ProsePiece]:
    """Split a text at its marks (in order, disjoint), and the pieces at hard-wrap newlines."""
    breaks = [match.end() - 1 for match in SOFT_BREAK.finditer(text)]

    def piece(start: int, end: int, mark: Mark | None) -> ProsePiece:
        inside = [at for at in breaks if start <= at < end]
        lines = zip([start, *(at + 1 for at in inside)], [*inside, end], strict=True)
        return ProsePiece(tuple(text[first:last] for first, last in lines), mark)

    pieces, at = [], 0
    for mark in marks:
        pieces += [piece(at, mark.start, None), piece(mark.start, mark.end, mark)]
        at = mark.end
    return [*pieces, piece(at, len(text), None)]
