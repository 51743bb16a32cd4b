"""Notes and tabs of Python-Markdown, whose text is indented below a line that names them.

    !!! tip "Before you start"          === "Windows"

        Save your work.                     Press the key.

CommonMark takes the indented text for code.

Source: https://squidfunk.github.io/mkdocs-material/reference/admonitions/ and content-tabs/
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

TITLE = "container_title"
"""The token of the line that names a note or tab; its content is the title, and its `meta` where that begins."""
_INDENT = 4  # columns
_TITLED = r'"(?P<{}>[^"\n]*)"[ \t]*'
_LINE = re.compile(
    rf"(?:!!!|\?\?\?\+?)[ \t]+[\w-]+(?:[ \t]+[\w-]+)*[ \t]*(?:{_TITLED.format('note')})?$"
    rf"|===[+!]?[ \t]+{_TITLED.format('tab')}$"
)
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]  # blocks that such a line ends


def with_containers(parser: "MarkdownIt") -> "MarkdownIt":
    """Return a parser that reads what is in notes and tabs as blocks."""
    parser.block.ruler.before("fence", "container", _container, {"alt": _INTERRUPTED})
    return parser


def _container(state: "StateBlock", first: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - the parser's own form
    if state.is_code_block(first):
        return False
    begin = state.bMarks[first] + state.tShift[first]
    match = _LINE.match(state.src[begin : state.eMarks[first]])
    last = _end(state, first, end) if match else first + 1
    if match is None or last == first + 1:
        return False
    if silent:
        return True
    named = match.lastgroup
    state.push("container_open", "div", 1)
    token = state.push(TITLE, "", 0)
    token.map = [first, first + 1]
    token.content = match[named] if named else ""
    token.meta = {"start": match.start(named) if named else 0}
    before = state.parentType, state.lineMax, state.blkIndent
    state.parentType, state.lineMax, state.blkIndent = "container", last, state.sCount[first] + _INDENT
    state.md.block.tokenize(state, first + 1, last)
    state.parentType, state.lineMax, state.blkIndent = before
    state.push("container_close", "div", -1)
    state.line = last
    return True


def _end(state: "StateBlock", first: int, end: int) -> int:
    """Return the line after the last one that is indented below a line."""
    last = first + 1
    for line in range(first + 1, end):
        if not state.isEmpty(line):
            if state.sCount[line] < state.sCount[first] + _INDENT:
                break
            last = line + 1
    return last
