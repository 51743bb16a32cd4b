"""XLSX: heads, merged cells, formats, hidden sheets, and what a damaged or hostile file does."""

import io
import time
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.workbook import Workbook
from openpyxl.worksheet.table import Table

from ingest.errors import SourceUnreadable
from ingest.readers.office.sheet_heads import Cell, Row, head_place
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]

FEES = (("Boat", "Fee", "Since"), ("Canoe", 4, 2019), ("Raft", 5.5, 2020))


def workbook(*rows: tuple[object, ...], name: str = "Fees") -> Workbook:
    book = Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    return book


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def lines(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def changed(content: bytes, name: str, old: bytes, new: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(written, "w") as copy:
        for each in package.namelist():
            part = package.read(each)
            copy.writestr(each, part.replace(old, new) if each == name else part)
    return written.getvalue()


def test_rows_below_their_numbers_with_their_heads(read_as: ReadAs) -> None:
    book = workbook(("All fees of the quay",), (), *FEES)
    book.properties.title = "The fees"
    book.create_sheet("Empty")
    document = read_as("a.xlsx", saved(book))
    assert document.title == "The fees"
    assert headings(document) == [(1, "Fees"), (2, "Row 1"), (2, "Row 4"), (2, "Row 5")]
    assert lines(document) == [
        "All fees of the quay",
        "Boat: Canoe | Fee: 4 | Since: 2019",
        "Boat: Raft | Fee: 5.5 | Since: 2020",
    ]
    assert {block.kind for block in document.blocks} == {"row"}


def test_titles_directly_above_the_head(read_as: ReadAs) -> None:
    content = saved(workbook(("Fees of the quay",), ("valid from", "May"), *FEES))
    assert lines(read_as("a.xlsx", content))[:3] == [
        "Fees of the quay",
        "valid from | May",
        "Boat: Canoe | Fee: 4 | Since: 2019",
    ]


def test_a_gap_ends_a_table(read_as: ReadAs) -> None:
    more = (("Raft", 6, 2021), (), ("Contact", "Ann"), (), ("Town", "Free", "From"), ("Ford", 1, 2), ("Mill", 3, 4))
    assert lines(read_as("a.xlsx", saved(workbook(*FEES, (), *more))))[2:] == [
        "Boat: Raft | Fee: 6 | Since: 2021",
        "Contact | Ann",
        "Town: Ford | Free: 1 | From: 2",
        "Town: Mill | Free: 3 | From: 4",
    ]


def test_a_gap_may_follow_the_head(read_as: ReadAs) -> None:
    people = (("Name", "Town", "Job"), (), ("Ann", "Ford", "cook"), ("Bea", "Mill", "smith"))
    assert lines(read_as("a.xlsx", saved(workbook(*people)))) == [
        "Name: Ann | Town: Ford | Job: cook",
        "Name: Bea | Town: Mill | Job: smith",
    ]


def test_names_and_values_have_no_head(read_as: ReadAs) -> None:
    content = saved(workbook(("Name", "Ann"), ("Age", 5), ("Rooms", 2), ("Note", None, "x")))
    assert lines(read_as("a.xlsx", content)) == ["Name | Ann", "Age | 5", "Rooms | 2", "Note | – | x"]


@pytest.mark.parametrize("sign", ["bold", "filter", "table", "frozen"])
def test_heads_that_the_sheet_states(read_as: ReadAs, sign: str) -> None:
    book = workbook(("Name", "Town"), ("Ann", "Ford"), ("Bea", "Mill"))
    if sign == "bold":
        for cell in book.active[1]:
            cell.font = Font(bold=True)
    elif sign == "filter":
        book.active.auto_filter.ref = "A1:B3"
    elif sign == "table":
        book.active.add_table(Table(displayName="T", ref="A1:B3"))
    else:
        book.active.freeze_panes = "A2"
    assert lines(read_as("a.xlsx", saved(book))) == ["Name: Ann | Town: Ford", "Name: Bea | Town: Mill"]


def test_merged_cells(read_as: ReadAs) -> None:
    rows = (("Bay", "Fee"), (None, "Cars", "Bikes"), ("East", 4, 2), (None, None, 3), ("West", 7), ("Closed in May",))
    book = workbook(*rows)
    for area in ("A1:A2", "B1:C1", "A3:A4", "B5:C5", "A6:C6"):
        book.active.merge_cells(area)
    assert lines(read_as("a.xlsx", saved(book))) == [
        "Bay: East | Fee › Cars: 4 | Fee › Bikes: 2",
        "Bay: East | Fee › Bikes: 3",
        "Bay: West | Fee › Cars, Fee › Bikes: 7",
        "Closed in May",
    ]


def test_values_as_the_sheet_shows_them(read_as: ReadAs) -> None:
    book = workbook(("text", date(2024, 10, 3), 0.25, 1234.5, True, "a\nb"))
    for place, code in (("B1", "dd.mm.yyyy"), ("C1", "0%"), ("D1", '#,##0.00 "€"')):
        book.active[place].number_format = code
    assert lines(read_as("a.xlsx", saved(book))) == ["text | 03.10.2024 | 25% | 1,234.50 € | TRUE | a b"]


def test_raised_letters_in_a_cell(read_as: ReadAs) -> None:
    rich = CellRichText("up to 10", TextBlock(InlineFont(vertAlign="superscript"), "6"), " cells")
    assert lines(read_as("a.xlsx", saved(workbook((rich,))))) == ["up to 10⁶ cells"]


def test_what_is_struck_out_is_left_out(read_as: ReadAs) -> None:
    struck = InlineFont(strike=True)
    rich = CellRichText("Fee: ", TextBlock(struck, "50 "), TextBlock(InlineFont(strike=False), "60"))
    book = workbook((rich, "kept"), ("old fee", "x"), ("gone",), (40, "y"))
    for row in (2, 3, 4):
        book.active.cell(row, 1).font = Font(strike=True)
    assert lines(read_as("a.xlsx", saved(book))) == ["Fee: 60 | kept", "– | x", "– | y"]


def test_formulas_give_their_stored_results(read_as: ReadAs) -> None:
    content = saved(workbook(("a", "=1+1"), ("b", "=2+2")))
    sheet = "xl/worksheets/sheet1.xml"
    stored = changed(content, sheet, b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
    document = read_as("a.xlsx", stored)
    assert lines(document) == ["a | 2", "b"]
    assert document.note == "sheet Fees: formulas without a stored result: 1"


def test_hidden_sheets_are_noted_and_comments_end_the_sheet(read_as: ReadAs) -> None:
    book = workbook(("a", "b"))
    book.active["B1"].comment = Comment("Ann:\nReally?", "Ann")
    book.create_sheet("Secret").append(["c"])
    book["Secret"].sheet_state = "hidden"
    document = read_as("a.xlsx", saved(book))
    assert lines(document) == ["a | b", "Comment by Ann on B1: Really?"]
    assert document.note == "the hidden sheet Secret was left out"


def test_a_damaged_sheet_keeps_the_rows_above(read_as: ReadAs) -> None:
    content = changed(saved(workbook(("a",), ("b",))), "xl/worksheets/sheet1.xml", b'<row r="2"', b"<row <")
    document = read_as("a.xlsx", content)
    assert lines(document) == ["a"]
    assert document.note == "sheet Fees is damaged below row 1"


def test_files_that_are_not_xlsx(refused: Refused) -> None:
    assert refused("a.xlsx", b"no zip").what == "is not a valid XLSX file (not a ZIP package)"
    assert refused("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1x").what == "is password-protected or an old .xls file"
    broken = changed(saved(workbook(("a",))), "xl/workbook.xml", b"<sheets>", b"<")
    assert refused("a.xlsx", broken).what == "is not a readable XLSX"


def test_merged_cells_over_a_whole_sheet_take_no_time(read_as: ReadAs) -> None:
    merged = b"".join(b'<mergeCell ref="A%d:XFD1048576"/>' % row for row in range(1, 5_000))
    content = changed(saved(workbook(("a",))), "xl/worksheets/sheet1.xml", b"</sheetData>", b"</sheetData>" + merged)
    started = time.process_time()
    assert lines(read_as("a.xlsx", content)) == ["a"]
    assert time.process_time() - started < 2


@pytest.mark.slow
def test_thousands_of_rows_are_read_in_a_moment(read_as: ReadAs) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Fees")
    for row in (FEES[0], *(("Canoe", number, 2019) for number in range(5_000))):
        sheet.append(row)
    started = time.process_time()
    document = read_as("a.xlsx", saved(book))
    assert len(document.blocks) == 5_000
    assert lines(document)[-1] == "Boat: Canoe | Fee: 4999 | Since: 2019"
    assert time.process_time() - started < 6


def words(*texts: str, number: int = 1, bold: bool = False) -> Row:
    return Row(number, [Cell(text, not text.isdigit(), bold) for text in texts])


@pytest.mark.parametrize(
    ("rows", "heads"),
    [
        ([words("Name", "Town", "Job"), words("Ann", "Ford", "cook"), words("Bea", "Mill", "smith")], 1),
        ([words("Name", "Town", "Job"), words("Ann", "Ford", "Job"), words("Bea", "Mill", "x")], 0),
        ([words("Ann", "7", "9"), words("Bea", "8", "7")], 0),
        ([words("Name", "Room 2", "Job"), words("Ann", "Ford", "cook"), words("Bea", "Mill", "smith")], 0),
        ([words("Ann", "Ford", "cook"), words("Bea", "Mill", "smith", "x"), words("Eve", "Quay", "y")], 0),
        ([words("Item", "Fee"), *(words("x", str(fee)) for fee in range(5))], 1),
        ([words("Item", "Fee"), words("x", "5")], 0),
        ([words("Only", "heads", "here")], 0),
    ],
)
def test_a_head_is_found_where_nothing_else_is_likely(rows: list[Row], heads: int) -> None:
    numbered = [Row(at, row.cells) for at, row in enumerate(rows, start=1)]
    assert len(head_place(numbered)) == heads


def test_a_gap_and_other_columns_end_the_heads(read_as: ReadAs) -> None:
    rows = (*FEES, (), ("All prices are in euros and hold for a year.",), (), (None, None, None, "Ann", "Ford"))
    assert lines(read_as("a.xlsx", saved(workbook(*rows))))[2:] == [
        "All prices are in euros and hold for a year.",
        "– | – | – | Ann | Ford",
    ]


def test_a_comment_without_words_and_cells_merged_far_away(read_as: ReadAs) -> None:
    book = workbook(("a", "b"))
    book.active["B1"].comment = Comment("Ann:\n", "Ann")
    book.active.merge_cells("XFA1:XFD2")
    assert lines(read_as("a.xlsx", saved(book))) == ["a | b"]


def test_raised_letters_in_a_damaged_sheet(read_as: ReadAs) -> None:
    rich = CellRichText(
        *("10", TextBlock(InlineFont(vertAlign="superscript"), "6"), " H"),
        *(TextBlock(InlineFont(vertAlign="subscript", b=True), "2"), "O"),
    )
    content = changed(saved(workbook((rich,))), "xl/worksheets/sheet1.xml", b"</sheetData>", b"</sheet>")
    assert lines(read_as("a.xlsx", content)) == ["10⁶ H₂O"]


def test_heads_that_make_the_text_too_long(refused: Refused) -> None:
    rows = [("n" * 32_000, "m" * 32_000), *((number, number) for number in range(800))]
    book = workbook(*rows)
    book.active.freeze_panes = "A2"
    assert (
        refused("a.xlsx", saved(book)).what == "becomes more than 50,000,000 characters with the heads of its columns"
    )
