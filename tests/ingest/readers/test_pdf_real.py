"""What real PDFs do, drawn here: text beside the page's own, lines of other kinds, marks, and large or loose type."""

from collections.abc import Callable

import pytest

from ingest.readers.pdf.glyphs import put_lam_first
from ingest.readers.pdf.lines import BULLETS, line, rows_of
from ingest.readers.pdf.page import Frame, Piece
from ingest.readers.pdf.paragraphs import parts
from ingest.readers.symbols import family, sign
from ingest.schema import Document
from ingest.text.sentences import starts_item
from tests.ingest.readers.test_pdf import draw, lines, quotes, rule, text

ReadAs = Callable[[str, str | bytes], Document]


def sideways(x: float, y: float, words: str) -> bytes:
    """Return the operators that show a line from below to above."""
    return b"BT /F1 11 Tf 0 1 -1 0 %.1f %.1f Tm (%s) Tj ET\n" % (x, y, words.encode())


def shaded(x: float, y: float, width: float, height: float) -> bytes:
    """Return the operators that fill a rectangle with yellow."""
    return b"q 1 1 0.6 rg %.1f %.1f %.1f %.1f re f Q\n" % (x, y, width, height)


def underlined(x: float, y: float, words: str) -> bytes:
    """Return the operators that show a line of letters of one width and draw a line below it."""
    return text(x, y, words, font="F3") + rule(x, y - 2, x + 6.6 * len(words), y - 2)


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def test_text_in_the_margin_is_no_part_of_a_sentence_over_pages(read_as: ReadAs) -> None:
    first = lines(72, 700, "The lock keeper opens the gates when the", "first boats of the day have come up to the")
    second = lines(72, 700, "quay, and not before. He closes them when", "the last of them has left in the evening.")
    document = read_as("a.pdf", draw([first + sideways(40, 300, "Draft of spring"), second]))
    assert quotes(document)[0].startswith("The lock keeper")
    assert "have come up to the quay, and not before." in quotes(document)[0]
    assert "Draft of spring" in quotes(document)[1:]


def test_a_table_parts_what_stands_above_and_below_it(read_as: ReadAs) -> None:
    content = text(72, 720, "These fares are for one") + text(72, 560, "person and one bag only.")
    content += b"".join(rule(72, 700 - 25 * row, 372, 700 - 25 * row) for row in range(5))
    content += b"".join(rule(72 + 150 * column, 700, 72 + 150 * column, 600) for column in range(3))
    for row, cells in enumerate((("Boat", "Fare"), ("Ferry", "2"), ("Barge", "3"), ("Tug", "9"))):
        content += b"".join(text(76 + 150 * at, 684 - 25 * row, cell) for at, cell in enumerate(cells))
    found = quotes(read_as("a.pdf", draw([content])))
    assert found[0] == "These fares are for one"
    assert found[-1] == "person and one bag only."


def test_letters_drawn_twice_to_make_them_bold_are_read_once(read_as: ReadAs) -> None:
    words = "All off the ship well before eleven."
    whole = text(72, 700, words) + text(73, 700, words)
    letters = b"".join(
        text(72 + 8 * at, 650, letter) + text(73 + 8 * at, 650, letter) for at, letter in enumerate("Tolls")
    )
    document = read_as("a.pdf", draw([whole + letters]))
    assert quotes(document)[0] == words
    assert "".join(quotes(document)[1:]).replace(" ", "") == "Tolls"


def test_the_letters_of_lam_and_alef_are_in_order() -> None:
    import numpy as np

    codes = np.array([0x627, 0x625, 0x644, 0x646], dtype="u4")
    put_lam_first(codes, np.array([False, False, True, False]))
    assert codes.tolist() == [0x627, 0x644, 0x625, 0x646]


def test_lines_from_right_to_left_are_one_paragraph() -> None:
    texts = (("من", "طويل", "سطر", "هذا"), ("من", "طويل", "سطر", "وهذا"), ("النهاية", "كلمة"))
    pieces = []
    for row, words in enumerate(texts):
        for at, word in enumerate(reversed(words)):
            right = 400 - 60 * at
            base = 100.0 + 14 * row
            pieces.append(Piece(word, right - 50, base - 8, right, base + 2, base, 11))
    column = tuple(line(row, Frame(1, 612, 792)) for row in rows_of(pieces))
    assert len(parts([column], 11)) == 1


