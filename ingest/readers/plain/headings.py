"""Recognises the headings of plain text: only lines that can hardly be sentences, since a heading is no sentence."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ingest.readers.plain.lines import Line, Run
from ingest.schema import Heading

LONGEST_HEADING: Final = 80  # characters
_LONGEST_SHORT = 60  # characters, of a line that nothing but its place marks as a heading
_UNDERLINE = re.compile(r"([=\-~^*#\"'`+_])\1{2,}")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?[ \t]+(?=[A-ZÀ-ÖØ-Þ])(?!.*\.{3})")
_CHAPTER = re.compile(
    r"(?:chapter|section|part|appendix|article|book|annex|kapitel|abschnitt|teil|anhang|chapitre|partie|annexe"
    r"|cap[íi]tulo|parte|anexo|capitolo|hoofdstuk|bijlage)\s+(?:[ivxlc]+|\d{1,3}|(?-i:[A-Z]))"
    r"(?:[.:\s–—-](?:.*[^.,;!])?)?",
    re.IGNORECASE,
)
# In capitals, these make a line a warning or an instruction, which must stay a sentence.
_ORDER = re.compile(r"\b(?:DO|DON.T|NOT|NO|NEVER|MUST|ONLY|NICHT|NIE|KEINE?|PAS|JAMAIS|NUNCA|NON|MAI|NIET|GEEN|NÃO)\b")
_MARKED = re.compile(r"(#{1,6})[ \t]+(\S.*)")  # as in Markdown
_GAP = re.compile(r"\S(?: {2,}|\t)\S")
_PROSE = 80  # characters: the least length of a paragraph below a heading that nothing else marks
_LEAST = 3  # such headings in a file that has them
_SHARE = 0.7  # of its short lines that stand alone: those that are headings
_MOST_CAPITALS = 0.3  # share of characters: beyond it, a text is merely written in capitals


def find_headings(runs: Sequence[Run]) -> tuple[Heading, ...]:
    """Return the headings in order; the style that occurs first is level 1, the next new one level 2, and so on.

    Styles are: underlined (by character), CAPITALS, "Chapter 3", "2.1 Title"
    (by depth), and short lines alone above paragraphs. In a text with headings
    as in Markdown ("## Title") these are all.
    """
    if marked := _marked(runs):
        return marked
    found: dict[Line, str] = {}
    for styled in (_underlined(runs), _chapters(runs), _numbered(runs)):
        for line, style in styled:
            found.setdefault(line, style)
    capitals = _capitals(runs)
    unmarked = [line for line, style in capitals if style == "capitals"]
    if len(unmarked) < len(found):  # the file has other headings; what is in capitals besides may be a warning
        capitals = [(line, style) for line, style in capitals if style != "capitals" or line is runs[0][0]]
    for line, style in capitals:
        found.setdefault(line, style)
    if not found:
        found = dict.fromkeys(_short(runs), "short")
    levels: dict[str, int] = {}
    headings = []
    for line in sorted(found, key=lambda line: line.start):
        level = levels.setdefault(found[line], min(len(levels) + 1, 6))
        headings.append(Heading(level, line.text, line.start, line.end))
    return tuple(headings)


def _marked(runs: Sequence[Run]) -> tuple[Heading, ...]:
    """Return the headings marked as in Markdown, if there are several, not all with one sign, as comments have."""
    lines = [run[0] for run in runs if len(run) == 1 or not all(line.text.startswith("#") for line in run[1:])]
    found = [
        Heading(len(match[1]), match[2].rstrip("# \t"), line.start, line.end)
        for line in lines
        if (match := _MARKED.fullmatch(line.text)) and len(match[2]) <= LONGEST_HEADING
    ]
    several = len(found) >= _LEAST and any(heading.level > 1 for heading in found)
    return tuple(heading for heading in found if heading.title) if several else ()


def _underlined(runs: Sequence[Run]) -> Iterator[tuple[Line, str]]:
    for run in runs:
        over = len(run) > 2 and _UNDERLINE.fullmatch(run[0].text) is not None
        at = 1 if over else 0
        if len(run) < at + 2:
            continue
        title, mark = run[at], _UNDERLINE.fullmatch(run[at + 1].text)
        is_line = not _GAP.search(title.text) and title.text[:1] not in "|>-*+"
        if mark and is_line and _is_title(title) and (over or len(run[at + 1].text) >= 0.5 * len(title.text)):
            yield title, f"{over}{mark[1]}"


def _chapters(runs: Sequence[Run]) -> Iterator[tuple[Line, str]]:
    for run in runs:
        with_title = len(run) == 2 and (run[1].text.isupper() or run[1].text.istitle())
        if not (len(run) == 1 or with_title) or max(len(line.text) for line in run) > LONGEST_HEADING:
            continue
        if _CHAPTER.fullmatch(run[0].text):
            yield from ((line, "chapter" if line is run[0] else "chapter's title") for line in run)


def _numbered(runs: Sequence[Run]) -> Iterator[tuple[Line, str]]:
    """Yield lines such as "2.1 Title", and "2 Title" where prose follows; those of a table of contents are none."""
    for run, following in zip(runs, [*runs[1:], []], strict=True):
        match = _NUMBERED.match(run[0].text)
        if match is None or not _is_title(run[0]) or _GAP.search(run[0].text[match.end() :]):
            continue
        depth = match[1].count(".") + 1
        below = run[1:] or following
        alone = len(run) == 1
        if not below or _NUMBERED.match(below[0].text):
            continue
        if (alone and (depth > 1 or _is_prose(below))) or (depth > 1 and _stands_out(run) and _is_prose(below)):
            yield run[0], f"numbered {depth}"


def _capitals(runs: Sequence[Run]) -> list[tuple[Line, str]]:
    lengths = [(len(line.text), _is_capital(line.text)) for run in runs for line in run]
    if sum(length for length, capital in lengths if capital) > _MOST_CAPITALS * sum(length for length, _ in lengths):
        return []
    found = [
        (run[0], f"numbered {match[1].count('.') + 1}" if (match := _NUMBERED.match(run[0].text)) else "capitals")
        for run, following in zip(runs, [*runs[1:], []], strict=True)
        if _is_capital(run[0].text)
        and _is_title(run[0])
        and not _ORDER.search(run[0].text)
        and (below := run[1:] or following)
        and not _is_capital(below[0].text)
        and any(map(str.islower, below[0].text))
    ]
    is_title = bool(found) and found[0][0] is runs[0][0] and len(runs[0]) == 1
    return found if len(found) > 1 or is_title else []


def _short(runs: Sequence[Run]) -> list[Line]:
    """Return short lines alone above paragraphs, if most short lines of the file are such."""
    alone = [
        (run[0], following)
        for run, following in zip(runs, [*runs[1:], []], strict=True)
        if len(run) == 1 and _is_title(run[0]) and len(run[0].text) <= _LONGEST_SHORT and run[0].text[-1] not in ":,;!?"
    ]
    found = [line for line, following in alone if following and _is_prose(following)]
    return found if len(found) >= max(_LEAST, _SHARE * len(alone)) else []


def _is_title(line: Line) -> bool:
    text = line.text
    return (
        len(text) <= LONGEST_HEADING
        and any(map(str.isalpha, text))
        and text[-1] not in ".,;"
        and not text[0].islower()
        and not line.is_rule
    )


def _is_capital(text: str) -> bool:
    if len(text) > LONGEST_HEADING or not text.isupper() or not text[0].isalnum() or text[-1] in "!.:" or ": " in text:
        return False
    return sum(map(str.isalpha, text)) > 3


def _is_prose(run: Run) -> bool:
    return sum(len(line.text) for line in run) >= _PROSE and run[-1].text[-1] in ".!?:;\"'”’)»]"


def _stands_out(run: Run) -> bool:
    """Return whether the first line of a run is much shorter than the next, so that it is not wrapped."""
    return len(run[0].text) < 0.6 * len(run[1].text) and not run[1].text[0].islower()
