"""Detects quotes that say the same: nearly the same words in order, the same numbers and the same negations."""

import re
from collections.abc import Collection, Sequence

from assistant.answering.leaning import NEGATION, NEGATION_ELSEWHERE
from assistant.schema import Quote
from ingest.text.terms import content_stems, is_number

SHARED = 0.75  # least Jaccard similarity of the word stems (0 to 1)

# Words that change what a sentence means.
_TURNING = re.compile(
    r"\b(?:may|might|will|can|could|should|must|before|after|above|below|more|less|most|few|all|some|only|on|off|in|out"
    r"|over|under|up|down|with|from|to|if|unless|until|till|except|avoid\w*|stop\w*|against|than|instead|fail\w*"
    r"|lack\w*|least|fewer|barely|seldom|nobody)\b",
    re.IGNORECASE,
)


def says_the_same(one: str, other: str) -> bool:
    """Whether two texts say the same. In doubt, return False.

    The stems of one text must contain those of the other, with a Jaccard
    similarity of at least `SHARED` and in the same order. Numbers, negations
    and meaning-changing function words must be equal.
    """
    stems, other_stems = content_stems(one), content_stems(other)
    own, theirs = set(stems), set(other_stems)
    shared = own & theirs
    if not shared or len(shared) / len(own | theirs) < SHARED or shared not in (own, theirs):
        return False
    numbers, other_numbers = (sorted(filter(is_number, each)) for each in (stems, other_stems))
    return (
        numbers == other_numbers
        and _in_order(stems, shared) == _in_order(other_stems, shared)
        and all(len(each.findall(one)) == len(each.findall(other)) for each in (NEGATION, NEGATION_ELSEWHERE))
        and _turns(one) == _turns(other)
    )


def _in_order(stems: Sequence[str], shared: Collection[str]) -> list[str]:
    return list(dict.fromkeys(stem for stem in stems if stem in shared))


def _turns(text: str) -> list[str]:
    return sorted(word.casefold() for word in _TURNING.findall(text))


def agreements(quotes: Sequence[Quote]) -> tuple[tuple[int, ...], ...]:
    """Return groups of quotes in which different sources say the same; quotes are numbered from 1."""
    groups: list[list[int]] = []
    for number, quote in enumerate(quotes, 1):
        for group in groups:
            if _agree(quotes[group[0] - 1], quote):
                group.append(number)
                break
        else:
            groups.append([number])
    return tuple(tuple(group) for group in groups if len(group) > 1)


def _agree(one: Quote, other: Quote) -> bool:
    """Whether two quotes of different sources say the same; copies of one text do not count."""
    passages = one.evidence.passage, other.evidence.passage
    copies = passages[0].sha == passages[1].sha
    return passages[0].place != passages[1].place and not copies and says_the_same(one.text, other.text)
