"""Finds the sentences that must be quoted together because one alone would be misleading."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from assistant.answering import lines
from assistant.answering.leaning import WARNING, WARNING_BOX, leans, limits
from assistant.answering.lists import LIST_MOST, continues, fitting, heads_list, introduces, items_around
from assistant.schema import Evidence
from ingest.index.catalog import Snapshot
from ingest.schema import Passage
from ingest.text.sentences import starts_field

# Between a paragraph and the fenced code below it, and between such code and the paragraph below.
_TO_CODE = re.compile(r"\n[^\S\n]*\n[ \t>]*(?:`{3,}|~{3,})[^\n]*\n[ \t>]*\Z")
_FROM_CODE = re.compile(r"[^\S\n]*\n[ \t>]*(?:`{3,}|~{3,})[ \t]*\n[ \t>]*\n")
_RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)  # ends front matter, or divides a text
_ADDRESSES = re.compile(r"(?:dear|hi|hello)\b", re.IGNORECASE)
MOST_WORDS = 120  # stop adding sentences to a context beyond this length
LIST_WORDS = 60  # if more words lie between a list's first line and the item quoted, they are left out
LABEL_WORDS = 10  # most words of a line that only names the paragraph or the list below it
CAPTION_WORDS = 20  # most words of a line that names the table below it
PLAIN_ITEMS = 8  # items without list marks to search upwards for the line that introduces the list
# How far to look for context, before and after: passages, and characters.
REACH, REACH_CHARACTERS = 12, 2_000


@dataclass(frozen=True, slots=True)
class Context:
    """A sentence with the sentences that must be quoted with it.

    `passage` is the sentence's passage joined with its neighbours in the same
    section. `positions` are the indices of the sentences in it, ascending; `at`
    is the index of the sentence itself.
    """

    passage: Passage
    positions: tuple[int, ...]
    at: int

    @classmethod
    def of(cls, passage: Passage, at: int, most: int = LIST_MOST) -> "Context":
        """Return the context of the sentence at a position; a list of up to `most` words is quoted whole."""
        return cls(passage, tuple(with_support(passage, at, most)), at)

    def evidence(self, score: float) -> Iterator[Evidence]:
        """Yield the sentences as evidence with the given score; adjacent sentences are joined."""
        first = last = self.positions[0]
        for position in (*self.positions[1:], None):
            if position == last + 1:
                last = position
                continue
            yield Evidence(self.passage, self.passage.sentences[first][0], self.passage.sentences[last][1], score)
            if position is not None:
                first = last = position


class Surroundings:
    """Finds the contexts of sentences in one view of the index; the neighbours of a passage are looked up once."""

    def __init__(self, snapshot: Snapshot, most: int = LIST_MOST) -> None:
        self._snapshot = snapshot
        self._most = most
        self._joined: dict[str, Passage] = {}

    def context(self, passage: Passage, position: int) -> Context:
        """Return the context of the sentence at a position of a passage."""
        whole = self._joined.get(passage.id)
        if whole is None:
            whole = self._joined[passage.id] = self._around(passage)
        return Context.of(whole, whole.sentences.index(passage.sentences[position]), self._most)

    def _around(self, passage: Passage) -> Passage:
        """Return a passage joined with its neighbours in the same section."""
        near = self._snapshot.around(passage, REACH)
        at = next(number for number, each in enumerate(near) if each.id == passage.id)

        def close(other: Passage) -> bool:
            apart = max(other.start - passage.end, passage.start - other.end)
            return other.heading == passage.heading and apart < REACH_CHARACTERS

        before, after = takewhile(close, reversed(near[:at])), [*takewhile(close, near[at + 1 :])]
        after += _introduced([passage, *after][-1], near[at + 1 + len(after) :])
        return self._snapshot.with_mark(self._snapshot.joined([*reversed(list(before)), passage, *after]))


def _introduced(last: Passage, following: Sequence[Passage]) -> list[Passage]:
    """Return the passages of the subsection that follows if the last sentence before it introduces something."""
    if not following or not introduces(last.text.rstrip()):
        return []
    inner, outer = following[0].heading, last.heading
    if inner[: len(outer)] != outer or len(inner) == len(outer):
        return []
    return [*takewhile(lambda each: each.heading == inner and each.start - last.end < REACH_CHARACTERS, following)]


def with_support(passage: Passage, position: int, most: int = LIST_MOST) -> list[int]:
    """Return the positions of a sentence and of those that must be quoted with it, in reading order.

    With an item the other items of its list, with a line that introduces a list
    or a table what it introduces, with the head of a table its rows, with a
    question or a label what follows it, with the end of a paragraph the code below
    it. Before it: sentences that it refers to, the line that introduces its list, a
    warning above that, the item whose list it is in, the header row of its table or
    the beginning of its row, the title of its tab or note. After it: sentences that
    limit what it says. The fields of a record and the pieces of an overlong sentence
    stay together.
    """
    unit = set(_unit(passage, position, most))
    found, position, first = set(unit), max(unit), min(unit)
    at: int | None = first
    while at is not None and (at == first or lines.words(passage, found - unit) < MOST_WORDS or _cut(passage, at)):
        at = _before(passage, at)
        if at is not None:
            found |= _through(passage, at, min(found))
    found |= _warning(passage, min(found)) if any(lines.item(passage, each) for each in found) else set()
    after = position + 1
    while after < len(passage.sentences) and (
        _cut(passage, after) or (lines.words(passage, found - unit) < MOST_WORDS and _belongs_after(passage, after))
    ):
        found.add(after)
        after += 1
    return sorted(found)


def _is_row(passage: Passage, at: int) -> bool:
    """Whether a sentence is a row of a table, in Markdown or as readers of other formats write it."""
    return lines.row(passage, at) or lines.cells(passage, at)


def _unit(passage: Passage, position: int, most: int) -> range:
    """Return the positions of the list, or of the lines introduced or asked for, that a sentence stands for."""
    text, last = lines.text(passage, position), _last_before_rule(passage, position)
    if lines.is_head(passage, position):
        return range(position, _end(passage, position + 1, lines.row))
    goes_on = _named_by(passage, position) if position < last else None
    if goes_on:
        return range(position, _end(passage, position + 1, goes_on))
    if position < last and (not lines.item(passage, position) or heads_list(passage, position)):
        if _heads(passage, position) and "\n" in lines.gap(passage, position + 1):
            if lines.item(passage, position + 1):
                return range(position, fitting(passage, position + 1, items_around(passage, position + 1), most).stop)
            if _is_row(passage, position + 1):
                return range(position, _end(passage, position + 1, _is_row))
            return range(position, position + 2)
        if text.endswith("?"):
            return range(position, _end(passage, position + 1, _same_paragraph))
        gap = lines.gap(passage, position + 1)
        shown = lines.code(passage, position + 1) if _TO_CODE.search(gap) and not _FROM_CODE.match(gap) else None
        if shown and lines.words(passage, set(shown)) <= LIST_WORDS:
            return range(position, shown.stop)
    items = items_around(passage, position)
    code = lines.code(passage, position) if items is None else None
    if code and lines.words(passage, set(code)) <= LIST_MOST:
        return code
    return fitting(passage, position, items, most)


def _last_before_rule(passage: Passage, position: int) -> int:
    """Return the position of the last sentence of a passage, or this one if front matter or a part ends after it."""
    last = len(passage.sentences) - 1
    return position if position < last and _RULE.search(lines.gap(passage, position + 1)) else last


def _end(passage: Passage, at: int, goes_on: Callable[[Passage, int], bool]) -> int:
    """Return the position after the last of the sentences from `at` on that go on, at least one, up to a length."""
    end, words = at + 1, lines.words(passage, {at})
    while end < len(passage.sentences) and goes_on(passage, end):
        words += lines.words(passage, {end})
        if words > LIST_MOST:
            break
        end += 1
    return end


def _same_paragraph(passage: Passage, at: int) -> bool:
    return lines.follows(passage, at) and not lines.text(passage, at).endswith("?")


def _before(passage: Passage, at: int) -> int | None:
    """Return the position of the nearest earlier sentence that must be quoted too; None if there is none."""
    if at == 0:
        return None
    head = lines.head(passage, at)
    if head is not None:
        return head
    if lines.follows(passage, at) and (
        leans(lines.text(passage, at)) or _same_field_list(passage, at) or _cut(passage, at)
    ):
        return at - 1
    if leans(lines.text(passage, at)) and _FROM_CODE.match(lines.gap(passage, at)):
        code = lines.code(passage, at - 1)
        if code and lines.words(passage, set(code)) <= LIST_WORDS:
            return code.start
    for above in (lines.row_start(passage, at), introduction(passage, at), _outer_item(passage, at)):
        if above is not None:
            return above
    return lines.title(passage, at)


def _belongs_after(passage: Passage, at: int) -> bool:
    if lines.row(passage, at):
        return False
    text = lines.text(passage, at)
    limiting = limits(text) and not lines.item(passage, at)
    if limiting and (_FROM_CODE.match(lines.gap(passage, at)) or _is_below_list(passage, at)):
        return True
    return lines.follows(passage, at) and bool(limiting or _same_field_list(passage, at))


def _is_below_list(passage: Passage, at: int) -> bool:
    """Whether a sentence begins the paragraph below a list or a table."""
    begins = lines.PARAGRAPH_END.search(lines.gap(passage, at)) and not lines.indent(passage, at)
    if not begins or introduces(lines.text(passage, at)):
        return False
    return _is_row(passage, at - 1) or items_around(passage, at - 1) is not None


def _warning(passage: Passage, first: int) -> set[int]:
    """Return the positions of a warning in the paragraph right above a list; none if there is none."""
    above = first - 1
    if above < 0 or lines.item(passage, above) or _is_row(passage, above):
        return set()
    start = above
    while start > 0 and lines.follows(passage, start):
        start -= 1
    found = set(range(start, first))
    warns = WARNING_BOX.search(lines.gap(passage, start)) or any(WARNING.match(lines.text(passage, at)) for at in found)
    return found if warns and lines.words(passage, found) <= LIST_WORDS else set()


def _outer_item(passage: Passage, at: int) -> int | None:
    """Return the position of the item whose list in the list this item is in; None if there is none."""
    if not lines.item(passage, at) or not lines.indent(passage, at):
        return None
    for above in range(at - 1, -1, -1):
        if lines.item(passage, above) and lines.indent(passage, above) < lines.indent(passage, at):
            return above
        if not lines.item(passage, above) and not continues(passage, above):
            break
    return None


def introduction(passage: Passage, at: int) -> int | None:
    """Return the position of the line that introduces this item's list; None if there is none.

    Items have list marks, or are lines without a full stop, or one-sentence
    paragraphs that all end the same way.
    """
    indent, marked, ended, plain = lines.indent(passage, at), lines.item(passage, at), lines.ended(passage, at), 0
    while at > 0 and plain < PLAIN_ITEMS:
        gap = lines.gap(passage, at)
        if "\n" in gap and _introduces(passage, at - 1, indent):
            return at - 1
        if "\n" in gap and not lines.item(passage, at) and not lines.indent(passage, at):
            in_lines = lines.follows(passage, at) and not lines.ended(passage, at - 1)
            small = lines.text(passage, at)[0].islower() or not lines.ended(passage, at)
            apart = _alone(passage, at) and _alone(passage, at - 1) and ended == lines.ended(passage, at - 1)
            if marked or lines.item(passage, at - 1) or not ((in_lines and small) or apart):
                return None
            plain += 1
        at -= 1
    return None


def _introduces(passage: Passage, at: int, indent: int) -> bool:
    """Whether a sentence introduces a list with this indent; an item of the same list does not."""
    start = at
    while start > 0 and not lines.item(passage, start) and "\n" not in lines.gap(passage, start):
        start -= 1
    same_list = lines.item(passage, start) and lines.indent(passage, start) >= indent
    addresses = _ADDRESSES.match(lines.text(passage, at))
    return _heads(passage, at) and not (same_list or lines.row(passage, at) or addresses)


def _heads(passage: Passage, at: int) -> bool:
    """Whether a sentence introduces what follows: by a colon, or as a line without an end above a list."""
    if introduces(lines.text(passage, at)):
        return True
    if not (at + 1 < len(passage.sentences) and lines.item(passage, at + 1)) or lines.item(passage, at):
        return False
    if lines.ended(passage, at) or lines.indent(passage, at) or len(lines.text(passage, at).split()) > LABEL_WORDS:
        return False
    # An item's further line, or what a label of one item names, is none.
    above = items_around(passage, at - 1) if at else None
    several = above is None or sum(lines.item(passage, each) for each in above) > 1
    return several and (above is None or not lines.follows(passage, at))


def _named_by(passage: Passage, at: int) -> Callable[[Passage, int], bool] | None:
    """Return what goes on below a line that names it, rows or sentences of a paragraph; None if it names nothing."""
    if _is_caption(passage, at):
        return lines.cells
    return _same_paragraph if _is_label(passage, at) else None


def _is_caption(passage: Passage, at: int) -> bool:
    """Whether a sentence is a line without an end, alone above a table."""
    if lines.ended(passage, at) or lines.item(passage, at) or lines.cells(passage, at) or not _alone(passage, at):
        return False
    return lines.cells(passage, at + 1) and len(lines.text(passage, at).split()) <= CAPTION_WORDS


def _is_label(passage: Passage, at: int) -> bool:
    """Whether a sentence is a short line without an end, alone above a paragraph ("Breast-feeding")."""
    text = lines.text(passage, at)
    if len(text.split()) > LABEL_WORDS or lines.ended(passage, at) or not _alone(passage, at):
        return False
    if _is_row(passage, at):
        return False
    if lines.item(passage, at + 1) or lines.row(passage, at + 1) or lines.indent(passage, at + 1):
        return False
    if introduction(passage, at) is not None:
        return False
    # "- Common: up to 1 in 10 people" above what is common
    return items_around(passage, at) == range(at, at + 1) if lines.item(passage, at) else lines.ended(passage, at + 1)


def _through(passage: Passage, first: int, last: int) -> set[int]:
    """Return the positions from first up to last, or only the first if much text lies between."""
    between = lines.between(passage, passage.sentences[first][1], passage.sentences[last][0])
    return set(range(first, last)) if len(between.split()) <= LIST_WORDS else {first}


def _alone(passage: Passage, at: int) -> bool:
    """Whether a sentence is the only one in its paragraph."""
    return not lines.follows(passage, at) and (at + 1 == len(passage.sentences) or not lines.follows(passage, at + 1))


def _same_field_list(passage: Passage, at: int) -> bool:
    """Whether this sentence and the one before are both "name: value" lines."""
    return "\n" in lines.gap(passage, at) and all(starts_field(lines.text(passage, each)) for each in (at - 1, at))


def _cut(passage: Passage, at: int) -> bool:
    """Whether a sentence continues the one before, which was cut for being longer than a passage."""
    same_line = "\n" not in lines.gap(passage, at) or (
        lines.text(passage, at)[0].islower() and not _is_row(passage, at)
    )
    return lines.follows(passage, at) and same_line and not lines.item(passage, at) and not lines.ended(passage, at - 1)
