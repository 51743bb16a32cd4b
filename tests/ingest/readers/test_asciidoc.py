from collections.abc import Callable

import pytest

from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]

TABLE = """|===
|Letter |Sign

|m|v|E|<|5
|===

The area is stem:[x^2+y^2=r^2].

[stem]
++++
a^2
++++
"""

PAGE = """= The Mill
Eve Ash <eve@e.org>
:lang: en-GB
:miller: Tom Reed

// a comment
The *mill* is run by _{miller}_, see https://e.org[the site] or <<hours,Hours>>.
It grinds 10^6^ grains with H~2~O.footnote:[Not in *winter*.]

== Hours

WARNING: Mind the wheel.

.Days
* Monday
** noon
. first
+
More of it.

CPU:: A processor.
Who may come?::
  All.

[NOTE]
====
Bring a sack.
====

[source,python]
----
print("<<x>>") # _y_
----

[cols="1,2",options="header"]
|===
|Grain |Price. Each.

|Rye
|2 euros

.2+|Oats
|3 euros
|4 euros

2+|Closed in May
|===

,===
a,b

"c, d",
,===

include::other.adoc[]

ifdef::web[]
Kept.
endif::[]

////
hidden
////
a_b_c and 2 * 3 * 4 stay, A. Smith too.
B. Jones came.
"""


def quotes(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize("name", ["a.adoc", "a.asciidoc"])
def test_a_page(read_as: ReadAs, name: str) -> None:
    document = read_as(name, PAGE)
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "The Mill"), (2, "Hours")]
    assert quotes(document) == [
        ("paragraph", "Eve Ash <eve@e.org>"),
        ("paragraph", "The mill is run by Tom Reed, see the site or Hours. It grinds 10⁶ grains with H₂O.[1]"),
        ("paragraph", "[1] Not in winter."),
        ("paragraph", "Warning: Mind the wheel."),
        ("paragraph", "Days"),
        ("item", "Monday"),
        ("item", "noon"),
        ("item", "first"),
        ("item", "More of it."),
        ("item", "CPU: A processor."),
        ("item", "Who may come? All."),
        ("paragraph", "Note: Bring a sack."),
        ("code", 'print("<<x>>") # _y_'),
        ("row", "Grain: Rye | Price. Each.: 2 euros"),
        ("row", "Grain: Oats | Price. Each.: 3 euros"),
        ("row", "Grain: Oats | Price. Each.: 4 euros"),
        ("row", "Closed in May"),
        ("row", "a: c, d"),
        ("paragraph", "Kept."),
        ("paragraph", "a_b_c and 2 * 3 * 4 stay, A. Smith too. B. Jones came."),
    ]
    assert (document.title, document.language) == ("The Mill", "en")
    assert document.note == "its included files are left out: other.adoc"


def test_cells_without_a_head_keep_their_places(read_as: ReadAs) -> None:
    source = "[%noheader]\n|===\n|a ||c\n\n|d |e \\| f|\n|===\n\n[%header,format=dsv]\n|===\nx:y\n1:2\n|===\n"
    assert quotes(read_as("a.adoc", source)) == [("row", "a | – | c"), ("row", "d | e | f | –"), ("row", "x: 1 | y: 2")]


def test_attributes_cannot_grow_without_end(read_as: ReadAs) -> None:
    lines = [":a0: " + "x" * 100, *(f":a{n}: {{a{n - 1}}}{{a{n - 1}}}" for n in range(1, 60)), "", "{a59}"]
    assert len(read_as("a.adoc", "\n".join(lines)).text) <= 1_000


@pytest.mark.parametrize(
    "part", ["|===\n", "2+|a\n", "*a _b\n", "<<a", "footnote:[", "http://a", "a::", "[[a", "----\n====\n"]
)
def test_marks_that_are_never_closed_cost_no_text_and_no_time(read_as: ReadAs, part: str) -> None:
    assert "End." in read_as("a.adoc", part * (100_000 // len(part)) + "\n\nEnd.\n\nEnd.").text


def test_code_in_a_line_repeated_notes_and_breaks(read_as: ReadAs) -> None:
    line = "Run `npm *x*` or ``a_b_c``.footnote:a[Once.] Again.footnote:a[]"
    source = f"{line}\n\n'''\n\n indented\n   more\n\n[source]\nplain\n"
    assert quotes(read_as("a.adoc", source)) == [
        ("paragraph", "Run npm *x* or a_b_c.[1] Again."),
        ("paragraph", "[1] Once."),
        ("code", "indented\n   more"),
        ("code", "plain"),
    ]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("|===\n|h1 |h2\n\n|1 |2\n|===", ["h1: 1 | h2: 2"]),
        ("[cols=2*]\n|===\n|a\n|b\n|c\n|d\n|===", ["a | b", "c | d"]),
        (
            "[cols=3*,options=header]\n|===\n|h |i |j\n|a |b .2+|c\n|d |e\n|===",
            ["h: a | i: b | j: c", "h: d | i: e | j: c"],
        ),
        (f"[cols=2*]\n|===\n|{'word ' * 400}|b\n|===", ["word " * 399 + "word", "b"]),
        (f',===\na,"{"x" * 140_000}\n,===', ["a", f'"{"x" * 140_000}']),
    ],
)
def test_shapes_of_tables(read_as: ReadAs, table: str, found: list[str]) -> None:
    assert [text for _, text in quotes(read_as("a.adoc", table))] == found


def test_blocks_that_are_too_deep_are_text(read_as: ReadAs) -> None:
    signs = ["=" * (4 + depth) for depth in range(52)]
    document = read_as("a.adoc", "\n".join((*signs, "Inside.", *reversed(signs), "", "End.")))
    assert [text for _, text in quotes(document)] == [f"{signs[-1]}\nInside.\n{signs[-1]}", "End."]


def test_cells_of_one_letter_and_formulas_are_as_written(read_as: ReadAs) -> None:
    document = read_as("a.adoc", TABLE)
    assert [document.text[block.start : block.end] for block in document.blocks] == [
        "Letter: m | Sign: v",
        "Letter: E | Sign: <",
        "Letter: 5",
        "The area is x^2+y^2=r^2.",
        "a^2",
    ]
