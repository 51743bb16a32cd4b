"""HTML that the tabs share; every text is escaped on its way."""

from hashlib import sha256
from html import escape
from urllib.parse import urlencode


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
