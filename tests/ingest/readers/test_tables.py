import pytest

from ingest.readers.assemble import Piece
from ingest.readers.raised import exponent, note_mark, subscript, superscript
from ingest.readers.spans import TextSpan, joined
from ingest.readers.table_heads import head_rows, table_rows, title_rows
from ingest.readers.tables import ACROSS, cell_text, rows

FEES = [["Bay", "Weekday", "Sunday"], ["North", "", "free"], ["South", "3 euros", ""]]


def test_values_stay_under_their_heads() -> None:
    assert rows(FEES, 1) == ["Bay: North | Sunday: free", "Bay: South | Weekday: 3 euros"]


def test_without_a_head_empty_cells_keep_their_places() -> None:
    assert rows(FEES[1:], 0) == ["North | – | free", "South | 3 euros | –"]
    assert rows([["", ""], ["a\n b", ""]], 0) == ["", "a b | –"]


def test_a_head_alone_is_a_row() -> None:
    assert rows(FEES[:1], 1) == ["Bay | Weekday | Sunday"]
    assert rows([], 0) == []


def test_two_head_rows_and_cells_over_several_columns() -> None:
    cells = [
        ["Bay", "Fee", ACROSS, "Note"],
        ["Bay", "Cars", "Bikes", "Note"],
        ["East", "5", ACROSS, ""],
        ["West", "4", "1", "by day:"],
    ]
    assert rows(cells, 2) == [
        "Bay: East | Fee › Cars, Fee › Bikes: 5",
        "Bay: West | Fee › Cars: 4 | Fee › Bikes: 1 | Note: by day:",
    ]


def test_a_short_cell_over_the_whole_table_begins_the_rows_below() -> None:
    cells = [
        ["Boat", "Fee"],
        ["Summer", ACROSS],
        ["Canoe", "4"],
        ["A remark on the summer.", ACROSS],
        ["Winter", ACROSS],
        ["Canoe", "2"],
        ["Closed on Mondays", ACROSS],
    ]
    assert rows(cells, 1) == [
        "",
        "Summer | Boat: Canoe | Fee: 4",
        "A remark on the summer.",
        "",
        "Winter | Boat: Canoe | Fee: 2",
        "Closed on Mondays",
    ]


def test_the_colon_of_a_head_is_not_doubled_and_ragged_rows_are_read() -> None:
    assert rows([["Name:", "Port"], ["Mary", "Ford", "more"], ["Ann"]], 1) == [
        "Name: Mary | Port: Ford | more",
        "Name: Ann",
    ]


def test_what_a_cell_holds_becomes_one_line() -> None:
    pieces = [Piece("Take:"), Piece("one", kind="item"), Piece("two.", kind="item"), Piece("Rest")]
    assert cell_text(pieces) == "Take: one; two. Rest"


@pytest.mark.parametrize(
    ("cells", "heads"),
    [
        (FEES, 1),
        ([["", "2019", "2020"], ["Ford", "1", "2"]], 1),
        ([["Name", "Anna"], ["Age", "5"], ["Phone", "555"]], 0),
        ([["1", "2", "3"], ["4", "5", "6"]], 0),
        ([["Anna", "likes", "tea"], ["Bea", "likes", "milk"]], 0),
        ([["A", "B", "C"]], 0),
        ([["Head"], ["5"]], 0),
    ],
)
def test_a_head_is_found_where_nothing_else_is_likely(cells: list[list[str]], heads: int) -> None:
    assert head_rows(cells) == heads


def test_heads_that_are_marked_or_stated() -> None:
    words = [["Anna", "likes"], ["Bea", "knows"], ["Cleo", "sees"]]
    assert head_rows(words, [True, False, False]) == 1
    assert head_rows(words, [True, True, True]) == 0
    assert head_rows(words, stated=2) == 2
    assert head_rows(words, stated=3) == 0
    assert head_rows([["a", "b", ACROSS], ["a", "c", "d"], ["1", "2", "3"]], [True, False, False]) == 2
    assert head_rows([["a", "b", ACROSS], ["x", "c", "d"], ["1", "2", "3"]], [True, False, False]) == 1


def test_titles_stand_above_the_head() -> None:
    cells = [["Fees of the quay", ACROSS, ACROSS], *FEES]
    assert title_rows(cells) == 1
    assert table_rows(cells, [True, True, False, False])[:2] == ["Fees of the quay", "Bay: North | Sunday: free"]


@pytest.mark.parametrize(
    ("raised", "written"),
    [
        ("6", "⁶"),
        ("-3", "⁻³"),
        (" 2 ", " ² "),
        ("n+1", "ⁿ⁺¹"),
        ("x", "^(x)"),
        ("1,2", "^(1,2)"),
        ("th", "th"),
        ("nd", "nd"),
        ("*", "*"),
        ("TM", "™"),
        ("a", "ª"),
        ("6 cells", "^(6 cells)"),
        ("of the whole town", "of the whole town"),
        ("", ""),
    ],
)
def test_superscripts(raised: str, written: str) -> None:
    assert superscript(raised) == written


@pytest.mark.parametrize(("lowered", "written"), [("2", "₂"), ("max", "_(max)"), (" ", " "), ("4+", "₄₊")])
def test_subscripts(lowered: str, written: str) -> None:
    assert subscript(lowered) == written


def test_exponents_and_note_marks() -> None:
    assert (exponent("e"), exponent("2"), exponent("")) == ("^(e)", "²", "")
    assert (note_mark(" 3 "), note_mark("[4]"), note_mark("")) == ("[3]", "[4]", "")


def test_raised_spans_are_joined_before_they_are_written() -> None:
    spans = [
        TextSpan("10"),
        TextSpan("-", 1),
        TextSpan("3", 1),
        TextSpan(" mol H"),
        TextSpan("2", -1),
        TextSpan("O\n x"),
    ]
    assert joined(spans) == "10⁻³ mol H₂O\nx"
    assert joined([TextSpan("a "), TextSpan("raised", 1), TextSpan(" word")]) == "a raised word"
    assert joined([TextSpan("x"), TextSpan("raised", 1)]) == "x^(raised)"
