"""Listings of code in a PDF: lines whose letters have one width, among others whose letters have not."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from ingest.readers.pdf.lines import Line

_MOST = 0.5  # share of the words of a document; one with more is typed, not printed
_FEWEST = 2  # lines
_PROSE = 0.85  # share of the words that are letters alone
_PROSE_WORDS = 6  # of a line
_LETTER = 0.6  # of the size: the usual width
_BLANK = 1.7  # times the usual distance of lines
_BESIDE = 5.0  # times the size: lines further apart are no one listing


def has_listings(lines: Sequence[Line]) -> bool:
    """Return whether letters of one width may stand for code: most words have others."""
    mono = sum([len(line.words) for line in lines if line.mono])
    return 0 < mono <= _MOST * sum([len(line.words) for line in lines])


def runs(lines: Sequence[Line]) -> Iterator[tuple[bool, Sequence[Line]]]:
    """Yield the lines of a column in runs, with whether each is a listing."""
    waiting: list[Line] = []
    for is_mono, group in groupby(lines, key=lambda line: line.mono):
        own = list(group)
        for run in _near(own) if is_mono else [own]:
            if not is_mono or len(run) < _FEWEST or _is_prose(run) or _are_names(run):
                waiting += run
                continue
            if waiting:
                yield False, waiting
                waiting = []
            yield True, run
    if waiting:
        yield False, waiting


def _near(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield lines of one size that are near each other."""
    own = [lines[0]]
    for last, line in pairwise(lines):
        if line.size != last.size or not 0 < line.base - last.base < _BESIDE * line.size:
            yield own
            own = []
        own.append(line)
    yield own


def _is_prose(lines: Sequence[Line]) -> bool:
    """Return whether lines are sentences that happen to be set in such letters."""
    words = [word.text.rstrip(".,;:") for line in lines for word in line.words]
    return len(words) >= _PROSE_WORDS * len(lines) and sum(map(str.isalpha, words)) >= _PROSE * len(words)


def _are_names(lines: Sequence[Line]) -> bool:
    """Return whether lines are single words, such as addresses."""
    return all(len(line.words) == 1 for line in lines)


def line_starts(lines: Sequence[Line]) -> list[str]:
    """Return what stands before each line of a listing: ends of lines, and spaces for how far it is indented."""
    longest = max(lines, key=lambda line: len(line.words[0].text))
    letters = len(longest.words[0].text)
    width = longest.first / letters if letters > 1 else _LETTER * longest.size
    left = min(line.left for line in lines)
    pitch = min((line.base - last.base for last, line in pairwise(lines)), default=0.0)
    found = [""]
    for last, line in pairwise(lines):
        ends = "\n\n" if line.base - last.base > _BLANK * pitch else "\n"
        found.append(ends + " " * round((line.left - left) / width))
    return found
