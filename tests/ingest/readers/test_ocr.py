"""Pages that are images, with and without the extra `[ocr]`."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.errors import SourceUnreadable
from ingest.readers.pdf import ocr
from ingest.schema import Document
from ingest.word_boxes import within

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


def test_without_the_extra_its_installation_is_named(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    assert refused("a.pdf", scanned(LINES)).remedy == (
        'run OCR on it first, or install it: pip install "cited-assistant[ocr]"'
    )


def test_after_its_time_pages_are_left_out(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_SECONDS", -1.0)
    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    assert refused("a.pdf", scanned(LINES)).what == "contains no text (probably a scan)"
