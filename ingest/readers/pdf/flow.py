"""The text of a PDF page in reading order: columns of lines, and tables at their places."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.readers.pdf.boxes import boxes_beside
from ingest.readers.pdf.layout import STAND_IN, Band, Region, regions
from ingest.readers.pdf.lines import HYPHENS, Line, line, rows_of
from ingest.readers.pdf.page import Piece, Sheet
from ingest.readers.pdf.paths import Box
from ingest.readers.pdf.rules import Lattice, across
from ingest.readers.pdf.table_rows import first
from ingest.readers.pdf.tables import Grid, aligned, ruled

_DEEPEST = 6  # columns inside columns
_TITLE = 2  # bands
_SAME_EDGE = 2.0  # points
_MIDDLE = 0.1  # share of a column's width, twice that its middle is off
_PARTING = 1.2  # times the size of the letters
_BLOCK = 3  # lines of each of its columns
_INSIDE = f"{HYPHENS},"  # of a sentence, at the end of a line
_PROSE_WORDS = 3  # of a line
_ROWS = 4  # of a table, or of a column of line numbers
_WORDS = 3  # in one cell, below a table
_LONG_NUMBER = 5  # digits
_LARGER = 1.15  # times the usual size: a title
_EDGE = 0.08  # of the page's height, where a head or foot of the page may be
_FEWEST_LINES = 4
_CLEAR = 1.5  # times the distance of the next lines: how far a head is above them, or a foot below
_CLEAREST = 14.0  # points, from baseline to baseline
_APART = 4.0  # times the size: the gap between its parts
_HEAD_CELLS = 3  # wide gaps; with so many, it is the head of a table
_TALL = 0.62  # as in pdf_layout: the height of a band, of the size
_MARK = re.compile(r"\d{1,2}|[*†‡§¶]{1,3}|[a-z]")
_SMALLER = 0.95  # times the usual size: notes
_NOTES_FROM = 0.4  # of the page's height

Column = tuple[Line, ...]


def flow(sheet: Sheet) -> Iterator[Column | Grid]:
    """Yield the columns and tables of a sheet in reading order."""
    marks = note_marks(sheet)
    tables, lattices = ruled(sheet, marks)
    found: dict[str, Grid | _Boxes] = {f"{STAND_IN}{number}": grid for number, grid in enumerate(tables)}
    pieces = _outside(sheet.pieces, tables)
    pieces += [_stand_in(name, each) for name, each in found.items()]

    def taken_out(boxes: _Boxes) -> list[Piece]:
        name = f"{STAND_IN}{len(found)}"
        found[name] = boxes
        return [*_outside(pieces, [boxes]), _stand_in(name, boxes)]

    for lattice in sorted(lattices, key=lambda each: each.box[3] - each.box[1]):  # one may be inside another
        pieces = taken_out(_boxes(lattice, pieces))
    for box in boxes_beside(sheet, pieces):
        pieces = taken_out(_Boxes((tuple(_inside(pieces, box)),), box, aside=True))
    head, body, foot = _edges(pieces, sheet.frame.upright_height)
    order = _Flow(sheet, marks, found)
    yield from order.lines(head)
    yield from order.ordered(body, 0)
    yield from order.lines(foot)


def _edges(pieces: Sequence[Piece], height: float) -> tuple[list[Piece], Sequence[Piece], list[Piece]]:
    """Return a line of several parts at the top of a page, what is between, and such a line at the foot.

    They are read across, whatever columns are between, and are empty where there is no such line.
    """
    bases = sorted({piece.base for piece in pieces})
    if len(bases) < _FEWEST_LINES:
        return [], pieces, []
    head: list[Piece] = []
    foot: list[Piece] = []
    if bases[0] < _EDGE * height and _is_clear(*bases[:3]):
        head = _parts_apart([piece for piece in pieces if piece.base == bases[0]])
    if bases[-1] > (1 - _EDGE) * height and _is_clear(*bases[:-4:-1]):
        foot = _parts_apart([piece for piece in pieces if piece.base == bases[-1]])
    usual = median(piece.size for piece in pieces) if head or foot else 0.0
    head, foot = ([] if row and row[0].size > _LARGER * usual else row for row in (head, foot))
    gone = set(map(id, (*head, *foot)))
    return head, [piece for piece in pieces if id(piece) not in gone] if gone else pieces, foot


def _is_clear(edge: float, inner: float, next_inner: float) -> bool:
    """Return whether the line at an edge is further from the next one than that is from the one after it."""
    return abs(inner - edge) > max(_CLEAR * abs(next_inner - inner), _CLEAREST)


def _parts_apart(row: list[Piece]) -> list[Piece]:
    """Return a row of pieces that a wide gap parts, and that are no heads of columns; else none."""
    row.sort(key=lambda piece: piece.left)
    wide = _APART * row[0].size
    gaps = sum(other.left - piece.right > wide for piece, other in pairwise(row))
    return row if 0 < gaps < _HEAD_CELLS and not all(piece.bold for piece in row) else []


@dataclass(frozen=True, slots=True)
class _Boxes:
    """Texts in ruled boxes, in reading order, and the box around them; `aside` if it stands beside other text."""

    texts: tuple[tuple[Piece, ...], ...]
    box: Box
    aside: bool = False


def _boxes(lattice: Lattice, pieces: Sequence[Piece]) -> _Boxes:
    areas = lattice.areas()
    texts: dict[int, list[Piece]] = defaultdict(list)
    for piece in _inside(pieces, lattice.box):
        row, column = lattice.cell((piece.left + piece.right) / 2, (piece.top + piece.bottom) / 2)
        texts[areas[row][column]].append(piece)
    return _Boxes(tuple(tuple(text) for _, text in sorted(texts.items())), lattice.box)


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


def _outside(pieces: Sequence[Piece], grids: Sequence[Grid | _Boxes]) -> list[Piece]:
    """Return the pieces that are in no table."""
    within = {id(piece) for grid in grids for piece in _inside(pieces, grid.box)}
    return [piece for piece in pieces if id(piece) not in within]


def _inside(pieces: Sequence[Piece], box: Box) -> list[Piece]:
    """Return the pieces whose middle is in a box."""
    left, top, right, bottom = box
    return [
        piece
        for piece in pieces
        if left < (piece.left + piece.right) / 2 < right and top < (piece.top + piece.bottom) / 2 < bottom
    ]


def _stand_in(name: str, grid: Grid | _Boxes) -> Piece:
    """Return a piece that takes a table's place on the page."""
    left, top, right, bottom = grid.box
    return Piece(name, left, top, right, bottom, bottom, (bottom - top) / _TALL)


