"""DOCX: paragraphs, headings and table rows in document order.

python-docx opens the package and resolves the styles. The text is collected
from the XML elements, because `Paragraph.text` omits tracked insertions and
content controls, and a quote that misses a "not" is worse than no quote.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.package import BROKEN, Budget, unpacked
from ingest.readers.source import one_line, stem_title
from ingest.schema import Document

if TYPE_CHECKING:
    from docx.styles.style import BaseStyle
    from lxml.etree import _Element  # type: ignore[import-untyped]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AGAIN = "save it again as .docx"

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PARAGRAPH, _TABLE, _ROW, _CELL, _BOX = (_W + name for name in ("p", "tbl", "tr", "tc", "txbxContent"))
_WRAPPERS = frozenset(_W + name for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"))
# Deleted text, properties, and fallback copies for older programs.
_IGNORED = frozenset({_FALLBACK, *(_W + name for name in ("del", "moveFrom", "pPr", "rPr", "sectPr"))})
_TEXTS = frozenset({_W + "t", _MATH + "t"})
_CHARACTERS = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}
_LEVELS = {"Title": 1} | {f"Heading {level}": level for level in range(1, 10)}
_CONTENTS = "toc "  # prefix of the table-of-contents styles; a table of contents only repeats the headings
_MAX_STYLE_DEPTH = 20
# The title that python-docx reports for a file without properties.
_NO_TITLE = "Word Document"


@dataclass(frozen=True, slots=True)
class _Word:
    """What python-docx provides: the body, the style names by id, and the title property."""

    body: "_Element"
    styles: Mapping[str, str]
    title: str


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of a Word document: headings, paragraphs and table rows, separated by blank lines.

    Raises:
        SourceUnreadable: the file is not a DOCX, is damaged, or is too large when unpacked.
    """
    if data.startswith(_OLE):
        raise SourceUnreadable(
            "is password-protected or an old .doc file", source, "save it as .docx without a password"
        )
    word = _open(unpacked(data, source, "DOCX", budget), source)
    assembled = assemble(_pieces(word.body, word.styles))
    return extracted(
        data,
        source,
        _title(word) or next((heading.title for heading in assembled.headings), "") or stem_title(source),
        assembled,
    )


def _open(package: BytesIO, source: str) -> _Word:
    import docx
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError
    from docx.oxml.exceptions import XmlchemyError
    from lxml.etree import LxmlError

    try:
        word = docx.Document(package)
        styles = _style_names(word.styles)
        body, title = word.element.body, word.core_properties.title or ""
    except (OpcError, PythonDocxError, XmlchemyError, LxmlError, KeyError) as error:
        reason = one_line(str(error).strip("'\""))[:200].rstrip(".")
        raise SourceUnreadable(f"is not a readable DOCX ({reason})", source, _SAVE_AGAIN) from error
    except BROKEN as error:
        raise SourceUnreadable("is not a readable DOCX", source, _SAVE_AGAIN) from error
    if body is None:
        raise SourceUnreadable("is not a readable DOCX (it has no body)", source, _SAVE_AGAIN)
    return _Word(body, styles, title)


def _style_names(styles: Iterable["BaseStyle"]) -> dict[str, str]:
    """Return the style names by id; a style based on a heading style gets the heading style's name."""
    by_id = {style.style_id: style for style in styles}
    names = {}
    for style_id, style in by_id.items():
        base = style
        for _ in range(_MAX_STYLE_DEPTH):
            if base is None or base.name in _LEVELS:
                break
            base = by_id.get(base.element.basedOn_val)  # not `base_style`, which searches all styles
        names[style_id] = (base if base is not None else style).name or ""
    return names


def _title(word: _Word) -> str:
    """Return the title property, else the first text in the style Title."""
    own = one_line(clean(word.title))
    if own and own != _NO_TITLE:
        return own
    titled = (_text(p) for p in word.body.iter(_PARAGRAPH) if _style(p, word.styles) == "Title")
    return next((one_line(clean(text)) for text in titled if text.strip()), "")


def _style(paragraph: "_Element", styles: Mapping[str, str]) -> str:
    mark = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return "" if mark is None else styles.get(mark.get(_W + "val") or "", "")


def _pieces(parent: "_Element", styles: Mapping[str, str]) -> Iterator[Piece]:
    """Yield the pieces below an element, in order; a text box follows its paragraph."""
    for child in parent:
        if child.tag == _PARAGRAPH:
            style = _style(child, styles)
            if not style.lower().startswith(_CONTENTS):
                yield Piece(_text(child), _LEVELS.get(style, 0))
            for box in _boxes(child):
                yield from _pieces(box, styles)
        elif child.tag == _TABLE:
            yield from (Piece(_row_text(row, styles)) for row in _direct(child, _ROW))
        elif child.tag not in _IGNORED:
            yield from _pieces(child, styles)


def _row_text(row: "_Element", styles: Mapping[str, str]) -> str:
    """Return the cells of a row, joined; a merged cell appears once."""
    cells = (cell for cell in _direct(row, _CELL) if not _is_merged_upwards(cell))
    texts = (one_line(" ".join(piece.text for piece in _pieces(cell, styles))) for cell in cells)
    return " | ".join(filter(None, texts))


def _is_merged_upwards(cell: "_Element") -> bool:
    mark = cell.find(f"{_W}tcPr/{_W}vMerge")
    return mark is not None and mark.get(_W + "val") != "restart"


def _direct(parent: "_Element", tag: str) -> Iterator["_Element"]:
    """Yield the children with a tag, including those in content controls and insertions."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _direct(child, tag)


def _boxes(parent: "_Element") -> Iterator["_Element"]:
    for child in parent:
        if child.tag == _BOX:
            yield child
        elif child.tag not in _IGNORED:
            yield from _boxes(child)


def _text(paragraph: "_Element") -> str:
    """Return the text of a paragraph, keeping its line breaks."""
    lines = "".join(_characters(paragraph)).split("\n")
    return "\n".join(filter(None, map(one_line, lines)))


def _characters(parent: "_Element") -> Iterator[str]:
    for child in parent:
        if child.tag in _TEXTS:
            yield child.text or ""
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        elif child.tag not in _IGNORED and child.tag != _BOX:
            yield from _characters(child)
