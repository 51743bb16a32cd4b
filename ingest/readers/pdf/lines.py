"""Lines of a PDF page: pieces side by side become words, raised and lowered ones are written as such."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from operator import attrgetter
from typing import NamedTuple

from ingest.readers.pdf.page import Frame, Piece
from ingest.readers.pdf.paths import Box
from ingest.readers.raised import note_mark, subscript, superscript

# Shares of the size of the line's letters.
_SMALLER = 0.87
_RAISED = 0.12
_LOWERED = 0.06
_NEAR = 0.3  # a raised piece that is nearer belongs to the word before
_SAME_LINE = 0.45
_LEVEL = 0.1
_COMMON = 0.3  # of the letters: the largest size that so many have is the line's
_INITIAL = 1.9  # times the usual size: the first letter of a chapter, over several lines
_LONGEST_SCRIPT = 12  # characters
_UNIT = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]|[cdkmnpµμ]m|[cm]s|ft|in|yd|ha|Hz|kg|Pa)$")  # noqa: RUF001
_NUMBERS = re.compile(r"\d{1,3}(?:[,;–-]\d{1,3})*,?")
_TEN = re.compile(r"(?<![\d.,])10$")
HYPHENS = "-‐\xad"
"""Part words at the ends of lines."""
BULLETS = "•▪●‣◦○■□◆❏❐❑❒❖→➔⇨➢➤✓✔✗✘☐☑☒"
MARKER = re.compile(rf"[{BULLETS}»*·o–—-]$|\(?(?:\d{{1,3}}|[A-Za-z]|[ivx]{{1,4}})[.)]$")
"""The first word of a list item."""
LEADER = "…"
"""Stands for the dots that lead to a page number."""
_LEADER = 5  # dots
_NUMBER = re.compile(r"[A-Z]?\d{0,3}(?:\.\d{1,3})*")  # of a section
_STRETCHED = 1.3  # times the narrowest gap
_WIDE = 3.0  # of the size: a gap that no line of a paragraph has
_DOTS = ".…·_"
_RUN = _LEADER * "."
_LED = re.compile(rf"(.*?[^.])?(\.{{{_LEADER},}})([^.]+)?")  # a word, dots, and a page number without gaps
_NOTE = re.compile(r"\[\w{1,3}\]")
_SIZE_OF, _BASE_OF = attrgetter("size"), attrgetter("base")
_SLASHES = ("⁄", "/")  # of a fraction whose parts are raised and lowered
_ACCENTS = {
    "´": "\u0301",
    "`": "\u0300",
    "¨": "\u0308",
    "^": "\u0302",
    "ˆ": "\u0302",
    "˜": "\u0303",
    "¸": "\u0327",
    "ˇ": "\u030c",
}


class Word(NamedTuple):
    """A word and its places on the pages as they are shown; two if it is hyphenated over two lines."""

    text: str
    places: tuple[tuple[int, Box], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words, and where it is on the turned page; `first` is the width of its first word.

    `mono` says that all its letters have one width, as those of code do; `value` is where the text after a wide
    gap begins, such as the one between a label and its value, and infinite if there is none. `aside` says that it is
    in a box beside other text.
    A line that is read from right to left is where it is in a mirror, so that `left` is where it begins.
    """

    words: tuple[Word, ...]
    frame: Frame
    left: float
    right: float
    base: float
    size: float
    bold: bool
    first: float
    mono: bool = False
    value: float = inf
    aside: bool = False

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(word.text for word in self.words)

    @property
    def page(self) -> int:
        """The 1-based page."""
        return self.frame.page


