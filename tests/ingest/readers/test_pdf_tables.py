"""Tables of PDFs that are drawn here."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.readers import tables
from ingest.readers.pdf import pdf
from ingest.schema import Document
from ingest.word_boxes import within
from tests.ingest.readers.test_pdf import draw, lines, quotes, rule, text

ReadAs = Callable[[str, str | bytes], Document]

WIDTH, HEIGHT = 110, 30
WORD = st.text("abcdefghijkmnoprstuvwxyzABCDEFGHKLMNPRSTUVWXYZ", min_size=2, max_size=6)
VALUE = st.one_of(WORD, st.integers(0, 9_999).map(str), st.builds("{} {}".format, WORD, WORD))


def ruled(cells: Sequence[Sequence[str]]) -> bytes:
    """Return a table with lines around all cells; an empty cell has no text."""
    return grid(len(cells), len(cells[0])) + words_of(cells)


def grid(height: int, width: int) -> bytes:
    """Return the lines around so many rows and columns."""
    right, low = 60 + WIDTH * width, 740 - HEIGHT * height
    content = b"".join(rule(60, 740 - HEIGHT * row, right, 740 - HEIGHT * row) for row in range(height + 1))
    return content + b"".join(rule(60 + WIDTH * column, 740, 60 + WIDTH * column, low) for column in range(width + 1))


def words_of(cells: Sequence[Sequence[str]]) -> bytes:
    content = b""
    for row, texts in enumerate(cells):
        for column, words in enumerate(texts):
            if words:
                font = "F2" if row == 0 else "F1"
                content += text(64 + WIDTH * column, 720 - HEIGHT * row, words, font=font)
    return content


@st.composite
def tables_of_words(draw: st.DrawFn) -> list[list[str]]:
    """Draw a head of different names and rows of values; in all but the first, one may be missing."""
    width = draw(st.integers(2, 4))
    head = draw(st.lists(WORD, min_size=width, max_size=width, unique=True))
    rows = draw(st.lists(st.lists(VALUE, min_size=width, max_size=width), min_size=2, max_size=6))
    for row in rows[1:]:
        if draw(st.integers(0, 2)) == 0:
            row[draw(st.integers(1, width - 1))] = ""
    return [head, *rows]


@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(tables_of_words())
@example([["AA", "AAA"], ["AA", "AA"], ["1", ""]])  # the last cell is no page number
@example([["AA", "AAA"], ["AA", "AA"], ["0", ""], ["0", ""]])
def test_every_value_of_a_ruled_table_is_under_its_own_head(cells: list[list[str]]) -> None:
    document = pdf.read(draw([ruled(cells)]), "a.pdf")
    assert quotes(document) == [row for row in tables.rows(cells, 1) if row]
    assert {block.kind for block in document.blocks} == {"row"}


def test_lines_may_be_drawn_in_a_form_within_a_form() -> None:
    cells = [["Name", "Age", "Town"], ["Ada", "", "Ulm"], ["", "7", "Bonn"]]

    def form(content: bytes, matrix: bytes, resources: bytes = b"") -> bytes:
        entries = b"/Subtype /Form /BBox [-9999 -9999 9999 9999] /Matrix [%s] /Resources << %s >>" % (matrix, resources)
        return b"<< /Type /XObject %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)

    # Twice as large and moved, then moved back and half as large: where the lines are without forms.
    outer = form(b"/Inner Do", b"2 0 0 2 30 -40", b"/XObject << /Inner 9 0 R >>")
    inner = form(grid(3, 3), b"0.5 0 0 0.5 -15 20")
    resources = b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << /Outer 8 0 R >> >>"
    document = pdf.read(draw([words_of(cells) + b"/Outer Do\n"], page=resources, more=[outer, inner]), "a.pdf")
    assert quotes(document) == quotes(pdf.read(draw([ruled(cells)]), "a.pdf")) == tables.rows(cells, 1)
    assert quotes(document) != quotes(pdf.read(draw([words_of(cells)]), "a.pdf"))


@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(tables_of_words())
def test_no_value_of_a_table_without_lines_is_under_another_head(cells: list[list[str]]) -> None:
    content = b""
    for row, texts in enumerate(cells):
        for column, words in enumerate(texts):
            content += (
                text(64 + WIDTH * column, 720 - 16 * row, words, font="F2" if row == 0 else "F1") if words else b""
            )
    for quote in quotes(pdf.read(draw([content]), "a.pdf")):
        for part in quote.split(" | "):
            head, colon, value = part.partition(": ")
            if colon and head in cells[0]:
                assert value in [row[cells[0].index(head)] for row in cells[1:]]


def test_wrapped_cells_are_one_row(read_as: ReadAs) -> None:
    columns = (("Class", "Weaving for", "children", "Song"), ("Led by", "Ms Teal", "", "Mr Oak and"))
    content = b""
    for column, texts in enumerate(columns):
        places = zip((700, 676, 662, 638), texts, strict=True)
        content += b"".join(text(72 + 150 * column, y, words, font="F2" if y == 700 else "F1") for y, words in places)
    content += text(222, 624, "Ms Elm") + text(372, 700, "Fee", font="F2") + text(372, 676, "3 coins")
    content += text(372, 638, "none")
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "Class: Weaving for children | Led by: Ms Teal | Fee: 3 coins",
        "Class: Song | Led by: Mr Oak and Ms Elm | Fee: none",
    ]


def test_a_cell_over_several_rows_or_columns(read_as: ReadAs) -> None:
    content = b"".join((rule(60, 740, 390, 740), rule(170, 710, 390, 710), rule(60, 680, 390, 680)))
    content += b"".join(rule(x, 740, x, 680) for x in (60, 170, 280, 390))
    content += (
        text(64, 706, "Adults") + lines(174, 720, "rest", "walk", leading=30) + lines(284, 720, "2", "3", leading=30)
    )
    content += b"".join((rule(60, 680, 60, 650), rule(390, 680, 390, 650), rule(60, 650, 390, 650)))
    content += text(64, 660, "Children stay at home")
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "Adults | rest | 2",
        "Adults | walk | 3",
        "Children stay at home",
    ]


def test_heads_over_several_columns_name_no_value_without_lines(read_as: ReadAs) -> None:
    content = text(240, 720, "Doses in summer and in winter") + lines(72, 700, "Plant", "Fern", "Moss", "Ivy", "Oak")
    content += lines(230, 700, "May", "1", "2", "3", "4") + lines(330, 700, "June", "5", "6", "7", "8")
    found = quotes(read_as("a.pdf", draw([content])))
    assert "Moss" in found[-3] and "2" in found[-3] and "6" in found[-3]
    assert not any("Doses" in quote and "6" in quote for quote in found)


def test_words_of_rows_have_their_places(read_as: ReadAs) -> None:
    document = read_as("a.pdf", draw([ruled([["Plant", "Dose"], ["Fern", "7"], ["Moss", "8"]])]))
    row = document.text.index("Plant: Moss")
    boxes = within(document.word_boxes, row, len(document.text))
    assert [document.text[box.start : box.end] for box in boxes] == ["Moss", "8"]
    assert boxes[0].left < boxes[1].left and boxes[0].page == 1


def test_lines_through_words_are_a_drawing(read_as: ReadAs) -> None:
    words = ("The river is deep here,", "and boats turn before it.", "Swim near the shore only.")
    content = lines(72, 700, *words, leading=30)
    content += b"".join(rule(60, y, 300, y) for y in (720, 690, 660, 630))
    content += b"".join(rule(x, 720, x, 630) for x in (60, 82, 118, 300))
    document = read_as("a.pdf", draw([content]))
    assert {block.kind for block in document.blocks} == {"paragraph"}
