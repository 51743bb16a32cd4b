"""Packs a document's sentences into passages that fit the encoder's window."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ingest.models.encoder import Encoder
from ingest.schema import HEADING_SEPARATOR, Document, Heading, Kind, Passage, Reading, Span, naming, place_id
from ingest.text.links import without_addresses
from ingest.text.tables import TABLE_RULE

VERSION = 8  # of the splitting rules; an index built with another version is stale
# Tokens; the encoder's window may be smaller. No trial of other sizes is recorded.
PASSAGE_TOKENS = 200
PREFIX_SHARE = 4  # title and headings take at most a quarter of the window
SPECIAL_TOKENS = 8  # tokens reserved for the encoder's special tokens and prompt

_WORDS = re.compile(r"\S+")
# Where a sentence that is longer than a passage is divided first: a row between its cells, code between its lines.
_PARTS: Mapping[Kind, re.Pattern[str]] = MappingProxyType(
    {"row": re.compile(r"[^\s|](?:[^|]*[^\s|])?\s*\|?|\|"), "code": re.compile(r"\S.*")}
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with its length in tokens and its headings; `first` means that it must start a passage.

    `room` is the number of tokens that a passage under these headings may have.
    """

    start: int
    end: int
    tokens: int
    heading: tuple[str, ...]
    room: int
    first: bool


def split(reading: Reading, root: str, encoder: Encoder) -> Iterator[Passage]:
    """Yield the passages of a document, in order.

    Passages are disjoint and contain whole sentences; a sentence longer than
    the window is split between the cells of a row, the lines of code, or
    words. No passage spans a heading or the start of a block set apart. The head
    of a table stands with its first row if both fit. Together they cover all
    characters of the blocks except white space.
    """
    document = reading.document
    pack: list[_Sentence] = []
    room = 0
    for sentence in _sentences(reading, encoder):
        tokens = sentence.tokens
        if pack:
            tokens += _gap_tokens(document.text[pack[-1].end : sentence.start], encoder)
        if pack and (sentence.first or tokens > room):
            head = pack[-1:] if _is_table_head(document.text, pack, sentence, tokens) else []
            yield _passage(document, root, pack[: len(pack) - len(head)], encoder)
            pack, room = head, sum(each.room - each.tokens for each in head)
        if not pack:
            room, tokens = sentence.room, sentence.tokens
        pack.append(sentence)
        room -= tokens
    if pack:
        yield _passage(document, root, pack, encoder)


def _is_table_head(text: str, pack: list[_Sentence], sentence: _Sentence, tokens: int) -> bool:
    """Return whether the last of several sentences is the head of a table in Markdown whose first row has room too."""
    head = pack[-1]
    between = text[head.end : sentence.start]
    fits = len(pack) > 1 and not sentence.first and head.tokens + tokens <= head.room
    return fits and TABLE_RULE.search(between) is not None


def _gap_tokens(gap: str, encoder: Encoder) -> int:
    """Return the number of tokens of the markup between two sentences."""
    return encoder.count_tokens([gap])[0] if gap.strip() else 0


def encoded_text(title: str, heading: tuple[str, ...], text: str) -> str:
    """Return the text to encode for a passage: title and heading path, then the passage, without addresses of links."""
    prefix, text = _prefix(title, heading), without_addresses(text)
    return f"{prefix}\n{text}" if prefix else text


def _prefix(title: str, heading: tuple[str, ...]) -> str:
    return HEADING_SEPARATOR.join(naming(title, heading))


