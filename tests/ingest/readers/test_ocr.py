"""Pages that are images, with and without the extra `[ocr]`."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.errors import SourceUnreadable
from ingest.readers.pdf import ocr
from ingest.schema import Document
from ingest.word_boxes import within
from tests.ingest.readers.test_pdf import draw, text

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]

LINES = ("The ice house is closed", "until the end of March.")


def scanned(*pages: tuple[str, ...]) -> bytes:
    """Return a PDF whose pages are images of lines of text, half as large in points as in pixels."""
    images = []
    for texts in pages:
        image = Image.new("RGB", (800, 400), "white")
        for number, words in enumerate(texts):
            ImageDraw.Draw(image).text((60, 60 + 50 * number), words, "black", ImageFont.load_default(40))
        images.append(image)
    file = BytesIO()
    images[0].save(file, "PDF", save_all=True, append_images=images[1:], resolution=144)
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.skipif(not ocr.is_installed(), reason="the extra [ocr] is not installed")
def test_a_scanned_page_is_read(read_as: ReadAs) -> None:
    document = read_as("a.pdf", scanned(LINES, ()))
    assert document.text == "The ice house is closed until the end of March."
    assert (document.ocr_pages, document.note) == ((1,), "page 2 has no text (probably scanned)")
    first = within(document.word_boxes, 0, 3)[0]
    assert 25 < first.left < 35 and 28 < first.top < 40 and 40 < first.bottom < 60


def test_a_scan_with_a_stamp_is_no_page_of_text(read_as: ReadAs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    picture = b"q 600 0 0 780 5 5 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \xff EI Q\n"
    stamped = draw([picture + text(20, 20, "Scanned with Cam"), text(20, 200, "A page of its own text.")])
    document = read_as("a.pdf", stamped)
    assert document.note.startswith("page 1 has no text (probably scanned")
    assert "Scanned with Cam" in document.text and "A page of its own text." in document.text


def test_without_the_extra_its_installation_is_named(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    assert refused("a.pdf", scanned(LINES)).remedy == (
        "run OCR on it first, or install it in the program's folder: "
        '.venv/bin/pip install --constraint constraints.txt ".[ocr]"'
    )


def test_after_its_time_pages_are_left_out(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_SECONDS", -1.0)
    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    assert refused("a.pdf", scanned(LINES)).what == "contains no text (probably a scan)"
