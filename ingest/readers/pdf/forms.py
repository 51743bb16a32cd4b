"""The values of a PDF's form fields, put beside their printed labels."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.readers.assemble import clean
from ingest.readers.pdf.page import Piece
from ingest.readers.pdf.paths import Box

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_MOST = 2_000  # fields of a page
_LONGEST = 20_000  # bytes of a value
_HIDDEN = 2  # in an annotation's flags
_BESIDE = 150.0  # points between a field and its label
_ABOVE = 18.0  # points between a field and a label above
_SPACE = 0.01  # points between a label and the value that is put beside it
_SIZE = 10.0  # points, of a value without a label


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name, its value, its box on the turned page, and whether it is a box to tick."""

    name: str
    value: str
    box: Box
    ticked: bool


def fields(page: "PdfPage", upright: Callable[[Box], Box]) -> list[Field]:
    """Return the fields of a page that have a value, from top to bottom."""
    import pypdfium2.raw as pdfium

    if page.formenv is None:
        return []
    found: list[Field] = []
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)):
        with _annotation(page, number) as annotation:
            is_field = pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_WIDGET
            if is_field and not pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                found += _field(page, annotation, upright)
    return sorted(found, key=lambda field: (field.box[1], field.box[0]))


@contextmanager
def _annotation(page: "PdfPage", number: int) -> Iterator[object]:
    import pypdfium2.raw as pdfium

    annotation = pdfium.FPDFPage_GetAnnot(page, number)
    try:
        yield annotation
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)


def _field(page: "PdfPage", annotation: object, upright: Callable[[Box], Box]) -> Iterator[Field]:
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(page.formenv, annotation)
    rectangle = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(annotation, rectangle):
        return
    ticked = kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
    if ticked:
        value = "yes" if pdfium.FPDFAnnot_IsChecked(page.formenv, annotation) else "no"
    elif kind in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        value = _string(pdfium.FPDFAnnot_GetFormFieldValue, page.formenv, annotation)
    else:
        return
    name = _string(pdfium.FPDFAnnot_GetFormFieldAlternateName, page.formenv, annotation)
    name = name or _string(pdfium.FPDFAnnot_GetFormFieldName, page.formenv, annotation)
    if value.strip():
        left, right = sorted((rectangle.left, rectangle.right))
        bottom, top = sorted((rectangle.bottom, rectangle.top))
        yield Field(name.strip(), value, upright((left, bottom, right, top)), ticked)


def _string(function: Callable[..., int], form: object, annotation: object) -> str:
    length = min(function(form, annotation, None, 0), _LONGEST)
    buffer = (ctypes.c_uint16 * (length // 2 + 1))()
    function(form, annotation, buffer, length)
    return clean(bytes(buffer).decode("utf-16-le", "surrogatepass"))


def with_values(pieces: Sequence[Piece], found: Sequence[Field]) -> tuple[Piece, ...]:
    """Return the pieces with the values of fields, each after its label."""
    own = list(pieces)
    for field in found:
        at = _label(pieces, field, found)
        if at is None:
            own += _without_label(field)
            continue
        label = own[at]
        if not label.text.endswith((":", "?")):
            own[at] = label = replace(label, text=f"{label.text}:")
        own += _pieces(field.value, label.right, label, field.box)
    return tuple(own)


def _pieces(value: str, left: float, like: Piece, place: Box) -> Iterator[Piece]:
    """Yield the words of a value, put side by side from a place on the line of a piece."""
    for number, word in enumerate(value.split(), start=1):
        at = left + number * _SPACE
        yield replace(like, text=word, left=at, right=at, bold=False, glued=False, place=place)


def _without_label(field: Field) -> Iterator[Piece]:
    """Yield a field's name and value at its own place; a box to tick without a label says nothing."""
    if field.ticked:
        return
    left, top, right, bottom = field.box
    name = field.name if not field.name or field.name.endswith((":", "?")) else f"{field.name}:"
    base = min(bottom - 2, top + 1.2 * _SIZE)
    yield from _pieces(f"{name} {field.value}", left, Piece("", left, top, right, bottom, base, _SIZE), field.box)


def _label(pieces: Sequence[Piece], field: Field, others: Sequence[Field]) -> int | None:
    """Return the number of the last piece of a field's label: before it, else above; for a box to tick, after it."""
    left, top, right, bottom = field.box
    beside = [number for number, piece in enumerate(pieces) if top - 2 < piece.base < bottom + 4]
    if field.ticked:
        return _after(pieces, beside, right, others)
    before = [number for number in beside if pieces[number].right <= left + 4 and left - pieces[number].right < _BESIDE]
    best = max(before, key=lambda number: pieces[number].right, default=None)
    if best is not None and not _is_between(pieces[best].right, left, top, bottom, others):
        return best
    above = [
        number
        for number, piece in enumerate(pieces)
        if 0 <= top - piece.base < _ABOVE and piece.right > left and piece.left < right
    ]
    return max(above, key=lambda number: (round(pieces[number].base), pieces[number].right), default=None)


def _after(pieces: Sequence[Piece], beside: Sequence[int], right: float, others: Sequence[Field]) -> int | None:
    """Return the last of the pieces that follow a box without a large gap."""
    last, edge = None, right
    for number in sorted(
        (each for each in beside if pieces[each].left >= right - 2), key=lambda each: pieces[each].left
    ):
        piece = pieces[number]
        if piece.left - edge > 1.5 * piece.size:
            break
        if _is_between(edge, piece.left, piece.top, piece.bottom, [each for each in others if each.box[0] >= right]):
            break
        last, edge = number, piece.right
    return last


def _is_between(start: float, end: float, top: float, bottom: float, others: Sequence[Field]) -> bool:
    """Return whether a field is between two places on a line."""
    middle = (top + bottom) / 2
    return any(
        start - 4 < each.box[0] and each.box[2] < end + 4 and each.box[1] < middle < each.box[3] for each in others
    )
