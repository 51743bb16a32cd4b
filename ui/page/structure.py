"""Finds the tables and lists in a text as it was read, so that they can be shown as such, with its marks in them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from ingest.schema import Block, Kind, Span
from ui.page.prose import Mark

SHOWN_LINES = 6
LONG = 9
"""Lines (rows, items, paragraphs) of a quote, above which only the first are shown."""

_BAR = re.compile(r"[^\S\n]*(?<!\\)\|[^\S\n]*")
_RULE = re.compile(r"\s*\|?[\s|:+-]*-[\s|:+-]*")
"""The line below the head of a table in Markdown."""
_LIST_MARK = re.compile(r"(?:[-*+•◦▪‣–—·✓]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,4})[.)])[^\S\n]+")  # noqa: RUF001
_MARKED = re.compile(rf"([^\S\n]*){_LIST_MARK.pattern}")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, with its marks."""

    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list, its marks, and how far it is indented; `marked` if it begins with a list mark of its own."""

    text: str
    marks: tuple[Mark, ...]
    depth: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text: prose or code (`text` with `marks`), a table (`head` and `rows`), or a list (`items`)."""

    kind: Literal["text", "code", "table", "list"]
    text: str = ""
    marks: tuple[Mark, ...] = ()
    head: tuple[Cell, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def lines(self) -> tuple[tuple[Mark, ...], ...]:
        """The marks of each row or item, or of the text."""
        rows = tuple(tuple(mark for cell in row for mark in cell.marks) for row in self.rows)
        return rows or tuple(item.marks for item in self.items) or (self.marks,)


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of a quote, and the numbers of its lines that are hidden until all are asked for."""

    part: Part
    hidden: frozenset[int] = frozenset()


def folded(found: Sequence[Part]) -> list[ShownPart]:
    """Return the parts of a quote, of a long one with all lines hidden but the first and those that answer.

    Those that answer have a sentence in focus or, if none has, a mark.
    """
    lines = [marks for part in found for marks in part.lines]
    if len(lines) <= LONG:
        return [ShownPart(part) for part in found]
    focus = [at for at, marks in enumerate(lines) if any(mark.focus for mark in marks)]
    marked = [at for at, marks in enumerate(lines) if marks][:SHOWN_LINES]
    kept = {*range(SHOWN_LINES), *(focus or marked)}
    shown, before = [], 0
    for part in found:
        shown.append(ShownPart(part, frozenset(at for at in range(len(part.lines)) if before + at not in kept)))
        before += len(part.lines)
    return shown


def parts(
    text: str, marks: Sequence[Mark] = (), span: Span | None = None, blocks: Sequence[Block] | None = None
) -> list[Part]:
    """Split a span of a text at its tables and lists, which its blocks tell or, if they are not known, its lines.

    The marks of each part count from where its text begins. Only white space
    around parts, separators of cells and the rule of a table are left out, and
    the heads that rows repeat are shown once.
    """
    start, end = span or (0, len(text))
    found: list[Part] = []
    at = start
    known = _guessed(text, (start, end)) if blocks is None else [each for each in blocks if each.end <= end]
    for kind, run in _runs(text, known):
        lone = blocks is None and kind == "item" and len(run) == 1  # a dash need not be a list
        part = None if lone else _PARTS[kind](text, run, marks, at)
        if part is None:
            continue
        found += [*_prose(text, at, _begin(text, run[0], at, kind), marks), part]
        at = run[-1].end
    if not found and span is None:
        return [Part("text", text, tuple(marks))]
    return [*found, *_prose(text, at, end, marks)]


def clipped(marks: Sequence[Mark], start: int, end: int) -> tuple[Mark, ...]:
    """Return the marks inside a span, counted from its start."""
    return tuple(
        replace(mark, start=max(mark.start, start) - start, end=min(mark.end, end) - start)
        for mark in marks
        if max(mark.start, start) < min(mark.end, end)
    )


def _runs(text: str, blocks: Sequence[Block]) -> Iterator[tuple[Kind, list[Block]]]:
    """Yield neighbouring blocks of a table, a list or code."""
    run: list[Block] = []
    for kind, group in groupby(blocks, key=lambda block: block.kind):
        if kind == "paragraph":
            continue
        run = []
        for block in group:
            barred = {text[each.start] == "|" for each in (*run[-1:], block)}
            if run and not (_is_between(text[run[-1].end : block.start], kind) and (kind != "row" or len(barred) == 1)):
                yield kind, run
                run = []
            run.append(block)
        yield kind, run


def _is_between(gap: str, kind: Kind) -> bool:
    """Return whether nothing but layout is between two blocks of a run."""
    if kind == "item":
        return not _LIST_MARK.sub("", gap.lstrip() + " ", count=1).strip()
    return not gap.strip() or (kind == "row" and _RULE.fullmatch(gap) is not None)


def _guessed(text: str, span: Span) -> list[Block]:
    """Return a block for each line that looks like a row or an item, and for what lies between them."""
    found: list[Block] = []
    for line in re.compile(r"[^\n]*\S").finditer(text, *span):
        kind: Kind = "row" if " | " in line[0] or line[0].startswith("|") else "paragraph"
        if _RULE.fullmatch(line[0]) and found and found[-1].kind == "row":
            continue
        mark = _MARKED.match(line[0])
        goes_on = found and found[-1].kind == "item" and text[found[-1].end : line.start()] == "\n" and not mark
        if kind == "paragraph" and goes_on:
            found[-1] = replace(found[-1], end=line.end())
        else:
            found.append(Block(line.start(), line.end(), kind="item" if kind == "paragraph" and mark else kind))
    return found


def _begin(text: str, first: Block, at: int, kind: Kind) -> int:
    """Return where a run begins: at the mark and indent of its first item."""
    if kind != "item":
        return first.start
    line = max(text.rfind("\n", at, first.start) + 1, at)
    return line if _MARKED.fullmatch(text, line, first.start) or not text[line : first.start].strip() else first.start


def _prose(text: str, start: int, end: int, marks: Sequence[Mark]) -> list[Part]:
    """Return a span as prose, without empty lines around it; nothing if it is empty."""
    while start < end and text[start] == "\n":
        start += 1
    while start < end and text[end - 1] == "\n":
        end -= 1
    return [Part("text", text[start:end], clipped(marks, start, end))] if start < end else []


def _code(text: str, run: Sequence[Block], marks: Sequence[Mark], _at: int) -> Part:
    start, end = run[0].start, run[-1].end
    return Part("code", text[start:end], clipped(marks, start, end))


def _list(text: str, run: Sequence[Block], marks: Sequence[Mark], at: int) -> Part:
    items = []
    for block in run:
        start = _begin(text, block, at, "item")
        own = _MARKED.match(text, start, block.end)
        indent = own[1] if own else ""
        start += len(indent)
        depth = len(indent.expandtabs(4)) // 2
        items.append(Item(text[start : block.end], clipped(marks, start, block.end), depth, own is not None))
        at = block.end
    return Part("list", items=tuple(items))


def _table(text: str, run: Sequence[Block], marks: Sequence[Mark], _at: int) -> Part | None:
    """Return rows as a table; None if it is one row without heads, which is easier to read as a line."""
    rows = [_cells(text, block) for block in run]
    names = _names(text, rows)
    if len(rows) == 1 and not names:
        return None

    def cell(span: Span | None) -> Cell:
        return Cell(text[slice(*span)], clipped(marks, *span)) if span else Cell("")

    if names:
        body = [_by_name(text, row, names) for row in rows]
        first = any(None in row for row in body)
        columns = [*([None] if first else []), *names]
        head = tuple(Cell(name or "") for name in columns)
        return Part("table", head=head, rows=tuple(tuple(cell(row.get(name)) for name in columns) for row in body))
    ruled = len(run) > 1 and "-" in text[run[0].end : run[1].start]
    shown = [tuple(map(cell, row)) for row in rows]
    return Part("table", head=shown[0] if ruled else (), rows=tuple(shown[1:] if ruled else shown))


def _cells(text: str, block: Block) -> list[Span]:
    """Return the spans of a row's cells."""
    bars = [match.span() for match in _BAR.finditer(text, block.start, block.end)]
    starts = [block.start, *(end for _, end in bars)]
    ends = [*(start for start, _ in bars), block.end]
    spans = list(zip(starts, ends, strict=True))
    if bars and bars[0][0] == block.start:
        spans = spans[1:]
    return spans[:-1] if bars and bars[-1][1] == block.end else spans


def _name(text: str, cell: Span) -> str:
    """Return the head that a cell names before its value, or ""."""
    name, colon, _ = text[slice(*cell)].partition(": ")
    return name if colon else ""


def _names(text: str, rows: Sequence[Sequence[Span]]) -> list[str]:
    """Return the heads that rows name before their values; none if some value has none of them."""
    named = [[_name(text, cell) for cell in row] for row in rows]
    counts = Counter(name for row in named for name in row if name)
    names = [name for name in counts if 2 * counts[name] >= len(rows)]
    fits = all(all(name in names for name in row[1:]) and len(set(row)) == len(row) and len(row) > 1 for row in named)
    return names if fits else []


def _by_name(text: str, row: Sequence[Span], names: Sequence[str]) -> dict[str | None, Span]:
    """Return the values of a row by their heads; None stands for that of a first cell that has no head."""
    found: dict[str | None, Span] = {}
    for start, end in row:
        name = _name(text, (start, end))
        known = name in names
        found[name if known else None] = (start + len(name) + 2, end) if known else (start, end)
    return found


_PARTS = {"row": _table, "item": _list, "code": _code}
