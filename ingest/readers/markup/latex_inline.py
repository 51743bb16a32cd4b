"""The characters of LaTeX paragraphs: accents, signs, footnotes and units; formulas stay as they are in the file."""

import re
import unicodedata
from dataclasses import dataclass, field
from types import MappingProxyType

from ingest.readers.raised import note_mark, subscript, superscript
from ingest.readers.source import one_line

_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z@]+)\*?[ \t]*(?:\n[ \t]*(?!\n))?|\\(?P<sign>.)|(?P<math>\$\$[^$]*\$\$|\$(?:\\.|[^$\\])*\$)"
    r"|(?P<comment>%[^\n]*(?:\n[ \t]*)?)|(?P<brace>[{}])|(?P<text>[^\\$%{}]+)|(?P<other>.)",
    re.DOTALL,
)
_OPTIONAL = re.compile(r"\s*\[(?:[^\[\]{}]|\{[^{}]*\})*\]")
_SPACE = re.compile(r"\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_LONGEST_FORMULA = 10_000  # characters
_ACCENTS = MappingProxyType(
    {"'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307"}
    | {"c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328", "r": "\u030a", "d": "\u0323"}
)
_SIGNS = MappingProxyType(
    {
        "ss": "ß",
        "o": "ø",
        "O": "Ø",
        "ae": "æ",
        "AE": "Æ",
        "oe": "œ",
        "OE": "Œ",
        "aa": "å",
        "AA": "Å",
        "l": "ł",
        "L": "Ł",
    }
    | {"i": "ı", "j": "ȷ", "S": "§", "P": "¶", "dots": "…", "ldots": "…", "textellipsis": "…", "textdegree": "°"}
    | {"copyright": "©", "textregistered": "®", "texttrademark": "™", "pounds": "£", "euro": "€", "texteuro": "€"}
    | {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textbar": "|", "textless": "<"}
    | {"textgreater": ">", "textquotesingle": "'", "textendash": "–", "textemdash": "—", "LaTeX": "LaTeX", "TeX": "TeX"}
    | {
        "textmu": "µ",
        "textperthousand": "‰",
        "quad": " ",
        "qquad": " ",
        "newline": "\n",
        "linebreak": "\n",
        "par": "\n",
    }
    | {"textquotedblleft": "“", "textquotedblright": "”", "slash": "/", "glqq": "„", "grqq": "“", "checkmark": "✓"}
)
# How many of their arguments are not text.
_DROPPED = MappingProxyType(
    dict.fromkeys(
        (
            *("label", "vspace", "hspace", "includegraphics", "bibliographystyle", "bibliography", "usepackage"),
            *("documentclass", "color", "pagestyle", "thispagestyle", "glsadd", "hypertarget", "href"),
            *("textcolor", "colorbox", "input", "include", "begin", "end", "cline", "cmidrule", "setcounter"),
            *("parbox", "resizebox", "foreignlanguage", "selectlanguage", "phantom", "nocite", "fontsize"),
            *("rowcolor", "cellcolor", "addlinespace", "graphicspath", "pagenumbering", "hyphenation"),
            "pdfbookmark",
        ),
        1,
    )
    | dict.fromkeys(
        ("rule", "setlength", "addtolength", "multicolumn", "multirow", "addcontentsline", "newtheorem", "fcolorbox"), 2
    )
)  # fmt: skip
_CITES = re.compile(r"\w*cite\w*|(?:auto|[cCv]|eq|name|page|sub)?ref")
_PREFIXES = MappingProxyType(
    {"kilo": "k", "milli": "m", "micro": "µ", "nano": "n", "centi": "c", "deci": "d"} | {"mega": "M"}
)
_UNITS = MappingProxyType(
    {"gram": "g", "litre": "L", "liter": "L", "metre": "m", "meter": "m", "second": "s", "minute": "min", "hour": "h"}
    | {"mole": "mol", "percent": "%", "degreeCelsius": "°C", "celsius": "°C", "degree": "°", "per": "/", "day": "d"}
    | {
        "kelvin": "K",
        "pascal": "Pa",
        "watt": "W",
        "volt": "V",
        "ampere": "A",
        "joule": "J",
        "hertz": "Hz",
        "newton": "N",
    }
    | {"squared": "²", "cubed": "³", "square": "", "cubic": "", "kilogram": "kg", "ohm": "Ω"}
)
_UNIT = re.compile(r"\\([A-Za-z]+)\s*")
_POWER = re.compile(rf"\\(square|cubic)\s*((?:\\(?:{'|'.join(_PREFIXES)})\s*)?\\[A-Za-z]+)")
_FRACTIONS = ("nicefrac", "sfrac")
_RANGES = ("SIrange", "qtyrange", "numrange")
_NOTES = frozenset(("footnote", "footnotetext", "thanks", "marginpar"))
_RAISED = frozenset(("textsuperscript", "textsubscript", "up"))
_READ = _NOTES | _RAISED | {"texorpdfstring"}
# Environments whose options are about the layout, each with how many of its arguments are no text.
_LAYOUTS = MappingProxyType(
    dict.fromkeys(("figure", "table", "itemize", "enumerate", "description", "center"), 0)
    | dict.fromkeys(("minipage", "tabular", "array", "multicols", "thebibliography", "adjustbox", "spacing"), 1)
    | dict.fromkeys(("wrapfigure", "wraptable"), 2)
)
_DEEPEST = 20  # footnotes and raised texts in each other


@dataclass(slots=True)
class Inline:
    """Reads paragraphs; footnotes are collected in `notes`."""

    notes: list[str] = field(default_factory=list)

    def text(self, marked: str, depth: int = 0) -> str:
        """Return a paragraph without commands, with its forced line breaks."""
        parts: list[str] = []
        at = 0
        while (token := _TOKEN.match(marked, at)) is not None:
            at = token.end()
            if token["word"]:
                shown, at = self._command(token["word"], marked, at, depth)
                mixed = token["word"] in _FRACTIONS and "".join(parts[-1:])[-1:].isdigit()  # 2½ is not 21/2
                parts.append(f" {shown}" if mixed else shown)
            elif token["sign"]:
                shown, at = _sign(token["sign"], marked, at)
                parts.append(shown)
            elif token["math"] or token["other"]:
                parts.append(token[0])
            elif token["text"]:
                parts.append(_typeset(token["text"]))
        return "\n".join(filter(None, map(one_line, "".join(parts).split("\v"))))

    def _command(self, name: str, text: str, at: int, depth: int) -> tuple[str, int]:
        """Return what a command shows, and where its own arguments end; those that are text are read on as such."""
        if name in _SIGNS:
            return _SIGNS[name].replace("\n", "\v"), at
        if name in _ACCENTS and len(name) == 1:
            return _accented(name, text, at)
        if name == "verb":
            end = text.find(text[at : at + 1] or "|", at + 1, at + _LONGEST_FORMULA)
            return (text[at + 1 : end], end + 1) if end > 0 else ("", at)
        at = _after_options(text, at)
        if name in _DROPPED or name.startswith("index"):
            return "", _after_dropped(name, text, at)
        if name in ("SI", "qty", "si", "unit"):
            return _quantity(name, text, at)
        if name in _RANGES:
            low, at = argument(text, at)
            high, at = argument(text, at)
            unit, at = _quantity("si", text, at) if name != "numrange" else ("", at)
            return f"{low}–{high} {unit}".strip(), at
        if name in _FRACTIONS:
            over, at = argument(text, at)
            under, at = argument(text, at)
            return f"{over}/{under}", at
        if name in ("url", "nolinkurl"):
            return argument(text, at)
        if _CITES.fullmatch(name):
            inside, at = argument(text, at)
            return note_mark(inside), at
        return self._inside(name, text, at, depth) if name in _READ and depth < _DEEPEST else ("", at)

    def _inside(self, name: str, text: str, at: int, depth: int) -> tuple[str, int]:
        """Return what a command shows that does more than set its argument in another type."""
        inside, at = argument(text, at)
        shown = self.text(inside, depth + 1)
        if name == "texorpdfstring":  # as printed, and as shown in bookmarks
            return shown, argument(text, at)[1]
        if name in _RAISED:
            return (subscript if name == "textsubscript" else superscript)(shown), at
        self.notes.append(one_line(shown))
        return f"[{len(self.notes)}]", at

    def take_notes(self, first: int) -> list[str]:
        """Return the footnotes from a number on, each with its mark."""
        return [f"[{number}] {text}" for number, text in enumerate(self.notes[first:], first + 1)]


def argument(text: str, at: int) -> tuple[str, int]:
    """Return the argument in braces at a place, or "" if there is none, and where it ends."""
    start = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it always matches
    if text[start : start + 1] != "{":
        return "", at
    depth = 0
    for brace in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return text[start + 1 : brace.start()], brace.end()
    return text[start + 1 :], len(text)


def _after_dropped(name: str, text: str, at: int) -> int:
    """Return where the arguments end that are not text."""
    first = ""
    for _ in range(_DROPPED.get(name, 2)):
        first, at = argument(text, at)
    return after_begin(first, text, at) if name == "begin" else at


def after_begin(name: str, text: str, at: int) -> int:
    """Return where the options and arguments of an environment end that are no text."""
    name = name.rstrip("*")
    if name in _LAYOUTS:
        at = _after_options(text, at)
        for _ in range(_LAYOUTS[name]):
            _, at = argument(text, at)
    return at


def _after_options(text: str, at: int) -> int:
    for _ in range(2):
        match = _OPTIONAL.match(text, at)
        at = match.end() if match else at
    return at


def _accented(accent: str, text: str, at: int) -> tuple[str, int]:
    letter, end = argument(text, at)
    if end == at:
        letter, end = text[at : at + 1], at + 1
        if letter == "\\":
            letter, end = text[at + 1 : at + 2], at + 2
    letter = letter.strip().removeprefix("\\")
    if not letter:
        return "", end
    return unicodedata.normalize("NFC", letter[0] + _ACCENTS[accent]) + letter[1:], end


def _sign(sign: str, text: str, at: int) -> tuple[str, int]:
    """Return what a command of one sign shows."""
    if sign in _ACCENTS and sign not in ("~",) or (sign == "~" and text[at : at + 1].isalpha()):
        return _accented(sign, text, at)
    if sign == "\\":
        return "\v", _after_options(text, at)
    if sign in "([":  # a formula
        end = text.find("\\)" if sign == "(" else "\\]", at, at + _LONGEST_FORMULA)
        return (text[at - 2 : end + 2], end + 2) if end >= 0 else (sign, at)
    return {",": " ", ";": " ", ":": " ", " ": " ", "\n": " ", "/": "", "-": "", "!": "", "@": ""}.get(sign, sign), at


def _typeset(text: str) -> str:
    text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    return text.replace("~", " ")


def _quantity(name: str, text: str, at: int) -> tuple[str, int]:
    """Return a number with its unit, as the siunitx package sets them."""
    number = ""
    if name in ("SI", "qty"):
        number, at = argument(text, at)
    unit, at = argument(text, at)
    unit = _POWER.sub(lambda match: match[2] + (r"\squared" if match[1] == "square" else r"\cubed"), unit)
    unit = _UNIT.sub(lambda match: _PREFIXES.get(match[1]) or _UNITS.get(match[1], match[1]), unit)
    return f"{number} {unit}".strip(), at
