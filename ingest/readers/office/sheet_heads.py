"""Finds the head rows of the tables in a sheet, below titles and remarks."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from ingest.readers.tables import ACROSS

_LONGEST_HEAD = 100  # characters of a cell
_FEW_COLUMNS = 2  # tables of names and values, mostly: their first row is no head
_MANY_ROWS = 5  # from which two columns, the second of numbers, are a table with a head
_MOST_ABOVE = 10  # rows above a head


@dataclass(frozen=True, slots=True)
class Cell:
    """The text that a cell shows, whether it is a word (neither number nor date), and whether it is bold.

    A cell that the one to its left spans has the text `ACROSS`. `own` is
    false for cells that another spans.
    """

    text: str
    is_word: bool = True
    bold: bool = False
    own: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet and its number there, spans filled in."""

    number: int
    cells: Sequence[Cell]

    @property
    def texts(self) -> list[str]:
        """Return the texts of its cells."""
        return [cell.text for cell in self.cells]

    @property
    def filled(self) -> dict[int, Cell]:
        """Return the cells with text by column, without those that the one to their left spans."""
        return {at: cell for at, cell in enumerate(self.cells) if cell.text and cell.text != ACROSS}

    @property
    def has_text(self) -> bool:
        """Return whether a cell of its own has text."""
        return any(cell.own and cell.text for cell in self.cells)

    def is_like(self, other: "Row") -> bool:
        """Return whether it has words and numbers in the same columns, some of them numbers."""
        mine, others = ({at: cell.is_word for at, cell in row.filled.items()} for row in (self, other))
        return mine == others and not all(mine.values())


def head_place(rows: Sequence[Row], stated: Set[int] = frozenset()) -> Sequence[Row]:
    """Return the head rows of the table that begins with the first of some rows; empty if it has none.

    `stated` are the numbers of the rows that the sheet states as heads.
    """
    gaps = [at for at in range(1, len(rows)) if rows[at].number > rows[at - 1].number + 1]
    for end in [*gaps, len(rows)][:2]:  # a gap may follow the head itself
        found = _head_in(rows[:end], stated)
        if found:
            return found
    return ()


def _head_in(table: Sequence[Row], stated: Set[int]) -> Sequence[Row]:
    for at, row in enumerate(table[: _MOST_ABOVE + 1]):
        if row.number in stated or (_is_wide(row, table[at:]) and _is_head(table[at:])):
            heads = 2 if _has_parts(table[at:]) else 1
            return table[at : at + heads] if at + heads < len(table) else ()
        if at + 1 < len(table) and len(row.filled) >= len(table[at + 1].filled):
            return ()
    return ()


def _is_wide(row: Row, table: Sequence[Row]) -> bool:
    """Return whether a row fills most of the columns of the table."""
    used = {at for each in table for at in each.filled}
    covered = sum(1 for cell in row.cells if cell.text)
    return covered >= _FEW_COLUMNS and 3 * covered >= 2 * len(used)


def _is_head(table: Sequence[Row]) -> bool:
    first, body = table[0].filled, table[1:]
    names = [cell.text for cell in first.values()]
    if not body or len(first) < _FEW_COLUMNS or any(len(n) > _LONGEST_HEAD or n.endswith(".") for n in names):
        return False
    if all(cell.bold for cell in first.values()) and not all(cell.bold for cell in body[0].filled.values()):
        return True
    if not all(cell.is_word for cell in first.values()) or len(set(names)) < len(names):
        return False
    numeric = [at for at in first if at and _is_numeric(at, body)]
    if len(first) <= _FEW_COLUMNS:
        return bool(numeric) and len(body) >= _MANY_ROWS
    return bool(numeric) or _is_list_of_words(table)


def _is_numeric(column: int, body: Sequence[Row]) -> bool:
    cells = [row.filled[column] for row in body if column in row.filled]
    return bool(cells) and 2 * sum(not cell.is_word for cell in cells) > len(cells)


def _is_list_of_words(table: Sequence[Row]) -> bool:
    """Return whether the first row names all columns of words, without digits, and none of its words comes again."""
    first, body = table[0].filled, table[1:]
    if len(body) < 2 or any(at not in first for row in body for at in row.filled):
        return False
    if any(any(map(str.isdigit, cell.text)) for cell in first.values()):
        return False
    return not any(cell.text == first[at].text for row in body for at, cell in row.filled.items())


def _has_parts(table: Sequence[Row]) -> bool:
    """Return whether the second row names the parts of heads in the first that span several columns."""
    if len(table) < 3 or ACROSS not in table[0].texts:
        return False
    first, second = table[0].texts, table[1]
    spanned = {at for at, text in enumerate(first) if text == ACROSS or ACROSS in first[at + 1 : at + 2]}
    beside = {at: cell for at, cell in second.filled.items() if at not in spanned}
    parts = [cell for at, cell in second.filled.items() if at in spanned]
    return bool(parts) and all(cell.is_word for cell in parts) and all(not cell.own for cell in beside.values())
