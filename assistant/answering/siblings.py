"""Finds passages about a sibling of what is asked for: "hip replacement" where the question has "knee replacement"."""

from collections.abc import Collection as Group
from collections.abc import Sequence
from itertools import pairwise

from assistant.answering.retrieve import Candidate, Question
from ingest.text.terms import analyse, content_stems

Pair = tuple[str, str]
Name = tuple[str, ...]  # the stems of a title or heading


def siblings(question: Question, candidates: Sequence[Candidate]) -> list[bool]:
    """Return of each candidate whether its title or a heading names a sibling of what the question names.

    A sibling has another word in the place of one, as "Total hip replacement"
    and "Total knee replacement". What the question names must be so in the title
    or a heading of another candidate, and neither what stands above the passage
    has its word, nor a sentence of the passage both words.
    """
    language = question.language
    above = [[content_stems(text, language) for text in (c.passage.title, *c.passage.heading)] for c in candidates]
    known = {name for names in above for name in names}
    terms = analyse(question.text, language)
    words = {term.stem for term in terms}
    pairs = {(one.stem, other.stem) for one, other in pairwise(terms) if not (one.stop or other.stop)}
    return [
        any(_is_sibling(pair, names, known, words) and not _has_both(pair, each, language) for pair in pairs)
        for each, names in zip(candidates, above, strict=True)
    ]


def _is_sibling(pair: Pair, above: Sequence[Name], known: Group[Name], asked: Group[str]) -> bool:
    """Return whether a name above has a word that is not asked for in the place of the first of a pair."""
    first, second = pair
    if any(first in name for name in above):
        return False
    return any(
        name[at + 1] == second and name[at] not in asked and (*name[:at], first, *name[at + 1 :]) in known
        for name in above
        for at in range(len(name) - 1)
    )


def _has_both(pair: Pair, candidate: Candidate, language: str) -> bool:
    """Return whether a sentence of a passage has both words: "after a hip or knee replacement"."""
    passage = candidate.passage
    return any(set(pair) <= set(content_stems(passage.cut(*span), language)) for span in passage.sentences)
