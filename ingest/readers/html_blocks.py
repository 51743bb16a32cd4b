"""The text blocks of an HTML tree, in order, with the marks of navigation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.readers.assemble import Piece
from ingest.readers.source import one_line

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

_LEVELS = {f"h{level}": level for level in range(1, 7)}
_BLOCK_NAMES = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form header hr legend li main menu nav ol p pre section summary table tbody td tfoot th thead "
    "tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split()) | frozenset(_LEVELS)
_SKIPPED_NAMES = (
    "audio button canvas datalist embed head iframe input map noscript object script select style svg template "
    "textarea title video"
)
_SKIPPED = frozenset(_SKIPPED_NAMES.split())
_CHROME_TAGS = frozenset({"nav", "dialog"})
_PAGE_TAGS = ("body", "main", "article", "h1")
_ARTICLE_TAGS = frozenset({"main", "article"})
_LAYOUT_TAGS = ("table", *_LEVELS)
_SIDE_TAGS = frozenset({"aside", "footer"})  # inside an article they contain its notes
_CHROME_ROLES = frozenset({"navigation", "banner", "contentinfo", "complementary", "search", "dialog", "menu"})
_CHROME_CLASS_NAMES = (
    "nav navbar navigation menu breadcrumb breadcrumbs sidebar footer site-footer cookie cookies cookie-banner "
    "consent share sharing social related newsletter subscribe advert advertisement ads pagination skip-link"
)
_CHROME_CLASSES = frozenset(_CHROME_CLASS_NAMES.split())
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n\s*\n")
# A block counts as links if it is short, has no full stop and at least this share of it is linked.
_LINK_SHARE = 0.8
_LINK_LENGTH = 120  # characters
_CELL = "\0"  # separates cells while a row is collected; a tree contains no NUL


@dataclass(frozen=True, slots=True)
class BlockCandidate:
    """A piece of a page; whether it is inside apparent navigation, and whether it is only links."""

    piece: Piece
    chrome: bool
    links: bool


def candidates(tree: "HtmlElement") -> Iterator[BlockCandidate]:
    """Yield the headings, paragraphs, list items and table rows of a page, in order."""
    from lxml import etree  # type: ignore[import-untyped]

    walk = _Walk(_above(tree, _PAGE_TAGS), _above(tree, _LAYOUT_TAGS))
    events = etree.iterwalk(tree, events=("start", "end"))
    for event, element in events:
        if element.tag in _SKIPPED:
            if event == "start":
                events.skip_subtree()
            else:
                walk.add_text(element.tail)
        elif event == "start":
            yield from walk.enter(element)
        else:
            yield from walk.leave(element)
    yield from walk.flush()


def _above(tree: "HtmlElement", tags: tuple[str, ...]) -> frozenset["HtmlElement"]:
    """Return the elements that contain one with one of the tags; to search below each takes quadratic time."""
    above: set[HtmlElement] = set()
    for element in tree.iter(*tags):
        for outer in element.iterancestors():
            if outer in above:
                break
            above.add(outer)
    return frozenset(above)


class _Walk:
    """The state of the walk: the block being collected and the elements around it.

    `pages` are the elements that contain the page itself, `layouts` those that contain a heading or table.
    """

    def __init__(self, pages: frozenset["HtmlElement"], layouts: frozenset["HtmlElement"]) -> None:
        self._pages = pages
        self._layouts = layouts
        self._parts: list[str] = []
        self._linked = 0
        self._links = 0
        self._chrome = 0
        self._preformatted = 0
        self._articles = 0
        self._level = 0
        self._row: HtmlElement | None = None

    def enter(self, element: "HtmlElement") -> Iterator[BlockCandidate]:
        """Start an element: a block ends the previous block unless both are in one table row."""
        tag = element.tag
        if tag in _BLOCKS:
            yield from self._part(_CELL if tag in ("td", "th") else " ")
            self._level = _LEVELS.get(tag, self._level)
            self._row = element if tag == "tr" and self._is_data(element) else self._row
        elif tag == "br":
            self._parts.append("\n" if self._row is None else " ")
        self._count(element, 1)
        self.add_text(element.text)

    def leave(self, element: "HtmlElement") -> Iterator[BlockCandidate]:
        """End an element."""
        if element is self._row:
            yield from self.flush()
            self._row = None
        elif element.tag in _BLOCKS:
            yield from self._part(" ")
        self._level = 0 if element.tag in _LEVELS else self._level
        self._count(element, -1)
        self.add_text(element.tail)

    def add_text(self, text: str | None) -> None:
        """Add text to the block, collapsing white space except in preformatted text."""
        if not text:
            return
        self._parts.append(text if self._preformatted else re.sub(r"\s+", " ", text))
        if self._links:
            self._linked += len(one_line(text))

    def flush(self) -> Iterator[BlockCandidate]:
        """Yield the collected text, split at double line breaks, and start the next block."""
        raw = "".join(self._parts)
        linked = self._linked >= _LINK_SHARE * len(one_line(raw))
        self._parts, self._linked = [], 0
        for text in self._texts(raw):
            links = linked and not self._level and len(text) <= _LINK_LENGTH and not text.endswith((".", "!", "?"))
            yield BlockCandidate(Piece(text, self._level), self._chrome > 0, links)

    def _texts(self, raw: str) -> list[str]:
        if self._row is not None:
            texts = [" | ".join(filter(None, map(one_line, raw.split(_CELL))))]
        elif self._preformatted:
            texts = [raw.strip("\n").rstrip()]
        elif self._level:
            texts = [one_line(raw).rstrip(" ¶")]
        else:
            texts = ["\n".join(map(one_line, part.strip().split("\n"))) for part in _BLANK_LINE.split(raw)]
        return [text for text in texts if text.strip()]

    def _part(self, separator: str) -> Iterator[BlockCandidate]:
        if self._row is None:
            yield from self.flush()
        else:
            self._parts.append(separator)

    def _count(self, element: "HtmlElement", step: int) -> None:
        self._links += step * (element.tag == "a" and "href" in element.attrib)
        self._preformatted += step * (element.tag == "pre")
        self._chrome += step * self._is_chrome(element)
        self._articles += step * (element.tag in _ARTICLE_TAGS)

    def _is_data(self, row: "HtmlElement") -> bool:
        """Return whether a table row contains data; a single cell, a heading or a nested table means layout."""
        return row not in self._layouts and sum(cell.tag in ("td", "th") for cell in row) > 1

    def _is_chrome(self, element: "HtmlElement") -> bool:
        """Return whether an element looks like navigation, a footer or a hidden part, and is not the page itself."""
        marks = {element.get("id"), *(element.get("class") or "").lower().split()}
        looks = (
            element.tag in _CHROME_TAGS
            or (element.tag in _SIDE_TAGS and not self._articles)
            or element.get("role") in _CHROME_ROLES
            or not marks.isdisjoint(_CHROME_CLASSES)
            or "hidden" in element.attrib
            or bool(_HIDDEN_STYLE.search(element.get("style") or ""))
        )
        return looks and element.tag not in _PAGE_TAGS and element not in self._pages
