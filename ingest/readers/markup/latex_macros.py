"""The macros that a LaTeX file defines itself: they are replaced by what they stand for."""

import re
from dataclasses import dataclass

from ingest.readers.markup.latex_inline import argument

_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator)\*?\s*\{?\s*\\([A-Za-z@]+)\s*\}?\s*(?:\[(\d)\])?(?:\[([^\[\]]*)\])?"
    r"|\\def\s*\\([A-Za-z@]+)(?=\s*\{)"
)
_OPTION = re.compile(r"\s?\[([^\[\]]*)\]")
_PASSES = 5  # macros in macros
_GROWTH = 4  # times the file's length: macros of macros could grow without end


@dataclass(frozen=True, slots=True)
class _Macro:
    """The number of arguments, the usual value of the first if it may be left out, and what the macro stands for."""

    count: int
    usual: str | None
    body: str


def expanded(text: str) -> str:
    """Return a text without its definitions of macros, and with their values where they are used."""
    macros: dict[str, _Macro] = {}
    parts, at = [], 0
    while (match := _DEFINITION.search(text, at)) is not None:
        parts.append(text[at : match.start()])
        body, at = argument(text, match.end())
        if at > match.end():  # else it stands for nothing
            macros[match[1] or match[4]] = _Macro(int(match[2] or 0), match[3], body)
    text = "".join((*parts, text[at:]))
    if not macros:
        return text
    names = re.compile(rf"\\({'|'.join(sorted(map(re.escape, macros), key=len, reverse=True))})(?![A-Za-z@])")
    longest = _GROWTH * len(text) + 10_000
    for _ in range(_PASSES):
        text, changed = _replaced(text, names, macros, longest)
        if not changed:
            break
    return text


def _replaced(text: str, names: re.Pattern[str], macros: dict[str, _Macro], longest: int) -> tuple[str, bool]:
    parts: list[str] = []
    at = length = 0
    while (match := names.search(text, at)) is not None and length < longest:
        macro, end = macros[match[1]], match.end()
        body = macro.body
        for number in range(1, macro.count + 1):
            stated = _OPTION.match(text, end) if number == 1 and macro.usual is not None else None
            if stated is not None:
                value, end = stated[1], stated.end()
            elif number == 1 and macro.usual is not None:
                value = macro.usual
            else:
                value, end = argument(text, end)
            body = body.replace(f"#{number}", value)[:longest]
        parts += [text[at : match.start()], body]
        length += match.start() - at + len(body)
        at = end
    return "".join((*parts, text[at:])), bool(parts)