def rows_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return pieces of one column as lines from top to bottom, each from left to right."""
    rows: list[list[Piece]] = []
    bases: list[float] = []
    usual = _usual_size(pieces)
    large = [piece for piece in pieces if piece.size > _INITIAL * usual > 0]
    initials = [
        piece for piece in large if len(piece.text) == 1 and sum(each.base == piece.base for each in large) == 1
    ]
    small: list[Piece] = []
    for piece in sorted(pieces, key=lambda each: each.base):
        if piece in initials:
            continue
        if piece.size < _SMALLER * usual:
            small.append(piece)
        elif rows and piece.base - bases[-1] < _SAME_LINE * min(piece.size, usual):
            rows[-1].append(piece)
        else:
            rows.append([piece])
            bases.append(piece.base)
    return _with_initials(_with_small(rows, bases, small), initials)


def _usual_size(pieces: Sequence[Piece]) -> float:
    if len({piece.size for piece in pieces}) == 1:
        return pieces[0].size
    sizes = _letters(pieces, _SIZE_OF)
    return max(sizes, key=lambda size: (sizes[size], size), default=0.0)


def _letters(pieces: Sequence[Piece], of: Callable[[Piece], float]) -> Counter[float]:
    """Return the number of letters of each size, or on each base."""
    counts: Counter[float] = Counter()
    for piece in pieces:
        counts[of(piece)] += len(piece.text)
    return counts


def _with_small(rows: list[list[Piece]], bases: list[float], small: Sequence[Piece]) -> list[list[Piece]]:
    """Add smaller pieces to the rows that they are raised or lowered in; the others become rows."""
    left = sorted(small, key=lambda piece: (piece.base, piece.left))
    for _ in range(2):  # then from right to left, for the words before one that touches
        left = [piece for piece in left if not _is_added(piece, rows, bases)][::-1]
    own: list[list[Piece]] = []
    for piece in left:
        if own and abs(own[-1][0].base - piece.base) < _SAME_LINE * piece.size:
            own[-1].append(piece)
        else:
            own.append([piece])
    merged = sorted([*rows, *own], key=lambda row: row[0].base) if own else rows
    return [_ordered(row) for row in merged]


def _is_added(piece: Piece, rows: list[list[Piece]], bases: Sequence[float]) -> bool:
    """Add a smaller piece to the row that it is raised or lowered in; return whether there is one."""
    at = bisect_left(bases, piece.base)
    while at > 0 and bases[at - 1] >= piece.base - _SAME_LINE * rows[at - 1][0].size:
        at -= 1
    if at == len(bases) or bases[at] - piece.base >= 0.75 * rows[at][0].size:
        return False
    level = abs(bases[at] - piece.base) < _LEVEL * piece.size
    if level or _touches(piece, rows[at]):
        rows[at].append(piece)
        return True
    return False


def _touches(piece: Piece, row: Sequence[Piece]) -> bool:
    """Return whether a piece overlaps a row, or is near one of its pieces."""
    margin = 2 * piece.size
    return (
        min(each.left for each in row) - margin < piece.right and piece.left < max(each.right for each in row) + margin
    )


def _with_initials(rows: list[list[Piece]], initials: Sequence[Piece]) -> list[list[Piece]]:
    """Put a large first letter before the first of the lines beside it."""
    for initial in initials:
        beside = [
            row for row in rows if row[0].base > initial.base - 0.75 * initial.size and row[0].left > initial.left
        ]
        if beside:
            first = beside[0][0]
            beside[0][:1] = [replace(initial, base=first.base, size=first.size), replace(first, glued=True)]
        else:
            rows = sorted([*rows, [initial]], key=lambda row: row[0].base)
    return rows


def _ordered(row: list[Piece]) -> list[Piece]:
    """Return a row's pieces in reading order: right to left if most letters are of such a script."""
    row.sort(key=lambda piece: piece.left)
    if all(piece.text.isascii() for piece in row) or not _is_rtl(row):
        return row
    row.reverse()
    ordered: list[Piece] = []
    run: list[Piece] = []
    for piece in row:
        if any(unicodedata.bidirectional(character) in ("L", "EN") for character in piece.text):
            run.append(piece)
        else:
            ordered += [*reversed(run), piece]
            run = []
    return [*ordered, *reversed(run)]


def _is_rtl(row: Iterable[Piece]) -> bool:
    kinds = [unicodedata.bidirectional(character) for piece in row for character in piece.text]
    return kinds.count("R") + kinds.count("AL") > kinds.count("L")


def line(row: Sequence[Piece], frame: Frame, marks: frozenset[str] = frozenset()) -> Line:
    """Return a row as a line; `marks` are the marks of the page's notes."""
    if any(piece.text[0] in _DOTS or _RUN in piece.text for piece in row):
        row = _without_leaders([part for piece in row for part in _without_run(piece)])
    size = _usual_size(row)
    base = _usual_base([piece for piece in row if piece.size >= _SMALLER * size] or row)
    bold = not any(not piece.bold and any(map(str.isalnum, piece.text)) for piece in row)
    left, right = min([piece.left for piece in row]), max([piece.box[2] for piece in row])
    if not all(piece.text.isascii() for piece in row) and _is_rtl(row):
        left, right = -right, -left
    words = tuple(_words(row, frame, size, base, marks))
    size = round(2 * _common_size(row)) / 2
    mono = all([piece.mono for piece in row])  # noqa: C419 - faster
    return Line(words, frame, left, right, base, size, bold, _width_of_first(row), mono, _value(row, size))


def _value(row: Sequence[Piece], size: float) -> float:
    """Return where the text after the first wide gap begins; what stands before is more than a mark or number.

    Where all gaps are alike, the line is stretched to the width of its paragraph.
    """
    wide = _WIDE * size
    gaps = [other.left - piece.right for piece, other in pairwise(row) if not other.glued]
    if not gaps or max(gaps) <= wide or (len(gaps) > 1 and max(gaps) < _STRETCHED * min(gaps)):
        return inf
    found = [other for piece, other in pairwise(row) if not other.glued and other.left - piece.right > wide]
    if found[0] is row[1] and (MARKER.match(row[0].text) or _NUMBER.fullmatch(row[0].text)):
        found = found[1:]
    return found[0].left if found else inf


def _common_size(row: Sequence[Piece]) -> float:
    """Return the largest size that a good part of the letters have."""
    size = row[0].size
    if all([piece.size == size for piece in row]):  # noqa: C419 - faster
        return size
    sizes = _letters(row, _SIZE_OF)
    return max(size for size, count in sizes.items() if count >= _COMMON * max(sizes.values()))


