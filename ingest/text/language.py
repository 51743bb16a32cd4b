"""Finds the language of texts."""

import lzma
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from ingest.schema import Block, Document
from ingest.text.stop_words import STOP_WORDS
from ingest.text.terms import ENGLISH, analyse

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SURE = 0.8
"""The lowest probability that counts. Of 11,985 sentences and questions of XQuAD in de, en, es, ru and tr, 91 % reach
it, and 3 of those are wrong; 97 % reach 0.5, and 16 of those are wrong."""

STRANGE = 1 / 4
"""The least share of a question's words that must be stop words of a language in which there is no text."""

_SAMPLE = 300  # characters of a block that are looked at
_SAMPLES = 20  # blocks of a document that are looked at first


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, or "" if it is too short or too unlike prose to say.

    Source: py3langid, a Bayesian classifier over byte n-grams (after Lui and Baldwin 2012).
    """
    language, probability = _identifier().classify(text)
    return str(language) if probability >= SURE else ""


def main_language(languages: Mapping[str, int]) -> str:
    """Return the language of most of a corpus' text, of the known ones; English if none is known."""
    known = {language: count for language, count in languages.items() if language}
    return max(known, key=lambda language: known[language], default=ENGLISH)


def question_language(question: str, languages: Mapping[str, int]) -> str:
    """Return the language of a question on texts in `languages` (code to amount of text).

    Questions are too short for `language_of`. The language is the one with most
    of the question's words among its stop words; where that is not clear, the
    corpus' main language.
    """
    main = main_language(languages)
    found = {language: _stop_words(question, language) for language in STOP_WORDS}
    best = max(found, key=lambda language: (found[language], languages.get(language, 0)))
    least = 1 if best in languages else max(2, STRANGE * len(analyse(question)))
    return best if found[best] > found.get(main, 0) and found[best] >= least else main


def _stop_words(question: str, language: str) -> int:
    """Return the number of stop words; single letters ("l'", "d'", "what's") say little, but for "a" and "I"."""
    whole = ("a", "i") if language == ENGLISH else ()
    return sum(term.stop and (term.end - term.start > 1 or term.stem in whole) for term in analyse(question, language))


def document_language(document: Document) -> str:
    """Return the language that the document states, else the one of most of its sampled text."""
    return document.language or language_of(" ".join(_samples(document)))


def block_languages(document: Document) -> tuple[str, ...]:
    """Return a language for each block.

    Blocks are looked at one by one only if some sampled ones are in another
    language than the document; rows and code are not cut by a language's rules.
    """
    main = document.language
    sampled = {language_of(text) for text in _samples(document)}
    if sampled <= {main, ""}:
        return (main,) * len(document.blocks)
    return tuple(
        main if block.kind in ("row", "code") else language_of(_beginning(document, block)) or main
        for block in document.blocks
    )


def _samples(document: Document) -> list[str]:
    """Return the beginnings of evenly spaced blocks."""
    step = max(1, len(document.blocks) // _SAMPLES)
    return [_beginning(document, block) for block in document.blocks[::step]]


def _beginning(document: Document, block: Block) -> str:
    return document.text[block.start : min(block.end, block.start + _SAMPLE)]


@cache
def _identifier() -> "LanguageIdentifier":
    """Return py3langid's classifier, read in memory: its own loader writes 68 MB to a temporary file first.

    Single items of a memoryview are found faster than those of an array of NumPy's.
    """
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    with lzma.open(MODEL_DIR / MODEL_FILE) as packed, np.load(BytesIO(packed.read())) as model:
        return LanguageIdentifier(
            model["ptc"],
            model["pc"],
            model["classes"].tolist(),
            memoryview(model["nextmove"]),
            model["out_feat"].tolist(),
            norm_probs=True,
            tk_row=memoryview(model["nextmove_row"]),
        )
