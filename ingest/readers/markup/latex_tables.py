"""LaTeX tables: rows end with two backslashes, cells are parted by ampersands."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.readers.assemble import Piece
from ingest.readers.markup.latex_inline import argument
from ingest.readers.web.html_tables import Cell, Row, Table

_TOKEN = re.compile(
    r"\\(?P<rule>hline|toprule|midrule|bottomrule|endfirsthead|endhead|endfoot|endlastfoot)(?![A-Za-z])"
    r"|(?P<end>\\\\\*?(?:\s*\[[^\[\]]*\])?|\\tabularnewline)|(?P<cell>&)|(?P<open>\{|\\begin\{[^{}]*\})"
    r"|(?P<close>\}|\\end\{[^{}]*\})"
    r"|(?P<comment>%[^\n]*\n?)|\\.|[^\\&{}%]+|.",
    re.DOTALL,
)
_MULTI_COLUMN = re.compile(r"\s*\\multicolumn\s*\{\s*(\d{1,3})\s*\}")
_MULTI_ROW = re.compile(r"\\multirow(?:\[[^\[\]]*\])?\s*\{?\s*(\d{1,3})\s*\}?(?:\s*\[[^\[\]]*\])?\s*(?:\{[^{}]*\}|\*)")
_BOLD = re.compile(r"\\textbf|\\bfseries|\\bf\b|\\thead")
_HEAD_RULES = ("midrule", "endfirsthead", "endhead")


@dataclass(slots=True)
class _Line:
    """A row: the source of its cells, and the rules below it."""

    cells: list[str]
    rules: list[str] = field(default_factory=list)


def table_pieces(body: str, inline: Callable[[str], str]) -> list[Piece]:
    """Return one piece a row of the content of a `tabular`; `inline` gives the text of a cell."""
    lines = _without_repeated_heads(list(_lines(body)))
    heads = _heads(lines)
    table = Table()
    hanging: dict[int, tuple[str, int]] = {}
    for number, line in enumerate(lines):
        cells = [cell for cell in _cells(line.cells, hanging, inline, head=number < heads)]
        if any(cell.text for cell in cells):
            table.rows.append(Row(cells, 0, number < heads))
    texts = table.texts() if table.rows else []
    if texts is None:
        return [piece for row in table.rows for cell in row.cells for piece in cell.pieces]
    return [Piece(text, kind="row") for text in texts]


def _lines(body: str) -> Iterator[_Line]:
    cells, parts, depth = [], [], 0
    line = _Line([])
    for token in _TOKEN.finditer(body):
        if token["comment"]:
            continue
        depth += 1 if token["open"] else -1 if token["close"] else 0
        if depth > 0 or not (token["rule"] or token["end"] or token["cell"]):
            parts.append(token[0])
        elif token["rule"]:
            line.rules.append(token["rule"])
        else:
            cells.append("".join(parts))
            parts = []
            if token["end"]:
                if line.cells or line.rules:
                    yield line
                line, cells = _Line(cells), []
    yield line
    if "".join((*cells, *parts)).strip():
        yield _Line([*cells, "".join(parts)])


def _without_repeated_heads(lines: list[_Line]) -> list[_Line]:
    """Return the rows without the head and the feet that a long table repeats on its other pages."""
    last = max(
        (n for n, line in enumerate(lines) if {"endhead", "endfoot", "endlastfoot"} & set(line.rules)), default=-1
    )
    if last < 0:
        return lines
    first = next(n for n, line in enumerate(lines) if {"endfirsthead", "endhead"} & set(line.rules) or n == last)
    return [*lines[: first + 1], *lines[last + 1 :]]


def _heads(lines: Sequence[_Line]) -> int:
    """Return the number of rows above the rule that ends the head: one that stands above the last row, and alone."""
    filled = [number for number, line in enumerate(lines) if any(cell.strip() for cell in line.cells)]
    ruled = [number for number in filled[:-1] if lines[number].rules]
    stated = [number for number in ruled if set(_HEAD_RULES) & set(lines[number].rules)]
    if stated:
        return stated[0] + 1
    return ruled[0] + 1 if len(ruled) == 1 else 0


def _cells(
    sources: Sequence[str], hanging: dict[int, tuple[str, int]], inline: Callable[[str], str], *, head: bool
) -> Iterator[Cell]:
    """Yield the cells of a row; an empty one below a cell over several rows repeats it."""
    column = 0
    for source in sources:
        columns, rows = 1, 1
        if (multi := _MULTI_COLUMN.match(source)) is not None:
            columns = max(1, int(multi[1]))
            _, at = argument(source, multi.end())
            source, _ = argument(source, at)
        if (multi := _MULTI_ROW.search(source)) is not None:
            rows = max(1, int(multi[1]))
            source = source[: multi.start()] + source[multi.end() :]
        text = inline(source).replace("\n", " ")
        above, left = hanging.pop(column, ("", 0))
        if not text and left:
            text, rows = above, left
        if rows > 1:
            hanging[column] = (text, rows - 1)
        cell = Cell(1, columns, head, bold=bool(_BOLD.search(source)), pieces=[Piece(text)] if text else [])
        cell.end()
        yield cell
        column += columns
