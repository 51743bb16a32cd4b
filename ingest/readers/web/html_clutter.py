"""What surrounds a page's text: bars of links, and the foot. Both are found by what they contain and where."""

import re
from collections.abc import Iterator, Sequence

from ingest.readers.web.html_blocks import BlockCandidate

_FOOT = re.compile(
    r"(?:©|\(c\) (?:19|20)\d\d|copyright\b)|\ball rights reserved\b|\balle rechte vorbehalten\b"
    r"|\btous droits réservés\b|\btodos los derechos reservados\b|\btodos os direitos reservados\b"
    r"|\btutti i diritti riservati\b|\balle rechten voorbehouden\b|^powered by\b",
    re.IGNORECASE,
)
_LONGEST_FOOT = 300  # characters
# At least this many links without other text between them form a menu.
_MENU = 3


def doubtful(found: Sequence[BlockCandidate]) -> set[int]:
    """Return the numbers of the candidates that look like navigation: by their place, or as part of a menu."""
    numbers = {number for number, candidate in enumerate(found) if candidate.chrome}
    for run in _link_runs(found):
        if sum(found[number].links for number in run) >= _MENU:
            numbers.update(run)
    return numbers


def _link_runs(found: Sequence[BlockCandidate]) -> Iterator[list[int]]:
    """Yield the numbers of candidates that follow each other and contain only links; headings do not part them."""
    run: list[int] = []
    for number, candidate in enumerate(found):
        if candidate.links:
            run.append(number)
        elif not candidate.piece.level:
            yield run
            run = []
    yield run


def foot(found: Sequence[BlockCandidate], doubted: set[int]) -> set[int]:
    """Return the numbers of the candidates at the end that state the rights, outside of an article."""
    numbers: set[int] = set()
    for number in range(len(found) - 1, -1, -1):
        candidate = found[number]
        text = candidate.piece.text
        if not candidate.inside and not candidate.piece.level and len(text) <= _LONGEST_FOOT and _FOOT.search(text):
            numbers.add(number)
        elif number not in doubted and not candidate.links and not candidate.piece.level:
            break
    return numbers
