"""Leaves out what recurs at the edges of a PDF's pages: running heads, feet and page numbers."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.readers.pdf.layout import Band, bands
from ingest.readers.pdf.page import Piece, Sheet
from ingest.readers.pdf.rules import lattices

_EDGE = 0.16  # of the page's height, at its top and at its foot
_INSET = 0.08  # of the page's height: its text may begin and end further inside
_OUTERMOST = 2  # bands that may hold the page number
_MOST = 4  # bands of an edge
_PLACE = 6.0  # points that a running head may move from page to page
_SMALL_DOCUMENT = 6  # pages: in a larger one, a running head is on three of them at least
_LARGER = 1.15  # times the usual size: a title that recurs, unless it is on most pages
_HEAD_CELLS = 3  # of a table's head; a running head of two parts may stand above two columns
_HEAD_BANDS = 6  # lines of a table's head, and of the rows below it that have text under most of its cells
_HEAD_GAP = 1.6  # times the size of the head's letters, above its rows
_APART = 1.0  # times the size of the letters, between cells
_NUMBER = re.compile(r"\d+")
_CAPTION = re.compile(r"(?:table|tabelle|tableau|tabla|figure|abbildung|figura)\s#", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"[^\w]*(?:(?P<word>page|seite|p\.|pág\.?|página|pagina|pag\.?)\s*)?(?P<number>\d{1,4}|[ivxlc]{1,6})(?:\s*(?:of|von|de|di|/|sur|van)\s*\d{1,4})?[^\w]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Edge:
    """A band at an edge of a page; `order` counts from the edge."""

    sheet: int
    page: int
    order: int
    foot: bool
    band: Band
    text: str


def without_running(sheets: Sequence[Sheet], usual: float) -> list[Sheet]:
    """Return the sheets without the lines that recur at the edges; a page that consists of these keeps them.

    `usual` is the size of most letters, in points.
    """
    edges = [edge for number, sheet in enumerate(sheets) for edge in _edges(number, sheet)]
    pages = len({sheet.frame.page for sheet in sheets})
    running = _recurring(edges, pages, usual) | _numbers(edges)
    running -= {id(edge) for edge in edges if id(edge) in running and _is_of_table(edge, sheets[edge.sheet])}
    dropped: dict[int, set[int]] = defaultdict(set)
    reached: Counter[tuple[int, bool]] = Counter()
    for edge in edges:  # in order from the edge; what is inside of other text is none
        if id(edge) in running and reached[edge.sheet, edge.foot] == edge.order:
            reached[edge.sheet, edge.foot] += 1
            dropped[edge.sheet].update(map(id, edge.band.pieces))
    return [_without(sheet, dropped.get(number, set())) for number, sheet in enumerate(sheets)]


def _is_of_table(edge: _Edge, sheet: Sheet) -> bool:
    """Return whether a band is in a table: its head, which recurs on every page, or a row that differs in numbers."""
    return (not edge.foot and _is_above_rows(edge.band, sheet)) or _is_in_ruled_table(edge, sheet)


def _is_above_rows(head: Band, sheet: Sheet) -> bool:
    """Return whether the bands just below have cells, each under one of the head's, and together under most."""
    names, end = _cells(head), head.bottom
    if len(names) < _HEAD_CELLS:
        return False
    reach = _HEAD_GAP * max(piece.size for piece in head.pieces)
    below = [band for band in bands(sheet.pieces) if band.top >= end]
    covered: set[int] = set()
    for band in below[:_HEAD_BANDS]:
        over = [
            [at for at, (left_, right_) in enumerate(names) if left < right_ and left_ < right]
            for left, right in _cells(band)
        ]
        if not all(over) or band.top - end > reach:
            return False
        covered.update(each[0] for each in over if len(each) == 1)
        if len(covered) >= len(names) - 1:
            return True
        end = band.bottom
    return False


def _is_in_ruled_table(edge: _Edge, sheet: Sheet) -> bool:
    """Return whether a band is inside ruled lines that go far into the page, with rows and columns."""
    if not sheet.drawn.across and not sheet.drawn.shades:
        return False
    own = edge.band.pieces
    place = min(piece.left for piece in own), edge.band.top, max(piece.right for piece in own), edge.band.bottom
    reach = (_EDGE + _INSET) * sheet.frame.upright_height
    return any(
        each.holds(place)
        and min(len(each.xs), len(each.ys)) > _HEAD_CELLS
        and (each.box[1] < sheet.frame.upright_height - reach if edge.foot else each.box[3] > reach)
        for each in lattices(sheet)
    )


