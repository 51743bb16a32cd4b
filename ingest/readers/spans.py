"""Joins runs of characters that may be raised, lowered, bold or larger into the text of a paragraph."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.readers.raised import subscript, superscript
from ingest.readers.source import one_line


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Characters with one look; `raised` is 1 for superscripts and -1 for subscripts, `size` 0 if unknown."""

    text: str
    raised: int = 0
    bold: bool = False
    size: float = 0


def joined(spans: Iterable[TextSpan]) -> str:
    """Return the text of spans, keeping its line breaks; superscripts and subscripts are written as such."""
    line = ""
    for raised, group in groupby(spans, key=lambda span: span.raised):
        text = "".join(span.text for span in group)
        is_word = text.isalpha() and not line[-1:].strip()  # on its own, and only looks raised
        if raised and not is_word:
            text = superscript(text) if raised > 0 else subscript(text)
        line += text
    return "\n".join(filter(None, map(one_line, line.split("\n"))))


def is_bold(spans: Sequence[TextSpan]) -> bool:
    """Return whether all letters and digits are bold."""
    worded = [span for span in spans if any(map(str.isalnum, span.text))]
    return bool(worded) and all(span.bold for span in worded)


def size(spans: Sequence[TextSpan]) -> float:
    """Return the smallest size of letters and digits; 0 if unknown."""
    return min((span.size for span in spans if any(map(str.isalnum, span.text))), default=0)
