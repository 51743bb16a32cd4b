"""The values of form fields of PDFs that are drawn here."""

from collections.abc import Callable

from ingest.schema import Document
from ingest.word_boxes import within
from tests.ingest.readers.test_pdf import draw, lines, quotes, text

ReadAs = Callable[[str, str | bytes], Document]

FIRST = 8  # the number of the first further object of a file with one page


def form(content: bytes, *fields: bytes) -> bytes:
    """Return a page with fields, each the entries of its dictionary."""
    numbers = b" ".join(b"%d 0 R" % (FIRST + number) for number in range(len(fields)))
    widget = b"<< /Type /Annot /Subtype /Widget %s >>"
    return draw(
        [content],
        page=b"/Annots [%s]" % numbers,
        catalog=b"/AcroForm << /Fields [%s] >>" % numbers,
        more=[widget % entries for entries in fields],
    )


def value(name: str, left: float, low: float, words: str, more: bytes = b"") -> bytes:
    rectangle = b"/Rect [%.0f %.0f %.0f %.0f]" % (left, low, left + 150, low + 16)
    return b"/FT /Tx /T (%s) /V (%s) %s %s" % (name.encode(), words.encode("cp1252"), rectangle, more)


def tick(name: str, left: float, low: float, state: str) -> bytes:
    rectangle = b"/Rect [%.0f %.0f %.0f %.0f]" % (left, low, left + 12, low + 12)
    names = (name.encode(), state.encode(), state.encode())
    return b"/FT /Btn /T (%s) /V /%s /AS /%s /AP << /N << /On null /Off null >> >> " % names + rectangle


def test_values_follow_their_labels(read_as: ReadAs) -> None:
    content = text(72, 740, "Hire of a bicycle", 16) + lines(
        72, 700, "Name of the hirer:", "Days", "Height", leading=30
    )
    document = read_as(
        "a.pdf",
        form(
            content,
            value("a", 200, 698, "Anne Reed"),
            value("b", 200, 668, "3"),
            value("c", 200, 638, ""),
        ),
    )
    assert quotes(document) == ["Name of the hirer: Anne Reed", "Days: 3", "Height"]
    start = document.text.index("Anne")
    (box,) = within(document.word_boxes, start, start + 4)
    assert (box.left, box.right) == (200, 350)


def test_labels_above_and_missing(read_as: ReadAs) -> None:
    content = text(72, 700, "Place of birth") + text(72, 600, "Sign the form before the sixth of June.")
    found = quotes(read_as("a.pdf", form(content, value("a", 72, 680, "Oakham"), value("Remark", 300, 500, "none"))))
    assert found == ["Place of birth: Oakham", "Sign the form before the sixth of June.", "Remark: none"]


def test_boxes_to_tick(read_as: ReadAs) -> None:
    content = text(90, 700, "I bring a helmet") + text(90, 670, "I pay by card")
    assert quotes(read_as("a.pdf", form(content, tick("a", 72, 698, "On"), tick("b", 72, 668, "Off")))) == [
        "I bring a helmet: yes",
        "I pay by card: no",
    ]


def test_hidden_fields_are_left_out_and_a_form_may_have_no_other_text(read_as: ReadAs) -> None:
    hidden = value("Code", 200, 600, "secret", b"/F 2")
    assert read_as("a.pdf", form(b"", value("Town", 72, 700, "Dole"), hidden)).text == "Town: Dole"
