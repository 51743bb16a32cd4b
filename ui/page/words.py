"""Writes counts and places in words."""

from collections.abc import Sequence

from assistant.render import RECOGNISED
from ingest.schema import HEADING_SEPARATOR


def thousands(number: int) -> str:
    """Return a number with thousands separators."""
    return f"{number:,}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def heading_words(path: Sequence[str], title: str) -> str:
    """Return a path of headings as one line, without a first one that repeats the title."""
    return HEADING_SEPARATOR.join(path[1:] if path[:1] == (title,) else path)


def place_words(page: int | None, line: int | None, *, recognised: bool = False) -> str:
    """Return page and line in words, as far as known, and whether the text was recognised in an image."""
    pages = f"page {page:,}" if page is not None else ""
    lines = f"line {line:,}" if line is not None else ""
    return ", ".join(filter(None, (pages, lines, RECOGNISED if recognised else "")))
