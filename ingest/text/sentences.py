"""Splits blocks into sentence spans; offsets are computed, never found by searching."""

import itertools
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sentencex import segment

from ingest.schema import Block, Document, Span
from ingest.text.language import block_languages
from ingest.text.links import lines_in_links, without_addresses

# Characters: the longest text given to sentencex, and the longest sentence. sentencex takes quadratic time in unclosed
# quotation marks (60,000 take a second); this limit keeps the total linear, under 10 ms per piece.
LONGEST_PIECE = 4_000
LONGEST_CODE = 1_000
"""Characters: a longer block of code is divided at line ends."""
ENGLISH = "en"

_REFERENCE_ONLY = re.compile(r"(?:\[[\w ,–-]{1,12}\]|[)\]}\"'”’»])+")
_AFTER_REFERENCE = re.compile(r"(?<=[.!?])(?:\[[\w ,–-]{1,12}\])+\s+(?=[\"'“‘(\[]?[A-Z0-9])")
# A whole sentence in brackets.
_AFTER_BRACKET = re.compile(r"(?<=[a-z]{3}[.!?][)\]])\s+(?=[\"'“‘(\[]?[A-Z])")
# Two sentences without a space between them ("over time.Historically, it"), common in converted web pages.
_RUN_ON = re.compile(r"(?<=[a-z]{3}[.!?])(?=[A-Z][a-z]+[ ,])")
_BREAK = re.compile(r"[.!?][\"'”’)\]]*\s|\n")
# Sentence ends that the English rules do not cover.
_OTHER_END = re.compile(r"[؟۔。！？][\"'”’»)\]]*[ \t]*")  # noqa: RUF001
# Abbreviations that sentencex does not know in the language, or not in this position: those that never end a sentence,
# and those that do not before a number.
_ABBREVIATIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": (
            r"approx|ca|incl|excl|vit|cf|resp|et al|i\.e|e\.g",
            r"max|min|temp|avg|est|tab|nr|vol|sec|wks?|yrs?|lb|oz|deg|apt|eq",
        ),
        "de": (
            r"fa|st|bzgl|inkl|exkl|zzgl|evtl|ggf|sog|vgl|hrsg|geb|tägl",
            r"max|min|mind|abb|tab|bd|kap|\w*str|tel|ziff",
        ),
        "es": (r"ud|uds|vd|aprox|avda?|p\. ?ej|a\. ?c|d\. ?c|ee", r"art|cap|fig|máx|mín|núm|nº|pág|págs|vol|tel"),
        "fr": (r"mm?|mmes?|mlles?|drs?|prof|p\. ?ex|av|apr|st|ste|env|cf", r"art|chap|fig|max|min|no|pp?|vol|tél|éd"),
        "it": (
            r"sig|sigg|sig\.ra|dott|prof|avv|ing|p\. ?es|a\. ?c|d\. ?c",
            r"art|cap|fig|max|min|nn?|pagg?|pp?|vol|tel",
        ),
        "nl": (r"dhr|mevr?|mw|dr|prof|ir|ing|o\.a|t\.a\.v|p\.d|bijv|incl|excl", r"art|afb|blz|hfdst|max|min|nr|tel"),
        "pt": (
            r"srs?|sras?|drs?|dras?|prof|av|p\. ?ex|a\. ?c|d\. ?c|aprox",
            r"art|cap|fig|máx|mín|núm|n|pág|págs|vol|tel",
        ),
    }
)


