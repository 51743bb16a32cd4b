"""The text of a PDF from its parts, with the places of its words and the starts of its pages."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingest.readers import tables
from ingest.readers.pdf.lines import HYPHENS, Line, Word
from ingest.readers.pdf.listings import line_starts
from ingest.readers.pdf.tables import Grid
from ingest.readers.source import one_line
from ingest.schema import Block, Heading, Kind
from ingest.word_boxes import pack

_EDGES = re.compile(r"^\W+|\W+$")
_LEAST = 4  # letters of a part that is taken for a word of its own
_PREFIXES = frozenset(
    [
        "all",
        "co",
        "cross",
        "ex",
        "full",
        "half",
        "high",
        "long",
        "low",
        "mid",
        "mini",
        "multi",
        "near",
        "non",
        "off",
        "one",
        "part",
        "post",
        "pre",
        "pro",
        "semi",
        "self",
        "short",
        "single",
        "sub",
        "two",
        "three",
        "un",
        "well",
    ]
)
_AND = frozenset(
    ["and", "or", "und", "oder", "et", "ou", "y", "o", "e", "en", "of", "bis", "to"]
)  # after them, a hyphen stands for a word: "long- and"
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


class Token(NamedTuple):
    """A word, what stands before it, and the page that it is on."""

    before: str
    word: Word
    page: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A heading (level 1 to 9) or a block of one kind, as tokens and what stands after them."""

    tokens: tuple[Token, ...]
    after: str = ""
    level: int = 0
    kind: Kind = "paragraph"
    close: bool = False

    @property
    def text(self) -> str:
        """The text of the unit."""
        return "".join([before + word.text for before, word, _ in self.tokens]) + self.after


@dataclass(frozen=True, slots=True)
class Joined:
    """A text with its spans, in the form of a document's fields."""

    text: str
    headings: tuple[Heading, ...]
    blocks: tuple[Block, ...]
    page_starts: tuple[int, ...]
    word_boxes: bytes


def vocabulary(lines: Iterable[Line]) -> Counter[str]:
    """Return how often each word occurs, in lower case and without the ends of lines that a hyphen ends."""
    words: Counter[str] = Counter()
    for line in lines:
        own = line.words[:-1] if line.words[-1].text[-1:] in HYPHENS else line.words
        words.update([word.text for word in own])
    found: Counter[str] = Counter()
    for text, count in words.items():
        found[_bare(text)] += count
    return found


def _bare(text: str) -> str:
    return _EDGES.sub("", text).lower()


def tokens(lines: Sequence[Line], known: Counter[str]) -> tuple[Token, ...]:
    """Return the words of the lines of a paragraph, those joined that are hyphenated over two lines."""
    found: list[Token] = []
    for line in lines:
        words: Iterator[Word] = iter(line.words)
        if found and found[-1].word.text[-1] in HYPHENS and len(found[-1].word.text) > 1:
            last, word = found.pop(), next(words)
            joint = _joint(last.word.text, word.text, known)
            if joint is None:
                found += [last, Token(" ", word, line.page)]
            else:
                found.append(Token(last.before, Word(joint, last.word.places + word.places), last.page))
        for word in words:
            between = "" if not found or _is_wide(found[-1].word.text[-1], word.text[0]) else " "
            found.append(Token(between, word, line.page))
    return tuple(found)


def listing(lines: Sequence[Line]) -> tuple[Token, ...]:
    """Return the words of the lines of code, line by line and indented as on the page."""
    return tuple(
        Token(" " if number else start, word, line.page)
        for start, line in zip(line_starts(lines), lines, strict=True)
        for number, word in enumerate(line.words)
    )


def _is_wide(last: str, first: str) -> bool:
    """Return whether no space belongs between two characters: both are of a script without spaces."""
    if last < "\u2e80" or first < "\u2e80":
        return False
    return bool(_WIDE.match(last) and _WIDE.match(first)) and not ("\uac00" <= first <= "\ud7af")


def _joint(first: str, second: str, known: Counter[str]) -> str | None:
    """Return the parts of a word as one, or None if they are two words.

    The hyphen stays if the document has the word with it elsewhere, or both parts as words.
    """
    stem = first[:-1]
    if first[-1] == "\xad":
        return stem + second
    if not second[0].isalpha() and not second[0].isdigit() or not stem[-1].isalnum():
        return None
    if _bare(second) in _AND and not known[_bare(stem + second)]:
        return None
    if not second[0].islower() or not stem[-1].isalpha():
        return first + second
    left, right = _bare(stem), _bare(second)
    if known[left + right]:
        return stem + second
    if len(left) == 1:
        return first + second  # t-test
    long = len(left) >= _LEAST and len(right) >= _LEAST
    both = known[right] and (left in _PREFIXES or (long and known[left]))
    return first + second if known[f"{left}-{right}"] or both or "-" in stem else stem + second


def table_units(grid: Grid) -> Iterator[Unit]:
    """Yield the rows of a table."""
    for title in grid.titles:
        yield Unit(tuple(Token(" " if number else "", word, grid.frame.page) for number, word in enumerate(title)))
    texts = grid.texts()
    heads = grid.heads if grid.heads < len(texts) else 0
    for text, row in zip(tables.rows(texts, heads), grid.rows[heads:], strict=True):
        if text:
            yield _row(text, row, grid.frame.page)


def _row(text: str, row: Sequence[tuple[Word, ...] | None], page: int) -> Unit:
    """Return a row with the places of the words of its cells."""
    found: list[Token] = []
    at = 0
    for cell in row:
        value = one_line(" ".join(word.text for word in cell or ()))
        start = _start_of_cell(text, value, at)
        if not value or start < 0:
            continue
        for word in cell or ():
            start = text.index(word.text, start)
            found.append(Token(text[at:start], word, page))
            start += len(word.text)
            at = start
    return Unit(tuple(found), text[at:], kind="row")


def _start_of_cell(text: str, value: str, start: int) -> int:
    """Return where a cell begins that is a whole value of a row; -1 if it is none."""
    at = text.find(value, start)
    while at >= 0:
        end = at + len(value)
        if (not at or text[at - 2 : at] in (": ", "| ")) and (end == len(text) or text.startswith(" | ", end)):
            return at
        at = text.find(value, at + 1)
    return -1


def joined(units: Sequence[Unit], pages: int) -> Joined:
    """Return the units as one text. `pages` is their number in the file; an empty one starts where the next does."""
    texts: list[str] = []
    headings: list[Heading] = []
    blocks: list[Block] = []
    starts: dict[int, int] = {}
    boxes = array("d")  # the fields of one after the other: 300,000 tuples would take 50 MB
    at = 0
    for unit in units:
        if texts:
            gap = "\n" if unit.close else "\n\n"
            texts.append(gap)
            at += len(gap)
        start = at
        if unit.tokens:
            starts.setdefault(unit.tokens[0].page, start)
        for before, (word, places), page in unit.tokens:
            at += len(before)
            if page not in starts:
                starts[page] = at
            end = at + len(word)
            for on, box in places:
                boxes.extend((at, end, on, *box))
            at = end
        text = unit.text
        at = start + len(text)
        texts.append(text)
        if unit.level:
            headings.append(Heading(unit.level, text, start, at))
        else:
            blocks.append(Block(start, at, kind=unit.kind))
    following = at
    page_starts = []
    for page in range(pages, 0, -1):
        following = starts.get(page, following)
        page_starts.append(following)
    return Joined("".join(texts), tuple(headings), tuple(blocks), tuple(reversed(page_starts)), pack(boxes))
