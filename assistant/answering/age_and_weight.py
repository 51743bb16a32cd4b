"""Finds what is said for people of another age or weight than the question's: "over 88 pounds", "2 to 5 years"."""

import math
import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

_AGES = {"year": 12.0, "yr": 12.0, "month": 1.0, "mo": 1.0, "week": 12 / 52}  # in months
_WEIGHTS = {"pound": 0.4536, "lb": 0.4536, "kg": 1.0, "kilo": 1.0, "kilogram": 1.0}  # in kilograms
_SIZES = _AGES | _WEIGHTS
_NUMBER = r"(?<![\d/.])(\d{1,3}(?:\.\d{1,2})?)"
_AGE, _WEIGHT, _UNIT = (rf"({'|'.join(sorted(each, key=len, reverse=True))})s?" for each in (_AGES, _WEIGHTS, _SIZES))
_SOMEBODY = (
    r"\b(?:he|she|i|who|son|daughter|child|kid|baby|boy|girl|toddler|grand\w+|mother|mum|mom|father|dad|husband|wife"
    r"|partner|brother|sister|nephew|niece|patient)(?:['’][sm]| is| am| turned)"
    r"(?: (?:only|just|almost|nearly|about|around))?"
)
_PERSON = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\bis )(?<!\bare ){_NUMBER}[\s-]?{_AGE}[\s-]?olds?\b",
        rf"\baged? {_NUMBER}\b(?: {_AGE}\b)?",
        rf"{_SOMEBODY} {_NUMBER}(?![\d/%:]|\.\d| ?%)(?: (year|yr|month)s?(?: old)?)?(?=\s*(?:[,.;?!]|and\b|$))",
        rf"\bweigh\w*(?: \w+)?? {_NUMBER} ?{_WEIGHT}\b",
        rf"{_SOMEBODY} {_NUMBER} ?{_WEIGHT}\b",
    )
)
_OLD = r"(?: old| of age)?"
_BETWEEN = re.compile(rf"{_NUMBER} ?(?:{_UNIT} ?)?(?:to|-|–|—|and) ?{_NUMBER} ?{_UNIT}\b", re.IGNORECASE)  # noqa: RUF001
_AGED = re.compile(rf"\bage[sd]? {_NUMBER} ?(?:to|-|–|—|and) ?{_NUMBER}\b", re.IGNORECASE)  # noqa: RUF001
_FROM_AGE = re.compile(rf"\bage[sd]? {_NUMBER} ?(?:\+|(?:and|or) (?:up|over|older|above)\b)", re.IGNORECASE)
# Whether a range goes up from its number, whether it has it, and how it is told.
_BOUNDS = tuple(
    (up, included, re.compile(pattern, re.IGNORECASE))
    for up, included, pattern in (
        (True, False, rf"(?:\b(?:over|above|more than|older than|heavier than)|>) ?{_NUMBER} ?{_UNIT}\b"),
        (True, True, rf"(?:\b(?:at least|from)|≥|>=) ?{_NUMBER} ?{_UNIT}\b"),
        (True, True, rf"{_NUMBER} ?{_UNIT}{_OLD} (?:and|or) (?:over|above|older|up|more)\b"),
        (True, True, rf"{_NUMBER} ?\+ ?{_UNIT}\b"),
        (False, False, rf"(?:\b(?:under|below|less than|younger than|lighter than)|<) ?{_NUMBER} ?{_UNIT}\b"),
        (False, True, rf"(?:\bup to|≤|<=) ?{_NUMBER} ?{_UNIT}\b"),
        (False, True, rf"{_NUMBER} ?{_UNIT}{_OLD} (?:and|or) (?:under|below|younger|less)\b"),
    )
)
# "3 to 6 months" are no ages without such a word, "1 to 2 years after surgery" neither, and what is lifted is nobody.
_OF_PEOPLE = re.compile(
    r"\b(?:age[ds]?|olds?|older|younger|child(?:ren)?|infants?|newborns?|bab(?:y|ies)|toddlers?|kids?|teen\w*|adults?)\b",
    re.IGNORECASE,
)
_LASTING = re.compile(r"\)?\s*(?:after|later|post|following|from|since|ago|of)\b", re.IGNORECASE)
_OF_SERVICE = re.compile(r"\b(?:service|members?|membership|warranty|experience|employ\w*|seniority)\b", re.IGNORECASE)
_OF_LOADS = re.compile(
    r"\b(?:lift\w*|carr(?:y|ies|ying)|loads?|dumb-?bells?|luggage|weights|gain\w*|los(?:e|es|ing|s))\b", re.IGNORECASE
)
_ADDED = re.compile(r" \((\d[\d.]* \w+ old|(?:\d[\d.]* \w+ old, )?weighs \d[\d.]* \w+)\)\?$")
_LABEL_END = re.compile(r"[|:]")
_SENTENCE_END = re.compile(r"[.?!]\s")
_MARKS = "-*+•| \t\n"
_YEARS = frozenset({"year", "yr"})
LONGEST_LABEL = 60  # characters
ADULT = 18 * 12  # months
ROUNDED = 0.02  # share by which a weight in other units may miss a range
TO_BIRTHDAY = 11.9  # months that an age in whole years may have besides


