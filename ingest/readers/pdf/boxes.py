"""Boxes with text on a PDF page that stand beside its other text: shaded ones, and those between two ruled lines."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ingest.readers.pdf.page import Piece, Sheet
from ingest.readers.pdf.paths import Box

_LEAST = 30.0  # points, of a box's height, and twice of its width
_WIDEST = 0.45  # share of the page
_TALLEST = 0.95  # share of the page
_MOST = 12  # boxes that are looked at on a page
_LINES = 3  # in a box, and beside it
_SAME = 1.5  # points
_MARGIN = 2.0  # times the largest size in a box: how far its sides are from its first and last baseline
_ALIGNED = 0.6  # share of the lines that are level with one beside: with more, it is a column of a table


def boxes_beside(sheet: Sheet, pieces: Sequence[Piece]) -> list[Box]:
    """Return the boxes that hold some lines, have text beside them, and cut through none."""
    width, height = sheet.frame.upright_width, sheet.frame.upright_height
    found: list[Box] = []

    def fits(box: Box) -> bool:
        wide, high = box[2] - box[0], box[3] - box[1]
        return 2 * _LEAST <= wide <= _WIDEST * width and _LEAST <= high <= _TALLEST * height

    lined = sorted(filter(fits, _between_lines(sheet.drawn.across)), key=_area, reverse=True)[:_MOST]
    candidates = {*filter(fits, sheet.drawn.shades), *(box for box in lined if _is_tight(box, pieces))}
    for box in sorted(candidates, key=_area, reverse=True)[:_MOST]:
        if not any(_overlap(each, box) for each in found) and _is_beside_text(box, pieces):
            found.append(box)
    return found


def _area(box: Box) -> tuple[float, Box]:
    return (box[2] - box[0]) * (box[3] - box[1]), box


def _between_lines(across: Sequence[Box]) -> Iterator[Box]:
    """Yield the boxes that two lines across are the upper and the lower side of; no others have the same ends."""
    ends: dict[tuple[int, int], list[Box]] = defaultdict(list)
    for box in across:
        ends[round(box[0] / _SAME), round(box[2] / _SAME)].append(box)
    for lines in ends.values():
        if len(lines) == 2:
            (left, top, right, _), (_, _, _, bottom) = sorted(lines, key=lambda line: line[1])
            yield left, top, right, bottom


def _is_tight(box: Box, pieces: Sequence[Piece]) -> bool:
    """Return whether text is just below the upper and just above the lower side of a box."""
    left, top, right, bottom = box
    inside = [
        piece for piece in pieces if left < (piece.left + piece.right) / 2 < right and top < piece.base < bottom + _SAME
    ]
    if not inside:
        return False
    margin = _MARGIN * max(piece.size for piece in inside)
    return min(piece.base for piece in inside) - top < margin and bottom - max(piece.base for piece in inside) < margin


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _is_beside_text(box: Box, pieces: Sequence[Piece]) -> bool:
    left, top, right, bottom = box
    level = [piece for piece in pieces if top < (piece.top + piece.bottom) / 2 < bottom]
    if any(piece.left < edge - _SAME and edge + _SAME < piece.right for piece in level for edge in (left, right)):
        return False
    inside = {round(piece.base) for piece in level if left < (piece.left + piece.right) / 2 < right}
    outside = {round(piece.base) for piece in level if not left < (piece.left + piece.right) / 2 < right}
    if min(len(inside), len(outside)) < _LINES:
        return False
    aligned = sum(any(base + shift in outside for shift in (-2, -1, 0, 1, 2)) for base in inside)
    return aligned <= _ALIGNED * len(inside)