class _Flow:
    """The reading order of one sheet."""

    def __init__(self, sheet: Sheet, marks: frozenset[str], grids: dict[str, Grid | _Boxes]) -> None:
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
            parts = _parts(region)
            if max(map(self._columns, parts), default=0) > (len(grid.rows[0]) if grid else 0):
                for part in parts:
                    yield from self.ordered(part, depth + 1)
                continue
            if grid:
                yield from self._column(above)
                yield grid
                yield from self._column(below)
                continue
            for block in self._blocks(region):
                title, rest = _title(block)
                yield from self._column(title)
                for column in rest.columns():
                    if not _are_line_numbers(column):
                        yield from self.ordered(column, depth + 1)

    def _blocks(self, region: Region) -> list[Region]:
        """Return the blocks of columns from top to bottom: the text of each goes on in its next column."""
        blocks = [Region((), region.gutters)]
        for band in region.bands:
            last = blocks[-1]
            if last.bands and self._are_apart(last, band, region):
                blocks.append(Region((band,), region.gutters))
            else:
                blocks[-1] = Region((*last.bands, band), region.gutters)
        return blocks

    def _are_apart(self, upper: Region, following: Band, region: Region) -> bool:
        """Return whether a block of columns ends above a band: a wide gap is between, and the text goes on beside."""
        size = max(piece.size for piece in upper.bands[-1].pieces)
        if len(region.gutters) > 1 or following.top - upper.bands[-1].bottom < _PARTING * size:
            return False
        left, right = upper.columns()
        if not (_is_prose(left) and _is_prose(right) and _goes_on(left, right)):
            return False
        at = region.bands.index(following)
        below = Region(region.bands[at:], region.gutters).columns()[0]
        return bool(below) and not _goes_on(left, below)

    def _columns(self, pieces: Sequence[Piece]) -> int:
        """Return the number of columns of a part of a region that is one table of several rows; 0 if it is none."""
        found = list(regions(pieces))
        if len(found) != 1 or not found[0].gutters:
            return 0
        grid = aligned(_core(found[0])[1], self._sheet, self._rules, self._marks)
        return len(grid.rows[0]) if grid and len(grid.rows) - grid.heads >= _ROWS and len(grid.rows[0]) > 2 else 0

    def _column(self, pieces: Sequence[Piece]) -> Iterator[Column | Grid]:
        """Yield one column, in parts if there are tables in it."""
        tables = sorted((piece for piece in pieces if piece.text in self._grids), key=lambda piece: piece.top)
        rest = [piece for piece in pieces if piece.text not in self._grids]
        for table in tables:
            middle = (table.top + table.bottom) / 2
            yield from self.lines([piece for piece in rest if piece.base < middle])
            rest = [piece for piece in rest if piece.base >= middle]
            found = self._grids[table.text]
            if isinstance(found, Grid):
                yield found
            else:
                for text in found.texts:
                    for each in self.ordered(text, 1):
                        yield _aside(each) if found.aside else each
        yield from self.lines(rest)

    def lines(self, pieces: Sequence[Piece]) -> Iterator[Column]:
        """Yield one column of lines; none if there are no pieces."""
        if pieces:
            yield tuple(line(row, self._sheet.frame, self._marks) for row in rows_of(pieces))


