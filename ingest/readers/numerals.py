"""Writes the numbers of lists and notes: decimal, letters and Roman numerals."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_LARGEST_ROMAN = 5_000
_LETTERS = 26
_LARGEST_LETTERS = _LETTERS * 30  # thirty times the same letter


def decimal(number: int) -> str:
    """Return a number in digits."""
    return str(number)


def letters(number: int) -> str:
    """Return a, b, ..., z, aa, bb, ... as word processors count with letters."""
    if not 0 < number <= _LARGEST_LETTERS:
        return str(number)
    times, letter = divmod(number - 1, _LETTERS)
    return chr(ord("a") + letter) * (times + 1)


def roman(number: int) -> str:
    """Return a number in small Roman numerals."""
    if not 0 < number <= _LARGEST_ROMAN:
        return str(number)
    written = ""
    for value, numeral in _ROMAN:
        times, number = divmod(number, value)
        written += numeral * times
    return written


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, ..."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


FORMS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "1": decimal,
        "a": letters,
        "A": lambda number: letters(number).upper(),
        "i": roman,
        "I": lambda number: roman(number).upper(),
    }
)
"""By the form that HTML and OpenDocument name."""
