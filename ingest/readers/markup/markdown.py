"""Markdown (CommonMark with tables), located by the parser's line numbers.

The parser reports the lines of each block. Where the text starts within its
first line follows from the markers of the enclosing containers (block quotes,
list items). Offsets are never found by searching.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.readers.assemble import Piece, piece_of
from ingest.readers.encoding import decode
from ingest.readers.markup.markdown_containers import TITLE, with_containers
from ingest.readers.markup.markdown_html import around_rows, shown, tables_of, with_rows, without_rows
from ingest.readers.markup.markdown_masks import FILLER, Masked, mask
from ingest.readers.markup.markdown_matter import front_matter, said_once
from ingest.readers.plain.blocks import blocks, is_prose
from ingest.readers.plain.lines import runs
from ingest.readers.source import BOM, one_line, sha256, stem_title, web_address
from ingest.schema import Block, Document, Heading, Kind, Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# The parser drops anything nested deeper. Its default is 20; each level takes
# four of the interpreter's 1,000 Python frames.
_MAX_NESTING = 100
LONGEST_PARSED = 2_000  # characters of a heading with its markup, such as the addresses of badges
_QUOTE_MARK = re.compile(r"[ \t]*>")
_ITEM_MARK = re.compile(r"[ \t]*(?:[-+*]|\d{1,9}[.)])")
_ANY_MARKS = re.compile(r"(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)))*")
_WIKI_LINK = re.compile(r"\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]+))?\]\]")
_MARKUP = re.compile(r"[\\`*_\[\]<>!&\n]")


@dataclass(frozen=True, slots=True)
class _Lines:
    """A text with its masks, its masked lines without the BOM, and the offset of each line."""

    masked: Masked
    texts: list[str]
    starts: list[int]


@dataclass(slots=True)
class _Found:
    """The headings and blocks of a text collected so far."""

    text: str
    masked: Masked
    headings: list[Heading] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    lines_read: set[int] = field(default_factory=set)
    apart: bool = False

    def add(self, span: Span | None, kind: Kind = "paragraph") -> None:
        """Add a block, or several around comments but in a row; the first one after a thematic break is set apart."""
        if span is None:
            return
        for start, end in [span] if kind == "row" else self.masked.shown(*span):
            self.blocks.append(Block(start, end, self.apart, kind))
            self.apart = False


def read(data: bytes, source: str) -> Document:
    """Return a Markdown file: its own characters, with the spans of its headings and blocks.

    A table in HTML stands in the text as rows with their heads, without tags;
    the text of such a file is not its own characters.

    Raises:
        SourceUnreadable: the file is empty or not text.
    """
    return _read(data, source, jsx=False)


def read_mdx(data: bytes, source: str) -> Document:
    """Return an MDX file, read as Markdown without its imports, exports and components.

    Raises:
        SourceUnreadable: see `read`.
    """
    return _read(data, source, jsx=True)


def _read(data: bytes, source: str, *, jsx: bool) -> Document:
    decoded = decode(data, source)
    texts, starts = _split(decoded.text)
    matter = front_matter(texts, starts[0])
    found = _found(decoded.text, matter.lines, jsx=jsx)
    text = found.text
    titles = (heading.title for heading in found.headings if heading.level == 1)
    body = sorted(found.blocks, key=lambda block: block.start)
    fields = said_once(text, matter.spans, body)
    if fields and body:
        body[0] = replace(body[0], apart=True)
    return Document(
        source,
        matter.title or next(titles, "") or stem_title(source),
        web_address(matter.url),
        text,
        sha256(data),
        headings=tuple(found.headings),
        blocks=(*fields, *body),
        verbatim=text == decoded.text,
        encoding=decoded.encoding,
        note="; ".join(filter(None, (decoded.note, matter.note))),
        language=matter.language,
    )


def pieces(text: str) -> list[Piece]:
    """Return the headings and blocks of a Markdown text, in order."""
    found = _found(text, 0, jsx=False)
    placed = [(heading.start, Piece(heading.title, heading.level)) for heading in found.headings]
    placed += [(block.start, replace(piece_of(found.text, block), apart=False)) for block in found.blocks]
    return [piece for _, piece in sorted(placed, key=lambda each: each[0])]


def _found(text: str, first_line: int, *, jsx: bool) -> _Found:
    _, starts = _split(text)
    start = starts[first_line] if first_line < len(starts) else len(text)
    masked = mask(text, start, jsx=jsx)
    tables = tables_of(masked, text, start)
    text, rows = with_rows(text, tables)
    if rows:
        masked = mask(without_rows(text, rows), start, jsx=jsx)
    found = _walk(text, _Lines(masked, *_split(masked.text)), first_line)
    found.blocks = [*around_rows(found.blocks, rows, text), *rows]
    return found


def _split(text: str) -> tuple[list[str], list[int]]:
    """Return the lines of a text without the BOM, and their offsets."""
    texts = text.split("\n")
    starts = [0]
    for line in texts[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    if text.startswith(BOM):
        texts[0] = texts[0][1:]
        starts[0] = 1
    return texts, starts


def _walk(text: str, lines: _Lines, first_line: int) -> _Found:
    """Collect headings and blocks; the lines before `first_line` are front matter."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table").disable(["inline", "text_join"])
    with_containers(parser)
    inline = MarkdownIt("commonmark")
    definitions: dict[str, object] = {}
    tokens = parser.parse("\n" * first_line + "\n".join(lines.texts[first_line:]), definitions)
    found = _Found(text, lines.masked, lines_read=_definition_lines(definitions))
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
    """Return the lines of link reference definitions, which are not among the tokens; a footnote is no definition."""
    references = definitions.get("references", {})
    repeated = definitions.get("duplicate_refs", [])
    assert isinstance(references, dict) and isinstance(repeated, list)
    named = [entry for label, entry in references.items() if not label.startswith("^")]
    named += [entry for entry in repeated if not entry["label"].startswith("^")]
    return {line for entry in named for line in range(*entry["map"])}


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
    elif token.type in ("paragraph_open", "tr_open"):
        kind: Kind = "row" if token.type == "tr_open" else _kind_in(containers)
        found.add(_span(lines, containers, first, last), kind)
    elif token.type in ("code_block", "html_block"):
        parts = _indented if token.type == "code_block" else _html
        for span, kind in parts(lines, containers, first, last):
            found.add(span, kind)
    elif token.type == "fence":
        count = token.content.count("\n") + (token.content[-1:] not in ("", "\n"))
        found.add(_span(lines, containers, first + 1, first + 1 + count), "code")
    elif token.type == TITLE:
        if token.content.strip():
            found.add(_span_of_title(lines, containers, token), _kind_in(containers))
    elif token.type != "table_open":
        return
    found.lines_read.update(range(first, last))


