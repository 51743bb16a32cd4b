"""The ruled lines that are drawn on a PDF page."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the upper left corner of a page; left, bottom, right, top in pdfium's."""

_MOST_OBJECTS = 20_000  # of a page; a drawing has more
_DEEPEST_FORM = 3
_RECTANGLE = 5  # points, the first twice
_WHITE = 250  # of 255
_THIN = 2.5  # points: a filled rectangle that is thinner is a line


@dataclass(frozen=True, slots=True)
class Drawn:
    """The lines across and down a page as thin boxes, with the sides of rectangles, and what is shaded."""

    across: tuple[Box, ...] = ()
    down: tuple[Box, ...] = ()
    shades: tuple[Box, ...] = ()


def drawn(page: "PdfPage", upright: Callable[[Box], Box]) -> Drawn:
    """Return what is drawn on a page; `upright` turns a box."""
    across: list[Box] = []
    down: list[Box] = []
    shades: list[Box] = []
    for bounds, is_rectangle, is_outline in _paths(page):
        left, top, right, bottom = box = upright(bounds)
        if bottom - top <= _THIN < right - left:
            across.append(box)
        elif right - left <= _THIN < bottom - top:
            down.append(box)
        elif is_rectangle and right - left > _THIN:
            if is_outline:
                flat, steep = sides(box)
                across += flat
                down += steep
            else:
                shades.append(box)
    return Drawn(tuple(across), tuple(down), tuple(shades))


def sides(box: Box) -> tuple[tuple[Box, Box], tuple[Box, Box]]:
    """Return the sides of a rectangle: those across and those down."""
    left, top, right, bottom = box
    flat = (left, top, right, top), (left, bottom, right, bottom)
    return flat, ((left, top, left, bottom), (right, top, right, bottom))


def _paths(page: "PdfPage") -> Iterator[tuple[Box, bool, bool]]:
    """Yield the bounds of each path on the page, whether it may be a rectangle, and whether its outline is drawn."""
    import pypdfium2.raw as pdfium

    bounds = [ctypes.c_float() for _ in range(4)]
    identity: tuple[float, ...] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    stack = [(pdfium.FPDFPage_GetObject(page, n), 0, identity) for n in _first(pdfium.FPDFPage_CountObjects(page))]
    seen = 0
    while stack and seen < _MOST_OBJECTS:
        each, depth, matrix = stack.pop()
        seen += 1
        kind = pdfium.FPDFPageObj_GetType(each)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
            inner = _within(each, matrix)
            parts = _first(pdfium.FPDFFormObj_CountObjects(each))
            stack += [(pdfium.FPDFFormObj_GetObject(each, n), depth + 1, inner) for n in parts]
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and pdfium.FPDFPageObj_GetBounds(each, *bounds):
            is_filled, is_outline = _look(each)
            is_rectangle = pdfium.FPDFPath_CountSegments(each) == _RECTANGLE and (is_filled or is_outline)
            yield _moved(matrix, *(bound.value for bound in bounds)), is_rectangle, is_outline


def _look(path: object) -> tuple[bool, bool]:
    """Return whether a path is filled with a colour other than white, and whether its outline is drawn."""
    import pypdfium2.raw as pdfium

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    colour = [ctypes.c_uint() for _ in range(4)]
    known = pdfium.FPDFPageObj_GetFillColor(path, *colour)
    return bool(fill.value) and not (known and min(part.value for part in colour[:3]) > _WHITE), bool(stroke.value)


def _first(count: int) -> range:
    return range(min(count, _MOST_OBJECTS))


def _within(form: object, matrix: Sequence[float]) -> tuple[float, ...]:
    """Return the matrix of what is inside a form."""
    import pypdfium2.raw as pdfium

    own = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(form, own)
    a, b, c, d, e, f = matrix
    return (
        own.a * a + own.b * c,
        own.a * b + own.b * d,
        own.c * a + own.d * c,
        own.c * b + own.d * d,
        own.e * a + own.f * c + e,
        own.e * b + own.f * d + f,
    )


def _moved(matrix: Sequence[float], left: float, bottom: float, right: float, top: float) -> Box:
    a, b, c, d, e, f = matrix
    x = [a * px + c * py + e for px in (left, right) for py in (bottom, top)]
    y = [b * px + d * py + f for px in (left, right) for py in (bottom, top)]
    return min(x), min(y), max(x), max(y)
