"""Says a question in the words of the texts: dates as they write them, everyday words as headings have them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.schema import Correction
from ingest.index.catalog import Snapshot
from ingest.schema import Passage
from ingest.text.terms import analyse

SEARCHED = 100  # passages in which words are looked for that the index does not hold
_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
_YEAR = r"(?P<year>(?:1\d|20)\d\d)\b"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_DAY}(?:\s+of)?\s+{_MONTH},?\s+{_YEAR}",  # 12 February 2025
        rf"\b{_MONTH}\s+{_DAY},?\s+{_YEAR}",  # February 12, 2025
        rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}",  # February 2025
        rf"\b{_YEAR}-(?P<number>[01]\d)(?:-(?P<day>[0-3]\d))?\b",  # 2025-02-12
    )
)
# What people ask for, and what the heading above the answer says instead; nothing about any subject.
_HEADINGS = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), headings)
    for asked, headings in (
        (r"attend(?:ed|s)?|participated in|took part in", ("present", "attendees", "participants")),
        (r"attendees|participants", ("present", "attendees", "participants")),
        (r"costs?|price|expensive", ("fees", "pricing", "charges", "costs")),
        (r"fees?", ("pricing", "charges", "costs")),
        (r"due", ("deadline",)),
        (r"quit|resign", ("leaving", "termination")),
        (r"boss", ("supervisor", "manager")),
        (r"salary|wages?|paid", ("compensation", "pay", "salary")),
        (r"vacation|holidays?|time off", ("leave", "vacation")),
        (r"get rid of|delete|erase", ("removing", "uninstalling")),
        (r"fix|repair", ("troubleshooting",)),
        (r"buy", ("purchasing", "ordering")),
        (r"get in touch with|reach", ("contact",)),
    )
)


@dataclass(frozen=True, slots=True)
class Worded:
    """A question in the words of the texts, and what was put in the place of what, in order."""

    text: str
    corrections: tuple[Correction, ...] = ()


_CONTRACTED = re.compile(
    r"\b(?:do|does|did|is|are|was|were|has|have|had|ca|could|would|should|wo|must)n(?=t\b)"
    r"|\b(?:what|who|where|how|when|that|there|here)(?=s\b)",
    re.IGNORECASE,
)


def with_dates(question: str, snapshot: Snapshot) -> Worded:
    """Return the question with its dates as the texts write them; dates that they write as typed, or never, stay."""
    text, corrections, at = "", [], 0
    for start, end, forms in _dates(question):
        typed = question[start:end]
        written = next((form for form in forms if _found(form, snapshot)), "") if not _found(typed, snapshot) else ""
        if written:
            text += question[at:start] + written
            corrections.append(Correction(typed, written))
            at = end
    return Worded(text + question[at:], tuple(corrections))


def as_headings_say(question: str, snapshot: Snapshot) -> Iterator[Worded]:
    """Yield the question with an everyday word as headings may have it, if some text has that word."""
    for asked, headings in _HEADINGS:
        match = asked.search(question)
        for heading in headings if match else ():
            if match and heading != match[0].lower() and _found(heading, snapshot):
                text = question[: match.start()] + heading + question[match.end() :]
                yield Worded(text, (Correction(match[0], heading),))


def says(passage: Passage, words: str) -> bool:
    """Return whether a passage's own heading, or its title if it has none, has these words, or their plural.

    Stems say too little: "leave" has that of "leaving".
    """
    own = (passage.heading or (passage.title,))[-1].casefold()
    return all(re.search(rf"\b{re.escape(word.removesuffix('s'))}s?\b", own) for word in words.casefold().split())


def with_apostrophes(question: str) -> str:
    """Return a question with the apostrophes that people leave out of "doesnt", "shouldnt" and "whos"."""
    return _CONTRACTED.sub(r"\g<0>'", question)


def _dates(question: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield where a date is in a question, in order, and its other forms, of which the texts may have one."""
    end = 0
    found = sorted((match for pattern in _DATES for match in pattern.finditer(question)), key=lambda m: m.start())
    for match in found:
        if match.start() >= end:  # "February 2025" in "12 February 2025" is no date of its own
            end = match.end()
            yield match.start(), end, _forms(match.groupdict())


def _forms(groups: dict[str, str]) -> tuple[str, ...]:
    """Return how a date may be written; nothing if there is no such day or month."""
    number, year, day = _number(groups), groups["year"], int(groups.get("day") or 1)
    if not (1 <= number <= len(_MONTHS) and 1 <= day <= 31):
        return ()
    month = _MONTHS[number - 1].capitalize()
    if not groups.get("day"):
        return f"{year}-{number:02}", f"{month} {year}"
    return f"{year}-{number:02}-{day:02}", f"{day} {month} {year}", f"{month} {day}, {year}"


def _number(groups: dict[str, str]) -> int:
    """Return the number of the month, 1 to 12."""
    if groups.get("number"):
        return int(groups["number"])
    return next(at for at, name in enumerate(_MONTHS, 1) if name.startswith(groups["month"].lower()[:3]))


def _found(words: str, snapshot: Snapshot) -> bool:
    """Whether some text has these words one after the other; of a stop word such as "May", if it is among the first."""
    terms = analyse(words)
    stems = " ".join(term.stem for term in terms if not term.stop)
    if len(stems.split()) == len(terms):
        return bool(snapshot.texts_with([[stems]], 1))
    flat = " ".join(words.casefold().split())
    texts = snapshot.texts_with([[stems]], SEARCHED) if stems else ()
    return any(flat in " ".join(text.casefold().split()) for text in texts)
