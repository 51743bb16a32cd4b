"""The characters of one block of an HTML page, while its elements are read."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.readers.source import one_line
from ingest.readers.web.html_notes import raised

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

_NOT_SEEN = {ord(character): None for character in "\u00ad\u200b\u2060\ufeff"}  # soft hyphens, places for line breaks
_MOST_RAISED = 3  # levels of superscripts that are written as such; to write them all takes quadratic time
_PROSE_WORDS = 5  # a line, at least
_SIGNS = re.compile(r"[{}<>=;$#|\\^_@*]|\w\(|--|\S {2,}\S")
_FEW_SIGNS = 0.1  # of the words


@dataclass(frozen=True, slots=True)
class Taken:
    """A block's characters, and how many of them (without white space at ends) are linked, or bold."""

    raw: str
    linked: int
    links: int
    bold: int


class Line:
    """Collects the characters of a block."""

    def __init__(self) -> None:
        """Start empty."""
        self._parts: list[str] = []
        self._raised: list[int] = []  # where the text of each open superscript or subscript starts
        self._linked = self._links = self._bold = 0
        self._after_link = False

    def add(self, text: str, *, linked: bool, bold: bool) -> None:
        """Add the text of an element."""
        text = text.translate(_NOT_SEEN)
        length = len(one_line(text))
        self._after_link = False
        self._parts.append(text)
        self._linked += length if linked else 0
        self._bold += length if bold else 0

    def mark(self, character: str) -> None:
        """Add a character that stands for an element, such as a line break."""
        self._parts.append(character)

    def start_link(self) -> None:
        """Start a link, at some distance from a link before it."""
        if self._after_link:
            self._parts.append(" ")
        self._links += 1

    def end_link(self) -> None:
        """End a link."""
        self._after_link = True

    def start_raised(self) -> None:
        """Start a superscript or subscript."""
        self._raised.append(len(self._parts))

    def end_raised(self, element: "HtmlElement") -> None:
        """End a superscript or subscript, and write it in plain characters."""
        start = self._raised.pop()
        if len(self._raised) < _MOST_RAISED:
            before = "".join(self._parts[max(0, start - 3) : start])
            self._parts[start:] = [raised(element, before, "".join(self._parts[start:]))]

    def take(self) -> Taken:
        """Return what was collected, and start anew."""
        taken = Taken("".join(self._parts), self._linked, self._links, self._bold)
        self._parts = []
        self._raised = [0] * len(self._raised)
        self._linked = self._links = self._bold = 0
        self._after_link = False
        return taken


def is_prose(text: str) -> bool:
    """Return whether preformatted text is sentences rather than code, a table or a drawing."""
    lines = [line for line in text.split("\n") if line.strip()]
    words = len(text.split())
    return words >= _PROSE_WORDS * max(1, len(lines)) and len(_SIGNS.findall(text)) <= _FEW_SIGNS * words
