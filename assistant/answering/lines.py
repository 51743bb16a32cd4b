"""The sentences of a passage as lines: paragraphs, list items and rows, by their positions."""

import re

from ingest.schema import Passage
from ingest.text.sentences import starts_item
from ingest.text.tables import TABLE_RULE

PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n")
_CELLS = re.compile(r"\S \| \S")
_LABEL = re.compile(r"([^:\n]{2,60}):(?=[\s*_])")
_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})", re.MULTILINE)
# The line above what a tab or a note in Markdown shows, up to its title.
_TITLE = re.compile(r"[ \t>]*(?:===[+!]?|!!!|\?\?\?\+?)[ \t]")
_END_MARK = re.compile(r"[.!?:;…؟。！？|][\"'”’»)\]]*(?:\[[\w ,–-]{1,12}\])*$")  # noqa: RUF001


def follows(passage: Passage, position: int) -> bool:
    """Whether a sentence is in the same paragraph as the one before it."""
    return position > 0 and not PARAGRAPH_END.search(gap(passage, position))


def ended(passage: Passage, at: int) -> bool:
    """Whether a sentence ends as sentences do, not as a line that is none."""
    return _END_MARK.search(text(passage, at)) is not None


def indent(passage: Passage, at: int) -> int:
    """Return how far a sentence, or its list mark, is indented if it starts a line."""
    whole = line(passage, at)
    return len(whole) - len(whole.lstrip())


def words(passage: Passage, found: set[int]) -> int:
    """Return how many words sentences have."""
    return sum(len(text(passage, each).split()) for each in found)


def item(passage: Passage, at: int) -> bool:
    """Whether a sentence starts a list item."""
    begins = at == 0 or "\n" in gap(passage, at)
    return begins and starts_item(line(passage, at)) and not row(passage, at)


def row(passage: Passage, at: int) -> bool:
    """Whether a sentence is a row of a table; in Markdown, the sign before the first cell may be left out."""
    return text(passage, at).startswith("|") or is_head(passage, at) or head(passage, at) is not None


def cells(passage: Passage, at: int) -> bool:
    """Whether a sentence is a row of a table as the readers of other formats write it, on a line of its own."""
    return at > 0 and "\n" in gap(passage, at) and _holds_cells(line(passage, at))


def _holds_cells(line: str) -> bool:
    return _CELLS.search(line) is not None and "`" not in line and not starts_item(line)


def row_start(passage: Passage, at: int) -> int | None:
    """Return the position of the sentence that begins, and names, the row of long cells that a further one is in."""
    start = end = at
    while start > 0 and "\n" not in gap(passage, start):
        start -= 1
    while end + 1 < len(passage.sentences) and "\n" not in gap(passage, end + 1):
        end += 1
    whole = passage.cut(passage.sentences[start][0], passage.sentences[end][1])
    return start if start < at and _holds_cells(whole) else None


def named(passage: Passage, at: int) -> tuple[str, str]:
    """Return the name of the row or list item that a sentence is in, and its whole line; empty if it has none.

    The name is the first cell of a row, and what stands before the colon of an item ("Ibuprofen: 400 mg").
    """
    start, end = (each - passage.start for each in passage.sentences[at])
    above, below = passage.text.rfind("\n", 0, start) + 1, passage.text.find("\n", end)
    whole = passage.text[above : below if below >= 0 else len(passage.text)]
    if whole.lstrip().startswith("|") or _holds_cells(whole):
        return whole.strip().strip("|").partition("|")[0], whole
    label = _LABEL.match(whole) if starts_item(whole) else None
    return (label[1], whole) if label else ("", "")


def head(passage: Passage, at: int) -> int | None:
    """Return the position of the header row of a row's table; None for the header itself or if it is too far up."""
    for below in range(at, 0, -1):
        if is_head(passage, below - 1):
            return below - 1
        if not follows(passage, below):
            break
    return None


def is_head(passage: Passage, at: int) -> bool:
    """Whether a sentence is the header row of a table in Markdown."""
    return at + 1 < len(passage.sentences) and TABLE_RULE.search(gap(passage, at + 1)) is not None


def code(passage: Passage, at: int) -> range | None:
    """Return the positions of the fenced code that a sentence is a piece of; None if it is none."""
    if len(_FENCE.findall(between(passage, passage.start, passage.sentences[at][0]))) % 2 == 0:
        return None
    first, end = at, at + 1
    while first > 0 and not _FENCE.search(gap(passage, first)):
        first -= 1
    while end < len(passage.sentences) and not _FENCE.search(gap(passage, end)):
        end += 1
    return range(first, end)


def title(passage: Passage, at: int) -> int | None:
    """Return the position of the title of the tab or note that a sentence is in; None if it is in none."""
    depth = _depth(passage, at)
    for above in range(at - 1, -1, -1):
        if depth == 0:
            break
        if _depth(passage, above) < depth:
            if _TITLE.match(between(passage, _line_start(passage, above), passage.sentences[above][0])):
                return above
            depth = _depth(passage, above)
    return None


def _depth(passage: Passage, at: int) -> int:
    """Return how far the line is indented in which a sentence starts."""
    whole = passage.cut(_line_start(passage, at), passage.sentences[at][1])
    return len(whole) - len(whole.lstrip(" \t>"))


def _line_start(passage: Passage, at: int) -> int:
    before = between(passage, passage.start, passage.sentences[at][0])
    return passage.start + before.rfind("\n") + 1


def line(passage: Passage, at: int) -> str:
    """Return a sentence with what precedes it on its line: spaces or a list mark."""
    return gap(passage, at).rpartition("\n")[2] + text(passage, at)


def gap(passage: Passage, at: int) -> str:
    """Return the text between a sentence and the one before it."""
    return between(passage, passage.sentences[at - 1][1] if at else passage.start, passage.sentences[at][0])


def between(passage: Passage, end: int, start: int) -> str:
    """Return the text between two sentences; empty if they touch."""
    return passage.cut(end, start) if end < start else ""


def text(passage: Passage, position: int) -> str:
    """Return a sentence."""
    return passage.cut(*passage.sentences[position])
