"""The records that the assistant makes: scored passages, evidence, quotes, answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ingest.models.encoder import Encoder
from ingest.origin import FileState
from ingest.schema import HEADING_SEPARATOR, CorpusDescription, Document, Passage


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage and its score (higher is nearer)."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One or more adjacent sentences of a passage and how well they answer (higher is better)."""

    passage: Passage
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The characters of the document at this span."""
        return self.passage.cut(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Quote:
    """Evidence rendered with its place: verified characters of one source.

    `line` is None for extracted text (PDF, DOCX, HTML), `page` where there is
    none. `heading` is the path of headings above the quote.
    """

    evidence: Evidence
    url: str | None
    line: int | None
    page: int | None
    file: FileState

    @property
    def text(self) -> str:
        """The quoted characters."""
        return self.evidence.text

    @property
    def title(self) -> str:
        """The title of the source."""
        return self.evidence.passage.title

    @property
    def source(self) -> str:
        """Path of the source relative to its root."""
        return self.evidence.passage.source

    @property
    def heading(self) -> str | None:
        """The path of headings above the quote as one line; None where there is none."""
        return HEADING_SEPARATOR.join(self.evidence.passage.heading) or None


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why nothing is quoted, in words for a person.

    `missing_terms` are the question's words that the texts lack, as typed.
    `nearest` are the closest passages, which do not answer. `documents` and
    `passages` count what was searched.
    """

    reason: str
    missing_terms: tuple[str, ...]
    nearest: tuple[Quote, ...]
    documents: int
    passages: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question: quotes, the best first, or an abstention.

    `ranked` are sources, best first, at most 10. `gate_score` is the gate's
    probability (0 to 1) that the quotes answer. `run` is the ingest run that
    the answer was given from.
    """

    question: str
    quotes: tuple[Quote, ...]
    abstention: Abstention | None
    ranked: tuple[str, ...]
    gate_score: float
    run: int

    def __post_init__(self) -> None:
        """Check that there are quotes or an abstention, never both, never neither."""
        if bool(self.quotes) == (self.abstention is not None):
            raise ValueError("an answer has quotes or an abstention, never both, never neither")


class Status(StrEnum):
    """Whether a text that was quoted stands in the texts of today."""

    SAME = "same"  # at its place
    MOVED = "moved"  # elsewhere, letter for letter
    CHANGED = "changed"  # its file is there, the text is not
    GONE = "gone"  # neither


@dataclass(frozen=True, slots=True)
class Found:
    """A text of today and its place: characters `start` to `end` (exclusive) of a source, below which headings."""

    root: str
    source: str
    start: int
    end: int
    text: str
    line: int | None
    page: int | None
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a quote stands today.

    `found` is where the same text stands now, or of a changed one the nearest
    text in its file; None where there is none. `framed` says that the passage
    around the quote stands with it. `file` is the state of its file, which a
    source that left the index has none of.
    """

    status: Status
    found: Found | None = None
    framed: bool = True
    file: FileState = FileState.SAME

    @property
    def stands(self) -> bool:
        """Whether the text is still there, letter for letter."""
        return self.status in (Status.SAME, Status.MOVED)


@dataclass(frozen=True, slots=True)
class Rating:
    """What a person thought of an answer."""

    useful: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and its answer, or the message of what failed; neither while it is pending.

    `question` is as typed; the answer's own is as understood. `standings` tell
    of each of `shown` how it stands today; there are none of an answer that was
    not looked at again.
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
        """Whether the answer is still awaited."""
        return self.answer is None and not self.failure

    @property
    def shown(self) -> tuple[Quote, ...]:
        """The quotes, or the nearest passages of an abstention."""
        if self.answer is None:
            return ()
        return self.answer.abstention.nearest if self.answer.abstention else self.answer.quotes


Turns = tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that is kept or exported; it is named by its first question unless a person names it."""

    id: str
    name: str
    begun: datetime
    turns: Turns


class Answering(Protocol):
    """What the page, other programs and an evaluation need of an assistant; see `assistant.assistant.Assistant`."""

    @property
    def encoder(self) -> Encoder:
        """The encoder of the index."""

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Answer a question in quotes, or abstain; `history` are the questions before it, oldest first."""

    def search(self, question: str, limit: int = 10) -> list[ScoredPassage]:
        """Return the passages nearest to a question, best first."""

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[ScoredPassage | Evidence]]:
        """Return what each stage finds, best first, the stages in their order."""

    def description(self) -> CorpusDescription:
        """Return what the corpus says of itself."""

    def sources(self) -> frozenset[str]:
        """Return the sources of the corpus."""

    def roots_of(self, source: str) -> Sequence[str]:
        """Return the roots that hold a source; none where the index has no such source."""

    def document(self, root: str, source: str) -> Document:
        """Return a whole source as indexed."""

    def verify(self, quotes: Sequence[Quote]) -> tuple[Standing, ...]:
        """Return for each quote whether it still stands in the texts of today."""
