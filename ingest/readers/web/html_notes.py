"""Superscripts and subscripts of HTML, and which of them are marks of notes."""

import re
from typing import TYPE_CHECKING

from ingest.readers.raised import note_mark, subscript, superscript

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

_NAMES = re.compile(
    r"(?:foot|end|note)[_-]?(?:note|ref|link)|\b(?:fn|fnref|noteref|reference|citation|cite|biblio\w*)\b|^ref\b"
)
_NUMBERS = re.compile(r"\s*[\[(]?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*[\])]?\s*")
_LONGEST_MARK = 20  # characters
# What an exponent may follow: a number, a sign, a variable, a unit.
_WORD = re.compile(r"[^\W\d_]{4,}$")
_UNITS = re.compile(r"\w*(?:met(?:er|re|ro)|mètre)s?|feet|foot|inch(?:es)?|yards?|miles?|zoll")
_ENDS = (".", ",", ";", ":", "!", "?", "”", "’", "»", ")", "]")


def raised(element: "HtmlElement", before: str, text: str) -> str:
    """Return the text of a `sup` or `sub` element in plain characters.

    Args:
        element: the element.
        before: the end of the text before it in its block.
        text: its text.
    """
    if element.tag == "sub":
        return subscript(text)
    return note_mark(text) if _is_note(element, before, text) else superscript(text)


def _is_note(element: "HtmlElement", before: str, text: str) -> bool:
    """Return whether a superscript is the mark of a note: a link, named as one, or a number that is no exponent."""
    own = text.strip()
    if not own or len(own) > _LONGEST_MARK:
        return False
    if own[0] == "[" and own[-1] == "]":
        return True
    parent = element.getparent()
    links = [each for each in (*element.iterchildren("a"), *([] if parent is None else [parent])) if each.tag == "a"]
    if any(_NAMES.search(_names(each)) for each in (element, *links)):
        return True
    if any(link.get("href") for link in links):
        return (links[0].get("href") or "").startswith("#") or bool(_NUMBERS.fullmatch(text))
    if not _NUMBERS.fullmatch(text):
        return False
    if not before.strip():
        return (element.tail or " ")[:1].isspace()  # else an isotope, as in ¹⁴C
    return "," in text or _follows_words(before)


def _names(element: "HtmlElement") -> str:
    attributes = ("class", "id", "role", "type", "epub:type", "{http://www.idpf.org/2007/ops}type")
    return " ".join(filter(None, map(element.get, attributes))).lower()


def _follows_words(before: str) -> bool:
    """Return whether a text ends with a word or a sentence; a bracket may also end a formula."""
    if before.endswith((")", "]")):
        return bool(re.search(r"[^\W\d_]{4,}[)\]]$", before))
    if before.endswith(_ENDS):
        return True
    word = _WORD.search(before)
    return word is not None and not _UNITS.fullmatch(word[0].lower())
