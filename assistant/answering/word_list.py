"""How common words are, by a list of the words of a language; what no text has and the list hardly knows is a name."""

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from ingest.text.terms import ENGLISH

MEANT, SLIP = 4.0, 2.0  # Zipf frequencies: of what is meant at least, and of a slip at most; "caries" has 2.5
PLAIN_SLIP = 1.25  # the same, of a slip that is mended whatever stands beside it; "lability" has 1.5
EVERYDAY = 3.7  # the same, from which a word is no name ("remedies"); "acne" and "caffeine" have less
RARE = 3.4  # the same, below which a word may name another drug, disease or program; "aspirin" has 3.3
COMMON = 3.0  # Zipf frequency (3 is once in a million words) from which a word is no slip, and is meant by two slips
_CONDITIONS = frozenset({"bends", "boils", "corns", "hives", "piles"})  # what their singular does not name
_MEASURE = re.compile(
    r"(?:(?:centi|milli|kilo)met(?:re|er)|(?:kilo|milli|micro)gram(?:me)?|(?:milli)?lit(?:re|er)|fortnight)s?"
)
_WORD = re.compile(r"[^\W\d_]{4,}")


def zipf(word: str, language: str) -> float:
    """Return how common a word is in a language; 0 if it is in no list."""
    import wordfreq

    frequency = wordfreq.get_frequency_dict(language).get(word.casefold(), 0.0)
    return math.log10(frequency) + 9 if frequency else 0.0


def is_listed_name(word: str, *, capital_counts: bool) -> bool:
    """Return whether a word that no text has is a name: not a slip, an everyday word or a compound of two of these.

    It is rare, but in a list of English words, or has a capital where that counts. Only such slips count as hardly
    make another word: a letter doubled or not, or two in the wrong order ("tomorow"); "croup" is not "group".
    """
    parts = ((word[:cut], word[cut:]) for cut in range(2, len(word) - 1))
    if any(all(zipf(part, ENGLISH) >= COMMON for part in pair) for pair in parts):
        return False
    known = zipf(word, ENGLISH)
    if word.islower() and known <= SLIP and any(zipf(each, ENGLISH) >= MEANT for each in _slips(word)):
        return False
    return 0 < known < COMMON or (capital_counts and word[0].isupper())


def is_plain_slip(word: str, meant: str, language: str) -> bool:
    """Return whether a very rare word is a common one with a letter left out or two swapped ("temperture")."""
    alike = len(word) < len(meant) or sorted(word.casefold()) == sorted(meant.casefold())
    return alike and zipf(word, language) <= PLAIN_SLIP and zipf(meant, language) >= MEANT


def is_everyday(word: str) -> bool:
    """Return whether an English word is so common that it names no drug, disease or program."""
    if _MEASURE.fullmatch(word):
        return True
    singular = zipf(word[:-1], ENGLISH) if word[-1:] == "s" and word not in _CONDITIONS else 0.0  # "buckets"
    return zipf(word, ENGLISH) >= EVERYDAY or singular >= MEANT


def _slips(word: str) -> Iterator[str]:
    """Yield what may be meant by a word with a letter doubled or not, or two letters in the wrong order."""
    for at, (one, other) in enumerate(pairwise(word)):
        rest = word[at + 2 :]
        yield word[:at] + (one + rest if one == other else other + one + rest)
        yield word[: at + 1] + one + other + rest
    yield word + word[-1]


def has_rare_word(text: str) -> bool:
    """Return whether an English text has a word that may be the name of a drug, disease or program."""
    return any(zipf(word, ENGLISH) < RARE for word in _WORD.findall(text))
