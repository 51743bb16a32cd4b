"""Shared by the readers: hashes, line ends, titles, web addresses, paragraphs and common errors."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import PurePosixPath

from ingest.errors import SourceUnreadable
from ingest.schema import Span

BOM = "\ufeff"
SAVE_AS_UTF8 = "save it as UTF-8"
# Characters. Every passage below a heading repeats its title, so a long one would make a large index of a small file.
LONGEST_TITLE = 300


def sha256(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def refuse_nul(data: bytes, source: str) -> None:
    """Raise SourceUnreadable if the bytes contain NUL."""
    if b"\0" in data:
        raise SourceUnreadable("is not text (it contains NUL bytes)", source, SAVE_AS_UTF8)


def not_utf8(data: bytes, error: UnicodeDecodeError, source: str) -> SourceUnreadable:
    """Return the error for bytes that are not UTF-8, naming the first invalid byte and its line."""
    line = unify_line_ends(data[: error.start].decode("latin-1")).count("\n") + 1
    return SourceUnreadable(f"is not UTF-8 (byte 0x{data[error.start]:02x} in line {line})", source, SAVE_AS_UTF8)


def empty(source: str) -> SourceUnreadable:
    """Return the error for an empty file."""
    return SourceUnreadable("is empty", source, "add text to it or remove it")


def no_text(source: str) -> SourceUnreadable:
    """Return the error for a file without a block to quote."""
    return SourceUnreadable("contains no text to quote", source, "add text to it or remove it")


def unify_line_ends(text: str) -> str:
    """Return the text with CR and CRLF replaced by newlines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    """Return the text with each run of white space collapsed to one space, trimmed."""
    return " ".join(text.split())


def stem_title(source: str) -> str:
    """Return a title made from the file name: no suffix, spaces instead of underscores and hyphens."""
    name = PurePosixPath(source).stem
    return one_line(name.replace("_", " ").replace("-", " ")) or name


def shortened(title: str) -> str:
    """Return a title of at most LONGEST_TITLE characters; a longer one ends with an ellipsis."""
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"


def web_address(value: object) -> str | None:
    """Return an http or https address unchanged, or None for anything else.

    The address is shown as a link, so other schemes (`javascript:`, `data:`)
    must not pass.
    """
    address = value.strip() if isinstance(value, str) else ""
    is_web = address.lower().startswith(("http://", "https://"))
    return address if is_web and address.isprintable() and " " not in address else None


def paragraphs(text: str, start: int = 0) -> Iterator[Span]:
    """Yield the trimmed span of each run of non-blank lines, beginning at `start`."""
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


def silence(library: str) -> None:
    """Silence the log of a parsing library unless its level was set explicitly.

    Readers report relevant failures as SourceUnreadable; the rest is noise.
    """
    logger = logging.getLogger(library)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL + 1)
