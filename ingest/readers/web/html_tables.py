"""HTML tables: their cells with spans of rows and columns, as one text a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from ingest.readers.assemble import Piece
from ingest.readers.table_heads import head_rows, title_rows
from ingest.readers.tables import ACROSS, cell_text, rows

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

CELLS = frozenset({"td", "th"})
_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_NO_DATA_ROLES = frozenset({"presentation", "none"})
# A table whose cell is longer, or has more blocks, arranges a page. With head cells it may be longer, but not endless,
# because a row is quoted whole.
_LONGEST_CELL, _LONGEST_UNDER_HEAD = 1_000, 4_000  # characters
_MOST_BLOCKS = 3
# Spans can make a table of gigabytes from a small page.
_MOST_CELLS = 1_000_000
_MOST_REPEATED = 4_000_000  # characters
_WIDEST = 1_000  # columns of a cell, as in browsers


@dataclass(slots=True)
class Cell:
    """A cell: its pieces, its spans, whether it is a head cell, and whether all of its text is bold."""

    rows: int = 1
    columns: int = 1
    head: bool = False
    bold: bool = True
    pieces: list[Piece] = field(default_factory=list)
    text: str = ""

    def end(self) -> None:
        """Take the text from the pieces, once there are all of them."""
        self.text = cell_text(self.pieces)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and the part of the table (head, body, foot) that it belongs to."""

    cells: list[Cell]
    part: int
    in_head: bool

    @property
    def names_columns(self) -> bool:
        """Whether all cells are head cells, save an empty corner, or the row is in the table's head."""
        if not any(cell.text for cell in self.cells):
            return False
        return self.in_head or all(cell.head or not (number or cell.text) for number, cell in enumerate(self.cells))

    @property
    def is_bold(self) -> bool:
        """Whether there is text, and all of it is bold."""
        return {cell.bold for cell in self.cells if cell.text} == {True}


def is_table(table: "HtmlElement", *, arranges: bool) -> bool:
    """Return whether a table may contain data; one that contains headings or tables does so only with head cells."""
    if (table.get("role") or "").lower() in _NO_DATA_ROLES:
        return False
    widths, heads = 0, 0
    for row in _rows(table):
        tags = [cell.tag for cell in row if cell.tag in CELLS]
        widths = max(widths, len(tags))
        heads += tags.count("th")
    return widths > 1 and (not arranges or heads > 0)


def table_of(row: "HtmlElement") -> "HtmlElement | None":
    """Return the table of a row; None for what is no row, or stands outside of a table."""
    parent = row.getparent()
    if parent is not None and parent.tag in _GROUPS:
        parent = parent.getparent()
    return parent if row.tag == "tr" and parent is not None and parent.tag == "table" else None


def _rows(table: "HtmlElement") -> Iterator["HtmlElement"]:
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in _GROUPS:
            yield from (row for row in child if row.tag == "tr")


def new_cell(element: "HtmlElement") -> Cell:
    """Return the empty cell of a `td` or `th`; a rowspan of 0 reaches to the end of the table's part."""
    rowspan = _number(element.get("rowspan"))
    columns = min(_WIDEST, max(1, _number(element.get("colspan"))))
    return Cell(rows=rowspan if rowspan > 0 else _MOST_CELLS, columns=columns, head=element.tag == "th")


def _number(value: str | None) -> int:
    stripped = (value or "").strip()
    if stripped.isascii() and stripped.isdigit() and len(stripped) < 6:
        return int(stripped)
    return 1


