"""Finds sentences about another type or version than the question's, or without harm or a ban if it asks for one."""

import re

_NUMBERED = re.compile(
    r"\b(?P<kind>types?|grades?|stages?|phases?|versions?|v|levels?|class|chapters?|sections?|articles?|parts?|steps?"
    r"|rules?|PEP|RFC|ISO|DIN)\s?"
    r"(?P<number>\d+(?:\.\d+)*[a-z]?|(?-i:[IVX]{2,}|V|X|(?<=type |tage |hase |rade )I)[a-e]?)\b",
    re.IGNORECASE,
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
_ASKS_FOR_HARM = re.compile(
    r"\b(?:worse|worsen\w*|aggravat\w*|harm\w*|damag\w*|danger\w*|unsafe|side[- ]effects?)\b", re.IGNORECASE
)
_TELLS_OF_HARM = re.compile(
    r"\b(?:wors\w*|aggravat\w*|harm\w*|damag\w*|danger\w*|(?:un)?safe\w*|side[- ]effects?|risk\w*|injur\w*|hurt\w*"
    r"|bad\w*|complication\w*|adverse\w*|caus\w*|irritat\w*|strain\w*|inflam\w*|bleed\w*|infect\w*|los[est]\w*"
    r"|kill\w*|death\w*|problem\w*|fail\w*|destroy\w*|break\w*|too (?:much|many|long|hard)|overdo\w*|more pain"
    r"|painful)\b",
    re.IGNORECASE,
)
_ASKS_FOR_A_BAN = re.compile(
    r"\b(?:should|must)(?:n['’]t|(?: \w+){0,2} (?:not|never))\b|(?<!\bor )\bnot to\b"
    # Not "I can't sleep", "why can't I walk" or "what may or may not help".
    r"|(?:\b(?:who|what|which)(?: (?!(?:I|you|we|they|he|she|it|if|that|because|when|why|or)\b)[\w'’-]+){0,4}"
    r"|(?:^|[:.?!] )\W*(?:(?:and|but|so) )?(?:when|where))"
    r" (?:can(?:not|['’]t)|(?:may|can)(?: (?!or\b)\w+){0,2} (?:not|never))\b"
    r"|\bavoid\w*|\bcontraindicat\w*|\b(?:ought not|forbidden|prohibited)\b"
    r"|\bnot (?:suitable|safe|allowed|recommended)\b",
    re.IGNORECASE,
)
_TELLS_OF_A_BAN = re.compile(
    r"\b(?:no|not|never|none|nobody|without|cannot|avoid\w*|contraindicat\w*|un\w+able|forbid\w*|prohibit\w*|only"
    r"|instead|unless|until|refrain|stop|limit\w*|less|rather|exce(?:pt|ption)\w*|unsafe|danger\w*|risk\w*|worse\w*"
    r"|bad)\b|n['’]t\b",
    re.IGNORECASE,
)


def is_about_something_else(question: str, sentence: str, above: str) -> bool:
    """Return whether a sentence, under a title and headings, is about another type or version than is asked.

    Or whether harm or a ban is asked for, and it tells of none. By English words.
    """
    asked = _numbers(question)
    if asked and (_differ(asked, _numbers(above)) or _differ(asked, _numbers(sentence))):
        return True
    return (_ASKS_FOR_HARM.search(question) is not None and not _TELLS_OF_HARM.search(sentence)) or (
        _ASKS_FOR_A_BAN.search(question) is not None and not _TELLS_OF_A_BAN.search(sentence)
    )


def _differ(asked: dict[str, set[str]], told: dict[str, set[str]]) -> bool:
    """Whether some kind has numbers (of types, of versions) in both, but none in common."""
    return any(kind in told and not numbers & told[kind] for kind, numbers in asked.items())


def _numbers(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in _NUMBERED.finditer(text):
        number = match["number"].upper()
        found.setdefault(match["kind"].lower().rstrip("s"), set()).add(str(_ROMAN.get(number, number)))
    return found