def _words(row: Sequence[Piece], frame: Frame, size: float, base: float, marks: frozenset[str]) -> Iterator[Word]:
    """Yield the words of a row, with raised and lowered pieces written as such."""
    text, box, last = "", (0.0, 0.0, 0.0, 0.0), row[0]
    label: float | None = None
    for number, piece in enumerate(row):
        shape, glued = piece.text, piece.glued and bool(text)
        raised = _script(piece, size, base) if piece.size < size else 0
        if raised:
            near = bool(text) and (piece.glued or piece.left - last.right < _NEAR * size)
            if near and label == piece.base or not near and _is_label(shape):
                label = piece.base
            else:
                follows = row[number + 1].text if number + 1 < len(row) else ""
                shape, glued = _written(text if near else "", shape, follows, raised, marks)
        elif glued and last is row[0] and _NOTE.fullmatch(text) and text != last.text:
            glued = False  # the mark that a note begins with
        if glued:
            text, box = _composed(text, shape), _around(box, piece.box)
        else:
            if text:
                yield Word(text, ((frame.page, frame.shown(box) if frame.turn else box),))
            text, box = shape, piece.box
        last = piece
    yield Word(text, ((frame.page, frame.shown(box) if frame.turn else box),))


def _is_label(text: str) -> bool:
    """Return whether a small word that stands alone is no script but text, such as the label of a filled line."""
    return len(text) > 2 and sum(map(str.isalpha, text)) > 1


def _written(before: str, text: str, follows: str, raised: int, marks: frozenset[str]) -> tuple[str, bool]:
    """Return raised (1) or lowered (-1) text as it is written, and whether it belongs to the word before."""
    if raised > 0 and text.isdigit() and follows[:1] in _SLASHES:
        return text, before != "" and not before[-1].isdigit()  # 1 1⁄4
    if text[0] in _SLASHES or before[-1:] in _SLASHES:
        return text, before != ""
    written = _raised(before, text, marks) if raised > 0 else subscript(text)
    return written or text, before != ""


def _without_run(piece: Piece) -> Iterator[Piece]:
    """Yield a piece in parts if it is a word with dots behind it, each where it about is."""
    led = _LED.fullmatch(piece.text)
    if not led:
        yield piece
        return
    width = (piece.right - piece.left) / len(piece.text)
    for number in range(1, 4):
        if led[number]:
            left, right = piece.left + led.start(number) * width, piece.left + led.end(number) * width
            yield replace(piece, text=led[number], left=left, right=right, glued=piece.glued and led.start(number) == 0)


def _without_leaders(row: Sequence[Piece]) -> list[Piece]:
    """Return a row with dots that lead to a page number as one ellipsis."""
    kept: list[Piece] = []
    dots = 0
    for piece in row:
        dots = dots + len(piece.text) if not piece.text.strip(_DOTS) else 0
        if dots < _LEADER:
            kept.append(piece)
            continue
        while kept and not kept[-1].text.strip(_DOTS):
            kept.pop()
        kept.append(replace(piece, text=LEADER, glued=False))
    return kept


def _usual_base(pieces: Sequence[Piece]) -> float:
    first = pieces[0].base
    if all([piece.base == first for piece in pieces]):  # noqa: C419 - faster
        return first
    bases = _letters(pieces, _BASE_OF)
    return max(bases, key=lambda base: bases[base])


def _around(some: Box, other: Box) -> Box:
    return min(some[0], other[0]), min(some[1], other[1]), max(some[2], other[2]), max(some[3], other[3])


def _width_of_first(row: Sequence[Piece]) -> float:
    end = 1
    while end < len(row) and row[end].glued:
        end += 1
    return max([piece.right for piece in row[:end]]) - min([piece.left for piece in row[:end]])


def _script(piece: Piece, size: float, base: float) -> int:
    """Return 1 for a raised piece, -1 for a lowered one, 0 for one on the line."""
    if piece.size > _SMALLER * size or len(piece.text) > _LONGEST_SCRIPT:
        return 0
    if base - piece.base > _RAISED * size:
        return 1
    return -1 if piece.base - base > _LOWERED * size else 0


def _raised(before: str, text: str, marks: frozenset[str]) -> str:
    """Return raised text as an exponent or as the mark of a note, by what it follows."""
    if text in "∗⋆★":  # noqa: RUF001
        return text
    if text in marks and not _TEN.search(before):
        return note_mark(text)
    if before and (before[-1].isdigit() or before[-1] in ")]}" or _UNIT.search(before)):
        return superscript(text)
    return note_mark(text) if _NUMBERS.fullmatch(text) else superscript(text)


def _composed(text: str, shape: str) -> str:
    """Return a word with its next piece; an accent that was drawn before its letter is put on it."""
    accent = _ACCENTS.get(text[-1])
    if accent and shape[0].isalpha():
        return unicodedata.normalize("NFC", text[:-1] + shape[0] + accent) + shape[1:]
    return text + shape
