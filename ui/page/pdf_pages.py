"""Pages of PDFs as pictures: each is drawn in a process of its own, and the last ones are kept."""

import json
import logging
import subprocess
import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Semaphore

from ingest.errors import IndexMissing, SourceUnreadable
from ingest.origin import FileState, check_file, file_path
from ingest.schema import Document
from ingest.settings import ReadLimits
from ui.handlers.corpus import names
from ui.page.pdf_child import CHANGED

SCALES = (1, 2, 4)
"""Pixels a point that pictures have; 2 is 144 dots an inch."""
SECONDS = 20.0
"""The time for one page. A page with a large photo takes 1 s on a busy core."""
AT_A_TIME = 2
WAITING = 10
"""Requests that wait or run; a browser sends six at a time."""
MOST_KEPT = 200
MOST_KEPT_BYTES = 64_000_000

log = logging.getLogger(__name__)


class PagesBusy(SourceUnreadable):
    """Too many pages are being drawn."""


@dataclass(frozen=True, slots=True)
class PdfFile:
    """A PDF as it was ingested: the path of its root, its source, its hash, and the number of its pages."""

    root: str
    source: str
    sha: str
    pages: int


class PdfPages:
    """Draws pages, a few at a time; threads may share it."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = ReadLimits(min(limits.seconds, SECONDS), limits.megabytes)
        self._places = Semaphore(WAITING)
        self._running = Semaphore(AT_A_TIME)
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def sizes(self, file: PdfFile) -> tuple[tuple[float, float], ...]:
        """Return the width and height of each page as it is shown, in points.

        Raises:
            SourceUnreadable: the file cannot be shown, or is not what was ingested.
        """
        return tuple((width, height) for width, height in json.loads(self._answer(file, 0, 1)))

    def picture(self, file: PdfFile, page: int, scale: int) -> bytes:
        """Return a page (1-based) as a JPEG of `scale` pixels a point.

        Raises:
            SourceUnreadable: the page cannot be shown, or the file is not what was ingested.
        """
        return self._answer(file, page, scale)

    def _answer(self, file: PdfFile, page: int, scale: int) -> bytes:
        """Return what the process answers, or has answered before."""
        key = file.sha, page, scale
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        if not self._places.acquire(blocking=False):
            raise PagesBusy("too many pages are being drawn", file.source, "try again in a moment")
        try:
            with self._running:
                answer = self._asked(file, page, scale)
        finally:
            self._places.release()
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > MOST_KEPT or sum(map(len, self._kept.values())) > MOST_KEPT_BYTES:
                self._kept.popitem(last=False)
        return answer

    def _asked(self, file: PdfFile, page: int, scale: int) -> bytes:
        seconds, megabytes = self._limits
        command = [sys.executable, "-P", "-m", "ui.page.pdf_child", str(megabytes), str(seconds)]
        command += [str(file_path(file.root, file.source)), file.sha, str(file.pages), str(page), str(scale)]
        what = f"page {page} cannot be shown" if page else "its pages cannot be shown"
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as error:
            raise SourceUnreadable(f"{what} within {seconds:g} seconds", file.source, "read its text") from error
        if done.returncode == CHANGED:
            raise SourceUnreadable(
                "its file has changed since it was ingested", file.source, "read its folder again in the Corpus tab"
            )
        if done.returncode:
            log.warning("%s: %s: %s", file.source, what, done.stderr.decode(errors="backslashreplace").strip()[-500:])
            raise SourceUnreadable(what, file.source, "read its text")
        return done.stdout


def pdf_file(root: str, document: Document, data_dir: Path) -> PdfFile | None:
    """Return the PDF that a document was read from; None if it is no PDF, or its file is not what was ingested.

    `root` is the name that clients know the folder by, or its path.
    """
    file = known_pdf(root, document, data_dir)
    return file if file is not None and check_file(file.root, document)[0] is FileState.SAME else None


def known_pdf(root: str, document: Document, data_dir: Path) -> PdfFile | None:
    """Return the PDF that a document was read from, whatever its file is by now; None if it is no PDF."""
    if not document.page_starts or not document.source.lower().endswith(".pdf"):
        return None
    try:
        known = names(data_dir)
    except IndexMissing:  # an assistant that answers from elsewhere
        return None
    path = next((path for path, name in known.items() if root in (path, name)), None)
    return None if path is None else PdfFile(path, document.source, document.sha, len(document.page_starts))
