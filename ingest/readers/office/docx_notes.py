"""The footnotes, endnotes and comments of a Word document, which follow the paragraph that refers to them."""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

from ingest.readers import numerals
from ingest.readers.assemble import Piece
from ingest.readers.office.docx_styles import VAL, W, number
from ingest.readers.office.openxml import is_on, related
from ingest.readers.raised import note_mark
from ingest.readers.source import one_line

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_KINDS = ("footnote", "endnote", "comment")
_FORMATS: "MappingProxyType[str, Callable[[int], str]]" = MappingProxyType(
    {
        "lowerRoman": numerals.roman,
        "upperRoman": numerals.FORMS["I"],
        "lowerLetter": numerals.letters,
        "upperLetter": numerals.FORMS["A"],
    }
)


class Notes:
    """Numbers the notes in the order in which they are referred to, and keeps those not yet given out."""

    def __init__(self, document: object, text_of: "Callable[[_Element], str]") -> None:
        self._text_of = text_of
        self._notes = {(kind, each.get(W + "id")): each for kind in _KINDS for each in _all(document, kind)}
        settings = next(related(document, "settings"), None)
        self._forms = {kind: _form(settings, kind) for kind in _KINDS}
        self._counts = dict.fromkeys(_KINDS, 0)
        self._marks: dict[tuple[str, str | None], str] = {}
        self._waiting: list[tuple[str, str | None]] = []

    def mark(self, reference: "_Element") -> str:
        """Return the mark of a reference, such as `[3]`; "" for comments, and for marks that the text has itself."""
        kind = reference.tag.removeprefix(W).removesuffix("Reference")
        key = kind, reference.get(W + "id")
        if key not in self._notes:
            return ""
        if key not in self._marks:
            own = is_on(reference, W + "customMarkFollows") and reference.get(W + "customMarkFollows") is not None
            self._marks[key] = "" if own or kind == "comment" else self._next(kind)
            self._waiting.append(key)
        return self._marks[key]

    def waiting(self) -> Iterator[Piece]:
        """Yield the notes that were referred to since the last time."""
        while self._waiting:
            key = self._waiting.pop(0)
            note = self._notes[key]
            texts = filter(None, (self._text_of(paragraph) for paragraph in note.iter(W + "p")))
            text = "\n".join(texts)
            if text and key[0] == "comment":
                author = one_line(note.get(W + "author") or "")
                yield Piece(f"Comment by {author}: {text}" if author else f"Comment: {text}")
            elif text:
                yield Piece(f"{self._marks[key]} {text}")

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        form, first = self._forms[kind]
        return note_mark(_FORMATS.get(form, numerals.decimal)(self._counts[kind] + first - 1))


def _all(document: object, kind: str) -> "Iterator[_Element]":
    """Yield the notes of a kind, without the lines that part them from the text."""
    for root in related(document, f"{kind}s"):
        yield from (note for note in root.findall(W + kind) if note.get(W + "type", "normal") == "normal")


def _form(settings: "_Element | None", kind: str) -> tuple[str, int]:
    """Return the format and the first number of a kind of notes."""
    stated = settings.find(f"{W}{kind}Pr") if settings is not None else None
    form = stated.find(W + "numFmt") if stated is not None else None
    first = stated.find(W + "numStart") if stated is not None else None
    usual = "lowerRoman" if kind == "endnote" else "decimal"
    return (form.get(VAL) or usual if form is not None else usual), number(
        first.get(VAL), 1
    ) if first is not None else 1
