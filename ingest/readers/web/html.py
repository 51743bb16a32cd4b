"""HTML: the text blocks of the page's tree, without navigation.

Trafilatura finds the title and rescues content that only looks like
navigation. The text itself comes from the page's tree: every mode of
trafilatura 2.3 lost headings (30 of 30 on the GCC release notes), table rows
or nested list items, and lost text cannot be quoted.
"""

import codecs
import re
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean
from ingest.readers.encoding import Decoded, guess
from ingest.readers.source import no_text, not_utf8, one_line, refuse_nul, sha256, silence, stem_title, web_address
from ingest.readers.web.html_blocks import candidates
from ingest.readers.web.html_clutter import doubtful, foot
from ingest.schema import Document

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DECLARED = re.compile(rb"""<(?:meta\b[^>]*?charset|\?xml\b[^>]*?encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARED_WITHIN = 4096  # bytes
# How browsers interpret these names (WHATWG Encoding Standard).
_LARGER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
}
# Trafilatura takes over 5 s beyond these; a page that exceeds one is kept whole.
_LARGEST_JUDGED = 2_000_000  # characters
_MOST_JUDGED = 30_000  # elements
_DEEPEST_JUDGED = 100  # levels
# What trafilatura raises for odd pages, such as one with a control character in its title.
_NOT_JUDGED = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
# The parser takes quadratic time in the attributes of one element: 7 s for 60,000.
_MOST_ATTRIBUTES = 1_000
_ATTRIBUTE = r"""[\s/]*+[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_TAG = re.compile(rf"<[a-zA-Z][^\s/>]*+((?:{_ATTRIBUTE})*+)")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2})(?:[-_][\w-]*)?\s*")
_RUN = 4  # words per run when a block is compared with trafilatura's content
_SHARED = 0.8  # share of a block's runs that must occur in that content


class _NoElement(SourceUnreadable):
    """A page has no element, only comments or a declaration."""


def read(data: bytes, source: str) -> Document:
    """Return the text of a web page: headings, paragraphs, list items and table rows, separated by blank lines.

    Raises:
        SourceUnreadable: the encoding is unknown, the page is nested too
            deeply, or it contains no text.
    """
    decoded = _characters(data, source)
    tree = _tree(decoded.text, source)
    judged = len(decoded.text) <= _LARGEST_JUDGED and _is_simple(tree)
    assembled = assemble(_content(tree, judged=judged))
    heading = next((heading.title for heading in assembled.headings if heading.level == 1), "")
    return Document(
        source,
        _title(tree, judged=judged) or heading or stem_title(source),
        _address(tree),
        assembled.text,
        sha256(data),
        headings=assembled.headings,
        blocks=assembled.blocks,
        verbatim=False,
        note=decoded.note,
        language=_language(tree),
    )


def pieces(data: bytes, source: str) -> list[Piece]:
    """Return all pieces of a book chapter, including any that look like navigation.

    A page without an element gives no pieces.

    Raises:
        SourceUnreadable: see `read`.
    """
    try:
        tree = _tree(_characters(data, source).text, source)
    except _NoElement:
        return []
    return _content(tree, judged=False)


def _characters(data: bytes, source: str) -> Decoded:
    """Decode by BOM, else as UTF-8, else by the declared charset, else by a guess.

    UTF-8 takes precedence over the declared charset, because a page that is
    valid UTF-8 is UTF-8 whatever it declares. The stateful 7-bit encodings are
    the exception.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return Decoded(data.decode(encoding))
            except UnicodeDecodeError as error:
                raise SourceUnreadable("is damaged: its bytes do not match its BOM", source, "save it again") from error
    refuse_nul(data, source)
    declared = _declared(data)
    if declared and declared.startswith(("iso2022", "hz")):
        return _decoded(data, declared, source)
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if declared not in (None, "utf-8"):
            return _decoded(data, declared, source)
        guessed = guess(data)
        if guessed is None:
            raise not_utf8(data, error, source) from error
        return guessed


def _declared(data: bytes) -> str | None:
    """Return Python's name of the declared charset; None if it is missing or unknown."""
    match = _DECLARED.search(data, 0, _DECLARED_WITHIN)
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except (LookupError, UnicodeDecodeError):
        return None
    return None if "escape" in name else _LARGER.get(name, name)


def _decoded(data: bytes, encoding: str, source: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding))
    except (UnicodeError, LookupError) as error:
        what = f"is neither UTF-8 nor {encoding}, as it declares"
        raise SourceUnreadable(what, source, "save it as UTF-8") from error


