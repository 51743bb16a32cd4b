"""Parts the lines of CSV and TSV files into rows of cells; a stray quote mark costs its own line at most."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypedDict

_DELIMITERS = "\t;|,"  # those rarer in prose come first
_NO_DELIMITER = "\x1f"  # for a table with a single column
_SAMPLE_ROWS = 20
# Characters: a quoted cell may be a whole text. The library's limit is 131,072.
_LONGEST_CELL = 1_000_000
# From this number on, a file's quote marks are taken for plain characters: looking for the end of each would take
# quadratic time.
_MOST_STRAYS = 20
_LEAST_ROWS = 3  # below titles that are narrower than the table
_EVEN = 0.75  # the least share of these rows that are as wide as one beside them
_PARTED = re.compile(r",\S")  # as between cells; in prose a space follows
_STATED = re.compile(r"sep=([^\w\s]|\t)")


class _Dialect(TypedDict):
    delimiter: str
    skipinitialspace: bool


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row: its number in the file as spreadsheets count, its cells, and whether a stray quote mark was in it."""

    number: int
    cells: list[str]
    stray: bool = False


@dataclass(frozen=True, slots=True)
class CsvLines:
    """The lines of a table, the character between its cells and the usual number of cells."""

    lines: Sequence[str]
    delimiter: str
    width: int

    def rows(self) -> Iterator[CsvRow]:
        """Yield all rows, blank ones included."""
        csv.field_size_limit(_LONGEST_CELL)
        at = number = strays = 0
        while at < len(self.lines):
            number += 1
            taken, cells = 1, None
            if '"' not in self.lines[at]:
                yield CsvRow(number, self.lines[at].split(self.delimiter))
            else:
                if strays < _MOST_STRAYS:
                    taken, cells = self._quoted(at)
                strays += cells is None
                yield CsvRow(number, cells or self._unquoted(self.lines[at]), stray=cells is None)
            at += taken

    def _quoted(self, at: int) -> tuple[int, list[str] | None]:
        """Return the number of lines of the row at a line, and its cells; None if a quote mark is astray."""
        reader = csv.reader(self._from(at), **_dialect(self.delimiter), strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            return 1, None
        taken = reader.line_num
        if taken > 1 and self._are_rows(self.lines[at : at + taken]):
            return 1, None
        return taken, cells

    def _from(self, at: int) -> Iterator[str]:
        for number in range(at, len(self.lines)):
            yield f"{self.lines[number]}\n"

    def _are_rows(self, lines: Sequence[str]) -> bool:
        """Return whether lines that a quoted cell seems to join are rows of their own; texts contain no tabs."""
        tabs = self.width - 1
        return self.delimiter == "\t" and tabs > 0 and all(line.count("\t") == tabs for line in lines)

    def _unquoted(self, line: str) -> list[str]:
        """Return the cells of a line with a stray quote mark, which is kept where the cells are as many as usual."""
        cells = line.split(self.delimiter)
        if len(cells) == self.width:
            return [_bare(cell) for cell in cells]
        return next(csv.reader([line], **_dialect(self.delimiter)), [])


def csv_lines(text: str, *, tabbed: bool) -> CsvLines:
    """Return the lines of a table; the delimiter is stated (`sep=;`), a tab, or the one that gives even rows."""
    lines = text.split("\n")
    stated = _STATED.fullmatch(lines[0].strip(" "))
    if stated:
        lines[0] = ""
    delimiter = stated[1] if stated else "\t" if tabbed else _delimiter(lines)
    counts = Counter(len(row) for row in _first_rows(lines, delimiter))
    return CsvLines(lines, delimiter, counts.most_common(1)[0][0] if counts else 1)


def _dialect(delimiter: str) -> _Dialect:
    """Return what the library needs to know; a quoted cell may follow a space after the delimiter."""
    return {"delimiter": delimiter, "skipinitialspace": delimiter != "\t"}


def _bare(cell: str) -> str:
    """Return a cell without the quote marks around it."""
    is_quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and cell.count('"') % 2 == 0
    return cell[1:-1].replace('""', '"') if is_quoted else cell


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that gives most of the first rows as many columns as the first row, or as each other."""
    best, delimiter = (0, 0), _NO_DELIMITER
    for candidate in _DELIMITERS:
        rows = _first_rows(lines, candidate)
        is_prose = not any(_PARTED.search(line.replace(candidate, ",")) for line in lines[:_SAMPLE_ROWS])
        score = max(_even_with_first(rows), (0, 0) if is_prose else _even_below_titles(rows)) if rows else (0, 0)
        if score[1] > 1 and score > best:
            best, delimiter = score, candidate
    return delimiter


def _even_with_first(rows: Sequence[list[str]]) -> tuple[int, int]:
    """Return the number of further rows as wide as the first, and its width."""
    width = len(rows[0])
    return sum(len(row) == width for row in rows[1:]), width


def _even_below_titles(rows: Sequence[list[str]]) -> tuple[int, int]:
    """Return how many rows are as wide as one beside them, and the usual width; (0, 0) if many are not."""
    widths = [len(row) for row in rows]
    first = next((number for number, width in enumerate(widths) if width > 1), len(widths))
    table = widths[first:]
    even = [
        width
        for before, width, after in zip([0, *table], table, [*table[1:], 0], strict=False)
        if width > 1 and width in (before, after)
    ]
    if len(even) < _LEAST_ROWS or len(even) < _EVEN * len(table):
        return 0, 0
    return len(even) - 1, Counter(even).most_common(1)[0][0]


def _first_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Return the first rows that are not blank, as the library reads them."""
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader((f"{line}\n" for line in lines), **_dialect(delimiter))
    try:
        return list(islice((row for row in rows if any(map(str.strip, row))), 1 + _SAMPLE_ROWS))
    except csv.Error:  # a cell is too long
        return []