def test_a_small_label_before_a_filled_line_is_no_subscript(read_as: ReadAs) -> None:
    content = text(72, 700, "Name of boat:", size=8) + text(130, 702, "Morning Star of the North", size=12)
    assert quotes(read_as("a.pdf", draw([content]))) == ["Name of boat: Morning Star of the North"]


def test_marks_in_a_column_of_their_own_stay_with_their_lines(read_as: ReadAs) -> None:
    marks = ("I.", "II.", "III.", "¢", "IV.", "V.")
    words = ("Mooring", "Casting off", "Steering home", "In a flood", "Paying tolls", "Leaving")
    content = b""
    for row, (mark, word) in enumerate(zip(marks, words, strict=True)):
        content += text(72, 700 - 40 * row, mark) + text(110, 700 - 40 * row, word)
    document = read_as("a.pdf", draw([content]))
    assert all(f"{mark} {word}" in document.text for mark, word in zip(marks, words, strict=True))


def test_the_numbers_of_lines_are_not_read(read_as: ReadAs) -> None:
    spoken = (
        "The court will hear",
        "the case of the lock",
        "and of its keeper, who",
        "let no boat through",
        "that day.",
    )
    content = lines(72, 700, *map(str, range(1, 6)), leading=28) + lines(120, 700, *spoken, leading=28)
    assert quotes(read_as("a.pdf", draw([content]))) == [" ".join(spoken)]


def test_two_short_blocks_beside_each_other_below_a_numbered_heading(read_as: ReadAs) -> None:
    content = text(72, 720, "4", size=14) + text(130, 720, "Signed by", size=14)
    content += lines(130, 690, "At the lock this spring,", "before the first boat.")
    left = ("Ada Lock", "Keeper of the gates", "Lock House", "Old Quay")
    right = ("Ben Weir", "Keeper of the tolls", "Toll House", "New Quay")
    content += lines(130, 640, *left) + lines(330, 640, *right)
    content += text(72, 560, "This page stays in the book of the lock, where all can read it.")
    document = read_as("a.pdf", draw([content]))
    order = [document.text.index(words) for words in (*left, *right, "This page stays")]
    assert order == sorted(order)


def test_the_first_lines_of_a_right_column_are_no_title_over_both(read_as: ReadAs) -> None:
    left = lines(
        72,
        640,
        *(
            "Quotes from visitors of",
            "the lock fill this side of",
            "the page, and they are",
            "set in the small type of",
            "the whole book, six",
            "lines of it.",
        ),
    )
    right = lines(
        330,
        700,
        "The lock is one of",
        "the oldest of the land",
        "and the only one that",
        "is still of wood.",
        size=16,
        leading=20,
    )
    right += lines(
        330, 620, "It was built by hand in", "one summer, and has", "been mended ever since", "by those who live here."
    )
    found = quotes(read_as("a.pdf", draw([left + right])))
    assert any(
        "The lock is one of the oldest of the land and the only one that is still of wood." in each for each in found
    )


def test_long_texts_in_ruled_boxes_are_read_box_by_box(read_as: ReadAs) -> None:
    long = ("The gates are opened by hand, and it takes two people",) * 18
    boxes = (
        (("AIM", "OF THE", "HOUSE"), ("To keep the lock, and", "to let boats", "through it.")),
        (("WORK", "OF THE", "HOUSE"), long),
        (("END", "OF THE", "HOUSE"), ("There is none, as", "long as the river", "runs.")),
    )
    content, y = b"", 740.0
    for name, texts in boxes:
        height = 20 + 14 * len(texts)
        content += rule(60, y, 560, y) + lines(66, y - 22, *name, font="F2") + lines(200, y - 16, *texts)
        y -= height
    content += rule(60, y, 560, y) + b"".join(rule(x, 740, x, y) for x in (60, 190, 560))
    found = read_as("a.pdf", draw([content])).text
    order = [found.index(each) for each in ("AIM", "To keep the lock", "WORK", long[0], "END", "There is none")]
    assert order == sorted(order)


