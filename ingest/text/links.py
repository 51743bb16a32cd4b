"""What a text says to its readers and to the models: links without their addresses, words without HTML tags."""

import re

from ingest.schema import Span

# An address may have one pair of parentheses in it, angle brackets or a template's {% tag %} around it, and a title.
_ADDRESS = r"\((?:<[^<>\n]*>|\{[%{][^{}]*[%}]\}|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\)"
_LINK = re.compile(rf"!?\[([^\[\]]*)\]({_ADDRESS})")
_LINKED = re.compile(rf"(?<=\]){_ADDRESS}")
_TAG = re.compile(
    r"<(/?)(a|abbr|b|br|code|del|em|font|i|img|ins|kbd|mark|p|q|s|small|span|strong|sub|sup|u|var)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def without_addresses(text: str) -> str:
    """Return a text with the words of its Markdown links only, and without the HTML tags of words; lines stay lines.

    An address takes room and tells the models nothing: trial "links-without-addresses".
    """
    if "](" in text:
        text = _LINK.sub(_words, _LINK.sub(_words, text))  # a picture may stand in a link
    return _TAG.sub(_between_words, text) if "<" in text else text


def lines_in_links(text: str) -> frozenset[int]:
    """Return the numbers of the lines, from 0, whose ends are in Markdown links."""
    found: set[int] = set()
    line = at = 0
    for link in _LINK.finditer(text) if "](" in text else ():
        line += text.count("\n", at, link.start())
        at = link.end()
        ends = link[0].count("\n")
        found.update(range(line, line + ends))
        line += ends
    return frozenset(found)


def is_mostly_links(text: str) -> bool:
    """Return whether a text has at least as many words in Markdown links as outside."""
    if "](" not in text:
        return False
    linked = sum(len(link[1].split()) for link in _LINK.finditer(text))
    return linked > 0 and len(_LINK.sub(" ", text).split()) <= linked


def addresses(text: str) -> list[Span]:
    """Return the spans of the addresses of Markdown links, each with its parentheses."""
    return [address.span() for address in _LINKED.finditer(text)] if "](" in text else []


def _between_words(tag: re.Match[str]) -> str:
    name, lines = tag[2].lower(), "\n" * tag[0].count("\n")
    if name == "sup" and not tag[1]:
        return f"^{lines}"
    return lines or (" " if name in ("br", "img", "p") else "")


def _words(link: re.Match[str]) -> str:
    return link[1] + "\n" * link[2].count("\n")
