"""Optional text recognition (OCR) of scanned pages with RapidOCR, whose models come with it (`[ocr]`)."""

import time
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any

from ingest.errors import installing
from ingest.readers.assemble import clean
from ingest.readers.pdf.page import Frame, Piece, Sheet
from ingest.readers.pdf.paths import Box

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

INSTALL = installing("ocr")
_RESOLUTION = 200 / 72  # pixels a point: 200 dots an inch
_LONGEST_SIDE = 3_000  # pixels
# Seconds for one file: a full page takes 4 to 15 on one core, and reading a file may take 120 by default.
_SECONDS = 60.0
_BASELINE = 0.22  # of a line's height, above its lower side
_SIZE = 0.72  # of a line's height: the size of its letters
_SIMILAR = 0.25  # sizes that differ less from the usual one are taken for it


class Recogniser:
    """Recognises the text of pages until its time is up."""

    def __init__(self) -> None:
        self._end = time.monotonic() + _SECONDS

    def sheet(self, page: "PdfPage", number: int) -> Sheet | None:
        """Return the text of a page; None without the extra, without text, or when the time is up."""
        if not is_installed() or time.monotonic() > self._end:
            return None
        width, height = page.get_size()
        scale = min(_RESOLUTION, _LONGEST_SIDE / max(width, height, 1.0))
        result = _engine()(page.render(scale=scale).to_numpy())
        if result.boxes is None:
            return None
        lines = [
            (clean(text), _box([(x / scale, y / scale) for x, y in corners.tolist()]))
            for corners, text in zip(result.boxes, result.txts, strict=True)
        ]
        pieces = tuple(_pieces(lines))
        return Sheet(Frame(number, width, height), pieces) if pieces else None


def is_installed() -> bool:
    """Return whether the extra `[ocr]` is installed."""
    return find_spec("rapidocr") is not None


@cache
def _engine() -> Any:  # noqa: ANN401 - RapidOCR has no types
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "critical"})


def _box(corners: Sequence[tuple[float, float]]) -> Box:
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _pieces(lines: Sequence[tuple[str, Box]]) -> Iterator[Piece]:
    """Yield the words of lines, each with its share of the line's width."""
    usual = median([_SIZE * (box[3] - box[1]) for _, box in lines]) if lines else 0.0
    for text, (left, top, right, bottom) in lines:
        size = _SIZE * (bottom - top)
        size = usual if abs(size - usual) < _SIMILAR * usual else size
        base = bottom - _BASELINE * (bottom - top)
        letter = (right - left) / max(len(text), 1)
        at = 0
        for word in text.split():
            start = text.index(word, at)
            at = start + len(word)
            yield Piece(word, left + start * letter, top, left + at * letter, bottom, base, size)
