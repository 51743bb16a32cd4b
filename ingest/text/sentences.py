"""Cuts a paragraph into sentences as spans, computed and never searched for."""

import itertools
import re

from sentencex import segment

from ingest.schema import Span

# Characters. The longest text cut at once, and the longest sentence: sentencex is quadratic in the number of unclosed
# quotation marks (60,000 take a second), so this bound keeps the whole linear; a piece takes less than 10 ms.
LONGEST_PIECE = 4_000
LANGUAGE = "en"

_REFERENCE_ONLY = re.compile(r"(?:\[[\w ,–-]{1,12}\]|[)\]}\"'”’»])+")
_AFTER_REFERENCE = re.compile(r"(?<=[.!?])(?:\[[\w ,–-]{1,12}\])+\s+(?=[\"'“‘(\[]?[A-Z0-9])")
# A whole sentence in brackets.
_AFTER_BRACKET = re.compile(r"(?<=[a-z]{3}[.!?][)\]])\s+(?=[\"'“‘(\[]?[A-Z])")
# Two sentences run together ("over time.Historically, it"), as converted web pages have them.
_RUN_ON = re.compile(r"(?<=[a-z]{3}[.!?])(?=[A-Z][a-z]+[ ,])")
_BREAK = re.compile(r"[.!?][\"'”’)\]]*\s|\n")
# Ends of sentences that the English rules do not know.
_OTHER_END = re.compile(r"[؟۔。！？][\"'”’»)\]]*[ \t]*")  # noqa: RUF001
# What a full stop may follow without ending a sentence: before anything, or before a number only.
_ABBREVIATED = re.compile(r"\b(?:approx|ca|incl|excl|vit|cf|resp|et al|i\.e|e\.g)\.\s*$", re.IGNORECASE)
_BEFORE_NUMBER = re.compile(
    r"\b(?:max|min|temp|avg|est|tab|nr|vol|sec|wks?|yrs?|lb|oz|deg|apt|eq)\.\s*$", re.IGNORECASE
)

# The mark of a list item or of a numbered heading, alone in its line so far.
_ENUMERATOR = re.compile(r"[ \t]*(?:[-+*•⁃]\s*)?\(?(?:\d{1,3}|[A-Za-z])[.)]\s*")

_MARKER = re.compile(
    r"[ \t]*(?:[-+*•▪●‣◦–—·→✓✗»o]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,5})[.)]|\d{1,2}(?:\.\d{1,2}){2,}\.?)[ \t]|[ \t]*\|"
)
_ROW = re.compile(r"[ \t]*\|")
_FIELD = re.compile(r"\w[^:.!?\n]{0,40}: ")
_CLOSING = re.compile(r"[*_“]+(?=\s|$)")
# Characters of a paragraph's longest line, and share of it that a line has to fill, for its end to be no sentence's:
# less where the next line begins with a small letter. Narrower ones are wrapped if several lines are as long.
WIDE, NARROW, SEVERAL = 60, 25, 3
_FULL, _FULL_BEFORE_SMALL = 0.85, 0.7


def sentence_spans(text: str, start: int, end: int) -> tuple[Span, ...]:
    """Return the spans of the sentences in `text[start:end]`, a paragraph.

    Spans are in order, disjoint, begin and end with a character that is not
    white space, and together cover every such character of the paragraph.

    Source: boundaries by sentencex's English rules (Wikimedia's successor to
    pysbd) once wrapped lines are joined; a line break that is left ends a
    sentence. Reference marks such as `[50]` stay with the sentence before them.
    """
    if _ROW.match(text, start, end) and "\n" not in text[start:end]:
        return ((start, end),)
    paragraph = _unwrapped(text[start:end])
    cuts = [start + cut for piece in _pieces(paragraph) for cut in _boundaries(paragraph, *piece)]
    spans: list[Span] = []
    for left, right in zip([start, *cuts], [*cuts, end], strict=True):
        part = text[left:right]
        bare = part.strip()
        if not bare:
            continue
        first = left + len(part) - len(part.lstrip())
        if spans and _REFERENCE_ONLY.fullmatch(bare):
            spans[-1] = (spans[-1][0], first + len(bare))
        else:
            spans.append((first, first + len(bare)))
    return tuple(spans)


