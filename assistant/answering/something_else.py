"""Finds sentences about another type or version than the question's, or without harm or a ban if it asks for one."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from assistant.answering.age_and_weight import is_for_others
from assistant.answering.medicine_forms import is_other_form

_NUMBER = r"\d+(?:\.\d+)*[a-z]?"
_NUMBERED = re.compile(
    r"\b(?P<kind>types?|grades?|stages?|phases?|versions?|v|levels?|class|chapters?|sections?|articles?|parts?|steps?"
    r"|rules?|PEP|RFC|ISO|DIN)[\s-]?"
    rf"(?P<number>{_NUMBER}|(?-i:[IVX]{{2,}}|V|X|(?<=[Tt]ype[ -]|[Tt]age[ -]|[Hh]ase[ -]|[Rr]ade[ -]|[Ll]ass[ -])I)"
    r"[a-e]?)\b",
    re.IGNORECASE,
)
_FURTHER = re.compile(rf"\s*(?P<sign>,|,?\s+(?:and|or)|&|to|/|[-–—])\s*(?P<number>{_NUMBER})\b", re.IGNORECASE)  # noqa: RUF001
_OPEN = re.compile(
    r"\s*(?:\+|(?:\([^()]*\)\s*)?(?:and|or)\s+(?:above|higher|up|over|more|later|upwards?|below|lower|under|less"
    r"|earlier)\b)",
    re.IGNORECASE,
)
_ANY = "*"  # "grade 11 and above" tells something of every grade
_RANGE = frozenset({"to", "-", "–", "—"})  # noqa: RUF001
_MOST = 100  # numbers of a range
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
_NAMES = {"v": "version"}  # of kinds that have two
# Not "what helps nerve damage" or "what if it gets worse", which ask for help.
_ASKS_FOR_HARM = re.compile(
    r"\bma(?:k\w+|de)\b[^.?!]*\bworse\b|\b(?:worsen|aggravate)s?\b|\b(?:dangerous|harmful|damaging|unsafe)\b"
    r"|\b(?:dangers|harms?)\s+(?:of|from|does|do|can)\b|\bside[- ]effects?\b"
    r"|\b(?:can|could|do|does|will|would|may|might)\b[^.?!]*\b(?:harm|damage)\s+(?:the|my|your|our|his|her|their|an?)\b",
    re.IGNORECASE,
)
_TELLS_OF_HARM = re.compile(
    r"\b(?:wors\w*|aggravat\w*|harm\w*|damag\w*|danger\w*|(?:un)?safe\w*|side[- ]effects?|risk\w*|injur\w*|hurt\w*"
    r"|bad\w*|complication\w*|adverse\w*|caus\w*|irritat\w*|strain\w*|inflam\w*|bleed\w*|infect\w*|los[est]\w*"
    r"|kill\w*|death\w*|problem\w*|fail\w*|destroy\w*|break\w*|too (?:much|many|long|hard)|overdo\w*|more pain"
    r"|painful)\b",
    re.IGNORECASE,
)
_MODAL = r"(?:should|must)(?:n['’]t|(?: \w+){0,2} (?:not|never))\b"
_ASKS_FOR_A_BAN = re.compile(
    rf"\b{_MODAL}|(?<!\bor )\bnot to\b"
    # Not "I can't sleep", "why can't I walk" or "what may or may not help".
    r"|(?:\b(?:who|what|which)(?: (?!(?:I|you|we|they|he|she|it|if|that|because|when|why|or)\b)[\w'’-]+){0,4}"
    r"|(?:^|[:.?!] )\W*(?:(?:and|but|so) )?(?:when|where))"
    r" (?:can(?:not|['’]t)|(?:may|can)(?: (?!or\b)\w+){0,2} (?:not|never))\b"
    r"|\bavoid\w*|\bcontraindicat\w*|\b(?:ought not|forbidden|prohibited)\b"
    r"|\bnot (?:suitable|safe|allowed|recommended)\b",
    re.IGNORECASE,
)
# What only looks like it: "how can I avoid pain?", "what helps if I should not run?", "why should I not run?"
_NO_BAN = re.compile(
    r"\b(?:how|ways?|tips?|help\w*|want\w*|try\w*|order|prevent\w*|can|could)\b"
    r"(?:(?!\b(?:what|which|who)\b)[^.?!])*?\bavoid\w*"
    rf"|\b(?:if|because|since|when|while|whether)\s+(?:\w+\s+){{1,2}}?{_MODAL}"
    rf"|(?:\bwhy|(?<=\w )who)\s+{_MODAL}",
    re.IGNORECASE,
)
_ASKS_TO_STOP = re.compile(  # not "how do I stop the pain?"
    r"\b(?:have|has|need|needs|must|should|do|does|to|i)\b[^.?!]*"
    r"\bstop(?:ping)?(?:\s+(?:taking|using|eating|drinking|doing|before)\b|\s*(?:\?|$))",
    re.IGNORECASE,
)
_ASKS_WHAT_IS_ALLOWED = re.compile(
    r"\b(?:what|which)\b(?!.*\b(?:not|never|avoid|stop)\b)(?!.*n['’]t\b)[^.?!]*"
    r"\b(?:can|may)\s+(?:i|you|we|one|they|\w+s)\s+"
    r"(?:still\s+)?(?:take|eat|use|drink|do|have|wear|continue)\b",
    re.IGNORECASE,
)
# How the line above a list allows or forbids what is in it.
_ALLOWS = re.compile(
    r"\b(?:you|they|it|patients|people)\s+(?:can|may)\s+(?:still\s+|continue\s+to\s+)?(?:take|eat|use|drink|do|have)\b"
    r"|\b(?:safe|allowed|permitted|suitable)\b",
    re.IGNORECASE,
)
_SAFE = re.compile(r"\bsafe\w*", re.IGNORECASE)
_FORBIDS = re.compile(
    r"^\W*(?:stop|avoid|never|do\s+not|don['’]t)\b"
    r"|\b(?:can|may|must|should|need\s+to|have\s+to)\s*(?:not|n['’]t|stop|avoid|never)\b|\b(?:ca|must|should)n['’]t\b",
    re.IGNORECASE,
)
_TELLS_OF_A_BAN = re.compile(
    r"\b(?:no|not|never|none|nobody|without|cannot|avoid\w*|contraindicat\w*|un\w+able|forbid\w*|prohibit\w*|only"
    r"|instead|unless|until|refrain|stop|limit\w*|less|rather|exce(?:pt|ption)\w*|unsafe|danger\w*|risk\w*|worse\w*"
    r"|bad)\b|n['’]t\b",
    re.IGNORECASE,
)


def is_about_something_else(question: str, sentence: str, above: str, under: str = "", introduced: str = "") -> bool:
    """Return whether a sentence, under a title and headings, is about another type or version than is asked.

    Or whether it is about people of another age or weight, see
    age_and_weight.py, or about another form of a medicine, see
    medicine_forms.py. Or whether harm or a ban is asked for, and neither it
    tells of one nor what it stands `under`: its heading, the head of its
    table, the introduction of its list. Or whether its list is `introduced` as
    the opposite of what is asked ("you can continue to take:"). By English words.
    """
    if is_for_others(question, sentence, above, under) or is_other_form(question, sentence):
        return True
    asked = _asked(question)
    if asked.numbers:
        heading, own = _numbers(above), _numbers(sentence)
        # Under "Type 1", "unlike type 2, ..." is about type 1, and "Type 2 is ..." is not.
        named = any(kind in heading for kind in asked.numbers) and not _NUMBERED.match(sentence)
        if _differ(asked.numbers, heading) or (_differ(asked.numbers, own) and not named):
            return True
    if introduced.rstrip("*_ ").endswith(":") and _is_opposite(asked, introduced):
        return True
    told = f"{under}\n{introduced}\n{sentence}"
    return (asked.harm and not _TELLS_OF_HARM.search(told)) or (asked.ban and not _TELLS_OF_A_BAN.search(told))


class _Asked(NamedTuple):
    """What a question asks for: numbers of types by kind, harm, a ban, what to stop, what is allowed."""

    numbers: Mapping[str, set[str]]
    harm: bool
    ban: bool
    stop: bool
    allowed: bool


@lru_cache(maxsize=100)
def _asked(question: str) -> _Asked:
    """Return what a question asks for; it is compared with many sentences."""
    return _Asked(
        _numbers(question),
        harm=_ASKS_FOR_HARM.search(question) is not None,
        ban=_ASKS_FOR_A_BAN.search(_NO_BAN.sub(" ", question)) is not None,
        stop=_ASKS_TO_STOP.search(question) is not None,
        allowed=_ASKS_WHAT_IS_ALLOWED.search(question) is not None,
    )


def _is_opposite(asked: _Asked, introduced: str) -> bool:
    """Return whether a list allows what the question wants to leave off, or forbids what it wants to do."""
    forbids = _FORBIDS.search(introduced) is not None
    if asked.allowed:
        return forbids
    denies = forbids or _TELLS_OF_A_BAN.search(introduced) or _TELLS_OF_HARM.search(_SAFE.sub("", introduced))
    return (asked.ban or asked.stop) and not denies and _ALLOWS.search(introduced) is not None


def looks_above(question: str) -> bool:
    """Return whether what a list stands under matters to a question: it asks for harm, a ban, or what is allowed."""
    asked = _asked(question)
    return asked.harm or asked.ban or asked.stop or asked.allowed


def _differ(asked: Mapping[str, set[str]], told: Mapping[str, set[str]]) -> bool:
    """Whether some kind has numbers (of types, of versions) in both, but none in common."""
    return any(
        kind in told
        and _ANY not in told[kind]
        and not any(_same(one, other) for one in numbers for other in told[kind])
        for kind, numbers in asked.items()
    )


def _same(one: str, other: str) -> bool:
    """Whether two numbers are the same, or one is a part of the other: 3 and 3A, but not 3A and 3B."""
    bare, other_bare = one.rstrip("ABCDE"), other.rstrip("ABCDE")
    return one == other or (bare == other_bare and bare != "" and (bare == one or other_bare == other))


def _numbers(text: str) -> dict[str, set[str]]:
    """Return the numbers in a text by their kind, of lists and ranges all."""
    found: dict[str, set[str]] = {}
    for match in _NUMBERED.finditer(text):
        kind = match["kind"].lower().rstrip("s")
        numbers = found.setdefault(_NAMES.get(kind, kind), set())
        last, at = _decimal(match["number"]), match.end()
        numbers.add(last)
        while (further := _FURTHER.match(text, at)) is not None:
            number = _decimal(further["number"])
            if further["sign"] in _RANGE:
                numbers |= _between(last, number)
            numbers.add(number)
            last, at = number, further.end()
        if _OPEN.match(text, at):
            numbers.add(_ANY)
    return found


def _decimal(number: str) -> str:
    number = number.upper()
    return str(_ROMAN.get(number, number))


def _between(first: str, last: str) -> set[str]:
    if not (first.isdecimal() and last.isdecimal()):
        return set()
    return set(map(str, range(int(first), min(int(last), int(first) + _MOST) + 1)))