def _abbreviated(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    always, before_number = _ABBREVIATIONS[language]
    return (
        re.compile(rf"(?<!\w)(?:{always})\.\s*$", re.IGNORECASE),
        re.compile(rf"(?<!\w)(?:{before_number})\.\s*$", re.IGNORECASE),
    )


_ABBREVIATED = MappingProxyType({language: _abbreviated(language) for language in _ABBREVIATIONS})
# German writes ordinals with a full stop: "am 3. Oktober", "die 2. Auflage", "Friedrich II. von Preußen".
_ORDINAL = re.compile(
    r"(?:(?<!\w)(?:am|ab|an|auf|beim?|bis|das|dem|den|der|des|die|ein\w*|im|in|ins|jede\w*|seit|und|vom|von|zum|zur)"
    r"\s+\d{1,3}|(?<!\w)[IVX]{1,5})\.\s*$",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?<![\d.,])\d{1,2}\.\s*$")
_MONTH = re.compile(
    r"(?:jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez)\w*|jahrhundert|jh\b",
    re.IGNORECASE,
)

# The marker of a list item or numbered heading, with nothing before it on its line.
_ENUMERATOR = re.compile(r"[ \t]*(?:[-+*•⁃]\s*)?\(?(?:\d{1,3}|[A-Za-z])[.)]\s*")

_MARKER = re.compile(  # "o" as Word's bullet, but not the Portuguese or Italian word
    r"[ \t]*(?:[-+*•▪●‣◦○■□◆❏❐❑❒❖→➔⇨➢➤✓✔✗✘☐☑☒–—·»]|o(?=\t|  | [A-Z\d])"
    r"|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,5})[.)]|\d{1,2}(?:\.\d{1,2}){2,}\.?)[ \t]|[ \t]*\|"
)
_ROW = re.compile(r"[ \t]*\|")
_FIELD = re.compile(r"\w[^:.!?\n]{0,40}: ")
_ROMANCE_OR_DUTCH = frozenset({"es", "fr", "it", "nl", "pt"})  # sentencex ends sentences after initials ("V. Rossini")
_INITIAL = re.compile(r"(?:^|[\s(\"'“‘-])[A-ZÀ-Þ]\.\s*$")
_LETTER = re.compile(  # a letter that is a name of its own: "vitamine C. Elle"
    r"(?:\b(?:vitamin\w*|h[eé]patit\w+|type|tipo|group\w*|groep|plan|optie|class\w*|klasse|and|et|ou|e|o|y|u|en|of)|\d)"
    r"\s+\w\.\s*$",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"(?:[*_“]|</\w{1,10}>)+(?=\s|$)")
# When a line break is mere wrapping: the paragraph's lines are WIDE characters long, or at least NARROW with SEVERAL
# lines of similar length; and the line plus the next word fills this share of the width (less if the next line starts
# with a lower-case letter).
WIDE, NARROW, SEVERAL = 60, 25, 3
_FULL, _FULL_BEFORE_SMALL = 0.85, 0.7


def sentence_spans(text: str, start: int, end: int, language: str = ENGLISH) -> tuple[Span, ...]:
    """Return the spans of the sentences in the paragraph `text[start:end]`.

    Spans are ordered and disjoint, start and end with non-white-space
    characters, and together cover all such characters of the paragraph.

    Source: sentencex's rules for the language (Wikimedia's successor to pysbd),
    with some more abbreviations, applied after joining wrapped lines; every
    remaining line break ends a sentence.
    Reference marks such as `[50]` belong to the sentence before them.
    """
    if _ROW.match(text, start, end) and "\n" not in text[start:end]:
        row = text[start:end]
        return ((start + len(row) - len(row.lstrip()), start + len(row.rstrip())),)
    paragraph = _unwrapped(text[start:end])
    cuts = [start + cut for piece in _pieces(paragraph) for cut in _boundaries(paragraph, *piece, language)]
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
    """Return the spans of a document's sentences, one tuple per block.

    A row is one sentence, and so is a block of code, unless it is longer than
    `LONGEST_CODE`; see `sentence_spans` for the others.
    """
    languages = block_languages(document)
    return tuple(map(_block_sentences, itertools.repeat(document.text), document.blocks, languages))


def _block_sentences(text: str, block: Block, language: str) -> tuple[Span, ...]:
    if block.kind == "row":
        return ((block.start, block.end),)
    if block.kind == "code":
        return tuple(_code_spans(text, block.start, block.end))
    return sentence_spans(text, block.start, block.end, language or ENGLISH)


def _code_spans(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield spans of whole lines, each as long as possible; a line may be longer."""
    while end - start > LONGEST_CODE:
        cut = text.rfind("\n", start, start + LONGEST_CODE) + 1 or text.find("\n", start, end) + 1
        if not cut:
            break
        stop = start + len(text[start:cut].rstrip())
        if stop > start:
            yield start, stop
        start = cut + (len(text[cut:end]) - len(text[cut:end].lstrip("\n")))
    if text[start:end].strip():
        yield start, end


def starts_item(line: str) -> bool:
    """Return whether a line starts with the marker of a list item or table row."""
    return _MARKER.match(line) is not None


def starts_field(line: str) -> bool:
    """Return whether a line starts with a name and a colon, like a field of a record."""
    return _FIELD.match(line) is not None


def _unwrapped(paragraph: str) -> str:
    """Return the paragraph with each line break inside a sentence replaced by a space.

    Hard-wrapped texts and PDF pages contain such breaks. A line counts as
    wrapped if the next line's first word would not have fitted on it, or if its
    end is in a link; headings, list items, table rows and postal addresses end
    earlier. The addresses of links make lines longer, but not the paragraph wider.
    """
    lines = paragraph.split("\n")
    if len(lines) == 1:
        return paragraph
    lengths = [len(line.strip()) for line in without_addresses(paragraph).split("\n")]
    # The second-longest line: a single long line, such as a URL, does not define the width.
    width = sorted(lengths)[-2] if len(lengths) > 2 else max(lengths)
    wrapped = width >= WIDE or sum(length > _FULL * width for length in lengths) >= SEVERAL
    joined, linked = [], lines_in_links(paragraph)
    for number, (line, following) in enumerate(itertools.pairwise(lines)):
        bare = line.strip()
        length = len(bare) if len(bare) <= width or _begins_small(following) else lengths[number]
        fills = width >= NARROW and _runs_on(bare, length, following, width, wrapped=wrapped)
        goes_on = fills or number in linked
        joined.append(line.replace("\r", " ") + " " if goes_on else line + "\n")
    return "".join((*joined, lines[-1]))


def _begins_small(line: str) -> bool:
    return line.lstrip().lstrip("\"'“‘(")[:1].islower()


def _runs_on(line: str, length: int, following: str, width: int, *, wrapped: bool) -> bool:
    words = following.split(maxsplit=1)
    if not line or not words or line.endswith(":") or starts_item(following) or _ROW.match(line):
        return False
    if starts_field(following) and (starts_field(line) or line[-1] in ".!?"):
        return False
    if _begins_small(following):
        return length + 1 + len(words[0]) > _FULL_BEFORE_SMALL * width
    if starts_item(line) and not following[0].isspace():
        return False
    return wrapped and length + 1 + len(words[0]) > _FULL * width


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


def _boundaries(text: str, start: int, end: int, language: str) -> list[int]:
    """Return the offsets at which a sentence of the piece ends, ascending, its end included."""
    piece = text[start:end]
    cuts = {at for at in _segment_ends(piece, language) if not _goes_on(piece, at, language)}
    cuts.update(
        m.end() for pattern in (_AFTER_REFERENCE, _AFTER_BRACKET, _RUN_ON, _OTHER_END) for m in pattern.finditer(piece)
    )
    closed = (_CLOSING.match(piece, at) for at in cuts)
    ends = {match.end() if match else at for match, at in zip(closed, cuts, strict=True)}
    return sorted(start + at for at in ends - {0})


def _goes_on(piece: str, at: int, language: str) -> bool:
    """Return whether a sentence goes on: after a list mark or an abbreviation, in lower case, or in a picture."""
    before, rest = piece[max(0, at - 16) : at], piece[at : at + 16]
    if before[-1:] == "!" and rest[:1] == "[" and not before[-2:-1].strip():  # a picture in Markdown
        return True
    if (before[-1:] == "." and (rest[:1].isalnum() or rest[:1] == "-")) or rest[:1] in (":", ";", ","):
        return True
    after = rest.lstrip()[:1]
    if not after or "\n" in rest[: len(rest) - len(rest.lstrip())] or "\n" in before[len(before.rstrip()) :]:
        return False
    if _ENUMERATOR.fullmatch(before[before.rfind("\n") + 1 :]) and (at < 16 or "\n" in before):
        return True
    if after.islower() and re.search(r"\w\.\s*$", before):
        return True
    if language in _ROMANCE_OR_DUTCH and _INITIAL.search(before) and after.isupper() and not _LETTER.search(before):
        return True
    always, before_number = _ABBREVIATED.get(language, _ABBREVIATED[ENGLISH])
    if always.search(before) or (after.isdigit() and before_number.search(before)):
        return True
    return language == "de" and _is_ordinal(before, rest.lstrip())


def _is_ordinal(before: str, after: str) -> bool:
    """Return whether German text before a boundary ends with an ordinal, as in "am 3. Oktober"."""
    return bool(_ORDINAL.search(before) or (_DAY.search(before) and _MONTH.match(after)))


def _segment_ends(piece: str, language: str) -> list[int]:
    """Return the ends of sentencex's segments, line by line, without trailing white space."""
    ends, at = [], 0
    for line in piece.splitlines(keepends=True) if piece.strip() else []:
        for part in segment(language, line):
            at += len(part)
            ends.append(len(piece[:at].rstrip()))
    return [*ends, len(piece)]
