"""Rows of a table of a PDF page: which bands of text go on with the row above them."""

from collections.abc import Sequence
from itertools import pairwise

from ingest.readers.pdf.layout import Band
from ingest.readers.pdf.page import Piece
from ingest.readers.pdf.rules import Rule

_LARGE_GAP = 1.5  # times the smallest gap between bands: it parts rows of wrapped cells
_OVER = 0.5  # share of the width that a ruled line between rows has

Cell = tuple[Piece, ...]


def first(cell: Cell) -> Piece:
    """Return the piece that a cell begins with, line by line."""
    return min(cell, key=lambda piece: (round(piece.base), piece.left))


def separators(found: Sequence[Band], rules: Sequence[Rule]) -> list[int]:
    """Return the numbers of the bands that a ruled line is below."""
    left = min(piece.left for band in found for piece in band.pieces)
    right = max(piece.right for band in found for piece in band.pieces)
    below = []
    for number, (band, following) in enumerate(pairwise(found)):
        between = [rule for rule in rules if band.bottom - 1 <= rule.at <= following.top + 1]
        width = sum(max(0.0, min(rule.end, right) - max(rule.start, left)) for rule in between)
        if width >= _OVER * (right - left):
            below.append(number)
    return below


def row_gaps(rows: Sequence[Sequence[Cell]], found: Sequence[Band]) -> list[int]:
    """Return the numbers of the bands that a row of wrapped cells ends with, by the gaps below; none if unclear."""
    gaps = [following.top - band.bottom for band, following in pairwise(found)]
    if len(gaps) < 2:
        return []
    small = max(min(gaps), 0.5)
    ends = [number for number, gap in enumerate(gaps) if gap > _LARGE_GAP * small]
    if not ends or len(ends) == len(gaps):
        return []
    starts = [0, *(end + 1 for end in ends)]
    if sum(bool(rows[start][0]) for start in starts) < 0.8 * len(starts):
        return []
    inner = [number + 1 for number in range(len(gaps)) if number not in ends]
    return ends if all(_continues(rows[number]) for number in inner) else []


def _continues(row: Sequence[Cell]) -> bool:
    """Return whether a band may continue the row above: it has empty cells, or one that begins in lower case."""
    return not all(row) or any(first(cell).text[0].islower() for cell in row if cell)


def begins(row: Sequence[Cell]) -> bool:
    """Return whether no cell of a band continues one above."""
    return not any(cell and first(cell).text[0].islower() for cell in row)


def joined_rows(rows: Sequence[Sequence[Cell]], found: Sequence[Band], separators: Sequence[int]) -> list[list[Cell]]:
    """Return the rows, bands that continue the one above joined to it."""
    ends = set(separators) if len(separators) >= max(2, len(rows) // 4) else set(row_gaps(rows, found))
    joined: list[list[Cell]] = []
    for number, row in enumerate(rows):
        continues = number - 1 not in ends and _continues(row) if ends else not row[0] and _is_remainder(row)
        if joined and continues:
            joined[-1] = [above + cell for above, cell in zip(joined[-1], row, strict=True)]
        else:
            joined.append(list(row))
    return joined


def labelled_rows(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Return the rows of labels and values, each from one label to the next."""
    joined: list[list[Cell]] = []
    for row in rows:
        if joined and not row[0]:
            joined[-1] = [above + cell for above, cell in zip(joined[-1], row, strict=True)]
        else:
            joined.append(list(row))
    return joined


def _is_remainder(row: Sequence[Cell]) -> bool:
    """Return whether all cells of a band begin in lower case, as the second lines of wrapped cells do."""
    return all(first(cell).text[0].islower() for cell in row if cell)
