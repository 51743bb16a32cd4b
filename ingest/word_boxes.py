"""Where the words of a PDF are on its pages, packed to about seven bytes a word."""

import zlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

_FIELDS = 7
_LEVEL = 3  # of zlib: a tenth larger than level 6, in a third of the time
_PRECISION = 10  # parts of a point that are kept


class WordBox(NamedTuple):
    """A word: its span in the document's text, its 1-based page and its box.

    The box is in points (1/72 inch) from the upper left corner of the page as
    it is shown, with its rotation. A word that is hyphenated over two lines has
    two boxes of the same span.
    """

    start: int
    end: int
    page: int
    left: float
    top: float
    right: float
    bottom: float


def pack(fields: Iterable[float]) -> bytes:
    """Return boxes as bytes, from the fields of one WordBox after the other, ordered by start.

    Sides are rounded to tenths of a point.
    """
    numbers = np.fromiter(fields, "f8")
    if not len(numbers):
        return b""
    columns = numbers.reshape(-1, _FIELDS).T
    spans = np.diff(columns[:3].astype("<i4"), prepend=0)
    sides = np.rint(columns[3:].astype("<f4") * _PRECISION).astype("<i4")
    return zlib.compress(np.concatenate([spans, sides]).astype("<i4").tobytes(), _LEVEL)


def within(packed: bytes, start: int, end: int) -> list[WordBox]:
    """Return the boxes of the words that overlap a span of the text, in order."""
    if not packed:
        return []
    columns = np.frombuffer(zlib.decompress(packed), dtype="<i4").reshape(_FIELDS, -1)
    starts, ends, pages = np.cumsum(columns[:3], axis=1)
    found = np.flatnonzero((starts < end) & (ends > start))
    return [
        WordBox(int(starts[at]), int(ends[at]), int(pages[at]), *(columns[3:, at] / _PRECISION).tolist())
        for at in found
    ]
