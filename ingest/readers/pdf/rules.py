"""The ruled lines of a PDF page, and the grids that they form."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.readers.pdf.page import Sheet
from ingest.readers.pdf.paths import Box, sides

_NEAR = 3.0  # points between ruled lines that meet, or are one
_WIDTH = 0.8  # share of a grid's width
_COVERED = 0.8  # share of a grid that is shaded
_PADDING = 8.0  # points around the text of a cell, at most
_UNDERLINE = 0.25  # of the size: how far below the baseline of its words a line is
_LONGER = 1.5  # points that it may be longer than these
_THROUGH = 0.5  # of half a word's width or height
_MOST = 300  # ruled lines of one direction; a drawing has more


@dataclass(frozen=True, slots=True)
class Rule:
    """A ruled line: its place, and from where to where it goes, in points."""

    at: float
    start: float
    end: float

    def covers(self, place: float) -> bool:
        """Return whether a place beside the line is between its ends."""
        return self.start - _NEAR <= place <= self.end + _NEAR


@dataclass(frozen=True, slots=True)
class Lattice:
    """Ruled lines that meet: the places of the lines across and down, ascending, and the lines themselves."""

    ys: tuple[float, ...]
    xs: tuple[float, ...]
    across: tuple[Rule, ...]
    down: tuple[Rule, ...]

    @property
    def box(self) -> Box:
        """The box around the lattice."""
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    def holds(self, box: Box) -> bool:
        """Return whether the middle of a box is inside."""
        left, top, right, bottom = box
        return self.xs[0] < (left + right) / 2 < self.xs[-1] and self.ys[0] < (top + bottom) / 2 < self.ys[-1]

    def without_padding(self, texts: Sequence[tuple[float, float]]) -> "Lattice":
        """Return the lattice without columns that are too narrow for a text, as between the edges of shaded cells.

        Args:
            texts: from where to where each word goes.
        """
        places: list[list[float]] = []
        for x in self.xs:
            near = bool(places) and x - places[-1][-1] < _PADDING
            if near and not any(places[-1][-1] <= left and right <= x for left, right in texts):
                places[-1].append(x)
            else:
                places.append([x])
        if len(places) in (len(self.xs), 1, 2):
            return self
        middles = [sum(each) / len(each) for each in places]
        at = {x: middle for each, middle in zip(places, middles, strict=True) for x in each}
        down = tuple(replace(rule, at=at[min(self.xs, key=lambda x: abs(x - rule.at))]) for rule in self.down)
        return replace(self, xs=tuple(middles), down=down)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return the row and column of a place inside."""
        return bisect_right(self.ys, y, 1, len(self.ys) - 1) - 1, bisect_right(self.xs, x, 1, len(self.xs) - 1) - 1

    def areas(self) -> list[list[int]]:
        """Return a number for each cell of each row; it is the same for cells that no line parts."""
        numbers: list[list[int]] = []
        names: dict[int, int] = {}
        for row in range(len(self.ys) - 1):
            numbers.append([])
            for column in range(len(self.xs) - 1):
                beside = column > 0 and not self.parts_columns(row, column - 1)
                above = row > 0 and not self.parts_rows(row - 1, column)
                number = row * len(self.xs) + column
                if above:
                    number = numbers[row - 1][column]
                if beside and numbers[row][-1] != number:
                    names[max(number, numbers[row][-1])] = number = min(number, numbers[row][-1])
                numbers[row].append(number)

        def name(number: int) -> int:
            while number in names:
                number = names[number]
            return number

        return [[name(number) for number in row] for row in numbers]

    def crosses(self, box: Box) -> bool:
        """Return whether a line goes through the middle of a box, as no line of a table does with a word."""
        left, top, right, bottom = box
        x, y, width, height = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
        return any(abs(rule.at - x) < _THROUGH * width and rule.covers(y) for rule in self.down) or any(
            abs(rule.at - y) < _THROUGH * height and rule.covers(x) for rule in self.across
        )

    def parts_columns(self, row: int, column: int) -> bool:
        """Return whether a line is between a cell and the one to its right."""
        x, y = self.xs[column + 1], (self.ys[row] + self.ys[row + 1]) / 2
        return any(abs(rule.at - x) <= _NEAR and rule.covers(y) for rule in self.down)

    def parts_rows(self, row: int, column: int) -> bool:
        """Return whether a line is between a cell and the one below."""
        x, y = (self.xs[column] + self.xs[column + 1]) / 2, self.ys[row + 1]
        return any(abs(rule.at - y) <= _NEAR and rule.covers(x) for rule in self.across)


def without_underlines(sheet: Sheet) -> Sheet:
    """Return a sheet without the lines across that are just below words and no longer than these."""
    lines = sheet.drawn
    if not lines.across or not sheet.pieces:
        return sheet
    left, right, base, size = np.array([(each.left, each.right, each.base, each.size) for each in sheet.pieces]).T
    kept = []
    for box in lines.across:
        above = (base < box[3] + 1) & (base > box[1] - _UNDERLINE * size) & (left < box[2]) & (right > box[0])
        if not above.any() or left[above].min() > box[0] + _LONGER or right[above].max() < box[2] - _LONGER:
            kept.append(box)
    return replace(sheet, drawn=replace(lines, across=tuple(kept)))


