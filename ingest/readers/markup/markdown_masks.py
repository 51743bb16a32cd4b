"""Finds what dialects of Markdown do not show: comments, template tags, embeds, block ids, JSX.

What is found is masked: the parser sees other characters in its place, and no
block starts or ends with it. Comments are kept out of blocks altogether.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.schema import Span

# White space for Python's `strip`, but neither white space nor markup for the parser.
FILLER = "\x1f"
_FENCE = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)")
_CODE = re.compile(r"(?<!`)(`++)(?!`)[^`]++\1(?!`)")
_MARKS = re.compile(r"(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)))*")
_COMMENTS = (("<!--", "-->"), ("{/*", "*/}"), ("{% comment %}", "{% endcomment %}"), ("{#-", "-#}"))
_LONGEST_COMMENT = 5_000  # characters between %%, which is also a way to write a percent sign
_TAGS = re.compile(
    r"\{%[^{}\n]{0,500}%\}"  # Liquid, Jinja
    r"|\{\{[<%][^{}\n]{0,500}[>%]\}\}"  # Hugo
    r"|!\[\[[^\[\]\n]{1,500}\]\]"  # Obsidian: embeds
    r"|\{[:#][^{}\n]{1,200}\}[ \t]*$"  # kramdown: attributes
    r"|^[ \t]*:{3,}[ \t]*(?:\{[^{}\n]{0,200}\}|[\w-]+)?"  # Docusaurus, Quarto: begin and end of a note
    r"|(?:^|(?<=[ \t]))\^(?=[\w-]*[A-Za-z])[A-Za-z0-9-]{3,}[ \t]*$",  # Obsidian: block ids
    re.MULTILINE,
)
_CALL_OUT = re.compile(r"^(?:[ \t]*>)+[ \t]*(\[!\w[\w |-]{0,60}\][+-]?)", re.MULTILINE)
_VALUE_LINE = re.compile(r"^[ \t]*\{\{[^{}\n]{1,500}\}\}[ \t]*$", re.MULTILINE)
_EXPRESSION_LINE = re.compile(r"^[ \t]*\{[^{}\n]{1,500}\}[ \t]*$", re.MULTILINE)
_MODULE = re.compile(r"(?:import|export)\b")
_JSX = re.compile(r"</?(?:[A-Z][\w.]*|(?=>))")
_LONGEST_TAG = 5_000  # characters
_INDENT = 100  # characters
# What a component shows of its attributes.
_SHOWN = re.compile(r"""\b(?:title|label|heading|summary|description|question)=(?:"([^"\n]+)"|'([^'\n]+)')""")


@dataclass(frozen=True, slots=True)
class Masked:
    """A text in which what is not shown is masked, of the same length; the spans of its comments and code, in order."""

    text: str
    comments: tuple[Span, ...]
    code: tuple[Span, ...]

    def is_code(self, at: int) -> bool:
        """Return whether a place is in code."""
        return _is_in(self.code, at)

    def shown(self, start: int, end: int) -> Iterator[Span]:
        """Yield the parts of a span outside of comments, without white space and masks at their ends."""
        first = bisect_right(self.comments, (start, start))
        for left, right in (*self._inside(first, end), (end, end)):
            part = self.text[start : max(start, left)]
            if part.strip():
                yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())
            start = max(start, right)

    def _inside(self, first: int, end: int) -> Iterator[Span]:
        for number in range(first, len(self.comments)):
            if self.comments[number][0] >= end:
                return
            yield self.comments[number]


def mask(text: str, start: int, *, jsx: bool) -> Masked:
    """Return the text with masks from `start`; `jsx` means that it is MDX."""
    code = _code(text, start)
    pairs = [span for pair in _COMMENTS for span in _between(text, start, *pair)]
    pairs += [span for span in _percent_comments(text, start) if not _is_in(code, span[1] - 1)]
    elements = list(_elements(text, start)) if jsx else []
    pairs += [span for span, alone in elements if alone]
    comments = _merged(span for span in pairs if not _is_in(code, span[0]))
    spans = [match.span() for pattern in (_TAGS, _VALUE_LINE) for match in pattern.finditer(text, start)]
    spans += [match.span(1) for match in _CALL_OUT.finditer(text, start)]
    if jsx:
        spans += [match.span() for match in _EXPRESSION_LINE.finditer(text, start)]
        spans += [*_modules(text, start), *(span for span, alone in elements if not alone)]
    hidden = _merged([*comments, *(span for span in spans if not _is_in(code, span[0]))])
    parts, at = [], 0
    for first, last in hidden:
        parts += [text[at:first], re.sub(r"[^\n]", FILLER, text[first:last])]
        at = last
    lines = "".join((*parts, text[at:])).split("\n")
    return Masked("\n".join(map(_blank_if_masked, lines)), tuple(comments), tuple(code))


