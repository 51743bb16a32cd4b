"""Renders the reader of a PDF: its pages as pictures, with the quotes marked on them."""

from collections.abc import Sequence
from urllib.parse import urlencode

from ingest.schema import Document
from ui.page.pdf_marks import Size, pages_with_marks
from ui.page.places import MarkedSpan
from ui.page.reader import MOVED, marks_in, standing_spans
from ui.page.templating import render
from ui.page.words import place_words


def pages_html(root: str, document: Document, spans: Sequence[MarkedSpan], sizes: Sequence[Size]) -> str:
    """Return all pages of a PDF with spans marked, as the content of a dialog.

    The first span is the one to show. `sizes` are those of the pages, in points.
    """
    standing, asked = standing_spans(document, spans)
    return render(
        "reader_pages.html",
        document=document,
        where=place_words(document.page(asked.start), None) if asked else "",
        quoted=document.text[asked.start : asked.end] if asked else "",
        note=MOVED if spans and asked is None else "",
        picture=urlencode([("root", root), ("source", document.source), ("sha", document.sha)], errors="surrogatepass"),
        pages=pages_with_marks(document, marks_in(standing, asked), sizes),
    )
