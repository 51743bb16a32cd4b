"""Tables in Markdown, as lines of text."""

import re
from itertools import pairwise

LONGEST = 20_000  # characters above a passage in which the head of its table is looked for
TABLE_RULE = re.compile(r"^[ \t>]*(?=[^\n|]*\|)\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
"""The line below the head of a table; outer signs are left out, or all but one."""


def has_named_cells(line: str) -> bool:
    """Return whether a line is a row that names its columns: "Group: Children | Dose: 10 mg"."""
    cells = line.split(" | ")
    return len(cells) > 1 and all(": " in cell and "|" not in cell for cell in cells)


def may_go_on(text: str) -> bool:
    """Return whether a text may begin with a row of a table whose head is above it."""
    first, _, rest = text.partition("\n")
    return "|" in first and not has_named_cells(first) and not TABLE_RULE.match(rest)


def head_above(before: str, text: str) -> str:
    """Return the head of the table that a text goes on with, from what is before it; "" if it goes on with none."""
    lines = (before + text.partition("\n")[0]).split("\n")
    for below, line in pairwise(reversed(lines)):
        if "|" not in below:
            break
        if TABLE_RULE.match(below):
            return line.strip(" \t>")
    return ""