def _blank_if_masked(line: str) -> str:
    """Return a line that contains nothing but masks and the marks of containers as a blank line."""
    return line if FILLER not in line or _has_text(line) else line.replace(FILLER, " ")


def _has_text(line: str) -> bool:
    marks = _MARKS.match(line)
    return bool(line[marks.end() if marks else 0 :].strip())


def _code(text: str, start: int) -> list[Span]:
    """Return the spans of fenced code and of code in lines, in order."""
    spans: list[Span] = []
    fence, opened = "", start
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        match = _FENCE.match(text, start, end)
        if match and not fence and not ("`" in match[1] and "`" in match[2]):
            fence, opened = match[1], start
        elif match and fence and match[1].startswith(fence) and not match[2].strip():
            spans.append((opened, end))
            fence = ""
        elif not fence:
            spans += [each.span() for each in _CODE.finditer(text, start, end)]
        start = end
    return [*spans, (opened, len(text))] if fence else spans


def _is_in(spans: Sequence[Span], at: int) -> bool:
    number = bisect_right(spans, (at, len(spans) and spans[-1][1])) - 1
    return number >= 0 and at < spans[number][1]


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _between(text: str, at: int, opening: str, closing: str) -> Iterator[Span]:
    """Yield the spans from each opening sign to the next closing one."""
    while (start := text.find(opening, at)) >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            return
        at = end + len(closing)
        yield start, at


def _percent_comments(text: str, at: int) -> Iterator[Span]:
    """Yield the spans of Obsidian's comments: between %% in one line, or from the start of a line to the end of one."""
    start = text.find("%%", at)
    while start >= 0:
        end = text.find("%%", start + 2)
        if end < 0:
            return
        before, after = text[max(0, start - 1) : start], text[end + 2 : end + 3]
        in_line = text.find("\n", start, end) < 0 and not before.isalnum()
        if in_line or (before in ("", "\n") and after in ("", "\n", " ") and end - start < _LONGEST_COMMENT):
            yield start, end + 2
            end = text.find("%%", end + 2)
        start = end


def _modules(text: str, start: int) -> Iterator[Span]:
    """Yield the spans of imports and exports, which end with a blank line after all brackets are closed."""
    above_is_blank = True
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        if above_is_blank and _MODULE.match(text, start):
            first, depth = start, 0
            while start < len(text):
                line = text[start:end]
                depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
                if depth <= 0 and not line.strip():
                    break
                start, end = end, text.find("\n", end) + 1 or len(text)
            yield first, start
        above_is_blank = not text[start:end].strip()
        start = end


def _elements(text: str, start: int) -> Iterator[tuple[Span, bool]]:
    """Yield the spans of the tags of components, and whether they stand alone on their lines; then without titles."""
    while (match := _JSX.search(text, start)) is not None:
        at = match.start()
        end, start = _tag_end(text, match.end())
        if not end:
            continue
        alone = _is_alone(text, at, end)
        for shown in _SHOWN.finditer(text, at, end) if alone else ():
            group = 1 if shown[1] else 2
            yield (at, shown.start(group)), alone
            at = shown.end(group)
        yield (at, end), alone


def _is_alone(text: str, start: int, end: int) -> bool:
    """Return whether nothing but a little white space stands around a span on its lines."""
    before = text[max(0, start - _INDENT) : start]
    after = text[end : end + _INDENT]
    alone = ("\n" in before or start <= _INDENT) and not before.rpartition("\n")[2].strip()
    return alone and not after.partition("\n")[0].strip()


def _tag_end(text: str, start: int) -> tuple[int, int]:
    """Return the end of a tag, past quotes and braces, or 0 if it has none nearby, and where to look on."""
    quote, depth = "", 0
    for at in range(start, min(len(text), start + _LONGEST_TAG)):
        character = text[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "{}":
            depth += 1 if character == "{" else -1
        elif character == ">" and depth <= 0:
            return at + 1, at + 1
        elif character == "<" and depth <= 0:
            return 0, at
    return 0, start + _LONGEST_TAG
