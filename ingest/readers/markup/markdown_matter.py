"""Front matter of Markdown files: YAML between --- lines or TOML between +++ lines.

Its fields are quoted as they stand in the file. Front matter that cannot be
parsed is read line by line, because a mistake in it must not cost the text.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from ingest.readers.assemble import clean
from ingest.readers.source import one_line
from ingest.readers.yaml_text import LARGEST_YAML, compose
from ingest.schema import Block, Span

# Fields whose value is a text of its own; that of others is quoted with its name.
_TEXTS = frozenset(
    ("abstract", "answer", "description", "excerpt", "intro", "lead", "question", "subtitle", "summary", "tldr")
)
# Fields of which a single word counts, too.
_WORDS = _TEXTS | frozenset(
    ("aliases", "author", "authors", "categories", "category", "keywords", "location", "place", "subject", "tags")
)
_OTHERS = frozenset(("title", "url", "lang", "language"))  # kept as the document's own
_NO_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "none"))
_DEEPEST = 4  # levels of fields in fields
_WORD = re.compile(r"\w+")
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_]\w+)?")
_FIELD = re.compile(r"[ \t]*([\w-]+)[ \t]*[:=](?:[ \t]+(.*?))?[ \t]*")
_TOML_STRING = re.compile(
    r"""^[ \t]*(?P<key>[\w.-]+)[ \t]*=[ \t]*(?:\"{3}(?P<long>.*?)\"{3}|'{3}(?P<raw>.*?)'{3}"""
    r"""|"(?P<short>(?:[^"\\\n]|\\.)*)"|'(?P<literal>[^'\n]*)'|(?P<list>\[[^\[\]{}]*\]))""",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands before a text: the number of its lines, some fields, and the spans of the others."""

    lines: int = 0
    title: str = ""
    url: str = ""
    language: str = ""
    spans: tuple[Span, ...] = ()
    note: str = ""


def front_matter(lines: Sequence[str], start: int) -> FrontMatter:
    """Return the front matter of a file, without lines if there is none.

    An opening `---` that is followed by a blank line or never closed is a
    thematic break (Pandoc's rule), and so is one that is not followed by
    fields.

    Args:
        lines: the file's lines, without a BOM.
        start: the offset of the first line.
    """
    mark = lines[0].rstrip()
    ends = {"---": ("---", "..."), "+++": ("+++",)}.get(mark, ())
    if not ends or len(lines) < 3 or not lines[1].strip():
        return FrontMatter()
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() in ends), None)
    if end is None:
        return FrontMatter()
    text = "\n".join(lines[1:end])
    found = (_toml if mark == "+++" else _yaml)(text)
    if found is None:
        return FrontMatter()
    at = start + len(lines[0]) + 1
    fields, spans, note = found
    language = _LANGUAGE.fullmatch(fields.get("lang") or fields.get("language") or "")
    return FrontMatter(
        end + 1,
        one_line(clean(fields.get("title", ""))),
        fields.get("url", ""),
        language[1].lower() if language else "",
        tuple((at + first, at + last) for first, last in spans if text[first:last].strip()),
        note,
    )


def said_once(text: str, spans: Sequence[Span], blocks: Sequence[Block]) -> list[Block]:
    """Return the fields at these spans of a text as blocks, without those that the blocks below say word for word."""
    if not spans:
        return []
    below = f" {' '.join(_words(text[block.start : block.end]) for block in blocks)} "
    return [Block(start, end) for start, end in spans if f" {_words(text[start:end])} " not in below]


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


_Fields = tuple[dict[str, str], list[Span], str]  # the document's own fields, the spans of others, a note


def _yaml(text: str) -> _Fields | None:
    """Return the fields of YAML; None if it has none."""
    try:
        root = compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _by_line(text, f"YAML (line {mark.line + 2 if mark else 2}: {one_line(error.problem or '')})")
    except yaml.reader.ReaderError as error:
        return _by_line(text, f"YAML (line {text.count(chr(10), 0, error.position) + 2}: {error.reason})")
    except yaml.YAMLError as error:
        return _by_line(text, f"YAML ({one_line(str(error))})")
    except RecursionError:
        return _by_line(text, "YAML (nested too deeply)")
    if root is None:
        return {}, [], ""
    if not isinstance(root, MappingNode):
        return None
    own = {
        key.value: value.value
        for key, value in root.value
        if isinstance(key, ScalarNode) and isinstance(value, ScalarNode)
    }
    return own, [_trimmed(text, *span) for span in _spans(root, text, 1)], ""


def _spans(mapping: MappingNode, text: str, level: int) -> Iterator[Span]:
    """Yield the spans of the fields that are text, each with its name unless it is a text of its own."""
    for key, value in mapping.value:
        name = key.value.lower() if isinstance(key, ScalarNode) else ""
        if level == 1 and name in _OTHERS:
            continue
        if isinstance(value, MappingNode):
            yield from _spans(value, text, level + 1) if level < _DEEPEST else ()
            continue
        parts = value.value if isinstance(value, SequenceNode) else [value]
        if not all(isinstance(part, ScalarNode) for part in parts):
            yield from (
                span for part in parts if isinstance(part, MappingNode) for span in _spans(part, text, _DEEPEST)
            )
        elif any(_is_text(name, part.value) for part in parts):
            if name in _TEXTS:
                yield from (_inner(part, text) for part in parts)
            else:
                yield key.start_mark.index, value.end_mark.index


def _inner(value: ScalarNode, text: str) -> Span:
    """Return the span of a value without quotes, or without the sign of a block."""
    start, end = value.start_mark.index, value.end_mark.index
    if value.style in ("'", '"'):
        return start + 1, end - 1
    if value.style in ("|", ">"):
        return min(end, text.find("\n", start, end) + 1 or end), end
    return start, end


def _trimmed(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def _is_text(name: str, value: str) -> bool:
    """Return whether a value is words rather than a number, a switch, an address or a name for programs."""
    if not any(map(str.isalpha, value)) or value.strip().lower() in _NO_WORDS or "://" in value:
        return False
    return name in _WORDS or " " in value.strip()


def _toml(text: str) -> _Fields | None:
    """Return the fields of TOML; only those that are strings or lists of strings have spans."""
    try:
        if len(text) > LARGEST_YAML:
            raise ValueError(f"longer than {LARGEST_YAML:,} characters")
        fields = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return _by_line(text, f"TOML ({one_line(str(error))})")
    own = {name: value for name, value in fields.items() if isinstance(value, str)}
    spans = []
    for match in _TOML_STRING.finditer(text):
        name, group = match["key"].lower(), match.lastgroup or ""
        if name not in _OTHERS and _is_text(name, match[group]):
            spans.append(match.span(group) if name in _TEXTS and group != "list" else match.span())
    return own, [_trimmed(text, *span) for span in spans], ""


def _by_line(text: str, what: str) -> _Fields | None:
    """Return the fields of front matter that cannot be parsed: each line with a name; None if the first has none."""
    lines = text.split("\n")
    if not _FIELD.fullmatch(lines[0]):
        return None
    own: dict[str, str] = {}
    spans = []
    for start, line in zip(accumulate((len(line) + 1 for line in lines), initial=0), lines, strict=False):
        match = _FIELD.fullmatch(line)
        name, value = (match[1].lower(), match[2] or "") if match else ("", line)
        if name in _OTHERS:
            own.setdefault(name, value.strip("\"'"))
        elif _is_text(name, value):
            spans.append(_trimmed(text, start, start + len(line)))
    return own, spans, f"its front matter is not valid {what} and was read line by line"
