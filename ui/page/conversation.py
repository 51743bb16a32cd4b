"""Renders the conversation of the Ask tab: questions, quotes, abstentions, the welcome."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from urllib.parse import urlencode

from markupsafe import Markup

from assistant.answering.agreement import agreements
from assistant.render import answer_markdown, answer_text, understood_label
from assistant.schema import LocatedText, Outline, Quote, Turn, Turns
from ingest.collections import Collection
from ingest.schema import CorpusDescription
from ingest.settings import Settings
from ingest.text.sentences import starts_item
from ui.handlers.ask import NAME, STOPPED
from ui.handlers.corpus import shipped_corpus
from ui.handlers.onward import LONGEST_HEADING, MOST_QUOTED
from ui.handlers.within import written
from ui.page.collection_routes import address
from ui.page.places import MarkedSpan, spans_query
from ui.page.sources import focus_marks
from ui.page.standing import StandingNote, stale_words, standing_note
from ui.page.structure import ShownPart, folded, parts
from ui.page.templating import render

OFFERED = 3
"""Example questions offered below a remark or an abstention."""
LONG, FOLDED = 120, 480
"""Characters: a longer question is set as text, and a still longer one is folded."""
FOLDED_LINES = 5
"""Line breaks of a question that is folded."""


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A turn with the values its template needs, in a collection with this description."""

    turn: Turn
    description: CorpusDescription

    @property
    def corpus_notice(self) -> str:
        """What stands below the answer."""
        return self.description.notice_below(self.turn.answer.roots) if self.turn.answer else ""

    @property
    def state(self) -> str:
        """The state of the question: stopped, failed, pending, remarked, abstained or answered."""
        if self.turn.failure:
            return "stopped" if self.turn.failure == STOPPED else "failed"
        if self.turn.answer is None:
            return "pending"
        if self.turn.answer.remark is not None:
            return "remarked"
        return "abstained" if self.turn.answer.abstention else "answered"

    @property
    def question(self) -> list[tuple[str, bool]]:
        """The question as typed, in parts; the flag marks words that occur in no text."""
        words = "|".join(re.escape(term) for term in sorted(self._missing, key=len, reverse=True))
        if not words:
            return [(self.turn.question, False)]
        parts = re.split(rf"(?<!\w)({words})(?!\w)", self.turn.question)
        return [(part, at % 2 == 1) for at, part in enumerate(parts)]

    @property
    def is_folded(self) -> bool:
        """Whether only the first lines of the question are shown."""
        return len(self.turn.question) > FOLDED or self.turn.question.count("\n") >= FOLDED_LINES

    @property
    def size(self) -> str:
        """How the question is set: "" as a heading, else as text."""
        if self.is_folded:
            return "long folded"
        return "long" if len(self.turn.question) > LONG or "\n" in self.turn.question else ""

    @property
    def understood(self) -> str:
        """The question as searched for; "" if that is as typed."""
        answer = self.turn.answer
        return answer.question if answer and answer.question.split() != self.turn.question.split() else ""

    @property
    def label(self) -> str:
        """What to write before the question as searched for."""
        return understood_label(self.turn.answer) if self.turn.answer else ""

    @property
    def opens(self) -> list[tuple[Outline, str, list[tuple[LocatedText, str]]]]:
        """The sources that a remark lists and their headings, each with the query that opens it in its source."""
        remark = self.turn.answer.remark if self.turn.answer else None
        return [
            (
                outline,
                spans_query(outline.root, outline.source, []),
                [(each, _opening(each)) for each in outline.headings],
            )
            for outline in (remark.outlines if remark else ())
        ]

    @property
    def unnamed(self) -> list[str]:
        """The words that occur in no text and that the reason for abstaining does not name."""
        abstention = self.turn.answer.abstention if self.turn.answer else None
        return [term for term in self._missing if abstention and term not in abstention.reason]

    @property
    def quotes(self) -> list[tuple[Quote, StandingNote | None]]:
        """The quotes of the answer, each with a note if it has changed."""
        quotes = self.turn.answer.quotes if self.turn.answer else ()
        return [(quote, standing_note(self.turn, number)) for number, quote in enumerate(quotes, 1)]

    def parts(self, quote: Quote) -> list[ShownPart]:
        """The parts of a quote, with the sentences that answer in focus and its list mark; folded if it is long."""
        passage = quote.evidence.passage
        line = passage.text[: quote.evidence.start - passage.start].rpartition("\n")[2]
        mark = line if len(line.split()) == 1 and starts_item(line) and "\n" in quote.text else ""
        marks = [replace(m, start=m.start + len(mark), end=m.end + len(mark)) for m in focus_marks(quote.evidence)]
        return folded(parts(mark + quote.text, marks))

    @property
    def files(self) -> int:
        """The number of sources quoted."""
        quotes = [each for quote, _ in self.quotes for each in (quote, *quote.also)]
        return len({each.evidence.passage.place for each in quotes})

    @property
    def agreements(self) -> list[str]:
        """A sentence for each group of quotes that say the same."""
        sentences = []
        for numbers in agreements([quote for quote, _ in self.quotes]):
            *others, last = (f"[{number}]" for number in numbers)
            sentences.append(f"{len(numbers)} sources agree: {', '.join(others)} and {last} say the same.")
        return sentences

    @property
    def copies(self) -> tuple[str, str]:
        """The answer to copy, as text and as Markdown."""
        answer = self.turn.answer
        if answer is None:
            return "", ""
        notice = " ".join(filter(None, (stale_words(self.turn), self.corpus_notice)))
        text = f"{answer.question}\n\n{answer_text(answer, notice).plain}\n"
        return text, answer_markdown(answer, notice)

    @property
    def record(self) -> str:
        """The answer as feedback stores it, as JSON; see `ui.handlers.feedback.Feedback`."""
        answer = self.turn.answer
        if answer is None:
            return ""
        return json.dumps(
            {
                "turn": self.turn.number,
                "question": self.turn.question,
                "understood": answer.question,
                "abstained": answer.abstention is not None,
                "run": answer.run,
                "quotes": [_quoted(quote) for quote in answer.quotes],
            }
        )

    @property
    def _missing(self) -> tuple[str, ...]:
        return self.turn.answer.abstention.missing_terms if self.turn.answer and self.turn.answer.abstention else ()


