"""Turns the cells of a table into text, one line a row, so that every value stays under its own head."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from ingest.readers.assemble import Piece
from ingest.readers.source import one_line
from ingest.schema import HEADING_SEPARATOR

ACROSS = "\0across"
"""Stands in a cell that the cell to its left spans. A cell that another spans from above holds the text again."""

_EMPTY = "–"
_LONGEST_SECTION = 60  # characters


def rows(cells: Sequence[Sequence[str]], heads: int) -> list[str]:
    """Return one text for each row below the head rows, in order; "" for a row without text.

    With a head, a row is `Head: value` for each value, joined by ` | `. Empty
    cells are left out with their heads, a cell over several columns names all
    their heads, and several head rows give `Dose › Adults`. Without one, the
    values are joined, and an empty cell is `–`. The head rows themselves are
    returned only if the table has no others. A short cell over all columns
    names the rows below it: it begins each of them, and its own text is "".
    """
    table = [[cell if cell == ACROSS else one_line(cell) for cell in row] for row in cells]
    heads = heads if 0 < heads < len(table) else 0
    names = column_names(table[:heads])
    body = table[heads:]
    texts: list[str] = []
    section, at = "", -1  # a section that no row below it repeats is a row of its own
    for number, row in enumerate(body):
        if _is_whole(row):
            texts = _with_own_text(texts, section, at)
            is_section = _is_section(row[0]) and number + 1 < len(body) and not _is_whole(body[number + 1])
            section, at = (row[0], number) if is_section else ("", -1)
            texts.append("" if is_section else row[0])
        else:
            text = row_text(row, names)
            texts.append(f"{section} | {text}" if section and text else text)
            at = -1 if text else at
    return _with_own_text(texts, section, at)


def _with_own_text(texts: list[str], section: str, at: int) -> list[str]:
    if at >= 0:
        texts[at] = section
    return texts


def _is_whole(row: Sequence[str]) -> bool:
    """Return whether one cell takes the whole row."""
    return len(row) > 1 and bool(row[0]) and all(cell == ACROSS for cell in row[1:])


def _is_section(text: str) -> bool:
    """Return whether the text of a whole row names the rows below it, and is no remark."""
    return len(text) <= _LONGEST_SECTION and not text.endswith((".", "!", "?"))


def cell_text(pieces: Sequence[Piece]) -> str:
    """Return what a cell holds as one line; list items and rows of a table in it are parted by semicolons."""
    line = ""
    for piece in pieces:
        text = one_line(piece.text)
        if line and text:
            parted = piece.kind in ("item", "row") and line[-1].isalnum()
            line += "; " if parted else " "
        line += text
    return line


def row_text(row: Sequence[str], names: Sequence[str]) -> str:
    """Return one row as `Name: value | ...` with the names of its columns, or without names as `value | ...`."""
    whole = _is_whole(row) and len(row) >= len(names)
    return _named(row, names) if names and not whole else _plain(row)


def _plain(row: Sequence[str]) -> str:
    if not any(value for value in row if value != ACROSS):
        return ""
    return " | ".join(value or _EMPTY for value in row if value != ACROSS)


def column_names(heads: Sequence[Sequence[str]]) -> list[str]:
    """Return the name of each column: the distinct texts above it, from the top."""
    filled = [[text for text, width in _runs(row) for _ in range(width)] for row in heads]
    columns = zip_longest(*filled, fillvalue="")
    return [HEADING_SEPARATOR.join(dict.fromkeys(filter(None, column))).rstrip(": ") for column in columns]


def _named(row: Sequence[str], names: Sequence[str]) -> str:
    values = []
    at = 0
    for text, width in _runs(row):
        spanned = dict.fromkeys(filter(None, names[at : at + width]))
        at += width
        if text:
            values.append(text if not spanned else f"{', '.join(spanned)}: {text}")
    return " | ".join(values)


def _runs(row: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield each cell that no other spans, with the number of its columns."""
    at = 0
    while at < len(row):
        end = at + 1
        while end < len(row) and row[end] == ACROSS:
            end += 1
        yield ("" if row[at] == ACROSS else row[at]), end - at
        at = end
