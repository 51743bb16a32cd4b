import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers.web import html
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]


def rows(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks if block.kind == "row"]


def test_empty_cells_move_no_value(read_as: ReadAs) -> None:
    source = (
        "<table><tr><th>Age</th><th>Morning</th><th>Evening</th></tr><tr><td>Child</td><td></td><td>5 ml</td></tr>"
        "<tr><td>Adult</td><td>10 ml</td><td></td></tr></table>"
    )
    assert rows(read_as("a.html", source)) == ["Age: Child | Evening: 5 ml", "Age: Adult | Morning: 10 ml"]


def test_a_spanning_cell_is_repeated_in_each_of_its_rows(read_as: ReadAs) -> None:
    source = (
        "<table><tr><td rowspan=2>Bath</td><td>up to 9</td><td>2 euros</td></tr>"
        "<tr><td>over 9</td><td>4 euros</td></tr>"
        "<tr><td colspan=2>Steam room</td><td>7 euros</td></tr></table>"
    )
    assert rows(read_as("a.html", source)) == [
        "Bath | up to 9 | 2 euros",
        "Bath | over 9 | 4 euros",
        "Steam room | 7 euros",
    ]


def test_a_row_is_one_unit_with_the_marks_in_its_cells(read_as: ReadAs) -> None:
    source = (
        "<table><thead><tr><th>No.<th>Duty</tr></thead><tr><td>I.<td><p>Opens. Shuts.</p><ul><li>a</li><li>b</li></ul>"
        "<tr><td>II.<td>10<sup>6</sup> H<sub>2</sub>O<br>twice</table>"
    )
    assert rows(read_as("a.html", source)) == ["No.: I. | Duty: Opens. Shuts. a; b", "No.: II. | Duty: 10⁶ H₂O twice"]


def test_head_rows_over_head_rows_and_heads_of_parts(read_as: ReadAs) -> None:
    source = (
        "<table><tr><th rowspan=2>Drug</th><th colspan=2>Dose</th></tr><tr><th>Adults</th><th>Children</th></tr>"
        "<tr><td>A</td><td>2</td><td>1</td></tr><tr><th colspan=3>Rare</th></tr><tr><td>B</td><td>4</td><td></td></tr>"
        "<tr><th>Plant</th><th>Part</th></tr><tr><td>Mint</td><td>leaf</td></tr></table>"
    )
    assert rows(read_as("a.html", source)) == [
        "Drug: A | Dose › Adults: 2 | Dose › Children: 1",
        "Rare | Drug: B | Dose › Adults: 4",
        "Plant: Mint | Part: leaf",
    ]


def test_a_head_may_be_bold_and_a_table_may_have_none(read_as: ReadAs) -> None:
    bold = "<table><tr><td><b>Tea</b></td><td><b>Time</b></td></tr><tr><td>mint</td><td>4 min</td></tr></table>"
    assert rows(read_as("a.html", bold)) == ["Tea: mint | Time: 4 min"]
    plain = "<table><tr><td>mint</td><td></td><td>tea</td></tr><tr><td>oak</td><td>bark</td><td></td></tr></table>"
    assert rows(read_as("b.html", plain)) == ["mint | – | tea", "oak | bark | –"]
    only = "<table><tr><th>Tea</th><th>Time</th></tr></table>"
    assert rows(read_as("c.html", only)) == ["Tea | Time"]


def test_head_cells_of_rows_are_values(read_as: ReadAs) -> None:
    source = "<table><tr><th>Founded</th><td>1901</td></tr><tr><th>Closed</th><td></td></tr></table>"
    assert rows(read_as("a.html", source)) == ["Founded | 1901", "Closed | –"]


