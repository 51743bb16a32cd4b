"""Lists in a passage: which sentences belong to one, and how much of it is quoted."""

import re

from assistant.answering import lines
from ingest.schema import Passage

_INTRODUCES = re.compile(r"[:：—–][*_\"'”’»)\]]*$")  # noqa: RUF001
_NUMBER = re.compile(r"[ \t]*\d{1,3}[.)]\s")
LIST_MOST = 150  # words of a list that is quoted whole; of a longer one, as many items as fit
ITEM_WORDS = 25  # if the items of a long list have more words on average and no numbers, one stands by itself


def introduces(text: str) -> bool:
    """Return whether a sentence ends as one does that introduces something."""
    return _INTRODUCES.search(text) is not None


def is_part_of_list(passage: Passage, start: int, end: int) -> bool:
    """Return whether characters `start` to `end` hold several items of a list, but not all of them."""
    held = {at for at, (first, last) in enumerate(passage.sentences) if first >= start and last <= end}
    seen: set[int] = set()
    for at in sorted(held):
        if at in seen or not lines.item(passage, at) or heads_list(passage, at):
            continue
        items = {each for each in items_around(passage, at, nested=True) or () if lines.item(passage, each)}
        if 1 < len(items & held) < len(items):
            return True
        seen |= items
    return False


def is_step(passage: Passage, position: int) -> bool:
    """Return whether a sentence is in an item of a numbered list that has more than one."""
    items = items_around(passage, position)
    return items is not None and sum(_numbered(passage, each) for each in items) > 1


def _numbered(passage: Passage, at: int) -> bool:
    return lines.item(passage, at) and _NUMBER.match(lines.line(passage, at)) is not None


def items_around(passage: Passage, at: int, *, nested: bool = False) -> range | None:
    """Return the positions of the list that holds a sentence; None if none does.

    It goes no further than a list around it, or an item that introduces a list of its own unless that is `nested`.
    """
    start = at
    while start > 0 and not lines.item(passage, start) and continues(passage, start):
        start -= 1
    if not lines.item(passage, start):
        return None
    indent, first, end = lines.indent(passage, start), start, at + 1
    for before in range(start - 1, -1, -1):
        if not lines.item(passage, before) and continues(passage, before):
            continue
        if (
            not lines.item(passage, before)
            or lines.indent(passage, before) < indent
            or (not nested and heads_list(passage, before))
        ):
            break
        if lines.indent(passage, before) == indent:
            first = before
    while end < len(passage.sentences) and (
        lines.indent(passage, end) >= indent and (nested or not heads_list(passage, end))
        if lines.item(passage, end)
        else continues(passage, end)
    ):
        end += 1
    return range(first, end)


def heads_list(passage: Passage, at: int) -> bool:
    """Whether an item introduces a list of its own, not code or a note ("1. Run this:")."""
    below = at + 1 < len(passage.sentences) and lines.item(passage, at + 1)
    return below and introduces(lines.text(passage, at)) and (lines.indent(passage, at + 1) > lines.indent(passage, at))


def continues(passage: Passage, at: int) -> bool:
    """Whether a sentence may go on with the item before it: on its line, indented, or a line between two items."""
    if at == 0 or "\n" not in lines.gap(passage, at) or lines.indent(passage, at) > 0:
        return at > 0
    return (
        at + 1 < len(passage.sentences)
        and lines.item(passage, at + 1)
        and lines.follows(passage, at)
        and lines.follows(passage, at + 1)
        and not introduces(lines.text(passage, at))
    )


def fitting(passage: Passage, at: int, items: range | None, most: int) -> range:
    """Return the whole list or, if it is too long, the items around a sentence that fit, or its own item or itself."""
    if items is None:
        return range(at, at + 1)
    if lines.words(passage, set(items)) <= most:
        return items
    starts = [each for each in items if lines.item(passage, each)]
    ends = [*starts[1:], items.stop]
    own = max(number for number, start in enumerate(starts) if start <= at)
    if lines.words(passage, set(items)) > ITEM_WORDS * len(starts) and not _numbered(passage, starts[own]):
        return range(starts[own], ends[own])
    first = last = own
    while True:
        grown = [
            each
            for each in ((first - 1, last), (first, last + 1))
            if each[0] >= 0
            and each[1] < len(starts)
            and lines.words(passage, set(range(starts[each[0]], ends[each[1]]))) <= most
        ]
        if not grown:
            return range(starts[first], ends[last])
        first, last = grown[0]
