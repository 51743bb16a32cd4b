"""The numbers that Word writes before paragraphs: `2.`, `(a)`, `iv.`, `3.1.2`."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ingest.readers import numerals
from ingest.readers.office.docx_styles import VAL, Style, W, number
from ingest.readers.office.openxml import is_on
from ingest.readers.symbols import readable

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_PLACE = re.compile(r"%([1-9])")
_DEEPEST = 9
_CHECK_BOXES = ("☐", "☑", "☒", "✓", "✗")
_FORMATS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "decimalZero": lambda number: f"{number:02}",
        "lowerLetter": numerals.letters,
        "upperLetter": numerals.FORMS["A"],
        "lowerRoman": numerals.roman,
        "upperRoman": numerals.FORMS["I"],
        "ordinal": numerals.ordinal,
        "none": lambda _number: "",
    }
)


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a list: first number, format, text with places such as `%1.%2`, and what follows it."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    space: str = " "
    legal: bool = False
    style: str = ""
    restart: int = -1


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)


class ListMark(NamedTuple):
    """Whether a paragraph is an item of a list, its number with the space after it, and the list's depth in others.

    A bullet has the number "".
    """

    listed: bool = True
    number: str = ""
    depth: int = 0


class Numbering:
    """Counts the numbered paragraphs of one document, in order."""

    def __init__(self, root: "_Element | None", styles: Mapping[str, Style]) -> None:
        self._styles = styles
        self._lists: dict[str, _List] = {}
        self._of: dict[str, str] = {}  # the list of a numbering instance
        self._starts: dict[str, dict[int, int]] = defaultdict(dict)  # of an instance that starts again
        if root is not None:
            self._read(root)

    def mark(self, paragraph: "_Element", style_id: str) -> ListMark:
        """Return whether a paragraph is an item of a list, and what Word writes before it."""
        identity, depth = self._place(paragraph, style_id)
        listed = self._lists.get(self._of.get(identity, ""))
        if listed is None:
            return ListMark(listed=False)
        level = listed.levels.get(depth, _Level())
        self._count(listed, identity, depth)
        if level.form == "bullet":
            return ListMark(number=f"{level.text} " if level.text in _CHECK_BOXES else "", depth=depth)
        text = _PLACE.sub(lambda place: self._written(listed, int(place[1]) - 1, legal=level.legal), level.text)
        return ListMark(level.form != "none" or bool(text), text + level.space if text.strip() else "", depth)

    def _place(self, paragraph: "_Element", style_id: str) -> tuple[str, int]:
        """Return the numbering instance and level of a paragraph, its own or its style's."""
        style = self._styles.get(style_id) or Style()
        own = paragraph.find(f"{W}pPr/{W}numPr")
        identity = _setting(own, "numId") or style.numbering
        listed = self._lists.get(self._of.get(identity, ""))
        linked = [depth for depth, level in listed.levels.items() if level.style == style_id] if listed else []
        depth = number(_setting(own, "ilvl"), linked[0] if linked and style_id else style.depth)
        return identity, min(max(depth, 0), _DEEPEST - 1)

    def _count(self, listed: _List, identity: str, depth: int) -> None:
        start = self._starts[identity].pop(depth, None)
        if start is not None:
            listed.counts[depth] = start
        elif depth in listed.counts:
            listed.counts[depth] += 1
        else:
            listed.counts[depth] = listed.levels.get(depth, _Level()).start
        for above in range(depth):
            listed.counts.setdefault(above, listed.levels.get(above, _Level()).start)
        for below in [each for each in listed.counts if each > depth]:
            restart = listed.levels.get(below, _Level()).restart
            if restart < 0 or 0 < depth + 1 <= restart:
                del listed.counts[below]

    def _written(self, listed: _List, depth: int, *, legal: bool) -> str:
        level = listed.levels.get(depth, _Level())
        count = listed.counts.get(depth, level.start)
        return str(count) if legal else _FORMATS.get(level.form, numerals.decimal)(count)

    def _read(self, root: "_Element") -> None:
        abstract = {each.get(W + "abstractNumId") or "": each for each in root.findall(W + "abstractNum")}
        linked = {_setting(each, "styleLink"): identity for identity, each in abstract.items()}
        for instance in root.findall(W + "num"):
            identity, own = instance.get(W + "numId") or "", _setting(instance, "abstractNumId")
            if own not in abstract or identity == "0":
                continue
            own = linked.get(_setting(abstract[own], "numStyleLink") or "-", own)
            overridden = {
                number(each.get(W + "ilvl"), 0): each.find(W + "lvl") for each in instance.findall(f"{W}lvlOverride")
            }
            changed = {depth: _level(each) for depth, each in overridden.items() if each is not None}
            name = f"{own} {identity}" if changed else own
            if name not in self._lists:
                levels = {number(each.get(W + "ilvl"), 0): _level(each) for each in abstract[own].findall(W + "lvl")}
                self._lists[name] = _List(levels | changed)
            self._of[identity] = name
            for each in instance.findall(f"{W}lvlOverride"):
                start = each.find(W + "startOverride")
                if start is not None:
                    self._starts[identity][number(each.get(W + "ilvl"), 0)] = number(start.get(VAL), 1)


def _level(element: "_Element") -> _Level:
    font = element.find(f"{W}rPr/{W}rFonts")
    return _Level(
        start=number(_setting(element, "start"), 1 if element.find(W + "start") is not None else 0),
        form=_setting(element, "numFmt") or "decimal",
        text=readable(_setting(element, "lvlText"), font.get(W + "ascii") or "" if font is not None else ""),
        space="" if _setting(element, "suff") == "nothing" else " ",
        legal=is_on(element.find(W + "isLgl"), VAL),
        style=_setting(element, "pStyle"),
        restart=number(_setting(element, "lvlRestart"), -1),
    )


def _setting(element: "_Element | None", name: str) -> str:
    found = element.find(W + name) if element is not None else None
    return "" if found is None else found.get(VAL) or ""