@pytest.mark.parametrize(
    "table",
    [
        "<table role='presentation'><tr><td>A</td><td>B</td></tr></table>",
        f"<table><tr><td>A</td><td>{'B. ' * 400}</td></tr></table>",
        "<table><tr><td><h2>A</h2></td><td>B</td></tr></table>",
        "<table><tr><td>A<p>1<p>2<p>3</td><td>B</td></tr></table>",
        "<table><tr><td>A</td></tr><tr><td>B</td></tr></table>",
    ],
)
def test_a_table_that_arranges_the_page_has_no_rows(read_as: ReadAs, table: str) -> None:
    document = read_as("a.html", f"{table}<p>End.</p>")
    assert not rows(document)
    assert "A" in document.text and "B" in document.text


def test_spans_that_would_make_a_huge_table_are_refused_room(read_as: ReadAs) -> None:
    row = "<tr>" + "<td colspan=1000 rowspan=60000>x</td>" * 5 + "</tr>"
    document = read_as("a.html", f"<table>{row * 500}</table>")
    assert len(document.text) < 20_000


VALUES = [
    ("", ""),
    ("7<sup>6</sup>", "7⁶"),
    ("H<sub>2</sub>O", "H₂O"),
    ("a. B", "a. B"),
    ("9<a href='#n'><sup>3</sup></a>", "9[3]"),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A table as HTML, and what its rows say: every value under its own heads, and nothing else."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(2, 5))
    covers: dict[tuple[int, int], tuple[int, str]] = {}  # each place: which cell covers it, and the cell's value
    lines = []
    for row in range(height):
        line = ""
        for column in range(width):
            if (row, column) in covers:
                continue
            free = next((c for c in range(column, width) if (row, c) in covers), width) - column
            columns, below = draw(st.integers(1, free)), draw(st.integers(1, height - row))
            source, shown = draw(st.sampled_from(VALUES))
            number = len(covers)
            source, shown = (f"{source} n{number}", f"{shown} n{number}") if source else ("", "")
            for r in range(row, row + below):
                covers.update({(r, c): (number, shown) for c in range(column, column + columns)})
            line += f"<td colspan={columns} rowspan={below}>{source}</td>"
        lines.append(f"<tr>{line}</tr>")
    head = "".join(f"<th>h{column}</th>" for column in range(width))
    page = f"<table><tr>{head}</tr>{''.join(lines)}</table><p>End.</p>"
    return page, said([[covers[row, column] for column in range(width)] for row in range(height)])


def said(places: list[list[tuple[int, str]]]) -> list[str]:
    """Return what the rows say; a cell over the whole width begins the rows below it."""
    expected, section = [], ""
    for number, row in enumerate(places):
        heads: dict[tuple[int, str], list[str]] = {}
        for column, cell in enumerate(row):
            heads.setdefault(cell, []).append(f"h{column}")
        text = " | ".join(f"{', '.join(names)}: {value}" for (_, value), names in heads.items() if value)
        below = itertools.takewhile(lambda each: len(set(each)) > 1 or not each[0][1], places[number + 1 :])
        if len(heads) == 1 and text:
            section = row[0][1]
            section, text = (section, "") if any(value for each in below for _, value in each) else ("", section)
            expected.append(text)
        elif text:
            expected.append(f"{section} | {text}" if section else text)
    return list(filter(None, expected))


@settings(deadline=None)
@given(tables())
def test_every_value_stands_under_its_own_head_and_nothing_else(table: tuple[str, list[str]]) -> None:
    source, expected = table
    assert rows(html.read(source.encode(), "a.html")) == expected


def test_what_is_no_row_of_a_table_is_text(read_as: ReadAs) -> None:
    source = "<table><caption>Cap</caption><td>a</td><td>b</td><tr><td>1</td><td>2</td></tr></table><td>loose</td>"
    document = read_as("a.html", source)
    assert rows(document) == ["1 | 2"]
    assert [document.text[each.start : each.end] for each in document.blocks] == ["Cap", "a", "b", "1 | 2", "loose"]


def test_names_that_come_twice_are_no_heads(read_as: ReadAs) -> None:
    source = "<table><tr><td>Town<td>Town<td>Mill</tr><tr><td>a<td>1<td>2</tr></table>"
    assert rows(read_as("a.html", source)) == ["Town | Town | Mill", "a | 1 | 2"]
