"""HTML that the tabs share; every text is escaped on its way."""

import re
from hashlib import sha256
from html import escape
from urllib.parse import urlencode

SOFT_BREAK = re.compile(r"(?m)^.{50,}(?<=\S)\n(?=[^\W\d_]|[\"'“‘(])")
"""A line end inside a paragraph wrapped by hand: the line before is long, the next begins with a word."""


def safe(text: str) -> str:
    """Escape for HTML; half a surrogate pair, which cannot be sent, is made visible."""
    return escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def failure_html(message: str) -> str:
    """Return the message of what did not work."""
    return f'<div class="failure"><p class="label">This did not work</p><p dir="auto">{safe(message)}</p></div>'


def fingerprint(text: str) -> str:
    """Return a short digest that tells whether a place still holds the same text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def opener_html(root: str, source: str, span: tuple[int, int], text: str, *, title: str) -> str:
    """Return the button that opens a source at a span (characters, end exclusive), which holds `text`."""
    place = {"root": root, "source": source, "start": span[0], "end": span[1], "sha": fingerprint(text)}
    address = safe(urlencode(place, errors="surrogatepass"))
    return (
        f'<button type="button" class="open" data-place="{address}" aria-haspopup="dialog"'
        f' aria-label="{safe(f"Open source: {title}")}">Open source</button>'
    )


def prose_html(text: str, mark: tuple[int, int] = (0, 0)) -> str:
    """Return the text with the characters at `mark` marked, wrapped lines joined to the eye, nothing left out."""
    breaks = [match.end() - 1 for match in SOFT_BREAK.finditer(text)]

    def piece(start: int, end: int) -> str:
        inside = [at for at in breaks if start <= at < end]
        lines = zip([start, *(at + 1 for at in inside)], [*inside, end], strict=True)
        return '<span class="wrap">\n</span>'.join(safe(text[first:last]) for first, last in lines)

    start, end = mark
    if start >= end:
        return piece(0, len(text))
    return f"{piece(0, start)}<mark>{piece(start, end)}</mark>{piece(end, len(text))}"


def place_words(page: int | None, line: int | None) -> str:
    """Return page and line in words, as far as there are any."""
    pages = f"page {page:,}" if page is not None else ""
    lines = f"line {line:,}" if line is not None else ""
    return ", ".join(filter(None, (pages, lines)))