def _html(lines: _Lines, containers: Sequence["Token"], first: int, last: int) -> Iterable[tuple[Span | None, Kind]]:
    """Return the parts of HTML that contain text."""
    block = _span(lines, containers, first, last)
    return shown(lines.masked.text, block) if block else ()


def _indented(
    lines: _Lines, containers: Sequence["Token"], first: int, last: int
) -> Iterator[tuple[Span | None, Kind]]:
    """Yield the parts of indented lines: code, or the paragraphs that some converters indent."""
    if not any(container.type == "blockquote_open" for container in containers):
        column = _column(lines.texts[first], containers, first)
        marked = column if lines.texts[first][:column].strip() else 0  # "-     Drink plenty"
        start, end = lines.starts[first] + marked, lines.starts[last - 1] + len(lines.texts[last - 1])
        found = list(runs(lines.masked.text[start:end]))
        if is_prose(found):
            for block in blocks(found):
                yield (start + block.start, start + block.end), block.kind
            return
    yield _span(lines, containers, first, last), "code"


def _kind_in(containers: Sequence["Token"]) -> Kind:
    return "item" if any(container.type == "list_item_open" for container in containers[-1:]) else "paragraph"


def _add_rest(found: _Found, lines: _Lines, first_line: int) -> None:
    """Add the lines that the parser dropped as nested too deeply: one block per item or run of lines."""
    start = end = previous = -1
    for number in range(first_line, len(lines.texts)):
        line = lines.texts[number]
        column = _after_marks(line)
        if number in found.lines_read or column >= len(line.rstrip()):
            continue
        if start >= 0 and (previous < number - 1 or _is_item(line)):
            found.add((start, end))
            start = -1
        start = start if start >= 0 else lines.starts[number] + column
        end = lines.starts[number] + len(line.rstrip())
        previous = number
    if start >= 0:
        found.add((start, end))


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


def _span_of_title(lines: _Lines, containers: Sequence["Token"], token: "Token") -> Span:
    assert token.map is not None
    number = token.map[0]
    start = lines.starts[number] + _column(lines.texts[number], containers, number) + token.meta["start"]
    return start, start + len(token.content)


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


def _plain(title: str, inline: "MarkdownIt", definitions: dict[str, object]) -> str:
    """Return a heading's title without its markup; a very long one, which takes quadratic time to parse, keeps it."""
    title = _WIKI_LINK.sub(lambda link: link[2] or link[1], title.replace(FILLER, " "))
    if len(title) > LONGEST_PARSED or not _MARKUP.search(title):
        return one_line(title)
    tokens = inline.parseInline(title, definitions)
    shown = {"softbreak": " ", "hardbreak": " ", "html_inline": ""}
    children = tokens[0].children or []
    return one_line("".join(shown.get(token.type, token.content) for token in children))
