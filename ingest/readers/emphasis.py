"""Finds headings that are only bold or larger, without a heading style."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.readers.assemble import Piece

_LONGEST = 90  # characters of a heading
_MOST_WORDS = 14
_MOST_BEFORE_COLON = 6  # words: "Side effects:" is a heading, a longer one introduces what follows
_LARGER = 1.2  # times the usual size
_MOST_IN_A_ROW = 2  # more lines of this kind, one after the other, are an address or a title page
_DEEPEST_RUN = 4  # headings of chapter, section and below, one after the other
_ENDS = ".!;,…。！；，、"  # noqa: RUF001
_CAPTION = re.compile(r"(table|tab|tabelle|tableau|tabla|figure|fig|figura|abbildung|abb|chart|box)\b\.?\s*\d", re.I)
# What these words say must stay a sentence, for a heading is not quoted.
_ORDER = re.compile(r"\b(?:do not|don['’]t|never|must|nicht|nie|keinen?|jamais|nunca)\b", re.IGNORECASE)
_DEEPEST = 9


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece with its look: whether all of it is bold, and its size, 0 if unknown."""

    piece: Piece
    bold: bool = False
    size: float = 0


def with_headings(candidates: Sequence[Candidate], usual: float = 0) -> Iterator[Piece]:
    """Yield the pieces; whole short paragraphs that are bold or larger, with text below them, become headings.

    `usual` is the size of most letters; 0 means that of the pieces.
    """
    body = [each for each in candidates if not each.piece.level]
    usual = usual or _usual_size(body)
    characters = sum(len(each.piece.text) for each in body)
    mostly_bold = sum(len(each.piece.text) for each in body if each.bold) * 2 > characters
    stands_out = [
        _is_short(each.piece) and ((each.bold and not mostly_bold) or (each.size >= _LARGER * usual > 0))
        for each in candidates
    ]
    chosen = _with_text_below(candidates, stands_out)
    looks = {(each.size, each.bold) for each, is_heading in zip(candidates, chosen, strict=True) if is_heading}
    ranks = {look: rank for rank, look in enumerate(sorted(looks, reverse=True), start=1)}
    styled = [each for each in candidates if each.piece.level]
    deepest = max((each.piece.level for each in styled), default=0)
    largest = max((each.size for each in styled), default=0)
    for each, is_heading in zip(candidates, chosen, strict=True):
        level = each.piece.level
        if is_heading:  # below the headings with a style, unless it is larger than all of them
            level = 1 if each.size > largest > 0 else min(_DEEPEST, deepest + ranks[each.size, each.bold])
        yield replace(each.piece, level=level, kind="paragraph") if is_heading else each.piece


def _usual_size(body: Sequence[Candidate]) -> float:
    """Return the size of most characters outside of tables."""
    sizes: Counter[float] = Counter()
    for each in body:
        if each.piece.kind != "row":
            sizes[each.size] += len(each.piece.text)
    return max(sizes, key=lambda size: sizes[size], default=0)


def _is_short(piece: Piece) -> bool:
    text, words = piece.text, len(piece.text.split())
    if piece.level or piece.kind == "row" or "\n" in text or not 0 < len(text) <= _LONGEST or words > _MOST_WORDS:
        return False
    if piece.kind == "item" and not text[0].isdigit():
        return False
    if text.endswith(":") and words > _MOST_BEFORE_COLON:
        return False
    return (
        text[-1] not in _ENDS and any(map(str.isalpha, text)) and not _CAPTION.match(text) and not _ORDER.search(text)
    )


def _descend(run: Sequence[Candidate]) -> bool:
    """Return whether each of a few pieces is smaller than the one before, as headings of a chapter and its section."""
    return len(run) <= _DEEPEST_RUN and all(one.size > other.size for one, other in pairwise(run))


def _with_text_below(candidates: Sequence[Candidate], stands_out: Sequence[bool]) -> list[bool]:
    """Return which of the pieces that stand out have text below them, with few others in between."""
    chosen = [False] * len(candidates)
    run: list[int] = []
    for number, each in enumerate(candidates):
        if not each.piece.text.strip():
            continue
        if stands_out[number]:
            run.append(number)
            continue
        if not each.piece.level and (len(run) <= _MOST_IN_A_ROW or _descend([candidates[at] for at in run])):
            for heading in run:
                chosen[heading] = True
        run = []
    return chosen
