"""Which elements of an HTML page look like navigation, and which are not shown at all."""

import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

PAGE_TAGS = ("body", "main", "article", "h1")
_SKIPPED_NAMES = (
    "audio canvas datalist embed head iframe input map math noscript object rp rt script select style svg template "
    "textarea title video"
)
_SKIPPED = frozenset(_SKIPPED_NAMES.split())
# Links for editors, anchors of headings, and the drawing of a formula beside its MathML.
_SKIPPED_CLASSES = frozenset({"mw-editsection", "headerlink", "katex-html"})
# Text that is struck out no longer holds: a quote must not repeat it.
_STRUCK = frozenset({"del", "s", "strike"})
_STRUCK_STYLE = re.compile(r"text-decoration(?:-line)?\s*:[^;]*\bline-through\b", re.IGNORECASE)
_MOST_STRUCK = 20  # elements; more are a tag that someone forgot to close
_NOT_INLINE = frozenset(("article", "div", "dl", "li", "ol", "p", "section", "table", "td", "tr", "ul"))
_CHROME_TAGS = frozenset({"nav", "dialog"})
_SIDE_TAGS = frozenset({"aside", "footer"})  # inside an article they contain its notes
_CHROME_ROLES = frozenset({"navigation", "banner", "contentinfo", "complementary", "search", "dialog", "menu"})
_CHROME_CLASS_NAMES = (
    "nav navbar navigation menu breadcrumb breadcrumbs sidebar footer site-footer cookie cookies cookie-banner "
    "consent share sharing social related newsletter subscribe advert advertisement ads pagination skip-link"
)
_CHROME_CLASSES = frozenset(_CHROME_CLASS_NAMES.split())
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_PANEL_ROLES = frozenset({"tabpanel", "region"})  # hidden until the reader opens them


def is_passed_over(element: "HtmlElement") -> bool:
    """Return whether an element is not text, or is struck out."""
    if element.tag in _SKIPPED or _is_struck(element):
        return True
    return not _SKIPPED_CLASSES.isdisjoint((element.get("class") or "").split())


def _is_struck(element: "HtmlElement") -> bool:
    if element.tag not in _STRUCK and not _STRUCK_STYLE.search(element.get("style") or ""):
        return False
    inside = list(islice(element.iterdescendants(), _MOST_STRUCK))
    return len(inside) < _MOST_STRUCK and all(each.tag not in _NOT_INLINE for each in inside)


def is_chrome(element: "HtmlElement", *, in_article: bool) -> bool:
    """Return whether an element looks like navigation, a footer or a hidden part."""
    if element.tag in PAGE_TAGS:
        return False
    marks = {element.get("id"), *(element.get("class") or "").lower().split()}
    return (
        element.tag in _CHROME_TAGS
        or (element.tag in _SIDE_TAGS and not in_article)
        or element.get("role") in _CHROME_ROLES
        or not marks.isdisjoint(_CHROME_CLASSES)
        or _is_hidden(element)
    )


def _is_hidden(element: "HtmlElement") -> bool:
    if element.get("role") in _PANEL_ROLES or element.get("hidden") == "until-found":
        return False
    return "hidden" in element.attrib or bool(_HIDDEN_STYLE.search(element.get("style") or ""))
