"""CSV and TSV: each row below its number, each value with the name of its column."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePosixPath

from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.data.csv_heads import Head, begins_table, filled, find_head, has_groups
from ingest.readers.data.csv_rows import CsvLines, CsvRow, csv_lines
from ingest.readers.data.records import Record, limited, record_pieces
from ingest.readers.encoding import decode
from ingest.readers.source import BOM, stem_title
from ingest.readers.tables import rows as table_rows
from ingest.schema import Document

_LOOKED_AT = 30  # rows, to find the head
_EMPTY = "–"
_FEW_COLUMNS = 2  # in wider tables, a row with only its first cell is a remark or names the rows below it


def read(data: bytes, source: str) -> Document:
    """Return the rows of a CSV or TSV file; titles above the head are text, further tables have their own heads.

    A row with more cells than the head is given without names, since it is
    uncertain which belong to which. Where a group is named only in its first
    row, the others have its name in square brackets.

    Raises:
        SourceUnreadable: the file is not text, or becomes too large.
    """
    decoded = decode(data, source)
    table = _Table(csv_lines(decoded.text.removeprefix(BOM), tabbed=PurePosixPath(source).suffix.lower() == ".tsv"))
    assembled = assemble(limited(table.pieces(), source))
    note = "; ".join(filter(None, (decoded.note, *table.notes())))
    return extracted(data, source, stem_title(source), assembled, note)


@dataclass(slots=True)
class _Table:
    """The lines of a file, and what was odd about the rows read so far."""

    lines: CsvLines
    strays: int = 0
    overlong: int = 0
    group: str = ""

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows."""
        rows = (row for row in self.lines.rows() if filled(row))
        waiting = deque(islice(rows, _LOOKED_AT))
        head: Head | None = None
        grouped, last = False, 0
        while waiting:
            if head is None or (waiting[0].number > last + 1 and begins_table(list(waiting), head)):
                head = find_head(list(waiting))
                for _ in range(head.titles):
                    yield from _title(waiting.popleft())
                if head.names and len(waiting) > 1:
                    above = waiting.popleft().number
                    grouped = last == 0 and has_groups(self._after(above), len(head.names))
                else:
                    head = replace(head, names=[])
                waiting.extend(islice(rows, _LOOKED_AT - len(waiting)))
            row = waiting.popleft()
            waiting.extend(islice(rows, 1))
            yield Piece(f"Row {row.number}", level=1)
            yield from record_pieces(self._record(row, head.names, grouped=grouped))
            last = row.number

    def notes(self) -> Iterator[str]:
        """Yield what is uncertain about the rows."""
        if self.strays:
            yield f"each line with a stray quotation mark was read as one row ({self.strays:,})"
        if self.overlong:
            yield f"rows with more cells than the head were read without its names ({self.overlong:,})"
        if self.group:
            yield "names in square brackets are those of the nearest row above that has one"

    def _after(self, number: int) -> Iterator[CsvRow]:
        return (row for row in self.lines.rows() if row.number > number and filled(row))

    def _record(self, row: CsvRow, names: Sequence[str], *, grouped: bool) -> Record:
        self.strays += row.stray
        is_wide = any(cell.strip() for cell in row.cells[len(names) :])
        self.overlong += bool(names) and is_wide
        unsure = row.stray and len(row.cells) != len(names)
        remark = len(names) > _FEW_COLUMNS and filled(row) == 1 and bool(row.cells[0].strip())
        if not names or is_wide or unsure:
            return [("", cell if cell.strip() else _EMPTY) for cell in _trimmed(row.cells)]
        if remark:
            return [("", row.cells[0])]
        cells = list(row.cells)
        if grouped:
            self.group = cells[0].strip() or self.group
            cells[0] = cells[0] if cells[0].strip() else f"[{self.group}]"
        return list(zip(names, cells, strict=False))


def _title(row: CsvRow) -> Iterator[Piece]:
    yield Piece(f"Row {row.number}", level=1)
    yield Piece(table_rows(([cell for cell in row.cells if cell.strip()],), heads=0)[0])


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Return the cells without blank ones at the end."""
    last = max((number for number, cell in enumerate(cells) if cell.strip()), default=-1)
    return [clean(cell) for cell in cells[: last + 1]]
