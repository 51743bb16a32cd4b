"""Fills in the merged cells of spreadsheets and tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.readers.office.sheet_heads import Cell, Row
from ingest.readers.tables import ACROSS

_EMPTY = Cell("")
_ACROSS = Cell(ACROSS, own=False)


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged cell: its first and last row, by number, and its first and last column, from 0."""

    top: int
    left: int
    bottom: int
    right: int


def merged(rows: Iterable[Row], merges: Mapping[int, Sequence[Merge]]) -> Iterator[Row]:
    """Yield the rows with merged cells filled in: from above the text again, from the left `ACROSS`.

    `merges` holds those that begin in a row, by its number, at the latest when that row is yielded.
    """
    active: dict[int, tuple[Merge, str]] = {}  # by the first column
    for row in rows:
        active = {left: each for left, each in active.items() if each[0].bottom >= row.number}
        for merge in merges.get(row.number, ()):
            text = row.cells[merge.left].text if merge.left < len(row.cells) else ""
            active[merge.left] = merge, text
        yield _filled(row, active) if active else row


def _filled(row: Row, active: dict[int, tuple[Merge, str]]) -> Row:
    cells = list(row.cells)
    for merge, text in active.values():
        cells += [_EMPTY] * (merge.right + 1 - len(cells))
        if not text:
            continue
        if merge.top != row.number:
            cells[merge.left] = Cell(text, own=False)
        cells[merge.left + 1 : merge.right + 1] = [_ACROSS] * (merge.right - merge.left)
    return Row(row.number, cells)
