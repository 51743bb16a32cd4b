from collections.abc import Callable

import pytest

from ingest.errors import SourceUnreadable
from ingest.readers.package import Budget, OverBudget
from ingest.readers.web import epub
from ingest.schema import Document
from tests.ingest.readers.test_packages import BOOK, CONTAINER, book

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def test_a_damaged_chapter_costs_that_chapter(read_as: ReadAs) -> None:
    document = read_as("a.epub", book(**{"OEBPS__text__one.xhtml": b"a\0b"}))
    assert document.text == "Two\n\nNight\n\nSleep."
    assert document.note == "chapters are missing: one.xhtml (is not text (it contains NUL bytes))"


def test_a_book_without_a_readable_chapter_is_refused(refused: Refused) -> None:
    damaged = {"OEBPS__text__one.xhtml": b"a\0b", "OEBPS__text__chapter 2.xhtml": b"a\0b"}
    assert refused("a.epub", book(**damaged)).what == "contains no text to quote"
    single = BOOK.replace('<itemref idref="nav"/>', "").replace('<itemref idref="two"/>', "")
    one = book(**{"OEBPS__book.opf": single, "OEBPS__text__one.xhtml": b"a\0b"})
    assert refused("a.epub", one).what == "is not text (it contains NUL bytes)"


def test_the_language_and_the_notes_of_a_book(read_as: ReadAs) -> None:
    stated = BOOK.replace("</metadata>", "<dc:language>de-AT</dc:language></metadata>")
    chapter = (
        '<html xmlns:epub="http://www.idpf.org/2007/ops"><body><p>Nimm 12<a epub:type="noteref" href="n.xhtml">'
        "<sup>3</sup></a> Tropfen.</p></body></html>"
    )
    document = read_as("a.epub", book(**{"OEBPS__book.opf": stated, "OEBPS__text__one.xhtml": chapter}))
    assert document.language == "de"
    assert document.text.startswith("Nimm 12[3] Tropfen.")


def test_a_book_that_is_larger_than_it_may_be_is_refused() -> None:
    with pytest.raises(OverBudget, match="unpacks to more than"):
        epub.read(book(), "a.epub", Budget(size=len(CONTAINER) + len(BOOK) + 100))
