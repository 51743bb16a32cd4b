"""Renders the sources of a conversation: cards of quotes, or the nearest passages of an abstention."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlencode

from assistant.render import FILE_NOTES
from assistant.schema import Evidence, Quote, State, Turn, Turns
from ingest.origin import FileState
from ui.handlers.within import written
from ui.page.places import MarkedSpan, spans_query
from ui.page.prose import Mark
from ui.page.standing import StandingNote, standing_note
from ui.page.structure import ShownPart, folded, parts
from ui.page.templating import render

NEAREST = "nearest passage, not an answer"
UNCERTAIN = "may answer"
FURTHER = "found, not quoted"


@dataclass(frozen=True, slots=True)
class Card:
    """A quote or a passage with its place.

    `opens` is the query that opens its source with this quote and the answer's
    other quotes from it marked.
    """

    quote: Quote
    opens: str
    standing: StandingNote | None = None

    @property
    def also(self) -> list["Card"]:
        """The same words in other sources."""
        return [_card(other, [other]) for other in self.quote.also]

    @property
    def parts(self) -> list[ShownPart]:
        """The passage with the quote marked in it, and in the quote the sentences that answer; folded if long."""
        evidence = self.quote.evidence
        first, last = (at - evidence.passage.start for at in (evidence.start, evidence.end))
        inner = focus_marks(evidence)
        edges = [first, *(first + at for mark in inner for at in (mark.start, mark.end)), last]
        marks = [
            Mark(start, end, focus=number % 2 == 1)
            for number, (start, end) in enumerate(pairwise(edges))
            if start < end
        ]
        return folded(parts(evidence.passage.text, marks))

    @property
    def passage(self) -> list[ShownPart]:
        """The passage without marks, not folded."""
        return [ShownPart(part) for part in parts(self.quote.evidence.passage.text)]

    @property
    def is_whole(self) -> bool:
        """Whether the quote is all of its passage, so that the card would only repeat it."""
        return self.quote.text.strip() == self.quote.evidence.passage.text.strip()

    @property
    def around(self) -> str:
        """The query that names the whole passage, to load the paragraphs around it."""
        passage = self.quote.evidence.passage
        return spans_query(passage.root, passage.source, [MarkedSpan.of(passage.start, passage.text)])

    @property
    def file_note(self) -> str:
        """Whether the file was changed or deleted since it was ingested, as a sentence; "" if neither."""
        note = FILE_NOTES.get(self.quote.file)
        return f"{note[:1].upper()}{note[1:]}." if note else ""

    @property
    def stale(self) -> bool:
        """Whether the file differs from what was ingested."""
        return self.quote.file is not FileState.SAME


@dataclass(frozen=True, slots=True)
class TurnSources:
    """The sources of a turn: cards of its quotes or, if it has none, of the nearest passages.

    `further` is the query for further passages, "" if the turn shows none at all.
    """

    turn: Turn
    quoted: tuple[Card, ...]
    nearest: tuple[Card, ...]
    further: str

    def tag(self, number: int) -> str:
        """Return the label of a nearest passage, numbered from 1."""
        answer = self.turn.answer
        uncertain = answer is not None and answer.state is State.UNCERTAIN
        return UNCERTAIN if uncertain and number == 1 else NEAREST


def focus_marks(evidence: Evidence) -> list[Mark]:
    """Return the sentences of a quote that answer as marks in its text; none if these are all of it."""
    spans = sorted((max(start, evidence.start), min(end, evidence.end)) for start, end in evidence.focus)
    joined: list[Mark] = []
    for start, end in ((start - evidence.start, end - evidence.start) for start, end in spans if start < end):
        if joined and start <= joined[-1].end:
            joined[-1] = Mark(joined[-1].start, max(end, joined[-1].end), focus=True)
        else:
            joined.append(Mark(start, end, focus=True))
    marked = "".join(evidence.text[mark.start : mark.end] for mark in joined)
    return [] if "".join(marked.split()) == "".join(evidence.text.split()) else joined


def sources_html(turns: Turns) -> str:
    """Return the sources of every turn, with only the latest visible; an explanation if there are no turns."""
    if not turns:
        return render("legend.html")
    return render("sources.html", groups=[_sources(turn) for turn in turns])


def further_html(quotes: Sequence[Quote]) -> str:
    """Return further passages, each folded and labelled as not quoted."""
    return render("further.html", cards=[_card(quote, [quote]) for quote in quotes], tag=FURTHER)


def _sources(turn: Turn) -> TurnSources:
    if turn.answer is None:
        return TurnSources(turn, (), (), "")
    quotes = turn.answer.quotes
    quoted = tuple(_card(quote, quotes, standing_note(turn, number)) for number, quote in enumerate(quotes, 1))
    passages = turn.answer.abstention.nearest if turn.answer.abstention else ()
    nearest = tuple(_card(quote, [quote], standing_note(turn, number)) for number, quote in enumerate(passages, 1))
    known = [("but", card.quote.evidence.passage.id) for card in (*quoted, *nearest)]
    asked = [("question", turn.answer.question), ("within", written(turn.answer.within))]
    further = urlencode([*asked, *known], errors="surrogatepass") if known else ""
    return TurnSources(turn, quoted, nearest, further)


def _card(quote: Quote, quotes: Sequence[Quote], standing: StandingNote | None = None) -> Card:
    """Return the card of a quote; it opens the source at this quote, with all `quotes` from it marked."""
    place = quote.evidence.passage.place
    beside = [each for each in quotes if each is not quote and each.evidence.passage.place == place]
    spans = [MarkedSpan.of(each.evidence.start, each.text) for each in (quote, *beside)]
    return Card(quote, spans_query(*place, spans), standing)
