"""The numbers of lists and headings in ODT, which the file leaves to the program that shows them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.readers import numerals
from ingest.readers.office.odf import STYLE, TEXT, count

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_DEEPEST = 10
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a list style: format ("" for bullets), text before and after, levels shown, first number."""

    form: str = ""
    before: str = ""
    after: str = ""
    shown: int = 1
    start: int = 1


@dataclass(slots=True)
class Count:
    """The numbers reached in one list, by level from 1, under its style."""

    style: str
    counts: dict[int, int] = field(default_factory=dict)


class Lists:
    """The list styles of a document."""

    def __init__(self, *roots: "_Element | None") -> None:
        self._styles: dict[str, dict[int, _Level]] = {}
        for root in roots:
            if root is not None:
                for each in root.iter(TEXT + "list-style", TEXT + "outline-style"):
                    name = "" if each.tag == TEXT + "outline-style" else each.get(STYLE + "name") or ""
                    self._styles[name] = _levels(each)

    def next(self, counted: Count, depth: int, start: int | None = None) -> str:
        """Count an item at a level from 1, and return its number with the space after it; "" for bullets."""
        levels = self._styles.get(counted.style, {})
        level = levels.get(depth, _Level())
        before = counted.counts.get(depth, level.start - 1)
        counted.counts[depth] = before + 1 if start is None else start
        counted.counts = {at: number for at, number in counted.counts.items() if at <= depth}
        if not level.form:
            return ""
        parts = []
        for at in range(max(1, depth - level.shown + 1), depth + 1):
            form = levels.get(at, _Level()).form
            number = counted.counts.get(at, levels.get(at, _Level()).start)
            if form:
                parts.append(numerals.FORMS.get(form, numerals.decimal)(number))
        return f"{level.before}{'.'.join(parts)}{level.after} "


def _levels(style: "_Element") -> dict[int, _Level]:
    levels = {}
    for each in style:
        depth = count(each.get(TEXT + "level"), 1, _DEEPEST)
        numbered = isinstance(each.tag, str) and each.tag in (
            TEXT + "list-level-style-number",
            TEXT + "outline-level-style",
        )
        if numbered:
            levels[depth] = _Level(
                each.get(STYLE + "num-format") or "",
                each.get(STYLE + "num-prefix") or "",
                each.get(STYLE + "num-suffix") or "",
                count(each.get(TEXT + "display-levels"), 1, _DEEPEST),
                count(each.get(TEXT + "start-value"), 1, _MOST),
            )
    return levels
