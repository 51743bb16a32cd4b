"""Turns scored sentences into quotes with their places, verified, or into an abstention."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from assistant.answering.agreement import says_the_same
from assistant.answering.context import PARAGRAPH_END, with_support
from assistant.answering.evidence import Sentence
from assistant.answering.retrieve import Question
from assistant.schema import Abstention, Evidence, Quote
from ingest.errors import QuoteMismatch
from ingest.index.catalog import Snapshot
from ingest.origin import FileState, look
from ingest.schema import Document, Passage, Span, place_id

QUOTED = 3  # sentences an answer quotes at most, besides those they lean on
MARGIN = 3.0  # score below the best at which a sentence is no longer quoted; see tests/bench/RESULTS.md
CONSIDERED = 8  # best sentences among which those to quote are looked for
WORDS = 90  # no further sentence is quoted past these
NEAREST = 3  # passages that an abstention shows
# Passages before and after, and their characters, in which what a sentence cannot do without is looked for.
REACH, REACH_CHARACTERS = 12, 2_000


def choose(sentences: Sequence[Sentence], around: Callable[[Passage], Passage]) -> list[Evidence]:
    """Return the evidence to quote from sentences ranked best first; at least the best one.

    The best sentences within `MARGIN` are taken, each with those that it cannot
    do without, adjacent ones of a paragraph joined in reading order. What one
    source says twice is quoted once; what another source says as well is quoted
    too and does not count against `QUOTED`. The quote with the best sentence
    comes first. `around` gives a passage with its neighbours joined, where what
    a sentence needs may stand.
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
        for evidence in _supported(around(passage), passage.sentences[sentence.position], sentence.score):
            words += len(evidence.text.split())
            of_source.append(evidence)
    joined = [evidence for found in taken.values() for evidence in _joined(found)]
    return sorted(joined, key=lambda evidence: -evidence.score)


def _supported(passage: Passage, span: Span, score: float) -> Iterator[Evidence]:
    """Yield a sentence with those that it cannot do without, adjacent ones together, all with its score."""
    positions = with_support(passage, passage.sentences.index(span))
    first = last = positions[0]
    for position in (*positions[1:], None):
        if position == last + 1:
            last = position
            continue
        yield Evidence(passage, passage.sentences[first][0], passage.sentences[last][1], score)
        if position is not None:
            first = last = position


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
        self._passages: dict[tuple[str, str], dict[int, Passage]] = {}

    def around(self, passage: Passage) -> Passage:
        """Return a passage joined with those of its section next to it."""
        near = self._snapshot.around(passage, REACH)
        at = next(number for number, each in enumerate(near) if each.id == passage.id)

        def close(other: Passage) -> bool:
            apart = max(other.start - passage.end, passage.start - other.end)
            return other.heading == passage.heading and apart < REACH_CHARACTERS

        before, after = takewhile(close, reversed(near[:at])), takewhile(close, near[at + 1 :])
        parts = [*reversed(list(before)), passage, *after]
        self._passages.setdefault(passage.place, {}).update((each.start, each) for each in parts)
        return _one_passage(parts, self._look(passage)[0])

    def quote(self, evidence: Evidence) -> Quote:
        """Return the evidence with its place.

        Raises:
            QuoteMismatch: something else stands at its place.
        """
        document, state = self._look(evidence.passage)
        if document.text[evidence.start : evidence.end] != evidence.text:
            raise _mismatch(evidence)
        parts = [
            each
            for _, each in sorted(self._passages.get(evidence.passage.place, {}).items())
            if each.start < evidence.end and evidence.start < each.end
        ]
        return Quote(
            evidence=replace(evidence, passage=_one_passage(parts or [evidence.passage], document)),
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


def _one_passage(parts: Sequence[Passage], document: Document) -> Passage:
    """Return adjacent passages of a document as one."""
    if len(parts) == 1:
        return parts[0]
    start, end = parts[0].start, parts[-1].end
    return replace(
        parts[0],
        id=place_id(parts[0].root, document.source, (start, end), document.sha),
        start=start,
        end=end,
        text=document.text[start:end],
        sentences=tuple(span for part in parts for span in part.sentences),
    )


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
