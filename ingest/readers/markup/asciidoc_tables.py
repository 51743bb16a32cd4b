"""AsciiDoc tables: cells begin with a bar, which may state how many columns and rows they span."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence

from ingest.readers.assemble import Piece
from ingest.readers.web.html_tables import Cell, Row, Table

_LONGEST_CELL = 131_072  # characters of a cell in a table of comma-separated values
_MOST_COLUMNS = 1_000
_COLUMNS = re.compile(r"""\bcols\s*=\s*(?:"([^"]*)"|([\w*<>^.]+))""")
_REPEATED = re.compile(r"(\d{1,3})\*")
_HEADER = re.compile(r"""%header|\boptions?\s*=\s*"?[^"\]]*\bheader\b|\bopts\s*=\s*"?[^"\]]*\bheader\b""")
_NO_HEADER = re.compile(r"%noheader|\bnoheader\b")
_BAR = re.compile(
    r"(?:(?:^|(?<=\s))(?:(?P<times>\d{1,3})\*|(?P<columns>\d{1,3})?(?:\.(?P<rows>\d{1,3}))?\+)?"
    r"(?:[<^>](?:\.[<^>])?|\.[<^>])?(?P<style>[adehlmsv])?)?\|",
    re.MULTILINE,
)
_ESCAPED = "\0"  # stands for an escaped bar; a text contains no NUL


def table_pieces(lines: Sequence[str], attributes: str, inline: Callable[[str], str]) -> list[Piece]:
    """Return one piece a row.

    Args:
        lines: the lines between the table's delimiters.
        attributes: the line of attributes above it, or "".
        inline: gives the text of a cell without its marks.
    """
    cells = list(_cells("\n".join(lines).replace("\\|", _ESCAPED), inline))
    columns = _stated_columns(attributes) or _columns_of_first_line(lines)
    has_head = bool(_HEADER.search(attributes)) or _is_head_implied(lines, attributes, columns)
    return _pieces(_rows(cells, max(1, columns), has_head))


def separated_pieces(
    lines: Sequence[str], attributes: str, inline: Callable[[str], str], separator: str
) -> list[Piece]:
    """Return one piece a row of a table whose values are parted by commas, colons or tabs."""
    has_head = bool(_HEADER.search(attributes)) or (len(lines) > 1 and not lines[1].strip())
    filled = [line for line in lines if line.strip()]
    csv.field_size_limit(_LONGEST_CELL)  # for the whole process, and CSV files have another one
    try:
        rows = [row for row in csv.reader(filled, delimiter=separator) if row]
    except csv.Error:  # an unclosed quotation mark over more than _LONGEST_CELL characters
        rows = [line.split(separator) for line in filled]
    table = [
        Row([_cell(inline(text), head=has_head and not number) for text in row], 0, has_head and not number)
        for number, row in enumerate(rows)
    ]
    return _pieces(table)


def _pieces(rows: Sequence[Row]) -> list[Piece]:
    table = Table()
    table.rows.extend(rows)
    texts = table.texts()
    if texts is None:
        return [piece for row in rows for cell in row.cells for piece in cell.pieces]
    return [Piece(text, kind="row") for text in texts]


def _cell(text: str, *, head: bool, columns: int = 1, rows: int = 1) -> Cell:
    cell = Cell(rows, columns, head, bold=False, pieces=[Piece(text)] if text else [])
    cell.end()
    return cell


def _cells(text: str, inline: Callable[[str], str]) -> Iterator[tuple[str, int, int, int, bool]]:
    """Yield each cell: its text, how often it stands there, its columns and rows, and whether it is a head."""
    bars = list(_BAR.finditer(text))
    for number, bar in enumerate(bars):
        end = bars[number + 1].start() if number + 1 < len(bars) else len(text)
        shown = inline(text[bar.end() : end].replace(_ESCAPED, "|").strip()).replace("\n", " ")
        times, columns, rows = (int(bar[name] or 1) for name in ("times", "columns", "rows"))
        yield shown, times, min(columns, _MOST_COLUMNS), rows, bar["style"] == "h"


def _rows(cells: Sequence[tuple[str, int, int, int, bool]], columns: int, has_head: bool) -> list[Row]:
    """Return the rows that cells fill in order; cells that span rows leave less room in those below."""
    rows: list[Row] = []
    taken = [0] * columns  # for each column, the number of rows that a cell still reaches down
    line: list[Cell] = []
    at = 0
    for text, times, width, height, is_head in cells:
        for _ in range(times):
            while at < columns and taken[at]:
                at += 1
            line.append(_cell(text, head=is_head or (has_head and not rows), columns=width, rows=height))
            for column in range(at, min(columns, at + width)):
                taken[column] = height
            at += width
            while at < columns and taken[at]:
                at += 1
            if at >= columns:
                rows.append(Row(line, 0, has_head and not rows))
                taken = [max(0, left - 1) for left in taken]
                line, at = [], 0
    return [*rows, Row(line, 0, False)] if line else rows


def _stated_columns(attributes: str) -> int:
    match = _COLUMNS.search(attributes)
    if not match:
        return 0
    columns = 0
    for part in (match[1] or match[2] or "").split(","):
        repeated = _REPEATED.match(part.strip())
        columns += int(repeated[1]) if repeated else int(part.strip()) if match[2] and part.strip().isdigit() else 1
    return min(columns, _MOST_COLUMNS)


def _columns_of_first_line(lines: Sequence[str]) -> int:
    """Return the number of columns that the cells of the first line fill."""
    first = next((line for line in lines if line.strip()), "").replace("\\|", _ESCAPED)
    return sum(int(bar["times"] or 1) * int(bar["columns"] or 1) for bar in _BAR.finditer(first))


def _is_head_implied(lines: Sequence[str], attributes: str, columns: int) -> bool:
    """Return whether the first line holds the whole first row, and a blank line follows it."""
    if _NO_HEADER.search(attributes) or len(lines) < 3 or not lines[0].strip() or lines[1].strip():
        return False
    return _columns_of_first_line(lines[:1]) == columns
