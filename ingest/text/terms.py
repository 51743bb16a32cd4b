"""Terms of the lexical index: words, folded and stemmed, with their spans."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

# A number includes its decimals and digit groups; a word includes inner apostrophes.
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|\w+(?:['’]\w+)*")

_FUNCTION_WORDS = """
    a about above after again all also am an and any anybody anyone anything are as at be because been before being
    below best between both but by can cannot could did do does doing done down during each either else ever every few
    for from further get gets getting give given go goes going good got had has have having he help hello her here hers
    him his how i if in into is it its itself just know let like lot lots made make makes making many may maybe me
    might mine more most much must my need needs neither never no nobody none nor not nothing of off often oh ok okay
    on once one ones only or other others ought our ours out over own per perhaps please put quite rather really
    s same say says she should so some somebody someone something still such t take tell than thank thanks that the
    their theirs them then there these they thing things this those through to too try under until up upon us use used
    using very want wants was way ways we well were what whatever when where whether which while who whom whose why
    will with within without would yes yet you your yours
    aren't can't couldn't didn't doesn't don't hadn't hasn't haven't i'd i'll i'm i've isn't it's let's shouldn't
    that's there's they're wasn't we're weren't what's who's won't wouldn't you'd you're you've
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a text: its stem, its span, and whether it is a stop word."""

    stem: str
    start: int
    end: int
    stop: bool

    @property
    def number(self) -> bool:
        """Whether the word is written in digits."""
        return self.stem[:1].isdigit()


def analyse(text: str) -> list[Term]:
    """Return the terms of a text, in order.

    Source: case and accents folded (Unicode NFKD), English Snowball stemmer (Porter 2001).
    """
    return [_term(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def content_terms(text: str) -> list[Term]:
    """Return the terms of a text without stop words."""
    return [term for term in analyse(text) if not term.stop]


def stems(text: str) -> str:
    """Return the stems of a text without stop words, joined as the lexical index stores them."""
    return " ".join(term.stem for term in content_terms(text))


def _term(word: str, start: int, end: int) -> Term:
    stem, stop = _stem(word)
    return Term(stem, start, end, stop)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> tuple[str, bool]:
    folded = unicodedata.normalize("NFKD", word.casefold().replace("’", "'"))
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    stop = folded in STOP_WORDS
    folded = folded.removesuffix("'s").replace("'", "") or folded
    return _stemmer().stemWord(folded), stop


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")