def _room(document: Document, heading: tuple[str, ...], encoder: Encoder) -> int:
    """Return the number of tokens available for a passage's text.

    A prefix longer than its share does not reduce the room further.
    """
    window = encoder.identity.window - SPECIAL_TOKENS
    prefix = encoder.count_tokens([_prefix(document.title, heading)])[0]
    return max(1, min(PASSAGE_TOKENS, window - min(prefix, window // PREFIX_SHARE)))


def _sentences(reading: Reading, encoder: Encoder) -> Iterator[_Sentence]:
    """Yield the sentences of all blocks, each short enough for one passage."""
    document = reading.document
    headings = iter(document.headings)
    upcoming = next(headings, None)
    path: tuple[Heading, ...] = ()
    names: tuple[str, ...] = ()
    room = _room(document, names, encoder)
    for block, sentences in zip(document.blocks, reading.sentences, strict=True):
        first = block.apart
        while upcoming is not None and upcoming.start < block.start:
            path = (*(h for h in path if h.level < upcoming.level), upcoming)
            upcoming = next(headings, None)
            first = True
        if names != (names := tuple([h.title for h in path])):
            room = _room(document, names, encoder)
        for (start, end), tokens in _fitting(document.text, block.kind, sentences, room, encoder):
            yield _Sentence(start, end, tokens, names, room, first)
            first = False


def _fitting(text: str, kind: Kind, spans: tuple[Span, ...], room: int, encoder: Encoder) -> Iterator[tuple[Span, int]]:
    """Yield the spans and their tokens; one that has no room is split between its parts, words, or inside a word."""
    counts = encoder.count_tokens([text[start:end] for start, end in spans])
    for (start, end), tokens in zip(spans, counts, strict=True):
        if end - start <= room or tokens <= room or _fits_without_addresses(text[start:end], room, encoder):
            yield (start, end), tokens
            continue
        pieces = list(_pieces(text, (start, end), kind, room, encoder))
        yield from zip(pieces, encoder.count_tokens([text[a:b] for a, b in pieces]), strict=True)


def _fits_without_addresses(sentence: str, room: int, encoder: Encoder) -> bool:
    """Return whether only the addresses of its links make a sentence too long: the encoder does not read them."""
    bare = without_addresses(sentence)
    return bare != sentence and encoder.count_tokens([bare])[0] <= room


def _pieces(text: str, span: Span, kind: Kind, room: int, encoder: Encoder) -> Iterator[Span]:
    """Yield the pieces of an overlong sentence, each of as many of its parts as have room."""
    start = end = span[0]
    used = 0
    parts = list(_parts(text, span, kind, room, encoder))
    counts = encoder.count_tokens([text[a:b] for a, b in parts])
    for (a, b), tokens in zip(parts, counts, strict=True):
        if used and used + tokens > room:
            yield start, end
            start, used = a, 0
        end, used = b, used + tokens
    yield start, end


def _parts(text: str, span: Span, kind: Kind, room: int, encoder: Encoder) -> Iterator[Span]:
    """Yield the parts of an overlong sentence, in order, each short enough for a passage."""
    whole = [match.span() for match in _PARTS[kind].finditer(text, *span)] if kind in _PARTS else [span]
    for (start, end), tokens in zip(whole, encoder.count_tokens([text[a:b] for a, b in whole]), strict=True):
        if tokens <= room:
            yield start, end
        else:
            yield from (part for word in _WORDS.finditer(text, start, end) for part in _short_words(*word.span(), room))


def _short_words(start: int, end: int, room: int) -> Iterator[Span]:
    """Split a word so that each part fits even at four tokens per character, the maximum of byte-level tokenizers."""
    longest = max(1, room // 4)
    for at in range(start, end, longest):
        yield at, min(end, at + longest)


def _passage(document: Document, root: str, pack: list[_Sentence], encoder: Encoder) -> Passage:
    start, end, heading = pack[0].start, pack[-1].end, pack[0].heading
    text = document.text[start:end]
    identity = encoder.identity
    encoded = "\x00".join((identity.name, identity.revision, encoded_text(document.title, heading, text)))
    return Passage(
        id=place_id(root, document.source, (start, end), document.sha),
        root=root,
        source=document.source,
        start=start,
        end=end,
        text=text,
        page=document.page(start),
        heading=heading,
        sentences=tuple((s.start, s.end) for s in pack),
        sha=hashlib.sha256(encoded.encode()).hexdigest()[:32],
        title=document.title,
        recognised=document.is_recognised(start, end),
    )
