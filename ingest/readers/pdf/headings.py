"""Headings of a PDF: the titles of its outline, else short paragraphs that are bold or larger."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest.readers.assemble import Piece
from ingest.readers.emphasis import Candidate, with_headings
from ingest.readers.pdf.paragraphs import Part

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_MOST = 5_000  # titles of an outline
_DEEPEST = 9
_LONGEST = 4  # lines of a heading
_NUMBER = re.compile(
    r"^(?:(?:chapter|part|section|kapitel|teil|chapitre|capítulo)\s+)?[\dIVX]+(?:\.\d+)*[.:)]?\s+", re.IGNORECASE
)
_NO_WORD = re.compile(r"[\W_]+")
# How many of an outline's titles, and which share, are on their pages if it names all headings.
_SEVERAL, _FOUND = 3, 0.5


@dataclass(frozen=True, slots=True)
class Title:
    """A title of the outline: its level (1 is the highest) and its 1-based page."""

    level: int
    text: str
    page: int


def outline(document: "PdfDocument") -> list[Title]:
    """Return the titles of a document's outline."""
    found = []
    for bookmark, _ in zip(document.get_toc(max_depth=_DEEPEST), range(_MOST), strict=False):
        target = bookmark.get_dest()
        index = target.get_index() if target else None
        if index is not None:
            found.append(Title(bookmark.level + 1, bookmark.get_title(), index + 1))
    return found


def leveled(parts: Sequence[Part], titles: Sequence[Title], usual: float) -> list[tuple[Part, int]]:
    """Return the parts with their levels: 0 for what is no heading; `usual` is the size of most letters."""
    marked, found = _by_outline(parts, titles)
    if found >= max(_SEVERAL, _FOUND * len(titles)):
        return marked
    pieces = with_headings(
        [_candidate(part, level) for part, level in marked], round(2 * usual) / 2
    )  # as those of lines
    return [(part, piece.level) for (part, _), piece in zip(marked, pieces, strict=True)]


def _candidate(part: Part, level: int) -> Candidate:
    if part.grid:
        return Candidate(Piece(" ".join(part.grid.texts()[0]), kind="row"))
    text = ("\n" if part.kind == "code" else " ").join(line.text for line in part.lines)
    bold = all(line.bold for line in part.lines) and not part.mark
    return Candidate(Piece(text, level, kind=part.kind), bold, min(line.size for line in part.lines))


def _by_outline(parts: Sequence[Part], titles: Sequence[Title]) -> tuple[list[tuple[Part, int]], int]:
    """Return the parts, those that begin with a title of their page split, with levels; and how many were found."""
    waiting: dict[int, list[Title]] = defaultdict(list)
    for title in titles:
        waiting[title.page].append(title)
    marked: list[tuple[Part, int]] = []
    found = 0
    for part in parts:
        if part.grid or not waiting.get(part.page):
            marked.append((part, 0))
            continue
        match = next(_matches(part, waiting[part.page]), None)
        if match is None:
            marked.append((part, 0))
            continue
        title, count = match
        waiting[part.page].remove(title)
        found += 1
        marked.append((replace(part, lines=part.lines[:count], kind="paragraph"), min(title.level, _DEEPEST)))
        if part.lines[count:]:
            marked.append((Part(part.lines[count:]), 0))
    return marked, found


def _matches(part: Part, titles: Sequence[Title]) -> Iterator[tuple[Title, int]]:
    """Yield the titles that a part begins with, and the number of their lines."""
    text = ""
    for count, line in enumerate(part.lines[:_LONGEST], start=1):
        text = f"{text} {line.text}".strip()
        keys = _keys(text)
        yield from ((title, count) for title in titles if _keys(title.text) & keys)


@lru_cache(maxsize=1_000)  # titles are compared with every part of their page
def _keys(text: str) -> frozenset[str]:
    """Return the letters and digits of a text, with and without the number that it begins with."""
    return frozenset(_NO_WORD.sub("", each).casefold() for each in (text, _NUMBER.sub("", text))) - {""}
