"""PPTX: slides in order, each a page under its title, with its boxes by place; notes and comments end each slide."""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean
from ingest.readers.office.openxml import local, opened, related
from ingest.readers.office.pptx_shapes import frame_pieces, shape_pieces
from ingest.readers.package import BROKEN, Budget
from ingest.readers.source import one_line, sha256, stem_title
from ingest.schema import Document

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]
    from pptx.slide import Slide

_NUMBERED = re.compile(r"Slide \d+")
# The default titles of files without one, in several languages: the program's name, or the first slide's number.
_NO_TITLE = re.compile(r"PowerPoint.*|\w+ 1")


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of a presentation; a slide is a page.

    Raises:
        SourceUnreadable: the file is not a PPTX, is damaged, or is too large when unpacked.
    """
    title, slides, damaged = _open(opened(data, source, "PPTX", budget), source)
    assembled = assemble(piece for slide in slides for piece in slide)
    named = (piece.text for slide in slides for piece in slide[:2] if not _NUMBERED.fullmatch(piece.text))
    return Document(
        source,
        title or next(map(one_line, map(clean, named)), "") or stem_title(source),
        None,
        assembled.text,
        sha256(data),
        page_starts=tuple(heading.start for heading in assembled.headings),
        headings=assembled.headings,
        blocks=assembled.blocks,
        verbatim=False,
        note=f"damaged slides were left out: {', '.join(map(str, damaged))}" if damaged else "",
    )


def _open(package: BytesIO, source: str) -> tuple[str, list[list[Piece]], list[int]]:
    """Return the title property, the pieces of each slide, and the numbers of the slides that cannot be read."""
    from lxml.etree import LxmlError
    from pptx import Presentation
    from pptx.exc import PythonPptxError

    broken = (PythonPptxError, LxmlError, *BROKEN)
    try:
        shown = Presentation(package)
        title = one_line(clean(shown.core_properties.title or ""))
        slides = _distinct(shown.slides)
        authors = _authors(shown.part)
    except broken as error:
        raise SourceUnreadable("is not a readable PPTX", source, "save it again as .pptx") from error
    read, damaged = [], []
    notes_read: set[str] = set()
    for number, slide in enumerate(slides, start=1):
        try:
            _unwrap(slide)
            read.append([*_slide(slide, number), *_notes(slide, notes_read), *_comments(slide, authors)])
        except broken:
            damaged.append(number)
    return "" if _NO_TITLE.fullmatch(title) else title, read, damaged


def _distinct(slides: "Iterable[Slide]") -> "list[Slide]":
    """Return the slides, each once however often it is named."""
    return list({slide.part.partname: slide for slide in slides}.values())


def _unwrap(slide: "Slide") -> None:
    """Put shapes in the place of the alternatives that wrap them, as PowerPoint does with those that have formulas."""
    for wrapper in [each for each in slide.shapes.element.iter() if local(each) == "AlternateContent"]:
        parent, choice = wrapper.getparent(), next((each for each in wrapper if local(each) == "Choice"), None)
        if choice is not None and local(parent) in ("spTree", "grpSp"):
            for shape in list(choice):
                wrapper.addprevious(shape)
            parent.remove(wrapper)


def _slide(slide: "Slide", number: int) -> Iterator[Piece]:
    """Yield the title as a heading and the other shapes; a title alone is text below the slide's number."""
    heading = slide.shapes.title
    name = "".join(piece.text + " " for piece in frame_pieces(heading)) if heading is not None else ""
    titled = heading.element if name.strip() and heading is not None else None
    others = [piece for piece in shape_pieces(slide, titled) if piece.text.strip()]
    if others and titled is not None:
        yield Piece(name, level=1)
    else:
        yield Piece(f"Slide {number}", level=1)
        yield Piece(one_line(name))
    yield from others


def _notes(slide: "Slide", read: set[str]) -> Iterator[Piece]:
    """Yield the notes of a slide unless they were read with another."""
    if not slide.has_notes_slide or slide.notes_slide.part.partname in read:
        return
    read.add(slide.notes_slide.part.partname)
    notes = slide.notes_slide.notes_placeholder
    if notes is not None:
        yield from frame_pieces(notes)


def _authors(presentation: object) -> dict[str, str]:
    """Return the names of the authors of comments by id."""
    roots = [root for kind in ("commentAuthors", "authors") for root in related(presentation, kind)]
    return {each.get("id") or "": one_line(each.get("name") or "") for root in roots for each in root}


def _comments(slide: "Slide", authors: dict[str, str]) -> Iterator[Piece]:
    for root in related(slide.part, "comments"):
        for comment in root.iter():
            if local(comment) in ("cm", "reply"):
                author = authors.get(comment.get("authorId") or "", "")
                text = one_line("".join(_comment_text(comment)))
                if text:
                    yield Piece(f"Comment by {author}: {text}" if author else f"Comment: {text}")


def _comment_text(comment: "_Element") -> Iterator[str]:
    """Yield the text of a comment without its replies."""
    for child in comment:
        if local(child) == "text":
            yield child.text or ""
        elif local(child) == "txBody":
            yield from (f"{text.text or ''} " for text in child.iter() if local(text) == "t")
