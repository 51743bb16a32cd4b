"""The lines of a plain text by their offsets, and the runs of lines between blank ones."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.schema import Span

_RULE = re.compile(r"[-=_*~#+^.:|\s]*([-=_*~#+^])[ \t]*\1[ \t]*\1[-=_*~#+^.:|\s]*")
_LONGEST_RULE = 200  # characters


@dataclass(frozen=True, slots=True)
class Line:
    """A line without white space at its ends: its span, its text, how far it is indented and its line number."""

    start: int
    end: int
    text: str
    indent: int
    number: int

    @property
    def is_rule(self) -> bool:
        """Whether it is drawn: dashes, equals signs and the like."""
        return len(self.text) <= _LONGEST_RULE and not self.text[:1].isalnum() and bool(_RULE.fullmatch(self.text))


Run = Sequence[Line]
"""Lines without a blank one between them."""


def runs(text: str, start: int = 0) -> Iterator[Run]:
    """Yield the runs of lines that are not blank, beginning at `start`."""
    run: list[Line] = []
    for number, line in enumerate(text[start:].split("\n")):
        bare = line.strip()
        if bare:
            indent = len(line) - len(line.lstrip())
            first = start + indent
            depth = len(line[:indent].expandtabs(4))
            run.append(Line(first, first + len(bare), bare, depth, number))
        elif run:
            yield run
            run = []
        start += len(line) + 1
    if run:
        yield run


def span(lines: Run) -> Span:
    """Return the span of lines."""
    return lines[0].start, lines[-1].end
