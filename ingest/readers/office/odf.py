"""What ODT and ODS share: the package, the styles, and the characters of paragraphs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zipfile import ZipFile

from ingest.errors import SourceUnreadable
from ingest.readers.formulas import math_ml
from ingest.readers.office.openxml import parsed
from ingest.readers.package import Budget, read_part
from ingest.readers.source import one_line
from ingest.readers.spans import TextSpan

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, TABLE, OFFICE, STYLE, DRAW, FO = (
    f"{{{_URN}{name}:1.0}}" for name in ("text", "table", "office", "style", "drawing", "xsl-fo-compatible")
)
HREF = "{http://www.w3.org/1999/xlink}href"
MATH = "{http://www.w3.org/1998/Math/MathML}math"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CHARACTERS = {TEXT + "tab": "\t", TEXT + "line-break": "\n", TEXT + "soft-hyphen": ""}
# What is not part of the paragraph's text: notes and comments are given out by the reader, boxes follow.
_BESIDE = frozenset(
    (TEXT + "note", OFFICE + "annotation", DRAW + "text-box", TEXT + "ruby-text", TEXT + "tracked-changes")
    + (TEXT + "number", TABLE + "table")
    + (f"{{{_URN}svg-compatible:1.0}}title", f"{{{_URN}svg-compatible:1.0}}desc")  # said instead of a picture
)
_MOST_SPACES = 1_000
_MAX_DEPTH = 20  # styles that are based on each other


@dataclass(frozen=True, slots=True)
class OdfStyle:
    """A style with what it inherits: bold, size, raised (1) or lowered (-1), hidden or struck out, level, list."""

    bold: bool = False
    size: float = 0
    raised: int = 0
    hidden: bool = False
    struck: bool = False
    level: int = 0
    listed: str = ""


class Styles:
    """The styles of a document by family and name."""

    def __init__(self, *roots: "_Element | None") -> None:
        found = [each for root in roots if root is not None for each in root.iter(STYLE + "style")]
        self._elements = {(each.get(STYLE + "family"), each.get(STYLE + "name")): each for each in found}
        self._known: dict[tuple[str, str], OdfStyle] = {}

    def get(self, family: str, name: str | None) -> OdfStyle:
        """Return a style with what it inherits."""
        key = family, name or ""
        if key not in self._known:
            self._known[key] = self._resolved(*key)
        return self._known[key]

    def _resolved(self, family: str, name: str) -> OdfStyle:
        chain: list[_Element] = []
        element = self._elements.get((family, name))
        while element is not None and len(chain) < _MAX_DEPTH:
            chain.append(element)
            element = self._elements.get((family, element.get(STYLE + "parent-style-name")))
        style = OdfStyle()
        for each in reversed(chain):
            style = _inheriting(style, each)
        return style


def _inheriting(style: OdfStyle, element: "_Element") -> OdfStyle:
    level = element.get(STYLE + "default-outline-level")
    listed = element.get(STYLE + "list-style-name")
    style = replace(
        style,
        level=count(level, 0, 9) if level is not None else style.level,
        listed=listed if listed is not None else style.listed,
    )
    for look in element.iter(STYLE + "text-properties"):
        position = (look.get(STYLE + "text-position") or "").split(" ")[0]
        weight, size = look.get(FO + "font-weight"), (look.get(FO + "font-size") or "").removesuffix("pt")
        style = replace(
            style,
            bold=style.bold if weight is None else weight == "bold" or weight >= "600",
            size=float(size) if size.replace(".", "", 1).isdecimal() else style.size,
            raised=_raised(position) if position else style.raised,
            hidden=look.get(TEXT + "display", "none" if style.hidden else "true") == "none",
            struck=look.get(STYLE + "text-line-through-style", "solid" if style.struck else "none") != "none",
        )
    return style


def _raised(position: str) -> int:
    """Return 1 for `super` or a positive share, -1 for `sub` or a negative one."""
    if position in ("super", "sub"):
        return 1 if position == "super" else -1
    return 0 if position.strip("-0%.") == "" else -1 if position.startswith("-") else 1


def count(value: str | None, default: int, most: int) -> int:
    """Return an attribute as a whole number up to a limit."""
    return min(int(value), most) if value and value.isdecimal() and len(value) < 10 else default


def open_part(package: ZipFile, name: str, source: str, budget: Budget) -> "_Element | None":
    """Return the root of a part; None if it is missing or not well-formed.

    Raises:
        SourceUnreadable: it is damaged or too large.
    """
    return parsed(read_part(package, name, source, budget)) if name in package.namelist() else None


def refuse_encrypted(package: ZipFile, source: str, budget: Budget) -> None:
    """Raise SourceUnreadable if the package is encrypted."""
    name = "META-INF/manifest.xml"
    if name in package.namelist() and b"encryption-data" in read_part(package, name, source, budget):
        raise SourceUnreadable("is password-protected", source, "save it without a password")


def title_of(package: ZipFile, source: str, budget: Budget) -> str:
    """Return the title property."""
    meta = open_part(package, "meta.xml", source, budget)
    return one_line(next((each.text or "" for each in meta.iter(_DC + "title")), "")) if meta is not None else ""


def comment_text(annotation: "_Element") -> str:
    """Return a comment with its author's name, which ODF keeps in the text."""
    author = one_line(annotation.findtext(_DC + "creator") or "")
    texts = ("".join(each.itertext()) for each in annotation.iter(TEXT + "p"))
    text = "\n".join(filter(None, map(one_line, texts)))
    return f"Comment by {author}: {text}" if author else f"Comment: {text}"


