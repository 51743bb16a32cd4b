"""Listings of code in PDFs."""

from collections.abc import Callable

from ingest.schema import Document
from tests.ingest.readers.test_pdf import draw, lines, quotes, text

ReadAs = Callable[[str, str | bytes], Document]

PROSE = (
    "The pump is switched by a small program, which is kept on the card beside the",
    "motor and is started whenever the level of the water has been over the upper",
    "mark for a minute. It writes what it has done to a file of the same name.",
)
WIDTH = 6.6  # points of a letter of F3 at 11


def code(y: float, *texts: str, x: float = 90) -> bytes:
    """Return lines of code, indented by their spaces."""
    return b"".join(
        text(x + WIDTH * (len(each) - len(each.lstrip())), y - 13 * number, each.lstrip(), font="F3")
        for number, each in enumerate(texts)
        if each
    )


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, quote) for block, quote in zip(document.blocks, quotes(document), strict=True)]


def test_a_listing_keeps_its_lines_and_indents(read_as: ReadAs) -> None:
    listing = ("def pump(level):", "    while level > UPPER:", "        motor.run()", "", "    log.write('done')")
    content = lines(72, 720, *PROSE) + code(660, *listing) + lines(72, 580, *PROSE)
    assert kinds(read_as("a.pdf", draw([content]))) == [
        ("paragraph", " ".join(PROSE)),
        ("code", "\n".join(listing)),
        ("paragraph", " ".join(PROSE)),
    ]


def test_a_hyphen_at_the_end_of_a_line_of_code_is_no_hyphenation(read_as: ReadAs) -> None:
    content = lines(72, 720, *PROSE) + code(660, "apt install pump-", "motor card")
    assert kinds(read_as("a.pdf", draw([content])))[1] == ("code", "apt install pump-\nmotor card")


def test_one_word_of_code_in_a_sentence_makes_no_listing(read_as: ReadAs) -> None:
    content = lines(72, 720, *PROSE) + text(72, 678, "Call") + text(96, 678, "pump(3)", font="F3")
    content += text(145, 678, "by hand.")
    assert kinds(read_as("a.pdf", draw([content])))[1:] == [("paragraph", "Call pump(3) by hand.")]


def test_sentences_in_letters_of_one_width_are_no_code(read_as: ReadAs) -> None:
    letter = ("Dear neighbours, the pump in the cellar", "is mended and runs without a noise now.")
    content = lines(72, 720, *PROSE) + code(660, *letter)
    assert kinds(read_as("a.pdf", draw([content])))[1] == ("paragraph", " ".join(letter))


def test_addresses_are_no_code(read_as: ReadAs) -> None:
    content = code(740, "ann@ham.example", "ben@ham.example") + lines(72, 700, *PROSE)
    assert {kind for kind, _ in kinds(read_as("a.pdf", draw([content])))} == {"paragraph"}


def test_a_typed_document_has_no_listings(read_as: ReadAs) -> None:
    content = code(720, *PROSE) + code(660, "x = pump(3)", "y = pump(4)") + text(72, 600, "Printed.")
    assert {kind for kind, _ in kinds(read_as("a.pdf", draw([content])))} == {"paragraph"}
