"""Thirty quotes over ten PDFs of different programs and kinds: the marks cover their letters and no others."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium
import pytest
from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.generic import RectangleObject
from pypdfium2 import PdfDocument, PdfPage

from ingest.readers.registry import read
from ingest.schema import Document
from tests.ingest.readers.test_pdf import draw, encrypted, lines
from ui.page.pdf_marks import PageMarks, pages_with_marks
from ui.page.prose import Mark

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SONG = (
    "The warbler sings from the top of the hedge in early spring, long before the oak has leaves. "
    "Its song is made of clear notes that fall, and of a flourish at the end. "
    "Two males that meet at a border sing at each other for most of a morning. "
    "A flourish that ends in a buzz belongs to another bird, which stays in the marshes. "
)
QUOTES = (
    "Its song is made of clear notes that fall, and of a flourish at the end.",
    "Two males that meet at a border sing at each other for most of a morning.",
    "A flourish that ends in a buzz belongs to another bird, which stays in the marshes.",
)
ARTICLE = f"<h1>Song</h1><p>{SONG}</p>"
COLUMNS = "<div style='columns:2;text-align:justify;hyphens:auto' lang=en><p>{}</p><p>{}</p></div>".format(
    SONG,
    SONG.replace("warbler", "finch"),
)
TABLE = (
    "<style>td,th{border:1px solid;padding:4px}</style><table><tr><th>Bird</th><th>Eggs</th><th>Nest</th></tr>"
    "<tr><td>Wren</td><td>six</td><td>a ball of moss</td></tr><tr><td>Swift</td><td>two</td><td>under a roof</td></tr>"
    "<tr><td>Robin</td><td>five</td><td>near the ground</td></tr></table>"
)
ROWS = ("wren | six | moss", "swift | two | roof", "robin | five | ground")


def hand_written() -> bytes:
    """Return a PDF with a word hyphenated over two lines, and a quote that goes over the end of a page."""
    first = lines(
        72,
        720,
        "The warbler sings from the top of the hedge. Its song is made of clear",
        "notes that fall, and of a flou-",
    )
    first += lines(72, 692, "rish at the end. Two males that meet at a border sing at each other for")
    second = lines(
        72,
        720,
        "most of a morning. A flourish that ends in a buzz belongs to another bird,",
        "which stays in the marshes.",
    )
    return draw([first, second])


def two_columns() -> bytes:
    """Return a PDF of two columns without a rule between them."""
    left = (
        "The warbler sings from the top of",
        "the hedge, long before the oak has",
        "leaves. Its song is made of clear",
        "notes that fall, and of a flourish",
        "at the end. Two males that meet at",
    )
    right = (
        "a border sing at each other for",
        "most of a morning. A flourish that",
        "ends in a buzz belongs to another",
        "bird, which stays in the marshes.",
        "It is seen by few who look for it.",
    )
    return draw([lines(72, 720, *left) + lines(310, 720, *right)])


def written(writer: PdfWriter) -> bytes:
    content = BytesIO()
    writer.write(content)
    return content.getvalue()


def turned(content: bytes, angle: int) -> bytes:
    writer = PdfWriter(clone_from=BytesIO(content))
    for page in writer.pages:
        page.rotate(angle)
    return written(writer)


def cropped(content: bytes) -> bytes:
    """Return the PDF with pages that begin elsewhere than at 0, 0."""
    writer = PdfWriter(clone_from=BytesIO(content))
    for page in writer.pages:
        page.cropbox = RectangleObject((30, 40, 600, 770))
    return written(writer)


def two_on_one(content: bytes) -> bytes:
    """Return the first page of the PDF, smaller, in the right half of a landscape page."""
    writer = PdfWriter()
    sheet = writer.add_blank_page(792, 612)
    page = PdfReader(BytesIO(content)).pages[0]
    sheet.merge_transformed_page(page, Transformation().scale(0.7).translate(380, 40))
    return written(writer)


def by_pdfium() -> bytes:
    """Return a PDF that pdfium has written, with text objects of one line each."""
    made = PdfDocument.new()
    page = made.new_page(500, 400)
    font = pdfium.FPDFText_LoadStandardFont(made, b"Times-Roman")
    for row, line in enumerate(SONG.replace(". ", ".\n").strip().split("\n")):
        line_object = pdfium.FPDFPageObj_CreateTextObj(made, font, 11.0)
        pdfium.FPDFText_SetText(
            line_object,
            ctypes.cast(
                ctypes.create_string_buffer(line.encode("utf-16-le") + b"\0\0"), ctypes.POINTER(ctypes.c_ushort)
            ),
        )
        pdfium.FPDFPageObj_Transform(line_object, 1, 0, 0, 1, 40, 340 - 16 * row)
        pdfium.FPDFPage_InsertObject(page, line_object)
    page.gen_content()
    content = BytesIO()
    made.save(content)
    return content.getvalue()


def letters(page: PdfPage, shown: PageMarks) -> Counter[str]:
    """Return the letters of a page whose middles lie in its marks, as pdfium itself places them."""
    found: Counter[str] = Counter()
    textpage = page.get_textpage()
    boxes = [(mark.left, mark.top, mark.left + mark.width, mark.top + mark.height) for mark in shown.marks]
    for at in range(textpage.count_chars()):
        x0, y0, x1, y1 = textpage.get_charbox(at)
        x, y = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, 100_000, 100_000, 0, (x0 + x1) / 2, (y0 + y1) / 2, x, y)
        inside = [
            left <= x.value / 1_000 <= right and top <= y.value / 1_000 <= bottom for left, top, right, bottom in boxes
        ]
        if any(inside):
            found.update(filter(str.isalnum, chr(pdfium.FPDFText_GetUnicode(textpage, at))))
    return found


def span_of(document: Document, quote: str) -> tuple[int, int]:
    """Return where a quote is; of a row of a table, `quote` names words of its cells."""
    if " | " not in quote:
        return document.text.index(quote), document.text.index(quote) + len(quote)
    words = quote.split(" | ")
    return next(
        (block.start, block.end)
        for block in document.blocks
        if all(word in document.text[block.start : block.end].lower() for word in words)
    )


def said(document: Document, start: int, end: int) -> Counter[str]:
    """Return the letters of a quote, without the heads that a row repeats."""
    cells = document.text[start:end].split(" | ")
    own = [cell.partition(": ")[2] or cell for cell in cells] if len(cells) > 1 else cells
    return Counter(filter(str.isalnum, "".join(own)))


MADE: dict[str, tuple[Callable[[Callable[..., bytes]], bytes], tuple[str, ...]]] = {
    "by hand, over lines and pages": (lambda _: hand_written(), QUOTES),
    "by hand, in two columns": (lambda _: two_columns(), QUOTES),
    "Chromium": (lambda print_: print_(ARTICLE), QUOTES),
    "Chromium, in justified columns": (lambda print_: print_(COLUMNS), QUOTES),
    "Chromium, a table": (lambda print_: print_(TABLE), ROWS),
    "pypdf, turned": (lambda _: turned(hand_written(), 90), QUOTES),
    "pypdf, cropped and turned": (lambda _: turned(cropped(hand_written()), 270), QUOTES),
    "pypdf, encrypted": (lambda _: encrypted(two_columns(), "", "AES-256"), QUOTES),
    "pypdf, a page within a page": (lambda _: two_on_one(two_columns()), QUOTES),
    "pdfium": (lambda _: by_pdfium(), QUOTES),
}


@pytest.mark.parametrize("name", MADE)
def test_marks_cover_the_letters_of_a_quote_and_no_others(name: str, chromium: Browser, tmp_path: Path) -> None:
    def printed(html: str) -> bytes:
        page = chromium.new_page()
        page.set_content(html)
        content = page.pdf()
        page.close()
        return content

    make, quotes = MADE[name]
    (tmp_path / "a.pdf").write_bytes(make(printed))
    document = read(tmp_path / "a.pdf", "a.pdf")
    opened = PdfDocument(tmp_path / "a.pdf")
    opened.init_forms()
    sizes = [opened.get_page_size(number) for number in range(len(opened))]
    assert len(quotes) == 3
    for quote in quotes:
        start, end = span_of(document, quote)
        shown = pages_with_marks(document, [Mark(start, end, 0, asked=True)], sizes)
        found = sum((letters(opened[each.number - 1], each) for each in shown), Counter())
        assert found == said(document, start, end), quote
        assert [each.unplaced for each in shown if each.unplaced] == []
