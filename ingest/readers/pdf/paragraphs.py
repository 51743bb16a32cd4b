"""Paragraphs, list items, listings and notes from the lines of PDF pages, over columns and pages."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf

from ingest.readers.pdf.flow import Column
from ingest.readers.pdf.lines import BULLETS, HYPHENS, LEADER, MARKER, Line
from ingest.readers.pdf.listings import has_listings, runs
from ingest.readers.pdf.tables import Grid
from ingest.readers.raised import note_mark
from ingest.schema import Kind

_SENTENCE_END = re.compile(r"[.!?…。！？:;][\"'”’»)\]]*(?:\[[\w,–-]+\])*$")  # noqa: RUF001
_APART = 3  # pages: between the parts of a sentence may be a page of pictures
_NEAR = 4  # lines before and after
_SEVERAL = 4  # lines
_USUAL_PITCH = 1.25  # from baseline to baseline, of the size
_LARGER_PITCH = 1.25  # times the usual pitch: a new paragraph
_LOOSE_PITCH = 2.2  # times the usual pitch: a new paragraph even if a sentence seems to go on
_INDENT = 0.8  # of the size: a new paragraph, or text that belongs to an item
_SPACE = 0.4  # of the size: what a word needs before it
_OTHER_SIZE = 0.5  # points
_LARGE = 1.12  # times the usual size: a title, whose lines belong together
_NOTE = re.compile(r"\[([^\]]{1,3})\]|[*†‡§¶]{1,3}|\d{1,2}")
_MARKED = re.compile(r"\[\w{1,3}\]")
_NOTE_SIZE = 0.95  # times the usual size
_LABEL = 5  # words, at most
_GOES_ON = f"{HYPHENS},"
_STOPS = ".:;!?,"
_LETTER = re.compile(r"\(?[^\W\d_]\.,?")  # of an abbreviation of several words
_SECTION = re.compile(r"\d{1,2}(?:\.\d{1,2})+\.?")
_CAPTION = re.compile(
    r"(?:table|tab\.|figure|fig\.|tabelle|abbildung|abb\.|tableau|tabla|figura|box)\s*\d", re.IGNORECASE
)


@dataclass(slots=True)
class Part:
    """A paragraph, list item, listing or table.

    `mark` is that of a note; `close` means that it follows without a blank line.
    """

    lines: list[Line] = field(default_factory=list)
    kind: Kind = "paragraph"
    grid: Grid | None = None
    mark: str = ""
    close: bool = False

    @property
    def page(self) -> int:
        """The page that it begins on."""
        return self.grid.frame.page if self.grid else self.lines[0].page

    @property
    def stream(self) -> tuple[int, bool]:
        """The direction of its text, as in `Frame`, and whether it is in a box beside other text."""
        return (self.grid.frame.turn, False) if self.grid else (self.lines[0].frame.turn, self.lines[0].aside)


def parts(found: Sequence[Column | Grid], usual: float) -> list[Part]:
    """Return the parts of all pages in reading order; `usual` is the size of most letters."""
    result: list[Part] = []
    listings = has_listings([line for each in found if not isinstance(each, Grid) for line in each])
    for each in found:
        if isinstance(each, Grid):
            result.append(Part(kind="row", grid=each))
            continue
        own = [
            part
            for is_code, lines in (runs(each) if listings else [(False, each)])
            for part in ([Part(list(lines), "code")] if is_code else _column_parts(lines, usual))
        ]
        _set_notes(own, usual)
        _continue_last(result, own)
        result += own
    return _with_notes_placed(result)


def _column_parts(lines: Sequence[Line], usual: float) -> Iterator[Part]:
    """Yield the parts of one column."""
    left = _usual_left(lines)
    pitch = _pitch(lines)
    own = Part()
    for number, line in enumerate(lines):
        if not own.lines:
            own = _started(line, own)
            continue
        edge = _edge(lines, number - 1)
        last = own.lines[-1]
        if _belongs(own, line, edge, left, pitch * last.size, usual):
            own.lines.append(line)
            continue
        yield own
        close = line.size == last.size and line.base - last.base < _LARGER_PITCH * pitch * last.size
        own = _started(line, Part(close=close))
    if own.lines:
        yield own


def _pitch(lines: Sequence[Line]) -> float:
    """Return the distance of two lines of a paragraph, of their size; on many pages most lines begin a paragraph."""
    pitches = sorted((b.base - a.base) / b.size for a, b in pairwise(lines) if a.size == b.size and b.base > a.base)
    return pitches[len(pitches) // 4] if len(pitches) > 2 else _USUAL_PITCH


def _edge(lines: Sequence[Line], number: int) -> float:
    """Return the right edge of the lines around one, which a single longer line does not define."""
    near = lines[max(0, number - _NEAR) : number + _NEAR + 1]
    rights = sorted(line.right for line in near if line.size == lines[number].size)
    return rights[-2] if len(rights) > _SEVERAL else rights[-1]


def _usual_left(lines: Sequence[Line]) -> float:
    lefts = Counter(round(line.left) for line in lines)
    return max(lefts, key=lambda left: (lefts[left], -left))


def _started(line: Line, part: Part) -> Part:
    part.lines.append(line)
    if _has_marker(line):
        part.kind = "item"
    return part


def _has_marker(line: Line) -> bool:
    """Return whether a line begins like a list item."""
    first = line.words[0].text
    return _is_marked(line) or (first[0] in BULLETS and len(first) > 1)


def _is_marked(line: Line, last: Line | None = None) -> bool:
    """Return whether a line begins with the marker of a list item, and not with a part of "z. B." or "e. g."."""
    if len(line.words) < 2 or not MARKER.match(line.words[0].text):
        return False
    around = line.words[1].text, last.words[-1].text if last else ""
    return not (_LETTER.fullmatch(line.words[0].text) and any(map(_LETTER.fullmatch, around)))


def _belongs(part: Part, line: Line, edge: float, left: float, pitch: float, usual: float) -> bool:
    """Return whether a line continues a part."""
    last, first = part.lines[-1], part.lines[0]
    lower = line.words[0].text[0].islower()
    if _begin_alike(first, line):
        return False
    large = last.size > _LARGE * usual
    if min(last.value, line.value) < inf and not large and not _goes_on(last, line):
        return (
            abs(line.left - last.value) < line.size
            and line.value == inf
            and line.base - last.base < _LARGER_PITCH * pitch
        )
    if _is_entry(last) or (_MARKED.fullmatch(line.words[0].text) and line.size < usual):
        return False
    ended = edge - last.right > line.first + _SPACE * line.size
    other_look = line.bold != last.bold and not large and not (lower and _is_hyphenated(last))
    if abs(line.size - last.size) > _OTHER_SIZE or (other_look and (_is_heading_like(part) or (ended and line.bold))):
        return False
    if line.base < last.base or line.base - last.base > _LARGER_PITCH * pitch:
        goes_on = lower and not ended and not _SENTENCE_END.search(last.text)
        return goes_on and 0 < line.base - last.base < _LOOSE_PITCH * pitch
    if _is_marked(line, last) and (part.kind == "item" or ended or not lower):
        return (
            part.kind != "item" and not ended and not _SENTENCE_END.search(last.text) and _is_word(line.words[0].text)
        )
    if part.kind == "item" and line.left < first.left + _SPACE * line.size and ended:
        return lower and not _SENTENCE_END.search(last.text)
    if large:
        return not (line.words[0].text[0].isdigit() and ended)
    hanging = len(part.lines) > 1 or part.kind == "item"
    if part.kind != "item" and line.left > last.left + _INDENT * line.size and line.left > left + _INDENT * line.size:
        return not hanging and not ended and not _SENTENCE_END.search(last.text)
    return lower if ended else True


def _is_hyphenated(line: Line) -> bool:
    """Return whether a line ends with a part of a word."""
    end = line.words[-1].text
    return end[-1] in HYPHENS and end[-2:-1].isalpha()


def _goes_on(last: Line, line: Line) -> bool:
    """Return whether a wide gap in one of two lines does not part them, because the words go on."""
    one_gap = last.value == inf or line.value == inf
    return last.words[-1].text[-1] in _GOES_ON or (one_gap and line.words[0].text[0].islower())


def _begin_alike(one: Line, other: Line) -> bool:
    """Return whether both lines begin with a label, such as "Date:", or with the number of a section."""
    mark = _beginning(other)
    return bool(mark) and mark == _beginning(one)


def _beginning(line: Line) -> str:
    first = line.words[0].text
    if first[0].isdigit():
        return "section" if len(line.words) > 1 and _SECTION.fullmatch(first) else ""
    if not first[0].isalpha() or first[0].islower():
        return ""
    ends = next((word.text[-1] for word in line.words[:_LABEL] if word.text[-1] in _STOPS), "")
    return "label" if ends == ":" else ""


def _is_entry(line: Line) -> bool:
    """Return whether a line is an entry of a table of contents."""
    return any(word.text == LEADER for word in line.words[-2:])


def _is_word(marker: str) -> bool:
    """Return whether what looks like the marker of an item may be a word or number of a sentence."""
    return marker[-1] in ".)" or marker in ("o", "-", "–", "—", "·")  # noqa: RUF001


def _is_heading_like(part: Part) -> bool:
    return part.lines[-1].bold or len(part.lines) == 1


def _set_notes(own: Sequence[Part], usual: float) -> None:
    """Set the marks of the notes at the end of a column."""
    for part in reversed(own):
        if part.kind == "code":
            return
        line = part.lines[0]
        mark = _NOTE.fullmatch(line.words[0].text)
        if line.size > _NOTE_SIZE * usual or part.kind == "item" or not mark:
            if line.size > _NOTE_SIZE * usual:
                return
            continue
        part.mark = mark[1] or mark[0]


def _continue_last(result: Sequence[Part], own: list[Part]) -> None:
    """Join the first part of a column to the last one before, if its sentence goes on.

    Text in another direction, such as that in a margin, and text in a box are
    passed over, and are not joined. A table parts what stands above and below it.
    """
    following = next((part for part in own if not part.mark and not _CAPTION.match(part.lines[0].text)), None)
    if following is None or following.kind in ("item", "code"):
        return
    start = following.lines[0]
    passed: list[Grid] = []
    last = None
    for part in reversed(result):
        if part.grid:
            passed.append(part.grid)
        elif not part.mark and part.stream == following.stream and not _CAPTION.match(part.lines[0].text):
            last = part
            break
    if last is None or last.kind == "code" or any(_is_between(grid, last.lines[-1], start) for grid in passed):
        return
    end = last.lines[-1]
    if abs(end.size - start.size) > _OTHER_SIZE or end.bold != start.bold or start.page - end.page > _APART:
        return
    first = start.words[0].text.lstrip("\"'“‘(")[:1]
    if _SENTENCE_END.search(end.text) or not (
        first.islower() or (len(last.lines) > 1 and _is_full(last) and len(following.lines) > 1)
    ):
        return
    last.lines += following.lines
    own.remove(following)


def _is_between(grid: Grid, above: Line, below: Line) -> bool:
    """Return whether a table stands below one line and above another, in one column."""
    left, top, right, bottom = grid.box
    across = all(
        min(map(abs, (line.left, line.right))) < right and left < max(map(abs, (line.left, line.right)))
        for line in (above, below)
    )
    return above.page == grid.frame.page == below.page and above.base <= bottom and top <= below.base and across


def _is_full(part: Part) -> bool:
    """Return whether the last line of a part is as long as its others."""
    own = [line for line in part.lines if line.page == part.lines[-1].page]
    return part.lines[-1].right > max(line.right for line in own) - 3 * part.lines[-1].size


def _with_notes_placed(found: Sequence[Part]) -> list[Part]:
    """Return the parts, each note after the paragraph that names it, or before it if that goes on to another page."""
    notes: dict[tuple[int, str], Part] = {}
    for part in found:
        if part.mark:
            notes.setdefault((part.page, part.mark), part)
    if not notes:
        return list(found)
    placed: list[Part] = []
    done: set[int] = set()
    for part in found:
        if part.mark and (id(part) in done or notes[part.page, part.mark] is part):
            continue
        own = [] if part.grid or part.mark else list(_named(part, notes, done))
        goes_on = not part.grid and part.lines[-1].page != part.page
        placed += [*own, part] if goes_on else [part, *own]
    rest = [part for part in notes.values() if id(part) not in done]
    for part in rest:
        at = next((number for number, each in enumerate(placed) if each.page > part.page), len(placed))
        while at and not placed[at - 1].grid and placed[at - 1].lines[-1].page > part.page:
            at -= 1
        placed.insert(at, part)
    return placed


def _named(part: Part, notes: dict[tuple[int, str], Part], done: set[int]) -> Iterator[Part]:
    for line in part.lines:
        for word in line.words:
            for mark in re.findall(r"\[([^\]]{1,3})\]|([*†‡§¶]{1,3})$", word.text):
                note = notes.get((line.page, mark[0] or mark[1]))
                if note is not None and id(note) not in done:
                    done.add(id(note))
                    yield _bracketed(note)


def _bracketed(note: Part) -> Part:
    """Return a note whose number is written as it is where the note is named."""
    line = note.lines[0]
    if line.words[0].text.isdigit() and len(line.words) > 1:
        first = line.words[0]._replace(text=note_mark(note.mark))
        note.lines[0] = replace(line, words=(first, *line.words[1:]))
    return note
