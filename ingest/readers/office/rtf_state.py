"""The state of an RTF reader: the looks of characters, the paragraphs and tables collected so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.readers.assemble import BULLET, Piece
from ingest.readers.emphasis import Candidate
from ingest.readers.spans import TextSpan, is_bold, joined, size
from ingest.readers.table_heads import table_rows
from ingest.readers.tables import ACROSS, cell_text
from ingest.schema import Kind

NESTED_CELL, NESTED_ROW = " | ", "; "  # what ends a cell and a row of a table in a cell
_ROUND_BULLET = "o"  # as Word writes it, in a font for typewriters
_NEAR = 60  # twips: edges of cells that are nearer belong to the same column


@dataclass(slots=True)
class Group:
    """What holds inside one pair of braces."""

    bold: bool = False
    size: float = 12
    raised: int = 0
    hidden: bool = False
    struck: bool = False
    font: str = ""
    skipped: int = 1  # characters after a \\u that stand for it in older programs
    kind: str = ""  # of the destination: "" for the text, "skip" for what is not read
    marked: bool = False  # after \\*, which marks a destination that older programs do not know


@dataclass(slots=True)
class _Cell:
    """The definition of a cell: its right edge in twips, and how it is merged."""

    edge: int
    from_above: bool = False
    from_left: bool = False


@dataclass(slots=True)
class _Row:
    cells: list[list[Candidate]]
    definitions: list[_Cell]
    is_head: bool


@dataclass(slots=True)
class Story:
    """A text with its own paragraphs and tables: the body, a note, a comment or a text box."""

    kind: str = "body"
    mark: str = ""
    done: list[Candidate] = field(default_factory=list)
    spans: list[TextSpan] = field(default_factory=list)
    number: str = ""
    level: int = 0
    in_table: bool = False
    beside: list[Candidate] = field(default_factory=list)
    _definitions: list[_Cell] = field(default_factory=list)
    _merge: list[str] = field(default_factory=list)
    _is_head: bool = False
    _cell: list[Candidate] = field(default_factory=list)
    _row: list[list[Candidate]] = field(default_factory=list)
    _rows: list[_Row] = field(default_factory=list)

    def end_paragraph(self) -> None:
        """Put the collected characters into the cell or text they belong to."""
        text, spans = joined(self.spans).replace(f"{NESTED_CELL}{NESTED_ROW}", NESTED_ROW), self.spans
        is_bullet = self.number == _ROUND_BULLET or not any(map(str.isalnum, self.number))
        mark = "" if is_bullet else f"{self.number} "
        kind: Kind = "item" if self.number and not self.level else "paragraph"
        piece = Piece(mark + text, self.level, kind=kind, mark=BULLET if is_bullet else "")
        found = [Candidate(piece, is_bold(spans), size(spans))] if text else []
        self.spans, self.number = [], ""
        if self.in_table:
            self._cell += found
            return
        if found or self.beside:
            self.end_table()
        self.done += found + self.beside
        self.beside = []

    def end_cell(self) -> None:
        """End a cell of a table."""
        self.in_table = True
        self.end_paragraph()
        self._row.append(self._cell)
        self._cell = []

    def define_row(self) -> None:
        """Begin the definition of a row, which stands before or after its cells."""
        self._definitions, self._merge, self._is_head = [], [], False

    def define(self, word: str, value: int) -> None:
        """Take one word of a row's definition."""
        if word == "cellx":
            self._definitions.append(_Cell(value, "clvmrg" in self._merge, "clmrg" in self._merge))
            self._merge = []
        elif word == "trhdr":
            self._is_head = True
        else:
            self._merge.append(word)

    def end_row(self) -> None:
        """End a row of a table."""
        if self._row:
            self._rows.append(_Row(self._row, list(self._definitions), self._is_head))
        self._row, self._cell = [], []

    def end_table(self) -> None:
        """Give out the rows of a table that has ended, and the notes to it."""
        if self._row:  # of a file that was cut off
            self.end_row()
        if self._rows:
            self.done += list(_table(self._rows)) + self.beside
            self.beside, self._rows = [], []

    def finish(self) -> list[Candidate]:
        """Return everything collected."""
        self.end_paragraph()
        self.in_table = False
        self.end_paragraph()
        self.end_table()
        return self.done


def _table(rows: list[_Row]) -> Iterator[Candidate]:
    if max(len(row.cells) for row in rows) < 2:
        yield from (each for row in rows for cell in row.cells for each in cell)
        return
    edges = _edges(rows)
    grid: list[list[str]] = []
    for row in rows:
        grid.append(_texts(row, edges, grid[-1] if grid else []))
    marked = [
        bool(contents := [each for cell in row.cells for each in cell]) and all(each.bold for each in contents)
        for row in rows
    ]
    stated = next((number for number, row in enumerate(rows) if not row.is_head), 0)
    yield from (Candidate(Piece(text, kind="row")) for text in table_rows(grid, marked, stated))


def _edges(rows: list[_Row]) -> list[int]:
    """Return the right edges of the columns; without definitions, cells are columns."""
    found = sorted({cell.edge for row in rows for cell in row.definitions})
    edges = [edge for before, edge in zip([-_NEAR - 1, *found], found, strict=False) if edge - before > _NEAR]
    most = max(len(row.cells) for row in rows)
    return edges if len(edges) >= most else list(range(most))


def _texts(row: _Row, edges: list[int], above: list[str]) -> list[str]:
    """Return the texts of a row, each in its column, with merged cells filled in."""
    texts: list[str] = []
    for number, cell in enumerate(row.cells):
        defined = row.definitions[number] if number < len(row.definitions) else None
        column = len(texts)
        text = cell_text([each.piece for each in cell])
        if defined is not None and defined.from_above and not text:
            text = above[column] if column < len(above) else ""
        texts.append(ACROSS if defined is not None and defined.from_left and not text and texts else text)
        while defined is not None and len(texts) < len(edges) and edges[len(texts)] <= defined.edge + _NEAR:
            texts.append(ACROSS)
    return texts + [""] * (len(edges) - len(texts))