def _tree(characters: str, source: str) -> "HtmlElement":
    """Parse the page into a tree without comments."""
    from lxml import etree, html  # type: ignore[import-untyped]

    _refuse_attributes(characters, source)
    parser = html.HTMLParser(
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        default_doctype=False,
        huge_tree=True,
    )
    try:
        tree = html.document_fromstring(clean(characters).encode("utf-8"), parser=parser)
    except etree.ParserError as error:
        raise _NoElement(*no_text(source).args) from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        what = "is nested too deeply (more than 2,048 elements)"
        raise SourceUnreadable(what, source, "simplify it or save it as text")
    return tree


def _refuse_attributes(characters: str, source: str) -> None:
    """Raise SourceUnreadable if an element has too many attributes."""
    for tag in _TAG.finditer(characters):
        attributes = tag[1]
        if len(attributes) < 2 * _MOST_ATTRIBUTES:  # each takes at least two characters
            continue
        if sum(1 for _ in re.finditer(_ATTRIBUTE, attributes)) > _MOST_ATTRIBUTES:
            what = f"contains an element with more than {_MOST_ATTRIBUTES:,} attributes"
            raise SourceUnreadable(what, source, "simplify it or save it as text")


def _is_simple(tree: "HtmlElement") -> bool:
    """Return whether a page has few enough elements, nested in few enough levels, for trafilatura."""
    from lxml import etree

    elements = depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        elements += event == "start"
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return elements <= _MOST_JUDGED and deepest <= _DEEPEST_JUDGED


def _content(tree: "HtmlElement", *, judged: bool) -> list[Piece]:
    """Return the pieces of the page, without what looks like navigation unless trafilatura judged it content."""
    found = candidates(tree)
    if not judged:
        return [candidate.piece for candidate in found]
    doubted = doubtful(found)
    clutter = foot(found, doubted) | {number for number, candidate in enumerate(found) if candidate.consent}
    runs = set(_runs(_judged_content(tree))) if doubted - clutter else set()
    kept = [
        candidate.piece
        for number, candidate in enumerate(found)
        if number not in clutter and (number not in doubted or _occurs(candidate.piece, runs))
    ]
    has_text = any(not piece.level for piece in kept)
    return kept if has_text else [candidate.piece for candidate in found]


def _occurs(piece: Piece, runs: set[tuple[str, ...]]) -> bool:
    """Return whether most runs of a piece's words occur in the judged content."""
    own = _runs(piece.text)
    return bool(own) and sum(run in runs for run in own) >= _SHARED * len(own)


def _runs(text: str) -> list[tuple[str, ...]]:
    words = text.split()
    return list(zip(*(words[shift:] for shift in range(_RUN)), strict=False))


def _judged_content(tree: "HtmlElement") -> str:
    """Return what trafilatura considers content, or "".

    The precise mode is used because the others return a short page whole. The
    fallbacks are off because they take quadratic time on long pages.
    """
    import trafilatura

    silence("trafilatura")
    try:
        found = trafilatura.bare_extraction(tree, fast=True, favor_precision=True, include_comments=False)
    except _NOT_JUDGED:
        return ""
    return str(found.text or "") if found else ""


def _title(tree: "HtmlElement", *, judged: bool) -> str:
    """Return the page's title; if `judged`, as trafilatura finds it, without the site's name."""
    named = _trafilatura_title(tree) if judged else ""
    return named or one_line(tree.findtext(".//title") or "")


def _trafilatura_title(tree: "HtmlElement") -> str:
    import trafilatura

    for library in ("trafilatura", "htmldate"):
        silence(library)
    try:
        return one_line(str(trafilatura.extract_metadata(tree, extensive=False).title or ""))
    except _NOT_JUDGED:
        return ""


def language_code(tag: str) -> str:
    """Return the ISO 639-1 code of a language tag such as `de-AT`, or ""."""
    match = _LANGUAGE.fullmatch(tag)
    return match[1].lower() if match else ""


def _language(tree: "HtmlElement") -> str:
    """Return the ISO 639-1 code of the language that the page states, or ""."""
    stated = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or tree.get("xml:lang") or ""
    return language_code(stated)


def _address(tree: "HtmlElement") -> str | None:
    """Return the page's URL: its canonical link, else its og:url."""
    links = [link.get("href") for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical"]
    metas = [meta.get("content") for meta in tree.iter("meta") if meta.get("property") == "og:url"]
    addresses = (web_address(value) for value in (*links, *metas))
    return next((address for address in addresses if address), None)
