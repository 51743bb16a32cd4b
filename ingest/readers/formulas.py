"""Writes formulas (Office Math, MathML) on one line: `weight/4`, `√(x+1)`, `x²`."""

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ingest.readers.office.openxml import local
from ingest.readers.raised import exponent, index

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SINGLE = re.compile(r"[\w.,%∞√°]*|\([^()]*\)")
_FRACTION = re.compile(r"[^\s/]+/[^\s/]+")
_ROOTS = MappingProxyType({"": "√", "2": "√", "3": "∛", "4": "∜"})


def office_math(formula: "_Element", text_of: "Callable[[_Element], str]") -> str:
    """Return an `m:oMath` element as text; `text_of` gives the text of a run or of an element of other kinds."""
    return _Office(text_of).line(formula)


def math_ml(formula: "_Element") -> str:
    """Return a MathML `math` element as text."""
    return joined(_math_ml_parts(formula))


def joined(parts: Sequence[str]) -> str:
    """Join the parts of a formula; a fraction next to a letter or digit is put in brackets."""
    line = ""
    for number, part in enumerate(parts):
        following = next((after for after in parts[number + 1 :] if after), "")
        touches = line[-1:].isalnum() or following[:1].isalnum()
        if _FRACTION.fullmatch(part) and touches:
            mixed = line[-1:].isdigit() and part.replace("/", "").isdigit()
            part = f" {part}" if mixed and not following[:1].isalnum() else f"({part})"
        line += part
    return line


def fraction(over: str, under: str) -> str:
    """Return a fraction as `a/b`, each side in brackets if it is more than one name or number."""
    return f"{grouped(over)}/{grouped(under)}"


def root(degree: str, of: str) -> str:
    """Return a root as `√x`."""
    sign = _ROOTS.get(degree.strip()) or f"{exponent(degree)}√"
    return sign + grouped(of)


def grouped(part: str) -> str:
    """Return a part of a formula in brackets unless it is one name or number."""
    part = part.strip()
    return part if _SINGLE.fullmatch(part) else f"({part})"


class _Office:
    def __init__(self, text_of: "Callable[[_Element], str]") -> None:
        self._text_of = text_of

    def line(self, parent: "_Element | None") -> str:
        return joined([self._part(child) for child in parent]) if parent is not None else ""

    def _part(self, element: "_Element") -> str:
        name = local(element)
        if name.endswith("Pr"):
            return ""
        if not str(element.tag).startswith(_M) or name == "r":
            return self._text_of(element)
        write = _WRITERS.get(name)
        return write(self, element) if write else self.line(element)

    def child(self, element: "_Element", name: str) -> str:
        return self.line(element.find(_M + name))

    def setting(self, element: "_Element", name: str, default: str) -> str:
        found = element.find(f"{_M}{local(element)}Pr/{_M}{name}")
        return default if found is None else found.get(_M + "val") or ""


def _fraction(office: _Office, element: "_Element") -> str:
    over, under = office.child(element, "num"), office.child(element, "den")
    if office.setting(element, "type", "bar") == "noBar":  # a binomial coefficient
        return f"{over.strip()} over {under.strip()}"
    return fraction(over, under)


def _scripts(office: _Office, element: "_Element") -> str:
    base = office.child(element, "e")
    sub, sup = office.child(element, "sub"), office.child(element, "sup")
    raised = index(sub) + exponent(sup)
    return raised + base if local(element) == "sPre" else grouped(base) + raised


def _limit(office: _Office, element: "_Element") -> str:
    place = exponent if local(element) == "limUpp" else index
    return office.child(element, "e") + place(office.child(element, "lim"))


def _sum(office: _Office, element: "_Element") -> str:
    sign = office.setting(element, "chr", "∫")
    limits = index(office.child(element, "sub")) + exponent(office.child(element, "sup"))
    return f"{sign}{limits} {office.child(element, 'e')}"


def _brackets(office: _Office, element: "_Element") -> str:
    inner = office.setting(element, "sepChr", "|").join(office.line(each) for each in element.findall(_M + "e"))
    return office.setting(element, "begChr", "(") + inner + office.setting(element, "endChr", ")")


def _function(office: _Office, element: "_Element") -> str:
    name, of = office.child(element, "fName"), office.child(element, "e")
    return f"{name} {of}" if of[:1].isalnum() else name + of


def _matrix(office: _Office, element: "_Element") -> str:
    lines = (", ".join(office.line(each) for each in row.findall(_M + "e")) for row in element.findall(_M + "mr"))
    return f"[{'; '.join(lines)}]"


def _equations(office: _Office, element: "_Element") -> str:
    return "; ".join(office.line(each) for each in element.findall(_M + "e"))


_WRITERS: "MappingProxyType[str, Callable[[_Office, _Element], str]]" = MappingProxyType(
    {
        "f": _fraction,
        **dict.fromkeys(("sSup", "sSub", "sSubSup", "sPre"), _scripts),
        **dict.fromkeys(("limLow", "limUpp"), _limit),
        "nary": _sum,
        "d": _brackets,
        "func": _function,
        "m": _matrix,
        "eqArr": _equations,
        "rad": lambda office, element: root(office.child(element, "deg"), office.child(element, "e")),
    }
)


def _math_ml_parts(parent: "_Element") -> list[str]:
    return [_math_ml_part(child) for child in parent]


def _math_ml_part(element: "_Element") -> str:
    name = local(element)
    if name in ("mi", "mn", "mo", "mtext", "ms"):
        return " ".join("".join(element.itertext()).split()) if name != "mtext" else "".join(element.itertext())
    if name.startswith("annotation"):  # the formula again, in another language
        return ""
    parts = _math_ml_parts(element)
    if name in ("mfrac", "msup", "mover", "msub", "munder", "mroot") and len(parts) == 2:
        first, second = parts
        if name == "mfrac":
            return fraction(first, second)
        if name == "mroot":
            return root(second, first)
        return grouped(first) + (exponent if name in ("msup", "mover") else index)(second)
    if name in ("msubsup", "munderover") and len(parts) == 3:
        return grouped(parts[0]) + index(parts[1]) + exponent(parts[2])
    if name == "msqrt":
        return root("", joined(parts))
    if name == "mtr":
        return ", ".join(parts)
    if name == "mtable":
        return f"[{'; '.join(parts)}]"
    return joined(parts)