def test_headings_of_chapter_section_and_below_may_follow_each_other(read_as: ReadAs) -> None:
    content = text(72, 720, "2 Boats", size=16, font="F2") + text(72, 695, "2.1 Ferries", size=13, font="F2")
    content += text(72, 672, "2.1.1 On rivers", size=12, font="F2")
    content += lines(72, 650, "A ferry on a river needs no keel, and it", "may be pulled over by a rope.")
    assert headings(read_as("a.pdf", draw([content]))) == [(1, "2 Boats"), (2, "2.1 Ferries"), (3, "2.1.1 On rivers")]


def test_tables_do_not_decide_the_usual_size(read_as: ReadAs) -> None:
    content = text(72, 740, "Fares", size=16) + text(72, 560, "Children ride for free.")
    content += b"".join(rule(72, 720 - 25 * row, 372, 720 - 25 * row) for row in range(6))
    content += b"".join(rule(72 + 150 * column, 720, 72 + 150 * column, 595) for column in range(3))
    for row in range(5):
        content += text(76, 704 - 25 * row, f"Ferry number {row}") + text(226, 704 - 25 * row, f"costs {row} coins")
    assert headings(read_as("a.pdf", draw([content]))) == [(1, "Fares")]


def test_single_lines_with_wide_gaps_are_paragraphs_of_their_own(read_as: ReadAs) -> None:
    names = (
        "Present this evening",
        "Ada, the keeper of the lock",
        "Ben, the keeper of the tolls",
        "Guests",
        "Nobody came",
    )
    content = lines(72, 700, *names[:1]) + lines(72, 686, *names[1:3]) + lines(72, 640, *names[3:4])
    content += lines(72, 612, names[4]) + lines(72, 584, "The meeting ends at nine") + lines(72, 556, "All go home")
    assert "Guests" in quotes(read_as("a.pdf", draw([content])))


def test_a_bold_line_after_a_paragraph_is_not_its_last_line(read_as: ReadAs) -> None:
    content = lines(72, 700, "The gates of the lock open at nine in the morning and", "they close at dusk.")
    content += text(72, 672, "tolls", font="F2") + lines(
        72, 658, "A toll is paid for each boat and for each of those in", "it."
    )
    assert headings(read_as("a.pdf", draw([content]))) == [(1, "tolls")]


def test_shading_behind_the_lines_of_a_cell_is_no_row_of_its_own(read_as: ReadAs) -> None:
    content = b"".join(rule(60, 700 - 60 * row, 510, 700 - 60 * row) for row in range(4))
    content += b"".join(rule(60 + 150 * at, 700, 60 + 150 * at, 520) for at in range(4))
    cells = (("Boat", "Load", "Remark"), ("Barge", "9 t", "slow but"), ("Ferry", "2 t", "fast and"))
    for row, words in enumerate(cells):
        y = 678 - 60 * row
        content += shaded(60, y - 3, 150, 13) + shaded(60, y - 19, 150, 13) + shaded(360, y - 3, 80, 13)
        content += b"".join(text(68 + 150 * at, y, word, font="F1" if row else "F2") for at, word in enumerate(words))
        content += text(368, y - 16, "cheap") if row else b""
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "Boat: Barge | Load: 9 t | Remark: slow but cheap",
        "Boat: Ferry | Load: 2 t | Remark: fast and cheap",
    ]


def test_a_row_that_goes_on_on_the_next_page_is_read_cell_by_cell(read_as: ReadAs) -> None:
    cells = (
        (
            "Barges are slow, and they",
            "wait at the upper gate until",
            "all of the others are through.",
            "They pay most.",
        ),
        ("Ferries go first, as they", "carry people who have to be", "at work by nine.", "They pay nothing."),
    )
    content = b"".join(rule(60, y, 500, y) for y in (720, 660)) + b"".join(rule(x, 720, x, 660) for x in (60, 280, 500))
    for at, words in enumerate(cells):
        content += b"".join(shaded(64 + 220 * at, 704 - 14 * row, 212, 14) for row in range(4))
        content += lines(66 + 220 * at, 708, *words)
    found = read_as("a.pdf", draw([content])).text
    assert all(" ".join(words[:3]) in found for words in cells)


