"""PPTX: slides in order, each a page under its title; tables row by row, notes at the end of each slide."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean
from ingest.readers.package import BROKEN, open_package
from ingest.readers.source import one_line, sha256, stem_title
from ingest.schema import Document

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_TITLE = "PowerPoint Presentation"  # the default title of a file without one


def read(data: bytes, source: str) -> Document:
    """Return the text of a presentation; a slide is a page.

    Raises:
        SourceUnreadable: the file is not a PPTX, is damaged, or is too large when unpacked.
    """
    if data.startswith(_OLE):
        raise SourceUnreadable(
            "is password-protected or an old .ppt file", source, "save it as .pptx without a password"
        )
    open_package(data, source, "PPTX").close()
    title, slides = _open(data, source)
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


def _open(data: bytes, source: str) -> tuple[str, list[list[Piece]]]:
    """Return the title property and the pieces of each slide."""
    from lxml.etree import LxmlError  # type: ignore[import-untyped]
    from pptx import Presentation
    from pptx.exc import PythonPptxError

    try:
        shown = Presentation(BytesIO(data))
        title = one_line(clean(shown.core_properties.title or ""))
        slides = [list(_slide(slide, number)) for number, slide in enumerate(shown.slides, start=1)]
    except (PythonPptxError, LxmlError, KeyError, *BROKEN) as error:
        raise SourceUnreadable("is not a readable PPTX", source, "save it again as .pptx") from error
    return "" if title == _NO_TITLE else title, slides


def _slide(slide: "Slide", number: int) -> Iterator[Piece]:
    heading = slide.shapes.title
    name = one_line(clean(heading.text_frame.text)) if heading is not None else ""
    yield Piece(name or f"Slide {number}", level=1)
    titled = heading.element if name and heading is not None else None
    yield from _shapes(shape for shape in slide.shapes if shape.element is not titled)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None:
        yield from (Piece(paragraph.text) for paragraph in notes.paragraphs)


def _shapes(shapes: "Iterable[BaseShape]") -> Iterator[Piece]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # a group
            yield from _shapes(shape.shapes)
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:  # type: ignore[attr-defined]
                yield Piece(" | ".join(filter(None, (one_line(cell.text) for cell in row.cells))))
        elif shape.has_text_frame:
            paragraphs = shape.text_frame.paragraphs  # type: ignore[attr-defined]
            yield from (Piece(paragraph.text.replace("\v", "\n")) for paragraph in paragraphs)
