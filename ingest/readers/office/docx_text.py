"""The characters of a Word paragraph, with their looks, formulas and marks of notes."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ingest.readers.formulas import office_math
from ingest.readers.office.docx_styles import VAL, Look, Style, W
from ingest.readers.office.openxml import is_on
from ingest.readers.spans import TextSpan, joined
from ingest.readers.symbols import readable, symbol

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
BOX = W + "txbxContent"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Deleted text, properties, the reading of ruby characters, a note's own mark, and fallback copies for older programs.
IGNORED = frozenset(
    {_FALLBACK, *(W + name for name in ("del", "moveFrom", "pPr", "rPr", "sectPr", "rt", "footnoteRef", "endnoteRef"))}
)
_CHARACTERS = MappingProxyType({W + "tab": "\t", W + "br": "\n", W + "cr": "\n", W + "noBreakHyphen": "-"})
_REFERENCES = frozenset(W + name for name in ("footnoteReference", "endnoteReference", "commentReference"))


class Characters:
    """Reads the characters of paragraphs; `note_mark` gives the mark of a reference to a note."""

    def __init__(self, styles: Mapping[str, Style], note_mark: "Callable[[_Element], str]") -> None:
        self._styles = styles
        self._note_mark = note_mark

    def spans(self, parent: "_Element", look: Look) -> Iterator[TextSpan]:
        """Yield the spans below a paragraph or another element, whose look is given."""
        for child in parent:
            if child.tag == W + "r":
                own = self._look(child, look)
                if not (own.hidden or own.struck):
                    yield from self.spans(child, own)
            elif child.tag == M + "oMath":
                yield TextSpan(office_math(child, lambda run: self._plain(run, look)), 0, look.bold, look.size)
            elif child.tag in _REFERENCES:
                yield TextSpan(self._note_mark(child), 0, look.bold, look.size)
            elif child.tag in (W + "t", M + "t"):
                yield TextSpan(readable(child.text or "", look.font), look.raised, look.bold, look.size)
            elif child.tag not in IGNORED and child.tag != BOX:
                character = _character(child)
                if character:
                    yield TextSpan(character, look.raised, look.bold, look.size)
                else:
                    yield from self.spans(child, look)

    def _plain(self, element: "_Element", look: Look) -> str:
        """Return the text of a run in a formula, or of Word's own elements in it."""
        if element.tag == M + "r":
            return "".join(text.text or "" for text in element if text.tag in (M + "t", W + "t"))
        return "" if element.tag in IGNORED else joined(self.spans(element, look))

    def _look(self, run: "_Element", look: Look) -> Look:
        properties = run.find(W + "rPr")
        if properties is None:
            return look
        named = properties.find(W + "rStyle")
        style = self._styles.get(named.get(VAL) or "") if named is not None else None
        if style is not None:
            usual = self._styles[""].look
            look = Look(
                style.look.bold or look.bold,
                style.look.size if style.look.size != usual.size else look.size,
                style.look.raised or look.raised,
                style.look.hidden or look.hidden,
                style.look.font if style.look.font != usual.font else look.font,
                style.look.struck or look.struck,
            )
        return look.changed(properties)


def _character(element: "_Element") -> str:
    """Return the character that an element of a run stands for; "" if it is none."""
    if element.tag == W + "sym":
        code = element.get(W + "char") or ""
        is_code = 0 < len(code) <= 6 and all(digit in "0123456789abcdefABCDEF" for digit in code)
        return symbol(int(code, 16), element.get(W + "font") or "") if is_code else ""
    box = element.find(f"{W}ffData/{W}checkBox") if element.tag == W + "fldChar" else None
    if box is not None:
        state = box.find(W + "checked")
        return "☒" if is_on(state if state is not None else box.find(W + "default"), VAL) else "☐"
    return _CHARACTERS.get(element.tag, "")
