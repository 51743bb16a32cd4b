"""Finds what is said for people of another age or weight than the question's: "over 88 pounds", "2 to 5 years"."""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_AGES = {"year": 12.0, "yr": 12.0, "month": 1.0, "mo": 1.0, "week": 12 / 52}  # in months
_WEIGHTS = {"pound": 0.4536, "lb": 0.4536, "kg": 1.0, "kilo": 1.0, "kilogram": 1.0}  # in kilograms
_NUMBER = r"(\d{1,3}(?:\.\d{1,2})?)"
_UNIT = rf"({'|'.join(sorted((*_AGES, *_WEIGHTS), key=len, reverse=True))})s?"
_PERSON = (
    re.compile(rf"\b{_NUMBER}[\s-]?(year|yr|month|week)s?[\s-]?olds?\b", re.IGNORECASE),
    re.compile(
        rf"\b(?:aged?|(?:is|am|turned)(?: (?:only|just|almost|nearly))?) {_NUMBER}(?! ?[%/:.\d])"
        r"(?: (year|yr|month|week)s?)?(?=\s*(?:[,.;?!]|and\b|old\b|$))",
        re.IGNORECASE,
    ),
    re.compile(rf"\bweigh\w*(?: \w+)?? {_NUMBER} ?(pound|lb|kg|kilo|kilogram)s?\b", re.IGNORECASE),
    re.compile(
        rf"\b(?:is|am|are)(?: (?:only|just|about|around|almost|nearly))? {_NUMBER} ?(pound|lb|kg|kilo|kilogram)s?\b",
        re.IGNORECASE,
    ),
)
_BETWEEN = re.compile(rf"\b{_NUMBER} ?(?:{_UNIT} ?)?(?:to|-|–|—|and) ?{_NUMBER} ?{_UNIT}\b", re.IGNORECASE)  # noqa: RUF001
_LEAST = re.compile(
    rf"\b(?:over|above|more than|older than|heavier than|at least) {_NUMBER} ?{_UNIT}\b"
    rf"|\b{_NUMBER} ?{_UNIT}(?: old| of age)? (?:and|or) (?:over|above|older|up|more)\b|\b{_NUMBER} ?\+ ?{_UNIT}\b",
    re.IGNORECASE,
)
_MOST = re.compile(
    rf"\b(?:under|below|less than|younger than|lighter than|up to) {_NUMBER} ?{_UNIT}\b"
    rf"|\b{_NUMBER} ?{_UNIT}(?: old| of age)? (?:and|or) (?:under|below|younger|less)\b",
    re.IGNORECASE,
)
# "3 to 6 months" are no ages without such a word, "1 to 2 years after surgery" neither, and what is lifted is nobody.
_OF_PEOPLE = re.compile(
    r"\b(?:age[ds]?|olds?|older|younger|child(?:ren)?|infants?|newborns?|bab(?:y|ies)|toddlers?|kids?|teen\w*|adults?)\b",
    re.IGNORECASE,
)
_LASTING = re.compile(r"\)?\s*(?:after|later|post|following|from|since|ago|of)\b", re.IGNORECASE)
_OF_LOADS = re.compile(r"\b(?:lift\w*|carr(?:y|ies|ying)|loads?|dumb-?bells?|luggage|weights)\b", re.IGNORECASE)
_LABEL_END = re.compile(r"[|:]")
_MARKS = "-*+•| \t\n"
LONGEST_LABEL = 60  # characters
ADULT = 18 * 12  # months
ROUNDED = 0.02  # share by which a weight in other units may miss a range


class _Range(NamedTuple):
    """From `least` to `most`, of ages in months or of weights in kilograms."""

    of_weight: bool
    least: float
    most: float

    def has(self, value: float) -> bool:
        """Return whether a value is in the range; somebody is 5 until the sixth birthday."""
        return self.least * (1 - ROUNDED) <= value <= self.most * (1 + ROUNDED)


def is_for_others(question: str, sentence: str, above: str) -> bool:
    """Return whether the headings above a sentence, or its own row's or item's label, leave out the person asked about.

    Only ages and weights that a question tells of a person count ("she is 7 and weighs 60 pounds").
    """
    person = _person(question)
    if not person:
        return False
    label = _LABEL_END.split(sentence.lstrip(_MARKS), maxsplit=1)[0]
    texts = [above, label] if len(label) <= LONGEST_LABEL and label != sentence.lstrip(_MARKS) else [above]
    return any(_leaves_out(text, of_weight, value) for text in texts for of_weight, value in person)


def told_of(text: str) -> str:
    """Return the weight of a person and the age of a child that a text tells, in words; "" if it tells none.

    An adult's age is left out: it seldom decides, and a question with it is read as another one.
    """
    found = {}
    for match in (each for pattern in _PERSON for each in pattern.finditer(text)):
        unit = (match[2] or "year").casefold()
        if unit in _AGES and float(match[1]) * _size(unit) >= ADULT:
            continue
        several = f"{match[1]} {unit}" if unit == "kg" else f"{match[1]} {unit}s"
        found[unit in _WEIGHTS] = f"weighs {several}" if unit in _WEIGHTS else f"{several} old"
    return ", ".join(found.values())


def _leaves_out(text: str, of_weight: bool, value: float) -> bool:  # noqa: FBT001
    ranges = [each for each in _ranges(text) if each.of_weight == of_weight]
    return bool(ranges) and not any(each.has(value) for each in ranges)


@lru_cache(maxsize=100)
def _person(question: str) -> tuple[tuple[bool, float], ...]:
    """Return the age and the weight that a question tells, if it is just one: whether it is a weight, and the value."""
    found: dict[bool, set[float]] = {}
    for pattern in _PERSON:
        for match in pattern.finditer(question):
            unit = (match[2] or "year").casefold()
            found.setdefault(unit in _WEIGHTS, set()).add(float(match[1]) * _size(unit))
    return tuple((of_weight, values.pop()) for of_weight, values in found.items() if len(values) == 1)


@lru_cache(maxsize=1_000)
def _ranges(text: str) -> tuple[_Range, ...]:
    return tuple(_found(text))


def _found(text: str) -> Iterator[_Range]:
    for match in _BETWEEN.finditer(text):
        first, own, last, unit = match.groups()
        if not _is_of_people(text, unit, match.end()):
            continue
        least, most = float(first) * _size(own or unit), float(last) * _size(unit)
        yield _Range(unit.casefold() in _WEIGHTS, least, most + _year_of(unit))
    for pattern, up in ((_LEAST, True), (_MOST, False)):
        for match in pattern.finditer(text):
            number, unit = (each for each in match.groups() if each is not None)
            if not _is_of_people(text, unit, match.end()):
                continue
            value = float(number) * _size(unit)
            yield _Range(unit.casefold() in _WEIGHTS, value if up else 0.0, math.inf if up else value)


def _is_of_people(text: str, unit: str, end: int) -> bool:
    """Return whether a range in a text that ends there is one of people, rather than of times or loads."""
    if unit.casefold() in _WEIGHTS:
        return not _OF_LOADS.search(text)
    in_years = unit.casefold() in ("year", "yr") and not _LASTING.match(text, end)
    return in_years or _OF_PEOPLE.search(text) is not None


def _size(unit: str) -> float:
    """Return how many months or kilograms a unit is."""
    return (_AGES | _WEIGHTS)[unit.casefold()]


def _year_of(unit: str) -> float:
    """Return what an age in whole years may have besides: "2 to 5 years" goes to the sixth birthday."""
    return 11.9 if unit.casefold() in ("year", "yr") else 0.0
