import logging
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO

import pytest
from pypdf import PdfWriter

from ingest.errors import SourceUnreadable
from ingest.readers.pdf import pdf
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def make_pdf(pages: list[list[str]], title: str | None = None) -> bytes:
    """Write a PDF by hand: one page per list, one line of text per string."""
    contents = []
    for lines in pages:
        shown = b" T* ".join(b"<" + line.encode("cp1252").hex().encode() + b"> Tj" for line in lines)
        contents.append(b"BT /F1 12 Tf 14 TL 72 720 Td " + shown + b" ET")
    return draw(contents, title=title)


def text(x: float, y: float, words: str, size: float = 11, font: str = "F1") -> bytes:
    """Return the operators that show a line; the origin is the lower left corner. F2 is bold, F3 has one width."""
    shown = words.encode("cp1252").hex().encode()
    return b"BT /%s %.1f Tf %.1f %.1f Td <%s> Tj ET\n" % (font.encode(), size, x, y, shown)


def lines(x: float, y: float, *texts: str, size: float = 11, leading: float = 14, font: str = "F1") -> bytes:
    """Return the operators that show lines below each other."""
    return b"".join(text(x, y - number * leading, words, size, font) for number, words in enumerate(texts))


def rule(x0: float, y0: float, x1: float, y1: float) -> bytes:
    """Return the operators that draw a line."""
    return b"%.1f %.1f m %.1f %.1f l S\n" % (x0, y0, x1, y1)


def draw(
    contents: list[bytes],
    *,
    title: str | None = None,
    page: bytes = b"",
    catalog: bytes = b"",
    more: Sequence[bytes] = (),
    fonts: Sequence[bytes] = (b"Helvetica", b"Helvetica-Bold", b"Courier"),
) -> bytes:
    """Write a PDF of pages with those contents.

    `fonts` are F1 to F3, `page` and `catalog` are entries of each page's and the catalog's dictionary, `more` further
    objects: the first is number 6 + 2 * len(contents).
    """
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog, b"", *(font % name for name in fonts)]
    kids = []
    for content in contents:
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        resources = b"<< /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >>"
        kid = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources %s /Contents %d 0 R %s >>"
        objects.append(kid % (resources, len(objects), page))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects += more
    trailer = b"/Root 1 0 R"
    if title is not None:
        objects.append(b"<< /Title <" + title.encode("utf-16").hex().encode() + b"> >>")
        trailer += b" /Info %d 0 R" % len(objects)
    return _with_cross_references(objects, trailer)


def _with_cross_references(objects: list[bytes], trailer: bytes) -> bytes:
    written, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    end = b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(written))
    return written + table + end


def encrypted(content: bytes, password: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=BytesIO(content))
    writer.encrypt(password, "owner", algorithm=algorithm)
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def quotes(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def test_pages_are_joined_and_their_starts_recorded(read_as: ReadAs) -> None:
    pages = [["Most back pain", "passes with"], [], ["time."], ["Café “walks” help."], []]
    document = read_as("a.pdf", make_pdf(pages, "Bäck"))
    assert document.text == "Most back pain passes with time.\n\nCafé “walks” help."
    assert document.page_starts == (0, 27, 27, 34, 52)
    assert [(b.start, b.end) for b in document.blocks] == [(0, 32), (34, 52)]
    assert [document.page(offset) for offset in (0, 26, 27, 33, 34, 51)] == [1, 1, 3, 3, 4, 4]
    assert (document.title, document.url, document.headings, document.verbatim) == ("Bäck", None, (), False)


def test_first_pages_without_text_still_count(read_as: ReadAs) -> None:
    document = read_as("a.pdf", make_pdf([[], [], ["Text."]]))
    assert document.page_starts == (0, 0, 0)
    assert document.page(0) == 3


def test_a_short_line_that_ends_a_sentence_ends_a_paragraph(read_as: ReadAs) -> None:
    long = "This line is as long as the lines of this page are."
    document = read_as("a.pdf", make_pdf([[long, "Short end.", long, "no end", long, long, "• one", "• two"]]))
    assert quotes(document) == [f"{long} Short end.", f"{long} no end", f"{long} {long}", "• one", "• two"]
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph", "paragraph", "item", "item"]


def test_equal_pages_keep_their_own_spans(read_as: ReadAs) -> None:
    document = read_as("a.pdf", make_pdf([["Same."], ["Same."]]))
    assert [(b.start, b.end, document.page(b.start)) for b in document.blocks] == [(0, 5, 1), (7, 12, 2)]


@pytest.mark.parametrize("title", [None, "", "  ", "Untitled", "untitled-1", "Microsoft Word - x", "draft.docx"])
def test_default_titles_are_ignored(read_as: ReadAs, title: str | None) -> None:
    assert read_as("hip_pain.pdf", make_pdf([["x"]], title)).title == "hip pain"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_only_a_file_with_a_user_password_is_refused(read_as: ReadAs, refused: Refused, algorithm: str) -> None:
    content = make_pdf([["Open."]])
    error = refused("a.pdf", encrypted(content, "secret", algorithm))
    assert (error.what, error.remedy) == ("is password-protected", "save it without a password")
    assert read_as("b.pdf", encrypted(content, "", algorithm)).text == "Open."


@pytest.mark.parametrize("pages", [[], [[]], [[], ["  "]]])
def test_no_text_on_any_page(refused: Refused, pages: list[list[str]]) -> None:
    error = refused("a.pdf", make_pdf(pages))
    assert error.what == "contains no text (probably a scan)"
    assert error.remedy.startswith("run OCR on it first")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"hello", "is not a readable PDF (Stream has ended unexpectedly)"),
        (b"%PDF-1.4\nnothing", "is not a readable PDF ("),
        (make_pdf([["x"]])[:200], "is not a readable PDF ("),
        (make_pdf([["x"]]).replace(b"/Pages 2 0 R", b"/Pages 9 0 R"), "has no readable pages ("),
    ],
)
def test_broken_files(refused: Refused, content: bytes, what: str) -> None:
    assert refused("a.pdf", content).what.startswith(what)


def damaged(contents: list[bytes], number: int) -> bytes:
    """Return a PDF in which the content of one page has a filter that is none of its own."""
    contents[number] = zlib.compress(contents[number])
    content = draw(contents)
    start = content.rindex(b"/Length", 0, content.index(contents[number]))
    return content[:start] + b"/Filter /JBIG2Decode " + content[start:]


def test_a_damaged_page_costs_that_page(read_as: ReadAs, refused: Refused) -> None:
    north, south = "The north door is locked at seven.", "The south door stays open."
    pages = [text(72, 700, north), text(72, 700, "Lost."), text(72, 700, south)]
    document = read_as("doors.pdf", damaged(pages, 1))
    assert quotes(document) == [north, south]
    assert document.note == "page 2 cannot be read"
    assert [document.page(block.start) for block in document.blocks] == [1, 3]
    error = refused("lost.pdf", damaged([text(72, 700, "Lost.")], 0))
    assert error.what.startswith("has no readable pages (page 1: ")


def test_a_short_name_of_a_filter_is_known(read_as: ReadAs) -> None:
    content = zlib.compress(text(72, 700, "The ferry leaves at noon."))
    packed = draw([content]).replace(b"<< /Length", b"<< /Filter /Fl /Length", 1)
    assert read_as("ferry.pdf", packed).text == "The ferry leaves at noon."


def test_pypdf_logs_nothing(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    content = make_pdf([["x"]]).replace(b"startxref\n", b"startxref\n9")
    with caplog.at_level(logging.DEBUG):
        assert pdf.read(content, "a.pdf").text == "x"
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
