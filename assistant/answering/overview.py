"""Answers questions about the corpus itself ("What is in here?") by the titles and headings of its sources."""

import re
from collections.abc import Collection

from assistant.schema import LocatedText, Outline, Remark
from ingest.index.catalog import Snapshot
from ingest.schema import Document, Heading, Place, Selection
from ingest.text.terms import content_stems

MOST_SOURCES = 30
MOST_HEADINGS = 8  # of one source

_TEXTS = r"(?:texts?|documents?|docs|sources?|files?|articles?|papers?|pages?|books?)"
_TOPICS = r"(?:topics?|subjects?|themes?|titles|headings|chapters|sections)"
_CORPUS = r"(?:here|(?:this|the|your|these) (?:corpus|collection|library|knowledge base|texts|documents|sources))"
_HAVE = (
    rf"(?:do you have|have you got|do you know|do you cover|can you search|you have|are there|is there"
    rf"|(?:does|do) {_CORPUS} (?:cover|contain|have|include)|are covered|are included|(?:are|is)(?= (?:in )?{_CORPUS}))"
)
_ON = r"(?: (?:on|about|regarding|concerning|covering|that mention|mentioning) (?P<topic>.+))"
_FORMS = tuple(
    re.compile(rf"(?:please |and |so )*(?:{form})(?: please)?")
    for form in (
        rf"what(?:'s| is| do you have| have you got) (?:(?:in|inside) {_CORPUS}|here)",
        rf"what (?:does|do) {_CORPUS} (?:cover|contain|have|include)",
        rf"(?:what|which) (?:kinds? of |sorts? of )?(?:{_TEXTS}|{_TOPICS}) {_HAVE}(?: (?:in )?{_CORPUS})?{_ON}?",
        rf"(?:do you have|have you got|are there|is there)(?: any| some)? (?:{_TEXTS}|anything|something){_ON}",
        rf"(?:list|show)(?: me)?(?: all)?(?: of)?(?: the| your)? (?:{_TEXTS}|{_TOPICS})(?: in {_CORPUS})?{_ON}?",
        r"what can i (?:ask|find)(?: you)?(?: about)?(?: here)?(?: about)?",
        rf"what (?:are|is) {_CORPUS} about",
        r"table of contents",
    )
)
_MARKS = re.compile(r"[?!.,;:…\"“”]+")
_MARKUP = re.compile(r"[#=\s]*(?P<words>.*?)[#=\s]*", re.DOTALL)
_REFERRING = frozenset({"it", "this", "that", "these", "those", "them"})


def overview(question: str, snapshot: Snapshot) -> Remark | None:
    """Return the sources that a question about the corpus itself asks for; None if it asks something else.

    With a topic, these are the sources whose title or headings contain all of
    its words. If there is none, return None, because the texts may still
    speak of it.
    """
    plain = " ".join(_MARKS.sub(" ", question.casefold().replace("’", "'")).split())
    form = next(filter(None, (pattern.fullmatch(plain) for pattern in _FORMS)), None)
    if form is None:
        return None
    topic = (form.groupdict().get("topic") or "").strip()
    words = _stems(topic)
    if topic and (not words or topic in _REFERRING):
        return None
    found = [(place, matching) for place, matching in _matching(words, snapshot) if matching is not None]
    if not found:
        return None
    outlines = tuple(_outline(place, matching, snapshot) for place, matching in found[:MOST_SOURCES])
    return Remark(_counted(len(found), topic, snapshot.within), outlines)


def _matching(words: set[str], snapshot: Snapshot) -> list[tuple[Place, frozenset[int] | None]]:
    """Return each source with the numbers of the headings to list, or None if it has nothing on the words."""
    listed: list[tuple[Place, frozenset[int] | None]] = []
    for place, title, headings in snapshot.titled():
        everything = frozenset(range(len(headings)))
        if words <= _stems(title):
            listed.append((place, everything))
            continue
        matching = frozenset(number for number in everything if words <= _stems(f"{title} {headings[number]}"))
        listed.append((place, matching or None))
    return listed


def _stems(text: str) -> set[str]:
    return set(content_stems(text))


def _outline(place: Place, matching: Collection[int] | None, snapshot: Snapshot) -> Outline:
    document = snapshot.document(*place)
    if document is None:
        raise LookupError(f"{place} is listed but not stored")
    headings = [heading for number, heading in enumerate(document.headings) if number in (matching or ())]
    headings = [heading for heading in headings if heading.title != document.title]
    located = tuple(_located(place, document, heading) for heading in headings[:MOST_HEADINGS])
    return Outline(*place, document.title, document.url, located, max(0, len(headings) - MOST_HEADINGS))


def _located(place: Place, document: Document, heading: Heading) -> LocatedText:
    """Return a heading in its place, without the marks around it."""
    line = document.text[heading.start : heading.end]
    words = _MARKUP.fullmatch(line)
    start, end = words.span("words") if words else (0, len(line))
    start, end = heading.start + start, heading.start + end
    return LocatedText(*place, start, end, document.text[start:end], document.line(start), document.page(start))


def _counted(sources: int, topic: str, within: Selection) -> str:
    """Return how many sources there are, and on what."""
    texts = f"{sources:,} {'chosen ' if within else ''}text{'' if sources == 1 else 's'}"
    about = f" with “{topic}” in the title or a heading" if topic else ""
    more = f"; the first {MOST_SOURCES} are listed" if sources > MOST_SOURCES else ""
    return f"{texts}{about}{more}."
