"""Finds further questions after an answer: headings near its quotes that the texts answer."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from assistant.schema import Answer, Answering
from ingest.errors import UserFacingError
from ingest.schema import EVERYTHING, Document, Place, Selection

MOST_QUOTED = 5
"""Quotes of an answer that are looked at."""
MOST_ASKED = 4
"""Headings that are tried."""
OFFERED = 3
"""Questions that are offered."""
LONGEST_HEADING = 100
"""Characters; what is longer is no question that one presses."""
KEPT = 64
"""Results that are kept."""


@dataclass(frozen=True, slots=True)
class QuotedAt:
    """Where a quote begins in its source, in characters."""

    place: Place
    start: int


@dataclass(frozen=True, slots=True)
class Near:
    """What further questions are looked for: the quotes of an answer, its run, what was asked, and within what."""

    run: int
    quoted: tuple[QuotedAt, ...]
    asked: tuple[str, ...]
    within: Selection = EVERYTHING


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, characters `start` to `end`, down to the next one that is not deeper."""

    place: Place
    heading: str
    start: int
    end: int

    def holds(self, at: QuotedAt) -> bool:
        """Return whether a quote begins in this section."""
        return at.place == self.place and self.start <= at.start < self.end


class Onward:
    """Finds further questions and keeps the last results."""

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant
        self._kept: OrderedDict[Near, tuple[str, ...]] = OrderedDict()

    def questions(self, near: Near, is_busy: Callable[[], bool]) -> tuple[str, ...] | None:
        """Return headings near the quotes that the texts answer with a quote below them, to be asked as typed.

        Return None if `is_busy` says so before all of them are tried. What
        another run than the answer's says is not kept. One call at a time.
        """
        if near in self._kept:
            self._kept.move_to_end(near)
            return self._kept[near]
        offered: list[str] = []
        runs = {near.run}
        for section in islice(self._sections(near), MOST_ASKED):
            if is_busy():
                return None
            answer = self._assistant.ask(section.heading, as_typed=True, within=near.within)
            runs.add(answer.run)
            if any(section.holds(at) for at in quoted_at(answer)):
                offered.append(section.heading)
        found = tuple(offered[:OFFERED])
        if len(runs) == 1:
            self._kept[near] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _sections(self, near: Near) -> Iterator[Section]:
        """Yield the sections nearest to each source's quotes in turn, the next ones before the previous ones."""
        first: dict[Place, QuotedAt] = {}
        for at in near.quoted:
            first.setdefault(at.place, at)
        beside = [self._beside(at, near.quoted) for at in first.values()]
        known = {_plain(text) for text in near.asked}
        for section in filter(None, chain.from_iterable(zip_longest(*beside))):
            if _plain(section.heading) not in known:
                known.add(_plain(section.heading))
                yield section

    def _beside(self, at: QuotedAt, quoted: Sequence[QuotedAt]) -> Iterator[Section]:
        """Yield the sections of a source by their distance to a quote, but none that is quoted already."""
        try:
            document = self._assistant.document(*at.place)
        except UserFacingError:  # it is no longer in the index
            return
        sections = _sections_of(document, at.place)
        own = sum(section.start <= at.start for section in sections) - 1
        for number in sorted(range(len(sections)), key=lambda number: (abs(number - own), number < own)):
            section = sections[number]
            if _is_question(section.heading, document) and not any(map(section.holds, quoted)):
                yield section


def quoted_at(answer: Answer) -> list[QuotedAt]:
    """Return where the quotes of an answer begin."""
    return [QuotedAt(quote.evidence.passage.place, quote.evidence.start) for quote in answer.quotes]


def _sections_of(document: Document, place: Place) -> list[Section]:
    headings = document.headings
    ends: list[int] = []
    open_: list[tuple[int, int]] = []  # level and start of the headings below, the nearest last
    for heading in reversed(headings):
        while open_ and open_[-1][0] > heading.level:
            open_.pop()
        ends.append(open_[-1][1] if open_ else len(document.text))
        open_.append((heading.level, heading.start))
    return [Section(place, each.title, each.end, end) for each, end in zip(headings, reversed(ends), strict=True)]


def _is_question(heading: str, document: Document) -> bool:
    """Whether a heading can be asked: one line of words that is not the title of the whole text."""
    words = _plain(heading)
    return bool(words) and len(heading) <= LONGEST_HEADING and words != _plain(document.title)


def _plain(text: str) -> str:
    """Return a text without what does not tell two questions apart."""
    return " ".join("".join(each if each.isalnum() else " " for each in text.casefold()).split())
