"""PPTX: slides in order, each a page under its title; tables row by row, notes at the end of each slide."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean
from ingest.readers.package import BROKEN, Budget, unpacked
from ingest.readers.source import one_line, sha256, stem_title
from ingest.schema import Document

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ROW = "{http://schemas.openxmlformats.org/drawingml/2006/main}tr"
_NO_TITLE = "PowerPoint Presentation"  # the default title of a file without one


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of a presentation; a slide is a page.

    Raises:
        SourceUnreadable: the file is not a PPTX, is damaged, or is too large when unpacked.
    """
    if data.startswith(_OLE):
        raise SourceUnreadable(
            "is password-protected or an old .ppt file", source, "save it as .pptx without a password"
        )
    title, slides = _open(unpacked(data, source, "PPTX", budget), source)
    assembled = assemble(piece for slide in slides for piece in slide)
    return Document(
        source,
        title or next((heading.title for heading in assembled.headings), "") or stem_title(source),
        None,
        assembled.text,
        sha256(data),
        page_starts=tuple(heading.start for heading in assembled.headings),
        headings=assembled.headings,
        blocks=assembled.blocks,
        verbatim=False,
    )


def _open(package: BytesIO, source: str) -> tuple[str, list[list[Piece]]]:
    """Return the title property and the pieces of each slide."""
    from lxml.etree import LxmlError  # type: ignore[import-untyped]
    from pptx import Presentation
    from pptx.exc import PythonPptxError

    try:
        shown = Presentation(package)
        title = one_line(clean(shown.core_properties.title or ""))
        slides = _slides(shown.slides)
    except (PythonPptxError, LxmlError, KeyError, *BROKEN) as error:
        raise SourceUnreadable("is not a readable PPTX", source, "save it again as .pptx") from error
    return "" if title == _NO_TITLE else title, slides


def _slides(slides: "Iterable[Slide]") -> list[list[Piece]]:
    """Return the pieces of each slide; a slide or a page of notes that is named again is not read again."""
    known: set[str] = set()
    read: list[list[Piece]] = []
    for slide in slides:
        if slide.part.partname in known:
            continue
        known.add(slide.part.partname)
        pieces = list(_slide(slide, len(read) + 1))
        if slide.has_notes_slide and slide.notes_slide.part.partname not in known:
            known.add(slide.notes_slide.part.partname)
            pieces += _notes(slide)
        read.append(pieces)
    return read


def _slide(slide: "Slide", number: int) -> Iterator[Piece]:
    heading = slide.shapes.title
    name = one_line(clean(heading.text_frame.text)) if heading is not None else ""
    yield Piece(name or f"Slide {number}", level=1)
    titled = heading.element if name and heading is not None else None
    yield from _shapes(shape for shape in slide.shapes if shape.element is not titled)


def _notes(slide: "Slide") -> Iterator[Piece]:
    notes = slide.notes_slide.notes_text_frame
    if notes is not None:
        yield from (Piece(paragraph.text) for paragraph in notes.paragraphs)


def _shapes(shapes: "Iterable[BaseShape]") -> Iterator[Piece]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # a group
            yield from _shapes(shape.shapes)
        elif getattr(shape, "has_table", False):
            for row in shape.element.iter(_ROW):  # not `table.rows`, which takes quadratic time
                yield Piece(" | ".join(filter(None, (one_line(cell.text) for cell in row.tc_lst))))
        elif shape.has_text_frame:
            paragraphs = shape.text_frame.paragraphs  # type: ignore[attr-defined]
            yield from (Piece(paragraph.text.replace("\v", "\n")) for paragraph in paragraphs)
