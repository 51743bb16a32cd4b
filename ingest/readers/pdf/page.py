"""What pdfium finds on a page: its text in pieces with their places, its ruled lines and its size."""

import ctypes
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from sys import intern
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.readers.assemble import clean
from ingest.readers.pdf.calls import calls, codes_of, fill, objects_of
from ingest.readers.pdf.fonts import Face, face
from ingest.readers.pdf.glyphs import Floats, is_one_glyph, is_overprint, is_rtl, put_lam_first
from ingest.readers.pdf.ligatures import put_ligatures
from ingest.readers.pdf.paths import Box, Drawn, drawn
from ingest.readers.symbols import FAMILIES, sign

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

MOST_CHARACTERS = 1_000_000
"""Of a page; a longer one is no page to read."""
_SAME = 0.01  # points
_OUTSIDE = 2  # points that text may be outside of the page
_OBLIQUE = 8  # degrees that text may be off from a side of the page
# Shares of the size of the letters.
_GAP = 0.28  # a larger gap parts words
_LEAST_SPACE = 0.2  # a space that pdfium supposes before a comma, or beside a raised letter, is at least so wide
_BACK = 0.6  # text that goes back further is elsewhere
_SHIFT = 0.08  # a larger change of size or baseline parts pieces of a word
_JUMP = 0.75  # a larger change of baseline parts words
# Ligatures, the bullets of Symbol and Wingdings, and what pdfium puts for a hyphen at a line's end.
_LETTERS = MappingProxyType(
    str.maketrans(
        {
            "\x02": "-",
            "\ufffe": "-",
            "ﬀ": "ff",
            "ﬁ": "fi",
            "ﬂ": "fl",
            "ﬃ": "ffi",
            "ﬄ": "ffl",
            "ﬅ": "st",
            "ﬆ": "st",
            "\uf0b7": "•",
            "\uf0a7": "▪",
            "\uf0d8": "‣",
            "\uf0fc": "✓",
            "\uf0a8": "◦",
            "\u200b": None,
            "\u200c": None,
            "\u200d": None,
            "\ufeff": None,
        }
    )
)
_KINDS = 0x3002  # codes; larger ones are of no kind that matters here


def _is_of(codes: Iterable[int]) -> "NDArray[np.bool_]":
    """Return for each code whether it is one of these."""
    table = np.zeros(_KINDS, bool)
    table[list(codes)] = True
    return table


_IS_SPACE = _is_of(
    [*range(0x02), *range(0x03, 0x21), *(code for code in range(0x7F, 0x3001) if chr(code).isspace() or code == 0x7F)]
)
_IS_GUESSED = _is_of(map(ord, " \r\n"))
_IS_CLOSING = _is_of(map(ord, ".,;:)]"))

Number = TypeVar("Number", float, Floats)


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters of one look, side by side; `glued` to the piece before if they are one word.

    Places are in points from the upper left corner of the page, turned so that
    its text is upright. `mono` says that all letters of its font have one width,
    `base` is the baseline, `place` the box of a piece that the reading order has
    elsewhere, such as the value of a form's field.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    base: float
    size: float
    bold: bool = False
    glued: bool = False
    mono: bool = False
    place: Box | None = None

    @property
    def box(self) -> Box:
        """Where it is on the turned page."""
        return self.place or (self.left, self.top, self.right, self.bottom)


@dataclass(frozen=True, slots=True)
class Frame:
    """How a page must be turned for its text to be upright; width and height are those of the page as shown.

    `turn` is the direction of the text as shown, in quarter turns against the clock.
    """

    page: int
    width: float
    height: float
    turn: int = 0

    def upright(self, box: tuple[Number, Number, Number, Number]) -> tuple[Number, Number, Number, Number]:
        """Return a box of the page as shown, on the turned page."""
        left, top, right, bottom = box
        if self.turn == 1:
            return self.height - bottom, left, self.height - top, right
        if self.turn == 2:
            return self.width - right, self.height - bottom, self.width - left, self.height - top
        return (top, self.width - right, bottom, self.width - left) if self.turn == 3 else box

    def shown(self, box: Box) -> Box:
        """Return a box of the turned page, on the page as shown."""
        left, top, right, bottom = box
        if self.turn == 1:
            return top, self.height - right, bottom, self.height - left
        if self.turn == 2:
            return self.width - right, self.height - bottom, self.width - left, self.height - top
        return (self.width - bottom, left, self.width - top, right) if self.turn == 3 else box

    @property
    def upright_width(self) -> float:
        """The width of the turned page, in points."""
        return self.height if self.turn % 2 else self.width

    @property
    def upright_height(self) -> float:
        """The height of the turned page, in points."""
        return self.width if self.turn % 2 else self.height


@dataclass(frozen=True, slots=True)
class Sheet:
    """The text of one direction on a page, and what is drawn there."""

    frame: Frame
    pieces: tuple[Piece, ...]
    drawn: Drawn = Drawn()


