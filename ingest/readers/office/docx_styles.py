"""The styles of a Word document, each with what it inherits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.readers.office.openxml import is_on

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
VAL = W + "val"

_HEADING = re.compile(r"heading ([1-9])")
_BODY_LEVEL = 9  # the outline level of body text
_MAX_DEPTH = 20  # styles that are based on each other
_POSITIONS = {"superscript": 1, "subscript": -1, "baseline": 0}
_RAISED = 4  # half-points from which characters off the line are an exponent or index
_USUAL_SIZE = 20  # half-points: what Word takes if nothing is stated


@dataclass(frozen=True, slots=True)
class Look:
    """How characters look: bold, size in half-points, raised (1) or lowered (-1), hidden or struck out, font."""

    bold: bool = False
    size: int = _USUAL_SIZE
    raised: int = 0
    hidden: bool = False
    font: str = ""
    struck: bool = False

    def changed(self, properties: "_Element | None") -> "Look":
        """Return the look after a `w:rPr` element."""
        if properties is None:
            return self
        look = self
        for element in properties:
            value = element.get(VAL) or ""
            if element.tag == W + "b":
                look = replace(look, bold=is_on(element, VAL))
            elif element.tag == W + "vanish":
                look = replace(look, hidden=is_on(element, VAL))
            elif element.tag == W + "vertAlign":
                look = replace(look, raised=_POSITIONS.get(value, 0))
            elif element.tag == W + "position" and abs(height := number(value.removesuffix("pt"), 0)) >= _RAISED:
                look = replace(look, raised=1 if height > 0 else -1)
            elif element.tag in (W + "strike", W + "dstrike"):
                look = replace(look, struck=is_on(element, VAL))
            elif element.tag == W + "sz":
                look = replace(look, size=number(value.removesuffix("pt"), look.size))
            elif element.tag == W + "rFonts":
                look = replace(look, font=element.get(W + "ascii") or look.font)
        return look


@dataclass(frozen=True, slots=True)
class Style:
    """A style: lower-case name, heading level or 0, numbering (id and level, "" if none), look, and own elements."""

    name: str = ""
    level: int = 0
    numbering: str = ""
    depth: int = 0
    look: Look = Look()
    head_row: bool = False


def number(value: str | None, default: int) -> int:
    """Return an attribute as a whole number."""
    return int(value) if value and re.fullmatch(r"-?\d{1,6}", value) else default


def styles_of(root: "_Element") -> Mapping[str, Style]:
    """Return the styles by id; "" is the default paragraph style."""
    usual = Look().changed(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))
    elements = {element.get(W + "styleId") or "": element for element in root.findall(W + "style")}
    styles = {identity: _style(element, elements, usual) for identity, element in elements.items()}
    default = next((i for i, e in elements.items() if e.get(W + "default") and e.get(W + "type") == "paragraph"), None)
    return {"": Style(look=usual)} | styles | ({"": styles[default]} if default is not None else {})


def _style(element: "_Element", elements: "Mapping[str, _Element]", usual: Look) -> Style:
    """Return a style with what it inherits from those that it is based on."""
    chain = [element]
    while len(chain) < _MAX_DEPTH:
        base = elements.get(_value(chain[-1], "basedOn"))
        if base is None or base is chain[-1]:
            break
        chain.append(base)
    style = Style(look=usual)
    for each in reversed(chain):
        style = _inheriting(style, each)
    return replace(style, name=_value(element, "name").lower())


def _inheriting(style: Style, element: "_Element") -> Style:
    heading = _HEADING.fullmatch(name := _value(element, "name").lower())
    if heading or name == "title":
        style = replace(style, level=int(heading[1]) if heading else 1)
    outline = element.find(f"{W}pPr/{W}outlineLvl")
    if outline is not None and name != "title":
        style = replace(style, level=outline_level(outline))
    numbering = element.find(f"{W}pPr/{W}numPr")
    if numbering is not None:
        identity, depth = _value(numbering, "numId"), number(_value(numbering, "ilvl"), style.depth)
        style = replace(style, numbering=identity or style.numbering, depth=depth)
    heads = any(part.get(W + "type") == "firstRow" for part in element.findall(W + "tblStylePr"))
    return replace(style, look=style.look.changed(element.find(W + "rPr")), head_row=style.head_row or heads)


def outline_level(element: "_Element") -> int:
    """Return the heading level that a `w:outlineLvl` element states; 0 for body text."""
    level = number(element.get(VAL), _BODY_LEVEL)
    return level + 1 if 0 <= level < _BODY_LEVEL else 0


def _value(element: "_Element", name: str) -> str:
    found = element.find(W + name)
    return "" if found is None else found.get(VAL) or ""
