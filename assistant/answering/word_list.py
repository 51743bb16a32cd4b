"""How common words are, by a list of the words of a language; what no text has and the list hardly knows is a name."""

import math
from collections.abc import Iterator
from itertools import pairwise

from ingest.text.terms import ENGLISH

EVERYDAY = 4.0  # Zipf frequency from which a word is meant by one that is no name; "barter", beside Bartter, has 3.2
COMMON = 3.0  # Zipf frequency (3 is once in a million words) from which a word is no slip, and is meant by two slips


def zipf(word: str, language: str) -> float:
    """Return how common a word is in a language; 0 if it is in no list."""
    import wordfreq

    frequency = wordfreq.get_frequency_dict(language).get(word.casefold(), 0.0)
    return math.log10(frequency) + 9 if frequency else 0.0


def is_listed_name(word: str, *, capital_counts: bool) -> bool:
    """Return whether a word that no text has is a name: not a slip, an everyday word or a compound of two of these.

    It is rare, but in a list of English words, or has a capital where that counts. Of slips only those count that
    hardly make another word: a doubled letter or two in the wrong order ("tomorow"); "croup" is not "group".
    """
    parts = ((word[:cut], word[cut:]) for cut in range(2, len(word) - 1))
    if any(all(zipf(part, ENGLISH) >= COMMON for part in pair) for pair in parts):
        return False
    if any(zipf(each, ENGLISH) >= EVERYDAY for each in _slips(word)):
        return False
    return 0 < zipf(word, ENGLISH) < COMMON or (capital_counts and word[0].isupper())


def _slips(word: str) -> Iterator[str]:
    """Yield what may be meant by a word with a letter doubled or not, or two letters in the wrong order."""
    for at, (one, other) in enumerate(pairwise(word)):
        rest = word[at + 2 :]
        yield word[:at] + (one + rest if one == other else other + one + rest)
        yield word[: at + 1] + one + other + rest
    yield word + word[-1]
