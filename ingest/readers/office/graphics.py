"""The texts of charts and SmartArt in Word and PowerPoint files."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingest.readers.assemble import Piece
from ingest.readers.office.number_format import date_shown, is_date, number_shown
from ingest.readers.office.openxml import REL, parsed, target
from ingest.readers.source import one_line

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_FIRST_DAY = datetime(1899, 12, 30)  # from which dates are counted
_LAST_DAY = 2_958_466  # of the year 9999
_MOST_POINTS = 5_000  # of a series


def graphic_pieces(graphic: "_Element", part: object) -> Iterator[Piece]:
    """Yield the texts of the charts and diagrams that an element of a part shows.

    A chart gives its title, and one row for each value: `Series, category: value`.
    """
    for element in graphic.iter(_C + "chart", _DIAGRAM + "relIds"):
        is_chart = element.tag == _C + "chart"
        shown = target(part, element.get(REL + ("id" if is_chart else "dm")))
        root = parsed(shown.blob) if shown is not None else None
        if root is not None:
            yield from _chart(root) if is_chart else _diagram(root)


def _chart(root: "_Element") -> Iterator[Piece]:
    title = root.find(f"{_C}chart/{_C}title")
    if title is not None:
        yield Piece("".join(text.text or "" for text in title.iter(_A + "t")))
    series = list(root.iter(_C + "ser"))
    axis = _axis_title(root)
    for number, each in enumerate(series, start=1):
        name = _first(each.find(_C + "tx")) or (f"Series {number}" if len(series) > 1 else "")
        categories = _points(each.find(_C + "cat"), each.find(_C + "xVal"))
        values = _points(each.find(_C + "val"), each.find(_C + "yVal"))
        for place in sorted(values):
            named = ", ".join(filter(None, (name, categories.get(place, f"{place + 1}"))))
            yield Piece(f"{named}: {values[place]}{axis}", kind="row")


def _axis_title(root: "_Element") -> str:
    """Return the title of the value axis in brackets, which often is the unit."""
    axes = list(root.iter(_C + "valAx"))
    title = axes[0].find(_C + "title") if len(axes) == 1 else None
    text = one_line("".join(t.text or "" for t in title.iter(_A + "t"))) if title is not None else ""
    return f" ({text})" if text else ""


def _points(*sources: "_Element | None") -> dict[int, str]:
    """Return the stored values by place; the levels of a category in several levels are joined, outermost first."""
    found: dict[int, str] = {}
    for source in sources:
        levels = list(source.iter(_C + "lvl")) if source is not None else []
        if levels:
            return _levels([_values(level) for level in levels])
        if source is not None and not found:
            found = _values(source)
    return found


def _levels(levels: list[dict[int, str]]) -> dict[int, str]:
    """Join the levels of categories; an outer one holds until the next."""
    joined = dict(levels[0])
    for outer in levels[1:]:
        current = ""
        for place in sorted(joined):
            current = outer.get(place, current)
            joined[place] = f"{current}, {joined[place]}" if current else joined[place]
    return joined


def _values(source: "_Element") -> dict[int, str]:
    code = source.findtext(f".//{_C}formatCode") or ""
    found: dict[int, str] = {}
    for point in source.iter(_C + "pt"):
        place, value = point.get("idx") or "", one_line(point.findtext(_C + "v") or "")
        if place.isdecimal() and int(place) < _MOST_POINTS and value:
            found[int(place)] = _shown(value, point.get("formatCode") or code)
    return found


def _shown(value: str, code: str) -> str:
    """Return a stored value in its number format."""
    try:
        number = float(value)
    except ValueError:  # a text
        return value
    if is_date(code) and 0 <= number < _LAST_DAY:
        return date_shown(_FIRST_DAY + timedelta(days=number), code)
    return number_shown(number, code) if code else value


def _first(source: "_Element | None") -> str:
    return next((one_line(value.text or "") for value in source.iter(_C + "v")), "") if source is not None else ""


def _diagram(root: "_Element") -> Iterator[Piece]:
    """Yield the texts of a diagram's points, in order."""
    for point in root.iter(_DIAGRAM + "pt"):
        if point.get("type", "node") == "node":
            paragraphs = ("".join(t.text or "" for t in p.iter(_A + "t")) for p in point.iter(_A + "p"))
            yield Piece("\n".join(filter(str.strip, paragraphs)), kind="item")
