"""PDF: the text of each page as pypdf extracts it, and where each page starts."""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import clean
from ingest.readers.source import one_line, paragraphs, sha256, silence, stem_title
from ingest.schema import Block, Document, Span

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
# Bytes of the pages' content, unpacked, and how many there may be to a byte of the file beyond that: pypdf reads 1 MB
# of operators in 2 to 6 s, and 50 KB may unpack to 50 MB of them.
_CONTENT_FROM = 5_000_000
_MAX_RATIO = 50
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")  # noqa: RUF001
_LINE = re.compile(r"\S.*")
_BULLET = re.compile(r"[•▪●‣◦]")
# A line shorter than this share of the median line may end a paragraph.
_SHORT = 0.75
# Default titles filled in by word processors.
_NO_TITLE = re.compile(r"untitled.*|microsoft word - .*|.*\.(docx?|indd|pdf|qxd|tex|dvi)", re.IGNORECASE)


def read(data: bytes, source: str) -> Document:
    """Return the extracted text of a PDF, page by page.

    Raises:
        SourceUnreadable: the file is damaged, password-protected, or contains no text.
    """
    reader = _open(data, source)
    pages = _pages(reader, len(data), source)
    if not any(pages):
        raise SourceUnreadable("contains no text (probably a scan)", source, "run OCR on it first")
    text, page_starts = _join(pages)
    return Document(
        source,
        _title(reader) or stem_title(source),
        None,
        text,
        sha256(data),
        page_starts=page_starts,
        blocks=tuple(Block(start, end) for start, end in _blocks(text)),
        verbatim=False,
    )


def _open(data: bytes, source: str) -> "PdfReader":
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    silence("pypdf")
    try:
        reader = PdfReader(BytesIO(data))
        locked = reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED
    except (PyPdfError, DependencyError, DeprecationError, *_BROKEN) as error:
        raise _broken("is not a readable PDF", error, source) from error
    if locked:
        raise SourceUnreadable("is password-protected", source, "save it without a password")
    return reader


def _page_count(reader: "PdfReader", source: str) -> int:
    from pypdf.errors import PyPdfError

    try:
        return len(reader.pages)
    except (PyPdfError, *_BROKEN) as error:
        raise _broken("has no readable pages", error, source) from error


def _pages(reader: "PdfReader", size: int, source: str) -> list[str]:
    """Return the trimmed text of each page; a page that occurs again has none there.

    Raises:
        SourceUnreadable: a page is damaged, or the pages are too large when unpacked.
    """
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    texts: list[str] = []
    known: set[int] = set()
    unpacked = 0
    for number in range(_page_count(reader, source)):
        try:
            page = reader.pages[number]
            mark = page.indirect_reference.idnum if page.indirect_reference else -number
            content = None if mark in known else page.get_contents()
            known.add(mark)
            unpacked += 0 if content is None else len(content.get_data())
            if unpacked > _CONTENT_FROM and unpacked > _MAX_RATIO * size:
                what = f"unpacks to {unpacked / 1e6:,.0f} MB from {size / 1e6:,.1f} MB, too much for a document"
                raise SourceUnreadable(what, source, "split it, or remove it if you do not trust it")
            texts.append("" if content is None else clean(page.extract_text()).strip())
        except (PyPdfError, DependencyError, DeprecationError, *_BROKEN) as error:
            raise _broken(f"cannot be read at page {number + 1}", error, source) from error
    return texts


def _broken(what: str, error: Exception, source: str) -> SourceUnreadable:
    reason = one_line(str(error))[:200].rstrip(".") or type(error).__name__
    return SourceUnreadable(f"{what} ({reason})", source, "save it again from the program that created it")


def _title(reader: "PdfReader") -> str:
    """Return the title property, or "" if it is missing or a default."""
    from pypdf.errors import PyPdfError

    try:
        title = reader.metadata.title if reader.metadata else None
    except (PyPdfError, *_BROKEN):
        return ""
    title = one_line(clean(str(title or "")))
    return "" if _NO_TITLE.fullmatch(title) else title


def _join(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Join the pages and return the text and the start of each page.

    Pages are joined by one newline if a sentence continues on the next page,
    else by a blank line. An empty page starts where the next one does.
    """
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    last = max(number for number, page in enumerate(pages) if page)
    for number, page in enumerate(pages):
        starts.append(at)
        gap = ("\n\n" if _SENTENCE_END.search(page) else "\n") if page and number < last else ""
        parts += [page, gap]
        at += len(page) + len(gap)
    return "".join(parts), tuple(starts)


def _blocks(text: str) -> Iterator[Span]:
    """Yield paragraphs, which end before a blank line or bullet, or after a short line that ends a sentence."""
    short = _SHORT * median(len(line) for line in text.split("\n") if line.strip())
    for start, end in paragraphs(text):
        lines = [(start + line.start(), start + line.end()) for line in _LINE.finditer(text[start:end])]
        first = start
        for (at, stop), (following, _) in pairwise(lines):
            ends = stop - at < short and _SENTENCE_END.search(text[at:stop].rstrip())
            if ends or _BULLET.match(text, following):
                yield first, at + len(text[at:stop].rstrip())
                first = following
        yield first, end
