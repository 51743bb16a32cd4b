"""The macros that a LaTeX file defines itself: they are replaced by what they stand for."""

import re

from ingest.readers.markup.latex_inline import argument

_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator)\*?\s*\{?\s*\\([A-Za-z@]+)\s*\}?\s*(?:\[(\d)\])?(\[[^\[\]]*\])?"
    r"|\\def\s*\\([A-Za-z@]+)(?=\s*\{)"
)
_MOST_ARGUMENTS = 9
_PASSES = 5  # macros in macros
_GROWTH = 4  # times the file's length: macros of macros could grow without end


def expanded(text: str) -> str:
    """Return a text without its definitions of macros, and with their values where they are used."""
    macros: dict[str, tuple[int, str]] = {}
    parts, at = [], 0
    while (match := _DEFINITION.search(text, at)) is not None:
        body, end = argument(text, match.end())
        if end == match.end() or match[3]:  # with an optional argument: what it shows depends on its use
            parts.append(text[at : match.end()])
            at = match.end()
            continue
        macros[match[1] or match[4]] = (int(match[2] or 0), body)
        parts.append(text[at : match.start()])
        at = end
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


def _replaced(text: str, names: re.Pattern[str], macros: dict[str, tuple[int, str]], longest: int) -> tuple[str, bool]:
    parts: list[str] = []
    at = length = 0
    while (match := names.search(text, at)) is not None and length < longest:
        count, body = macros[match[1]]
        end = match.end()
        for number in range(1, count + 1):
            value, end = argument(text, end)
            body = body.replace(f"#{number}", value)[:longest]
        parts += [text[at : match.start()], body]
        length += match.start() - at + len(body)
        at = end
    return "".join((*parts, text[at:])), bool(parts)
