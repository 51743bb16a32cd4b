"""Turns scored sentences into quotes with their places, verified, or into an abstention."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.agreement import says_the_same
from assistant.answering.context import PARAGRAPH_END
from assistant.answering.evidence import Sentence
from assistant.answering.retrieve import Question
from assistant.schema import Abstention, Evidence, Quote
from ingest.errors import QuoteMismatch
from ingest.index.catalog import Snapshot
from ingest.origin import FileState, look
from ingest.schema import Document, Passage

QUOTED = 3  # sentences an answer quotes at most, besides those they lean on
MARGIN = 3.0  # score below the best at which a sentence is no longer quoted; see tests/bench/RESULTS.md
CONSIDERED = 8  # best sentences among which those to quote are looked for
WORDS = 90  # no further sentence is quoted past these
NEAREST = 3  # passages that an abstention shows


def choose(sentences: Sequence[Sentence]) -> list[Evidence]:
    """Return the evidence to quote from sentences ranked best first; at least the best one.

    The best sentences within `MARGIN` are taken, each with those that it cannot
    do without, adjacent ones of a paragraph joined in reading order. What one
    source says twice is quoted once; what another source says as well is quoted
    too and does not count against `QUOTED`. The quote with the best sentence
    comes first.
    """
    taken: dict[tuple[str, str], list[Evidence]] = {}
    said: list[Sentence] = []
    words, quoted = 0, 0
    for sentence in sentences[:CONSIDERED]:
        if sentence.score < sentences[0].score - MARGIN or words >= WORDS:
            break
        passage = sentence.candidate.passage
        same = [other for other in said if says_the_same(other.evidence().text, sentence.evidence().text)]
        if any(other.candidate.passage.place == passage.place for other in same) or (quoted == QUOTED and not same):
            continue
        quoted += not same
        said.append(sentence)
        of_source = taken.setdefault(passage.place, [])
        for evidence in sentence.supported():
            words += len(evidence.text.split())
            of_source.append(evidence)
    joined = [evidence for found in taken.values() for evidence in _joined(found)]
    return sorted(joined, key=lambda evidence: -evidence.score)


def _joined(found: Sequence[Evidence]) -> list[Evidence]:
    """Join what overlaps or is adjacent in a paragraph, of one source and in reading order."""
    joined: list[Evidence] = []
    for evidence in sorted(found, key=lambda each: (each.start, each.end)):
        together = joined and _together(joined[-1], evidence)
        if together:
            joined[-1] = together
        else:
            joined.append(evidence)
    return joined


def _together(one: Evidence, other: Evidence) -> Evidence | None:
    """Return two pieces of evidence as one, or None where something stands between them or no passage holds both."""
    start, end = one.start, max(one.end, other.end)
    passage = next(
        (each.passage for each in (one, other) if each.passage.start <= start and end <= each.passage.end), None
    )
    if passage is None:
        return None
    if other.start > one.end:
        between = any(one.end <= at < other.start for at, _ in passage.sentences)
        if between or PARAGRAPH_END.search(passage.cut(one.end, other.start)):
            return None
    return Evidence(passage, start, end, max(one.score, other.score))


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
        parts = self._snapshot.overlapping(*evidence.passage.place, evidence.start, evidence.end)
        return Quote(
            evidence=replace(evidence, passage=self._snapshot.joined(parts)),
            url=document.url,
            line=document.line(evidence.start),
            page=document.page(evidence.start),
            file=state,
        )

    def _look(self, passage: Passage) -> tuple[Document, FileState]:
        key = passage.place
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