def test_short_lines_between_two_rules_stay_rows(read_as: ReadAs) -> None:
    content = b"".join(rule(60, y, 500, y) for y in (720, 660)) + b"".join(rule(x, 720, x, 660) for x in (60, 280, 500))
    content += lines(66, 708, "Tea", "Coffee", "Cake", "Milk") + lines(286, 708, "2.50", "3.00", "4.00", "1.00")
    assert "Coffee | 3.00" in quotes(read_as("a.pdf", draw([content])))


def test_the_edges_of_shaded_cells_are_no_columns(read_as: ReadAs) -> None:
    content = b"".join(rule(60, 720 - 30 * row, 466, 720 - 30 * row) for row in range(5))
    content += rule(60, 720, 60, 600) + rule(466, 720, 466, 600)
    cells = (("Barge", "90t", "slow"), ("Ferry", "20t", "fast"), ("Raft", "10t", "slow"), ("Skiff", "30t", "fast"))
    for row, words in enumerate(cells):
        y = 698 - 30 * row
        content += b"".join(shaded(60 + 137 * at, y - 8, 132, 30) for at in range(3) if row % 2 == 0)
        content += b"".join(text(x, y, word) for x, word in zip((68, 205 - row % 2 * 18, 342), words, strict=True))
    assert quotes(read_as("a.pdf", draw([content]))) == [" | ".join(words) for words in cells]


def test_columns_of_numbers_without_lines_inside_a_shaded_part(read_as: ReadAs) -> None:
    rows = [(f"Lock {name}", str(10 + at), str(20 + at), str(30 + at)) for at, name in enumerate("ABCDEFG")]
    content = b""
    for row, cells in enumerate(rows):
        y = 700 - 16 * row
        content += shaded(60, y - 4, 160, 16) + shaded(220, y - 4, 240, 16) + rule(60, y - 4, 460, y - 4)
        content += b"".join(text(x, y, cell) for x, cell in zip((64, 230, 310, 390), cells, strict=True))
    assert quotes(read_as("a.pdf", draw([content]))) == [" | ".join(cells) for cells in rows]


def test_a_head_may_reach_over_the_gap_beside_its_values(read_as: ReadAs) -> None:
    names = ("Upper lock", "Lock of the old mill", "Lower lock", "Sea gate", "Weir of the town", "Mill")
    content = text(58, 718, "Lock number") + text(260, 718, "Name of it") + text(400, 718, "Boats")
    for row, name in enumerate(names):
        y = 700 - 18 * row
        content += text(72, y, f"00{row}") + text(121, y, name) + text(400, y, str(90 + row))
    assert quotes(read_as("a.pdf", draw([content])))[1] == (
        "Lock number: 001 | Name of it: Lock of the old mill | Boats: 91"
    )


@pytest.mark.parametrize(("boats", "wanted"), [("1{}", "May and June: 11 | July: 31"), ("few", "few | 31")])
def test_names_of_rows_need_no_head_beside_numbers(read_as: ReadAs, boats: str, wanted: str) -> None:
    content = text(152, 718, "May and June") + text(320, 718, "July") + text(420, 718, "August")
    for row, name in enumerate(("Upper lock", "Lock of the mill", "Lower lock", "Sea gate", "Weir", "Mill")):
        values = ((72, name), (190, boats.format(row)), (320, f"3{row}"), (420, "none"))
        content += b"".join(text(x, 700 - 18 * row, value) for x, value in values)
    assert wanted in quotes(read_as("a.pdf", draw([content])))[-5]


@pytest.mark.parametrize(
    ("font", "letter", "mark"),
    [
        (b"Wingdings-Regular", "n", "■"),
        (b"ABCDEF+Wingdings2", "R", "☑"),
        (b"ABCDEF+Wingdings3", "h", "•"),
        (b"MonotypeSorts", "4", "✔"),
        (b"Webdings,Bold", "a", "•"),
    ],
)
def test_letters_of_a_font_of_pictures_mark_items(read_as: ReadAs, font: bytes, letter: str, mark: str) -> None:
    content = b""
    for y, words in ((700, "Boats pass the lock by day and"), (672, "Rafts pass by night.")):
        content += text(72, y, letter, font="F2") + text(90, y, words)
    content += text(90, 686, "wait for the tide.")
    found = quotes(read_as("a.pdf", draw([content], fonts=(b"Helvetica", font, b"Courier"))))
    assert found == [f"{mark} Boats pass the lock by day and wait for the tide.", f"{mark} Rafts pass by night."]


