"""How common words are, by a list of the words of a language; what no text has and the list hardly knows is a name."""

import math

from ingest.text.terms import ENGLISH

COMMON = 3.0  # Zipf frequency (3 is once in a million words) from which a word is no slip, and is meant by two slips


def zipf(word: str, language: str) -> float:
    """Return how common a word is in a language; 0 if it is in no list."""
    import wordfreq

    frequency = wordfreq.get_frequency_dict(language).get(word.casefold(), 0.0)
    return math.log10(frequency) + 9 if frequency else 0.0


def is_listed_name(word: str, *, capital_counts: bool) -> bool:
    """Return whether a word that no text has is a name: not a slip, an everyday word or a compound of two of these.

    It is rare, but in a list of English words, or has a capital where that counts.
    """
    parts = ((word[:cut], word[cut:]) for cut in range(2, len(word) - 1))
    if any(all(zipf(part, ENGLISH) >= COMMON for part in pair) for pair in parts):
        return False
    return 0 < zipf(word, ENGLISH) < COMMON or (capital_counts and word[0].isupper())
