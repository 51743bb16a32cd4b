"""Says of texts that were quoted whether they still stand in the corpus: same, moved, changed or gone."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Protocol

from assistant.schema import Found, Quote, Standing, Status
from ingest.origin import FileState, today
from ingest.schema import Document, Span
from ingest.sentences import sentence_spans

LEAST_ALIKE = 0.5
"""Share of words in common (0 to 1) below which another text is no version of a quote."""
BLOCKS = 5
"""Blocks of a document, those with the most words of the quote, whose sentences are compared with it."""

_WORD = re.compile(r"\w+")

Place = tuple[str, str]  # root, source


class Corpus(Protocol):
    """What checking needs of the index: a `Snapshot` is one."""

    def document(self, root: str, source: str) -> Document | None:
        """Return a document, or None where there is none at this place."""

    def holding(self, text: str) -> list[Place]:
        """Return the places of the documents that hold exactly this text."""


def verify(quotes: Sequence[Quote], corpus: Corpus) -> tuple[Standing, ...]:
    """Return for each quote whether it stands in the files of today, or where those are not at hand in the index."""
    texts = _Texts(corpus)
    return tuple(texts.standing(quote) for quote in quotes)


class _Texts:
    """The documents of today, each read once."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._read: dict[Place, tuple[FileState, Document | None]] = {}

    def standing(self, quote: Quote) -> Standing:
        """Return how one quote stands: looked for at its place, in its document, in all others."""
        passage = quote.evidence.passage
        own = passage.place
        file, document = self._document(own)
        if document is not None:
            start = _nearest_occurrence(document.text, quote.text, quote.evidence.start)
            if start is not None:
                status = Status.SAME if start == quote.evidence.start else Status.MOVED
                first = passage.start + start - quote.evidence.start
                framed = first >= 0 and document.text.startswith(passage.text, first)
                return Standing(status, _found(passage.root, document, (start, start + len(quote.text))), framed, file)
        elsewhere = self._elsewhere(quote.text, own)
        if elsewhere is not None:
            return Standing(Status.MOVED, elsewhere, False, file)
        if document is None:
            return Standing(Status.GONE, None, False, file)
        span = _most_alike(quote.text, document)
        return Standing(Status.CHANGED, _found(passage.root, document, span) if span else None, False, file)

    def _elsewhere(self, text: str, own: Place) -> Found | None:
        """Return where another document holds the text; one of the same name or root is looked at first."""
        places = [place for place in self._corpus.holding(text) if place != own]
        for root, source in sorted(places, key=lambda place: (place[1] != own[1], place[0] != own[0])):
            _, document = self._document((root, source))
            start = -1 if document is None else document.text.find(text)
            if document is not None and start >= 0:
                return _found(root, document, (start, start + len(text)))
        return None

    def _document(self, place: Place) -> tuple[FileState, Document | None]:
        if place not in self._read:
            indexed = self._corpus.document(*place)
            self._read[place] = (FileState.SAME, None) if indexed is None else today(place[0], indexed)
        return self._read[place]


def _found(root: str, document: Document, span: Span) -> Found:
    start, end = span
    text = document.text[start:end]
    return Found(root, document.source, start, end, text, document.line(start), document.page(start))


def _nearest_occurrence(whole: str, text: str, start: int) -> int | None:
    """Return where the text stands, the occurrence nearest to where it stood; None where it does not."""
    if whole.startswith(text, start):
        return start
    before = whole.rfind(text, 0, start + len(text))
    after = whole.find(text, start)
    return min((at for at in (before, after) if at >= 0), key=lambda at: abs(at - start), default=None)


def _most_alike(text: str, document: Document) -> Span | None:
    """Return the span of the sentences that are most like a text, as many as it has; None where none are alike."""
    words = _words(text)
    sentences = len(sentence_spans(text, 0, len(text)))
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(words)

    def alike(span: Span) -> float:
        matcher.set_seq1(_words(document.text[span[0] : span[1]]))
        return matcher.ratio()

    best = max(_windows(words, sentences, document), key=alike, default=None)
    return best if best is not None and alike(best) >= LEAST_ALIKE else None


def _windows(words: Sequence[str], sentences: int, document: Document) -> Iterator[Span]:
    """Yield the runs of so many sentences in the blocks that share the most words with a text."""
    wanted = set(words)
    shared = [(len(wanted & set(_words(document.text[b.start : b.end]))), b) for b in document.blocks]
    for count, block in sorted(shared, key=lambda each: -each[0])[:BLOCKS]:
        if count:
            spans = sentence_spans(document.text, block.start, block.end)
            for first in range(max(1, len(spans) - sentences + 1)):
                yield spans[first][0], spans[min(first + sentences, len(spans)) - 1][1]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
