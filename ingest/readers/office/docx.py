"""DOCX: paragraphs, headings, lists, tables and notes in document order.

python-docx opens the package. The text is collected from the XML elements,
because `Paragraph.text` omits tracked insertions and content controls, and a
quote that misses a "not" is worse than no quote.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import BULLET, Piece, assemble, clean, extracted
from ingest.readers.emphasis import Candidate, with_headings
from ingest.readers.encoding import decode
from ingest.readers.office import rtf
from ingest.readers.office.docx_notes import Notes
from ingest.readers.office.docx_numbering import ListMark, Numbering
from ingest.readers.office.docx_styles import VAL, Style, W, outline_level, styles_of
from ingest.readers.office.docx_tables import table
from ingest.readers.office.docx_text import BOX, IGNORED, Characters
from ingest.readers.office.graphics import graphic_pieces
from ingest.readers.office.openxml import REL, Part, opened, related, target
from ingest.readers.package import BROKEN, Budget
from ingest.readers.source import one_line, paragraphs, stem_title
from ingest.readers.spans import TextSpan, is_bold, joined, size
from ingest.readers.web import html
from ingest.schema import Document

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from lxml.etree import _Element  # type: ignore[import-untyped]

_SAVE_AGAIN = "save it again as .docx"
_PARAGRAPH, _TABLE, _DRAWING, _CHUNK = (W + name for name in ("p", "tbl", "drawing", "altChunk"))
_CONTENTS = "toc "  # prefix of the table-of-contents styles; a table of contents only repeats the headings
_LIST_STYLES = ("list bullet", "list number")
# The title that python-docx reports for a file without properties.
_NO_TITLE = "Word Document"


@dataclass(frozen=True, slots=True)
class _Word:
    """An opened document: its body, the part that relates to the others, the styles' root and the title property."""

    body: "_Element"
    part: object
    styles: "_Element"
    title: str


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of a Word document: headings, paragraphs, list items, table rows and notes.

    Raises:
        SourceUnreadable: the file is not a DOCX, is damaged, is nested too
            deeply, or is too large when unpacked.
    """
    word = _open(opened(data, source, "DOCX", budget), source)
    story = _Story(word, source, budget)
    try:
        pieces = story.read()
    except RecursionError as error:
        raise SourceUnreadable("is nested too deeply", source, "simplify it or save it as text") from error
    assembled = assemble(pieces)
    title = one_line(clean(word.title))
    heading = next((heading.title for heading in assembled.headings), "")
    return extracted(
        data,
        source,
        (title if title != _NO_TITLE else "") or story.title or heading or stem_title(source),
        assembled,
        "; ".join(story.notes_for_reader),
    )


def _open(package: BytesIO, source: str) -> _Word:
    import docx
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError
    from docx.oxml.exceptions import XmlchemyError
    from lxml.etree import LxmlError

    try:
        word: WordDocument = docx.Document(package)
        body, title = word.element.body, word.core_properties.title or ""
        styles = word.styles.element
    except (OpcError, PythonDocxError, XmlchemyError, LxmlError, KeyError) as error:
        reason = one_line(str(error).strip("'\""))[:200].rstrip(".")
        raise SourceUnreadable(f"is not a readable DOCX ({reason})", source, _SAVE_AGAIN) from error
    except BROKEN as error:
        raise SourceUnreadable("is not a readable DOCX", source, _SAVE_AGAIN) from error
    if body is None:
        raise SourceUnreadable("is not a readable DOCX (it has no body)", source, _SAVE_AGAIN)
    return _Word(body, word.part, styles, title)


class _Story:
    """Reads one document from its beginning to its end, as the numbers of lists and notes go by their order."""

    def __init__(self, word: _Word, source: str, budget: Budget, *, inserted: bool = False) -> None:
        self.title = ""
        self.notes_for_reader: list[str] = []
        self._word, self._source, self._budget = word, source, budget
        if word.styles.tag != W + "styles":
            self.notes_for_reader.append("its styles are damaged, so headings may be missing")
        self._styles = styles_of(word.styles)
        self._numbering = Numbering(next(related(word.part, "numbering"), None), self._styles)
        self._notes = Notes(word.part, lambda paragraph: joined(self._spans(paragraph)))
        self._characters = Characters(self._styles, self._notes.mark)
        self._inserted = inserted
        self._tables = 0  # how many tables contain the place that is read

    def read(self) -> list[Piece]:
        """Return the pieces of the body."""
        return list(with_headings(list(self._content(self._word.body))))

    def _content(self, parent: "_Element") -> Iterator[Candidate]:
        """Yield what is below an element, in order; text boxes, charts and notes follow their paragraph."""
        for child in parent:
            if child.tag == _PARAGRAPH:
                yield from self._paragraph(child)
            elif child.tag == _TABLE:
                yield from self._table(child)
            elif child.tag == _CHUNK:
                yield from map(Candidate, self._chunk(child))
            elif child.tag not in IGNORED:
                yield from self._content(child)

    def _paragraph(self, paragraph: "_Element") -> Iterator[Candidate]:
        style_id = _style_id(paragraph)
        style = self._styles.get(style_id) or self._styles[""]
        if style.name.startswith(_CONTENTS):
            return
        spans = list(self._spans(paragraph))
        text = joined(spans)
        mark = ListMark(listed=False)
        if text or not _is_deleted(paragraph):
            mark = self._numbering.mark(paragraph, style_id)
        outline = paragraph.find(f"{W}pPr/{W}outlineLvl")
        level = style.level if outline is None else outline_level(outline)
        if style.name == "title" and not self.title:
            self.title = one_line(clean(text))
        if text:
            is_item = mark.listed or style.name.startswith(_LIST_STYLES)
            depth = max(mark.depth, _depth(style.name)) if is_item else 0
            piece = Piece(
                mark.number + text,
                level,
                kind="item" if is_item and not level else "paragraph",
                mark="" if mark.number else BULLET,
                depth=depth,
            )
            yield Candidate(piece, is_bold(spans), size(spans))
        yield from self._beside(paragraph)
        if not self._tables:
            yield from map(Candidate, self._notes.waiting())

    def _spans(self, paragraph: "_Element") -> Iterator[TextSpan]:
        style = self._styles.get(_style_id(paragraph)) or self._styles[""]
        return self._characters.spans(paragraph, style.look)

    def _table(self, element: "_Element") -> Iterator[Candidate]:
        named = element.find(f"{W}tblPr/{W}tblStyle")
        style = self._styles.get(named.get(VAL) or "") if named is not None else None
        self._tables += 1
        yield from table(element, style or Style(), self._content)
        self._tables -= 1
        if not self._tables:
            yield from map(Candidate, self._notes.waiting())

    def _beside(self, parent: "_Element") -> Iterator[Candidate]:
        """Yield the content of the text boxes, charts and diagrams in a paragraph."""
        for child in parent:
            if child.tag == BOX:
                yield from self._content(child)
            elif child.tag not in IGNORED:
                if child.tag == _DRAWING:
                    yield from map(Candidate, graphic_pieces(child, self._word.part))
                yield from self._beside(child)

    def _chunk(self, chunk: "_Element") -> Iterator[Piece]:
        """Yield the pieces of a part in another format that Word shows as part of the text."""
        part = target(self._word.part, chunk.get(REL + "id"))
        try:
            yield from self._part(part) if part is not None else ()
        except SourceUnreadable as error:
            self.notes_for_reader.append(f"an inserted part was left out ({error.what})")

    def _part(self, part: Part) -> Iterable[Piece]:
        kind = part.content_type.lower()
        if "html" in kind:
            return html.pieces(part.blob, self._source)
        if "rtf" in kind:
            return rtf.pieces(part.blob, self._source)
        if "wordprocessingml" in kind and not self._inserted:
            word = _open(opened(part.blob, self._source, "DOCX", self._budget), self._source)
            story = _Story(word, self._source, self._budget, inserted=True)
            pieces = list(story.read())
            self.notes_for_reader += story.notes_for_reader
            return pieces
        if kind == "text/plain":
            text = decode(part.blob, self._source).text
            return [Piece(text[start:end]) for start, end in paragraphs(text)]
        raise SourceUnreadable(f"its format is {kind}", self._source, _SAVE_AGAIN)


def _style_id(paragraph: "_Element") -> str:
    mark = paragraph.find(f"{W}pPr/{W}pStyle")
    return "" if mark is None else mark.get(VAL) or ""


def _is_deleted(paragraph: "_Element") -> bool:
    """Return whether the paragraph itself is a tracked deletion."""
    return paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None


def _depth(style: str) -> int:
    """Return how deep a list with a style such as "list bullet 2" lies in others."""
    return int(style[-1]) - 1 if style.startswith(_LIST_STYLES) and style[-1] in "23456789" else 0
