"""What tells the characters of a PDF page from each other: parts of ligatures, and letters drawn over equal ones."""

import numpy as np
from numpy.typing import NDArray

_SAME = 0.01  # points
_OVERPRINT = 0.12  # of the size: equal letters that are nearer are one, drawn more than once
_LONGEST_LIGATURE = 3  # letters
_LAM = 0x644
_ALEFS = np.array([0x622, 0x623, 0x625, 0x627])

Floats = NDArray[np.float64]


def is_one_glyph(boxes: Floats, origins: Floats, objects: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return for each character whether it is of one glyph with the one before: a part of a ligature.

    pdfium gives the parts the glyph's box, or one origin and boxes side by side; letters drawn twice have neither.
    """
    same = (np.abs(np.diff(boxes, axis=0)) < _SAME).all(1)
    at_one_place = (np.abs(np.diff(origins, axis=0)) < _SAME).all(1)
    left, lower, right, upper = boxes.T
    beside = (np.abs(left[1:] - right[:-1]) < _SAME) | (np.abs(lower[1:] - upper[:-1]) < _SAME)
    beside |= (np.abs(right[1:] - left[:-1]) < _SAME) | (np.abs(upper[1:] - lower[:-1]) < _SAME)
    together = (same | (at_one_place & beside)) & (np.diff(objects) == 0)
    return np.concatenate([np.zeros(min(1, len(boxes)), bool), together])


def put_lam_first(codes: NDArray[np.uint32], together: NDArray[np.bool_]) -> None:
    """Put the letters of the ligature of lam and alef in order, which pdfium turns round with the line."""
    turned = np.flatnonzero(together[1:] & np.isin(codes[:-1], _ALEFS) & (codes[1:] == _LAM))
    for at in turned:
        codes[at], codes[at + 1] = codes[at + 1], codes[at]


def is_overprint(
    codes: NDArray[np.uint32], origins: Floats, size: Floats, together: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return for each character whether it is drawn over an equal one, as programs do to make text bold."""
    found = np.zeros(len(codes), bool)
    step = np.maximum(_OVERPRINT * size, 0.25)
    look = (codes.astype("i8") << 9) | np.minimum(2 * size, 511).astype("i8")
    across, down = origins.T / step
    for shift in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)):
        x, y = (np.floor(place + part).astype("i8") & 0x3FFF for place, part in zip((across, down), shift, strict=True))
        keys = (((look << 14) | x) << 14) | y
        order = np.argsort(keys, kind="stable")
        found[order[1:][keys[order][1:] == keys[order][:-1]]] = True
    found &= ~together
    for _ in range(_LONGEST_LIGATURE - 1):
        found[1:] |= together[1:] & found[:-1]
    return found


def is_rtl(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return for each character whether it is of a script that is written from right to left."""
    return (
        ((codes >= 0x590) & (codes < 0x900))
        | ((codes >= 0xFB1D) & (codes < 0xFE00))
        | ((codes >= 0xFE70) & (codes < 0xFF00))
    )
