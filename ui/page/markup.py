"""HTML that the tabs share; every text is escaped on its way."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Self
from urllib.parse import quote as percent
from urllib.parse import urlencode, urlsplit, urlunsplit

from ingest.schema import HEADING_SEPARATOR

SOFT_BREAK = re.compile(r"(?m)^.{50,}(?<=\S)\n(?=[^\W\d_]|[\"'“‘(])")
"""A line end inside a paragraph wrapped by hand: the line before is long, the next begins with a word."""

Mark = tuple[int, int, str]
"""What is marked in a text: first character, end (exclusive) and attributes of the element, HTML of ours."""


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a source (characters, end exclusive) and the `fingerprint` of what stood there."""

    start: int
    end: int
    sha: str

    @classmethod
    def of(cls, start: int, text: str) -> Self:
        """Return the place of a text that begins at `start`."""
        return cls(start, start + len(text), fingerprint(text))

    @classmethod
    def parse(cls, written: str) -> Self:
        """Return the place that `str` wrote.

        Raises:
            ValueError: it is none.
        """
        start, end, sha = written.split("-")
        return cls(int(start), int(end), sha)

    def __str__(self) -> str:
        return f"{self.start}-{self.end}-{self.sha}"

    def stands_in(self, text: str) -> bool:
        """Whether the source holds the same characters there as it did."""
        return 0 <= self.start < self.end <= len(text) and fingerprint(text[self.start : self.end]) == self.sha


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


def address_of(root: str, source: str, places: Iterable[Place]) -> str:
    """Return the query of an address that means places in a source, escaped."""
    values = [("root", root), ("source", source), *(("at", str(place)) for place in places)]
    return safe(urlencode(values, errors="surrogatepass"))


def opener_html(root: str, source: str, places: Sequence[Place], *, title: str) -> str:
    """Return the button that opens a source with its places marked, at the first of them."""
    return (
        f'<button type="button" class="open" data-place="{address_of(root, source, places)}" aria-haspopup="dialog"'
        f' aria-label="{safe(f"Open source: {title}")}">Open source</button>'
    )


def web_address(url: str | None, text: str = "") -> str | None:
    """Return an http or https address that leads to `text` on its page; None for anything else.

    Source: https://wicg.github.io/scroll-to-text-fragment/
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    words = text.split()
    ends = [words] if len(words) <= 10 else [words[:5], words[-5:]]
    fragment = ",".join(percent(" ".join(end), safe="").replace("-", "%2D") for end in ends if end)
    directive = f":~:text={fragment}" if fragment else ""
    return urlunsplit(parts._replace(fragment=parts.fragment + directive))


def link_html(url: str | None, text: str = "") -> str:
    """Return a link to `text` on its page in the web; only the words of an address that is none."""
    address = web_address(url, text)
    if address is None:
        return f'<bdi class="address">{safe(url)}</bdi>' if url else ""
    return (
        f'<a class="address" href="{safe(address)}" target="_blank" rel="noopener noreferrer">'
        f'<bdi>{safe(urlsplit(address).netloc)}</bdi><span class="unseen"> (opens in a new tab)</span></a>'
    )


def prose_html(text: str, marks: Iterable[Mark] = ()) -> str:
    """Return the text with its marks (in order, disjoint), wrapped lines joined to the eye, nothing left out."""
    breaks = [match.end() - 1 for match in SOFT_BREAK.finditer(text)]

    def piece(start: int, end: int) -> str:
        inside = [at for at in breaks if start <= at < end]
        lines = zip([start, *(at + 1 for at in inside)], [*inside, end], strict=True)
        return '<span class="wrap">\n</span>'.join(safe(text[first:last]) for first, last in lines)

    parts, at = [], 0
    for start, end, attributes in marks:
        parts += [piece(at, start), f"<mark{attributes}>{piece(start, end)}</mark>"]
        at = end
    return "".join(parts) + piece(at, len(text))


def heading_words(path: Sequence[str], title: str) -> str:
    """Return a path of headings as one line, without a first one that only repeats the title."""
    return HEADING_SEPARATOR.join(path[1:] if path[:1] == (title,) else path)


def place_words(page: int | None, line: int | None) -> str:
    """Return page and line in words, as far as there are any."""
    pages = f"page {page:,}" if page is not None else ""
    lines = f"line {line:,}" if line is not None else ""
    return ", ".join(filter(None, (pages, lines)))
