"""Reading order, words, headings and notes of PDFs that are drawn here."""

from collections.abc import Callable

import pytest

from ingest.readers.pdf.lines import line, rows_of
from ingest.readers.pdf.page import Frame, Piece
from ingest.schema import Document
from ingest.text.sentences import document_sentences
from ingest.word_boxes import within
from tests.ingest.readers.test_pdf import draw, lines, quotes, rule, text

ReadAs = Callable[[str, str | bytes], Document]

LEFT = ("The mill opens at nine and", "closes before dusk. Flour", "is sold by the sack, and", "no dogs are let in.")
RIGHT = (
    "Boats leave from the lock",
    "every hour. A ticket is two",
    "coins, and children under",
    "six ride along for free.",
)
LEFT_TEXT, RIGHT_TEXT = " ".join(LEFT), " ".join(RIGHT)


def row_by_row(y: float, *, shift: float = 0) -> bytes:
    """Return two columns whose lines are drawn alternately."""
    pairs = enumerate(zip(LEFT, RIGHT, strict=True))
    return b"".join(text(72, y - 14 * n, a) + text(320, y - shift - 14 * n, b) for n, (a, b) in pairs)


def sentences(document: Document) -> list[str]:
    return [document.text[start:end] for spans in document_sentences(document) for start, end in spans]


@pytest.mark.parametrize("shift", [0, 5])
def test_columns_are_read_one_after_the_other(read_as: ReadAs, shift: float) -> None:
    assert quotes(read_as("a.pdf", draw([row_by_row(700, shift=shift)]))) == [LEFT_TEXT, RIGHT_TEXT]


def test_a_line_over_both_columns_is_read_at_its_place(read_as: ReadAs) -> None:
    wide = "This one line of text stands over both of the columns and is read between them."
    content = row_by_row(700) + text(72, 630, wide) + row_by_row(610)
    assert quotes(read_as("a.pdf", draw([content]))) == [LEFT_TEXT, RIGHT_TEXT, wide, LEFT_TEXT, RIGHT_TEXT]


def test_the_right_column_may_begin_above_the_left_one(read_as: ReadAs) -> None:
    above = lines(320, 728, "Ferries run on working days", "and in fair weather only.")
    document = read_as("a.pdf", draw([above + row_by_row(700)]))
    assert quotes(document) == [LEFT_TEXT, f"Ferries run on working days and in fair weather only. {RIGHT_TEXT}"]


def test_a_word_an_object_and_letters_in_objects(read_as: ReadAs) -> None:
    shown = b"BT /F1 11 Tf 72 700 Td "
    for word, step in (("Rest", 24.5), ("a", 9.5), ("while", 30), ("first.", 0)):
        shown += b"(%s) Tj %.1f 0 Td " % (word.encode(), step)
    letters = b"".join(b"(%s) Tj %.2f 0 Td " % step for step in ((b"T", 6.72), (b"h", 6.12), (b"e", 6.12), (b"n", 0)))
    document = read_as("a.pdf", draw([shown + b"ET BT /F1 11 Tf 72 686 Td " + letters + b"ET"]))
    assert document.text.split() == ["Rest", "a", "while", "first.", "Then"]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_places_are_those_of_the_page_as_shown(read_as: ReadAs, rotation: int) -> None:
    page = b"/Rotate %d /CropBox [50 100 500 700]" % rotation
    document = read_as("a.pdf", draw([text(100, 600, "Walk slowly.", 10)], page=page))
    box = within(document.word_boxes, 0, 4)[0]
    left, base = 100 - 50, 700 - 600  # on the cropped page, before it is turned
    x, y = {
        0: (left, base),
        90: (600 - base, left),
        180: (450 - left, 600 - base),
        270: (base, 450 - left),
    }[rotation]
    assert box.left - 2.5 <= x <= box.right + 2.5 and box.top - 2.5 <= y <= box.bottom + 2.5
    turned = rotation in (90, 270)
    assert (box.bottom - box.top > box.right - box.left) == turned
    assert document.text == "Walk slowly."


def test_hyphens_are_joined_and_keep_both_places(read_as: ReadAs) -> None:
    content = lines(
        72,
        700,
        "Members of the gar-",
        "dening club meet in the long-",
        "standing hall. A well-",
        "known baker, whose long bread",
        "is standing on a table, and t-",
        "tests of soil are on view, and gardening books.",
    )
    document = read_as("a.pdf", draw([content]))
    expected = (
        "Members of the gardening club meet in the long-standing hall. A well-known baker, whose long bread is "
        "standing on a table, and t-tests of soil are on view, and gardening books."
    )
    assert document.text == expected
    start = expected.index("gardening")
    first, second = within(document.word_boxes, start, start + 9)
    assert (first.start, first.end) == (second.start, second.end) == (start, start + 9)
    assert first.right > second.right and first.bottom < second.bottom


