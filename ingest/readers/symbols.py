"""Characters of fonts of signs, such as Symbol and Wingdings, which stand at other places than in Unicode."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_PRIVATE = 0xF000  # documents write the characters of these fonts here in Unicode's private area
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_SYMBOL = MappingProxyType(
    dict(
        enumerate(
            " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼", 0x20
        )
    )
    | dict(enumerate("€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑", 0xA0))
)
_WINGDINGS = MappingProxyType(
    {0x20: " ", 0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6E: "■", 0x6F: "☐", 0x71: "❑", 0x72: "❒", 0x75: "◆", 0x76: "❖"}
    | {0x9F: "•", 0xA1: "○", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓"}
    | {0xE8: "➔", 0xF0: "⇨", 0xF3: "⬄", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑"}
)
_WINGDINGS_2 = MappingProxyType(
    {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x97: "●", 0xA2: "■", 0xA3: "☐"}
)
# Unicode has most of this font in its order.
_DINGBATS = MappingProxyType(
    {place: chr(0x2700 + place - 0x20) for place in range(0x21, 0x7F)}
    | {0x25: "☎", 0x2A: "☛", 0x2B: "☞", 0x48: "★", 0x6C: "●", 0x6E: "■", 0x73: "▲", 0x74: "▼", 0x75: "◆", 0x77: "◗"}
)
_FONTS = MappingProxyType({"symbol": _SYMBOL, "wingdings": _WINGDINGS})
_PICTURES: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "dingbats": _DINGBATS, "other": MappingProxyType({})}
)
FAMILIES = ("", "symbol", *_PICTURES)
"""Fonts of signs; the first stands for all other fonts."""
_FAMILY = re.compile(
    r"(?:[A-Z]{6}\+)?(?:(?P<symbol>symbol)(?:MT|PS)*|(?P<wingdings>wingdings) ?(?P<number>[23])?"
    r"|(?P<dingbats>(?:itc ?)?zapf ?dingbats(?:std|itc)?|monotype ?sorts)|webdings)(?:[-, ].*)?",
    re.IGNORECASE,
)
_OWN = "°±µ¬×÷®©"  # Latin signs of Symbol that keep their place in Unicode


def family(name: str) -> str:
    """Return the one of `FAMILIES` that a font in a PDF belongs to."""
    match = _FAMILY.fullmatch(name)
    if match is None:
        return ""
    if match["wingdings"]:
        return {None: "wingdings", "2": "wingdings 2"}.get(match["number"], "other")
    return match.lastgroup or "other"


def sign(character: str, family: str) -> str:
    """Return the sign that a font of a family shows for a character of a PDF; a bullet for a picture without a name."""
    code = ord(character)
    if 0x100 <= code < _PRIVATE or code > _PRIVATE + 0xFF:
        return character
    if family in _PICTURES:
        return _PICTURES[family].get(code & 0xFF, "•")
    if character in _OWN or (character.isascii() and not character.isalpha()):
        return character
    return _SYMBOL.get(code & 0xFF, character)


def symbol(code: int, font: str) -> str:
    """Return the character that a font shows at a place; U+FFFD if it is not known."""
    place = code - _PRIVATE if _PRIVATE <= code <= _PRIVATE + 0xFF else code
    table = _FONTS.get(font.lower())
    if table is not None:
        return table.get(place, _UNKNOWN)
    return chr(code) if 0 < code < 0xD800 else _UNKNOWN


def readable(text: str, font: str) -> str:
    """Return text in a font as Unicode characters; characters of the private area are those of Symbol."""
    if font.lower() in _FONTS:
        return "".join(symbol(ord(character), font) for character in text)
    if text.isascii() or not any(_PRIVATE <= ord(character) <= _PRIVATE + 0xFF for character in text):
        return text
    return "".join(symbol(ord(c), "Symbol") if _PRIVATE <= ord(c) <= _PRIVATE + 0xFF else c for c in text)
