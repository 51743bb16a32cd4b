"""AsciiDoc, read line by line: sections, lists, tables, notes and code. Includes are left out, with a note.

No Python library reads it well: those on PyPI are unfinished or convert to
HTML by Ruby or Java, and kreuzberg 4.10 reads it as plain text.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from ingest.readers.assemble import BULLET, CONTINUED, Piece, assemble, extracted
from ingest.readers.encoding import decode
from ingest.readers.markup.asciidoc_inline import Inline
from ingest.readers.markup.asciidoc_tables import separated_pieces, table_pieces
from ingest.readers.source import BOM, one_line, stem_title
from ingest.schema import Document, Kind

_SECTION = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?[ \t]*")
_ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:[ \t]+(.*))?")
_DELIMITER = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|`{3,}|--|[|,:!]===)(?:[\w+-]*)[ \t]*")
_CODE_SIGNS, _TABLE_SIGNS = ("-", ".", "`"), ("|", ",", ":")
_FORMULA = re.compile(r"stem|math")
_FORMAT = re.compile(r"""\bformat\s*=\s*"?(csv|dsv|tsv)\b""")
_SEPARATORS = MappingProxyType({"csv": ",", "dsv": ":", "tsv": "\t", ",": ",", ":": ":"})
_BLOCK_ATTRIBUTES = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\][ \t]*")
_BLOCK_TITLE = re.compile(r"\.([^\s.].*)")
_MACRO = re.compile(r"(include|image|video|audio|toc|ifdef|ifndef|ifeval|endif|icon)::(\S*?)\[(.*)\][ \t]*")
_ITEM = re.compile(r"[ \t]*(?:([*-]{1,6}|\.{1,6}|<(?:\d+|\.)>)[ \t]+|(?=(?:\d{1,4}|[A-Za-z])\.[ \t]))(\S.*)")
_TERM = re.compile(r"[ \t]*(\S.{0,300}?)(?::{2,4}|;;)(?:[ \t]+(.*))?")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):[ \t]+(.*)", re.DOTALL)
_NAMED = re.compile(r"\[(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\b")
_BREAK = re.compile(r"'{3,}|<{3,}|-{3}|\*{3}|\[\[.*\]\]")
_LABELS = MappingProxyType(
    {name: f"{name.capitalize()}: " for name in ("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION")}
)
_DEEPEST = 50  # blocks in blocks
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_]\w+)?")


def read(data: bytes, source: str) -> Document:
    """Return an AsciiDoc file as headings, paragraphs, list items, table rows and code.

    Raises:
        SourceUnreadable: the file is empty or not text.
    """
    decoded = decode(data, source)
    reader = _Reader()
    reader.read(decoded.text.removeprefix(BOM).split("\n"))
    assembled = assemble(reader.pieces)
    title = next((heading.title for heading in assembled.headings if heading.level == 1), "")
    left_out = f"its included files are left out: {', '.join(reader.included)}" if reader.included else ""
    note = "; ".join(filter(None, (decoded.note, left_out)))
    language = _LANGUAGE.fullmatch(reader.inline.attributes.get("lang", ""))
    document = extracted(data, source, title or stem_title(source), assembled, note)
    return replace(document, language=language[1].lower() if language else "")


