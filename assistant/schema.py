"""The records that the assistant makes: scored passages, evidence, quotes, answers."""

from dataclasses import dataclass

from ingest.origin import FileState
from ingest.schema import HEADING_SEPARATOR, Passage


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage and its score at one stage; `stage` says which (dense, lexical, fused)."""

    passage: Passage
    score: float
    stage: str


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


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and its answer, or the message of what failed; neither while it is pending."""

    number: int
    question: str
    answer: Answer | None = None
    failure: str = ""

    @property
    def pending(self) -> bool:
        """Whether the answer is still awaited."""
        return self.answer is None and not self.failure


Turns = tuple[Turn, ...]
