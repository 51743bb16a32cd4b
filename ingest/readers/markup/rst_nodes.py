"""The pieces of a docutils tree: headings, paragraphs, list items, table rows, code and notes."""

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

from ingest.readers import numerals
from ingest.readers.assemble import BULLET, CONTINUED, Piece
from ingest.readers.raised import note_mark, subscript, superscript
from ingest.readers.source import one_line
from ingest.readers.web.html_tables import Cell, Row, Table
from ingest.schema import Kind

if TYPE_CHECKING:
    from docutils.nodes import Element, Node  # type: ignore[import-untyped]

_NOT_SHOWN = frozenset(
    ("comment", "decoration", "image", "meta", "pending", "raw", "substitution_definition", "target", "title", "label")
)
_CODE = frozenset(("literal_block", "doctest_block"))
_PARAGRAPHS = frozenset(("paragraph", "attribution", "caption", "rubric", "subtitle", "math_block", "term"))
_DEEPEST_LEVEL = 9


class Reader:
    """Collects the pieces of a tree."""

    def __init__(self) -> None:
        """Start without pieces."""
        self._pieces: list[Piece] = []
        self._before = ""  # what the next paragraph begins with: a term, the mark of a note
        self._kind: Kind = "paragraph"
        self._mark = ""  # what stands before the next paragraph of an item
        self._depth = 0
        self._level = 0

    def read(self, root: "Element") -> list[Piece]:
        """Return the pieces of a document."""
        self._children(root)
        return self._pieces

    def _children(self, element: "Element") -> None:
        for child in element.children:
            self._node(child)

    def _node(self, node: "Node") -> None:
        name = type(node).__name__
        if name in _PARAGRAPHS:
            self._add(one_line(inline(node)))
        elif name in _CODE:
            self._add(node.astext(), "code")
        elif name in _WRITERS:
            _WRITERS[name](self, node)
        elif name in _ADMONITIONS:
            self._labelled(f"{name.capitalize()}: ", node)
        elif name not in _NOT_SHOWN:
            self._children(node)

    def _add(self, text: str, kind: Kind | None = None) -> None:
        if kind in ("code", "row") and self._before:
            self._add("")
        before, self._before = self._before, ""
        if before + text:
            mark, depth = self._mark, max(0, self._depth - 1)
            self._pieces.append(Piece((before + text).strip(), kind=kind or self._kind, mark=mark, depth=depth))
            self._mark = CONTINUED if mark else ""

    def _labelled(self, label: str, element: "Element") -> None:
        """Add what an element contains, with a label before its first paragraph; an element without any has none."""
        self._before = label
        self._children(element)
        self._before = ""

    def _section(self, element: "Element") -> None:
        self._level += 1
        self._pieces.append(Piece(one_line(inline(element.children[0])), min(self._level, _DEEPEST_LEVEL)))
        self._children(element)
        self._level -= 1

    def _titled(self, element: "Element") -> None:
        """Add an element whose title is no heading; a list of contents is left out."""
        if "contents" in element["classes"]:
            return
        for child in element.children:
            if type(child).__name__ == "title":
                self._add(one_line(inline(child)))
        self._children(element)

    def _item(self, element: "Element") -> None:
        outer = self._kind, self._mark
        self._kind, self._mark = "item", _mark(element)
        self._depth += 1
        self._children(element)
        self._depth -= 1
        self._kind, self._mark = outer

    def _definition(self, element: "Element") -> None:
        """Add a term, field or option with what is said of it."""
        terms = [one_line(inline(child)) for child in element.children[:-1]]
        outer = self._kind, self._mark
        self._kind, self._mark = "item", ""
        term = ", ".join(filter(None, terms))
        self._before = f"{term}: " if term and term[-1].isalnum() else f"{term} " if term else ""
        self._children(element.children[-1])
        if self._before:
            self._add("")
        self._kind, self._mark = outer

    def _note(self, element: "Element") -> None:
        label = next((child.astext() for child in element.children if type(child).__name__ == "label"), "")
        self._labelled(f"{note_mark(label)} ", element)

    def _lines(self, element: "Element") -> None:
        lines = (one_line(inline(child)) for child in element.findall() if type(child).__name__ == "line")
        self._add("\n".join(lines).strip("\n"))

    def _message(self, element: "Element") -> None:
        """Add text that docutils could not parse, but not directives that would read files."""
        for child in element.children:
            if type(child).__name__ == "literal_block" and not child.astext().lstrip().startswith(".. "):
                self._add(child.astext(), "code")

    def _table(self, element: "Element") -> None:
        table = Table()
        pieces: list[Piece] = []
        for number, part in enumerate(each for group in element.children for each in group.children):
            in_head = type(part).__name__ == "thead"
            for row in part.children if in_head or type(part).__name__ == "tbody" else ():
                cells = [self._cell(entry, head=in_head) for entry in row.children]
                table.rows.append(Row(cells, number, in_head))
                pieces += [piece for cell in cells for piece in cell.pieces]
        for child in element.children:
            if type(child).__name__ == "title":
                self._add(one_line(inline(child)))
        texts = table.texts()
        self._pieces += pieces if texts is None else [Piece(text, kind="row") for text in texts]

    def _cell(self, entry: "Element", *, head: bool) -> Cell:
        inside = Reader()
        cell = Cell(1 + entry.get("morerows", 0), 1 + entry.get("morecols", 0), head, pieces=inside.read(entry))
        cell.end()
        cell.bold = False
        return cell


def _mark(item: "Element") -> str:
    """Return what stands before an item of a list."""
    outer = item.parent
    form = _FORMS.get(outer.get("enumtype", ""))
    if form is None:
        return BULLET
    number = numerals.FORMS[form](int(outer.get("start", 1)) + outer.index(item))
    return f"{outer.get('prefix', '')}{number}{outer.get('suffix', '.')} "


_FORMS = MappingProxyType({"arabic": "1", "loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"})
_ADMONITIONS = frozenset(("attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning"))
_WRITERS: "dict[str, Callable[[Reader, Element], None]]" = {
    "section": Reader._section,
    "list_item": Reader._item,
    **dict.fromkeys(("definition_list_item", "field", "option_list_item"), Reader._definition),
    **dict.fromkeys(("footnote", "citation"), Reader._note),
    **dict.fromkeys(("topic", "sidebar", "admonition"), Reader._titled),
    "line_block": Reader._lines,
    "system_message": Reader._message,
    "table": Reader._table,
}


def inline(node: "Node") -> str:
    """Return the text of an element, with superscripts, subscripts and marks of notes as such."""
    name = type(node).__name__
    if name == "Text":
        return str(node.astext())
    if name == "image":
        return ""
    if name in ("footnote_reference", "citation_reference"):
        return note_mark(node.astext())
    text = "".join(map(inline, node.children))
    if name == "superscript":
        return superscript(text)
    return subscript(text) if name == "subscript" else text
