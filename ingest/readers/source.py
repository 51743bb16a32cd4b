"""What every reader needs: hashes, line ends, titles, addresses, and paragraphs."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import PurePosixPath

from ingest.errors import SourceUnreadable
from ingest.schema import Span

BOM = "\ufeff"
SAVE_AS_UTF8 = "save it as UTF-8"


def sha256(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def refuse_nul(data: bytes, source: str) -> None:
    """Raise SourceUnreadable for bytes that no text file holds."""
    if b"\0" in data:
        raise SourceUnreadable("is not text (it holds NUL bytes)", source, SAVE_AS_UTF8)


def not_utf8(data: bytes, error: UnicodeDecodeError, source: str) -> SourceUnreadable:
    """Return the error for a byte that is not UTF-8, with its value and line."""
    line = unify_line_ends(data[: error.start].decode("latin-1")).count("\n") + 1
    return SourceUnreadable(f"is not UTF-8 (byte 0x{data[error.start]:02x} in line {line})", source, SAVE_AS_UTF8)


def empty(source: str) -> SourceUnreadable:
    """Return the error for a file without any text in it."""
    return SourceUnreadable("is empty", source, "remove it or fill it")


def unify_line_ends(text: str) -> str:
    """Return the text with every carriage return, alone or before a newline, as a newline."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space, none at the ends."""
    return " ".join(text.split())


def stem_title(source: str) -> str:
    """Return a readable title from a file's name: no suffix, spaces for underscores and hyphens."""
    name = PurePosixPath(source).stem
    return one_line(name.replace("_", " ").replace("-", " ")) or name


def web_address(value: object) -> str | None:
    """Return a web address as it stands, or None for what is not http or https.

    It is shown as a link, so no other scheme (`javascript:`, `data:`) may pass.
    """
    address = value.strip() if isinstance(value, str) else ""
    is_web = address.lower().startswith(("http://", "https://"))
    return address if is_web and address.isprintable() and " " not in address else None


def paragraphs(text: str, start: int = 0) -> Iterator[Span]:
    """Yield the span of every run of non-blank lines from `start` on, without white space at its ends."""
    first = last = -1
    while start <= len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        line = text[start:stop]
        if line.strip():
            first = first if first >= 0 else stop - len(line.lstrip())
            last = start + len(line.rstrip())
        elif first >= 0:
            yield first, last
            first = -1
        start = stop + 1
    if first >= 0:
        yield first, last


def hush(library: str) -> None:
    """Keep what a parsing library logs off stderr, unless someone set its level.

    Readers report what matters as SourceUnreadable; the rest is noise.
    """
    logger = logging.getLogger(library)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL + 1)
