"""The reading order of a PDF page: bands of text from top to bottom, columns where bands share a gap."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ingest.readers.pdf.lines import MARKER
from ingest.readers.pdf.page import Piece

# Shares of the size of the letters.
_TALL = 0.62  # the height of most letters
_GUTTER = 0.75  # the narrowest gap between columns of many lines
_WIDE_GUTTER = 1.0  # and of a few
_MANY, _FEW = 6, 3  # lines beside each other
_CERTAIN = 2.5  # a gutter so wide needs no aligned lines beside it
_START = 0.4  # share of the lines right of a gutter that begin at one place
_LONG = 12  # lines: beside so many, half of that share suffices
_SHORT = 8  # lines beside each other
_PARTING = 1.2  # times the size of the letters: a gap below such lines
_MARKS = 0.7  # share of the pieces in a column that are list marks
_DOTS = ".…·_"  # lead to a page number
_ROMAN = re.compile(r"[IVX]{1,5}[.)]")
_TOGETHER = 2.0  # points between such places

STAND_IN = "\0"
"""The first character of a piece that takes the place of a table or box."""

Gap = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Band:
    """Pieces side by side that no horizontal line can be drawn between."""

    pieces: tuple[Piece, ...]
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Region:
    """Bands of one column, or of several with the gaps between them."""

    bands: tuple[Band, ...]
    gutters: tuple[Gap, ...] = ()

    def columns(self) -> list[list[Piece]]:
        """Return the pieces between the gutters, from left to right."""
        cells: list[list[Piece]] = [[] for _ in range(len(self.gutters) + 1)]
        middles = [(left + right) / 2 for left, right in self.gutters]
        for band in self.bands:
            for piece in band.pieces:
                at = sum(piece.left + piece.right > 2 * middle for middle in middles)
                cells[at].append(piece)
        return cells


def bands(pieces: Sequence[Piece]) -> list[Band]:
    """Return the bands of pieces from top to bottom."""
    found: list[Band] = []
    own: list[Piece] = []
    top = end = 0.0
    for piece in sorted(pieces, key=_top):
        if own and _top(piece) >= end:
            found.append(Band(tuple(own), top, end))
            own = []
        if not own:
            top, end = _top(piece), piece.base
        own.append(piece)
        end = max(end, piece.base)
    return [*found, Band(tuple(own), top, end)] if own else found


def _top(piece: Piece) -> float:
    return piece.base - _TALL * piece.size


def regions(pieces: Sequence[Piece]) -> Iterator[Region]:
    """Yield the regions of some pieces from top to bottom; those with gutters may be columns or a table."""
    if not pieces:
        return
    size = median(piece.size for piece in pieces)
    plain: list[Band] = []
    found = bands(pieces)
    free = _free(found, _GUTTER * size)
    at = 0
    while at < len(found):
        end, gaps = _run(free, at, _GUTTER * size)
        group = found[at:end]
        gutters = _gutters(group, gaps, size)
        if not gutters:
            end = at + 1 if gaps else end  # another band may begin a run
            plain += found[at:end]
            at = end
            continue
        end = at + _length(group, gutters, size)
        group = found[at:end]
        at = end
        beside = len(plain)
        while beside and _is_right_of(plain[beside - 1], gutters):
            beside -= 1  # the left column begins further down, below a picture
        if plain[:beside]:
            yield Region(tuple(plain[:beside]))
        yield Region((*plain[beside:], *group), gutters)
        plain = []
    if plain:
        yield Region(tuple(plain))


def _length(group: Sequence[Band], gutters: Sequence[Gap], size: float) -> int:
    """Return how many bands of a group belong to its columns: below a few lines, a wide gap ends them."""
    middle = sum(gutters[0]) / 2
    beside = [len({piece.left > middle for piece in band.pieces}) > 1 for band in group]
    last = max((number for number, is_beside in enumerate(beside) if is_beside), default=len(group) - 1)
    if sum(beside) > _SHORT:
        return len(group)
    following = range(last, len(group) - 1)
    return next((at + 1 for at in following if group[at + 1].top - group[at].bottom > _PARTING * size), len(group))


def _is_right_of(band: Band, gutters: Sequence[Gap]) -> bool:
    """Return whether a band is right of the first gutter and leaves the others free."""
    if min(piece.left for piece in band.pieces) < gutters[0][1] - _TOGETHER:
        return False
    return not any(piece.left < right and left < piece.right for piece in band.pieces for left, right in gutters)


def _free(found: Sequence[Band], narrowest: float) -> list[tuple[list[Gap], list[Gap]]]:
    """Return the free parts of each band, and those of them that have text of the page on both sides."""
    left = min((piece.left for band in found for piece in band.pieces), default=0) - narrowest
    right = max((piece.right for band in found for piece in band.pieces), default=0) + narrowest
    gaps = [_gaps(band, left, right, narrowest) for band in found]
    return [(each, [gap for gap in each if left < gap[0] and gap[1] < right]) for each in gaps]


def _run(free: Sequence[tuple[list[Gap], list[Gap]]], start: int, narrowest: float) -> tuple[int, list[Gap]]:
    """Return the end of the run of bands from a band on that share its gaps, and these gaps."""
    shared = free[start][1]
    for at in range(start + 1, len(free)):
        gaps, inside = free[at]
        common = _common(shared, gaps, narrowest)
        if not common and (shared or inside):
            return at, shared
        shared = common
    return len(free), shared


def _gutters(group: Sequence[Band], gaps: Sequence[Gap], size: float) -> tuple[Gap, ...]:
    """Return the gaps that have enough lines on both sides."""
    found: list[Gap] = []
    for gap in gaps:
        middle = sum(gap) / 2
        start = found[-1][1] if found else float("-inf")
        beside = [
            piece.text for band in group for piece in band.pieces if start <= piece.left and piece.right <= middle
        ]
        if beside and sum(map(_is_mark, beside)) >= _MARKS * len(beside):
            continue  # the bullets of a list
        left = [piece for band in group for piece in band.pieces if piece.right <= middle]
        right = [piece for band in group for piece in band.pieces if piece.left >= middle]
        lines = min(map(_lines, (left, right)))
        boxed = any(piece.text[0] == STAND_IN for piece in (*left, *right))
        if gap[1] - gap[0] < _CERTAIN * size and not boxed and not _begin_together(group, middle):
            continue
        if lines >= _MANY or (lines >= _FEW and gap[1] - gap[0] >= _WIDE_GUTTER * size):
            found.append(gap)
    return tuple(found)


def _lines(pieces: Sequence[Piece]) -> int:
    """Return the number of lines; a table or box counts as many."""
    return len({round(piece.base) for piece in pieces}) + _MANY * any(piece.text[0] == STAND_IN for piece in pieces)


def _begin_together(group: Sequence[Band], middle: float) -> bool:
    """Return whether the lines beside a gap begin or end at one place, as columns do and mere words do not."""
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    for band in group:
        for piece in band.pieces:
            base = round(piece.base)
            if piece.left >= middle:
                starts[base] = min(starts.get(base, piece.left), piece.left)
            else:
                ends[base] = max(ends.get(base, piece.right), piece.right)
    return _share_at_one_place(starts.values()) or _share_at_one_place(ends.values())


def _is_mark(text: str) -> bool:
    """Return whether a text marks a list item or heading: a bullet of any kind, or a number as such marks have."""
    return (
        bool(MARKER.match(text))
        or bool(_ROMAN.fullmatch(text))
        or (len(text) == 1 and not text.isalnum() and text not in _DOTS)
    )


def _share_at_one_place(places: Collection[float]) -> bool:
    ordered = sorted(places)
    first = most = 0
    for last, place in enumerate(ordered):
        while place - ordered[first] > _TOGETHER:
            first += 1
        most = max(most, last + 1 - first)
    return most >= max(2.0, (_START if len(ordered) < _LONG else _START / 2) * len(ordered))


def _gaps(band: Band, left: float, right: float, narrowest: float) -> list[Gap]:
    """Return the free parts of a band from side to side."""
    found: list[Gap] = []
    at = left
    for piece in sorted(band.pieces, key=lambda each: each.left):
        if piece.left - at >= narrowest:
            found.append((at, piece.left))
        at = max(at, piece.right)
    return [*found, (at, right)] if right - at >= narrowest else found


def gaps_between(found: Sequence[Band], narrowest: float) -> list[Gap]:
    """Return the gaps that all bands share, without those at the sides."""
    left = min(piece.left for band in found for piece in band.pieces)
    right = max(piece.right for band in found for piece in band.pieces)
    shared = [(left, right)]
    for band in found:
        shared = _common(shared, _gaps(band, left, right, narrowest), narrowest)
    return [gap for gap in shared if left < gap[0] and gap[1] < right]


def _common(some: Sequence[Gap], others: Sequence[Gap], narrowest: float) -> list[Gap]:
    found = []
    first = second = 0
    while first < len(some) and second < len(others):
        left, right = max(some[first][0], others[second][0]), min(some[first][1], others[second][1])
        if right - left >= narrowest:
            found.append((left, right))
        if some[first][1] < others[second][1]:
            first += 1
        else:
            second += 1
    return found
