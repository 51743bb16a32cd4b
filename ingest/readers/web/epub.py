"""EPUB: the chapters of a book in spine order, each read as an HTML page."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote
from zipfile import ZipFile

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.package import Budget, OverBudget, open_package, read_part
from ingest.readers.source import one_line, stem_title
from ingest.readers.web import html
from ingest.schema import Document

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html")


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of a book.

    Raises:
        SourceUnreadable: the file is not an EPUB, is damaged or encrypted, or is too large when unpacked.
    """
    with open_package(data, source, "EPUB", budget) as package:
        container = _xml(package, _CONTAINER, source, budget)
        path = next((e.get("full-path") for e in container.iter("{*}rootfile") if e.get("full-path")), None)
        if path is None:
            raise SourceUnreadable("is not an EPUB (its container names no book)", source, "save it again as EPUB")
        book = _xml(package, path, source, budget)
        chapters = list(dict.fromkeys(_chapters(book, posixpath.dirname(path))))  # each is in the spine only once
        _refuse_protected(package, chapters, source, budget)
        found: list[Piece] = []
        lost: list[str] = []
        for chapter in chapters:
            try:
                found += _pieces(package, chapter, source, budget)
            except OverBudget:
                raise
            except SourceUnreadable as error:
                if len(chapters) == 1:
                    raise
                lost.append(f"{posixpath.basename(chapter)} ({error.what})")
    note = f"chapters are missing: {', '.join(lost)}" if lost else ""
    title = _stated(book, "title")
    document = extracted(data, source, title or stem_title(source), assemble(found), note)
    return replace(document, language=html.language_code(_stated(book, "language")))


def _stated(book: "_Element", name: str) -> str:
    """Return a field of the book's description."""
    return next((one_line(clean(e.text or "")) for e in book.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}")), "")


def _chapters(book: "_Element", folder: str) -> Iterator[str]:
    """Yield the parts listed in the spine, without the table of contents."""
    items = {item.get("id"): item for item in book.iter("{*}item")}
    for reference in book.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES or "nav" in (item.get("properties") or "").split():
            continue
        yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))


def _pieces(package: ZipFile, chapter: str, source: str, budget: Budget) -> list[Piece]:
    data = read_part(package, chapter, source, budget)
    return html.pieces(data, source) if data.strip() else []


def _refuse_protected(package: ZipFile, chapters: list[str], source: str, budget: Budget) -> None:
    """Raise SourceUnreadable if chapters are encrypted; encrypted fonts are common and harmless."""
    if _ENCRYPTION in package.namelist():
        references = _xml(package, _ENCRYPTION, source, budget).iter("{*}CipherReference")
        if {unquote(reference.get("URI") or "") for reference in references} & set(chapters):
            raise SourceUnreadable("is copy-protected (its chapters are encrypted)", source, "use an unprotected copy")


def _xml(package: ZipFile, name: str, source: str, budget: Budget) -> "_Element":
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(read_part(package, name, source, budget), parser)
    except (etree.LxmlError, ValueError) as error:
        raise SourceUnreadable(
            f"is not a readable EPUB ({name} is damaged)", source, "save it again as EPUB"
        ) from error
