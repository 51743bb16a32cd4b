"""The shapes of a slide in the order of their places: text, tables, charts and diagrams."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ingest.readers import numerals
from ingest.readers.assemble import BULLET, Piece
from ingest.readers.formulas import office_math
from ingest.readers.office.docx_styles import number
from ingest.readers.office.graphics import graphic_pieces
from ingest.readers.office.openxml import local
from ingest.readers.spans import TextSpan, is_bold, joined
from ingest.readers.table_heads import table_rows
from ingest.readers.tables import ACROSS, cell_text

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SAME_LINE = 150_000  # EMU (0.4 cm): boxes whose tops differ by less stand beside each other
_MOST_COLUMNS = 200
_NUMERALS: "MappingProxyType[str, Callable[[int], str]]" = MappingProxyType(
    {
        "alphaLc": numerals.letters,
        "alphaUc": numerals.FORMS["A"],
        "romanLc": numerals.roman,
        "romanUc": numerals.FORMS["I"],
        "arabic": numerals.decimal,
    }
)
_BULLETS = ("buNone", "buChar", "buAutoNum", "buBlip")
_LISTS = ("BODY", "OBJECT")  # placeholders whose paragraphs have bullets unless they say otherwise


@dataclass(frozen=True, slots=True)
class _Place:
    top: int
    left: int
    shape: "BaseShape"


def shape_pieces(slide: "Slide", titled: "_Element | None") -> Iterator[Piece]:
    """Yield the pieces of a slide's shapes, from top to bottom and left to right, without its title."""
    return _shapes((shape for shape in slide.shapes if shape.element is not titled), slide.part)


def frame_pieces(shape: "BaseShape") -> Iterator[Piece]:
    """Yield the paragraphs of a shape; those with a bullet or number are list items."""
    body = next((child for child in shape.element if local(child) == "txBody"), None)
    return _paragraphs(body, listed=_is_list(shape)) if body is not None else iter(())


def _shapes(shapes: "Iterable[BaseShape]", part: object) -> Iterator[Piece]:
    for shape in _by_place(shapes):
        if hasattr(shape, "shapes"):  # a group
            yield from _shapes(shape.shapes, part)
        elif getattr(shape, "has_table", False):
            yield from _table(shape.element)
        elif shape.has_text_frame:
            yield from frame_pieces(shape)
        else:
            yield from graphic_pieces(shape.element, part)


def _by_place(shapes: "Iterable[BaseShape]") -> "list[BaseShape]":
    """Return shapes in reading order; those that begin at nearly the same height form a line."""
    places = sorted((_Place(s.top or 0, s.left or 0, s) for s in shapes), key=lambda place: place.top)
    ordered: list[BaseShape] = []
    line: list[_Place] = []
    for place in places:
        if line and place.top - line[0].top > _SAME_LINE:
            ordered += [each.shape for each in sorted(line, key=lambda each: each.left)]
            line = []
        line.append(place)
    return ordered + [each.shape for each in sorted(line, key=lambda each: each.left)]


def _is_list(shape: "BaseShape") -> bool:
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    return kind is not None and kind.name in _LISTS


def _paragraphs(body: "_Element", *, listed: bool) -> Iterator[Piece]:
    counts: dict[tuple[int, str], int] = {}
    for paragraph in body.iter(_A + "p"):
        text = joined(_spans(paragraph))
        if not text:
            continue
        properties = paragraph.find(_A + "pPr")
        depth = number(properties.get("lvl") if properties is not None else None, 0)
        bullet = next(
            (each for each in (properties if properties is not None else ()) if local(each) in _BULLETS), None
        )
        kind = local(bullet) if bullet is not None else ""
        numbered = kind == "buAutoNum"
        counts = {key: count for key, count in counts.items() if key[0] < depth + numbered}
        mark = _number(bullet, depth, counts) if bullet is not None and numbered else ""
        item = kind != "buNone" and (kind or listed)
        before = "" if mark else BULLET
        yield Piece(mark + text, kind="item" if item else "paragraph", mark=before, depth=depth)


def _number(bullet: "_Element", depth: int, counts: dict[tuple[int, str], int]) -> str:
    """Return the number of a paragraph with the space after it, and count it."""
    form = bullet.get("type") or "arabicPeriod"
    counts[depth, form] = counts.get((depth, form), number(bullet.get("startAt"), 1) - 1) + 1
    written = next((write for name, write in _NUMERALS.items() if form.startswith(name)), numerals.decimal)
    count = written(counts[depth, form])
    if form.endswith("ParenBoth"):
        return f"({count}) "
    return f"{count}) " if form.endswith("ParenR") else f"{count} " if form.endswith("Plain") else f"{count}. "


def _spans(paragraph: "_Element") -> Iterator[TextSpan]:
    for child in paragraph:
        name = local(child)
        if name in ("r", "fld"):
            look = child.find(_A + "rPr")
            if look is not None and look.get("strike", "noStrike") != "noStrike":
                continue
            raised = number(look.get("baseline"), 0) if look is not None else 0
            bold = look is not None and look.get("b") in ("1", "true")
            yield TextSpan(child.findtext(_A + "t") or "", (raised > 0) - (raised < 0), bold)
        elif name == "br":
            yield TextSpan("\n")
        elif name not in ("pPr", "endParaRPr", "Fallback"):
            yield from _formulas(child)


def _formulas(parent: "_Element") -> Iterator[TextSpan]:
    """Yield the formulas below an element."""
    for formula in parent.iter():
        if local(formula) == "oMath":
            yield TextSpan(office_math(formula, lambda run: "".join(t.text or "" for t in run if local(t) == "t")))


def _table(shape: "_Element") -> Iterator[Piece]:
    """Yield the rows of a table; the shape states whether its first row is the head."""
    table = next(shape.iter(_A + "tbl"), None)
    if table is None:
        return
    lines = [[cell for cell in row if local(cell) == "tc"] for row in table.findall(_A + "tr")]
    grid = _grid(lines)
    settings = table.find(_A + "tblPr")
    stated = int(settings is not None and settings.get("firstRow") in ("1", "true"))
    for text in table_rows(grid, [_is_bold(row) for row in lines], stated):
        yield Piece(text, kind="row")


def _grid(lines: "Sequence[Sequence[_Element]]") -> list[list[str]]:
    """Return the texts of a table's cells, with merged ones filled in."""
    grid: list[list[str]] = []
    for cells in lines:
        row: list[str] = []
        for cell in cells[:_MOST_COLUMNS]:
            above = grid[-1] if grid else []
            if cell.get("hMerge") in ("1", "true") and row:
                row.append(ACROSS)
            elif cell.get("vMerge") in ("1", "true"):
                row.append(above[len(row)] if len(row) < len(above) else "")
            else:
                body = next((child for child in cell if local(child) == "txBody"), None)
                row.append(cell_text(list(_paragraphs(body, listed=False))) if body is not None else "")
        grid.append(row)
    return grid


def _is_bold(cells: "Sequence[_Element]") -> bool:
    spans = [span for cell in cells for paragraph in cell.iter(_A + "p") for span in _spans(paragraph)]
    return is_bold(spans)
