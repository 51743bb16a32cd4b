"""ODT: paragraphs, headings, lists, tables and notes in document order.

Of the libraries, kreuzberg 4.10.4 loses the numbers of lists and the places of merged cells; odfpy has had no release
since 2020.
"""

from collections.abc import Iterator
from posixpath import normpath
from typing import TYPE_CHECKING
from zipfile import ZipFile

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import BULLET, CONTINUED, Piece, assemble, clean, extracted
from ingest.readers.emphasis import Candidate, with_headings
from ingest.readers.formulas import math_ml
from ingest.readers.office.odf import (
    DRAW,
    HREF,
    OFFICE,
    TABLE,
    TEXT,
    OdfCharacters,
    Styles,
    comment_text,
    count,
    open_part,
    refuse_encrypted,
    title_of,
)
from ingest.readers.office.odf_lists import Count, Lists
from ingest.readers.office.odf_tables import OdfRows
from ingest.readers.office.openxml import local
from ingest.readers.office.sheet_heads import Cell
from ingest.readers.office.sheet_merges import merged
from ingest.readers.package import Budget, open_package
from ingest.readers.raised import note_mark
from ingest.readers.source import one_line, stem_title
from ingest.readers.spans import is_bold, joined, size
from ingest.readers.table_heads import table_rows, title_rows
from ingest.readers.tables import cell_text
from ingest.schema import Document, Kind

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_SAVE_AGAIN = "save it again as .odt"
# Indexes only repeat the headings; deleted text is not shown.
_IGNORED = frozenset(
    TEXT + name
    for name in (
        *("tracked-changes", "table-of-content", "illustration-index", "table-index", "object-index"),
        *("alphabetical-index", "user-index", "sequence-decls", "variable-decls", "user-field-decls"),
    )
)
_TITLE_STYLE = "Title"
_HEAD_STYLE = "Table_20_Heading"
_MOST_ROWS = 10_000  # of one table, with those that repeat


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of an OpenDocument text: headings, paragraphs, list items, table rows and notes.

    Raises:
        SourceUnreadable: the file is not an ODT, is damaged, protected,
            nested too deeply, or too large when unpacked.
    """
    with open_package(data, source, "ODT", budget) as package:
        refuse_encrypted(package, source, budget)
        content = open_part(package, "content.xml", source, budget)
        body = content.find(f"{OFFICE}body/{OFFICE}text") if content is not None else None
        if content is None or body is None:
            raise SourceUnreadable("is not a readable ODT", source, _SAVE_AGAIN)
        title = one_line(clean(title_of(package, source, budget)))
        story = _Story(content, package, source, budget)
        try:
            assembled = assemble(with_headings(list(story.content(body))))
        except RecursionError as error:
            raise SourceUnreadable("is nested too deeply", source, "simplify it or save it as text") from error
    heading = next((heading.title for heading in assembled.headings), "")
    return extracted(data, source, title or story.title or heading or stem_title(source), assembled)


class _Story:
    """Reads one document from its beginning to its end, as the numbers of lists go by their order."""

    def __init__(self, content: "_Element", package: ZipFile, source: str, budget: Budget) -> None:
        self.title = ""
        styles = open_part(package, "styles.xml", source, budget)
        self._package, self._source, self._budget = package, source, budget
        self._styles = Styles(styles, content)
        self._lists = Lists(styles, content)
        self._outline = Count("")
        self._counts: dict[str, Count] = {}  # by the id of a list, and by its style
        self._characters = OdfCharacters(self._styles, self._note, self._object)
        self._notes: list[tuple[str, _Element]] = []
        self._tables = 0  # how many tables contain the place that is read

    def content(self, parent: "_Element") -> Iterator[Candidate]:
        """Yield what is below an element, in order; notes follow the paragraph that refers to them."""
        for child in parent:
            if child.tag in (TEXT + "p", TEXT + "h"):
                yield from self._paragraph(child, "")
            elif child.tag == TEXT + "list":
                yield from self._list(child, None, 1)
            elif child.tag == TABLE + "table":
                yield from self._table(child)
            elif child.tag not in _IGNORED and child.get(TEXT + "display") != "none" and isinstance(child.tag, str):
                yield from self.content(child)

    def _paragraph(self, paragraph: "_Element", mark: str, listed: int = 0, before: str = "") -> Iterator[Candidate]:
        """Yield a paragraph with its number and, in an item of a list of the depth `listed`, what stands before it."""
        spans = list(self._characters.spans(paragraph))
        text = joined(spans)
        name = paragraph.get(TEXT + "style-name")
        level = self._level(paragraph)
        if level and not listed and text:
            mark = self._lists.next(self._outline, level)
        stated = paragraph.find(TEXT + "number")
        mark = f"{one_line(stated.text or '')} " if stated is not None and stated.text else mark
        if not self.title and name == _TITLE_STYLE:
            self.title = one_line(clean(text))
        if text:
            kind: Kind = "item" if listed and not level else "paragraph"
            bold = is_bold(spans) or (name or "").startswith(_HEAD_STYLE)
            piece = Piece(mark + text, level or int(name == _TITLE_STYLE), kind=kind, mark=before, depth=listed - 1)
            yield Candidate(piece, bold, size(spans))
        yield from self._beside(paragraph)
        if not self._tables:
            yield from self._waiting()

    def _level(self, paragraph: "_Element") -> int:
        """Return the heading level of a `text:h`, 0 for a `text:p`."""
        return max(1, count(paragraph.get(TEXT + "outline-level"), 1, 9)) if paragraph.tag == TEXT + "h" else 0

    def _list(self, element: "_Element", above: Count | None, depth: int) -> Iterator[Candidate]:
        """Yield the items of a list. A list in a list counts on the next level of the same numbers."""
        counted = above if above is not None else self._count(element)
        if element.get(TEXT + "style-name") and above is not None and element.get(TEXT + "style-name") != above.style:
            counted = Count(element.get(TEXT + "style-name") or "")
        for item in element:
            if item.tag not in (TEXT + "list-item", TEXT + "list-header"):
                continue
            start = item.get(TEXT + "start-value")
            mark, before = None if item.tag == TEXT + "list-item" else "", ""
            for child in item:
                if child.tag == TEXT + "list":
                    yield from self._list(child, counted, depth + 1)
                elif child.tag in (TEXT + "p", TEXT + "h"):
                    if mark is None:
                        mark = self._lists.next(counted, depth, count(start, 1, 10**6) if start else None)
                        before = "" if mark else BULLET
                    yield from self._paragraph(child, mark, depth, before)
                    mark, before = "", CONTINUED
                elif child.tag == TABLE + "table":
                    yield from self._table(child)

    def _count(self, element: "_Element") -> Count:
        """Return the numbers of a list: those of another that it continues, or new ones."""
        name = element.get(TEXT + "style-name") or ""
        continued = element.get(TEXT + "continue-list")
        known = self._counts.get(f"#{continued}") if continued else None
        if known is None and element.get(TEXT + "continue-numbering") == "true":
            known = self._counts.get(name)
        counted = known or Count(name)
        self._counts[name] = counted
        identity = element.get("{http://www.w3.org/XML/1998/namespace}id")
        if identity:
            self._counts[f"#{identity}"] = counted
        return counted

    def _beside(self, parent: "_Element") -> Iterator[Candidate]:
        """Yield the content of the text boxes in a paragraph, and the values of its charts."""
        for child in parent:
            if child.tag == DRAW + "text-box":
                yield from self.content(child)
            elif child.tag == DRAW + "object":
                for table in self._part(child.get(HREF) or "", TABLE + "table"):
                    yield from self._table(table)
            elif child.tag not in (TEXT + "note", OFFICE + "annotation"):
                yield from self._beside(child)

    def _table(self, element: "_Element") -> Iterator[Candidate]:
        """Yield the rows of a table; one that serves the layout gives the content of its cells."""
        self._tables += 1
        contents: list[list[Candidate]] = []
        rows = OdfRows(lambda cell: self._cell(cell, contents))
        lines = [(row, is_head) for line, is_head in _lines(element) for row in rows.rows(line)][:_MOST_ROWS]
        self._tables -= 1
        filled = list(merged([row for row, _ in lines], rows.merges))
        width = max((len(row.cells) for row in filled), default=0)
        if width < 2 or any(each.piece.level for content in contents for each in content):
            yield from (each for content in contents for each in content)
        else:
            grid = [row.texts + [""] * (width - len(row.cells)) for row in filled]
            marked = [all(cell.bold for cell in row.filled.values()) for row in filled]
            titles = title_rows(grid)
            stated = sum(is_head for _, is_head in lines[titles:])
            yield from (Candidate(Piece(text, kind="row")) for text in table_rows(grid, marked, stated))
        if not self._tables:
            yield from self._waiting()

    def _cell(self, element: "_Element", contents: list[list[Candidate]]) -> Cell:
        content = list(self.content(element))
        contents.append(content)
        text = cell_text([each.piece for each in content])
        return Cell(text, bold=bool(text) and all(each.bold for each in content if each.piece.text))

    def _note(self, element: "_Element") -> str:
        """Return the mark of a note, and keep the note for the end of the paragraph."""
        citation = element.findtext(TEXT + "note-citation") or ""
        mark = note_mark(citation) if element.tag == TEXT + "note" else ""
        self._notes.append((mark, element))
        return mark

    def _waiting(self) -> Iterator[Candidate]:
        while self._notes:
            mark, note = self._notes.pop(0)
            if note.tag == OFFICE + "annotation":
                yield Candidate(Piece(comment_text(note)))
                continue
            paragraphs = note.iterfind(f"{TEXT}note-body//{TEXT}p")
            text = "\n".join(filter(None, (joined(self._characters.spans(each)) for each in paragraphs)))
            if text:
                yield Candidate(Piece(f"{mark} {text}"))

    def _object(self, href: str) -> str:
        """Return the formula of an embedded object; "" if it is none."""
        return "".join(math_ml(each) for each in self._part(href, "{http://www.w3.org/1998/Math/MathML}math"))

    def _part(self, href: str, tag: str) -> "Iterator[_Element]":
        """Yield the elements with a tag in the content of an embedded object."""
        root = open_part(self._package, f"{normpath(href)}/content.xml", self._source, self._budget)
        return root.iter(tag) if root is not None else iter(())


def _lines(table: "_Element") -> "Iterator[tuple[_Element, bool]]":
    """Yield the rows of a table, each with whether it is one of the head."""
    for child in table:
        if child.tag == TABLE + "table-row":
            yield child, local(table) == "table-header-rows"
        elif child.tag in (TABLE + "table-header-rows", TABLE + "table-rows", TABLE + "table-row-group"):
            yield from _lines(child)
