"""Whether two texts say the same: nearly the same words, and exactly the same numbers and negations."""

import re
from collections.abc import Sequence

from assistant.schema import Quote
from ingest.terms import content_terms

SHARED = 0.75  # of the words of both (Jaccard), at which two texts say the same

_NEGATION = re.compile(
    r"\b(?:no|not|never|none|neither|nor|without|cannot|hardly|rarely|un\w+able|inconclusive)\b|n['’]t\b", re.IGNORECASE
)


def says_the_same(one: str, other: str) -> bool:
    """Whether two texts say the same, word order aside; in doubt they do not."""
    terms, others = content_terms(one), content_terms(other)
    stems, other_stems = {term.stem for term in terms}, {term.stem for term in others}
    if not stems or not other_stems or len(stems & other_stems) / len(stems | other_stems) < SHARED:
        return False
    numbers = sorted(term.stem for term in terms if term.number) == sorted(term.stem for term in others if term.number)
    return numbers and len(_NEGATION.findall(one)) == len(_NEGATION.findall(other))


def agreements(quotes: Sequence[Quote]) -> tuple[tuple[int, ...], ...]:
    """Return the groups of quotes, by number from 1, in which different sources say the same."""
    groups: list[list[int]] = []
    for number, quote in enumerate(quotes, 1):
        for group in groups:
            first = quotes[group[0] - 1]
            if first.evidence.passage.place != quote.evidence.passage.place and says_the_same(first.text, quote.text):
                group.append(number)
                break
        else:
            groups.append([number])
    return tuple(tuple(group) for group in groups if len(group) > 1)
