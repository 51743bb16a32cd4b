"""Checks whether quoted texts are still in the corpus: same, moved, changed or gone."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Protocol

from assistant.schema import LocatedText, Quote, Standing, Status
from ingest.origin import FileState, read_current
from ingest.schema import Document, Heading, Passage, Place, Span, place_id
from ingest.text.sentences import sentence_spans

LEAST_ALIKE = 0.5
"""Word similarity (0 to 1) below which a text does not count as a changed version of a quote."""
BLOCKS = 5
"""Blocks of a document whose sentences are compared with a quote: those that share the most words with it."""
LEAST_PIECE = 300
"""Least characters before or after a cut inside a sentence; only those above 186 to 200 tokens are ever cut."""

_WORD = re.compile(r"\w+")


class Corpus(Protocol):
    """The part of `Snapshot` that checking needs."""

    def document(self, root: str, source: str) -> Document | None:
        """Return the document at a place, or None."""

    def holding(self, text: str) -> list[Place]:
        """Return the places of the documents that contain exactly this text."""

    def roots_of(self, source: str) -> Sequence[str]:
        """Return the folders (roots) that contain a source."""


def verify(quotes: Sequence[Quote], corpus: Corpus) -> tuple[Standing, ...]:
    """Check each quote against the current files or, where a file is not accessible, against the index."""
    texts = _Texts(corpus)
    return tuple(texts.standing(quote) for quote in quotes)


class _Texts:
    """The current documents, each read once."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._read: dict[Place, tuple[FileState, Document | None]] = {}

    def standing(self, quote: Quote) -> Standing:
        """Look for a quote in its place, then elsewhere in its document, then in all others."""
        passage, stood = quote.evidence.passage, quote.evidence.start
        own = passage.place
        file, document = self._document(own)
        start = None if document is None else _start(quote, document)
        if document is not None and start is not None:
            found = _located(passage.root, document, (start, start + len(quote.text)))
            # A quote saved without headings counts as unmoved wherever headings were added since.
            same = start == stood and passage.heading in ((), found.heading)
            first = passage.start + start - stood
            framed = first >= 0 and document.text.startswith(passage.text, first)
            return Standing(Status.SAME if same else Status.MOVED, found, framed, file)
        elsewhere = self._elsewhere(quote)
        if elsewhere is not None:
            return Standing(Status.MOVED, elsewhere, False, file)
        root, read = (passage.root, document) if document is not None else self._namesake(passage.source)
        span = None if read is None else _most_alike(quote.text, read)
        nearest = None if read is None or span is None else _located(root, read, span)
        gone = document is None and nearest is None
        return Standing(Status.GONE if gone else Status.CHANGED, nearest, False, file)

    def _elsewhere(self, quote: Quote) -> LocatedText | None:
        """Return the text's place in another document; look first in those of the same name, then of the same root."""
        own = quote.evidence.passage.place
        places = [place for place in self._corpus.holding(quote.text) if place != own]
        for root, source in sorted(places, key=lambda place: (place[1] != own[1], place[0] != own[0])):
            _, document = self._document((root, source))
            start = None if document is None else _start(quote, document)
            if document is not None and start is not None:
                return _located(root, document, (start, start + len(quote.text)))
        return None

    def _namesake(self, source: str) -> tuple[str, Document | None]:
        """Return the only document with this name and its root, for folders that were moved or renamed."""
        roots = self._corpus.roots_of(source)
        return (roots[0], self._document((roots[0], source))[1]) if len(roots) == 1 else ("", None)

    def _document(self, place: Place) -> tuple[FileState, Document | None]:
        if place not in self._read:
            indexed = self._corpus.document(*place)
            self._read[place] = (FileState.SAME, None) if indexed is None else read_current(place[0], indexed)
        return self._read[place]


def heading_path(document: Document, at: int) -> tuple[str, ...]:
    """Return the titles of the headings above a position, outermost first."""
    above: list[Heading] = []
    for heading in document.headings:
        if heading.start > at:
            break
        above = [*(each for each in above if each.level < heading.level), heading]
    return tuple(heading.title for heading in above)


def _located(root: str, document: Document, span: Span) -> LocatedText:
    start, end = span
    text, heading = document.text[start:end], heading_path(document, start)
    return LocatedText(root, document.source, start, end, text, document.line(start), document.page(start), heading)


def _start(quote: Quote, document: Document) -> int | None:
    """Return where a quote is now, preferably below its own headings, then nearest to its old place; or None."""
    passage, stood, text = quote.evidence.passage, quote.evidence.start, quote.text
    if document.text.startswith(text, stood) and _untouched(passage, document):
        return stood
    places = sorted(
        _occurrences(text, document.text),
        key=lambda at: (heading_path(document, at) != passage.heading, abs(at - stood)),
    )
    return next((at for at in places if _is_whole(quote, document, at)), None)


def _occurrences(text: str, whole: str) -> Iterator[int]:
    at = whole.find(text)
    while at >= 0:
        yield at
        at = whole.find(text, at + 1)


def _untouched(passage: Passage, document: Document) -> bool:
    """Whether a document is byte for byte the one a passage was cut from; the passage id contains its hash.

    If so, the quote is valid even if sentences are split differently now.
    """
    span = passage.start, passage.end
    return place_id(passage.root, passage.source, span, document.sha) == passage.id


def _is_whole(quote: Quote, document: Document, start: int) -> bool:
    """Whether a quote starts and ends at sentence boundaries, or where an overlong sentence was cut."""
    evidence, end = quote.evidence, start + len(quote.text)
    first, last = _sentence(document, start), _sentence(document, end - 1)
    if first is None or last is None:
        return False
    cut_before = evidence.start == evidence.passage.start and start - first[0] >= LEAST_PIECE
    cut_after = evidence.end == evidence.passage.end and end - max(start, last[0]) >= LEAST_PIECE
    begins = start == first[0] or (cut_before and document.text[start - 1].isspace())
    return begins and (end == last[1] or (cut_after and document.text[end].isspace()))


def _sentence(document: Document, at: int) -> Span | None:
    """Return the sentence that contains a character; None if it is in no block."""
    number = bisect_right(document.blocks, at, key=lambda block: block.start) - 1
    if number < 0 or document.blocks[number].end <= at:
        return None
    block = document.blocks[number]
    spans = _sentences(document.text[block.start : block.end])
    number = bisect_right(spans, at - block.start, key=lambda span: span[0]) - 1
    return None if number < 0 else (block.start + spans[number][0], block.start + spans[number][1])


@lru_cache(maxsize=256)
def _sentences(block: str) -> tuple[Span, ...]:
    return sentence_spans(block, 0, len(block))


def _most_alike(text: str, document: Document) -> Span | None:
    """Return the span of the sentences most similar to a text, as many as it has; None if none are similar."""
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
    """Yield the spans of `sentences` consecutive sentences in the blocks that share the most words with a text."""
    wanted = set(words)
    shared = [(len(wanted & set(_words(document.text[b.start : b.end]))), b) for b in document.blocks]
    for count, block in sorted(shared, key=lambda each: -each[0])[:BLOCKS]:
        if count:
            spans = sentence_spans(document.text, block.start, block.end)
            for first in range(max(1, len(spans) - sentences + 1)):
                yield spans[first][0], spans[min(first + sentences, len(spans)) - 1][1]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