def starts_item(line: str) -> bool:
    """Whether a line begins with the mark of a list item or of a table's row."""
    return _MARKER.match(line) is not None


def starts_field(line: str) -> bool:
    """Whether a line begins with a name and a colon, as the fields of a record do."""
    return _FIELD.match(line) is not None


def _unwrapped(paragraph: str) -> str:
    """Return the paragraph with a space for each line break inside a sentence.

    Hard-wrapped texts and PDF pages have them. A line is wrapped where the next
    line's first word had no room in it; headings, items, rows and addresses end
    short of that.
    """
    lines = paragraph.split("\n")
    lengths = [len(line.strip()) for line in lines]
    # A single long line, an address say, is no measure.
    width = sorted(lengths)[-2] if len(lengths) > 2 else max(lengths)
    if width < NARROW or len(lines) == 1:
        return paragraph
    wrapped = width >= WIDE or sum(length > _FULL * width for length in lengths) >= SEVERAL
    joined = []
    for line, following in itertools.pairwise(lines):
        goes_on = _runs_on(line.strip(), following, width, wrapped=wrapped)
        joined.append(line.replace("\r", " ") + " " if goes_on else line + "\n")
    return "".join((*joined, lines[-1]))


def _runs_on(line: str, following: str, width: int, *, wrapped: bool) -> bool:
    words = following.split(maxsplit=1)
    if not line or not words or line.endswith(":") or starts_item(following) or _ROW.match(line):
        return False
    if starts_field(following) and (starts_field(line) or line[-1] in ".!?"):
        return False
    if words[0].lstrip("\"'“‘(")[:1].islower():
        return len(line) + 1 + len(words[0]) > _FULL_BEFORE_SMALL * width
    if starts_item(line) and not following[0].isspace():
        return False
    return wrapped and len(line) + 1 + len(words[0]) > _FULL * width


def _pieces(text: str) -> list[Span]:
    """Split an overlong paragraph near sentence ends, else near white space, else anywhere."""
    pieces = []
    start, end = 0, len(text)
    while end - start > LONGEST_PIECE:
        window = text[start : start + LONGEST_PIECE]
        breaks = [m.end() for m in _BREAK.finditer(window)]
        cut = breaks[-1] if breaks else max(window.rfind(" "), window.rfind("\t")) + 1
        cut = start + (cut if cut > 0 else LONGEST_PIECE)
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]


def _boundaries(text: str, start: int, end: int) -> list[int]:
    """Return the offsets inside and at the end of a piece at which a sentence ends, ascending."""
    piece = text[start:end]
    cuts = {at for at in _segment_ends(piece) if not _goes_on(piece, at)}
    cuts.update(
        m.end() for pattern in (_AFTER_REFERENCE, _AFTER_BRACKET, _RUN_ON, _OTHER_END) for m in pattern.finditer(piece)
    )
    closed = (_CLOSING.match(piece, at) for at in cuts)
    ends = {match.end() if match else at for match, at in zip(closed, cuts, strict=True)}
    return sorted(start + at for at in ends - {0})


def _goes_on(piece: str, at: int) -> bool:
    """Whether a sentence goes on after a full stop: an item's mark, an abbreviation's, before a small letter."""
    before, rest = piece[max(0, at - 12) : at], piece[at : at + 12]
    if before[-1:] == "." and rest[:1].isalnum():
        return True
    after = rest.lstrip()[:1]
    if not after or "\n" in rest[: len(rest) - len(rest.lstrip())] or "\n" in before[len(before.rstrip()) :]:
        return False
    if _ENUMERATOR.fullmatch(before[before.rfind("\n") + 1 :]) and (len(before) < 12 or "\n" in before):
        return True
    if after.islower() and re.search(r"\w\.\s*$", before):
        return True
    return bool(_ABBREVIATED.search(before) or (after.isdigit() and _BEFORE_NUMBER.search(before)))


def _segment_ends(piece: str) -> list[int]:
    """Return where sentencex's segments of each line end, white space after them left out."""
    ends, at = [], 0
    for line in piece.splitlines(keepends=True) if piece.strip() else []:
        for part in segment(LANGUAGE, line):
            at += len(part)
            ends.append(len(piece[:at].rstrip()))
    return [*ends, len(piece)]
