"""Markdown (CommonMark with tables), located by the parser's line numbers.

The parser reports the lines of each block. Where the text starts within its
first line follows from the markers of the enclosing containers (block quotes,
list items). Offsets are never found by searching.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import clean
from ingest.readers.encoding import decode
from ingest.readers.source import BOM, LONGEST_TITLE, one_line, sha256, stem_title, web_address
from ingest.schema import Block, Document, Heading, Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# The parser drops anything nested deeper. Its default is 20; each level takes
# four of the interpreter's 1,000 Python frames.
_MAX_NESTING = 100
_QUOTE_MARK = re.compile(r"[ \t]*>")
_ITEM_MARK = re.compile(r"[ \t]*(?:[-+*]|\d{1,9}[.)])")
_ANY_MARKS = re.compile(r"(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)))*")
_NOT_SHOWN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_NAMED_TAG = re.compile(r"\s*</?([a-z][a-z0-9]*)[^<>]*>", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_\[\]<>!&\n]")


@dataclass(frozen=True, slots=True)
class _Lines:
    """A text, its lines without the BOM, and the offset of each line."""

    text: str
    texts: list[str]
    starts: list[int]


@dataclass(slots=True)
class _Found:
    """The headings and blocks collected so far."""

    headings: list[Heading] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    lines_read: set[int] = field(default_factory=set)
    apart: bool = False

    def add(self, span: Span | None) -> None:
        """Add a block; the first one after a thematic break is set apart."""
        if span is not None:
            self.blocks.append(Block(*span, apart=self.apart))
            self.apart = False


def read(data: bytes, source: str) -> Document:
    """Return a Markdown file: its own characters, with the spans of its headings and blocks.

    Raises:
        SourceUnreadable: the file is empty or not text, or its front matter
            is not a YAML mapping.
    """
    decoded = decode(data, source)
    text = decoded.text
    lines = _split(text)
    matter, first_line = _front_matter(lines.texts, source)
    found = _walk(lines, first_line)
    titles = (heading.title for heading in found.headings if heading.level == 1)
    title = one_line(_string(matter, "title")) or next(titles, "") or stem_title(source)
    blocks = tuple(sorted(found.blocks, key=lambda block: block.start))
    url = web_address(_string(matter, "url"))
    return Document(
        source,
        title,
        url,
        text,
        sha256(data),
        headings=tuple(found.headings),
        blocks=blocks,
        encoding=decoded.encoding,
        note=decoded.note,
    )


def _split(text: str) -> _Lines:
    texts = text.split("\n")
    starts = [0]
    for line in texts[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    if text.startswith(BOM):
        texts[0] = texts[0][1:]
        starts[0] = 1
    return _Lines(text, texts, starts)


def _string(matter: Mapping[object, object], key: str) -> str:
    value = matter.get(key)
    return clean(value) if isinstance(value, str) else ""


def _front_matter(lines: Sequence[str], source: str) -> tuple[Mapping[object, object], int]:
    """Return the YAML front matter (empty if there is none) and its number of lines.

    An opening `---` that is followed by a blank line or never closed is a
    thematic break (Pandoc's rule).
    """
    if lines[0].rstrip() != "---" or len(lines) < 3 or not lines[1].strip():
        return {}, 0
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == "---"), None)
    if end is None:
        return {}, 0
    matter = _yaml("\n".join(lines[1:end]), source)
    if matter is None:
        return {}, end + 1
    if not isinstance(matter, Mapping):
        remedy = "write `name: value` lines between the --- lines, or put a blank line after the first ---"
        raise SourceUnreadable("has document details that are not `name: value` lines (line 2)", source, remedy)
    return matter, end + 1


def _yaml(text: str, source: str) -> object:
    """Parse front matter into mappings, lists and strings; dates stay strings."""
    import yaml

    from ingest.readers.yaml_text import load_strings

    remedy = "correct the YAML between the --- lines at the start"
    try:
        return load_strings(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 2
        what = one_line(error.problem or error.context or "cannot be parsed")
        raise SourceUnreadable(f"has invalid document details in line {line}: {what}", source, remedy) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 2
        what = f"has invalid document details in line {line}: {error.reason}"
        raise SourceUnreadable(what, source, remedy) from error
    except yaml.YAMLError as error:
        raise SourceUnreadable(f"has invalid document details: {error}", source, remedy) from error
    except RecursionError as error:
        raise SourceUnreadable("has document details nested too deeply (line 2)", source, remedy) from error


def _walk(lines: _Lines, first_line: int) -> _Found:
    """Collect headings and blocks; the lines before `first_line` are front matter."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table").disable(["inline", "text_join"])
    inline = MarkdownIt("commonmark")
    definitions: dict[str, object] = {}
    tokens = parser.parse("\n" * first_line + "\n".join(lines.texts[first_line:]), definitions)
    found = _Found(lines_read=_definition_lines(definitions))
    containers: list[Token] = []
    for number, token in enumerate(tokens):
        if token.type in ("blockquote_open", "list_item_open"):
            containers.append(token)
        elif token.type in ("blockquote_close", "list_item_close"):
            containers.pop()
        elif token.map and token.type == "heading_open":
            _add_heading(found, lines, containers, token, _plain(tokens[number + 1].content, inline, definitions))
        elif token.map:
            _add_leaf(found, lines, containers, token)
    _add_rest(found, lines, first_line)
    return found


