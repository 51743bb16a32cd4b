"""Tables of a PDF page: those with ruled cells, and those whose cells merely stand below each other."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.readers.pdf.layout import Band, Gap, Region, bands, gaps_between
from ingest.readers.pdf.lines import Word, line, rows_of
from ingest.readers.pdf.page import Frame, Piece, Sheet
from ingest.readers.pdf.paths import Box
from ingest.readers.pdf.rules import Lattice, Rule, lattices
from ingest.readers.pdf.table_rows import Cell, begins, first, joined_rows, labelled_rows, row_gaps, separators
from ingest.readers.table_heads import head_rows, title_rows
from ingest.readers.tables import ACROSS

_LONGEST_CELL = 600  # characters; a box with more is no cell
_FILLED = 0.3  # share of the rows in which a column holds text
_SMALL = 0.87  # of the size: smaller text may be raised
_FULLEST = 0.5  # share of the cells of a table that hold text, at least
_ALIGNED = 0.7  # share of the rows whose cells have one baseline
_LOWER = 0.2  # share of the lines that begin in lower case, from which they are prose
_FEW_WORDS = 3.0  # of a line in a column of names
_NUMERIC = 0.25  # share of the cells that hold numbers
_CROSSED = 0.03  # share of the words that lines go through; with more, they are a drawing
_WHOLE = 0.75  # share of the lines between columns
_TALLEST = 12  # lines of a row
_TEXT = 3  # lines of a cell that is a text
_MOST_HEADS = 6  # bands
_WIDER = 0.7  # of the size: the same where heads above the columns leave no gap; more than a space of any font
_NARROW = 0.6  # of the size: the narrowest gap between columns
_WIDE = 1.5  # of the size: a gap that parts the values of two columns
_SLACK = 0.3  # of the size: how far a head may reach over the next column
_SPACE = 0.45  # of the size: a wider gap parts two heads
_LONGEST_NAME = 40  # characters of a head over several lines
_FEW_RULES = 3  # lines between rows: the first is below the heads
_SEVERAL = 4  # rows that are enough without numbers or ruled lines


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; a cell is None if the one to its left spans it, and holds the same words if one above does."""

    rows: tuple[tuple[tuple[Word, ...] | None, ...], ...]
    heads: int
    frame: Frame
    box: Box
    titles: tuple[tuple[Word, ...], ...] = ()

    def texts(self) -> list[list[str]]:
        """Return the cells as texts for `tables.rows`."""
        return [[ACROSS if cell is None else " ".join(word.text for word in cell) for cell in row] for row in self.rows]


def ruled(sheet: Sheet, marks: frozenset[str]) -> tuple[list[Grid], list[Lattice]]:
    """Return the tables whose cells are parted by ruled lines, from top to bottom, and boxes that hold long texts."""
    found = []
    boxes = []
    for lattice in lattices(sheet):
        own = [piece for piece in sheet.pieces if lattice.holds((piece.left, piece.top, piece.right, piece.bottom))]
        if sheet.drawn.shades:
            lattice = lattice.without_padding([(piece.left, piece.right) for piece in own])
        if sum(lattice.crosses(piece.box) for piece in own) > _CROSSED * len(own) or _parts_too_few(lattice, own):
            continue
        if len(lattice.ys) == 2:
            if _is_row_of_texts(lattice, own):
                boxes.append(lattice)
            continue
        rows = _ruled_rows(lattice, own)
        cells = {id(cell[0]): sum(len(piece.text) for piece in cell) for row in rows for cell in row if cell}
        places = {
            id(cell[0]) if cell else -number
            for number, cell in enumerate((c for row in rows for c in row), 1)
            if cell is not None
        }
        several = sum(sum(map(bool, row)) > 1 for row in rows) > 1
        if several and len(cells) >= _FULLEST * len(places):
            if max(cells.values()) <= _LONGEST_CELL:
                found.append(_grid(rows, sheet.frame, lattice.box, marks, 0 if _is_whole(lattice) else None))
            else:
                boxes.append(lattice)
    return found, boxes