def test_soft_hyphens_go_and_dashes_before_and_stay(read_as: ReadAs) -> None:
    content = lines(
        72, 700, "The warm coats and the wind\xad", "breakers are for short- and long-", "and medium walks."
    )
    assert read_as("a.pdf", draw([content])).text == (
        "The warm coats and the windbreakers are for short- and long- and medium walks."
    )


def numbered(page: int, *texts: str) -> bytes:
    head = text(72, 750, "Notices of the Harbour Board", 9) + text(420, 750, "Spring issue", 9)
    return head + lines(72, 700, *texts) + text(290, 40, f"Page {page} of 3", 9)


def test_running_heads_are_left_out_and_sentences_go_on(read_as: ReadAs) -> None:
    pages = [
        numbered(1, "A boat that stays for longer than a week pays", "the fee of the season, which the"),
        numbered(2, "harbour master takes on the first day of each", "month, and it leaves by"),
        numbered(3, "the end of the autumn. The crane is shut then."),
    ]
    document = read_as("a.pdf", draw(pages))
    assert sentences(document) == [
        "A boat that stays for longer than a week pays the fee of the season, which the harbour master takes on the "
        "first day of each month, and it leaves by the end of the autumn.",
        "The crane is shut then.",
    ]
    assert [document.text[start:].split()[0] for start in document.page_starts] == ["A", "harbour", "the"]
    assert [document.page(document.text.index(word)) for word in ("boat", "harbour", "autumn")] == [1, 2, 3]


def test_lines_whose_numbers_differ_by_content_are_no_running_heads(read_as: ReadAs) -> None:
    def invoice(number: int, dose: int) -> bytes:
        return lines(72, 750, "City Clinic", f"Invoice No. {number}", f"Dose: {dose} mg", "Thank you.")

    read = " ".join(sentences(read_as("a.pdf", draw([invoice(1041, 5), invoice(1057, 30)]))))
    assert "1041" in read and "Dose: 5 mg" in read and "Dose: 30 mg" in read


def test_the_head_of_a_table_is_kept_on_every_page_below_the_running_head(read_as: ReadAs) -> None:
    def row(y: float, *cells: str) -> bytes:
        return b"".join(text(x, y, cell, 10) for x, cell in zip((72, 220, 340, 450), cells, strict=True))

    pages = []
    for page, drugs in enumerate((("Amoril", "Bexin"), ("Corvan", "Dolan"), ("Estrin", "Favon")), 1):
        content = text(72, 760, "Handbook of the ward", 9) + text(300, 760, "Doses", 9) + text(500, 760, "2021", 9)
        content += row(730, "Drug", "Dose", "Times a day", "Most")
        for at, drug in enumerate(drugs):
            content += row(712 - 16 * at, drug, f"{10 * page + at} mg", f"{at + 2}", f"{90 + page} mg")
        pages.append(content + text(290, 40, f"Page {page} of 3", 9))
    document = read_as("a.pdf", draw(pages))
    assert "Handbook" not in document.text
    rows = [line for line in document.text.splitlines() if line]
    assert rows == [
        f"Drug: {drug} | Dose: {10 * page + at} mg | Times a day: {at + 2} | Most: {90 + page} mg"
        for page, drugs in enumerate((("Amoril", "Bexin"), ("Corvan", "Dolan"), ("Estrin", "Favon")), 1)
        for at, drug in enumerate(drugs)
    ]


def test_what_recurs_is_kept_where_it_is_all_there_is_or_a_title(read_as: ReadAs) -> None:
    assert quotes(read_as("a.pdf", draw([text(72, 750, "Closed.", 9)] * 2))) == ["Closed.", "Closed."]
    title = text(72, 750, "Opening hours", 20)
    document = read_as(
        "b.pdf", draw([title + text(72, 700, words) for words in ("Every day at nine.", "Every day at ten.")])
    )
    assert [heading.title for heading in document.headings] == ["Opening hours"] * 2


BODY = ("The path goes along the river and over", "the old bridge to the weir.")


def test_headings_by_size_and_weight(read_as: ReadAs) -> None:
    content = text(72, 740, "Walks in the valley", 18)
    for number, (title, font) in enumerate((("The river", "F2"), ("The weir", "F2"))):
        content += text(72, 700 - 80 * number, title, 12, font) + lines(72, 680 - 80 * number, *BODY)
    document = read_as("a.pdf", draw([content]))
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Walks in the valley"),
        (2, "The river"),
        (2, "The weir"),
    ]
    assert quotes(document) == [" ".join(BODY)] * 2


