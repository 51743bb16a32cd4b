"""Parts the lines of plain text into paragraphs, list items, rows of drawn tables and code."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.readers.plain.lines import Line, Run, span
from ingest.schema import Block, Kind
from ingest.text.sentences import starts_item

_GAP = re.compile(r"(?<=\S)(?: {2,}|\t)\s*(?=\S)")
_SENTENCE = re.compile(r"[.!?][\"'”’)»]?$")
_LEADER = re.compile(r"\.{4,}|(?:\. ){4,}")  # from a title to its page
_FEW = 3  # lines: the fewest of a list without marks, or of a table in aligned columns
_LONGEST_ITEM = 50  # characters, of an item without a mark
_LONGEST_CELL = 40  # characters, of an aligned column
_LONGEST_ROW = 300  # characters, of a line in aligned columns
_CODE_INDENT = 4
_CODE_SHARE = 0.6  # of lines that look like code
_MOST = 0.7
_FEW_WORDS = 6
_ADDRESS = re.compile(r"\]\([^()\s]{1,2000}\)|\bhttps?://\S+|\bwww\.\S+")
_FIRST_WORD = re.compile(r"[\W_\d]*([^\W\d_]\w*)")
_WORD = re.compile(r"[\W_]{0,9}(?:[^\W\d_]+(?:[-'’/.][^\W\d_]+)*|\d[\d.,:%/-]*)[\W_]{0,9}|[*_−–—•&-]+")
_CODE = re.compile(
    r".*[{};]$|[})\]]+[;,]?$|(?:[$>]|>>>|#!|#include|def|class|import|from|return|for|if|while|var|let|const|sudo|cd|pip"
    r"|SELECT|INSERT|UPDATE)\s.*|[\w.]+\(.*\)$|[\w.\[\]]+ ?(?::?=|\+=|<-) ?\S.*"
)


def blocks(runs: Sequence[Run]) -> Iterator[Block]:
    """Yield the blocks of runs of lines, in order; a run is apart from the one before it unless that leads to it."""
    margin = _margin(runs)
    before: Block | None = None
    last = ""
    for run in runs:
        for number, (lines, kind) in enumerate(_units(run, margin)):
            continues = before is not None and _leads(before, last, kind, lines[0].text)
            before = Block(*span(lines), apart=number == 0 and before is not None and not continues, kind=kind)
            last = lines[-1].text
            yield before


def _leads(before: Block, last: str, kind: Kind, first: str) -> bool:
    """Return whether what stands before a blank line introduces what follows it, or is the same list."""
    if kind != "item":
        return kind == "code" and last.endswith(":")
    return last.endswith(":") or (before.kind == "item" and starts_item(first))


def _margin(runs: Sequence[Run]) -> int:
    """Return how far most of the text is indented."""
    indents: Counter[int] = Counter()
    for run in runs:
        for line in run:
            indents[line.indent] += len(line.text)
    return indents.most_common(1)[0][0] if indents else 0


def _units(run: Run, margin: int) -> Iterator[tuple[Run, Kind]]:
    """Yield the lines of each block of a run."""
    written = [line for line in run if not line.is_rule]
    if not written:
        return
    if _is_code(run, margin):
        yield run, "code"
    elif _is_table(written):
        yield from (([line], "row") for line in written)
    elif any(starts_item(line.text) for line in written) or _is_list(written):
        yield from _items(written, marked=any(starts_item(line.text) for line in written))
    else:
        yield from ((part, "paragraph") for part in _parted(run))


def _parted(run: Run) -> Iterator[Run]:
    """Yield the lines between drawn ones."""
    part: list[Line] = []
    for line in run:
        if not line.is_rule:
            part.append(line)
        elif part:
            yield part
            part = []
    if part:
        yield part


def _is_code(run: Run, margin: int) -> bool:
    if any(line.indent < margin + _CODE_INDENT for line in run):
        return False
    return _looks_like_code(run)


def _looks_like_code(run: Run) -> bool:
    return sum(_CODE.fullmatch(line.text) is not None for line in run) > _CODE_SHARE * len(run)


def is_prose(found: Sequence[Run]) -> bool:
    """Return whether runs of lines have a sentence, and most of what they say is sentences, titles and items.

    Several lines that neither end like a sentence nor are items are settings, commands or output.
    """
    prose = whole = sentences = 0
    for run in found:
        text = _ADDRESS.sub("", " ".join(line.text for line in run))
        whole += len(text)
        is_item, ends = starts_item(run[0].text), _SENTENCE.search(text) is not None
        is_even = len({line.indent for line in run[1:]}) <= 1 or is_item
        is_told = is_item or (not _looks_like_code(run) and (ends or len(run) == 1))
        if is_even and is_told and _is_worded(text):
            prose += len(text)
            sentences += ends and len(text.split()) >= _FEW_WORDS
    return sentences > 0 and prose > _MOST * whole


def _is_worded(text: str) -> bool:
    """Return whether a text begins like a title or an item, or ends like a sentence, and nearly all of it is words."""
    first = _FIRST_WORD.match(text)
    words = text.split()
    if not first or (first[1].isupper() and len(first[1]) > 1):
        return False
    if first[1][0].islower() and not (len(words) >= _FEW_WORDS and _SENTENCE.search(text)):
        return False
    return sum(_WORD.fullmatch(word) is not None for word in words) > _MOST * len(words)


def _is_table(lines: Run) -> bool:
    """Return whether all lines have cells: parted by tabs or bars, equally many, or by gaps in the same column."""
    if len(lines) < 2:
        return False
    for mark in ("|", "\t"):
        counts = {line.text.count(mark) for line in lines}
        if len(counts) == 1 and counts != {0}:
            return True
    return len(lines) >= _FEW and _is_aligned(lines)


def _is_aligned(lines: Run) -> bool:
    columns: list[set[int]] = []
    for line in lines:
        if len(line.text) > _LONGEST_ROW:
            return False
        text = line.text.expandtabs(8)
        gaps = list(_GAP.finditer(text))
        cells = _GAP.split(text)
        if not gaps or max(map(len, cells)) > _LONGEST_CELL or text[0].islower() or starts_item(text):
            return False
        starts = {line.indent + gap.end() for gap in gaps}
        ends = {line.indent + len(text[: gap.end()]) + len(text[gap.end() :].split("  ")[0]) for gap in gaps}
        columns.append(starts | {-end for end in ends})
    return bool(set.intersection(*columns))


def _is_list(lines: Run) -> bool:
    """Return whether lines are items without marks: short, of different lengths, and no sentences."""
    texts = [line.text for line in lines]
    longest = max(map(len, texts))
    if len(texts) < _FEW or longest > _LONGEST_ITEM or any(text[0].islower() for text in texts):
        return False
    if any(_LEADER.search(text) for text in texts):
        return True
    ended = sum(_SENTENCE.search(text) is not None or text[-1] in ",;-" for text in texts)
    full = sum(len(text) > 0.85 * longest for text in texts)
    return ended <= 1 and full <= len(texts) / 2


def _items(lines: Run, *, marked: bool) -> Iterator[tuple[Run, Kind]]:
    """Yield what stands before the first item, and each item with the lines that continue it."""
    item: list[Line] = []
    for line in lines:
        starts = starts_item(line.text) if marked else True
        if item and (starts or _ends_list(item, line)):
            yield item, _kind(item, marked=marked)
            item = []
        item.append(line)
    yield item, _kind(item, marked=marked)


def _ends_list(item: Run, line: Line) -> bool:
    """Return whether a line is a paragraph after the item, not a part of it."""
    return starts_item(item[0].text) and line.indent < item[0].indent and not line.text[0].islower()


def _kind(item: Run, *, marked: bool) -> Kind:
    return "item" if not marked or starts_item(item[0].text) else "paragraph"
