"""How texts are wrapped and their links shortened; every character stays."""

import pytest

from ui.page.prose import Mark, addresses_apart, prose_pieces

LONG = "This line is about as long as most lines of a text that is wrapped by hand"


@pytest.mark.parametrize(
    ("below", "wrap"),
    [
        ("and goes on", "\n"),
        ("   and goes on in an item", "\n   "),
        ("  [the form](a.md)", "\n  "),
        ("  *at once*", "\n  "),
        ("- an item", ""),
        ("          a column", ""),
        ("| a | row |", ""),
    ],
)
def test_a_line_that_goes_on_is_wrapped(below: str, wrap: str) -> None:
    (piece,) = prose_pieces(f"{LONG}\n{below}")
    assert [each for each, _ in piece.lines] == (["", wrap] if wrap else [""])
    assert "".join(f"{each}{line}" for each, line in piece.lines) == f"{LONG}\n{below}"


def test_lines_in_a_row_are_wrapped_and_marks_cut_them() -> None:
    text = f"{LONG}\n  {LONG}\n  and here."
    pieces = prose_pieces(text, (Mark(3, len(text) - 5),))
    assert [len(piece.lines) for piece in pieces] == [1, 3, 1]
    assert "".join(f"{wrap}{line}" for piece in pieces for wrap, line in piece.lines) == text


@pytest.mark.parametrize(
    ("line", "apart"),
    [
        ("See [the form](https://example.org/a/long/way/to/it), or [b](b.md).", "https://example.org/a/long/way/to/it"),
        ("the form](<https://example.org/a/long way/to/it>)", "<https://example.org/a/long way/to/it>"),
        ("a call(of_something_with_a_long_name) and [b](b.md)", ""),
    ],
)
def test_long_addresses_of_links_are_apart(line: str, apart: str) -> None:
    parts = addresses_apart(line)
    assert "".join(text for text, _ in parts) == line
    assert [text for text, is_address in parts if is_address] == ([apart] if apart else [])
