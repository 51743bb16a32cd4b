"""Whatever a table holds, each value is read under its own head, and nothing else is read."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from pptx import Presentation
from pptx.util import Cm

from ingest.readers.office import docx as docx_reader
from ingest.readers.office import odt, pptx, rtf, xlsx
from ingest.readers.package import Budget
from ingest.schema import Document
from tests.ingest.readers.office_files import open_document

HEADS = ("Name", "Dose", "Note", "Town")
RAISED = dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
LOOK = (
    '<style:style style:name="up" style:family="text">'
    '<style:text-properties style:text-position="super 58%"/></style:style>'
)


@dataclass(frozen=True)
class Area:
    """A cell: its first row and column, its rows and columns, its text and the exponent after it."""

    row: int
    column: int
    rows: int
    columns: int
    text: str
    exponent: str

    @property
    def shown(self) -> str:
        return self.text + "".join(RAISED[digit] for digit in self.exponent)


Table = tuple[int, int, tuple[Area, ...]]  # body rows, columns, cells


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Draw a table of areas, none of which takes a whole row: that is a title or a remark."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(3, 4))
    text = st.sampled_from(["", "", "5 mg", "No dogs. No bikes.", "x", "twice a day", "–3 to 7", "Ä ö"])
    taken: set[tuple[int, int]] = set()
    areas = []
    for row in range(height):
        for column in range(width):
            if (row, column) in taken:
                continue
            rows, columns = draw(st.integers(1, min(2, height - row))), draw(st.integers(1, min(2, width - column)))
            places = {(row + down, column + right) for down in range(rows) for right in range(columns)}
            if places & taken:
                rows = columns = 1
                places = {(row, column)}
            taken |= places
            content = draw(text)
            exponent = draw(st.sampled_from(["", "", "6", "12"])) if content[-1:].isalnum() else ""
            areas.append(Area(row, column, rows, columns, content, exponent))
    for row in range(height):  # a row that only goes on from above says nothing of its own
        seen = [area for area in areas if area.text and area.row <= row < area.row + area.rows]
        assume(not seen or any(area.row == row for area in seen))
    assume(any(area.text for area in areas))
    return height, width, tuple(areas)


def expected(table: Table) -> list[str]:
    """Return the rows as they are to be read, worked out from the areas alone."""
    height, _, areas = table
    lines = []
    for row in range(height):
        values = []
        for area in sorted(areas, key=lambda each: each.column):
            if area.text and area.row <= row < area.row + area.rows:
                heads = HEADS[area.column : area.column + area.columns]
                values.append(f"{', '.join(heads)}: {area.shown}")
        lines.append(" | ".join(values))
    return list(filter(None, lines))


def read_docx(table: Table) -> Document:
    height, width, areas = table
    word = docx.Document()
    made = word.add_table(rows=height + 1, cols=width)
    for column in range(width):
        made.cell(0, column).text = HEADS[column]
    made.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for area in areas:
        cell = made.cell(area.row + 1, area.column)
        if area.rows > 1 or area.columns > 1:
            cell = cell.merge(made.cell(area.row + area.rows, area.column + area.columns - 1))
        cell.text = area.text
        if area.exponent:
            cell.paragraphs[0].add_run(area.exponent).font.superscript = True
    file = io.BytesIO()
    word.save(file)
    return docx_reader.read(file.getvalue(), "a.docx", Budget())


def read_pptx(table: Table) -> Document:
    height, width, areas = table
    shown = Presentation()
    shapes = shown.slides.add_slide(shown.slide_layouts[6]).shapes
    made = shapes.add_table(height + 1, width, Cm(1), Cm(1), Cm(9), Cm(9)).table
    for column in range(width):
        made.cell(0, column).text = HEADS[column]
    for area in areas:
        cell = made.cell(area.row + 1, area.column)
        if area.rows > 1 or area.columns > 1:
            cell.merge(made.cell(area.row + area.rows, area.column + area.columns - 1))
        cell.text = area.text
        if area.exponent:
            run = cell.text_frame.paragraphs[0].add_run()
            run.text = area.exponent
            run.font._rPr.set("baseline", "30000")
    file = io.BytesIO()
    shown.save(file)
    return pptx.read(file.getvalue(), "a.pptx", Budget())


def read_xlsx(table: Table) -> Document:
    _, width, areas = table
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADS[:width])
    sheet.auto_filter.ref = "A1:D9"
    for area in areas:
        raised = TextBlock(InlineFont(vertAlign="superscript"), area.exponent)
        value = CellRichText(area.text, raised) if area.exponent else area.text
        first, last = (area.row + 2, area.column + 1), (area.row + 1 + area.rows, area.column + area.columns)
        sheet.cell(*first).value = value or None
        sheet.merge_cells(start_row=first[0], start_column=first[1], end_row=last[0], end_column=last[1])
    file = io.BytesIO()
    book.save(file)
    return xlsx.read(file.getvalue(), "a.xlsx", Budget())


def open_rows(table: Table) -> str:
    """Return the rows of a table in OpenDocument."""
    height, width, areas = table
    head = "".join(f"<table:table-cell><text:p>{name}</text:p></table:table-cell>" for name in HEADS[:width])
    lines = [f"<table:table-header-rows><table:table-row>{head}</table:table-row></table:table-header-rows>"]
    by_place = {(area.row, area.column): area for area in areas}
    for row in range(height):
        cells = ""
        for column in range(width):
            area = by_place.get((row, column))
            if area is None:
                cells += "<table:covered-table-cell/>"
                continue
            spans = f'table:number-rows-spanned="{area.rows}" table:number-columns-spanned="{area.columns}"'
            raised = f'<text:span text:style-name="up">{area.exponent}</text:span>' if area.exponent else ""
            cells += f"<table:table-cell {spans}><text:p>{area.text}{raised}</text:p></table:table-cell>"
        lines.append(f"<table:table-row>{cells}</table:table-row>")
    return "".join(lines)


def read_odt(table: Table) -> Document:
    body = f"<table:table>{open_rows(table)}</table:table>"
    return odt.read(open_document("text", body, LOOK), "a.odt", Budget())


def read_rtf(table: Table) -> Document:
    height, width, areas = table
    lines = [_rtf_row([(name, "", 1, "") for name in HEADS[:width]], r"\trhdr")]
    by_place = {(r, a.column): a for a in areas for r in range(a.row, a.row + a.rows)}
    for row in range(height):
        cells = []
        for column in range(width):
            area = by_place.get((row, column))
            if area is None:
                continue
            merge = "" if area.rows == 1 else r"\clvmgf" if area.row == row else r"\clvmrg"
            text = (area.text, area.exponent) if area.row == row else ("", "")
            cells.append((*text, area.columns, merge))
        lines.append(_rtf_row(cells, ""))
    return rtf.read((r"{\rtf1\ansi " + "".join(lines) + r"\pard}").encode("latin-1"), "a.rtf")


def _rtf_row(cells: Sequence[tuple[str, str, int, str]], head: str) -> str:
    edge, defined, texts = 0, "", ""
    for text, exponent, columns, merge in cells:
        edge += 1000 * columns
        defined += rf"{merge}\cellx{edge}"
        escaped = "".join(c if c.isascii() else rf"\u{ord(c)}?" for c in text)
        texts += rf"\pard\intbl {escaped}{{\super {exponent}}}\cell "
    return rf"\trowd{head}{defined}{texts}\row "


READERS: dict[str, Callable[[Table], Document]] = {
    "docx": read_docx,
    "pptx": read_pptx,
    "xlsx": read_xlsx,
    "odt": read_odt,
    "rtf": read_rtf,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_every_value_stands_under_its_head(kind: str) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(tables())
    def run(table: Table) -> None:
        document = READERS[kind](table)
        lines = [document.text[block.start : block.end] for block in document.blocks]
        assert lines == expected(table)
        assert all(block.kind == "row" for block in document.blocks)

    run()
