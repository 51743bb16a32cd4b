"""Terms of the lexical index: words, folded and stemmed by the rules of their language, with their spans."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

import Stemmer

from ingest.text.irregular import IRREGULAR
from ingest.text.stop_words import ASKING, STOP_WORDS

VERSION = 4  # of the analysis; an index built with another version is stale
ENGLISH = "en"

# M.A., Ph.D., p.m., A&E
_LETTER = r"[^\W\d_]"
_DOTTED = rf"(?i:Ph|{_LETTER})(?:\.(?i:Sc|Ed|Phil|{_LETTER}))+(?!\w)"
_ABBREVIATION = rf"(?<!\w)(?:{_DOTTED}|{_LETTER}{{1,2}}&{_LETTER}{{1,2}}(?!\w|&))"
# A number includes its decimals and digit groups; a word includes accents of their own and inner apostrophes.
_TOKEN = re.compile(_ABBREVIATION + r"|\d+(?:[.,]\d+)+|\w[\w\u0300-\u036f]*(?:['’]\w[\w\u0300-\u036f]*)*")
# Where an apostrophe ends an article or a pronoun ("l'eau"), it divides words.
_ELIDING_TOKEN = re.compile(_ABBREVIATION + r"|\d+(?:[.,]\d+)+|\w[\w\u0300-\u036f]*")
_IN_ABBREVIATIONS = str.maketrans("", "", ".&")
_SAID_IN_PASSING = frozenset({"eg", "ie", "dh", "zb"})  # e.g., i.e., d.h., z.B.
_ELIDING = frozenset({"fr", "it"})

_STEMMERS: Mapping[str, str] = MappingProxyType(
    {
        "de": "german",
        ENGLISH: "english",
        "es": "spanish",
        "fr": "french",
        "it": "italian",
        "nl": "dutch",
        "pt": "portuguese",
    }
)
_UMLAUTS = frozenset("äöü")  # the German stemmer folds them itself, and "ae", "oe" and "ue" with them
_UNDECOMPOSED = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d"})
# "informação" and "informações", folded: the Portuguese stemmer needs the accents of this ending.
_NASAL_ENDING = re.compile(r"(?<=\w)(c?)(?:aos?|oes|aes)$")


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a text: its stem, its span, and whether it is a stop word."""

    stem: str
    start: int
    end: int
    stop: bool


def analyse(text: str, language: str = ENGLISH) -> list[Term]:
    """Return the terms of a text, in order; a language without rules of its own is analysed as English.

    An abbreviation gives the same stem with its dots and without them ("M.A.", "MA").
    A word gives the same stem with its accents and without them, and in German
    also with "ae" for "ä" and "ss" for "ß". An irregular form in English gives the
    stem of its word ("torn", "tear"), and is a stop word where that is one.

    Source: case and accents folded (Unicode NFKD), Snowball stemmers (Porter 2001).
    """
    pattern = _ELIDING_TOKEN if language in _ELIDING else _TOKEN
    return [_term(m.group(), m.start(), m.end(), language) for m in pattern.finditer(text)]


def content_terms(text: str, language: str = ENGLISH) -> list[Term]:
    """Return the terms of a text without stop words."""
    return [term for term in analyse(text, language) if not term.stop]


def question_terms(text: str, language: str = ENGLISH) -> list[Term]:
    """Return the terms of a question that say what it is about; if there are none, all its terms.

    Besides stop words it leaves out what asks for a number, a time, a name or a difference ("wie hoch").
    """
    asking = ASKING.get(language)
    spans = [match.span() for match in asking.finditer(text)] if asking else []
    content = content_terms(text, language)
    about = [term for term in content if not any(start <= term.start < end for start, end in spans)]
    return about or content or analyse(text, language)


@lru_cache(maxsize=2_000)
def content_stems(text: str, language: str = ENGLISH) -> tuple[str, ...]:
    """Return the stems of a text without stop words, in order; a question compares the same sentences many times."""
    return tuple(term.stem for term in content_terms(text, language))


def is_number(stem: str) -> bool:
    """Whether a stem is that of a word written in digits."""
    return stem[:1].isdigit()


def stems(text: str, language: str = ENGLISH) -> str:
    """Return the stems of a text without stop words, joined as the lexical index stores them."""
    return " ".join(term.stem for term in content_terms(text, language))


def _term(word: str, start: int, end: int, language: str) -> Term:
    language = language if language in _STEMMERS else ENGLISH
    is_abbreviation = word[0].isalpha() and ("." in word or "&" in word)
    stem, stop = _stem(word.translate(_IN_ABBREVIATIONS) if is_abbreviation else word, language)
    return Term(stem, start, end, stop or (is_abbreviation and stem in _SAID_IN_PASSING))


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> tuple[str, bool]:
    word = "".join(unicodedata.normalize("NFKC", word).casefold().replace("’", "'").split())  # "ﷺ" is four words
    folded = _fold(word, _UMLAUTS if language == "de" else frozenset())
    stop = word in _stop_words(language)
    folded = folded.removesuffix("'s").replace("'", "") or folded
    # "childrens dose"
    if language == ENGLISH and (word := IRREGULAR.get(folded) or IRREGULAR.get(folded.removesuffix("s"), "")):
        folded, stop = word, stop or word in _stop_words(language)
    if language == "pt":
        folded = _NASAL_ENDING.sub(lambda ending: "ção" if ending[1] else "ão", folded)
    return _fold(_stemmer(language).stemWord(folded)), stop


def _fold(word: str, kept: frozenset[str] = frozenset()) -> str:
    """Return a word without accents, except on the letters to be kept."""
    return word if word.isascii() else "".join(letter if letter in kept else _bare(letter) for letter in word)


def _bare(letter: str) -> str:
    decomposed = unicodedata.normalize("NFKD", letter)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_UNDECOMPOSED)


@cache
def _stop_words(language: str) -> frozenset[str]:
    """Return the stop words of a language as people type them: with accents, without, and with "ae" for "ä"."""
    words = STOP_WORDS[language]
    typed = {word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss") for word in words}
    return frozenset(words | typed | {_fold(word) for word in words})


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_STEMMERS[language])
