from collections.abc import Callable

import pytest

from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]

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
