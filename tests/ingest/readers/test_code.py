from collections.abc import Callable

import pytest

from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]


def units(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_code_is_verbatim_and_docstrings_are_text(read_as: ReadAs) -> None:
    content = '''#!/usr/bin/env python
"""Tells when the pond is full.

It fills in spring. It is drained in March.
"""

# The pond is two metres deep in April,
# so that herons can fish in it.
DEPTH = 2  # metres


def drain(pond):
    """Return the pond without its water and fish."""
    # now
    return pond.empty()
'''
    document = read_as("pond.py", content)
    assert units(document) == [
        ("code", "#!/usr/bin/env python"),
        ("paragraph", "Tells when the pond is full."),
        ("paragraph", "It fills in spring. It is drained in March."),
        ("code", "The pond is two metres deep in April,\n# so that herons can fish in it."),
        ("code", "DEPTH = 2  # metres"),
        ("code", "def drain(pond):"),
        ("paragraph", "Return the pond without its water and fish."),
        ("code", "# now\n    return pond.empty()"),
    ]
    assert (document.title, document.text, document.verbatim) == ("pond.py", content, True)
    assert document.line(document.blocks[5].start) == 12


@pytest.mark.parametrize(
    ("name", "content", "comment"),
    [
        ("a.js", "/**\n * Drains the pond of the old mill.\n */\nf();\n", "Drains the pond of the old mill."),
        ("a.c", "/* Drains the pond of the old mill. */\nf();\n", "Drains the pond of the old mill."),
        ("a.go", "// Drains the pond of the old mill.\nf()\n", "Drains the pond of the old mill."),
        ("a.sql", "-- Drains the pond of the old mill.\nSELECT 1;\n", "Drains the pond of the old mill."),
        ("a.ini", "; Drains the pond of the old mill.\na = 1\n", "Drains the pond of the old mill."),
        ("a.yaml", "# Drains the pond of the old mill.\na: 1\n", "Drains the pond of the old mill."),
        ("a.xml", "<!-- Drains the pond of the old mill. -->\n<a/>\n", "Drains the pond of the old mill."),
    ],
)
def test_comments_of_some_words_are_text(read_as: ReadAs, name: str, content: str, comment: str) -> None:
    rest = content.strip().split("\n")[-1]
    assert units(read_as(name, content)) == [("paragraph", comment), ("code", rest)]


def test_a_comment_that_never_ends(read_as: ReadAs) -> None:
    assert units(read_as("a.c", "f();\n/* The pond is full again now\n\nof water and fish and frogs\n")) == [
        ("code", "f();"),
        ("paragraph", "The pond is full again now"),
        ("paragraph", "of water and fish and frogs"),
    ]


def test_a_long_unit_is_divided_where_lines_are_indented_least(read_as: ReadAs) -> None:
    function = "def f(x):\n" + "".join(f"    x = x + {number}  # and on\n" for number in range(30))
    document = read_as("a.py", function * 4)
    assert len(units(document)) == 4
    assert all(text.startswith("def f(x):") for _, text in units(document))


def test_a_line_of_a_log_is_a_row(read_as: ReadAs) -> None:
    content = "10:00 pump started. All well.\n10:01 pump failed\n  at valve 3\n    in line 9\n10:02 pump stopped\n"
    assert units(read_as("a.log", content)) == [
        ("row", "10:00 pump started. All well."),
        ("row", "10:01 pump failed"),
        ("code", "at valve 3\n    in line 9"),
        ("row", "10:02 pump stopped"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "content", ["x" * 300_000, "x = 1\n" * 100_000, "# " * 200_000, '"""\n' * 50_001, "/*\n" * 50_000]
)
def test_odd_code_takes_linear_time(read_as: ReadAs, content: str) -> None:
    assert read_as("a.py", f"a\n{content}").blocks
    assert read_as("a.c", f"a\n{content}").blocks
