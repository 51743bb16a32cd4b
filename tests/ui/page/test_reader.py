"""The reader's renderers: pages, outline, several marks, what stands around a quote."""

import re
from html import unescape

import pytest

from ingest.schema import Block, Document, Heading
from ui.page.places import MarkedSpan
from ui.page.reader import Side, neighbour_html, reader_html

PAGES = ("Intro one.\n", "The kingfisher nests. It digs a\n", "long tunnel.\n")
REPORT = Document("r.pdf", "Report", "https://x.org/r", "".join(PAGES), "0", (0, 11, 43), verbatim=False)
BOOK = "# One\n\nAlpha is first.\n\nBeta is second.\n\n## Two\n\nGamma is third. Delta is fourth.\n"


def block(text: str) -> Block:
    return Block(BOOK.index(text), BOOK.index(text) + len(text))


BLOCKS = tuple(map(block, ("Alpha is first.", "Beta is second.", "Gamma is third. Delta is fourth.")))
HEADINGS = (Heading(1, "One", 0, 5), Heading(2, "Two", BOOK.index("## Two"), BOOK.index("## Two") + 6))
DOCUMENT = Document("b.md", "Book", None, BOOK, "0", headings=HEADINGS, blocks=BLOCKS)


def place_of(text: str, document: Document = DOCUMENT) -> MarkedSpan:
    return MarkedSpan.of(document.text.index(text), text)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def marks(html: str) -> list[tuple[str, bool, str]]:
    found = re.findall(r'<mark data-mark="(\d)"( class="asked")?>(.*?)</mark>', html, re.DOTALL)
    return [(number, bool(asked), words(text)) for number, asked, text in found]


def test_all_quotes_of_an_answer_are_marked_in_order_and_the_asked_one_is_told_apart() -> None:
    html = reader_html(DOCUMENT, [place_of("Gamma is third."), place_of("Alpha is first.")])
    assert marks(html) == [("0", False, "Alpha is first."), ("1", True, "Gamma is third.")]
    assert "line 9" in html


def test_what_overlaps_or_no_longer_stands_is_not_marked() -> None:
    moved = MarkedSpan(0, 3, "another")
    html = reader_html(DOCUMENT, [place_of("Alpha is first."), place_of("first."), moved])
    assert marks(html) == [("0", True, "Alpha is first.")]
    assert "has changed since the answer" not in html


def test_pages_break_where_they_begin_and_a_mark_goes_on_behind_the_break() -> None:
    html = reader_html(REPORT, [place_of("It digs a\nlong tunnel.", REPORT)])
    assert re.findall(r'class="leaf" id="reader-page-(\d)">Page (\d)', html) == [("1", "1"), ("2", "2"), ("3", "3")]
    assert marks(html) == [("0", True, "It digs a"), ("0", True, "long tunnel.")]
    assert re.search(r"It digs a</mark></div><p[^>]*>Page 3</p><div><mark[^>]*>long tunnel", html)
    assert "r.pdf · page 2<" in html
    assert 'href="https://x.org/r#:~:text=It%20digs%20a%20long%20tunnel."' in html


def test_outline_leads_to_every_heading() -> None:
    html = reader_html(DOCUMENT, [])
    entries = re.findall(r'--depth: (\d)"><a href="#([^"]+)"[^>]*>(.*?)</a>', html)
    assert entries == [("0", "reader-heading-0", "One"), ("1", "reader-heading-1", "Two")]
    assert all(f'id="{target}"' in html for _, target, _ in entries)
    assert "outline" not in reader_html(REPORT, [])


def test_front_matter_is_folded_and_nothing_of_it_is_lost() -> None:
    text = "---\ntitle: A <b>\n---\nBody.\n---\n"
    html = reader_html(Document("a.md", "T", None, text, "0"), [MarkedSpan.of(text.index("Body"), "Body.")])
    assert re.search(r'<details class="matter">.*title: A &lt;b&gt;.*</details><div><mark', html, re.DOTALL)
    assert words(html.split('class="text">')[1]) == "Document details --- title: A <b> --- Body. ---"


def test_front_matter_with_a_mark_is_shown() -> None:
    html = reader_html(Document("a.md", "T", None, "---\ntitle: A\n---\n", "0"), [MarkedSpan.of(4, "title: A")])
    assert marks(html) == [("0", True, "title: A")]


@pytest.mark.parametrize(
    ("at", "side", "expected", "goes_on"),
    [
        ("Beta is second.", "before", "Alpha is first.", "Alpha"),
        ("Beta is second.", "after", "Two Gamma is third. Delta is fourth.", None),
        ("Gamma is third.", "before", "Beta is second. Two", "Beta"),
        ("Gamma is third.", "after", "Delta is fourth.", None),
        ("Delta is fourth.", "before", "Gamma is third.", "Gamma"),
    ],
)
def test_neighbour_is_the_next_paragraph_with_the_heading_between(
    at: str, side: Side, expected: str, goes_on: str | None
) -> None:
    place = place_of(at)
    html = neighbour_html(DOCUMENT, place, place.start if side == "before" else place.end, side)
    assert words(html) == expected
    end = BOOK.index(goes_on) if goes_on else len(BOOK) - 1
    assert html.startswith(f'<div data-at="{end}">')


@pytest.mark.parametrize(
    ("at", "edge", "side", "told"),
    [
        ("Alpha is first.", 7, "before", "The source begins here."),
        ("Delta is fourth.", len(BOOK) - 1, "after", "The source ends here."),
        ("Alpha is first.", -5, "before", "The source begins here."),
        ("Alpha is first.", 10_000, "after", "The source ends here."),
    ],
)
def test_neighbours_end_with_the_source(at: str, edge: int, side: Side, told: str) -> None:
    assert words(neighbour_html(DOCUMENT, place_of(at), edge, side)) == told


def test_neighbour_of_what_is_another_text_by_now() -> None:
    assert "has changed since the answer" in neighbour_html(DOCUMENT, MarkedSpan(7, 12, "another"), 7, "before")


@pytest.mark.parametrize("written", ["", "1-2", "a-2-x", "1-2-3-4"])
def test_a_place_that_is_none(written: str) -> None:
    with pytest.raises(ValueError, match="unpack|invalid literal"):
        MarkedSpan.parse(written)


def test_a_place_is_read_as_written() -> None:
    assert MarkedSpan.parse(str(place_of("Beta is second."))) == place_of("Beta is second.")
