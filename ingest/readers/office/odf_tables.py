"""The rows of tables in ODT and ODS."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ingest.readers.office.odf import TABLE, count
from ingest.readers.office.sheet_heads import Cell, Row
from ingest.readers.office.sheet_merges import Merge

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_CELLS = (TABLE + "table-cell", TABLE + "covered-table-cell")
_MOST_COLUMNS = 1_000
_MOST_ROWS = 1_048_576
_EMPTY = Cell("")


class OdfRows:
    """Numbers the rows of one table, and keeps its merged cells, which `sheet_merges.merged` fills in."""

    def __init__(self, read: "Callable[[_Element], Cell]") -> None:
        self.merges: dict[int, list[Merge]] = {}
        self._read = read
        self._number = 0

    def rows(self, element: "_Element") -> Iterator[Row]:
        """Yield a `table:table-row`, as often as it repeats; one without text only counts."""
        repeated = count(element.get(TABLE + "number-rows-repeated"), 1, _MOST_ROWS)
        cells = self._cells(element)
        first = self._number + 1
        self._number += repeated
        if any(cell.text for cell in cells):
            yield from (Row(number, cells) for number in range(first, first + repeated))

    def _cells(self, element: "_Element") -> list[Cell]:
        cells: list[Cell] = []
        for each in element:
            if each.tag not in _CELLS or len(cells) >= _MOST_COLUMNS:
                continue
            repeated = count(each.get(TABLE + "number-columns-repeated"), 1, _MOST_COLUMNS - len(cells))
            if each.tag == _CELLS[1]:
                cells += [_EMPTY] * repeated
                continue
            columns = count(each.get(TABLE + "number-columns-spanned"), 1, _MOST_COLUMNS - len(cells))
            rows = count(each.get(TABLE + "number-rows-spanned"), 1, _MOST_ROWS)
            if columns > 1 or rows > 1:
                top, left = self._number + 1, len(cells)
                merge = Merge(top, left, top + rows - 1, left + columns - 1)
                self.merges.setdefault(top, []).append(merge)
            cells += [self._read(each)] * repeated
        return cells
