"""RTF: paragraphs, headings, list items, table rows and notes in document order.

Of the libraries, striprtf 0.0.35 reads a raised 6 after 10 as "106", the sign ≥ of the font Symbol as "³", and loses
footnotes; kreuzberg 4.10.4 does the same to numbers and signs, and loses the numbers of lists and merged cells.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.emphasis import Candidate, with_headings
from ingest.readers.office.rtf_state import NESTED_CELL, NESTED_ROW, Group, Story
from ingest.readers.raised import note_mark
from ingest.readers.source import one_line, stem_title
from ingest.readers.spans import TextSpan, joined
from ingest.readers.symbols import readable
from ingest.schema import Document

_TOKEN = re.compile(
    r"\\([a-zA-Z]+)(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\", re.DOTALL
)
_CHARACTERS: Mapping[str, str] = MappingProxyType(
    {"tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“"}
    | {"rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "softline": "\n"}
)
_SYMBOLS: Mapping[str, str] = MappingProxyType({"~": "\N{NO-BREAK SPACE}", "_": "-", "{": "{", "}": "}", "\\": "\\"})
_SKIPPED = frozenset(
    ("colortbl", "pict", "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf")
    + ("ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "listtable", "listoverridetable", "revtbl")
    + ("rsidtbl", "generator", "xmlnstbl", "themedata", "colorschememapping", "datastore", "latentstyles", "shprslt")
    + ("sp", "fldinst", "nonesttables", "upr", "objdata", "datafield", "filetbl", "mmathPr")
)
_READ_MARKED = frozenset(("shpinst", "annotation", "atnauthor", "ud", "nesttableprops"))  # after \\*
_STORIES: Mapping[str, str] = MappingProxyType({"footnote": "note", "annotation": "comment", "shptxt": "box"})
_PAGES: Mapping[int, str] = MappingProxyType(
    {0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254"}
    | {163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}
)
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BODY_LEVEL = 9  # the outline level of body text
_DEEPEST = 20_000  # groups in each other


def read(data: bytes, source: str) -> Document:
    """Return the text of an RTF file: headings, paragraphs, list items, table rows and notes.

    Raises:
        SourceUnreadable: the file is not RTF, or is nested too deeply.
    """
    reading = _reading(data, source)
    assembled = assemble(reading.pieces())
    heading = next((heading.title for heading in assembled.headings), "")
    title = one_line(clean(reading.title)) or heading or stem_title(source)
    note = "formulas were left out" if reading.has_formulas else ""
    return extracted(data, source, title, assembled, note)


def pieces(data: bytes, source: str) -> list[Piece]:
    """Return the pieces of RTF in another file.

    Raises:
        SourceUnreadable: see `read`.
    """
    return _reading(data, source).pieces()


def _reading(data: bytes, source: str) -> "_Reading":
    if not data.lstrip().startswith(b"{\\rtf"):
        raise SourceUnreadable("is not an RTF file", source, "save it again as .rtf")
    reading = _Reading()
    if not reading.read(data.decode("latin-1")):
        raise SourceUnreadable("is nested too deeply", source, "simplify it or save it as text")
    return reading


class _Reading:
    """Reads the tokens of one file in order."""

    def __init__(self) -> None:
        self.title = ""
        self.has_formulas = False
        self.stories = [Story()]
        self._groups = [Group()]
        self._opened: list[int] = []  # the depths of the groups that began the stories after the first
        self._bytes = bytearray()  # of a character set, not yet decoded
        self._to_skip = 0
        self._page = "cp1252"
        self._fonts: dict[str, tuple[str, str]] = {}  # name and code page by number
        self._styles: dict[int, int] = {}  # heading levels by the number of the style
        self._style = 0
        self._notes = 0
        self._author = ""
        self._plain = ""  # of the destination that is collected as text

    def pieces(self) -> list[Piece]:
        """Return what was read."""
        return list(with_headings(self.stories[0].finish()))

    def read(self, text: str) -> bool:
        """Take all tokens; return whether the groups are not too deep."""
        at = 0
        while len(self._groups) < _DEEPEST and (token := _TOKEN.match(text, at)) is not None:
            at = token.end()
            word, value, byte, symbol, brace, plain = token.groups()
            if byte and self._groups[-1].kind != "skip":
                self._byte(int(byte, 16))
                continue
            if word == "bin":
                at += max(0, int(value or 0))
            elif word:
                self._word(word, int(value) if value else None)
            elif symbol:
                self._symbol(symbol)
            elif brace:
                self._open() if brace == "{" else self._close()
            elif plain:
                self._text(plain)
        self._decode()
        while len(self.stories) > 1:
            self._end_story()
        return at >= len(text) or len(self._groups) < _DEEPEST

    def _byte(self, byte: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._bytes.append(byte)

    def _decode(self) -> None:
        """Put the bytes collected so far into the text."""
        if self._bytes:
            page = self._fonts.get(self._groups[-1].font, ("", self._page))[1] or self._page
            text = self._bytes.decode(page, "ignore")
            self._bytes.clear()
            self._put(text)

    def _text(self, text: str) -> None:
        self._decode()
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        self._put(text[skipped:])

    def _put(self, text: str) -> None:
        """Add characters to where the current group puts them."""
        group = self._groups[-1]
        if group.kind == "skip" or group.hidden or group.struck or not text:
            return
        if group.kind:
            self._plain += text
            return
        name = self._fonts.get(group.font, ("", ""))[0]
        self.stories[-1].spans.append(TextSpan(readable(text, name), group.raised, group.bold, group.size))

    def _open(self) -> None:
        self._decode()
        self._groups.append(replace(self._groups[-1], marked=False))

    def _close(self) -> None:
        self._decode()
        if len(self._groups) == 1:
            return
        group = self._groups.pop()
        if group.kind not in ("", "skip") and group.kind != self._groups[-1].kind:
            self._end_destination(group)
        elif group.kind in ("font", "style"):
            self._end_entry(group)
        if self._opened and len(self._groups) <= self._opened[-1]:
            self._end_story()

    def _end_destination(self, group: Group) -> None:
        """Use the text of a destination that has ended."""
        if group.kind in ("font", "style"):
            self._end_entry(group)
        elif group.kind == "title":
            self.title = self._plain
        elif group.kind == "author":
            self._author = self._plain
        elif group.kind == "number":
            self.stories[-1].number = one_line(self._plain)
        self._plain = ""

    def _end_entry(self, group: Group) -> None:
        """Take an entry of the table of fonts or styles."""
        name = self._plain.strip().rstrip(";")
        if group.kind == "font" and name:
            self._fonts[group.font] = name, self._fonts.get(group.font, ("", ""))[1]
        found = _HEADING.match(name) if group.kind == "style" else None
        if found or (group.kind == "style" and name.lower() == "title"):
            self._styles[self._style] = int(found[1]) if found else 1
        self._plain = ""

    def _end_story(self) -> None:
        """Put a note or text box after the paragraph in which it stands."""
        self._opened.pop()
        story = self.stories.pop()
        found = story.finish()
        if story.kind == "box":
            self.stories[-1].beside += found
            return
        text = "\n".join(each.piece.text for each in found)
        mark = f"{story.mark} "
        if story.kind == "comment":
            mark = f"Comment by {one_line(self._author)}: " if self._author.strip() else "Comment: "
        text = self._without_mark(text, story.mark) if story.mark else text
        if text:
            self.stories[-1].beside.append(Candidate(Piece(mark.lstrip() + text)))

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._groups[-1].marked = True
        elif symbol in "\r\n":
            self._word("par", None)
        elif symbol in _SYMBOLS:
            self._text(_SYMBOLS[symbol])

    def _word(self, word: str, value: int | None) -> None:
        group = self._groups[-1]
        if word == "u" and value is not None:
            self._decode()
            self._put(chr(value % 0x10000))
            self._to_skip = group.skipped
            return
        self._decode()
        self._to_skip = 0
        if group.kind == "skip" and word not in ("ud", "shptxt"):
            return
        if self._destination(word, group):
            return
        if word in _CHARACTERS:
            self._put(_CHARACTERS[word])
        elif group.kind in ("font", "style"):
            self._entry(word, value, group)
        elif not self._look(word, value, group):
            self._structure(word, value)

    def _destination(self, word: str, group: Group) -> bool:
        """Begin a destination; return whether the word does."""
        marked, group.marked = group.marked, False
        kinds = {"fonttbl": "font", "stylesheet": "style", "title": "title", "atnauthor": "author", "ud": ""}
        kinds |= dict.fromkeys(("listtext", "pntext"), "number") | {"info": "info"}
        if word in ("mmath", "moMath"):
            self.has_formulas = True
            group.kind = "skip"
        elif word in _STORIES:
            group.kind = ""
            self._begin_story(_STORIES[word])
        elif word in kinds:
            group.kind = kinds[word]
        elif word in _SKIPPED or (marked and word not in _READ_MARKED and group.kind not in ("font", "style")):
            group.kind = "skip"
        else:
            return False
        return True

    def _begin_story(self, kind: str) -> None:
        mark = ""
        if kind == "note":
            self._notes += 1
            mark = note_mark(str(self._notes))
            self.stories[-1].spans.append(TextSpan(mark))
        self._opened.append(len(self._groups) - 1)
        self.stories.append(Story(kind, mark))

    def _without_mark(self, text: str, number: str) -> str:
        """Return a note without its number, or without its own mark such as `*`, for which the number now stands."""
        spans = self.stories[-1].spans  # the last is the number
        own = joined(spans[-2:-1]).strip() if len(spans) > 1 and spans[-2].raised > 0 else ""
        if own and text.startswith(own):
            del spans[-2]
            return text.removeprefix(own).lstrip()
        return text.removeprefix(number).lstrip()

    def _entry(self, word: str, value: int | None, group: Group) -> None:
        """Take a word of an entry of the table of fonts or styles."""
        if word == "f" and group.kind == "font":
            group.font = str(value or 0)
            self._plain = ""
        elif word == "fcharset":
            self._fonts[group.font] = self._fonts.get(group.font, ("", ""))[0], _PAGES.get(value or 0, "")
        elif word in ("s", "cs", "ds", "ts"):
            self._style = value or 0 if word == "s" else -1

    def _look(self, word: str, value: int | None, group: Group) -> bool:
        """Change how characters look; return whether the word does."""
        on = value != 0
        if word in ("b", "ab"):
            group.bold = on
        elif word == "fs":
            group.size = (value or 24) / 2
        elif word in ("super", "sub", "nosupersub"):
            group.raised = {"super": 1, "sub": -1}.get(word, 0) if on else 0
        elif word in ("up", "dn"):
            group.raised = (1 if word == "up" else -1) if value is None or value > 0 else 0
        elif word in ("v", "deleted"):
            group.hidden = on
        elif word in ("strike", "striked"):
            group.struck = on
        elif word == "f":
            group.font = str(value or 0)
        elif word == "uc":
            group.skipped = max(0, value if value is not None else 1)
        elif word == "plain":
            group.bold, group.size, group.raised, group.hidden, group.struck = False, 12, 0, False, False
        else:
            return False
        return True

    def _structure(self, word: str, value: int | None) -> None:
        """Take a word about paragraphs, tables or the file."""
        story = self.stories[-1]
        actions: dict[str, Callable[[], None]] = {
            **dict.fromkeys(("par", "sect", "page"), story.end_paragraph),
            "cell": story.end_cell,
            "row": story.end_row,
            "trowd": story.define_row,
        }
        if word in actions:
            actions[word]()
        elif word in ("cellx", "clvmrg", "clmrg", "trhdr"):
            story.define(word, value or 0)
        elif word in ("nestcell", "nestrow"):
            self._put(NESTED_ROW if word == "nestrow" else NESTED_CELL)
        elif word == "pard":
            story.level, story.in_table = 0, False
        elif word == "intbl":
            story.in_table = True
        elif word == "s":
            story.level = self._styles.get(value or 0, story.level)
        elif word == "outlinelevel":
            story.level = (value or 0) + 1 if 0 <= (value or 0) < _BODY_LEVEL else 0
        elif word == "ansicpg":
            self._page = _known(f"cp{value}") or self._page
        elif word in ("mac", "pc", "pca"):
            self._page = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[word]


def _known(page: str) -> str:
    """Return the name of a code page if Python knows it."""
    try:
        return codecs.lookup("utf-8" if page == "cp65001" else page).name
    except LookupError:
        return ""