def sheets(page: "PdfPage", number: int) -> list[Sheet]:
    """Return the sheets of a page, that of most text first; none if it has no text.

    Raises:
        ValueError: the page has more than MOST_CHARACTERS.
    """
    place = placement(page)
    width, height = page.get_size()
    textpage = page.get_textpage()
    try:
        characters = _Characters(textpage, place)
    finally:
        textpage.close()
    found = []
    for turn in characters.turns():
        frame = Frame(number, width, height, max(turn, 0))
        pieces = tuple(characters.pieces(turn, frame))
        if pieces:
            found.append(Sheet(frame, pieces))
    found.sort(key=lambda sheet: -sum(len(piece.text) for piece in sheet.pieces))
    if found:
        frame = found[0].frame
        found[0] = replace(found[0], drawn=drawn(page, lambda box: frame.upright(place.shown(box))))
    return found


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a page's own places, in points from a lower left corner, are on the page as it is shown."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    def shown(self, box: tuple[Number, Number, Number, Number]) -> tuple[Number, Number, Number, Number]:
        """Return a box (left, bottom, right, top) of the page as left, top, right, bottom of the page as shown."""
        x0, y0, x1, y1 = box
        if self.rotation == 90:
            return y0 - self.bottom, x0 - self.left, y1 - self.bottom, x1 - self.left
        if self.rotation == 180:
            return self.right - x1, y0 - self.bottom, self.right - x0, y1 - self.bottom
        if self.rotation == 270:
            return self.top - y1, self.right - x1, self.top - y0, self.right - x0
        return x0 - self.left, self.top - y1, x1 - self.left, self.top - y0


def placement(page: "PdfPage") -> Placement:
    """Return the placement of a page by its boxes and rotation."""
    left, bottom, right, top = page.get_bbox()
    return Placement(left, bottom, right, top, page.get_rotation())