def _definition_lines(definitions: Mapping[str, object]) -> set[int]:
    """Return the lines of link reference definitions, which are not among the tokens."""
    references = definitions.get("references", {})
    repeated = definitions.get("duplicate_refs", [])
    assert isinstance(references, dict) and isinstance(repeated, list)
    return {line for entry in (*references.values(), *repeated) for line in range(*entry["map"])}


def _add_heading(found: _Found, lines: _Lines, containers: Sequence["Token"], token: "Token", title: str) -> None:
    assert token.map is not None
    found.lines_read.update(range(*token.map))
    span = _span(lines, containers, *token.map)
    if title and span:
        found.headings.append(Heading(int(token.tag[1]), title, *span))


def _add_leaf(found: _Found, lines: _Lines, containers: Sequence["Token"], token: "Token") -> None:
    """Add the blocks of a token that has lines of its own."""
    assert token.map is not None
    first, last = token.map
    if token.type == "hr":
        found.apart = True
    elif token.type in ("paragraph_open", "code_block", "tr_open"):
        found.add(_span(lines, containers, first, last))
    elif token.type == "fence":
        count = token.content.count("\n") + (token.content[-1:] not in ("", "\n"))
        found.add(_span(lines, containers, first + 1, first + 1 + count))
    elif token.type == "html_block":
        for span in _shown(lines.text, _span(lines, containers, first, last)):
            found.add(span)
    elif token.type != "table_open":
        return
    found.lines_read.update(range(first, last))


def _add_rest(found: _Found, lines: _Lines, first_line: int) -> None:
    """Add the lines that the parser dropped as nested too deeply: one block per item or run of lines."""
    start = end = previous = -1
    for number in range(first_line, len(lines.texts)):
        line = lines.texts[number]
        column = _after_marks(line)
        if number in found.lines_read or column >= len(line.rstrip()):
            continue
        if start >= 0 and (previous < number - 1 or _is_item(line)):
            found.blocks.append(Block(start, end))
            start = -1
        start = start if start >= 0 else lines.starts[number] + column
        end = lines.starts[number] + len(line.rstrip())
        previous = number
    if start >= 0:
        found.blocks.append(Block(start, end))


def _after_marks(line: str) -> int:
    match = _ANY_MARKS.match(line)
    return _skip_space(line, match.end() if match else 0)


def _is_item(line: str) -> bool:
    return _after_marks(line) > _skip_space(line, 0) and not line.lstrip().startswith(">")


def _skip_space(line: str, column: int) -> int:
    return len(line) - len(line[column:].lstrip())


def _span(lines: _Lines, containers: Sequence["Token"], first: int, last: int) -> Span | None:
    """Return the span of lines `first` to `last` (exclusive) without leading markers and blank lines; None if blank."""
    while first < last and _is_blank(lines, containers, first):
        first += 1
    while first < last and _is_blank(lines, containers, last - 1):
        last -= 1
    if first == last:
        return None
    start = lines.starts[first] + _column(lines.texts[first], containers, first)
    return start, lines.starts[last - 1] + len(lines.texts[last - 1].rstrip())


def _is_blank(lines: _Lines, containers: Sequence["Token"], number: int) -> bool:
    return _column(lines.texts[number], containers, number) >= len(lines.texts[number].rstrip())


def _column(line: str, containers: Sequence["Token"], number: int) -> int:
    """Return the column where a line's text starts, after the markers of its containers."""
    column = 0
    for container in containers:
        if container.type == "blockquote_open":
            match = _QUOTE_MARK.match(line, column)
        elif container.map and container.map[0] == number:
            match = _ITEM_MARK.match(line, column)
        else:
            continue
        column = match.end() if match else column
    return _skip_space(line, column)


def _shown(text: str, span: Span | None) -> Iterator[Span]:
    """Yield the parts of an HTML block that contain text, without comments, scripts and outer block tags."""
    if span is None:
        return
    start, end = span
    for match in (*_NOT_SHOWN.finditer(text, start, end), None):
        part = _without_outer_tags(text, start, match.start() if match else end)
        if unescape(_TAG.sub("", text[slice(*part)])).strip():
            yield part
        start = match.end() if match else end


def _without_outer_tags(text: str, start: int, end: int) -> Span:
    from markdown_it.common.html_blocks import block_names

    names = frozenset(block_names)
    while (tag := _NAMED_TAG.match(text, start, end)) and tag[1].lower() in names:
        start = tag.end()
    start = min(end, start + len(text[start:end]) - len(text[start:end].lstrip()))
    while True:
        while end > start and text[end - 1].isspace():  # not `rstrip` of a copy, which takes quadratic time
            end -= 1
        tag = _NAMED_TAG.fullmatch(text, max(start, text.rfind("<", start, end)), end)
        if tag is None or tag[1].lower() not in names:
            return start, end
        end = tag.start()


def _plain(title: str, inline: "MarkdownIt", definitions: dict[str, object]) -> str:
    """Return a heading's title without its markup; a long one, which takes quadratic time to parse, keeps it."""
    if len(title) > LONGEST_TITLE or not _MARKUP.search(title):
        return one_line(title)
    tokens = inline.parseInline(title, definitions)
    shown = {"softbreak": " ", "hardbreak": " ", "html_inline": ""}
    children = tokens[0].children or []
    return one_line("".join(shown.get(token.type, token.content) for token in children))