def _cells(band: Band) -> list[tuple[float, float]]:
    """Return the left and right ends of the texts in a band that stand apart from each other."""
    cells: list[tuple[float, float]] = []
    for piece in sorted(band.pieces, key=lambda piece: piece.left):
        if cells and piece.left - cells[-1][1] < _APART * piece.size:
            cells[-1] = (cells[-1][0], max(cells[-1][1], piece.right))
        else:
            cells.append((piece.left, piece.right))
    return cells


def _without(sheet: Sheet, dropped: set[int]) -> Sheet:
    kept = tuple(piece for piece in sheet.pieces if id(piece) not in dropped)
    return replace(sheet, pieces=kept) if kept and dropped else sheet


def usual_size(sheets: Iterable[Sheet]) -> float:
    """Return the size of most letters, in points."""
    sizes: Counter[float] = Counter()
    for sheet in sheets:
        for piece in sheet.pieces:
            sizes[piece.size] += len(piece.text)
    return max(sizes, key=lambda size: sizes[size], default=0.0)


def _edges(number: int, sheet: Sheet) -> Iterator[_Edge]:
    """Yield the bands at the top and at the foot of a sheet."""
    height = sheet.frame.upright_height
    first = max(_EDGE * height, min(piece.base for piece in sheet.pieces) + _INSET * height)
    last = min((1 - _EDGE) * height, max(piece.base for piece in sheet.pieces) - _INSET * height)
    top = bands([piece for piece in sheet.pieces if piece.base < first])
    foot = bands([piece for piece in sheet.pieces if piece.base > last])
    for at_foot, found in ((False, top[:_MOST]), (True, foot[::-1][:_MOST])):
        for order, band in enumerate(found):
            yield _Edge(number, sheet.frame.page, order, at_foot, band, _text(band.pieces))


def _text(pieces: Sequence[Piece]) -> str:
    ordered = sorted(pieces, key=lambda piece: piece.left)
    return "".join(piece.text if piece.glued else f" {piece.text}" for piece in ordered).strip()


def _recurring(edges: Sequence[_Edge], pages: int, usual: float) -> set[int]:
    """Return the ids of the edges whose text recurs on other pages at the same place, whatever its numbers."""
    groups: dict[tuple[bool, str, int], list[_Edge]] = defaultdict(list)
    for edge in edges:
        key = _NUMBER.sub("#", edge.text)
        if any(map(str.isalpha, key)) and not _CAPTION.match(key):
            groups[edge.foot, key, round(edge.band.bottom / _PLACE)].append(edge)
    needed = 2 if pages <= _SMALL_DOCUMENT else 3
    found: set[int] = set()
    for (foot, key, place), group in groups.items():
        near = [*group, *groups.get((foot, key, place - 1), ()), *groups.get((foot, key, place + 1), ())]
        count = len({edge.page for edge in near})
        large = max(piece.size for piece in group[0].band.pieces) > _LARGER * usual
        if count >= needed and (not large or (count > 2 and 2 * count > pages)) and _counts_pages(near):
            found.update(map(id, group))
    return found


def _counts_pages(edges: Sequence[_Edge]) -> bool:
    """Return whether each number in edges that are alike stays the same or counts the pages; others are text."""
    found = [(edge.page, [int(number) for number in _NUMBER.findall(edge.text)]) for edge in edges]
    return all(
        len({numbers[at] for _, numbers in found}) == 1 or len({numbers[at] - page for page, numbers in found}) == 1
        for at in range(len(found[0][1]))
    )


def _numbers(edges: Sequence[_Edge]) -> set[int]:
    """Return the ids of the edges that are page numbers: they count the pages, or say "page" and are the page's."""
    groups: dict[tuple[bool, int], list[_Edge]] = defaultdict(list)
    said: set[int] = set()
    for edge in edges:
        match = _PAGE_NUMBER.fullmatch(edge.text)
        if match and edge.order < _OUTERMOST:
            number = match["number"]
            value = int(number) if number.isdigit() else _roman(number)
            groups[edge.foot, value - edge.page].append(edge)
            if match["word"] and value == edge.page and edge.order == 0:
                said.add(id(edge))
    # A number alone on one page may be the last cell of a table.
    counting = [group for group in groups.values() if len({edge.page for edge in group}) > 1]
    return said | {id(edge) for group in counting for edge in group}


def _roman(text: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in text.lower()]
    return sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))
