"""Takes apart questions about two things: what is asked of each alone."""

import re

from assistant.answering.follow_up import ANY_AUXILIARY, ASKING
from ingest.text.terms import content_terms

_CONDITION = re.compile(
    rf"\W*(?:if|when|after|before|during|because|since|as|while|i|my|it|you|we|they|{ANY_AUXILIARY})\b", re.IGNORECASE
)
_ASKS = re.compile(rf"\W*(?:{ASKING}|{ANY_AUXILIARY})\b", re.IGNORECASE)
_WEIGHING = re.compile(r"\b(?:which|what|who|better|best|worse|worst|more|less|\w+er)\b", re.IGNORECASE)
_SIDE = r"(?:(?!\b(?:and|or|vs|versus|from|than|with|to)\b)[^,;:?!.]){2,60}"
_COMPARING = re.compile(  # the forms in which a question asks how two things differ
    rf"\b(?:(?:differences?|distinctions?|comparison)\s+(?:between|of)|(?:distinguish(?:ed)?|differentiate)"
    rf"(?:\s+between)?)\s+({_SIDE}?)\s+(?:and|or|from|with|vs\.?|versus)\s+({_SIDE})"
    rf"|\bcompare[ds]?\s+({_SIDE}?)\s+(?:and|with|to|vs\.?|versus)\s+({_SIDE})"
    rf"|\bhow\s+(?:do|does|is|are)\s+({_SIDE}?)\s+(?:differ|different|distinct)\s+(?:from|to|than)\s+({_SIDE})"
    rf"|^\W*(?:what(?:['’]s|\s+(?:is|are))\s+)?({_SIDE}?)\s+(?:vs\.?|versus)\s+({_SIDE})",
    re.IGNORECASE,
)
_OF_A_KIND = re.compile(  # "the difference between the two modes of a program, quick and full"
    rf"\bdifferences?\s+(?:between|of)\s+(?:the\s+)?(?:two|both)\s+(?P<kind>[^,;:?!.]{{2,80}}?)"
    rf"\s*(?:[,:(–]|\s-)\s*({_SIDE}?)\s+(?:and|or|vs\.?|versus)\s+({_SIDE})",  # noqa: RUF001
    re.IGNORECASE,
)
_DIFFERING = re.compile(r"\b(?:differ\w*|distin\w*|comparison|compare|compares)\b", re.IGNORECASE)
_CHOOSING = re.compile(  # "yoga or running, which is better?", "which is better for the back, yoga or running?"
    rf"^\W*({_SIDE}?)\s+or\s+({_SIDE}?)\s*[,:–-]\s*(?:which|what|who)\b"
    rf"|(?<=[,:])\s*({_SIDE}?)\s+or\s+({_SIDE}?)\s*\??$"
    rf"|^\W*(?:is|are|does|do)\s+({_SIDE}?)\s+or\s+({_SIDE}?)\s+(?:\w+\s+)?(?:better|best|worse|worst|more|less|\w+er)\b",
    re.IGNORECASE,
)
_PLACED = "in|on|at|during|under|after|before"
_ONE = rf"(?:(?!\b(?:and|or|vs|versus|from|than|to|of|with|for|by|{_PLACED})\b)[^,;:?!.]){{2,60}}?"
_HOW_MANY = r"(?:how\s+(?:many|much|often|long|far|soon)\s+)?"
_COMPARED = r"(?:compared\s+(?:to|with)|versus|vs\.?)"
_ALIKE = re.compile(  # the same is asked of two things: "for mothers and for fathers", "in A compared with B"
    rf"(?:(?<=\w)\s+(?:(?P<before>with|for|by|{_PLACED})\s+({_ONE}(?:\s+(?:of|for)\s+[^,;:?!.]{{2,60}}?)?),?"
    rf"\s+(?:and\s+{_HOW_MANY}|{_COMPARED}\s+)(?P=before)"
    rf"|(?:{_PLACED})\s+({_ONE}),?\s+{_COMPARED}|for\s+({_ONE}),?\s+(?:versus|vs\.?))"
    rf"|(?<=\w)[,:]\s+({_ONE})\s+{_COMPARED})\s+(?!{ASKING}\b)({_ONE})"
    r"(?=\s+(?:if|when|while)\b|[,;:?!.]|$)",
    re.IGNORECASE,
)
_ASPECT = re.compile(  # "yoga vs pilates: which costs less?"
    r"\s*[,:;–]\s*(?:and\s+)?(?:how|what|which|who|when|where|why|do|does|is|are|can|should)\b",  # noqa: RUF001
    re.IGNORECASE,
)


def sides(question: str) -> dict[str, str]:
    """Return the two things of which a question asks, each with a question about it alone; empty if there are none."""
    question = " ".join(question.split())
    if of_a_kind := _OF_A_KIND.search(question):
        names = [of_a_kind[number].partition(")")[0].strip() for number in (2, 3)]
        if all(map(content_terms, (*names, of_a_kind["kind"]))) and not any(map(_is_clause, names)):
            return {name: what_is(f"{name} ({of_a_kind['kind']})") for name in names}
    if not _DIFFERING.search(question) and (alike := _alike(question)):
        return alike
    for form, named in ((_COMPARING, True), (_CHOOSING, False)):
        found = form.search(question)
        if found:
            spans = [found.span(number) for number, each in enumerate(found.groups(), 1) if each]
            names = [question[start:end].strip() for start, end in spans]
            if all(map(content_terms, names)) and (named or not any(map(_CONDITION.match, names))):
                before, after = question[: spans[0][0]], question[spans[1][1] :]
                if not named and not _WEIGHING.search(before + after):
                    continue
                if not named:
                    return {name: f"{before}{name}{after}" for name in names}
                aspect = after if _ASPECT.match(after) and content_terms(after) else ""
                return {name: f"{name}{aspect}" if aspect else what_is(name) for name in names}
    return {}


def _alike(question: str) -> dict[str, str]:
    """Return the two things of which a question asks the same, each with the question about it alone."""
    found = _ALIKE.search(question)
    if found is None:
        return {}
    (start, end), (other, last) = (found.span(number) for number in (2, 3, 4, 5, 6) if found[number])
    names = question[start:end].strip(), question[other:last].strip()
    # "How long does it take, CT compared with MRI?", but not "After surgery, how soon is it compared with rest?"
    apart = question[:start].rstrip().endswith((",", ":")) and (_is_clause(names[0]) or not _ASKS.match(question))
    if apart or not all(map(content_terms, names)):
        return {}
    return {name: f"{question[:start]}{name}{question[last:]}" for name in names}


def _is_clause(side: str) -> bool:
    return bool(_CONDITION.match(side) or _ASKS.match(side))


def what_is(name: str) -> str:
    """Return the question about one of two things that are compared by their names."""
    return f"What is {name}?"
