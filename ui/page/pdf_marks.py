"""Places quotes on the pages of a PDF by the boxes of their words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.schema import Document
from ingest.word_boxes import WordBox, within
from ui.page.prose import Mark

_WORD_GAP = 0.9
"""Of a line's height: words of a line that are further apart are marked each by itself, as something may be between."""
_SAME_LINE = 0.5
"""Of the lower one's height: words that share so much of it are on one line."""
_OUTSIDE = 3.0
"""Points that a box may be outside of its page."""
_EMPTY = ("", "–")  # noqa: RUF001 - how a row shows an empty cell

Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PageMark:
    """Words of a quote on one line of a page; sides are in percent of the page's width and height.

    `mark` is the number of the quote in the reader, `asked` says that the reader was opened at it.
    """

    mark: int
    asked: bool
    left: float
    top: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class PageMarks:
    """A page (1-based) with its size in points, its marks, and the quotes that begin on it but could not be placed."""

    number: int
    width: float
    height: float
    marks: tuple[PageMark, ...]
    unplaced: tuple[Mark, ...]


def pages_with_marks(document: Document, marks: Sequence[Mark], sizes: Sequence[Size]) -> list[PageMarks]:
    """Return the pages of a document with its quotes marked. A quote is marked as a whole or not at all."""
    placed: list[list[PageMark]] = [[] for _ in sizes]
    unplaced: list[list[Mark]] = [[] for _ in sizes]
    for mark in marks:
        boxes = boxes_of(document, mark.start, mark.end, sizes)
        if not boxes:
            unplaced[min(document.page(mark.start) or 1, len(sizes)) - 1].append(mark)
        for line in _lines(boxes):
            placed[line.page - 1].append(_page_mark(document, mark, line, sizes[line.page - 1]))
    return [
        PageMarks(number, *size, tuple(placed[number - 1]), tuple(unplaced[number - 1]))
        for number, size in enumerate(sizes, 1)
    ]


def boxes_of(document: Document, start: int, end: int, sizes: Sequence[Size]) -> list[WordBox]:
    """Return the boxes of all words of a span; none if any of them is not known for sure."""
    boxes = within(document.word_boxes, start, end)
    whole = all(_is_whole(document.text, box, start, end) and _is_inside(box, sizes) for box in boxes)
    return boxes if whole and _covers(document, boxes, start, end) else []


def _covers(document: Document, boxes: Sequence[WordBox], start: int, end: int) -> bool:
    """Return whether the boxes are of all that the span says."""
    rows = [block for block in document.blocks if block.kind == "row" and block.start < end and start < block.end]
    at = start
    for first, last in (*((box.start, box.end) for box in boxes), (end, end)):
        between = document.text[at:first]
        row = next((row for row in rows if row.start <= at and first <= row.end), None)
        if between.strip() and not (row and _is_none_of_cells(between, begins=at == row.start)):
            return False
        at = max(at, last)
    return bool(boxes)


def _is_none_of_cells(between: str, *, begins: bool) -> bool:
    """Return whether a text between the words of a row's cells is none of them: separators, heads, and empty cells.

    A row may begin with the name of its section, which stands above it on the page.
    """
    *others, last = (part.strip() for part in between.split("|"))
    if begins and others:
        others = others[1:]
    return all(part in _EMPTY for part in others) and (last in _EMPTY or last.endswith(":"))


def _is_whole(text: str, box: WordBox, start: int, end: int) -> bool:
    """Return whether all of a word is in the span but for what stands around words."""
    outside = text[box.start : max(start, box.start)] + text[min(end, box.end) : box.end]
    return not any(character.isalnum() for character in outside)


def _is_inside(box: WordBox, sizes: Sequence[Size]) -> bool:
    if not 1 <= box.page <= len(sizes) or box.right <= box.left or box.bottom <= box.top:
        return False
    width, height = sizes[box.page - 1]
    return min(box.left, box.top) >= -_OUTSIDE and box.right <= width + _OUTSIDE and box.bottom <= height + _OUTSIDE


def _lines(boxes: Sequence[WordBox]) -> Iterator[WordBox]:
    """Yield the boxes, those of neighbouring words on a line as one."""
    line: WordBox | None = None
    for box in boxes:
        if line is not None and _goes_on(line, box):
            line = line._replace(
                end=box.end,
                left=min(line.left, box.left),
                top=min(line.top, box.top),
                right=max(line.right, box.right),
                bottom=max(line.bottom, box.bottom),
            )
            continue
        if line is not None:
            yield line
        line = box
    if line is not None:
        yield line


def _goes_on(line: WordBox, box: WordBox) -> bool:
    """Return whether a word stands beside the words of a line."""
    height = min(line.bottom - line.top, box.bottom - box.top)
    shared = min(line.bottom, box.bottom) - max(line.top, box.top)
    gap = max(box.left - line.right, line.left - box.right)
    return line.page == box.page and shared >= _SAME_LINE * height and gap <= _WORD_GAP * height


def _page_mark(document: Document, mark: Mark, line: WordBox, size: Size) -> PageMark:
    width, height = size
    return PageMark(
        mark.number or 0,
        mark.asked,
        round(100 * line.left / width, 3),
        round(100 * line.top / height, 3),
        round(100 * (line.right - line.left) / width, 3),
        round(100 * (line.bottom - line.top) / height, 3),
        document.text[max(line.start, mark.start) : min(line.end, mark.end)],
    )
