"""Whether two texts say the same: nearly the same words, and exactly the same numbers and negations."""

import re

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
