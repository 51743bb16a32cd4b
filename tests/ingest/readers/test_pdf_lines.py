"""Lines of PDFs that are units of their own: labels with values, numbered entries, rows that only gaps part."""

from collections.abc import Callable

import pytest

from ingest.readers.pdf.lines import line
from ingest.readers.pdf.page import Frame, Piece
from ingest.schema import Document
from tests.ingest.readers.test_pdf import draw, lines, quotes, text

ReadAs = Callable[[str, str | bytes], Document]


def pairs(y: float, *rows: tuple[str, str], x: float = 72, value: float = 220) -> bytes:
    """Return labels and their values below each other."""
    return b"".join(text(x, y - 14 * at, a) + text(value, y - 14 * at, b) for at, (a, b) in enumerate(rows))


@pytest.mark.parametrize(
    "rows",
    [
        ("Berth: 12 at the north quay", "Fee for it: 9 euros a night", "Boat: the Morning Star of Ham"),
        ("2.1 Boats that stay a week", "2.1.1 Boats that stay on", "2.2. Boats of other harbours"),
    ],
)
def test_lines_that_begin_alike_stay_apart(read_as: ReadAs, rows: tuple[str, ...]) -> None:
    assert quotes(read_as("a.pdf", draw([lines(72, 700, *rows)]))) == list(rows)


def test_a_label_in_a_sentence_parts_nothing(read_as: ReadAs) -> None:
    words = ("The keeper asks for one thing: that every", "lamp is out by ten: the herons sleep then.")
    assert quotes(read_as("a.pdf", draw([lines(72, 700, *words)]))) == [" ".join(words)]


def test_labels_and_values_that_a_gap_parts_are_lines(read_as: ReadAs) -> None:
    content = text(72, 730, "The harbour of Ham has these berths and these boats for the coming season.")
    content += pairs(700, ("Reason", "A storm in May"), ("Kind of damage", "A broken mast"))
    assert quotes(read_as("a.pdf", draw([content])))[1:] == ["Reason A storm in May", "Kind of damage A broken mast"]


def test_a_value_keeps_its_second_line(read_as: ReadAs) -> None:
    content = pairs(700, ("Reason", "Storm in the month of May, which"), ("", "No forecast had seen"), ("Sum", "300"))
    assert quotes(read_as("a.pdf", draw([content]))) == [
        "Reason Storm in the month of May, which No forecast had seen",
        "Sum 300",
    ]


def gaps(*lefts: float) -> float:
    """Return where the value begins in a line of words, each 20 points wide, with letters of 10 points."""
    frame = Frame(1, 600, 800)
    pieces = [Piece("word", left, 90, left + 20, 100, 100, 10) for left in lefts]
    return line(pieces, frame).value


def test_a_line_stretched_to_the_width_of_its_paragraph_has_no_value() -> None:
    assert gaps(0, 60, 140) == 60
    assert gaps(0, 55, 110) == float("inf")
    assert gaps(0, 25, 50) == float("inf")
    assert gaps(0) == float("inf")


def test_abbreviations_of_several_words_are_no_items(read_as: ReadAs) -> None:
    item = ("• Mittel gegen Sodbrennen, die man oft nimmt (z.", "B. am Abend), und andere, die man selten", "nimmt.")
    names = ("M. E. Dorn and B. L. Broad keep the lock of", "Ham since the year of the flood.")
    document = read_as("a.pdf", draw([lines(72, 700, *item) + lines(72, 620, *names)]))
    assert [(block.kind, quote) for block, quote in zip(document.blocks, quotes(document), strict=True)] == [
        ("item", " ".join(item)),
        ("paragraph", " ".join(names)),
    ]


def test_a_hyphenated_word_is_whole_where_its_letters_cease_to_be_bold(read_as: ReadAs) -> None:
    content = text(72, 700, "Fees for the boats that stay in the har-", font="F2") + text(
        72, 686, "bour. These are paid at the gate in the morning."
    )
    content += lines(
        72, 640, "The gate is green, and the keeper of the lock", "lives beside it with two dogs and a goose."
    )
    assert quotes(read_as("a.pdf", draw([content])))[0] == (
        "Fees for the boats that stay in the harbour. These are paid at the gate in the morning."
    )
