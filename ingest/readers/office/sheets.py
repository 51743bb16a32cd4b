"""Turns the rows of spreadsheets into pieces: each row below its number, each value with its head."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece
from ingest.readers.office.sheet_heads import Row, head_place
from ingest.readers.tables import column_names, row_text

_LOOKED_AT = 30  # rows, to find the head
# Characters: each value repeats its head, so a small table with long heads becomes a large text.
_LARGEST_TEXT = 50_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, its rows in order, the heads that it states, and its comments.

    `heads` are the numbers of rows that are heads, each with the last row that it is the head of.
    """

    name: str
    rows: Iterable[Row]
    heads: Mapping[int, int] = field(default_factory=dict)
    comments: Sequence[str] = field(default=())


def sheet_pieces(sheets: Iterable[Sheet], source: str) -> Iterator[Piece]:
    """Yield each sheet's name and its rows, each below `Row 12`.

    Raises:
        SourceUnreadable: the text becomes too large.
    """
    size = 0
    for sheet in sheets:
        for number, piece in enumerate(_pieces(sheet)):
            if not number:
                yield Piece(sheet.name, level=1)
            size += len(piece.text)
            if size > _LARGEST_TEXT:
                what = f"becomes more than {_LARGEST_TEXT:,} characters with the heads of its columns"
                raise SourceUnreadable(what, source, "shorten the heads or split it")
            yield piece


def _pieces(sheet: Sheet) -> Iterator[Piece]:
    """Yield the rows of a sheet, then its comments."""
    filled = (row for row in sheet.rows if row.has_text)
    waiting = deque(islice(filled, _LOOKED_AT))
    names: list[str] = []
    head, before, last = range(0), None, 0
    while waiting:
        row = waiting[0]
        last = sheet.heads.get(row.number, last)
        after_gap = before is not None and row.number > before.number + 1 and before.number not in head
        if before is None or row.number in sheet.heads or (after_gap and row.number > last):
            found = head_place(list(waiting), sheet.heads.keys())
            if found:
                head = range(found[0].number, found[-1].number + 1)
                names = column_names([each.texts for each in found])
            elif before is not None and not row.is_like(before):
                names = []
        waiting.popleft()
        waiting.extend(islice(filled, 1))
        before = row
        if row.number not in head:
            above = row.number < head.start
            width = max(at for at, cell in enumerate(row.cells) if cell.text) + 1
            yield Piece(f"Row {row.number}", level=2)
            yield Piece(row_text(row.texts[:width], () if above else names), kind="row")
    yield from (Piece(comment) for comment in sheet.comments)
