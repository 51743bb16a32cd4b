"""What stands beside the main text of PDF pages: boxes, heads and feet of two parts, and heads of tables that recur."""

from collections.abc import Callable

import pytest

from ingest.schema import Document
from tests.ingest.readers.test_pdf import draw, lines, quotes, rule, text
from tests.ingest.readers.test_pdf_layout import LEFT_TEXT, RIGHT_TEXT, row_by_row
from tests.ingest.readers.test_pdf_lines import pairs

ReadAs = Callable[[str, str | bytes], Document]

MAIN = (
    "The ferry crosses the sound from the first",
    "of March until the last day of October. It",
    "waits for the train of the morning, which",
    "is often late, and leaves without it when",
    "the tide does not allow more. In the other",
    "months a smaller boat goes twice a day.",
)
BOX = ("Tickets are sold on", "board. Dogs travel", "free, and bicycles", "cost two coins.")


def shaded(left: float, bottom: float, width: float, height: float) -> bytes:
    return b"q 0.8 0.9 1 rg %.1f %.1f %.1f %.1f re f Q\n" % (left, bottom, width, height)


SIDES = {
    "shaded": shaded(310, 632, 120, 62),
    "between lines": rule(310, 694, 430, 694) + rule(310, 632, 430, 632),
}


@pytest.mark.parametrize("side", list(SIDES.values()), ids=list(SIDES))
def test_a_box_beside_the_text_is_read_after_it(read_as: ReadAs, side: bytes) -> None:
    content = side + lines(72, 700, *MAIN, leading=15) + lines(316, 680, *BOX, leading=13)
    content += text(72, 590, "It has no cabins, and no lights but those of the masts, and the mate sings.")
    assert quotes(read_as("a.pdf", draw([content]))) == [
        " ".join(MAIN),
        " ".join(BOX),
        "It has no cabins, and no lights but those of the masts, and the mate sings.",
    ]


def test_a_sentence_goes_on_behind_a_box(read_as: ReadAs) -> None:
    content = SIDES["shaded"] + lines(72, 700, *MAIN[:5], leading=15) + lines(316, 680, *BOX, leading=13)
    content += text(72, 600, "winter months, which are the longest part of the year here, nobody crosses it.")
    found = quotes(read_as("a.pdf", draw([content])))
    assert found == [
        " ".join((*MAIN[:5], "winter months, which are the longest part of the year here, nobody crosses it.")),
        " ".join(BOX),
    ]


def test_a_shaded_column_is_part_of_its_table(read_as: ReadAs) -> None:
    rows = (("Boat", "Fare"), ("Ferry", "2"), ("Barge", "3"), ("Tug", "9"), ("Raft", "1"))
    content = shaded(210, 625, 90, 90)
    for at, cells in enumerate(rows):
        font = "F2" if at == 0 else "F1"
        content += b"".join(text(x, 700 - 16 * at, cell, font=font) for x, cell in zip((72, 220), cells, strict=True))
    assert quotes(read_as("a.pdf", draw([content])))[-4:] == [f"Boat: {boat} | Fare: {fare}" for boat, fare in rows[1:]]


def test_a_head_and_a_foot_of_two_parts_are_read_across(read_as: ReadAs) -> None:
    content = text(72, 750, "Rules of the lock", 9) + text(480, 750, "Spring 2021", 9) + row_by_row(700)
    content += text(72, 40, "Board of the harbour", 9) + text(480, 40, "7", 9)
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "Rules of the lock Spring 2021",
        LEFT_TEXT,
        RIGHT_TEXT,
        "Board of the harbour 7",
    ]


def test_the_first_lines_of_two_columns_are_no_head(read_as: ReadAs) -> None:
    assert quotes(read_as("a.pdf", draw([row_by_row(760)]))) == [LEFT_TEXT, RIGHT_TEXT]


def test_the_head_of_a_ruled_table_is_kept_on_every_page(read_as: ReadAs) -> None:
    xs, head = (72, 200, 330, 420, 530), ("Name of the boat", "Berth", "Fee", "Paid")
    pages, expected = [], []
    for page in range(3):
        rows = [(f"Boat {page}{at}", f"B{at}", f"{at + 1} coins", ("yes", "no")[at % 2]) for at in range(11)]
        content = b"".join(rule(72, 770 - 20 * at, 530, 770 - 20 * at) for at in range(13))
        content += b"".join(rule(x, 770, x, 530) for x in xs)
        for at, cells in enumerate([head, *rows]):
            content += b"".join(text(x + 4, 756 - 20 * at, cell, 9) for x, cell in zip(xs, cells, strict=False))
        pages.append(content)
        expected += [" | ".join(f"{name}: {cell}" for name, cell in zip(head, row, strict=True)) for row in rows]
    assert quotes(read_as("a.pdf", draw(pages))) == expected


def test_captions_with_numbers_are_no_running_heads(read_as: ReadAs) -> None:
    pages = [text(72, 750, f"Table {page}") + lines(72, 700, *MAIN[2 * page - 2 : 2 * page]) for page in (1, 2, 3)]
    found = quotes(read_as("a.pdf", draw(pages)))
    assert [quote for quote in found if quote.startswith("Table")] == ["Table 1", "Table 2", "Table 3"]


def test_values_of_several_lines_stay_with_their_labels(read_as: ReadAs) -> None:
    content = pairs(
        700,
        ("Owner:", "the widow of the last keeper, who"),
        ("", "lives at the lock and has the key"),
        ("Place:", "the north quay, behind the crane"),
        ("Use:", "nets and ropes of the club, and a"),
        ("", "boat for two"),
    )
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "Owner: | the widow of the last keeper, who lives at the lock and has the key",
        "Place: | the north quay, behind the crane",
        "Use: | nets and ropes of the club, and a boat for two",
    ]


def columns(y: float, left: tuple[str, ...], right: tuple[str, ...]) -> bytes:
    return lines(72, y, *left) + lines(320, y, *right)


def test_a_block_of_columns_is_read_before_the_one_below_it(read_as: ReadAs) -> None:
    upper = (
        (
            "The lock is closed on Sundays and in",
            "the night, and the keeper is only called",
            "for the boats of doctors, nurses, and of",
        ),
        ("midwives, who have a key to the gate of", "their own. A fee of two coins is to be", "paid on the next day."),
    )
    lower = (
        (
            "Fishing is free on the quay, but not in",
            "the lock itself, and nets are not allowed",
            "in any other part of this old and narrow",
        ),
        ("harbour, which is too crowded for these.", "Lines may be left over night where the", "lamps are lit."),
    )
    assert quotes(read_as("a.pdf", draw([columns(700, *upper) + columns(620, *lower)]))) == [
        " ".join((*upper[0], *upper[1])),
        " ".join((*lower[0], *lower[1])),
    ]


def test_a_gap_in_both_columns_parts_no_block_where_the_text_goes_on_below(read_as: ReadAs) -> None:
    left = (
        "The lock is closed on Sundays and in",
        "the night, and the keeper is only called",
        "for the boats of doctors, nurses, and of",
    )
    below = ("midwives, who have a key to the gate of", "their own. A fee is to be paid by all.")
    right = ("in the harbour they may fish and swim, but", "not in the lock itself, and no nets are", "allowed.")
    rest = ("Lines may be left over night where the", "lamps are lit.")
    content = columns(700, left, right) + columns(600, below, rest)
    assert quotes(read_as("a.pdf", draw([content])))[:2] == [" ".join(left), " ".join(below)]
