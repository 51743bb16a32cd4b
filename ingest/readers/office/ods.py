"""ODS: each sheet a heading, each row below its number with the heads of its columns, values as they are shown."""

from collections import deque
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import assemble, clean, extracted
from ingest.readers.office.number_format import general
from ingest.readers.office.odf import (
    OFFICE,
    STYLE,
    TABLE,
    TEXT,
    OdfCharacters,
    Styles,
    comment_text,
    open_part,
    refuse_encrypted,
    title_of,
)
from ingest.readers.office.odf_tables import OdfRows
from ingest.readers.office.sheet_heads import Cell, Row
from ingest.readers.office.sheet_merges import merged
from ingest.readers.office.sheets import Sheet, sheet_pieces
from ingest.readers.package import Budget, open_package, read_part
from ingest.readers.source import one_line, stem_title
from ingest.readers.spans import is_bold, joined
from ingest.schema import Document

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_SAVE_AGAIN = "save it again as .ods"


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of a spreadsheet; hidden sheets are left out and noted.

    Raises:
        SourceUnreadable: the file is not an ODS, is damaged, protected, or too large when unpacked.
    """
    with open_package(data, source, "ODS", budget) as package:
        refuse_encrypted(package, source, budget)
        content = read_part(package, "content.xml", source, budget)
        styles = open_part(package, "styles.xml", source, budget)
        title = clean(title_of(package, source, budget))
    reading = _Reading(content, styles)
    assembled = assemble(sheet_pieces(reading.sheets(), source))
    if reading.damaged and not assembled.blocks:
        raise SourceUnreadable("is not a readable ODS", source, _SAVE_AGAIN)
    return extracted(data, source, title or stem_title(source), assembled, "; ".join(reading.notes))


class _Reading:
    """Reads the sheets one after the other, and forgets each row once it is read."""

    def __init__(self, content: bytes, styles: "_Element | None") -> None:
        from lxml import etree  # type: ignore[import-untyped]

        self.notes: list[str] = []
        self.damaged = False
        self._styles = Styles(styles)
        self._own_styles = styles
        self._comments: list[str] = []
        self._hidden: set[str] = set()
        self._events = etree.iterparse(
            BytesIO(content),
            events=("start", "end"),
            tag=(TABLE + "table", TABLE + "table-row", OFFICE + "automatic-styles"),
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
        )

    def sheets(self) -> Iterator[Sheet]:
        """Yield the sheets that are not hidden; each must be read before the next."""
        for event, element in self._parsed():
            if element.tag == OFFICE + "automatic-styles" and event == "end":
                self._read_styles(element)
            elif element.tag == TABLE + "table" and event == "start":
                name = one_line(clean(element.get(TABLE + "name") or ""))
                if element.get(TABLE + "style-name") in self._hidden:
                    self.notes.append(f"the hidden sheet {name} was left out")
                    deque(self._rows(OdfRows(lambda _cell: Cell(""))), maxlen=0)
                    continue
                self._comments = []
                rows = OdfRows(self._cell)
                yield Sheet(name or "Sheet", merged(self._rows(rows), rows.merges), comments=self._comments)

    def _parsed(self) -> "Iterator[tuple[str, _Element]]":
        from lxml.etree import XMLSyntaxError

        try:
            yield from self._events
        except XMLSyntaxError:
            self.damaged = True
            self.notes.append("it is damaged, and what follows the last row was lost")

    def _rows(self, rows: OdfRows) -> Iterator[Row]:
        """Yield the rows up to the end of the table."""
        depth = 1
        for event, element in self._parsed():
            if element.tag == TABLE + "table":
                depth += 1 if event == "start" else -1
                if not depth:
                    return
            elif element.tag == TABLE + "table-row" and event == "end" and depth == 1:
                yield from rows.rows(element)
                element.clear()

    def _read_styles(self, automatic: "_Element") -> None:
        self._styles = Styles(self._own_styles, automatic)
        for style in automatic.iter(STYLE + "style"):
            if any(each.get(TABLE + "display") == "false" for each in style.iter(STYLE + "table-properties")):
                self._hidden.add(style.get(STYLE + "name") or "")

    def _cell(self, element: "_Element") -> Cell:
        """Return what a cell shows; its comments are kept for the end of the sheet."""
        characters = OdfCharacters(self._styles, self._comment, lambda _href: "")
        style = self._styles.get("table-cell", element.get(TABLE + "style-name"))
        spans = [list(characters.spans(each)) for each in element if each.tag == TEXT + "p"]
        for annotation in element.findall(OFFICE + "annotation"):
            self._comment(annotation)
        if style.struck:
            return Cell("")
        text = one_line(clean(" ".join(map(joined, spans)))) if spans else _value(element)
        is_word = element.get(OFFICE + "value-type", "string") in ("string", "boolean")
        return Cell(text, is_word, bold=bool(text) and (style.bold or is_bold([s for each in spans for s in each])))

    def _comment(self, annotation: "_Element") -> str:
        self._comments.append(comment_text(annotation))
        return ""


def _value(element: "_Element") -> str:
    """Return the value of a cell whose shown text the file leaves out."""
    kind = element.get(OFFICE + "value-type") or ""
    value = element.get(OFFICE + "value") or ""
    try:
        if kind == "percentage":
            return f"{general(float(value) * 100)}%"
        if kind in ("float", "currency"):
            return general(float(value))
    except ValueError:
        return one_line(clean(value))
    stated = (element.get(f"{OFFICE}{name}-value") for name in ("date", "time", "boolean", "string"))
    return one_line(clean(next(filter(None, stated), "")))