def _by_column(lattice: Lattice, pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the pieces of each column of a lattice that holds some, whatever their rows."""
    columns: list[list[Piece]] = [[] for _ in lattice.xs[1:]]
    for piece in pieces:
        columns[lattice.cell((piece.left + piece.right) / 2, piece.base)[1]].append(piece)
    return [own for own in columns if own]


def _is_row_of_texts(lattice: Lattice, pieces: Sequence[Piece]) -> bool:
    """Return whether the only row of a lattice holds texts of several lines, as one that a page break has parted."""
    texts = [[tuple(band.pieces) for band in bands(own)] for own in _by_column(lattice, pieces)]
    long = [own for own in texts if len(own) >= _TEXT]
    return len(long) > 1 and all(map(_is_prose, long))


def _parts_too_few(lattice: Lattice, pieces: Sequence[Piece]) -> bool:
    """Return whether a column between ruled lines holds several columns of numbers, which only gaps part."""
    for own in _by_column(lattice, pieces):
        size = median(piece.size for piece in own)
        lines = bands(own)
        found = [band for band in lines if gaps_between([band], _WIDE * size)]
        numeric = sum(any(map(str.isdigit, piece.text)) for band in found for piece in band.pieces)
        words = sum(len(band.pieces) for band in found)
        if (
            len(found) >= max(_SEVERAL, len(lines) / 2)
            and numeric >= _NUMERIC * words
            and gaps_between(found, _NARROW * size)
        ):
            return True
    return False


def _is_whole(lattice: Lattice) -> bool:
    """Return whether ruled lines part all columns in most rows, so that heads are sure to be above their values."""
    rows, columns = len(lattice.ys) - 1, len(lattice.xs) - 2
    parted = sum(lattice.parts_columns(row, column) for row in range(rows) for column in range(columns))
    return parted >= _WHOLE * rows * columns


def _ruled_rows(lattice: Lattice, pieces: Sequence[Piece]) -> list[list[Cell | None]]:
    """Return the rows of a lattice that hold text, with what spans several repeated in each."""
    height, width = len(lattice.ys) - 1, len(lattice.xs) - 1
    cells: list[list[Cell]] = [[()] * width for _ in range(height)]
    for piece in pieces:
        row, column = lattice.cell((piece.left + piece.right) / 2, piece.base - piece.size / 3)
        cells[row][column] += (piece,)
    spanned = [_spanned(lattice, row, cells[row]) for row in range(height)]
    for own, hidden in zip(cells, spanned, strict=True):
        for column in range(width - 1, 0, -1):
            if hidden[column]:
                own[column - 1] += own[column]
                own[column] = ()
    for column in range(width):
        _fill_down(cells, column, [not lattice.parts_rows(row, column) for row in range(height - 1)])
    rows: list[list[Cell | None]] = []
    for texts, hidden in zip(cells, spanned, strict=True):
        if any(texts):
            row_cells: list[Cell | None] = [None if gone else text for text, gone in zip(texts, hidden, strict=True)]
            rows += _several(row_cells, few=height <= 2)
    return _without_empty_columns(rows)


def _spanned(lattice: Lattice, row: int, cells: Sequence[Cell]) -> list[bool]:
    """Return for each cell of a ruled row whether the one to its left spans it: no line is between, and no gap."""
    spanned = [False]
    end = max((piece.right for piece in cells[0]), default=None)
    for column in range(1, len(cells)):
        right = cells[column]
        parted = lattice.parts_columns(row, column - 1)
        if right and end is not None:
            parted = parted or min(piece.left for piece in right) - end > _NARROW * right[0].size
        if right:
            end = max(piece.right for piece in right)
        spanned.append(not parted)
    return spanned


def _fill_down(cells: list[list[Cell]], column: int, goes_on: Sequence[bool]) -> None:
    """Give all cells of a column that no line parts the same pieces."""
    start = 0
    for row in range(len(cells)):
        if row == len(goes_on) or not goes_on[row]:
            whole = tuple(piece for each in cells[start : row + 1] for piece in each[column])
            for each in cells[start : row + 1]:
                each[column] = whole
            start = row + 1


def _several(row: list[Cell | None], *, few: bool) -> list[list[Cell | None]]:
    """Return the rows inside one ruled row: several lines of full cells are rows without lines between them.

    `few` says that the table has hardly any ruled rows, so lines are rows unless they continue the one above.
    """
    parts = bands([piece for cell in row for piece in cell or ()])
    columns = sum(bool(cell) for cell in row)
    if len(parts) < 3 or columns < 2:
        return [row]
    lines: list[list[Cell]] = []
    for part in parts:
        own = set(map(id, part.pieces))
        lines.append([tuple(piece for piece in cell or () if id(piece) in own) for cell in row])
    full = all(sum(map(bool, each)) == columns for each in lines)
    lower = any(cell and first(cell).text[0].islower() for each in lines for cell in each)
    prose = any(map(_is_prose, zip(*lines, strict=True)))
    if prose or not (few or (full and not lower)):
        return [row]
    return [
        [None if hidden is None else cell for cell, hidden in zip(each, row, strict=True)]
        for each in joined_rows(lines, parts, ())
    ]


def _without_empty_columns(rows: list[list[Cell | None]]) -> list[list[Cell | None]]:
    kept = [at for at in range(len(rows[0])) if any(row[at] for row in rows)] if rows else []
    return [[row[at] for at in kept] for row in rows]


def _grid(
    rows: Sequence[Sequence[Cell | None]], frame: Frame, box: Box, marks: frozenset[str], stated: int | None
) -> Grid:
    words = tuple(tuple(None if cell is None else _words(cell, frame, marks) for cell in row) for row in rows)
    bold = [all(piece.bold for cell in row for piece in cell or ()) for row in rows]
    texts = Grid(words, 0, frame, box).texts()
    above = title_rows(texts)
    titles = tuple(row[0] or () for row in words[:above])
    heads = 0 if stated is None else head_rows(texts[above:], bold[above:], stated)
    return Grid(words[above:], heads, frame, box, titles)


def _words(cell: Cell, frame: Frame, marks: frozenset[str]) -> tuple[Word, ...]:
    return tuple(word for row in rows_of(cell) for word in line(row, frame, marks).words)


def aligned(region: Region, sheet: Sheet, rules: Sequence[Rule], marks: frozenset[str]) -> Grid | None:
    """Return the table that a region with gutters is, or None if it is columns of text."""
    heads, gutters = _body(region)
    ruled_below = separators(region.bands, rules)
    few = 0 < len(ruled_below) <= _FEW_RULES
    if few and heads <= ruled_below[0] < min(_MOST_HEADS, len(region.bands) - _SEVERAL):
        names = _names(region.bands, ruled_below[0] + 1, gutters)
        if names and max(sum(len(piece.text) for piece in name) for name in names) <= _LONGEST_NAME:
            heads = ruled_below[0] + 1
    body = region.bands[heads:]
    rows = [_cells(band, gutters) for band in body]
    if not _is_table(rows, Region(body, tuple(gutters)), rules):
        return None
    joined = labelled_rows(rows) if _has_labels(rows) else joined_rows(rows, body, separators(body, rules))
    stated: int | None = 0
    if heads:
        names = _names(region.bands, heads, gutters)
        stated = 1 if names else None
        above = [names] if names else [_spread(band, gutters) for band in region.bands[:heads]]
        joined = [*above, *joined]
    pieces = [piece for band in region.bands for piece in band.pieces]
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    box = (left, region.bands[0].top, right, region.bands[-1].bottom)
    return _grid(joined, sheet.frame, box, marks, stated)


def _body(region: Region) -> tuple[int, Sequence[Gap]]:
    """Return how many bands at the top are heads that span columns, and the gaps between the columns below them."""
    size = median(piece.size for band in region.bands for piece in band.pieces)
    best: tuple[int, Sequence[Gap]] = (0, region.gutters)
    most = 0
    for heads in range(min(_MOST_HEADS, len(region.bands) - _SEVERAL) + 1):
        body = region.bands[heads:]
        gaps = gaps_between(body, _WIDER * size) if heads else region.gutters
        full = _full_columns(body, gaps)
        if full > most:
            best, most = (heads, gaps), full
    return best


def _full_columns(found: Sequence[Band], gutters: Sequence[Gap]) -> int:
    """Return how many columns hold text in many rows."""
    rows = [_cells(band, gutters) for band in found]
    return sum(sum(bool(row[column]) for row in rows) >= _FILLED * len(rows) for column in range(len(gutters) + 1))


def _names(found: Sequence[Band], heads: int, gutters: Sequence[Gap]) -> list[Cell]:
    """Return the heads of the columns, from the first bands; none unless each column has one of its own.

    The first column needs none beside columns of numbers: it holds the names of
    the rows. A value must not come under another column's head, so heads over
    several columns are not taken apart.
    """
    names: list[Cell] = [()] * (len(gutters) + 1)
    for band in found[:heads]:
        for phrase in _phrases(band):
            first, last = _reach(phrase, gutters)
            if first != last:
                return []
            names[first] += phrase
    return names if all(names[1:]) and (names[0] or _names_rows(found[heads:], gutters)) else []


def _names_rows(found: Sequence[Band], gutters: Sequence[Gap]) -> bool:
    """Return whether the first of several columns is full and most cells of the others are numbers."""
    rows = [_cells(band, gutters) for band in found]
    values = [cell for row in rows for cell in row[1:] if cell]
    numbers = sum(any(map(str.isdigit, piece.text)) for cell in values for piece in cell[:1])
    return len(gutters) > 1 and all(row[0] for row in rows) and 2 * numbers > len(values)


def _spread(band: Band, gutters: Sequence[Gap]) -> list[Cell | None]:
    """Return the cells of a band above the columns, in which a phrase may reach over several."""
    cells: list[Cell | None] = [()] * (len(gutters) + 1)
    for phrase in _phrases(band):
        first, last = _reach(phrase, gutters)
        cells[first] = (cells[first] or ()) + phrase
        cells[first + 1 : last + 1] = [None] * (last - first)
    return cells


def _phrases(band: Band) -> list[Cell]:
    """Return the pieces of a band, those together that only spaces part."""
    phrases: list[Cell] = []
    for piece in sorted(band.pieces, key=lambda each: each.left):
        if phrases and piece.left - phrases[-1][-1].right < _SPACE * piece.size:
            phrases[-1] += (piece,)
        else:
            phrases.append((piece,))
    return phrases


def _reach(phrase: Cell, gutters: Sequence[Gap]) -> tuple[int, int]:
    """Return the first and the last column that a phrase is above; in a gap, it is the nearer one."""
    left, right = phrase[0].left, max(piece.right for piece in phrase)
    slack = _SLACK * phrase[0].size
    first = sum(left >= start - slack for start, _ in gutters)
    last = sum(right > end + slack for _, end in gutters)
    if first > last:
        start, end = gutters[last]
        first = last = last if left - start < end - right else first
    return first, last


def _cells(band: Band, gutters: Sequence[Gap]) -> list[Cell]:
    """Return the pieces of a band between the gutters."""
    cells: list[list[Piece]] = [[] for _ in range(len(gutters) + 1)]
    middles = [sum(gap) / 2 for gap in gutters]
    for piece in band.pieces:
        cells[bisect(middles, (piece.left + piece.right) / 2)].append(piece)
    return [tuple(cell) for cell in cells]


def _is_table(rows: Sequence[Sequence[Cell]], region: Region, rules: Sequence[Rule]) -> bool:
    full = [row for row in rows if sum(map(bool, row)) > 1]
    if len(full) < 2:
        return False
    level = sum(_is_level(row) for row in full)
    if level < _ALIGNED * len(full):
        return False
    columns = [[cell for row in rows if (cell := row[at])] for at in range(len(region.gutters) + 1)]
    if _has_labels(rows):
        return True
    if any(map(_is_prose, columns)):
        ends = separators(region.bands, rules) or row_gaps(rows, region.bands)
        longest = max((end - start for start, end in pairwise([-1, *ends, len(rows) - 1])), default=0)
        return len(ends) > 1 and longest <= _TALLEST and all(begins(rows[end + 1]) for end in ends)
    ruled_rows = len(separators(region.bands, rules))
    cells = [cell for column in columns for cell in column]
    numeric = sum(any(map(str.isdigit, cell[0].text)) for cell in cells) >= _NUMERIC * len(cells)
    if len(columns) == 2:
        if len(ends := separators(region.bands, rules)) >= _SEVERAL:
            starts = [0, *(end + 1 for end in ends)]
            if all(rows[start][0] and _is_level(rows[start]) for start in starts):
                return True
        if all(len(cell) == 1 and cell[0].text.isdigit() for cell in columns[1]):
            return True  # of contents
        named = sum(map(_words_of, columns[0])) <= _FEW_WORDS * len(columns[0])
        return named and (numeric or ruled_rows > 1) and len(full) >= _ALIGNED * len(rows)
    return numeric or ruled_rows > 0 or len(full) >= _SEVERAL or bool(row_gaps(rows, region.bands))


def _has_labels(rows: Sequence[Sequence[Cell]]) -> bool:
    """Return whether rows are labels, which end with a colon or alone are bold, and their values, of some lines."""
    if len(rows[0]) != 2 or not rows[0][0]:
        return False
    labels, values = [row[0] for row in rows if row[0]], [row[1] for row in rows if row[1]]
    if len(labels) < 2 or sum(map(_words_of, labels)) > _FEW_WORDS * len(labels):
        return False
    if sum(bool(label and value) for label, value in rows) < _ALIGNED * len(labels):
        return False
    colons = sum(max(cell, key=lambda piece: piece.right).text.endswith(":") for cell in labels)
    bold = all(piece.bold for cell in labels for piece in cell)
    return 2 * colons > len(labels) or (bold and not any(piece.bold for cell in values for piece in cell))


def _is_level(row: Sequence[Cell]) -> bool:
    """Return whether the cells of a row begin on one baseline."""
    bases = [min(piece.base for piece in cell if piece.size >= _SMALL * _size(cell)) for cell in row if cell]
    return max(bases) - min(bases) <= 0.3 * max(piece.size for cell in row for piece in cell)


def _size(cell: Cell) -> float:
    return max(piece.size for piece in cell)


def _words_of(cell: Cell) -> int:
    return sum(not piece.glued for piece in cell)


def _is_prose(column: Sequence[Cell]) -> bool:
    """Return whether the lines of a column read on."""
    column = [cell for cell in column if cell]
    lower = sum(first(cell).text[0].islower() for cell in column)
    return bool(column) and lower >= _LOWER * len(column) and sum(map(_words_of, column)) >= _FEW_WORDS * len(column)
