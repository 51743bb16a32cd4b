"""The assistant's data: scored passages, evidence, quotes, answers, conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ingest.models.encoder import Encoder
from ingest.origin import FileState
from ingest.schema import (
    EVERYTHING,
    HEADING_SEPARATOR,
    CorpusDescription,
    Document,
    Passage,
    Place,
    Selection,
    Span,
)


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage and its score (higher is better)."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One or more adjacent sentences of a passage and how well they answer (higher is better).

    `focus` are the spans of the sentences that answer, if the others only go with them.
    """

    passage: Passage
    start: int
    end: int
    score: float
    focus: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """The text of the document at this span."""
        return self.passage.cut(self.start, self.end)

    def lies_in(self, other: "Evidence") -> bool:
        """Return whether other evidence of the same source covers this."""
        return self.passage.place == other.passage.place and other.start <= self.start and self.end <= other.end


@dataclass(frozen=True, slots=True)
class Quote:
    """Evidence with its place: text verified to be in one source, word for word.

    `line` is None for extracted text (PDF, DOCX, HTML); `page` is None for
    texts without pages. `also` is the same text in other sources. `part_of_list`
    says that it holds several items of a list, but not all of them.
    """

    evidence: Evidence
    url: str | None
    line: int | None
    page: int | None
    file: FileState
    also: tuple["Quote", ...] = ()
    part_of_list: bool = False

    @property
    def text(self) -> str:
        """The quoted text."""
        return self.evidence.text

    @property
    def title(self) -> str:
        """The title of the source."""
        return self.evidence.passage.title

    @property
    def source(self) -> str:
        """The path of the source, relative to its root."""
        return self.evidence.passage.source

    @property
    def recognised(self) -> bool:
        """Whether some of the text around the quote was recognised in an image."""
        return self.evidence.passage.recognised

    @property
    def heading(self) -> str | None:
        """The headings above the quote, outermost first, as one line; None if there are none."""
        return HEADING_SEPARATOR.join(self.evidence.passage.heading) or None


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why nothing is quoted.

    `reason` is for the reader. `missing_terms` are the question's words that
    occur in no text, as typed. `nearest` are the closest passages; they do not
    answer the question, unless `uncertain` says that the first of them may.
    `documents` and `passages` count what was searched.
    """

    reason: str
    missing_terms: tuple[str, ...]
    nearest: tuple[Quote, ...]
    documents: int
    passages: int
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class LocatedText:
    """A text in a current source: characters `start` to `end` (exclusive), and the headings above it."""

    root: str
    source: str
    start: int
    end: int
    text: str
    line: int | None
    page: int | None
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """A word of a question as typed, and what was searched for in its place."""

    typed: str
    text: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A source of the corpus by its title and some of its headings, each in its place; `left_out` counts the others."""

    root: str
    source: str
    title: str
    url: str | None
    headings: tuple[LocatedText, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said to a message that asks nothing of the texts; `outlines` lists sources, where it asks for these."""

    text: str
    outlines: tuple[Outline, ...] = ()


class State(StrEnum):
    """Whether a question was answered."""

    ANSWERED = "answered"
    UNCERTAIN = "uncertain"  # one place may answer it; shown, but never counted as an answer
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question: quotes, best first, an abstention, or a remark.

    `question` is the question as searched for, `corrections` what was mended in it. `ranked` are sources, best
    first, at most 10. `gate_score` is the gate's probability (0 to 1) that the
    quotes answer the question. `run` is the number of the ingest run that was
    searched. `open_parts` are the parts of a question of several parts that the
    quotes do not answer. `within` is the selection that was searched. `hint` says
    that quotes in a language are less sure, or that the texts are in another one.
    """

    question: str
    quotes: tuple[Quote, ...]
    abstention: Abstention | None
    ranked: tuple[str, ...]
    gate_score: float
    run: int
    corrections: tuple[Correction, ...] = ()
    remark: Remark | None = None
    open_parts: tuple[str, ...] = ()
    within: Selection = EVERYTHING
    hint: str = ""

    def __post_init__(self) -> None:
        """Check that there are either quotes, or an abstention, or a remark."""
        if bool(self.quotes) + (self.abstention is not None) + (self.remark is not None) != 1:
            raise ValueError("an answer has quotes or an abstention or a remark, and only one of them")

    @property
    def shown(self) -> tuple[Quote, ...]:
        """The quotes, or the nearest passages of an abstention."""
        return self.abstention.nearest if self.abstention else self.quotes

    @property
    def roots(self) -> frozenset[str]:
        """The roots that texts are shown from."""
        return frozenset(quote.evidence.passage.root for quote in self.shown)

    @property
    def state(self) -> State:
        """Whether the question was answered, not answered, or may have been."""
        if self.abstention is None:
            return State.ANSWERED
        return State.UNCERTAIN if self.abstention.uncertain else State.UNANSWERED


def texts_searched(within: Selection) -> str:
    """Return what to call the texts that were searched, at the start of a sentence."""
    return "The chosen texts" if within else "The texts"


class Status(StrEnum):
    """What has become of a quoted text."""

    SAME = "same"  # still in its place
    MOVED = "moved"  # in another place, word for word
    CHANGED = "changed"  # its file exists, but no longer contains the text
    GONE = "gone"  # neither its file nor the text exists


@dataclass(frozen=True, slots=True)
class Standing:
    """The result of checking a quote against the current texts.

    `found` is where the text is now or, if it changed, the most similar text in
    its file; None if there is none. `framed` says whether the passage around
    the quote is unchanged. `file` is the state of the file; it stays SAME for a
    source that is no longer in the index.
    """

    status: Status
    found: LocatedText | None = None
    framed: bool = True
    file: FileState = FileState.SAME

    @property
    def stands(self) -> bool:
        """Whether the text still exists, word for word."""
        return self.status in (Status.SAME, Status.MOVED)


@dataclass(frozen=True, slots=True)
class Rating:
    """A reader's opinion of an answer."""

    useful: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, with its answer or an error message; with neither while pending.

    `question` is as typed; `answer.question` is as searched for. `standings`
    has one entry for each quote in `shown`, or none if the quotes were not
    checked again.
    """

    number: int
    question: str
    answer: Answer | None = None
    failure: str = ""
    asked: datetime | None = None
    standings: tuple[Standing, ...] = ()
    rating: Rating | None = None

    @property
    def pending(self) -> bool:
        """Whether the question has no answer yet."""
        return self.answer is None and not self.failure

    @property
    def shown(self) -> tuple[Quote, ...]:
        """The quotes, or the nearest passages of an abstention."""
        return self.answer.shown if self.answer else ()


Turns = tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A saved or exported conversation; its name is the first question unless the reader renames it."""

    id: str
    name: str
    begun: datetime
    turns: Turns


class Answering(Protocol):
    """The interface of `assistant.assistant.Assistant` that the page, programs and evaluations use."""

    @property
    def encoder(self) -> Encoder:
        """The encoder of the index."""

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        """Answer a question in quotes, or abstain; `history` holds the earlier questions, oldest first.

        If `as_typed`, the question is searched for as it is. Only the sources
        of the selection are searched.
        """

    def search(self, question: str, limit: int = 10, *, within: Selection = EVERYTHING) -> list[ScoredPassage]:
        """Return the passages nearest to a question, best first."""

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[ScoredPassage | Evidence]]:
        """Return the results of each stage, best first; the stages are in order."""

    def description(self) -> CorpusDescription:
        """Return the description of the collection."""

    def sources(self) -> frozenset[str]:
        """Return the paths of all sources in the corpus."""

    def quote(self, scored: Sequence[ScoredPassage]) -> list[Quote]:
        """Return whole passages as quotes."""

    def titles(self) -> Sequence[tuple[Place, str]]:
        """Return the place and title of every source, ordered by root and source."""

    def count(self, within: Selection) -> int:
        """Return the number of sources of a selection."""

    def roots(self) -> Sequence[str]:
        """Return the folders (roots) of the corpus."""

    def roots_of(self, source: str) -> Sequence[str]:
        """Return the folders (roots) that contain a source; empty if the index has no such source."""

    def document(self, root: str, source: str) -> Document:
        """Return the full text of a source, as ingested."""

    def verify(self, quotes: Sequence[Quote]) -> tuple[Standing, ...]:
        """Check each quote against the current texts."""
