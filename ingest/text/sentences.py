"""Splits a paragraph into sentence spans; offsets are computed, never found by searching."""

import itertools
import re

from sentencex import segment

from ingest.schema import Document, Span

# Characters: the longest text given to sentencex, and the longest sentence. sentencex takes quadratic time in unclosed
# quotation marks (60,000 take a second); this limit keeps the total linear, under 10 ms per piece.
LONGEST_PIECE = 4_000
LANGUAGE = "en"

_REFERENCE_ONLY = re.compile(r"(?:\[[\w ,–-]{1,12}\]|[)\]}\"'”’»])+")
_AFTER_REFERENCE = re.compile(r"(?<=[.!?])(?:\[[\w ,–-]{1,12}\])+\s+(?=[\"'“‘(\[]?[A-Z0-9])")
# A whole sentence in brackets.
_AFTER_BRACKET = re.compile(r"(?<=[a-z]{3}[.!?][)\]])\s+(?=[\"'“‘(\[]?[A-Z])")
# Two sentences without a space between them ("over time.Historically, it"), common in converted web pages.
_RUN_ON = re.compile(r"(?<=[a-z]{3}[.!?])(?=[A-Z][a-z]+[ ,])")
_BREAK = re.compile(r"[.!?][\"'”’)\]]*\s|\n")
# Sentence ends that the English rules do not cover.
_OTHER_END = re.compile(r"[؟۔。！？][\"'”’»)\]]*[ \t]*")  # noqa: RUF001
# Abbreviations whose full stop does not end a sentence: always, or only before a number.
_ABBREVIATED = re.compile(r"\b(?:approx|ca|incl|excl|vit|cf|resp|et al|i\.e|e\.g)\.\s*$", re.IGNORECASE)
_BEFORE_NUMBER = re.compile(
    r"\b(?:max|min|temp|avg|est|tab|nr|vol|sec|wks?|yrs?|lb|oz|deg|apt|eq)\.\s*$", re.IGNORECASE
)

# The marker of a list item or numbered heading, with nothing before it on its line.
_ENUMERATOR = re.compile(r"[ \t]*(?:[-+*•⁃]\s*)?\(?(?:\d{1,3}|[A-Za-z])[.)]\s*")

_MARKER = re.compile(
    r"[ \t]*(?:[-+*•▪●‣◦–—·→✓✗»o]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,5})[.)]|\d{1,2}(?:\.\d{1,2}){2,}\.?)[ \t]|[ \t]*\|"
)
_ROW = re.compile(r"[ \t]*\|")
_FIELD = re.compile(r"\w[^:.!?\n]{0,40}: ")
_CLOSING = re.compile(r"[*_“]+(?=\s|$)")
# When a line break is mere wrapping: the paragraph's lines are WIDE characters long, or at least NARROW with SEVERAL
# lines of similar length; and the line plus the next word fills this share of the width (less if the next line starts
# with a lower-case letter).
WIDE, NARROW, SEVERAL = 60, 25, 3
_FULL, _FULL_BEFORE_SMALL = 0.85, 0.7


def sentence_spans(text: str, start: int, end: int) -> tuple[Span, ...]:
    """Return the spans of the sentences in the paragraph `text[start:end]`.

    Spans are ordered and disjoint, start and end with non-white-space
    characters, and together cover all such characters of the paragraph.

    Source: sentencex's English rules (Wikimedia's successor to pysbd), applied
    after joining wrapped lines; every remaining line break ends a sentence.
    Reference marks such as `[50]` belong to the sentence before them.
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


def document_sentences(document: Document) -> tuple[tuple[Span, ...], ...]:
    """Return the spans of a document's sentences, one tuple per block; see `sentence_spans`."""
    return tuple(sentence_spans(document.text, block.start, block.end) for block in document.blocks)


def starts_item(line: str) -> bool:
    """Return whether a line starts with the marker of a list item or table row."""
    return _MARKER.match(line) is not None


def starts_field(line: str) -> bool:
    """Return whether a line starts with a name and a colon, like a field of a record."""
    return _FIELD.match(line) is not None


def _unwrapped(paragraph: str) -> str:
    """Return the paragraph with each line break inside a sentence replaced by a space.

    Hard-wrapped texts and PDF pages contain such breaks. A line counts as
    wrapped if the next line's first word would not have fitted on it; headings,
    list items, table rows and addresses end earlier.
    """
    lines = paragraph.split("\n")
    lengths = [len(line.strip()) for line in lines]
    # The second-longest line: a single long line, such as a URL, does not define the width.
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
    """Split an overlong paragraph at sentence ends, else at white space, else anywhere."""
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
    """Return the offsets at which a sentence of the piece ends, ascending, its end included."""
    piece = text[start:end]
    cuts = {at for at in _segment_ends(piece) if not _goes_on(piece, at)}
    cuts.update(
        m.end() for pattern in (_AFTER_REFERENCE, _AFTER_BRACKET, _RUN_ON, _OTHER_END) for m in pattern.finditer(piece)
    )
    closed = (_CLOSING.match(piece, at) for at in cuts)
    ends = {match.end() if match else at for match, at in zip(closed, cuts, strict=True)}
    return sorted(start + at for at in ends - {0})


def _goes_on(piece: str, at: int) -> bool:
    """Return whether a sentence continues at a boundary: after a list marker or abbreviation, or in lower case."""
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
    """Return the ends of sentencex's segments, line by line, without trailing white space."""
    ends, at = [], 0
    for line in piece.splitlines(keepends=True) if piece.strip() else []:
        for part in segment(LANGUAGE, line):
            at += len(part)
            ends.append(len(piece[:at].rstrip()))
    return [*ends, len(piece)]
