"""HTML: the text blocks of the page's own tree, less what is navigation.

Trafilatura names the page, and keeps content that looks like navigation by its
place. The text itself is cut from the page's tree: in each of its modes
trafilatura 2.3 lost headings (30 of 30 on the GCC release notes), table rows or
nested list items, and what is lost cannot be quoted.
"""

import codecs
import re
from itertools import groupby
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean
from ingest.readers.encoding import Decoded, guess
from ingest.readers.html_blocks import Candidate, candidates
from ingest.readers.source import hush, not_utf8, one_line, refuse_nul, sha256, stem_title, web_address
from ingest.schema import Document

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DECLARED = re.compile(rb"""<(?:meta\b[^>]*?charset|\?xml\b[^>]*?encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARED_WITHIN = 4096  # bytes
# What browsers read these names as (WHATWG Encoding Standard).
_LARGER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
}
# Judging takes seconds beyond this; a larger page is kept whole.
_LARGEST_JUDGED = 2_000_000  # characters
# So many blocks in a row that are but links are a menu.
_MENU = 3
_RUN = 4  # words in a row that a block must share with what was judged content
_SHARED = 0.8


class _NoElement(SourceUnreadable):
    """A page is empty, but for comments and a declaration."""


def read(data: bytes, source: str) -> Document:
    """Return the text of a web page: headings, paragraphs, list items and table rows, a blank line between each.

    Raises:
        SourceUnreadable: the characters are in no known encoding, the page is
            nested too deeply, or it holds no text.
    """
    decoded = _characters(data, source)
    tree = _tree(decoded.text, source)
    judged = len(decoded.text) <= _LARGEST_JUDGED
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
    )


def pieces(data: bytes, source: str) -> list[Piece]:
    """Return all pieces of a page that is a chapter of a book, none of one without an element.

    No navigation is looked for.

    Raises:
        SourceUnreadable: as `read`.
    """
    try:
        tree = _tree(_characters(data, source).text, source)
    except _NoElement:
        return []
    return _content(tree, judged=False)


def _characters(data: bytes, source: str) -> Decoded:
    """Decode by BOM, else as UTF-8, else by the declared charset, else by a guess.

    UTF-8 goes first because pages that declare another charset and are valid
    UTF-8 are UTF-8; the stateful 7-bit encodings are the exception.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return Decoded(data.decode(encoding))
            except UnicodeDecodeError as error:
                raise SourceUnreadable(
                    "is broken: its characters do not fit its BOM", source, "save it anew"
                ) from error
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
    """Return Python's name of the charset that the page declares, if it is one."""
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
        what = f"is neither UTF-8 nor the {encoding} that it declares"
        raise SourceUnreadable(what, source, "save it as UTF-8") from error


def _tree(characters: str, source: str) -> "HtmlElement":
    """Return the page as a tree without comments."""
    from lxml import etree, html  # type: ignore[import-untyped]

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
        raise _NoElement("holds no text to quote", source, "remove it or add text to it") from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        what = "is nested too deeply to read (more than 2,048 elements)"
        raise SourceUnreadable(what, source, "simplify it or save it as text")
    return tree


def _content(tree: "HtmlElement", *, judged: bool) -> list[Piece]:
    """Return the pieces of the page; what looks like navigation only if it was judged content."""
    found = list(candidates(tree))
    doubted = _doubted(found)
    content = _judged_content(tree) if doubted and judged else ""
    runs = set(_runs(content))
    kept = [
        candidate.piece
        for number, candidate in enumerate(found)
        if number not in doubted or _stands(candidate.piece, runs) or not judged
    ]
    has_text = any(not piece.level for piece in kept)
    return kept if has_text else [candidate.piece for candidate in found]


def _doubted(found: list[Candidate]) -> set[int]:
    """Return the numbers of what looks like navigation: by its place, or as one of several links in a row."""
    numbers: set[int] = set()
    for _, group in groupby(enumerate(found), key=lambda numbered: numbered[1].links):
        run = list(group)
        in_menu = run[0][1].links and len(run) >= _MENU
        numbers.update(number for number, candidate in run if candidate.chrome or in_menu)
    return numbers


def _stands(piece: Piece, runs: set[tuple[str, ...]]) -> bool:
    """Say whether a piece's words, in their order, are among those judged content."""
    own = _runs(piece.text)
    return bool(own) and sum(run in runs for run in own) >= _SHARED * len(own)


def _runs(text: str) -> list[tuple[str, ...]]:
    words = text.split()
    return list(zip(*(words[shift:] for shift in range(_RUN)), strict=False))


def _judged_content(tree: "HtmlElement") -> str:
    """Return what trafilatura holds for content, "" for nothing.

    In its precise mode: the others answer a short page with all of it. Without
    its fallbacks, which take quadratic time on long pages.
    """
    import trafilatura

    hush("trafilatura")
    try:
        found = trafilatura.bare_extraction(tree, fast=True, favor_precision=True, include_comments=False)
    except RecursionError:
        return ""
    return str(found.text or "") if found else ""


def _title(tree: "HtmlElement", *, judged: bool) -> str:
    """Return the page's title, without the site's name if trafilatura may look."""
    named = _trafilatura_title(tree) if judged else ""
    return named or one_line(tree.findtext(".//title") or "")


def _trafilatura_title(tree: "HtmlElement") -> str:
    import trafilatura

    for library in ("trafilatura", "htmldate"):
        hush(library)
    return one_line(str(trafilatura.extract_metadata(tree, extensive=False).title or ""))


def _address(tree: "HtmlElement") -> str | None:
    """Return the page's own address: its canonical link, else its og:url."""
    links = [link.get("href") for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical"]
    metas = [meta.get("content") for meta in tree.iter("meta") if meta.get("property") == "og:url"]
    addresses = (web_address(value) for value in (*links, *metas))
    return next((address for address in addresses if address), None)