class Table:
    """A table that is being read."""

    def __init__(self) -> None:
        """Start without rows."""
        self.rows: list[Row] = []
        self.cell: Cell | None = None
        self._part: HtmlElement | None = None
        self._parts = 0

    def start_row(self, row: "HtmlElement") -> None:
        """Start a row, which must be the table's own."""
        part = row.getparent()
        if part is not self._part:
            self._part = part
            self._parts += 1
        in_head = part is not None and part.tag == "thead"
        self.rows.append(Row([], self._parts, in_head))

    def start_cell(self, element: "HtmlElement") -> None:
        """Start a cell of the last row."""
        self.cell = new_cell(element)
        self.rows[-1].cells.append(self.cell)

    def end_cell(self) -> None:
        """End the cell."""
        if self.cell is not None:
            self.cell.end()
        self.cell = None

    @property
    def has_heads(self) -> bool:
        """Whether the table has a head cell."""
        return any(cell.head for row in self.rows for cell in row.cells)

    def texts(self) -> list[str] | None:
        """Return one text a row, in order, with every value under its own head; None if the table arranges a page."""
        cells = [cell for row in self.rows for cell in row.cells]
        longest = _LONGEST_UNDER_HEAD if self.has_heads else _LONGEST_CELL
        if any(len(cell.text) > longest for cell in cells):
            return None
        if not self.has_heads and any(len(cell.pieces) > _MOST_BLOCKS for cell in cells):
            return None
        if _size(self.rows) > _MOST_CELLS or _repeated(self.rows) > _MOST_REPEATED:
            return None
        filled = _filled(self.rows)
        return [text for text in _texts(self.rows, filled) if text]


def _size(rows: Sequence[Row]) -> int:
    """Return at least the number of cells once spans are filled in."""
    below = len(rows)
    return sum(cell.columns * min(cell.rows, below) for row in rows for cell in row.cells)


def _repeated(rows: Sequence[Row]) -> int:
    """Return at least the number of characters that spans over rows repeat."""
    below = len(rows)
    return sum(len(cell.text) * (min(cell.rows, below) - 1) for row in rows for cell in row.cells)


def _filled(rows: Sequence[Row]) -> list[list[str]]:
    """Return the grid: a cell over several rows is repeated, the rest of one over several columns is ACROSS."""
    grid = []
    for _, part in groupby(rows, key=lambda row: row.part):
        hanging: dict[int, tuple[str, int]] = {}  # column: its text and the number of rows that it still reaches down
        for row in part:
            line: list[str] = []
            following: dict[int, tuple[str, int]] = {}
            for cell in row.cells:
                _hang(line, hanging, following)
                for text in (cell.text, *[ACROSS] * (cell.columns - 1)):
                    if cell.rows > 1:
                        following[len(line)] = (text, cell.rows - 1)
                    line.append(text)
            while hanging and len(line) <= max(hanging):
                _hang(line, hanging, following)
                line += [""] if hanging and len(line) < max(hanging) else []
            hanging = following
            grid.append(line)
    return grid


def _hang(line: list[str], hanging: dict[int, tuple[str, int]], following: dict[int, tuple[str, int]]) -> None:
    """Add the cells of rows above that reach down into the next columns of a row."""
    while (column := len(line)) in hanging:
        text, left = hanging.pop(column)
        if left > 1:
            following[column] = (text, left - 1)
        line.append(text)


def _texts(table: Sequence[Row], grid: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the text of each row; a table without a head row may have one that is set in bold."""
    if any(row.names_columns for row in table):
        for heads, body in _sections(table, grid):
            yield from rows([*heads, *body], len(heads))
        return
    titles = title_rows(grid)
    count = head_rows(grid[titles:], [row.is_bold for row in table[titles:]])
    yield from rows(grid[:titles], 0)
    yield from rows(grid[titles:] if count else _without_empty_columns(grid[titles:]), count)


def _without_empty_columns(grid: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the grid without the columns that are empty in all rows, which only keep distance."""
    used = {column for line in grid for column, text in enumerate(line) if text not in ("", ACROSS)}
    return [[text for column, text in enumerate(line) if column in used] for line in grid]


def _sections(
    table: Sequence[Row], grid: Sequence[Sequence[str]]
) -> Iterator[tuple[list[Sequence[str]], list[Sequence[str]]]]:
    """Yield the parts of a table that have head rows of their own: these, and the rows below them."""
    heads: list[Sequence[str]] = []
    body: list[Sequence[str]] = []
    for row, line in zip(table, grid, strict=True):
        is_whole = all(text == ACROSS for text in line[1:])  # names the rows below it, not the columns
        if row.names_columns and not is_whole:
            if body:
                yield heads, body
                heads, body = [], []
            heads.append(line)
        else:
            body.append(line)
    yield heads, body
