"""Characters of the fonts Symbol and Wingdings, which stand at other places than in Unicode."""

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
_FONTS = MappingProxyType({"symbol": _SYMBOL, "wingdings": _WINGDINGS})


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
