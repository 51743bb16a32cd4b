"""Finds the titles, the head and the groups of a table that says nothing about them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from ingest.readers.assemble import clean
from ingest.readers.data.csv_rows import CsvRow

_NUMBER = re.compile(r"[-+−(]?[€$£]?\s?\d[\d.,' ]*\s?[%€$£)]?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ][\d:.+Z-]+)?")
_YEAR = re.compile(r"(?:18|19|20|21)\d\d")
_TOTAL = re.compile(r"(?:sub)?total\b|sum\b|all\b|gesamt|summe|somme|totale\b", re.IGNORECASE)
_TITLES_BETWEEN = 3  # rows: titles above a further table


@dataclass(frozen=True, slots=True)
class Head:
    """The number of title rows, the names of the columns ([] without a head), and the columns that hold numbers."""

    titles: int
    names: list[str]
    numeric: frozenset[int]


def find_head(rows: Sequence[CsvRow]) -> Head:
    """Return the head of a table by its first rows.

    The head is the first row as full as many of the table's rows are. It is none
    if it has a number where the rows below have numbers, unless these are years.
    """
    counts = Counter(map(filled, rows))
    often = [count for count, number in counts.items() if 4 * number >= len(rows)]
    usual = max(often or counts)
    titles = 0
    while titles + 1 < len(rows) and _is_title(rows[titles], usual):
        titles += 1
    head, body = rows[titles].cells, [row.cells for row in rows[titles + 1 :]]
    numeric = frozenset(column for column in range(max(map(len, body), default=0)) if _is_numeric(body, column))
    names = [] if _is_data(head, numeric, has_titles=titles > 0) else [clean(name) for name in head]
    return Head(titles, names, numeric)


def begins_table(rows: Sequence[CsvRow], current: Head) -> bool:
    """Return whether rows after a gap begin with the head of another table, perhaps below titles.

    A row of words is such a head if the row below it is as full, and it has
    words where the current table has numbers, or more cells than that, or fewer
    and a title above it or a number below it where that table has words.
    """
    titles = 0
    while titles < min(_TITLES_BETWEEN, len(rows)) and filled(rows[titles]) == 1:
        titles += 1
    if titles + 1 >= len(rows):
        return False
    head, columns, usual = rows[titles], filled(rows[titles]), sum(1 for name in current.names if name.strip())
    if columns < 2 or filled(rows[titles + 1]) != columns or any(map(_is_number, head.cells)):
        return False
    words_for_numbers = any(cell.strip() and column in current.numeric for column, cell in enumerate(head.cells))
    below = rows[titles + 1].cells
    numbers_for_words = any(_is_number(cell) and column not in current.numeric for column, cell in enumerate(below))
    return words_for_numbers or columns > usual or (columns < usual and (titles > 0 or numbers_for_words))


def has_groups(rows: Iterable[CsvRow], columns: int) -> bool:
    """Return whether blank cells of the first column surely belong to the name above them.

    They do if every other cell is filled, no name occurs twice, most names
    have such rows below them, and no row is a total.
    """
    names: list[str] = []
    grouped: set[int] = set()
    for row in rows:
        cells = [cell.strip() for cell in row.cells]
        if len(cells) < columns or columns < 2 or row.stray or not all(cells[1:columns]):
            return False
        if cells[0]:
            names.append(cells[0])
        elif not names or _TOTAL.match(cells[1]):
            return False
        else:
            grouped.add(len(names))
    return len(names) == len(set(names)) and 2 * len(grouped) > len(names)


def filled(row: CsvRow) -> int:
    """Return the number of cells that are not blank."""
    return sum(1 for cell in row.cells if cell and not cell.isspace())


def _is_title(row: CsvRow, usual: int) -> bool:
    count, first = filled(row), row.cells[0].strip()
    if usual < 2 or count >= usual:
        return False
    if not first:  # the corner of a table may be blank
        return 2 * count <= usual and count + 1 < usual
    return 2 * count <= usual or first.endswith(":") or any(map(_is_number, row.cells))


def _is_data(head: Sequence[str], numeric: Set[int], *, has_titles: bool) -> bool:
    """Return whether what should be the head is a row like those below it."""
    numbers = [column for column, cell in enumerate(head) if _is_number(cell)]
    if not numbers or all(_YEAR.fullmatch(head[column].strip()) for column in numbers) or _is_series(head, numbers):
        return False
    return has_titles or not numeric.isdisjoint(numbers)


def _is_numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
    return 2 * sum(map(_is_number, cells)) > len(cells)


def _is_series(head: Sequence[str], numbers: Sequence[int]) -> bool:
    """Return whether the numbers in a row count up in equal steps, as heads do (0, 1, 2 or 10, 20, 30)."""
    texts = [head[column].strip() for column in numbers]
    if len(texts) < 3 or not all(text.isdecimal() for text in texts):
        return False
    steps = {int(after) - int(before) for before, after in zip(texts, texts[1:], strict=False)}
    return len(steps) == 1 and steps.pop() > 0


def _is_number(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell.strip()))
