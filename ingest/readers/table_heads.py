"""Finds the head rows of a table that does not state them."""

from collections.abc import Sequence

from ingest.readers.tables import ACROSS, rows

_LONGEST_HEAD = 60  # characters of a cell
_FEW_COLUMNS = 2  # tables of names and values, mostly: their first row is no head


def table_rows(cells: Sequence[Sequence[str]], marked: Sequence[bool], stated: int = 0) -> list[str]:
    """Return the text of each row as `ingest.readers.tables.rows` does, after any titles above the head.

    Args:
        cells: the table, spans filled in.
        marked: for each row, whether all of its cells are set off (bold, shaded).
        stated: the number of head rows that the file states, titles not counted; 0 if it states none.
    """
    titles = title_rows(cells)
    heads = head_rows(cells[titles:], marked[titles:], stated)
    return [row[0] for row in cells[:titles]] + rows(cells[titles:], heads) if heads else rows(cells, 0)


def title_rows(cells: Sequence[Sequence[str]]) -> int:
    """Return how many rows at the top are one cell over all columns, which is a title and no head."""
    count = 0
    for row in cells[:-1]:
        if len(row) < _FEW_COLUMNS or not row[0].strip() or any(cell != ACROSS for cell in row[1:]):
            break
        count += 1
    return count


def head_rows(cells: Sequence[Sequence[str]], marked: Sequence[bool] = (), stated: int = 0) -> int:
    """Return the number of head rows.

    Args:
        cells: the table without its title rows, spans filled in.
        marked: for each row, whether all of its cells are set off (bold, shaded).
        stated: the number of head rows that the file states; 0 if it states none.
    """
    if len(cells) < 2 or max(map(len, cells)) < _FEW_COLUMNS:
        return 0
    if 0 < stated < len(cells):
        heads = stated
    else:
        leading = next((number for number, each in enumerate(marked) if not each), len(marked))
        heads = leading if 0 < leading < len(cells) else int(_looks_like_head(cells))
    return heads + 1 if heads == 1 and _parts_of_head(cells) else heads


def _parts_of_head(cells: Sequence[Sequence[str]]) -> bool:
    """Return whether the second row names the parts of spanning heads, below heads that span both rows."""
    first, second = cells[0], cells[1]
    if ACROSS not in first or len(cells) < 3 or len(first) != len(second):
        return False
    spans = [
        cell == ACROSS or (number + 1 < len(first) and first[number + 1] == ACROSS) for number, cell in enumerate(first)
    ]
    beside = [number for number, spanned in enumerate(spans) if not spanned]
    parts = [second[number] for number, spanned in enumerate(spans) if spanned]
    return ACROSS not in parts and all(parts) and all(second[n] in ("", first[n]) for n in beside)


def _looks_like_head(cells: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row consists of short names, and the rows below hold numbers or have no such corner."""
    first, body = cells[0], cells[1:]
    names = [cell for cell in first[1:] if cell != ACROSS]
    if not names or not all(names) or any(len(cell) > _LONGEST_HEAD or cell.endswith(".") for cell in first):
        return False
    if len(set(names)) < len(names) or first[0] in names:
        return False
    if not first[0]:
        return any(row and row[0] for row in body)
    if len(first) <= _FEW_COLUMNS or any(map(_has_digit, first)):
        return False
    return any(_is_numeric([row[column] for row in body if column < len(row)]) for column in range(1, len(first)))


def _is_numeric(column: Sequence[str]) -> bool:
    values = [cell for cell in column if cell]
    return bool(values) and 2 * sum(map(_has_digit, values)) >= len(values)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))
