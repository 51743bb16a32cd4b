"""The process that draws a page of a PDF: `python -m ui.page.pdf_child MEGABYTES SECONDS PATH SHA PAGES PAGE SCALE`.

It writes what `answer` returns to standard output. Whatever a file does, it does to this process alone, which
`ui.page.pdf_pages` ends when its time is over.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.allocator import limit_memory

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

CHANGED = 3
"""The exit status if the file is not the one that was ingested."""
MOST_PIXELS = 9_000_000
LONGEST_SIDE = 16_000
"""Pixels; an A4 page at four pixels a point has 2,380 × 3,368."""
QUALITY = 90


def main(arguments: Sequence[str]) -> int:
    """Write the answer to a request; return the exit status."""
    megabytes, seconds, path, sha, pages, page, scale = arguments
    limit_memory(int(megabytes))
    _limit_time(float(seconds))
    data = Path(path).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha:
        return CHANGED
    sys.stdout.buffer.write(answer(data, int(pages), int(page), float(scale)))
    return 0


def answer(data: bytes, pages: int, page: int, scale: float) -> bytes:
    """Return a page (1-based) as a JPEG with `scale` pixels a point, less if it is large.

    For page 0, return the widths and heights of the first `pages` pages, in points, as JSON.

    Raises:
        pypdfium2.PdfiumError: pdfium cannot read the file or the page.
        ValueError: a page is too small or too large to be shown.
    """
    from pypdfium2 import PdfDocument

    document = PdfDocument(data)
    if not page:
        return json.dumps([_size(document.get_page_size(number)) for number in range(pages)]).encode()
    document.init_forms()
    return _picture(document, page, scale)


def _picture(document: "PdfDocument", page: int, scale: float) -> bytes:
    shown = document[page - 1]
    width, height = _size(shown.get_size())
    most = min((MOST_PIXELS / (width * height)) ** 0.5, LONGEST_SIDE / max(width, height))
    written = BytesIO()
    picture = shown.render(scale=min(scale, most)).to_pil().convert("RGB")
    picture.save(written, "JPEG", quality=QUALITY, subsampling=0)
    return written.getvalue()


def _size(size: tuple[float, float]) -> tuple[float, float]:
    if not all(1 <= side <= 100_000 for side in size):
        raise ValueError(f"a page of {size[0]:g} × {size[1]:g} points")  # noqa: RUF001
    return size


def _limit_time(seconds: float) -> None:
    """End this process if it outlives its parent, which otherwise ends it earlier."""
    if sys.platform != "win32":  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
