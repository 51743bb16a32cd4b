"""Writes formulas (Office Math, MathML) on one line: `weight/4`, `√(x+1)`, `x²`."""

import re
import unicodedata
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
_BINOMIAL = re.compile(r"\([^()]+ over [^()]+\)")
_NO_BAR = re.compile(r"0(?:\.0*)?(?:[a-z]+|%)?")
_BARS = ("\u0304", "\u0305", "¯")
_INVISIBLE = dict.fromkeys(range(0x2061, 0x2065))  # signs for "times" and the like, which nobody sees
_ROOTS = MappingProxyType({"": "√", "2": "√", "3": "∛", "4": "∜"})


def office_math(formula: "_Element", text_of: "Callable[[_Element], str]") -> str:
    """Return an `m:oMath` element as text; `text_of` gives the text of a run or of an element of other kinds."""
    return _Office(text_of).line(formula)


def math_ml(formula: "_Element") -> str:
    """Return a MathML `math` element as text."""
    return joined(_math_ml_parts(formula))


def joined(parts: Sequence[str]) -> str:
    """Join the parts of a formula; a fraction next to a letter or digit is put in brackets, no binomial in two."""
    line = ""
    for number, part in enumerate(parts):
        following = next((after for after in parts[number + 1 :] if after), "")
        touches = line[-1:].isalnum() or following[:1].isalnum()
        if _FRACTION.fullmatch(part) and touches:
            mixed = line[-1:].isdigit() and part.replace("/", "").isdigit()
            part = f" {part}" if mixed and not following[:1].isalnum() else f"({part})"
        elif _BINOMIAL.fullmatch(part) and line.endswith("(") and following.startswith(")"):
            part = part[1:-1]
        line += part
    return line


def fraction(over: str, under: str) -> str:
    """Return a fraction as `a/b`, each side in brackets if it is more than one name or number."""
    return f"{grouped(over)}/{grouped(under)}"


def binomial(over: str, under: str) -> str:
    """Return a binomial coefficient as `(n over k)`."""
    return f"({over.strip()} over {under.strip()})"


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
    if office.setting(element, "type", "bar") == "noBar":
        return binomial(over, under)
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
    return joined((office.setting(element, "begChr", "("), inner, office.setting(element, "endChr", ")")))


def _accent(office: _Office, element: "_Element") -> str:
    """Return one letter with its accent: the mean x̄ is another value than x."""
    base, accent = office.child(element, "e"), office.setting(element, "chr", "\N{COMBINING CIRCUMFLEX ACCENT}")
    if len(base) > 1 and accent in _BARS:
        return grouped(base) + exponent("¯")
    return unicodedata.normalize("NFC", base + accent) if len(base) == 1 else base


def _bar(office: _Office, element: "_Element") -> str:
    """Return what stands below a bar, which denies it or means its average; a bar below only underlines."""
    base = office.child(element, "e")
    return grouped(base) + exponent("¯") if office.setting(element, "pos", "bot") == "top" else base


def _phantom(office: _Office, element: "_Element") -> str:
    """Return what takes room and may be hidden."""
    return "" if office.setting(element, "show", "1") in ("0", "false", "off") else office.child(element, "e")


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
        "acc": _accent,
        "bar": _bar,
        "phant": _phantom,
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
        text = "".join(element.itertext()).translate(_INVISIBLE)
        return text if name == "mtext" else " ".join(text.split())
    if name == "mphantom" or name.startswith("annotation"):  # hidden; the formula again, in another language
        return ""
    parts = _math_ml_parts(element)
    if name in ("mfrac", "msup", "mover", "msub", "munder", "mroot") and len(parts) == 2:
        first, second = parts
        if name == "mfrac":
            has_bar = not _NO_BAR.fullmatch(element.get("linethickness") or "")
            return (fraction if has_bar else binomial)(first, second)
        if name == "mroot":
            return root(second, first)
        return grouped(first) + (exponent if name in ("msup", "mover") else index)(second)
    if name in ("msubsup", "munderover") and len(parts) == 3:
        return grouped(parts[0]) + index(parts[1]) + exponent(parts[2])
    if name in _MATH_ML_WRITERS:
        return _MATH_ML_WRITERS[name](element, parts)
    return joined(parts)


def _scripts_around(element: "_Element", parts: Sequence[str]) -> str:
    """Return a base with the scripts after it and, behind `mprescripts`, those before it: `₆¹⁴C`."""
    names = [local(child) for child in element]
    at = names.index("mprescripts") if "mprescripts" in names else len(parts)
    before, after = (
        "".join(map(index, scripts[::2])) + "".join(map(exponent, scripts[1::2]))
        for scripts in (parts[at + 1 :], parts[1:at])
    )
    return before + grouped("".join(parts[:1])) + after


def _fenced(element: "_Element", parts: Sequence[str]) -> str:
    """Return parts in brackets, with the signs between them, the last of which goes on."""
    signs = "".join(element.get("separators", ",").split())
    inner = "".join(
        part + (signs[min(number, len(signs) - 1)] if signs and number < len(parts) - 1 else "")
        for number, part in enumerate(parts)
    )
    return joined((element.get("open", "("), inner, element.get("close", ")")))


_MATH_ML_WRITERS: "MappingProxyType[str, Callable[[_Element, Sequence[str]], str]]" = MappingProxyType(
    {
        "mmultiscripts": _scripts_around,
        "mfenced": _fenced,
        "msqrt": lambda _element, parts: root("", joined(parts)),
        "mtr": lambda _element, parts: ", ".join(parts),
        "mtable": lambda _element, parts: f"[{'; '.join(parts)}]",
    }
)
