"""Finds sentences about another form of a medicine: its gel where the question asks about its tablets."""

import re
from functools import lru_cache

from ingest.text.stop_words import STOP_WORDS
from ingest.text.terms import ENGLISH

_FORMS = (
    "tablet|capsule|caplet|pill",
    "syrup|suspension|liquid|solution",
    "gel|cream|ointment|lotion",
    "patch|patche",
    "injection|infusion|jab",
    "suppository|suppositorie|enema",
    "drop",
    "spray|inhaler",
)
_FORM = re.compile(r"\b(?:" + "|".join(f"({words})" for words in _FORMS) + r")s?\b", re.IGNORECASE)
_ASKED = re.compile(rf"\b(?P<name>[^\W\d_]{{5,}})\s+(?:\d[\w.%]*\s+(?:mg\s+)?)?(?={_FORM.pattern})", re.IGNORECASE)
_WORDS = 5  # after a name, among which its forms stand: "Diclofenac gel 1.16% or tablets"


def is_other_form(question: str, sentence: str) -> bool:
    """Return whether a sentence names a medicine in other forms only than the question."""
    return any((told := _forms_of(name, sentence)) and not told & forms for name, forms in _asked(question) if forms)


@lru_cache(maxsize=100)
def _asked(question: str) -> tuple[tuple[str, frozenset[int]], ...]:
    """Return the medicines that a question names with a form, and all their forms in it."""
    names = {found["name"].lower() for found in _ASKED.finditer(question)} - STOP_WORDS[ENGLISH]
    return tuple((name, _forms_of(name, question)) for name in sorted(names))


def _forms_of(name: str, text: str) -> frozenset[int]:
    """Return the numbers of the forms that stand within a few words after a name."""
    after = re.compile(rf"\b{name}\b((?:\W+\w[\w.%]*){{1,{_WORDS}}})", re.IGNORECASE)
    near = " ".join(found[1] for found in after.finditer(text))
    return frozenset(number for form in _FORM.finditer(near) for number in range(len(_FORMS)) if form[number + 1])
