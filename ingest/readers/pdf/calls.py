"""Calls of pdfium for the characters of a page, as few and as fast as they can be."""

import ctypes
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_STRETCH = 8  # characters


def fill(call: Callable[..., object], handle: object, at: Sequence[int], into: "NDArray[np.floating]") -> None:
    """Let a function of pdfium write each character's numbers into a row."""
    if not at:
        return
    base, width = into.ctypes.data, into.strides[0]
    rows = range(base, base + width * len(at), width)
    if into.itemsize == 4:
        deque(map(call, repeat(handle), at, rows), 0)
    else:
        deque(map(call, repeat(handle), at, rows, range(base + 8, base + 8 + width * len(at), width)), 0)


@dataclass(frozen=True, slots=True)
class Calls:
    """Functions of pdfium that take plain integers for pointers, which makes them several times faster to call."""

    unicode: Callable[..., int]
    box: Callable[..., int]
    origin: Callable[..., int]
    generated: Callable[..., int]
    object: Callable[..., int]


@cache
def calls() -> Calls:
    """Return the functions."""
    import pypdfium2.raw as pdfium

    pointer, number = ctypes.c_void_p, ctypes.c_int

    def plain(function: object, result: type, *arguments: type) -> Callable[..., int]:
        address = ctypes.cast(function, pointer).value  # type: ignore[arg-type]
        return ctypes.CFUNCTYPE(result, *arguments)(address)  # type: ignore[arg-type]

    return Calls(
        plain(pdfium.FPDFText_GetUnicode, ctypes.c_uint, pointer, number),
        plain(pdfium.FPDFText_GetLooseCharBox, number, pointer, number, pointer),
        plain(pdfium.FPDFText_GetCharOrigin, number, pointer, number, pointer, pointer),
        plain(pdfium.FPDFText_IsGenerated, number, pointer, number),
        plain(pdfium.FPDFText_GetTextObject, ctypes.c_size_t, pointer, number),
    )


def codes_of(textpage: "PdfTextPage", handle: object, count: int) -> "NDArray[np.uint32]":
    """Return the code of each character: all at once where pdfium's text has one unit for each."""
    import pypdfium2.raw as pdfium

    units = np.zeros(count + 1, "<u2")
    buffer = units.ctypes.data_as(ctypes.POINTER(ctypes.c_ushort))
    written = pdfium.FPDFText_GetText(textpage, 0, count, buffer) if count > 0 else 0
    if written != count + 1 or ((units >= 0xD800) & (units < 0xE000)).any():
        return np.fromiter(map(calls().unicode, repeat(handle), range(count)), "u4", count)
    codes = units[:count].astype("u4")
    for at in np.flatnonzero(codes == 0xFFFE).tolist():
        codes[at] = calls().unicode(handle, at)  # a hyphen at the end of a line, or a character without a code
    return codes


def objects_of(handle: object, at: Sequence[int]) -> "NDArray[np.uint64]":
    """Return the address of each character's text object.

    The characters of an object are side by side, so a stretch whose ends are of
    one object is of this one.
    """
    if not at:
        return np.zeros(0, "u8")
    call = calls().object
    ends = np.unique([*range(0, len(at), _STRETCH), len(at) - 1])
    found = np.fromiter((call(handle, at[end]) for end in ends.tolist()), "u8", len(ends))
    starts = np.arange(len(at)) // _STRETCH
    objects = found[starts]
    mixed = np.flatnonzero(objects != found[np.minimum(starts + 1, len(found) - 1)])
    objects[mixed] = np.fromiter((call(handle, at[one]) for one in mixed.tolist()), "u8", len(mixed))
    return objects