class _Range(NamedTuple):
    """From `least` to `most`, of ages in months or of weights in kilograms."""

    of_weight: bool
    least: float
    most: float

    def has(self, value: float) -> bool:
        """Return whether a value is in the range."""
        rounded = ROUNDED if self.of_weight else 0.0
        return self.least * (1 - rounded) <= value <= self.most * (1 + rounded)


def is_for_others(question: str, sentence: str, above: str, under: str = "") -> bool:
    """Return whether what a sentence stands below, or its own row's or item's label, leaves out the person asked about.

    Only ages and weights that a question tells of one person count ("she is 7 and weighs 60 pounds"). `above` are its
    title and headings, `under` its last heading and the head of its table, a line each.
    """
    person = _person(question)
    if not person:
        return False
    bare = sentence.lstrip(_MARKS)
    label = _LABEL_END.split(bare, maxsplit=1)[0]
    texts = [above, *under.split("\n"), *([label] if len(label) <= LONGEST_LABEL and label != bare else [])]
    return any(_leaves_out(text, of_weight, value) for text in texts for of_weight, value in person.items())


def told_of(text: str) -> str:
    """Return the age and the weight that a text tells of a person, in words; "" if it tells none.

    What different sentences tell, perhaps of different people, is left out.
    """
    person, told = _person(text), list(_told(text))
    ends = [match.start() for match in _SENTENCE_END.finditer(text)]
    if len({bisect(ends, match.start()) for match, _ in told}) > 1:
        return ""
    found = {}
    for match, unit in told:
        of_weight = unit in _WEIGHTS
        if of_weight in person:
            several = f"{match[1]} {unit}" if unit == "kg" else f"{match[1]} {unit}s"
            found[of_weight] = f"weighs {several}" if of_weight else f"{several} old"
    return ", ".join(found.values())


def with_person(question: str, person: str) -> str:
    """Return a question with what `told_of` gave, if anything."""
    return f"{question.rstrip('? ')} ({person})?" if person else question


def without_person(question: str) -> tuple[str, str]:
    """Return a question without what `with_person` added, and that; searched for, it would bring other passages."""
    found = _ADDED.search(question)
    return (f"{question[: found.start()]}?", found[1]) if found else (question, "")


def _told(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield where a text tells an age or a weight, and its unit; an age without one is in years."""
    return ((match, (match[2] or "year").casefold()) for pattern in _PERSON for match in pattern.finditer(text))


@lru_cache(maxsize=100)
def _person(text: str) -> Mapping[bool, float]:
    """Return the age (False) in months and the weight (True) in kilograms that a text tells, each if it is just one."""
    found: dict[bool, set[float]] = {}
    for match, unit in _told(text):
        found.setdefault(unit in _WEIGHTS, set()).add(float(match[1]) * _SIZES[unit])
    return {of_weight: values.pop() for of_weight, values in found.items() if len(values) == 1}


def _leaves_out(text: str, of_weight: bool, value: float) -> bool:  # noqa: FBT001
    if not of_weight and value >= ADULT and not _OF_PEOPLE.search(text):
        return False
    ranges = [each for each in _ranges(text) if each.of_weight == of_weight]
    return bool(ranges) and not any(each.has(value) for each in ranges)


@lru_cache(maxsize=1_000)
def _ranges(text: str) -> tuple[_Range, ...]:
    of_people, of_loads = _OF_PEOPLE.search(text) is not None, _OF_LOADS.search(text) is not None
    of_service = _OF_SERVICE.search(text) is not None
    return tuple(
        found
        for found, unit, end in _found(text)
        if not (of_loads if found.of_weight else of_service)
        and (found.of_weight or of_people or (unit in _YEARS and not _LASTING.match(text, end)))
    )


def _found(text: str) -> Iterator[tuple[_Range, str, int]]:
    """Yield each range with its unit and its end in the text."""
    for match in _BETWEEN.finditer(text):
        unit = match[4].casefold()
        least = float(match[1]) * _SIZES[(match[2] or unit).casefold()]
        most = float(match[3]) * _SIZES[unit] + _besides(unit)
        yield _Range(unit in _WEIGHTS, least, most), unit, match.end()
    for match in _AGED.finditer(text):
        yield _Range(False, float(match[1]) * 12, float(match[2]) * 12 + TO_BIRTHDAY), "year", match.end()
    for match in _FROM_AGE.finditer(text):
        yield _Range(False, float(match[1]) * 12, math.inf), "year", match.end()
    for up, included, pattern in _BOUNDS:
        for match in pattern.finditer(text):
            unit = match[2].casefold()
            value = float(match[1]) * _SIZES[unit]
            if up:
                least, most = value if included else math.nextafter(value, math.inf), math.inf
            else:
                least, most = 0.0, value + _besides(unit) if included else math.nextafter(value, 0.0)
            yield _Range(unit in _WEIGHTS, least, most), unit, match.end()


def _besides(unit: str) -> float:
    """Return what an age in whole years may have besides: "2 to 5 years" goes to the sixth birthday."""
    return TO_BIRTHDAY if unit in _YEARS else 0.0
