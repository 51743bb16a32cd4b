"""The text blocks of an HTML tree, in order, with the marks of navigation."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.readers import numerals
from ingest.readers.assemble import BULLET, CONTINUED, Piece
from ingest.readers.formulas import math_ml
from ingest.readers.source import one_line
from ingest.readers.web.html_consent import consent_boxes
from ingest.readers.web.html_line import Line, is_prose
from ingest.readers.web.html_looks import PAGE_TAGS, is_chrome, is_passed_over
from ingest.readers.web.html_tables import CELLS, Table, is_table, table_of
from ingest.schema import Kind

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

_LEVELS = {f"h{level}": level for level in range(1, 7)}
_BLOCK_NAMES = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form header hr legend li main menu nav ol p pre section summary table tbody td tfoot th thead "
    "tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split()) | frozenset(_LEVELS)
_RAISED = frozenset({"sup", "sub"})
_ARTICLE_TAGS = frozenset({"main", "article"})
_BOLD_TAGS = frozenset({"b", "strong"})
_LAYOUT_TAGS = ("table", *_LEVELS)
_BLANK_LINE = re.compile(r"\n\s*\n")
# A block counts as links if it is short, does not end with a full stop, and at least this share of it is linked. Titles
# of other pages often are questions or cries, so these marks say nothing.
_LINK_SHARE = 0.8
_LINK_LENGTH = 120  # characters
_CUT_SHORT = "..."  # the end of a teaser
_BAR_LENGTH = 300  # characters of a block of several links
_LONGEST_TERM = 120  # characters; a longer one is a paragraph
_LIST_TAGS = frozenset(("ul", "ol", "menu", "dir"))


@dataclass(frozen=True, slots=True)
class BlockCandidate:
    """A piece of a page and where it stands.

    `chrome` means inside apparent navigation, `consent` inside a box that asks
    for consent, `inside` in an article; `links` is the number of links of a
    piece that is nothing else, else 0.
    """

    piece: Piece
    chrome: bool = False
    consent: bool = False
    inside: bool = False
    links: int = 0


def candidates(tree: "HtmlElement") -> list[BlockCandidate]:
    """Return the headings, paragraphs, list items and table rows of a page, in order."""
    from lxml import etree  # type: ignore[import-untyped]

    walk = _Walk(tree)
    events = etree.iterwalk(tree, events=("start", "end"))
    for event, element in events:
        if walk.passes_over(element):
            if event == "start":
                events.skip_subtree()
            else:
                walk.pass_over(element)
        elif event == "start":
            walk.enter(element)
        else:
            walk.leave(element)
    walk.flush()
    return walk.found


def _above(tree: "HtmlElement", tags: tuple[str, ...]) -> frozenset["HtmlElement"]:
    """Return the elements that contain one with one of the tags; to search below each takes quadratic time."""
    above: set[HtmlElement] = set()
    for element in tree.iter(*tags):
        for outer in element.iterancestors():
            if outer in above:
                break
            above.add(outer)
    return frozenset(above)


@dataclass(slots=True)
class _Terms:
    """The terms of a definition list that await a definition, or have one."""

    names: list[str] = field(default_factory=list)
    defined: bool = False


@dataclass(slots=True)
class _List:
    """An open list: how it writes its numbers, None for bullets, and the next number."""

    write: Callable[[int], str] | None
    number: int = 1

    @classmethod
    def of(cls, element: "HtmlElement") -> "_List":
        """Return the list that an element opens."""
        if element.tag != "ol" or "reversed" in element.attrib:
            return cls(None)
        write = numerals.FORMS.get(element.get("type") or "", numerals.decimal)
        return cls(write, _number(element.get("start"), 1))

    def mark(self, item: "HtmlElement") -> str:
        """Return what stands before the next item."""
        if self.write is None:
            return BULLET
        number = _number(item.get("value"), self.number)
        self.number = number + 1
        return f"{self.write(number)}. "


@dataclass(slots=True)
class _Item:
    """An open list item: the mark of its next paragraph; "" below a heading, which is no item."""

    mark: str


@dataclass(frozen=True, slots=True)
class _OpenTable:
    """A table that is being read, with all that its cells contain."""

    element: "HtmlElement"
    table: Table
    inside: list[BlockCandidate]

    def candidates(self) -> list[BlockCandidate]:
        """Return one candidate a row; what the cells contain if the table only arranges the page."""
        texts = self.table.texts()
        if texts is None or not self.inside:
            return self.inside
        links = 0
        if not self.table.has_heads and all(each.links for each in self.inside):
            links = max(1, sum(each.links for each in self.inside) // len(texts))
        chrome, consent = all(each.chrome for each in self.inside), all(each.consent for each in self.inside)
        like = replace(self.inside[0], chrome=chrome, consent=consent, links=links)
        return [replace(like, piece=Piece(text, kind="row")) for text in texts]


class _Walk:
    """The state of the walk: the block being collected and the elements around it.

    `pages` are the elements that contain the page itself, `layouts` those that contain a heading or table.
    """

    def __init__(self, tree: "HtmlElement") -> None:
        self.found: list[BlockCandidate] = []
        self._pages = _above(tree, PAGE_TAGS)
        self._layouts = _above(tree, _LAYOUT_TAGS)
        self._consent = consent_boxes(tree, self._pages)
        self._line = Line()
        self._tables: list[_OpenTable] = []
        self._terms: list[_Terms] = []
        self._lists: list[_List] = []
        self._items: list[_Item] = []
        self._definition = ""  # the term whose definition begins
        self._open: Counter[str] = Counter()
        self._level = 0

    def passes_over(self, element: "HtmlElement") -> bool:
        """Return whether an element's text is not read; a heading may be a button."""
        if element.tag == "button":
            return not (self._level or self._open["summary"] or self._open["dt"])
        return is_passed_over(element)

    def pass_over(self, element: "HtmlElement") -> None:
        """Add what stands for an element whose text is not read, and the text after it."""
        if element.tag == "math":
            self._add(_formula(element))
        self._add(element.tail)

    def enter(self, element: "HtmlElement") -> None:
        """Start an element; a block ends the previous one."""
        tag = element.tag
        if tag in _BLOCKS:
            self.flush()
            self._level = _LEVELS.get(tag, self._level)
            self._enter_list(element)
            self._enter_table(element)
        elif tag == "br":
            self._line.mark("\n")
        elif tag in _RAISED:
            self._line.start_raised()
        elif _is_link(element):
            self._line.start_link()
        elif tag == "q":
            self._line.mark("“")
        self._count(element, 1)
        self._add(element.text)

    def leave(self, element: "HtmlElement") -> None:
        """End an element."""
        tag = element.tag
        if tag in _BLOCKS:
            self.flush()
            self._leave_list(tag)
            self._leave_table(element)
        elif tag in _RAISED:
            self._line.end_raised(element)
        elif _is_link(element):
            self._line.end_link()
        elif tag == "q":
            self._line.mark("”")
        self._level = 0 if tag in _LEVELS else self._level
        self._count(element, -1)
        self._add(element.tail)

    def _add(self, text: str | None) -> None:
        """Add text to the block, collapsing white space except in preformatted text."""
        if text:
            text = text if self._open["pre"] else re.sub(r"\s+", " ", text)
            self._line.add(text, linked=self._open["link"] > 0, bold=self._open["bold"] > 0)

    def flush(self) -> None:
        """End the block: emit its text, split at double line breaks."""
        taken = self._line.take()
        length = len(one_line(taken.raw))
        if not length:
            return
        if self._tables and (cell := self._tables[-1].table.cell) is not None:
            cell.bold = cell.bold and taken.bold >= length
        only_links = taken.links or 1 if taken.linked >= _LINK_SHARE * length and not self._level else 0
        longest = _BAR_LENGTH if only_links > 2 else _LINK_LENGTH
        for text, kind in self._texts(taken.raw):
            is_bar = len(text) <= longest and (not text.endswith(".") or text.endswith(_CUT_SHORT))
            self._emit(self._candidate(self._piece(text, kind), only_links if is_bar else 0))

    def _piece(self, text: str, kind: Kind) -> Piece:
        """Return a block as a piece; the first one of a list item gets its mark."""
        if not self._items:
            return Piece(text, self._level, kind=kind)
        item = self._items[-1]
        piece = Piece(text, self._level, kind=kind, mark=item.mark, depth=len(self._items) - 1)
        item.mark = "" if self._level or not item.mark else CONTINUED
        return piece

    def _candidate(self, piece: Piece, links: int = 0) -> BlockCandidate:
        chrome, consent, inside = (self._open[name] > 0 for name in ("chrome", "consent", "article"))
        return BlockCandidate(piece, chrome, consent, inside, links)

    def _texts(self, raw: str) -> list[tuple[str, Kind]]:
        if self._level:
            texts = [one_line(raw).rstrip(" ¶")]
        elif self._open["pre"] and not is_prose(raw):
            return [(raw.strip("\n").rstrip(), "code")]
        else:
            texts = ["\n".join(map(one_line, part.strip().split("\n"))) for part in _BLANK_LINE.split(raw)]
        kind: Kind = "item" if self._open["li"] else "paragraph"
        return [(text, kind) for text in texts if text.strip()]

    def _emit(self, candidate: BlockCandidate) -> None:
        """Add a piece to the open cell, else to the page; one that begins a definition gets its term."""
        piece = candidate.piece
        if self._definition:
            term, self._definition = self._definition, ""
            if piece.level or piece.kind in ("row", "code"):
                self._emit(replace(candidate, piece=Piece(term), links=0))
            else:
                mark = ": " if term[-1].isalnum() or term[-1] in ")]”’»" else " "
                candidate = replace(candidate, piece=Piece(f"{term}{mark}{piece.text}", kind="item", mark=""))
        elif self._open["dt"] and self._terms and not piece.level and len(piece.text) <= _LONGEST_TERM:
            self._terms[-1].names.append(piece.text)
            return
        if self._tables and (cell := self._tables[-1].table.cell) is not None:
            cell.pieces.append(candidate.piece)
            self._tables[-1].inside.append(candidate)
        else:
            self.found.append(candidate)

    def _enter_list(self, element: "HtmlElement") -> None:
        tag = element.tag
        if tag in _LIST_TAGS:
            self._lists.append(_List.of(element))
        elif tag == "li":
            self._items.append(_Item(self._lists[-1].mark(element) if self._lists else BULLET))
        if tag in ("dl", "table"):
            self._release()
        if tag == "dl":
            self._terms.append(_Terms())
        elif tag == "dt" and self._terms and self._terms[-1].defined:
            self._terms[-1] = _Terms()
        elif tag == "dd" and self._terms:
            self._terms[-1].defined = True
            self._definition = ", ".join(self._terms[-1].names)

    def _leave_list(self, tag: str) -> None:
        if tag in _LIST_TAGS and self._lists:
            self._lists.pop()
        elif tag == "li" and self._items:
            self._items.pop()
        elif tag == "dd":
            self._release()
        elif tag == "dl" and self._terms:
            terms = self._terms.pop()
            for name in () if terms.defined else terms.names:
                self._emit(self._candidate(Piece(name)))

    def _release(self) -> None:
        """Emit a term without a definition of plain text as a paragraph of its own."""
        term, self._definition = self._definition, ""
        if term:
            self._emit(self._candidate(Piece(term)))

    def _enter_table(self, element: "HtmlElement") -> None:
        if element.tag == "table" and is_table(element, arranges=element in self._layouts):
            self._tables.append(_OpenTable(element, Table(), []))
        elif element.tag == "tr" and self._is_own(element):
            self._tables[-1].table.start_row(element)
        elif element.tag in CELLS and self._is_own(element.getparent()):
            self._tables[-1].table.start_cell(element)

    def _leave_table(self, element: "HtmlElement") -> None:
        if element.tag in CELLS and self._is_own(element.getparent()):
            self._tables[-1].table.end_cell()
        elif self._tables and element is self._tables[-1].element:
            for candidate in self._tables.pop().candidates():
                self._emit(candidate)

    def _is_own(self, row: "HtmlElement") -> bool:
        """Return whether an element is a row of the innermost open table."""
        return bool(self._tables) and row is not None and table_of(row) is self._tables[-1].element

    def _count(self, element: "HtmlElement", step: int) -> None:
        """Count the open elements that matter to the text below them."""
        tag = element.tag
        names = (
            ("link", _is_link(element)),
            ("bold", tag in _BOLD_TAGS),
            ("article", tag in _ARTICLE_TAGS),
            ("consent", element in self._consent),
            ("chrome", is_chrome(element, in_article=self._open["article"] > 0) and element not in self._pages),
            (tag, tag in ("pre", "li", "dt", "summary")),
        )
        for name, counts in names:
            self._open[name] += step * counts


def _number(value: str | None, otherwise: int) -> int:
    """Return the number that an attribute gives, if it is one."""
    return int(value) if value and re.fullmatch(r"-?\d{1,6}", value) else otherwise


def _is_link(element: "HtmlElement") -> bool:
    return element.tag == "a" and "href" in element.attrib


def _formula(element: "HtmlElement") -> str:
    """Return a formula on one line; one nested too deeply as its bare characters."""
    try:
        return math_ml(element)
    except RecursionError:
        return "".join(element.itertext())