def _aside(found: Column | Grid) -> Column | Grid:
    """Return a column as one that no text before and after it belongs to."""
    return found if isinstance(found, Grid) else tuple(replace(line, aside=True) for line in found)


def _is_prose(column: Sequence[Piece]) -> bool:
    """Return whether a column has several lines of several words."""
    lines = len({round(piece.base) for piece in column})
    return lines >= _BLOCK and sum(not piece.glued for piece in column) > _PROSE_WORDS * lines


def _goes_on(column: Sequence[Piece], following: Sequence[Piece]) -> bool:
    """Return whether the last line of a column is full and within a sentence, which goes on in another column."""
    last = max(column, key=lambda piece: (round(piece.base), piece.left))
    full = last.right > max(piece.right for piece in column) - 2 * last.size
    inside = last.text[-1].isalpha() or last.text[-1] in _INSIDE
    return full and inside and first(tuple(following)).text[0].islower()


def _parts(region: Region) -> list[list[Piece]]:
    """Return the pieces of a region in parts that wide gaps over all columns divide; none if there are no such gaps."""
    parts: list[list[Piece]] = [[]]
    for band, following in pairwise((*region.bands, region.bands[-1])):
        parts[-1] += band.pieces
        if following.top - band.bottom > _PARTING * max(piece.size for piece in band.pieces):
            parts.append([])
    return parts if len(parts) > 1 else []


def _is_apart(found: Sequence[Band], middle: float) -> bool:
    """Return whether the last of two bands has more words than the end of a row, or is further down."""
    first = min(found[-1].pieces, key=lambda piece: piece.left)
    if first.left > middle and first.text[0].islower():
        return False  # a cell goes on
    words = sum(not piece.glued for piece in found[-1].pieces)
    size = max(piece.size for piece in found[-1].pieces)
    return words > _WORDS or (len(found) > 1 and found[1].top - found[0].bottom > _PARTING * size)


def _are_line_numbers(column: Sequence[Piece]) -> bool:
    """Return whether a column counts the lines beside it."""
    ordered = sorted(column, key=lambda piece: piece.base)
    numbers = [int(piece.text) for piece in ordered if piece.text.isdecimal() and len(piece.text) < _LONG_NUMBER]
    return len(numbers) == len(column) >= _ROWS and all(next_ == one + 1 for one, next_ in pairwise(numbers))


def _title(region: Region) -> tuple[list[Piece], Region]:
    """Return a title in the middle that happens to be right of the first gutter, and the columns below it."""
    middle = sum(region.gutters[0]) / 2
    count = 0
    while count < _TITLE and all(piece.left > middle for piece in region.bands[count].pieces):
        count += 1
    above = region.bands[:count]
    pieces = [piece for band in above for piece in band.pieces]
    below = [piece for piece in region.bands[count].pieces if piece.left > middle] if count < len(region.bands) else []
    if pieces and below and abs(min(p.left for p in pieces) - min(p.left for p in below)) < _SAME_EDGE:
        return [], region  # the first lines of the right column
    usual = median(piece.size for band in region.bands for piece in band.pieces)
    if pieces and _is_over(
        pieces, [piece for band in region.bands[count:] for piece in band.pieces if piece.left > middle]
    ):
        return [], region
    if not pieces or min(piece.size for piece in pieces) <= usual:
        return [], region
    return pieces, Region(region.bands[count:], region.gutters)


def _is_over(title: Sequence[Piece], column: Sequence[Piece]) -> bool:
    """Return whether a title is in the middle over a column."""
    if not column:
        return False
    left, right = min(piece.left for piece in column), max(piece.right for piece in column)
    start, end = min(piece.left for piece in title), max(piece.right for piece in title)
    return left <= start and end <= right and abs(left + right - start - end) < _MIDDLE * (right - left)


def _core(region: Region) -> tuple[list[Piece], Region, list[Piece]]:
    """Return what stands above a possible table, the table, and what stands below: bands with text in one column."""
    middles = [sum(gap) / 2 for gap in region.gutters]

    def is_single(number: int) -> bool:
        band = region.bands[number]
        return len({sum(piece.left > middle for middle in middles) for piece in band.pieces}) < 2

    start, end = 0, len(region.bands)
    while start < end and is_single(start):
        start += 1
    while end > start and is_single(end - 1) and _is_apart(region.bands[end - 2 : end], middles[0]):
        end -= 1
    above = [piece for band in region.bands[:start] for piece in band.pieces]
    below = [piece for band in region.bands[end:] for piece in band.pieces]
    return above, Region(region.bands[start:end], region.gutters), below
