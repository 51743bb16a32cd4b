"""Cuts a paragraph into sentences as spans, computed and never searched for."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest.schema import Span

if TYPE_CHECKING:
    import pysbd

# pysbd is quadratic in the length of what it is given (characters); at 4,000 a piece takes about 40 ms.
LONGEST_PIECE = 4_000

_REFERENCE_ONLY = re.compile(r"(?:\[[\w ,–-]{1,12}\]|[)\]}\"'”’»])+")
_AFTER_REFERENCE = re.compile(r"(?<=[.!?])(?:\[[\w ,–-]{1,12}\])+\s+(?=[\"'“‘(\[]?[A-Z0-9])")
# Two sentences run together ("over time.Historically, it"), as converted web pages have them.
_RUN_ON = re.compile(r"(?<=[a-z]{3}[.!?])(?=[A-Z][a-z]+[ ,])")
_BREAK = re.compile(r"[.!?][\"'”’)\]]*\s|\n")


def sentence_spans(text: str, start: int, end: int) -> tuple[Span, ...]:
    """Return the spans of the sentences in `text[start:end]`, a paragraph.

    Spans are in order, disjoint, begin and end with a character that is not
    white space, and together cover every such character of the paragraph.

    Source: boundaries by pysbd's English rules (Sadvilkar and Neumann 2020),
    then reference marks such as `[50]` are left with the sentence before them.
    """
    cuts: list[int] = []
    for piece_start, piece_end in _pieces(text, start, end):
        cuts.extend(_boundaries(text, piece_start, piece_end))
    spans: list[Span] = []
    for left, right in zip([start, *cuts], [*cuts, end], strict=True):
        part = text[left:right]
        bare = part.strip()
        if not bare:
            continue
        first = left + len(part) - len(part.lstrip())
        if spans and _REFERENCE_ONLY.fullmatch(bare):
            spans[-1] = (spans[-1][0], first + len(bare))
        else:
            spans.append((first, first + len(bare)))
    return tuple(spans)


def _pieces(text: str, start: int, end: int) -> list[Span]:
    """Split an overlong paragraph near sentence ends, else near white space, else anywhere."""
    pieces = []
    while end - start > LONGEST_PIECE:
        window = text[start : start + LONGEST_PIECE]
        breaks = [m.end() for m in _BREAK.finditer(window)]
        cut = breaks[-1] if breaks else max(window.rfind(" "), window.rfind("\t")) + 1
        cut = start + (cut if cut > 0 else LONGEST_PIECE)
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]


def _boundaries(text: str, start: int, end: int) -> list[int]:
    """Return the offsets inside and at the end of a piece at which a sentence ends, ascending."""
    piece = text[start:end]
    cuts = {start + at for at in _segment_ends(piece)}
    cuts.update(start + m.end() for pattern in (_AFTER_REFERENCE, _RUN_ON) for m in pattern.finditer(piece))
    return sorted(cuts - {start})


def _segment_ends(piece: str) -> list[int]:
    """Return where pysbd's segments end, found by counting the characters that are not white space.

    pysbd may alter text that holds its own placeholders; where its segments are
    not the piece's characters, sentence-final punctuation decides instead.
    """
    segments = _segmenter().segment(piece) if piece.strip() else []
    if "".join("".join(segments).split()) != "".join(piece.split()):
        return [m.end() for m in _BREAK.finditer(piece)] + [len(piece)]
    solid = [i for i, character in enumerate(piece) if not character.isspace()]
    ends, seen = [], 0
    for segment in segments:
        seen += len("".join(segment.split()))
        if seen:
            ends.append(solid[seen - 1] + 1)
    return [*ends, len(piece)]


@lru_cache(maxsize=1)
def _segmenter() -> "pysbd.Segmenter":
    import pysbd

    return pysbd.Segmenter(language="en", clean=False)
