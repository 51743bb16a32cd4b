"""What a text says without the addresses of its links."""

import pytest

from ingest.text.links import is_mostly_links, lines_in_links, without_addresses

LONG = 200_000


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("See [the form](https://example.org/a?b=1#c) now.", "See the form now."),
        ("[a](b.md 'A title') [c](<d e.md>) [f](g_(h).md)", "a c f"),
        ('[the\nguide]({% page "x/"\n%}) helps', "the\nguide\n helps"),
        ("[![A bone](bone.png)](https://example.org) breaks", "A bone breaks"),
        ("10<sup>6</sup><br>of <a\nhref='b'>H<sub>2</sub>O</a>", "10^6 of \nH2O"),
        ("a[0] (b) and `<project>`, if x < y", "a[0] (b) and `<project>`, if x < y"),
        ("[not a link] (so)", "[not a link] (so)"),
    ],
)
def test_a_text_is_read_without_addresses_and_tags(text: str, read: str) -> None:
    assert without_addresses(text) == read


@pytest.mark.parametrize(
    ("text", "mostly"),
    [
        ("[The form of the office](https://example.org)", True),
        ("Fact sheets:\n* [Leave of a year](a.md)\n* [Sick leave](b.md)", True),
        ("Recordings of meetings are [records](a.md).", False),
        ("Take a walk.", False),
    ],
)
def test_a_text_may_be_little_but_links(text: str, mostly: bool) -> None:
    assert is_mostly_links(text) is mostly


def test_a_line_may_end_in_a_link() -> None:
    assert lines_in_links("One\n[two\nthree](a.md) four\n[five\nsix](b.md)\nseven") == {1, 3}


@pytest.mark.parametrize("part", ["[", "](", "[a](", "[a]({%", "[a](<", '[a](b "', "(", "<a ", "<", "![", "[](\n", ")"])
def test_no_text_takes_long(part: str) -> None:
    text = part * (LONG // len(part))
    assert isinstance(without_addresses(text), str) and is_mostly_links(text + "[a](b)") in (True, False)
