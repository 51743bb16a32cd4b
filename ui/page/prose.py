"""Cuts a text into the pieces that the page marks and wraps; together they are the whole text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SOFT_BREAK = re.compile(r"(?m)^.{50,}(?<=\S)\n(?=[^\W\d_]|[\"'“‘(])")
"""A line end inside a paragraph wrapped by hand: the line before is long, the next begins with a word."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is marked in a text: characters `start` to `end` (exclusive).

    `number` tells the marks of the reader apart, `asked` says that the reader was opened for this one.
    """

    start: int
    end: int
    number: int | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class ProsePiece:
    """A piece of a text that is marked, or not; a newline stood between its `lines`."""

    lines: tuple[str, ...]
    mark: Mark | None


def prose_pieces(text: str, marks: Iterable[Mark] = ()) -> list[ProsePiece]:
    """Cut a text at its marks (in order, disjoint), and its pieces where lines were wrapped by hand."""
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
