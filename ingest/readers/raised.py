"""Writes superscripts, subscripts and note marks as plain characters that cannot be taken for part of a number."""

from types import MappingProxyType

_RAISED = MappingProxyType(str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ"))
_LOWERED = MappingProxyType(str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"))
_SIGNS = MappingProxyType({"tm": "™", "sm": "℠", "a": "ª", "o": "º"})
_ORDINALS = frozenset(("st", "nd", "rd", "th", "er", "re", "ère", "e", "ème", "me"))
# These are raised wherever they stand, or read alike on the line.
_PLAIN = frozenset("*†‡§¶#®©™℠ªº°′″’'\"")
_LONGEST = 20  # characters: a longer raised text is words, no exponent


def superscript(text: str) -> str:
    """Return raised text as plain characters: `⁶` for 6, `^(x+y)` for x+y; white space at its ends stays outside.

    Ordinals (st, nd, rd, th), marks such as `*` and raised words stay as they are.
    """
    own = text.strip()
    if not own or own.lower() in _ORDINALS or _PLAIN.issuperset(own) or _is_phrase(own):
        return text
    return text.replace(own, _SIGNS.get(own.lower()) or exponent(own))


def subscript(text: str) -> str:
    """Return lowered text as plain characters: `₂` for 2, `_(max)` for max; white space at its ends stays outside."""
    own = text.strip()
    return text if not own or _is_phrase(own) else text.replace(own, index(own))


def exponent(text: str) -> str:
    """Return the exponent of a formula as plain characters, whatever it consists of."""
    own = text.strip()
    return _characters(own, _RAISED) or (f"^({own})" if own else "")


def index(text: str) -> str:
    """Return the index of a formula as plain characters, whatever it consists of."""
    own = text.strip()
    return _characters(own, _LOWERED) or (f"_({own})" if own else "")


def note_mark(text: str) -> str:
    """Return the mark of a note in square brackets: `[3]` for 3."""
    own = text.strip().strip("[]()").strip()
    return f"[{own}]" if own else ""


def _is_phrase(text: str) -> bool:
    """Return whether a text is words that happen to be raised; what begins with a digit or sign is not."""
    has_words = any(len(word) > 2 and word.isalpha() for word in text.split())  # "n + 1" has none
    return (" " in text or "\n" in text or len(text) > _LONGEST) and text[0].isalpha() and has_words


def _characters(text: str, table: MappingProxyType[int, int]) -> str:
    """Return the text in the characters of a table, or "" if one is missing there."""
    return text.translate(table) if all(ord(character) in table for character in text) else ""
