"""Text that stands on its side in the cells of a table, put among the other text of the page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ingest.readers.pdf.lines import rows_of
from ingest.readers.pdf.page import Piece, Sheet
from ingest.readers.pdf.paths import Box
from ingest.readers.pdf.rules import Lattice, lattices

_STEP = 0.01  # points between pieces that are put beside each other
_FILLED = 0.5  # share of a grid's rows with upright text; a drawing has fewer


def with_turned(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return the sheets of a page; text on its side in tables of the first is moved to the first, at its cell."""
    first, *others = sheets
    sideways = [sheet for sheet in others if sheet.frame.turn != first.frame.turn]
    moved: set[int] = set()
    added: list[Piece] = []
    for lattice in lattices(first) if sideways else ():
        if len(lattice.ys) == 2 or not _is_filled(lattice, first.pieces):
            continue
        for sheet in sideways:
            for cell in _cells(lattice, sheet, first):
                added += _upright(cell)
                moved.update(id(piece) for piece, _ in cell)
    kept = [replace(sheet, pieces=tuple(piece for piece in sheet.pieces if id(piece) not in moved)) for sheet in others]
    return [replace(first, pieces=first.pieces + tuple(added)), *(sheet for sheet in kept if sheet.pieces)]


def _is_filled(lattice: Lattice, pieces: Sequence[Piece]) -> bool:
    rows = {lattice.cell(piece.left, piece.base - piece.size / 3)[0] for piece in pieces if lattice.holds(piece.box)}
    return len(rows) >= _FILLED * (len(lattice.ys) - 1)


def _cells(lattice: Lattice, sheet: Sheet, first: Sheet) -> list[list[tuple[Piece, Box]]]:
    """Return the pieces in each cell of a grid, with their boxes on the first sheet."""
    areas = lattice.areas()
    cells: dict[int, list[tuple[Piece, Box]]] = defaultdict(list)
    for piece in sheet.pieces:
        box = first.frame.upright(sheet.frame.shown(piece.box))
        if lattice.holds(box):
            row, column = lattice.cell((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            cells[areas[row][column]].append((piece, box))
    return list(cells.values())


def _upright(cell: Sequence[tuple[Piece, Box]]) -> list[Piece]:
    """Return the pieces of a cell side by side in its middle, in the order in which they are read."""
    boxes = {id(piece): box for piece, box in cell}
    left, top, right, bottom = zip(*boxes.values(), strict=True)
    x, y = (min(left) + max(right)) / 2, (min(top) + max(bottom)) / 2
    ordered = [piece for row in rows_of([piece for piece, _ in cell]) for piece in row]
    size = max(piece.size for piece in ordered)
    return [
        replace(
            piece,
            left=x + number * _STEP,
            top=y - size / 2,
            right=x + number * _STEP,
            bottom=y + size / 2,
            base=y + size / 3,
            place=boxes[id(piece)],
        )
        for number, piece in enumerate(ordered)
    ]