class _Characters:
    """The characters of a page with their places, in the order of the file."""

    def __init__(self, textpage: "PdfTextPage", place: Placement) -> None:
        count = textpage.count_chars()
        if count > MOST_CHARACTERS:
            raise ValueError(f"it has {count:,} characters")
        call = calls()
        handle = ctypes.cast(textpage.raw, ctypes.c_void_p).value
        codes = codes_of(textpage, handle, count)
        put_ligatures(codes)
        kinds = np.minimum(codes, _KINDS - 1)
        kept = np.flatnonzero(~_IS_SPACE[kinds] & (codes <= 0x10FFFF))
        at = kept.tolist()
        boxes = np.zeros((len(kept), 4), "f4")
        origins = np.zeros((len(kept), 2), "f8")
        fill(call.box, handle, at, boxes)
        fill(call.origin, handle, at, origins)
        spaces = np.flatnonzero(_IS_GUESSED[kinds]).tolist()
        real = np.ones(count, bool)
        real[kept] = False
        real[spaces] = np.fromiter(map(call.generated, repeat(handle), spaces), bool, len(spaces)) == 0
        before = np.cumsum(real)[kept]
        objects = objects_of(handle, at)
        looks = _looks(textpage, handle, objects, kept)
        self.size, self._bold, self._mono = looks[:, 0], looks[:, 2] > 0, looks[:, 3] > 0
        self.turn = np.where(looks[:, 1] < 0, -1, (looks[:, 1] - place.rotation / 90) % 4).astype(int)
        x0, y1, x1, y0 = boxes.T.astype("f8")
        lower, upper = np.minimum(y0, y1), np.maximum(y0, y1)
        self._boxes = np.stack(place.shown((np.minimum(x0, x1), lower, np.maximum(x0, x1), upper)), 1)
        x, y = origins.T
        self._origins = np.stack(place.shown((x, y, x, y))[:2], 1)
        codes = codes[kept]
        for of_signs in np.flatnonzero(looks[:, 4]).tolist():
            codes[of_signs] = ord(sign(chr(codes[of_signs]), FAMILIES[int(looks[of_signs, 4])]))
        together = is_one_glyph(self._boxes, self._origins, objects)
        put_lam_first(codes, together)
        first = ~is_overprint(codes, self._origins, self.size, together)
        self._boxes, self._origins, codes = self._boxes[first], self._origins[first], codes[first]
        self.size, self.turn = self.size[first], self.turn[first]
        self._bold, self._mono = self._bold[first], self._mono[first]
        self._text = "".join(map(chr, codes.tolist()))
        after_real = np.diff(before[first], prepend=-1) > 0
        self._spaced = (np.diff(kept, prepend=-2)[first] > 1) & (
            (np.diff(np.flatnonzero(first), prepend=-1) == 1) | after_real
        )
        self._guessed = self._spaced & ~after_real  # by gaps and baselines, not in the file
        self._rtl = is_rtl(codes)
        self._closing = _IS_CLOSING[np.minimum(codes, _KINDS - 1)]

    def turns(self) -> list[int]:
        """Return the directions that occur, in quarter turns; -1 stands for oblique text."""
        return [int(turn) for turn in np.unique(self.turn)]

    def pieces(self, turn: int, frame: Frame) -> Iterator[Piece]:
        """Yield the pieces of one direction; -1 stands for oblique text."""
        own = np.flatnonzero(self.turn == turn)
        left, top, right, bottom = self._boxes[own].T
        boxes = np.stack(frame.upright((left, top, right, bottom)), 1)
        x, y = self._origins[own].T
        bases = frame.upright((x, y, x, y))[1]
        size = self.size[own]
        size = np.where(size < 1, np.maximum(1, boxes[:, 3] - boxes[:, 1]), size)
        glued, same = self._joints(own, boxes, bases, size, turn)
        starts = np.flatnonzero(~same)
        if not len(starts):
            return
        width, height = (frame.height, frame.width) if frame.turn % 2 else (frame.width, frame.height)
        low = np.minimum.reduceat(boxes[:, :2], starts)
        high = np.maximum.reduceat(boxes[:, 2:], starts)
        middle = (low + high) / 2
        inside = ((middle > -_OUTSIDE) & (middle < np.array([width, height]) + _OUTSIDE)).all(1)
        first = own[starts]
        lasts = first + np.diff(np.append(starts, len(own)))
        columns = (first, lasts, low, high, bases[starts], size[starts])
        looks = (self._bold[first], glued[starts], self._mono[first])
        # Equal numbers and words are kept once: a large document has hundreds of thousands of pieces.
        once = _Once()
        values = (column[inside].tolist() for column in (*columns, *looks))
        for at, end, least, most, base, em, *look in zip(*values, strict=True):
            text = self._text[at:end]
            if not text.isascii() or "\x02" in text:
                text = clean(text).translate(_LETTERS)
            if text:
                left, top = least
                right, bottom = most
                yield Piece(intern(text), left, once[top], right, once[bottom], once[base], once[em], *look)

    def _joints(
        self,
        own: "NDArray[np.int_]",
        boxes: Floats,
        bases: Floats,
        size: Floats,
        turn: int,
    ) -> "tuple[NDArray[np.bool_], NDArray[np.bool_]]":
        """Return for each character whether it is of one word, and of one piece, with the one before."""
        if not len(own):
            return np.zeros(0, bool), np.zeros(0, bool)
        rtl = self._rtl[own]
        larger = np.maximum(size[1:], size[:-1])
        gap = np.where(rtl[1:] & rtl[:-1], boxes[:-1, 0] - boxes[1:, 2], boxes[1:, 0] - boxes[:-1, 2])
        shift = np.abs(np.diff(bases))
        same = (np.abs(np.diff(boxes[:, 0])) < _SAME) & (np.abs(np.diff(boxes[:, 2])) < _SAME)  # parts of a ligature
        near = same | ((gap < _GAP * larger) & (gap > -_BACK * larger))
        unlikely = (gap < _LEAST_SPACE * larger) & ((shift > _SHIFT * larger) | self._closing[own[1:]])
        spaced = self._spaced[own[1:]] & ~(self._guessed[own[1:]] & unlikely)
        if turn < 0:
            near[:] = True
        following = np.diff(own) == 1
        glued = np.concatenate([[False], near & (shift < _JUMP * larger) & following & ~spaced])
        bold = self._bold[own]
        look = (np.abs(np.diff(size)) <= _SHIFT * larger) & (shift <= _SHIFT * larger) & (bold[1:] == bold[:-1])
        return glued, glued & np.concatenate([[False], look])


class _Once(dict[float, float]):
    """Returns for each number the equal one that it was given first."""

    def __missing__(self, number: float) -> float:
        self[number] = number
        return number


def _looks(textpage: "PdfTextPage", handle: object, objects: "NDArray[np.uint64]", kept: "NDArray[np.int_]") -> Floats:
    """Return for each character its size in points, its direction in quarter turns (-1: oblique), and its face."""
    import pypdfium2.raw as pdfium

    changes = np.flatnonzero(np.diff(objects, prepend=0) != 0)
    if len(changes) == 0 or changes[0] != 0:
        changes = np.concatenate([[0], changes]) if len(objects) else changes
    looks = np.zeros((len(changes), 5))
    matrix = pdfium.FS_MATRIX()
    faces: dict[int, Face] = {}
    for row, at in enumerate(changes.tolist()):
        number = int(kept[at])
        pdfium.FPDFText_GetMatrix(textpage, number, matrix)
        size = pdfium.FPDFText_GetFontSize(textpage, number) * math.hypot(matrix.c, matrix.d)
        degrees = math.degrees(math.atan2(matrix.b, matrix.a)) % 360
        turn = round(degrees / 90)
        oblique = abs(degrees - 90 * turn) > _OBLIQUE
        looks[row] = size, -1 if oblique else turn % 4, *face(int(objects[at]), faces)
    return np.repeat(looks, np.diff(np.append(changes, len(objects))), axis=0)
