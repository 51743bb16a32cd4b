"""What a question asks for, and what a sentence offers: a number, a time, a name, a cause."""

import re
from enum import StrEnum


class Kind(StrEnum):
    """A kind of thing that a question can ask for."""

    NUMBER = "number"
    TIME = "time"
    NAME = "name"
    CAUSE = "cause"


_ASKS = {
    Kind.NUMBER: re.compile(
        r"\bhow (?:many|much|often|long|old|far|tall|big|large|high|fast|deep|wide|heavy)\b"
        r"|\bwhat (?:percent|percentage|number|amount|share|age|dose|dosage)\b",
        re.IGNORECASE,
    ),
    Kind.TIME: re.compile(r"^when\b|\b(?:what|which) (?:year|date|month|century|decade|day)\b", re.IGNORECASE),
    Kind.NAME: re.compile(r"\b(?:who|whom|whose)\b|\bwhat (?:city|country|state|person)\b", re.IGNORECASE),
    Kind.CAUSE: re.compile(r"\bwhy\b|\bwhat (?:causes?|caused)\b|\breasons?\b", re.IGNORECASE),
}
_OFFERS = {
    Kind.NUMBER: re.compile(
        r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?"
        r"|billions?|half|twice|once|one|percent|quarter)\b",
        re.IGNORECASE,
    ),
    Kind.TIME: re.compile(
        r"\b(?:1\d|20)\d\d\b|\b(?:january|february|march|april|june|july|august|september|october|november|december)\b"
        r"|\b(?:if|when|after|before|during|century|years?|months?|days?)\b",
        re.IGNORECASE,
    ),
    # A capital inside the sentence, or two capitalised words in a row.
    Kind.NAME: re.compile(r"(?<=[\w,;:] )[A-Z]\w+|\b[A-Z]\w+ [A-Z]\w+|[“\"'‘(][A-Z]\w+"),
    Kind.CAUSE: re.compile(
        r"\b(?:because|since|due to|caus\w*|result\w*|reasons?|so that|owing|therefore|leads? to|led to|by \w+ing)\b",
        re.IGNORECASE,
    ),
}


def asked(question: str) -> frozenset[Kind]:
    """Return the kinds of thing that a question asks for; most ask for none of these."""
    return frozenset(kind for kind, pattern in _ASKS.items() if pattern.search(question))


def offered(sentence: str, kinds: frozenset[Kind]) -> frozenset[Kind]:
    """Return which of `kinds` a sentence offers."""
    return frozenset(kind for kind in kinds if _OFFERS[kind].search(sentence))