def test_the_signs_of_the_font_symbol_are_kept(read_as: ReadAs) -> None:
    runs = (("The dose is 5", "F1", 72), ("m", "F3", 142), ("g if pH", "F1", 149), ("³ 7 ± 1", "F3", 190))
    content = b"".join(text(x, 700, words, font=font) for words, font, x in runs)
    found = read_as("a.pdf", draw([content], fonts=(b"Helvetica", b"Courier", b"Symbol")))
    assert quotes(found) == ["The dose is 5 µg if pH ≥ 7 ± 1"]


@pytest.mark.parametrize(
    ("name", "letters", "signs"),
    [
        ("ABCDEF+Symbol", "am°\uf0b3³·-", "αμ°≥≥•-"),
        ("SymbolMT,Bold", "\uf06d\uf02b", "μ+"),
        ("Wingdings-Regular", "\uf0fco\u2022", "✓☐\u2022"),
        ("ZapfDingbatsStd", "38n\u2713", "✓✘■\u2713"),
        ("SymbolicaSans", "am", "am"),
        ("Helvetica", "am", "am"),
    ],
)
def test_signs_of_a_font_by_its_name(name: str, letters: str, signs: str) -> None:
    found = family(name)
    assert "".join(sign(letter, found) for letter in letters) == signs if found else letters == signs


def test_what_marks_an_item_of_a_pdf_marks_one_in_its_text() -> None:
    assert all(starts_item(f"{bullet} Boats") for bullet in BULLETS)


def test_heads_on_their_side_are_heads(read_as: ReadAs) -> None:
    xs, ys = (60, 160, 220, 280), (740, 650, 630, 610, 590)
    content = b"".join(rule(xs[0], y, xs[-1], y) for y in ys) + b"".join(rule(x, ys[0], x, ys[-1]) for x in xs)
    content += text(64, 700, "Lock", font="F2") + sideways(190, 655, "Boats a day") + sideways(250, 655, "Tolls")
    for row, cells in enumerate((("Upper", "12", "48"), ("Middle", "9", "31"), ("Lower", "15", "50"))):
        content += b"".join(text(x + 4, ys[1] - 15 - 20 * row, cell) for x, cell in zip(xs, cells, strict=False))
    assert quotes(read_as("a.pdf", draw([content])))[0] == "Lock: Upper | Boats a day: 12 | Tolls: 48"


def test_underlined_words_are_not_parted_by_lines(read_as: ReadAs) -> None:
    rows: list[tuple[str, tuple[str, ...]]] = [
        ("Made by", ("Ada Lock",)),
        ("First open", ("in spring,", "long ago")),
        ("Built of", ("oak wood",)),
        ("Kept by", ("the town and", "its people")),
        ("Closed", ("at night",)),
        ("Length", ("short",)),
    ]
    content, y = b"", 700.0
    for name, texts in rows:
        content += rule(72, y + 16, 300, y + 16) + underlined(72, y, name)
        content += b"".join(underlined(180, y - 14 * at, words) for at, words in enumerate(texts))
        y -= 14 * len(texts) + 16
    found = quotes(read_as("a.pdf", draw([content])))
    assert found == [f"{name} | {' '.join(texts)}" for name, texts in rows]


def test_a_table_below_another_with_fewer_columns(read_as: ReadAs) -> None:
    content, y = b"", 700.0
    for name, value in (
        ("Way of paying for the passage of a boat", "in coins"),
        ("Costs a year", "9 coins"),
        ("Valid from", "spring"),
        ("Ends", "never"),
    ):
        content += text(72, y, name) + text(300, y, value)
        y -= 16
    y -= 40
    heads = ("Lock", "Number", "A day", "A week", "A month", "A year")
    rows = [heads] + [
        (f"Lock {name}", str(at), str(20 + at), str(30 + at), str(40 + at), str(50 + at))
        for at, name in enumerate("ABCDEF")
    ]
    for cells in rows:
        content += b"".join(text(x, y, cell) for x, cell in zip((72, 150, 220, 300, 370, 440), cells, strict=True))
        y -= 16
    found = quotes(read_as("a.pdf", draw([content])))
    assert [part.rpartition(": ")[2] for part in found[-1].split(" | ")] == ["Lock F", "5", "25", "35", "45", "55"]
