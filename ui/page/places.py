"""Links to places: spans that the reader marks in a source, and texts on web pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self
from urllib.parse import quote as percent
from urllib.parse import urlencode, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    """A span of a source (characters, end exclusive) with the `fingerprint` of its text."""

    start: int
    end: int
    sha: str

    @classmethod
    def of(cls, start: int, text: str) -> Self:
        """Return the span of a text that starts at `start`."""
        return cls(start, start + len(text), fingerprint(text))

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse a span written by `str`.

        Raises:
            ValueError: it is not a span.
        """
        start, end, sha = written.split("-")
        return cls(int(start), int(end), sha)

    def __str__(self) -> str:
        return f"{self.start}-{self.end}-{self.sha}"

    def stands_in(self, text: str) -> bool:
        """Whether the text still has the same characters at this span."""
        return 0 <= self.start < self.end <= len(text) and fingerprint(text[self.start : self.end]) == self.sha


def fingerprint(text: str) -> str:
    """Return a short digest of a text, to detect changes."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def spans_query(root: str, source: str, spans: Iterable[MarkedSpan]) -> str:
    """Return the query string that names spans of a source."""
    values = [("root", root), ("source", source), *(("at", str(span)) for span in spans)]
    return urlencode(values, errors="surrogatepass")


def web_address(url: str | None, text: str = "") -> str | None:
    """Return an http or https address with a fragment that leads to `text`; None for other addresses.

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
    written = [percent(" ".join(end), safe="", errors="surrogatepass").replace("-", "%2D") for end in ends if end]
    fragment = ",".join(written)
    directive = f":~:text={fragment}" if fragment else ""
    return urlunsplit(parts._replace(fragment=parts.fragment + directive))


def web_host(address: str) -> str:
    """Return the host of a web address, for display."""
    return urlsplit(address).netloc
