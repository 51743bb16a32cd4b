"""Finds passages about a sibling of what is asked for: "hip replacement" where the question has "knee replacement"."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from assistant.answering.retrieve import Candidate, Question
from ingest.text.terms import analyse, content_stems

Pair = tuple[str, str]


def siblings(question: Question, candidates: Sequence[Candidate]) -> list[bool]:
    """Return of each candidate whether its title or headings name a sibling of what the question names.

    A sibling has another word before the same one, as "hip" and "knee" before
    "replacement". What the question names must be in the title or a heading of
    another candidate, and no sentence of the passage has both of its words.
    """
    language = question.language
    above = [_above(each, language) for each in candidates]
    asked = _pairs(question.text, language)
    named = asked & frozenset[Pair]().union(*above)
    words = {term.stem for term in analyse(question.text, language)}
    return [
        any(_is_sibling(pair, own, words) and not _has_both(pair, each, language) for pair in named)
        for each, own in zip(candidates, above, strict=True)
    ]


def _is_sibling(pair: Pair, above: frozenset[Pair], asked: set[str]) -> bool:
    """Return whether what stands above has another word, which is not in the question, in the place of the first."""
    first, second = pair
    return not any(first in each for each in above) and any(
        last == second and other not in asked for other, last in above
    )


def _has_both(pair: Pair, candidate: Candidate, language: str) -> bool:
    """Return whether a sentence of a passage has both words: "after a hip or knee replacement"."""
    passage = candidate.passage
    return any(set(pair) <= set(content_stems(passage.cut(*span), language)) for span in passage.sentences)


def _above(candidate: Candidate, language: str) -> frozenset[Pair]:
    passage = candidate.passage
    return frozenset[Pair]().union(*(_pairs(each, language) for each in (passage.title, *passage.heading)))


@lru_cache(maxsize=2_000)
def _pairs(text: str, language: str) -> frozenset[Pair]:
    """Return the stems side by side in a text, none of them of a stop word."""
    return frozenset(
        (one.stem, other.stem) for one, other in pairwise(analyse(text, language)) if not (one.stop or other.stop)
    )