def test_headings_of_the_outline(read_as: ReadAs) -> None:
    content = text(72, 740, "1 Walks") + lines(72, 700, *BODY) + text(72, 640, "By the weir") + lines(72, 600, *BODY)
    destination = b"/Dest [7 0 R /Fit]"
    more = [
        b"<< /Type /Outlines /First 9 0 R /Last 9 0 R /Count 2 >>",
        b"<< /Title (Walks) /Parent 8 0 R /First 10 0 R /Last 10 0 R /Count 1 %s >>" % destination,
        b"<< /Title (By the weir) /Parent 9 0 R %s >>" % destination,
    ]
    document = read_as("a.pdf", draw([content], catalog=b"/Outlines 8 0 R", more=more))
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "1 Walks"), (2, "By the weir")]


def scripted(y: float, *runs: tuple[str, float]) -> bytes:
    """Return a line of runs, each raised by some points (lowered by a negative number)."""
    content, x = b"", 72.0
    for words, rise in runs:
        size = 7 if rise else 11
        content += text(x, y + rise, words, size, "F3")
        x += 0.6 * size * len(words)
    return content


def test_exponents_indices_and_notes(read_as: ReadAs) -> None:
    pond = (
        ("The pond has 10", 0),
        ("5", 4),
        (" frogs on 40 m", 0),
        ("2", 4),
        (", and H", 0),
        ("2", -3),
        ("O for 12", 0),
    )
    content = (
        scripted(700, *pond, ("3", 4), (" weeks.", 0)) + text(72, 60, "3", 6) + text(76, 57, "If no rain falls.", 8)
    )
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "The pond has 10⁵ frogs on 40 m², and H₂O for 12[3] weeks.",
        "[3] If no rain falls.",
    ]


def test_a_note_stands_after_its_paragraph(read_as: ReadAs) -> None:
    content = (
        text(72, 700, "Herons are counted in the month of May", font="F3")
        + scripted(686, ("by the club", 0), ("1", 4), (" and by the school.", 0))
        + text(72, 640, "Ducks are not counted.", font="F3")
        + text(72, 57, "1 Since the year of the flood.", 8)
    )
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "Herons are counted in the month of May by the club[1] and by the school.",
        "[1] Since the year of the flood.",
        "Ducks are not counted.",
    ]


def test_items_keep_their_wrapped_lines(read_as: ReadAs) -> None:
    content = (
        text(72, 700, "Bring these things to the meeting on the shore:")
        + lines(72, 680, "•", "", "•", "3.")
        + lines(90, 680, "a coat that keeps the wind and the rain", "away from you", "a lamp", "Bread for the day.")
    )
    document = read_as("a.pdf", draw([content]))
    assert [(block.kind, quote) for block, quote in zip(document.blocks, quotes(document), strict=True)] == [
        ("paragraph", "Bring these things to the meeting on the shore:"),
        ("item", "• a coat that keeps the wind and the rain away from you"),
        ("item", "• a lamp"),
        ("item", "3. Bread for the day."),
    ]


def test_entries_of_a_table_of_contents_stay_apart(read_as: ReadAs) -> None:
    content = lines(72, 700, f"First steps {'. ' * 38}", f"The long way {'. ' * 38}", f"Home {'. ' * 38}")
    content += lines(400, 700, "3", "12", "30")
    assert quotes(read_as("a.pdf", draw([content]))) == ["First steps … | 3", "The long way … | 12", "Home … | 30"]


def test_dots_without_gaps_lead_to_page_numbers(read_as: ReadAs) -> None:
    content = lines(72, 700, f"First steps{'.' * 60}3", f"The long way{'.' * 59}12", f"Home{'.' * 66}", "etc....")
    content += text(400, 672, "30")
    assert quotes(read_as("a.pdf", draw([content]))) == ["First steps … 3", "The long way … 12", "Home … 30", "etc...."]


def test_a_frame_around_a_page_is_no_table(read_as: ReadAs) -> None:
    frame = b"".join((rule(60, 40, 552, 40), rule(60, 760, 552, 760), rule(60, 40, 60, 760), rule(552, 40, 552, 760)))
    assert quotes(read_as("a.pdf", draw([frame + row_by_row(700)]))) == [LEFT_TEXT, RIGHT_TEXT]


def test_ligatures_accents_and_large_first_letters() -> None:
    def piece(words: str, left: float, right: float, base: float = 20, size: float = 10, **more: bool) -> Piece:
        return Piece(words, left, base - size, right, base, base, size, **more)

    frame = Frame(1, 200, 200)
    assert line([piece("f¨", 0, 9), piece("ur", 5, 14, glued=True)], frame).text == "für"
    rows = rows_of(
        [piece("O", 0, 18, 44, 40), piece("nce", 20, 40, 20), piece("upon", 42, 60), piece("a time", 20, 60, 32)]
    )
    assert [line(row, frame).text for row in rows] == ["Once upon", "a time"]
