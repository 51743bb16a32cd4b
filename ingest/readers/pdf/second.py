"""pypdf, the second reader of PDFs: it says how large pages unpack, and reads those that pdfium cannot."""

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import clean
from ingest.readers.source import one_line, silence

if TYPE_CHECKING:
    from pypdf import PdfReader

# What pypdf raises for damaged files, besides its own errors.
_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
# Bytes of the pages' content, unpacked, and how many there may be to a byte of the file beyond that: 1 MB of operators
# takes up to a second, and 50 KB may unpack to 50 MB of them.
_CONTENT_FROM = 5_000_000
_MAX_RATIO = 50


class SecondReader:
    """A file as pypdf reads it, or why it does not."""

    def __init__(self, data: bytes, source: str) -> None:
        self._size = len(data)
        self._source = source
        self._unpacked = 0
        self._known: set[int] = set()
        self._reader: PdfReader | None = None
        self.fault = ""
        self.pages = 0
        self._open(data)

    def _open(self, data: bytes) -> None:
        """Open the file.

        Raises:
            SourceUnreadable: it needs a password.
        """
        from pypdf import PasswordType, PdfReader
        from pypdf.errors import DependencyError, DeprecationError, PyPdfError

        silence("pypdf")
        what = "is not a readable PDF"
        try:
            reader = PdfReader(BytesIO(data))
            locked = reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED
            what = "has no readable pages"
            self.pages = 0 if locked else len(reader.pages)
        except (PyPdfError, DependencyError, DeprecationError, *_BROKEN) as error:
            self.fault = f"{what} ({_reason(error)})"
            return
        if locked:
            raise SourceUnreadable("is password-protected", self._source, "save it without a password")
        self._reader = reader

    def admits(self, index: int) -> bool:
        """Return whether a page is to be read: False if it is one that was read before.

        Raises:
            SourceUnreadable: the pages so far are too large when unpacked.
        """
        from pypdf.errors import DependencyError, DeprecationError, PyPdfError

        if self._reader is None or index >= self.pages:
            return True
        try:
            page = self._reader.pages[index]
            mark = page.indirect_reference.idnum if page.indirect_reference else -index
            if mark in self._known:
                return False
            self._known.add(mark)
            content = page.get_contents()
            self._unpacked += 0 if content is None else len(content.get_data())
        except (PyPdfError, DependencyError, DeprecationError, *_BROKEN):
            return True
        if self._unpacked > _CONTENT_FROM and self._unpacked > _MAX_RATIO * self._size:
            what = f"unpacks to {self._unpacked / 1e6:,.0f} MB from {self._size / 1e6:,.1f} MB, too much for a document"
            raise SourceUnreadable(what, self._source, "split it, or remove it if you do not trust it")
        return True

    def text(self, index: int) -> tuple[str, str]:
        """Return the text of a page and why it cannot be read; one of the two is empty, both if it has no text."""
        from pypdf.errors import DependencyError, DeprecationError, PyPdfError

        if self._reader is None or index >= self.pages:
            return "", self.fault
        try:
            return clean(self._reader.pages[index].extract_text()).strip(), ""
        except (PyPdfError, DependencyError, DeprecationError, *_BROKEN) as error:
            return "", _reason(error)

    def title(self) -> str:
        """Return the title property, or "" if there is none."""
        from pypdf.errors import PyPdfError

        try:
            title = self._reader.metadata.title if self._reader and self._reader.metadata else None
        except (PyPdfError, *_BROKEN):
            return ""
        return one_line(clean(str(title or "")))


def _reason(error: Exception) -> str:
    return one_line(str(error))[:200].rstrip(".") or type(error).__name__
