"""The tables of a Word document as rows, each value with its head."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.readers.assemble import Piece
from ingest.readers.emphasis import Candidate
from ingest.readers.office.docx_styles import VAL, Style, W, number
from ingest.readers.office.openxml import is_on
from ingest.readers.table_heads import table_rows, title_rows
from ingest.readers.tables import ACROSS, cell_text

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_MOST_COLUMNS = 63  # Word has no more
_LONGEST_CELL = 1_500  # characters: a table with longer cells, or headings in them, is there for the layout
_WRAPPERS = frozenset(W + name for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"))


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell: what it holds, the number of its columns, whether it goes on from above or the left, and its shade."""

    content: tuple[Candidate, ...]
    columns: int
    from_above: bool
    from_left: bool
    shade: str

    @property
    def text(self) -> str:
        return cell_text([each.piece for each in self.content])


def table(element: "_Element", style: Style, read: "Callable[[_Element], Iterator[Candidate]]") -> list[Candidate]:
    """Return the rows of a `w:tbl` element; a table that serves the layout gives the content of its cells.

    `read` gives the content of a cell.
    """
    lines = list(direct(element, W + "tr"))
    cells = [[_cell(each, read) for each in direct(row, W + "tc")] for row in lines]
    if _is_layout(cells):
        return [each for row in cells for cell in row for each in cell.content]
    grid = _grid(lines, cells)
    titles = title_rows(grid)
    marked = [_is_marked(row, cells) for row in cells]
    stated = 0
    while titles + stated < len(lines) and _is_head(lines[titles + stated]):
        stated += 1
    if not stated and not any(marked[titles : titles + 1]) and style.head_row and _shows_head(element):
        stated = 1
    return [Candidate(Piece(text, kind="row")) for text in table_rows(grid, marked, stated)]


def direct(parent: "_Element", tag: str) -> "Iterator[_Element]":
    """Yield the children with a tag, including those in content controls and insertions."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from direct(child, tag)


def _cell(element: "_Element", read: "Callable[[_Element], Iterator[Candidate]]") -> _Cell:
    properties = f"{W}tcPr/{W}"
    span, shade = element.find(properties + "gridSpan"), element.find(properties + "shd")
    columns = number(span.get(VAL), 1) if span is not None else 1
    from_above, from_left = (_goes_on(element.find(properties + name)) for name in ("vMerge", "hMerge"))
    fill = shade.get(W + "fill", "auto") if shade is not None else "auto"
    content = () if from_above or from_left else tuple(read(element))
    return _Cell(content, min(max(columns, 1), _MOST_COLUMNS), from_above, from_left, fill)


def _goes_on(merge: "_Element | None") -> bool:
    return merge is not None and merge.get(VAL) != "restart"


def _is_layout(cells: Sequence[Sequence[_Cell]]) -> bool:
    if max(map(len, cells), default=0) < 2:
        return True
    filled = [cell for row in cells for cell in row]
    return any(each.piece.level for cell in filled for each in cell.content) or any(
        sum(len(each.piece.text) for each in cell.content) > _LONGEST_CELL for cell in filled
    )


def _grid(lines: "Sequence[_Element]", cells: Sequence[Sequence[_Cell]]) -> list[list[str]]:
    """Return the texts of a table, each in its column, with merged cells filled in."""
    grid: list[list[str]] = []
    for line, row in zip(lines, cells, strict=True):
        texts = [""] * _skipped(line, "gridBefore")
        for cell in row:
            above = grid[-1] if grid else []
            if cell.from_left and texts:
                texts += [ACROSS] * cell.columns
                continue
            text = cell.text
            if cell.from_above:
                text = above[len(texts)] if len(texts) < len(above) else ""
            texts += [text, *[ACROSS] * (cell.columns - 1)]
        grid.append(texts + [""] * _skipped(line, "gridAfter"))
    width = max(map(len, grid), default=0)
    return [row + [""] * (width - len(row)) for row in grid]


def _skipped(line: "_Element", name: str) -> int:
    found = line.find(f"{W}trPr/{W}{name}")
    return min(max(number(found.get(VAL), 0), 0), _MOST_COLUMNS) if found is not None else 0


def _is_marked(row: Sequence[_Cell], cells: Sequence[Sequence[_Cell]]) -> bool:
    """Return whether all cells of a row are set off: bold, or shaded while the last row is not."""
    worded = [cell for cell in row if cell.text]
    if worded and all(each.bold for cell in worded for each in cell.content if each.piece.text):
        return True
    last = {cell.shade for cell in cells[-1]}
    return bool(worded) and all(cell.shade != "auto" and cell.shade not in last for cell in row)


def _is_head(line: "_Element") -> bool:
    """Return whether a row is repeated on each page as the head."""
    return is_on(line.find(f"{W}trPr/{W}tblHeader"), VAL)


def _shows_head(element: "_Element") -> bool:
    """Return whether a table applies its style's look of the first row."""
    look = element.find(f"{W}tblPr/{W}tblLook")
    if look is None:
        return False
    stated = look.get(W + "firstRow")
    value = look.get(VAL) or ""
    return stated in ("1", "true", "on") if stated else value.isalnum() and bool(_hexadecimal(value) & 0x20)


def _hexadecimal(value: str) -> int:
    return int(value, 16) if all(digit in "0123456789abcdefABCDEF" for digit in value) else 0