class _Reader:
    """The state of the reading: what is collected, and what the lines above say of the next block."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.included: list[str] = []
        self.inline = Inline()
        self._paragraph: list[str] = []
        self._kind: Kind = "paragraph"
        self._marks: list[str] = []  # of the open lists, the outermost first
        self._counts: list[int] = []
        self._mark = ""  # what stands before the next paragraph of an item
        self._label = ""  # what the next paragraph begins with
        self._attributes = ""  # of the next block
        self._in_header = False

    def read(self, lines: Sequence[str], depth: int = 0) -> None:
        """Read lines; delimited blocks are read as a whole."""
        number = 0
        while number < len(lines):
            line = lines[number].rstrip()
            delimiter = _DELIMITER.fullmatch(line)
            if delimiter and (not self._paragraph or line[0] not in "-=+*_" or len(line) > 3):
                self._flush()
                end = _closing(lines, number, delimiter[1])
                self._block(lines[number + 1 : end], delimiter[1], depth)
                number = end + 1
            else:
                self._line(line)
                number += 1
        self._flush()

    def _block(self, lines: Sequence[str], sign: str, depth: int) -> None:
        attributes, self._attributes = self._attributes, ""
        if sign[0] in "/+":
            if sign[0] == "+" and _FORMULA.search(attributes):
                self.pieces.append(Piece("\n".join(lines).strip("\n")))
            return
        if sign[1:] == "===" and sign[0] in _TABLE_SIGNS:
            first = len(self.inline.notes)
            self.pieces += self._table(lines, attributes, sign[0])
            self._add_notes(first)
        elif sign[0] in _CODE_SIGNS and sign != "--" or sign == "--" and "source" in attributes:
            self.pieces.append(Piece("\n".join(lines).strip("\n"), kind="code"))
        elif depth < _DEEPEST:
            named = _NAMED.match(attributes)
            self._label = _LABELS[named[1]] if named else self._label
            around = self._kind, self._mark, self._marks[:], self._counts[:]
            self.read(lines, depth + 1)
            self._kind, self._mark, self._marks, self._counts = around
        else:
            self.pieces.append(Piece("\n".join(lines)))

    def _table(self, lines: Sequence[str], attributes: str, sign: str) -> list[Piece]:
        stated = _FORMAT.search(attributes)
        separator = _SEPARATORS.get(stated[1] if stated else sign)
        if separator:
            return separated_pieces(lines, attributes, self.inline.text, separator)
        return table_pieces(lines, attributes, self.inline.text)

    def _line(self, line: str) -> None:
        for read in (self._blank, self._markup, self._list):
            if read(line):
                return
        self._paragraph.append(line)

    def _blank(self, line: str) -> bool:
        if line and line != "+":
            return False
        self._flush()
        self._kind = "item" if line == "+" else "paragraph"
        self._in_header = False
        return True

    def _markup(self, line: str) -> bool:
        """Read a line that is not part of a paragraph."""
        if line.startswith("//"):
            return True
        if (macro := _MACRO.fullmatch(line)) is not None:
            self.included += [macro[2]] if macro[1] == "include" else []
            return True
        if (attribute := _ATTRIBUTE.fullmatch(line)) is not None and not self._paragraph:
            self.inline.define(attribute[1].strip("!"), attribute[2] or "")
            return True
        if self._in_header:  # a line of authors, or of the revision
            self.pieces.append(Piece(self.inline.text(line)))
            return True
        if self._paragraph:
            return False
        if (section := _SECTION.fullmatch(line)) is not None:
            self.pieces.append(Piece(self.inline.text(section[2]), len(section[1])))
            self._end_lists()
            self._in_header = len(section[1]) == 1
        elif _BLOCK_ATTRIBUTES.fullmatch(line):
            self._attributes += line
        elif (title := _BLOCK_TITLE.fullmatch(line)) is not None:
            self.pieces.append(Piece(self.inline.text(title[1])))
            self._end_lists()
        elif not _BREAK.fullmatch(line):
            return False
        return True

    def _list(self, line: str) -> bool:
        """Read a line that starts a list item."""
        if self._paragraph and self._kind != "item":
            return False
        if (item := _ITEM.fullmatch(line)) is not None:
            self._flush()
            self._kind = "item"
            self._mark = self._item_mark(item[1] or "")
            self._paragraph = [item[2]]
        elif (term := _TERM.fullmatch(line)) is not None:
            self._flush()
            self._kind, self._mark = "item", ""
            label = one_line(self.inline.text(term[1]))
            self._label += f"{label}: " if label[-1:].isalnum() else f"{label} "
            self._paragraph = [term[2]] if term[2] else []
        else:
            return False
        return True

    def _end_lists(self) -> None:
        """Forget the open lists, unless a title stands in an item."""
        if self._kind != "item":
            self._marks, self._counts = [], []

    def _item_mark(self, sign: str) -> str:
        """Return what stands before an item with this sign; a sign that is not open yet opens a list in the last."""
        sign = "<" if sign.startswith("<") else sign
        if sign in self._marks:
            del self._marks[self._marks.index(sign) + 1 :], self._counts[len(self._marks) :]
        else:
            self._marks.append(sign)
            self._counts.append(0)
        self._counts[-1] += 1
        return f"{self._counts[-1]}. " if sign[:1] in (".", "<") else BULLET

    def _flush(self) -> None:
        """End the paragraph."""
        lines, self._paragraph = self._paragraph, []
        if not lines:
            return
        named = _NAMED.match(self._attributes)
        label = self._label + (_LABELS[named[1]] if named else "")
        is_code = lines[0][:1] in (" ", "\t") and self._kind == "paragraph" or "source" in self._attributes
        self._label = self._attributes = ""
        if is_code:
            self.pieces.append(Piece("\n".join(lines), kind="code"))
            return
        text = "\n".join(lines)
        if (admonition := _ADMONITION.fullmatch(text)) is not None:
            label, text = label + _LABELS[admonition[1]], admonition[2]
        first = len(self.inline.notes)
        depth = max(0, len(self._marks) - 1)
        self.pieces.append(Piece(label + self.inline.text(text), kind=self._kind, mark=self._mark, depth=depth))
        if self._kind == "item":
            self._mark = CONTINUED if self._mark else ""
        else:
            self._marks, self._counts = [], []
        self._add_notes(first)

    def _add_notes(self, first: int) -> None:
        self.pieces += [Piece(text) for text in self.inline.take_notes(first)]


def _closing(lines: Sequence[str], start: int, sign: str) -> int:
    """Return the number of the line that closes a block; the number of lines if none does."""
    return next((number for number in range(start + 1, len(lines)) if lines[number].rstrip() == sign), len(lines))