def across(sheet: Sheet) -> list[Rule]:
    """Return the ruled lines across the page; none if it is a drawing."""
    return _flat([*sheet.drawn.across, *(side for shade in sheet.drawn.shades for side in sides(shade)[0])])


def _flat(lines: Iterable[Box]) -> list[Rule]:
    return _joined((((top + bottom) / 2, left, right) for left, top, right, bottom in lines))


def _steep(lines: Iterable[Box]) -> list[Rule]:
    return _joined((((left + right) / 2, top, bottom) for left, top, right, bottom in lines))


def lattices(sheet: Sheet) -> list[Lattice]:
    """Return the grids of at least two columns, from top to bottom; only those with drawn lines may have only one row.

    The sides of what is shaded are lines, too. Where drawn lines form a grid,
    only those over most of its width are: others are behind the lines of a cell.
    """
    flat, steep = list(sheet.drawn.across), list(sheet.drawn.down)
    found = _grids(flat, steep)
    shades = _whole(sheet.drawn.shades)
    for grid in found:
        left, _, right, _ = grid.box
        if len(grid.ys) == 2 and not _is_covered(grid, shades):
            continue
        beside = _flat(side for shade in shades if grid.holds(shade) for side in sides(shade)[0])
        flat += [
            (rule.start, rule.at, rule.end, rule.at)
            for rule in beside
            if rule.end - rule.start > _WIDTH * (right - left)
        ]
        shades = [shade for shade in shades if not grid.holds(shade)]
    for shade in shades:
        flat += sides(shade)[0]
        steep += sides(shade)[1]
    if sheet.drawn.shades:
        drawn = [grid.box for grid in found]
        found = [each for each in _grids(flat, steep) if len(each.ys) > 2 or any(_near(each.box, box) for box in drawn)]
    return sorted(found, key=lambda each: each.ys[0])


def _near(one: Box, other: Box) -> bool:
    return all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))


def _is_covered(grid: Lattice, shades: Iterable[Box]) -> bool:
    """Return whether what is shaded inside a grid leaves little of it free, as the lines of its cells do."""
    left, top, right, bottom = grid.box
    own = sum((box[2] - box[0]) * (box[3] - box[1]) for box in shades if grid.holds(box))
    return own >= _COVERED * (right - left) * (bottom - top)


def _whole(shades: Iterable[Box]) -> list[Box]:
    """Return what is shaded, with the narrow boxes around the text of a cell joined to it."""
    found = list(shades)
    for low, high in ((0, 2), (1, 3), (0, 2)):
        rows: dict[tuple[int, int], list[Box]] = defaultdict(list)
        for box in sorted(found, key=lambda each: each[low]):
            row = rows[round(box[1 - low]), round(box[3 - low])]
            touches = bool(row) and abs(box[low] - row[-1][high]) < 1
            if touches and min(box[high] - box[low], row[-1][high] - row[-1][low]) < _PADDING:
                last = row.pop()
                box = (min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
            row.append(box)
        found = [box for row in rows.values() for box in row]
    return found


def _grids(across: Iterable[Box], down: Iterable[Box]) -> list[Lattice]:
    found = [_lattice(*meeting) for meeting in _meeting(_flat(across), _steep(down))]
    return [each for each in found if len(each.xs) > 2 and len(each.ys) > 1]


def _joined(rules: Iterable[tuple[float, float, float]]) -> list[Rule]:
    """Return ruled lines, those that continue or double each other as one."""
    rows: list[list[tuple[float, float, float]]] = []
    for rule in sorted(rules):
        if not rows or rule[0] - rows[-1][-1][0] > _NEAR / 2:
            rows.append([])
        rows[-1].append(rule)
    found: list[Rule] = []
    for row in rows:
        at, start, end = row[0][0], *min((each[1], each[2]) for each in row)
        for _, first, last in sorted(row, key=lambda each: each[1]):
            if first > end + _NEAR:
                found.append(Rule(at, start, end))
                start = first
            end = max(end, last) if first <= end + _NEAR else last
        found.append(Rule(at, start, end))
    return found if len(found) <= _MOST else []


def _meeting(flat: Sequence[Rule], steep: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Yield the lines across and down of each group of lines that meet."""
    left = set(range(len(flat)))
    free = set(range(len(steep)))
    while left:
        own = [left.pop()]
        beside: list[int] = []
        waiting = [(True, own[0])]
        while waiting:
            is_flat, number = waiting.pop()
            rule = flat[number] if is_flat else steep[number]
            others, pool = (steep, free) if is_flat else (flat, left)
            met = [each for each in pool if rule.covers(others[each].at) and others[each].covers(rule.at)]
            pool.difference_update(met)
            (beside if is_flat else own).extend(met)
            waiting += [(not is_flat, each) for each in met]
        if beside:
            yield [flat[each] for each in own], [steep[each] for each in beside]


def _lattice(flat: Sequence[Rule], steep: Sequence[Rule]) -> Lattice:
    ys = [rule.at for rule in flat] + [end for rule in steep for end in (rule.start, rule.end)]
    xs = [rule.at for rule in steep] + [end for rule in flat for end in (rule.start, rule.end)]
    return Lattice(_places(ys), _places(xs), tuple(flat), tuple(steep))


def _places(numbers: Iterable[float]) -> tuple[float, ...]:
    found: list[float] = []
    for number in sorted(numbers):
        if not found or number - found[-1] > _NEAR:
            found.append(number)
    return tuple(found)
