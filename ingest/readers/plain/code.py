"""Source code, settings and logs as verbatim text: units of lines; comments are text whose sentences can be quoted."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import PurePosixPath
from types import MappingProxyType

from ingest.readers.encoding import decode
from ingest.readers.plain.lines import Line, Run, runs, span
from ingest.readers.source import BOM, sha256
from ingest.schema import Block, Document

_LONGEST_UNIT = 900  # characters: about what fits one passage of code
_LEAST_WORDS = 5  # in a comment of its own; a shorter one stays with its code
_WORD = re.compile(r"[^\W\d_]{2,}")
_HASH, _DASHES, _SEMICOLON = r"#+(?!!)", r"-{2,}", r"[;#]+"
_SLASHES = r"/{2,}[/!]?|/\*+!?|\*+(?!/)"
_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((".py", ".rb", ".sh", ".bash", ".r", ".pl", ".ps1", ".yaml", ".yml", ".toml"), _HASH),
        **dict.fromkeys((".js", ".mjs", ".jsx", ".ts", ".tsx", ".java", ".kt", ".scala", ".swift", ".php"), _SLASHES),
        **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".go", ".rs"), _SLASHES),
        **dict.fromkeys((".sql", ".lua"), _DASHES),
        **dict.fromkeys((".ini", ".cfg"), _SEMICOLON),
        ".xml": r"<!--+",
    }
)
SUFFIXES = tuple(_FAMILIES)
"""The suffixes of source code and settings."""

_DOCSTRING = re.compile(r"[rbuRBU]?(\"{3}|'{3})\s*")
_CLOSING = re.compile(r"\s*(?:\*+/|--+>|\"{3}|'{3})$")
_MARKED = MappingProxyType({mark: re.compile(rf"(?:{mark})\s*") for mark in set(_FAMILIES.values())})
_BLOCK_COMMENT = MappingProxyType({_SLASHES: ("/*", "*/"), _DASHES: ("/*", "*/"), r"<!--+": ("<!--", "-->")})


def read(data: bytes, source: str) -> Document:
    """Return a file of source code or settings.

    A block is what stands between blank lines; a longer one is divided where
    lines are indented least. A comment or docstring of some words is a block
    of its own.

    Raises:
        SourceUnreadable: the file is empty or is not text.
    """
    family = _FAMILIES[PurePosixPath(source).suffix.lower()]
    return _verbatim(data, source, lambda found: _code_blocks(found, family))


def read_log(data: bytes, source: str) -> Document:
    """Return a log: each line is a row, and the indented lines below it are code.

    Raises:
        SourceUnreadable: the file is empty or is not text.
    """
    return _verbatim(data, source, _log_blocks)


def _verbatim(data: bytes, source: str, blocks: Callable[[Sequence[Run]], Iterator[Block]]) -> Document:
    decoded = decode(data, source)
    text = decoded.text
    found = tuple(blocks(list(runs(text, len(BOM) if text.startswith(BOM) else 0))))
    title = PurePosixPath(source).name
    return Document(source, title, None, text, sha256(data), blocks=found, encoding=decoded.encoding, note=decoded.note)


def _log_blocks(found: Sequence[Run]) -> Iterator[Block]:
    for run in found:
        margin = run[0].indent
        for below, group in groupby(run, key=lambda line: line.indent > margin):
            lines = list(group)
            if below:
                yield Block(*span(lines), kind="code")
            else:
                yield from (Block(line.start, line.end, kind="row") for line in lines)


def _code_blocks(found: Sequence[Run], family: str) -> Iterator[Block]:
    comments = _comments(found, family)
    for run in found:
        code: list[Line] = []
        for number, group in groupby(run, key=lambda line: comments.get(line.start)):
            lines = list(group)
            comment = _comment(lines, family) if number is not None else None
            if comment is None:
                code += lines
                continue
            yield from _divided(code)
            yield comment
            code = []
        yield from _divided(code)


def _comments(found: Sequence[Run], family: str) -> Mapping[int, int]:
    """Return the starts of the lines that are nothing but comment, each with the number of its comment."""
    starts: dict[int, int] = {}
    number, closing = 0, ""
    opens, closes = _BLOCK_COMMENT.get(family, ("", ""))
    for run in found:
        number += 1
        for line in run:
            text = line.text
            if closing:
                starts[line.start] = number
                ended = closing in text
            else:
                doc = _DOCSTRING.match(text) if family == _HASH else None
                closing = doc[1] if doc else closes if opens and text.startswith(opens) else ""
                number += bool(closing)
                ended = bool(closing) and closing in text[len(closing) :]
                if closing or _MARKED[family].match(text):
                    starts[line.start] = number
            if ended:
                closing = ""
                number += 1
    return starts


def _comment(lines: Run, family: str) -> Block | None:
    """Return the block of a comment, without its first and last mark; None if it has few words.

    It is one unit if further lines begin with marks, which stand inside its sentences.
    """
    worded = [line for line in lines if _WORD.search(line.text)]
    if sum(1 for line in worded for _ in _WORD.finditer(line.text)) < _LEAST_WORDS:
        return None
    first, last = worded[0], worded[-1]
    mark = (_DOCSTRING.match(first.text) if family == _HASH else None) or _MARKED[family].match(first.text)
    closing = _CLOSING.search(last.text)
    start, end = first.start + (mark.end() if mark else 0), last.end - (len(closing[0]) if closing else 0)
    marked = any(_MARKED[family].match(line.text) for line in worded[1:])
    return Block(start, end, kind="code" if marked else "paragraph")


def _divided(lines: Run) -> Iterator[Block]:
    """Yield the lines in blocks of a passage's length, the longer ones divided before the line indented least."""
    unit: list[Line] = []
    size = 0
    for line in lines:
        if unit and size + len(line.text) > _LONGEST_UNIT:
            cut = min(range(len(unit), len(unit) // 2, -1), key=lambda at: [*unit, line][at].indent)
            yield Block(*span(unit[:cut]), kind="code")
            unit = unit[cut:]
            size = sum(len(each.text) for each in unit)
        unit.append(line)
        size += len(line.text)
    if unit:
        yield Block(*span(unit), kind="code")
