"""Turns scored sentences into quotes with their places, verified, or into an abstention."""

import re
from collections.abc import Iterable, Sequence

from assistant.evidence import Sentence
from assistant.retrieve import Question
from assistant.schema import Abstention, Evidence, Quote
from ingest.catalog import Snapshot
from ingest.errors import QuoteMismatch
from ingest.origin import FileState, look
from ingest.schema import Document, Passage

QUOTED = 3  # sentences an answer quotes at most, besides those they lean on
MARGIN = 3.0  # score below the best at which a sentence is no longer quoted; see tests/bench/RESULTS.md
WORDS = 90  # no further sentence is quoted past these
NEAREST = 3  # passages that an abstention shows

# A sentence that begins so leans on the one before it.
_LEANING = re.compile(
    r"[\"'“‘(]?(?:it|its|this|that|these|those|they|their|them|he|she|his|her|such|but|however|also|nor|so|then|thus"
    r"|therefore|otherwise|instead|although that|in addition|as a result|for this reason|either way"
    r"|both|neither|the (?:former|latter|same))(?:['’](?:s|re|ll|d|ve))?\b",
    re.IGNORECASE,
)

_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")


def choose(sentences: Sequence[Sentence]) -> list[Evidence]:
    """Return the evidence to quote from sentences ranked best first; at least the best one.

    The best sentences within `MARGIN` are taken, each with the one before it
    where it leans on that, adjacent ones of a paragraph joined in reading order.
    The quote with the best sentence comes first.
    """
    taken: dict[str, dict[int, float]] = {}
    passages: dict[str, Passage] = {}
    words = 0
    for sentence in sentences[:QUOTED]:
        if sentence.score < sentences[0].score - MARGIN or words >= WORDS:
            break
        passage = sentence.candidate.passage
        if any(_same_text(sentence, passages[known], positions) for known, positions in taken.items()):
            continue
        passages[passage.id] = passage
        positions = taken.setdefault(passage.id, {})
        for position in _with_support(passage, sentence.position):
            if position not in positions:
                words += len(passage.cut(*passage.sentences[position]).split())
            positions[position] = max(sentence.score, positions.get(position, sentence.score))
    joined = [evidence for key, positions in taken.items() for evidence in _join(passages[key], positions)]
    return sorted(joined, key=lambda evidence: -evidence.score)


def _with_support(passage: Passage, position: int) -> Iterable[int]:
    """Yield a sentence's position, and those before it in its paragraph that it leans on."""
    yield position
    while _LEANING.match(passage.cut(*passage.sentences[position])) and _follows(passage, position):
        position -= 1
        yield position


def _follows(passage: Passage, position: int) -> bool:
    """Whether a sentence goes on in the paragraph of the one before it."""
    if position == 0:
        return False
    before, after = passage.sentences[position - 1][1], passage.sentences[position][0]
    return before == after or not _PARAGRAPH_END.search(passage.cut(before, after))


def _same_text(sentence: Sentence, passage: Passage, positions: Iterable[int]) -> bool:
    """Whether one text says this already: the same words twice in one source are one quote."""
    if sentence.candidate.passage.source != passage.source or sentence.candidate.passage.root != passage.root:
        return False
    words = sentence.evidence().text.casefold().split()
    return sentence.candidate.passage.id != passage.id and any(
        words == passage.cut(*passage.sentences[position]).casefold().split() for position in positions
    )


def _join(passage: Passage, positions: dict[int, float]) -> list[Evidence]:
    joined: list[list[int]] = []
    for position in sorted(positions):
        if joined and joined[-1][-1] == position - 1 and _follows(passage, position):
            joined[-1].append(position)
        else:
            joined.append([position])
    return [
        Evidence(
            passage,
            passage.sentences[group[0]][0],
            passage.sentences[group[-1]][1],
            max(positions[position] for position in group),
        )
        for group in joined
    ]


class Quoter:
    """Renders evidence as quotes, each cut again out of the catalog's text and out of the file at hand."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._documents: dict[tuple[str, str], tuple[Document, FileState]] = {}

    def quote(self, evidence: Evidence) -> Quote:
        """Return the evidence with its place.

        Raises:
            QuoteMismatch: something else stands at its place.
        """
        document, state = self._look(evidence.passage)
        if document.text[evidence.start : evidence.end] != evidence.text:
            raise _mismatch(evidence)
        return Quote(
            evidence=evidence,
            url=document.url,
            line=document.line(evidence.start),
            page=document.page(evidence.start),
            file=state,
        )

    def _look(self, passage: Passage) -> tuple[Document, FileState]:
        key = (passage.root, passage.source)
        if key not in self._documents:
            document = self._snapshot.document(*key)
            if document is None:
                raise _mismatch(Evidence(passage, passage.start, passage.end, 0.0))
            state, text = look(passage.root, document)
            if text is not None and text != document.text:
                raise _mismatch(Evidence(passage, passage.start, passage.end, 0.0))
            self._documents[key] = document, state
        return self._documents[key]


def abstain(question: Question, sentences: Sequence[Sentence], quoter: Quoter, counts: tuple[int, int]) -> Abstention:
    """Return an abstention with the nearest passages, the best sentence of each marked."""
    nearest: dict[str, Evidence] = {}
    for sentence in sentences:
        nearest.setdefault(sentence.candidate.passage.id, sentence.evidence())
    documents, passages = counts
    return Abstention(
        reason=_reason(question),
        missing_terms=question.missing,
        nearest=tuple(quoter.quote(evidence) for evidence in list(nearest.values())[:NEAREST]),
        documents=documents,
        passages=passages,
    )


def _reason(question: Question) -> str:
    if not question.text:
        return "There is no question."
    if question.missing:
        *others, last = (f"“{word}”" for word in question.missing)
        words = f"{', '.join(others)} or {last}" if others else last
        return f"The texts never mention {words}."
    return "No passage says enough about what is asked."


def _mismatch(evidence: Evidence) -> QuoteMismatch:
    where = f"{evidence.passage.source}, characters {evidence.start}-{evidence.end}"
    return QuoteMismatch("the index contradicts its own text", where, "run `cited ingest --rebuild`")