def header_html(
    description: CorpusDescription,
    collections: Sequence[Collection],
    settings: Settings,
    logo: Markup,
    account: str = "",
) -> str:
    """Return the header of the page; `logo` is SVG, `account` the name of who is signed in."""
    return render(
        "header.html",
        name=description.name or NAME,
        logo=logo,
        account=account,
        collections=collections,
        slug=settings.collection,
        root="../../" if settings.collection else "./",
        address=address,
        writes=not settings.read_only,
    )


def welcome_html(description: CorpusDescription, failure: str = "", *, empty: bool = False) -> str:
    """Return what stands in the place of a conversation; `failure` or `empty` say why nothing can be asked."""
    return render("welcome.html", description=description, failure=failure, empty=empty, shipped=shipped_corpus())


def conversation_html(turns: Turns, description: CorpusDescription) -> str:
    """Return a conversation with at least one turn."""
    return render(
        "conversation.html",
        turns=[ShownTurn(turn, description) for turn in turns],
        offered=description.questions[:OFFERED],
        next_questions=_next_questions(turns, description.questions),
        onward=_onward(turns),
    )


def onward_html(questions: Sequence[str]) -> str:
    """Return further questions, which are asked as typed."""
    return render("onward.html", questions=questions)


def _opening(heading: LocatedText) -> str:
    """Return the query that opens a source at one of its headings."""
    return spans_query(heading.root, heading.source, [MarkedSpan.of(heading.start, heading.text)])


def _onward(turns: Turns) -> str:
    """Return the query for further questions below the latest answer; "" if that quotes nothing."""
    last = turns[-1].answer
    if last is None or not last.quotes:
        return ""
    passages = [(quote.evidence.passage, quote.evidence.start) for quote in last.quotes[:MOST_QUOTED]]
    places = [[("root", each.root), ("source", each.source), ("start", str(start))] for each, start in passages]
    asked = [("asked", turn.question) for turn in turns if len(turn.question) <= LONGEST_HEADING]
    query = [("run", str(last.run)), ("within", written(last.within)), *chain.from_iterable(places), *asked]
    return urlencode(query, errors="surrogatepass")


def _next_questions(turns: Turns, questions: Sequence[str]) -> list[str]:
    """Return the example questions to offer below the latest turn; below an answer, others are (see `_onward`)."""
    last = turns[-1].answer
    if last is None or last.remark is None or last.within:
        return []
    asked = {turn.question for turn in turns}
    return [question for question in questions if question not in asked][:OFFERED]


def _quoted(quote: Quote) -> dict[str, object]:
    evidence = quote.evidence
    place = {"root": evidence.passage.root, "source": quote.source, "start": evidence.start, "end": evidence.end}
    return {**place, "text": quote.text}
