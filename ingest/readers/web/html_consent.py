"""Finds the boxes of a web page that ask for consent to cookies, in whatever language and under whatever name."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

# Characters: a box that asks for consent is shorter, and one with such a name may contain a list of all cookies.
_LONGEST_BOX, _LONGEST_NAMED_BOX = 1_500, 20_000
_MOST_MENTIONS = 50
_CONSENT = re.compile(
    r"\b(?:we|our (?:web)?site|this (?:web)?site|the (?:web)?site|our partners|[\w.-]+\.(?:com|org|net|\w\w))\b"
    r"[^.]{0,60}\buse[sd]?\b[^.]{0,60}\bcookies?\b"
    r"|\b(?:use|usage) of (?:\w+ ){0,2}cookies\b|\bcookies? (?:polic|settings|preferences|consent|notice|banner)"
    r"|\b(?:accept|allow|reject|manage) (?:\w+ ){0,2}cookies\b|\bcookies (?:help us|are used|to (?:make|give|improve))"
    r"|\b(?:verwende\w*|nutz\w+|setz\w+|einsatz von|nutzung von|verwendung von)\b[^.]{0,60}\bcookies\b"
    r"|\bcookie-?(?:richtlinie|einstellungen|hinweis)"
    r"|\b(?:utilis\w+|accept\w+|gestion des|refuser)\b[^.]{0,60}\bcookies\b"
    r"|\b(?:utiliza\w*|usamos|usa|uso de|acepta\w*|aceita\w*|política de)\b[^.]{0,60}\bcookies\b"
    r"|\b(?:utilizz\w+|usa|uso dei|accett\w+)\b[^.]{0,60}\bcookies?\b"
    r"|\b(?:gebruik\w*|plaats\w*|accepte\w*)\b[^.]{0,60}\bcookies\b|(?:cookies?|クッキー)[^.。]{0,10}を(?:使用|利用)",
    re.IGNORECASE,
)
_BOX_NAME = re.compile(
    r"cookie|consent|gdpr|ccpa|onetrust|didomi|usercentrics|cybot|truste|quantcast|\bcc-|\bcmp\b"
    r"|privacy-?(?:bar|banner)",
    re.IGNORECASE,
)
_ANSWERS = re.compile(
    r"ok|okay|x|×|(?:i )?(?:accept|agree)(?: all| and (?:close|continue))?(?: cookies)?|got it"
    r"|allow(?: all)?(?: cookies)?|dismiss|close|continue|reject(?: all)?|decline"
    r"|(?:alle )?(?:akzeptieren|zustimmen|ablehnen)|einverstanden|verstanden"
    r"|(?:tout )?(?:accepter|refuser)|j'accepte|fermer|aceptar(?: tod[oa]s?)?|acepto|rechazar"
    r"|aceitar(?: todos)?|fechar|accetta(?: tutti)?|accetto|rifiuta|accepteren|akkoord|weigeren|sluiten",
    re.IGNORECASE,
)
_CONTROLS = ("button", "a", "input")
_PAGES = frozenset({"html", "body", "main", "article"})
_DIALOGS = frozenset({"dialog", "alertdialog"})
# A recipe may use cookies too.
_ABOUT = re.compile(
    r"site|brows|experience|privacy|polic|consent|setting|accept|datenschutz|erlebnis|seite|navig|confidential|"
    r"expérience|privacidad|sitio|sito|ervaring|privacidade|esperienza|サイト",
    re.IGNORECASE,
)
_WORD = "ookie"
_NOT_SHOWN = frozenset({"script", "style", "noscript", "template"})


def consent_boxes(tree: "HtmlElement", pages: "frozenset[HtmlElement]") -> "set[HtmlElement]":
    """Return the elements that ask for consent.

    Args:
        tree: the page.
        pages: the elements that contain the page itself; none of them is such a box.
    """
    boxes: set[HtmlElement] = set()
    for element in islice(_mentions(tree), _MOST_MENTIONS):
        if not any(outer in boxes for outer in (element, *element.iterancestors())):
            box = _box(element, pages)
            boxes.update(() if box is None else (box,))
    return boxes


def _mentions(tree: "HtmlElement") -> "Iterator[HtmlElement]":
    """Yield the elements with a text that mentions cookies."""
    for element in tree.iter("*"):
        if element.tag not in _NOT_SHOWN and _WORD in (element.text or ""):
            yield element
        if _WORD in (element.tail or ""):
            yield element.getparent()


def _box(element: "HtmlElement", pages: "frozenset[HtmlElement]") -> "HtmlElement | None":
    """Return the outermost element around a mention that is named as a box, else the innermost with an answer."""
    answered = named = None
    asks = False
    for outer in (element, *element.iterancestors()):
        text = _beginning(outer)
        if outer in pages or outer.tag in _PAGES or len(text) > _LONGEST_NAMED_BOX:
            break
        asks = asks or (len(text) <= _LONGEST_BOX and bool(_CONSENT.search(text) and _ABOUT.search(text)))
        if asks and _is_named(outer):
            named = outer
        elif asks and answered is None and len(text) <= _LONGEST_BOX and _has_answer(outer):
            answered = outer
    return answered if named is None else named


def _beginning(element: "HtmlElement") -> str:
    """Return the element's text, cut where it is too long for a box."""
    parts, length = [], 0
    for text in element.itertext():
        parts.append(text)
        length += len(text)
        if length > _LONGEST_NAMED_BOX:
            break
    return "".join(parts)


def _is_named(element: "HtmlElement") -> bool:
    names = f"{element.get('id') or ''} {element.get('class') or ''}"
    return element.get("role") in _DIALOGS or element.tag == "dialog" or bool(_BOX_NAME.search(names))


def _has_answer(element: "HtmlElement") -> bool:
    """Return whether an element contains a button, or a link that is worded as one."""
    for control in element.iter(*_CONTROLS):
        text = control.get("value") if control.tag == "input" else " ".join(_beginning(control).split())
        if control.tag == "button" or _ANSWERS.fullmatch((text or "").strip(" !")):
            return True
    return False
