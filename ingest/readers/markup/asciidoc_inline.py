"""The marks inside AsciiDoc paragraphs: what a reader of the printed page sees of them."""

import re
from dataclasses import dataclass, field
from html import unescape
from types import MappingProxyType

from ingest.readers.raised import subscript, superscript
from ingest.readers.source import one_line

_LONGEST_VALUE = 1_000  # characters of an attribute; values of values could grow without end
# Attributes that AsciiDoc defines; the others stay as they are.
_DEFINED = MappingProxyType(
    {"empty": "", "blank": "", "sp": " ", "nbsp": " ", "zwsp": "", "apos": "'", "quot": '"', "plus": "+", "amp": "&"}
    | {"lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "deg": "°", "vbar": "|", "asterisk": "*", "caret": "^"}
)
_ATTRIBUTE = re.compile(r"(?<!\\)\{([\w-]+)\}")
_MACRO = re.compile(
    r"(?<![\w\\])(?:link:|xref:|mailto:|(?=(?:https?|ftp)://))[^\s\[\]<>]{1,2000}\[([^\[\]]*)\]"
    r"|<<([^<>,]+)(?:,([^<>]*))?>>"
)
_SHOWN = re.compile(r"\b(?:kbd|btn):\[([^\[\]]*)\]")
_MENU = re.compile(r"\bmenu:(\w+)\[([^\[\]]*)\]")
_NOT_SHOWN = re.compile(
    r"\b(?:image|icon|anchor|indexterm2?|counter2?|audio|video):[^\s\[\]]*\[[^\[\]]*\]"
    r"|\(\(\([^()]*\)\)\)|\[\[[\w:,. -]+\]\]"
)
_NOTE = re.compile(r"\s*footnote:[\w-]*\[((?:[^\[\]]|\[[^\[\]]*\])*)\]")
_ROLE = re.compile(r"\[[\w.#%-]+\](?=[#*_`])")
_CODE = re.compile(
    r"(?<![`\w])`([^`\n]+)`(?![`\w])|``([^`\n]+)``|\+\+\+([^+\n]+)\+\+\+|\+\+([^+\n]+)\+\+"
    r"|\b(?:stem|latexmath|asciimath|pass):[a-z,]*\[([^\[\]]*)\]"  # as it stands, a formula too
)
_FORMAT = re.compile(
    r"\*\*([^*]+)\*\*|__([^_]+)__|##([^#]+)##"
    r"|(?<![\w*\\])\*(?=\S)([^*]+)(?<=\S)\*(?![\w*])|(?<![\w_\\])_(?=\S)([^_]+)(?<=\S)_(?![\w_])"
    r"|(?<![\w#\\])#(?=\S)([^#]+)(?<=\S)#(?![\w#])|(?<![\w+\\])\+(?=\S)([^+]+)(?<=\S)\+(?![\w+])"
)
_RAISED = re.compile(r"(?<!\\)\^([^\s^]+)\^|(?<!\\)~([^\s~]+)~")
_ESCAPE = re.compile(r"\\(?=[*_`#^~{\[<+])")


@dataclass(slots=True)
class Inline:
    """Reads the text of paragraphs: attributes are replaced, footnotes are collected in `notes`."""

    attributes: dict[str, str] = field(default_factory=lambda: dict(_DEFINED))
    notes: list[str] = field(default_factory=list)

    def define(self, name: str, value: str) -> None:
        """Define an attribute; its value may name others that are defined already."""
        self.attributes[name.lower()] = self.replaced(value)[:_LONGEST_VALUE]

    def replaced(self, text: str) -> str:
        """Return a text with the values of the attributes that it names."""
        return _ATTRIBUTE.sub(lambda match: self.attributes.get(match[1].lower(), match[0]), text)

    def text(self, marked: str) -> str:
        """Return a paragraph without marks, with its forced line breaks."""
        marked = _NOTE.sub(self._note, self.replaced(marked))
        parts, at = [], 0
        for code in _CODE.finditer(marked):
            parts += [_plain(marked[at : code.start()]), code[code.lastindex or 0]]
            at = code.end()
        plain = "".join((*parts, _plain(marked[at:])))
        return "\n".join(filter(None, map(one_line, re.split(r" \+\n", plain + "\n"))))

    def _note(self, match: re.Match[str]) -> str:
        if not match[1].strip():  # a repeated note is named only
            return ""
        self.notes.append(one_line(_plain(match[1])))
        return f"[{len(self.notes)}]"

    def take_notes(self, first: int) -> list[str]:
        """Return the footnotes from a number on, each with its mark."""
        return [f"[{number}] {text}" for number, text in enumerate(self.notes[first:], first + 1)]


def _plain(text: str) -> str:
    text = _NOT_SHOWN.sub("", text)
    text = _SHOWN.sub(lambda match: match[1], _MENU.sub(r"\1 > \2", text))
    text = _MACRO.sub(_link, text)
    text = _ROLE.sub("", text)
    for _ in range(2):  # *bold _and italic_*
        text = _FORMAT.sub(lambda match: match[match.lastindex or 0], text)
    text = _RAISED.sub(lambda match: superscript(match[1]) if match[1] else subscript(match[2]), text)
    return unescape(_ESCAPE.sub("", text))


def _link(match: re.Match[str]) -> str:
    if match[2]:
        return (match[3] or match[2]).strip()
    words = (match[1] or "").split(",window=")[0].rstrip("^").strip('"')
    return words or match[0].partition("[")[0].removeprefix("link:").removeprefix("xref:")
