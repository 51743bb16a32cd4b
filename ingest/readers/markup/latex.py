r"""LaTeX: sections, paragraphs, lists, tables, notes and code; formulas as they are in the file.

Nothing is run or included. Two libraries were measured on Pandoc's test file:
pylatexenc 2.11 stops at `\href` with an IndexError (its parser reads 120 KB a
second), and kreuzberg 4.10 breaks headings with links and glues list items.
"""

import re
from dataclasses import replace
from types import MappingProxyType

from ingest.readers.assemble import BULLET, CONTINUED, Piece, assemble, extracted
from ingest.readers.encoding import decode
from ingest.readers.markup.latex_inline import Inline, after_begin, argument
from ingest.readers.markup.latex_macros import expanded
from ingest.readers.markup.latex_tables import table_pieces
from ingest.readers.source import BOM, one_line, stem_title
from ingest.schema import Document, Kind

_LEVELS = MappingProxyType(
    {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6}
)
_TOKEN = re.compile(
    r"(?P<blank>\n[ \t]*\n\s*)|(?P<comment>(?<!\\)%[^\n]*\n?)"
    r"|\\begin\{(?P<begin>[^{}\n]{1,40})\}|\\end\{(?P<end>[^{}\n]{1,40})\}"
    r"|\\(?P<section>part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\*?(?=\s*[\[{])(?:\s*\[[^\[\]]*\])?"
    r"|\\(?P<item>item)(?![A-Za-z])|\\bibitem(?P<source>)(?:\[[^\[\]]*\])?"
    r"|\\(?P<caption>caption)\*?(?=\s*[\[{])(?:\[[^\[\]]*\])?"
    r"|\\(?P<include>input|include|subfile)(?![A-Za-z])"
    # A percent sign in these begins no comment.
    r"|\\verb\*?(?P<bar>[^\sA-Za-z*])[^\n]{0,10000}?(?P=bar)|\\(?:url|nolinkurl|href)\s*\{[^{}\n]*\}"
    r"|\\[^a-zA-Z]|[^\\\n%]+|.",
    re.DOTALL,
)
_LABEL = re.compile(r"\s*\[((?:[^\[\]{}]|\{[^{}]*\})*)\]")
_CODE = frozenset(("verbatim", "Verbatim", "lstlisting", "minted", "alltt", "Highlighting", "listing"))
_FORMULAS = frozenset(
    ("equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "alignat", "flalign")
)
_TABLES = frozenset(("tabular", "tabularx", "tabulary", "longtable", "tabu", "supertabular", "longtblr", "tblr"))
_WITH_WIDTH = frozenset(("tabularx", "tabulary", "tabular*"))
_LISTS = frozenset(("itemize", "enumerate", "description", "compactitem", "thebibliography"))
_NOT_TEXT = frozenset(("comment", "tikzpicture", "picture", "filecontents", "pgfpicture", "forest"))
_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_BABEL = re.compile(r"\\usepackage\s*\[([^\[\]]*)\]\s*\{babel\}|\\setdefaultlanguage(?:\[[^\[\]]*\])?\{(\w+)\}")
_LANGUAGES = MappingProxyType(
    {"german": "de", "ngerman": "de", "french": "fr", "francais": "fr", "spanish": "es", "italian": "it"}
    | {"portuguese": "pt", "brazilian": "pt", "dutch": "nl", "english": "en", "british": "en", "american": "en"}
)


def read(data: bytes, source: str) -> Document:
    """Return a LaTeX file as headings, paragraphs, list items, table rows and code.

    Raises:
        SourceUnreadable: the file is empty or not text.
    """
    decoded = decode(data, source)
    text = expanded(decoded.text.removeprefix(BOM))
    body = _BODY.search(text)
    reader = _Reader()
    reader.read(body[1] if body else text)
    assembled = assemble(reader.pieces)
    title = text.find("\\title")
    named = one_line(Inline().text(argument(text, title + len("\\title"))[0])) if title >= 0 else ""
    heading = next((heading.title for heading in assembled.headings), "")
    left_out = f"its included files are left out: {', '.join(reader.included)}" if reader.included else ""
    note = "; ".join(filter(None, (decoded.note, left_out)))
    document = extracted(data, source, named or heading or stem_title(source), assembled, note)
    return replace(document, language=_language(text[: body.start()] if body else text[:0]))


def _language(preamble: str) -> str:
    match = _BABEL.search(preamble)
    options = (match[1] or match[2]).split(",") if match else []
    stated = [option.rpartition("=")[2].strip() for option in options]
    return next((_LANGUAGES[name] for name in reversed(stated) if name in _LANGUAGES), "")


class _Reader:
    """The state of the reading: what is collected, and the environments around it."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.included: list[str] = []
        self._inline = Inline()
        self._parts: list[str] = []
        self._label = ""
        self._lists: list[int] = []  # the open ones, each with the items that it has numbered, -1 for bullets
        self._mark = ""
        self._never_closed: set[str] = set()

    def read(self, text: str) -> None:
        """Read the body of a file."""
        at = 0
        while (token := _TOKEN.match(text, at)) is not None:
            at = token.end()
            kind = token.lastgroup
            if kind == "begin":
                at = self._begin(token["begin"], text, at)
            elif kind == "end":
                self._flush()
                self._end_list(token["end"].rstrip("*"))
            elif kind == "blank":
                self._flush()
            elif kind in ("section", "item", "source", "caption", "include"):
                at = self._command(kind, token, text, at)
            elif kind != "comment":
                self._parts.append(token[0])
        self._flush()

    def _command(self, kind: str, token: re.Match[str], text: str, at: int) -> int:
        if kind == "item":
            self._flush()
            label = _LABEL.match(text, at)
            self._mark = "" if label else self._next_mark()
            if label:
                self._label = self._named(label[1])
                return label.end()
            return at
        inside, at = argument(text, at)
        if kind == "include":
            self.included.append(inside.strip())
            return at
        self._flush()
        if kind == "source":
            self._label = f"[{inside.strip()}] "
        elif kind == "caption":
            self._add(inside, "paragraph")
        else:
            first = len(self._inline.notes)
            self.pieces.append(Piece(self._inline.text(inside), _LEVELS[token["section"]]))
            self._add_notes(first)
        return at

    def _named(self, label: str) -> str:
        term = one_line(self._inline.text(label))
        return f"{term}: " if term[-1:].isalnum() else f"{term} " if term else ""

    def _begin(self, name: str, text: str, at: int) -> int:
        """Start an environment; those that are no text of paragraphs are read as a whole."""
        bare = name.rstrip("*")
        whole = bare in _CODE or bare in _FORMULAS or bare in _TABLES or bare in _NOT_TEXT
        if not whole:
            self._flush()
            if bare in _LISTS:
                self._lists.append(0 if bare == "enumerate" else -1)
                self._mark = ""
            return after_begin(name, text, at)
        end = len(text) if name in self._never_closed else _closing(text, at, name)
        inside = text[at:end]
        if bare in _FORMULAS:
            self._parts.append(f" \\[{inside.strip()}\\] ")
        elif bare in _NOT_TEXT:
            if end == len(text):  # it must not cost the rest
                self._never_closed.add(name)
                return at
        else:
            self._flush()
            first = len(self._inline.notes)
            if bare in _CODE:
                self.pieces.append(Piece(_without_options(inside), kind="code"))
            else:
                self.pieces += table_pieces(inside[_start(name, inside) :], self._inline.text)
            self._add_notes(first)
        return min(len(text), end + len(f"\\end{{{name}}}"))

    def _end_list(self, name: str) -> None:
        if name in _LISTS and self._lists:
            self._lists.pop()
            self._mark = CONTINUED if self._lists else ""

    def _next_mark(self) -> str:
        """Return what stands before the next item of the open list."""
        if not self._lists or self._lists[-1] < 0:
            return BULLET
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def _flush(self) -> None:
        """End the paragraph."""
        parts, self._parts = self._parts, []
        self._add("".join(parts), "item" if self._lists else "paragraph")

    def _add(self, marked: str, kind: Kind) -> None:
        first = len(self._inline.notes)
        text = self._inline.text(marked)
        if text:
            label, self._label = self._label, ""
            self.pieces.append(Piece(label + text, kind=kind, mark=self._mark, depth=max(0, len(self._lists) - 1)))
            self._mark = CONTINUED if self._mark else ""
        self._add_notes(first)

    def _add_notes(self, first: int) -> None:
        self.pieces += [Piece(text) for text in self._inline.take_notes(first)]


def _start(name: str, table: str) -> int:
    """Return where the rows of a table start, past its width and the description of its columns."""
    at = 0
    for _ in range(2 if name in _WITH_WIDTH else 1):
        option = _LABEL.match(table, at)
        _, at = argument(table, option.end() if option else at)
    return at


def _closing(text: str, at: int, name: str) -> int:
    """Return where an environment ends, past others of its name inside it."""
    depth = 1
    for match in re.compile(rf"\\(begin|end)\{{{re.escape(name)}\}}").finditer(text, at):
        depth += 1 if match[1] == "begin" else -1
        if not depth:
            return match.start()
    return len(text)


def _without_options(code: str) -> str:
    first, _, rest = code.partition("\n")
    return rest if re.fullmatch(r"\s*(?:\[.*\])?(?:\{.*\})?\s*", first) else code