class OdfCharacters:
    """Reads the characters of paragraphs. `note_mark` gives the mark of a note, `formula` the text of an object."""

    def __init__(self, styles: Styles, note_mark: "Callable[[_Element], str]", formula: "Callable[[str], str]") -> None:
        self._styles = styles
        self._note_mark = note_mark
        self._formula = formula

    def spans(self, paragraph: "_Element") -> Iterator[TextSpan]:
        """Yield the spans of a `text:p` or `text:h`."""
        style = self._styles.get("paragraph", paragraph.get(TEXT + "style-name"))
        if not (style.hidden or style.struck):
            yield from self._below(paragraph, style)

    def _below(self, parent: "_Element", style: OdfStyle) -> Iterator[TextSpan]:
        yield TextSpan(_collapsed(parent.text), style.raised, style.bold, style.size)
        for child in parent:
            yield from self._child(child, style)
            yield TextSpan(_collapsed(child.tail), style.raised, style.bold, style.size)

    def _child(self, child: "_Element", style: OdfStyle) -> Iterator[TextSpan]:
        plain = ""
        if child.tag == TEXT + "s":
            plain = " " * count(child.get(TEXT + "c"), 1, _MOST_SPACES)
        elif child.tag in _CHARACTERS:
            plain = _CHARACTERS[child.tag]
        elif child.tag in (TEXT + "note", OFFICE + "annotation"):
            yield TextSpan(self._note_mark(child))
        elif child.tag == MATH:
            plain = math_ml(child)
        elif child.tag == DRAW + "object" and child.get(HREF):
            plain = self._formula(child.get(HREF) or "")
        elif child.tag == TEXT + "span":
            own = self._span_style(child, style)
            if not (own.hidden or own.struck):
                yield from self._below(child, own)
        elif child.tag not in _BESIDE and child.get(TEXT + "is-hidden") != "true" and isinstance(child.tag, str):
            yield from self._below(child, style)
        if plain:
            yield TextSpan(plain, style.raised, style.bold, style.size)

    def _span_style(self, span: "_Element", style: OdfStyle) -> OdfStyle:
        own = self._styles.get("text", span.get(TEXT + "style-name"))
        return replace(
            style,
            bold=own.bold or style.bold,
            size=own.size or style.size,
            raised=own.raised or style.raised,
            hidden=own.hidden,
            struck=own.struck,
        )


def _collapsed(text: str | None) -> str:
    """Return characters with white space as ODF reads it: a line break in the file is a space."""
    return (text or "").replace("\n", " ").replace("\t", " ")
