"""Where the words of a PDF are on its pages, packed to about seven bytes a word."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_FIELDS = np.dtype(
    [
        ("start", "<i4"),
        ("end", "<i4"),
        ("page", "<i4"),
        *((side, "<f4") for side in ("left", "top", "right", "bottom")),
    ]
)
_PRECISION = 10  # parts of a point that are kept


@dataclass(frozen=True, slots=True)
class WordBox:
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


def pack(boxes: Iterable[WordBox]) -> bytes:
    """Return boxes, ordered by start, as bytes; sides are rounded to tenths of a point."""
    # Not `astuple`, which copies every value: 300,000 words take seconds.
    sides = [(box.start, box.end, box.page, box.left, box.top, box.right, box.bottom) for box in boxes]
    packed = np.array(sides, dtype=_FIELDS)
    if not len(packed):
        return b""
    columns = [np.diff(packed[name], prepend=0) for name in ("start", "end", "page")]
    columns += [np.rint(packed[name] * _PRECISION).astype("<i4") for name in ("left", "top", "right", "bottom")]
    return zlib.compress(np.stack(columns).astype("<i4").tobytes())


def within(packed: bytes, start: int, end: int) -> list[WordBox]:
    """Return the boxes of the words that overlap a span of the text, in order."""
    if not packed:
        return []
    columns = np.frombuffer(zlib.decompress(packed), dtype="<i4").reshape(7, -1)
    starts, ends, pages = np.cumsum(columns[:3], axis=1)
    found = np.flatnonzero((starts < end) & (ends > start))
    return [
        WordBox(int(starts[at]), int(ends[at]), int(pages[at]), *(columns[3:, at] / _PRECISION).tolist())
        for at in found
    ]
