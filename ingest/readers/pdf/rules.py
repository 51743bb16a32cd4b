"""The ruled lines of a PDF page, and the grids that they form."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.readers.pdf.page import Sheet
from ingest.readers.pdf.paths import Box

_NEAR = 3.0  # points between ruled lines that meet, or are one
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

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return the row and column of a place inside."""
        return bisect_right(self.ys, y, 1, len(self.ys) - 1) - 1, bisect_right(self.xs, x, 1, len(self.xs) - 1) - 1

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


def across(sheet: Sheet) -> list[Rule]:
    """Return the ruled lines across the page; none if it is a drawing."""
    return _joined((((top + bottom) / 2, left, right) for left, top, right, bottom in sheet.across))


def lattices(sheet: Sheet) -> list[Lattice]:
    """Return the grids of at least two rows and two columns, from top to bottom."""
    flat = across(sheet)
    steep = _joined((((left + right) / 2, top, bottom) for left, top, right, bottom in sheet.down))
    found = [_lattice(*meeting) for meeting in _meeting(flat, steep)]
    return sorted((each for each in found if min(len(each.xs), len(each.ys)) > 2), key=lambda each: each.ys[0])


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
