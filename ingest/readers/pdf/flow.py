"""The text of a PDF page in reading order: columns of lines, and tables at their places."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from ingest.readers.pdf.layout import Region, regions
from ingest.readers.pdf.lines import Line, line, rows_of
from ingest.readers.pdf.page import Piece, Sheet
from ingest.readers.pdf.rules import across
from ingest.readers.pdf.tables import Grid, aligned, ruled

_DEEPEST = 6  # columns inside columns
_TITLE = 2  # bands
_TALL = 0.62  # as in pdf_layout: the height of a band, of the size
_MARK = re.compile(r"\d{1,2}|[*†‡§¶]{1,3}|[a-z]")
_SMALLER = 0.95  # times the usual size: notes
_NOTES_FROM = 0.4  # of the page's height

Column = tuple[Line, ...]


def flow(sheet: Sheet) -> Iterator[Column | Grid]:
    """Yield the columns and tables of a sheet in reading order."""
    marks = note_marks(sheet)
    grids = {f"\0{number}": grid for number, grid in enumerate(ruled(sheet, marks))}
    pieces = _outside(sheet.pieces, list(grids.values()))
    pieces += [_stand_in(name, grid) for name, grid in grids.items()]
    yield from _Flow(sheet, marks, grids).ordered(pieces, 0)


def note_marks(sheet: Sheet) -> frozenset[str]:
    """Return the marks that notes at the foot of a page begin with."""
    sizes: Counter[float] = Counter()
    for piece in sheet.pieces:
        sizes[piece.size] += len(piece.text)
    usual = max(sizes, key=lambda size: sizes[size], default=0.0)
    low = _NOTES_FROM * sheet.frame.upright_height
    found = set()
    before: Piece | None = None
    for piece, following in zip(sheet.pieces, sheet.pieces[1:], strict=False):
        begins = before is None or abs(before.base - piece.base) > piece.size or before.right > piece.right
        before = piece
        if not begins or piece.base < low or not _MARK.fullmatch(piece.text):
            continue
        near = 0 <= following.left - piece.right + 1 < 2.5 * following.size and following.size < _SMALLER * usual
        raised = piece.size < _SMALLER * following.size and piece.base < following.base
        if near and abs(following.base - piece.base) < 0.6 * following.size and (raised or piece.text.isdigit()):
            found.add(piece.text)
    return frozenset(found)


def _outside(pieces: Sequence[Piece], grids: Sequence[Grid]) -> list[Piece]:
    """Return the pieces that are in no table."""
    kept = list(pieces)
    for grid in grids:
        left, top, right, bottom = grid.box
        kept = [
            piece
            for piece in kept
            if not (left < (piece.left + piece.right) / 2 < right and top < (piece.top + piece.bottom) / 2 < bottom)
        ]
    return kept


def _stand_in(name: str, grid: Grid) -> Piece:
    """Return a piece that takes a table's place on the page."""
    left, top, right, bottom = grid.box
    return Piece(name, left, top, right, bottom, bottom, (bottom - top) / _TALL)


class _Flow:
    """The reading order of one sheet."""

    def __init__(self, sheet: Sheet, marks: frozenset[str], grids: dict[str, Grid]) -> None:
        self._sheet = sheet
        self._marks = marks
        self._grids = grids
        self._rules = across(sheet)

    def ordered(self, pieces: Sequence[Piece], depth: int) -> Iterator[Column | Grid]:
        for region in regions(pieces):
            if not region.gutters or depth >= _DEEPEST:
                yield from self._column([piece for band in region.bands for piece in band.pieces])
                continue
            above, core, below = _core(region)
            grid = None
            if not any(piece.text in self._grids for band in core.bands for piece in band.pieces):
                grid = aligned(core, self._sheet, self._rules, self._marks)
            if grid:
                yield from self._column(above)
                yield grid
                yield from self._column(below)
                continue
            title, rest = _title(region)
            yield from self._column(title)
            for column in rest.columns():
                yield from self.ordered(column, depth + 1)

    def _column(self, pieces: Sequence[Piece]) -> Iterator[Column | Grid]:
        """Yield one column, in parts if there are tables in it."""
        tables = sorted((piece for piece in pieces if piece.text in self._grids), key=lambda piece: piece.top)
        rest = [piece for piece in pieces if piece.text not in self._grids]
        for table in tables:
            middle = (table.top + table.bottom) / 2
            yield from self._lines([piece for piece in rest if piece.base < middle])
            rest = [piece for piece in rest if piece.base >= middle]
            yield self._grids[table.text]
        yield from self._lines(rest)

    def _lines(self, pieces: Sequence[Piece]) -> Iterator[Column]:
        if pieces:
            yield tuple(line(row, self._sheet.frame, self._marks) for row in rows_of(pieces))


def _title(region: Region) -> tuple[list[Piece], Region]:
    """Return a title in the middle that happens to be right of the first gutter, and the columns below it."""
    middle = sum(region.gutters[0]) / 2
    count = 0
    while count < _TITLE and all(piece.left > middle for piece in region.bands[count].pieces):
        count += 1
    above = region.bands[:count]
    pieces = [piece for band in above for piece in band.pieces]
    usual = median(piece.size for band in region.bands for piece in band.pieces)
    if not pieces or min(piece.size for piece in pieces) <= usual:
        return [], region
    return pieces, Region(region.bands[count:], region.gutters)


def _core(region: Region) -> tuple[list[Piece], Region, list[Piece]]:
    """Return what stands above a possible table, the table, and what stands below: bands with text in one column."""
    middles = [sum(gap) / 2 for gap in region.gutters]

    def is_single(number: int) -> bool:
        band = region.bands[number]
        return len({sum(piece.left > middle for middle in middles) for piece in band.pieces}) < 2

    start, end = 0, len(region.bands)
    while start < end and is_single(start):
        start += 1
    while end > start and is_single(end - 1) and sum(not piece.glued for piece in region.bands[end - 1].pieces) > 3:
        end -= 1
    above = [piece for band in region.bands[:start] for piece in band.pieces]
    below = [piece for band in region.bands[end:] for piece in band.pieces]
    return above, Region(region.bands[start:end], region.gutters), below
