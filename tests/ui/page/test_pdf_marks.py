"""Quotes on the pages of a PDF: what is marked, and what is not sure enough to be."""

import re
from itertools import chain

import pytest

from ingest.schema import Block, Document
from ingest.word_boxes import WordBox, pack
from ui.page.pdf_marks import pages_with_marks
from ui.page.pdf_reader import pages_html
from ui.page.places import MarkedSpan
from ui.page.prose import Mark

TEXT = "Herons wait long.\n\nThey eat fish and frogs."
SIZES = ((200.0, 100.0), (200.0, 100.0))


def words(text: str = TEXT, page_two: str = "They") -> list[WordBox]:
    """Return boxes for the words of a text, 4.5 points a letter, in one line each page."""
    begins = text.index(page_two)
    return [
        WordBox(match.start(), match.end(), 1 + (match.start() >= begins), left, 20, left + 4.5 * len(match[0]), 30)
        for match in re.finditer(r"\S+", text)
        for left in [10 + 5 * (match.start() - (begins if match.start() >= begins else 0))]
    ]


def document(boxes: list[WordBox], text: str = TEXT, kind: str = "paragraph") -> Document:
    blocks = tuple(Block(match.start(), match.end(), kind=kind) for match in re.finditer(r"[^\n]+", text))  # type: ignore[arg-type]
    starts = (0, text.index("They"))
    packed = pack(chain.from_iterable(boxes))
    return Document("a.pdf", "A", None, text, "0", starts, blocks=blocks, verbatim=False, word_boxes=packed)


def marked(read: Document, quote: str) -> list[str]:
    """Return the texts of a quote's marks, or where it stands that it could not be marked."""
    start = read.text.index(quote)
    pages = pages_with_marks(read, [Mark(start, start + len(quote), 0, asked=True)], SIZES)
    found = [mark.text for page in pages for mark in page.marks]
    return found + [f"not on page {page.number}" for page in pages for _ in page.unplaced]


def test_words_of_a_line_are_one_mark_and_a_quote_goes_on_over_pages() -> None:
    read = document(words())
    assert marked(read, "wait long.\n\nThey eat") == ["wait long.", "They eat"]
    (first, _) = pages_with_marks(read, [Mark(0, 6, 3)], SIZES)
    (mark,) = first.marks
    assert (mark.mark, mark.left, mark.top, mark.width, mark.height) == (3, 5.0, 20.0, 13.5, 10.0)


def test_words_far_apart_are_marked_each_by_itself() -> None:
    boxes = words()
    boxes[1] = boxes[1]._replace(left=boxes[1].left + 60, right=boxes[1].right + 60)
    assert marked(document(boxes), "Herons wait") == ["Herons", "wait"]


def test_a_word_hyphenated_over_two_lines_has_two_marks() -> None:
    boxes = words()
    boxes.insert(1, boxes[0]._replace(left=10, right=20, top=35, bottom=45))
    assert marked(document(boxes), "Herons") == ["Herons", "Herons"]


@pytest.mark.parametrize(
    ("change", "quote"),
    [
        ({}, "eat"),
        ({"page": 3}, "They eat fish"),
        ({"left": 250.0, "right": 260.0}, "eat fish"),
        ({"top": 30.0}, "eat fish"),
    ],
    ids=["no box", "a page that is none", "outside of the page", "no height"],
)
def test_a_quote_with_a_word_that_has_no_sure_place_is_not_marked_at_all(change: dict[str, float], quote: str) -> None:
    at = TEXT.index("eat")
    boxes = [box._replace(**change) if box.start == at else box for box in words()]  # type: ignore[arg-type]
    read = document([box for box in boxes if change or box.start != at])
    assert marked(read, quote) == ["not on page 2"]
    assert marked(read, "Herons wait long.") == ["Herons wait long."]


def test_a_word_that_the_quote_has_only_a_part_of_is_not_marked() -> None:
    assert marked(document(words()), "wait lon") == ["not on page 1"]
    assert marked(document(words()), "wait long") == ["wait long"]


def test_a_row_is_marked_at_its_cells_but_not_where_a_cell_is_missing() -> None:
    text = "Birds | Kind: heron | Eggs: 4 | – | Nest: reeds\n\nThey eat."
    boxes = [box for box in words(text) if text[box.start : box.end] in ("heron", "4", "reeds")]
    row = text.partition("\n")[0]
    sizes = ((400.0, 100.0), (400.0, 100.0))
    read = document(boxes, text, "row")
    (first, _) = pages_with_marks(read, [Mark(0, len(row), 0)], sizes)
    assert [mark.text for mark in first.marks] == ["heron", "4", "reeds"]
    for lacking in (document(boxes[::2], text, "row"), document(boxes[:2], text, "row"), document(boxes, text)):
        (first, _) = pages_with_marks(lacking, [Mark(0, len(row), 0)], sizes)
        assert not first.marks
        assert len(first.unplaced) == 1


def test_the_reader_says_on_its_page_which_quote_could_not_be_marked() -> None:
    read = document(words()[:-1])
    spans = [MarkedSpan.of(TEXT.index("They"), "They eat fish and frogs."), MarkedSpan.of(0, "Herons wait long.")]
    html = pages_html("texts", read, spans, SIZES)
    told = "This quote could not be marked on the page; it is in the text view."
    assert re.search(rf'id="reader-page-2"[^>]*><p class="state asked" data-mark="1">{told}', html)
    assert re.search(r'id="reader-page-1".*<mark data-mark="0" style="left: 5.0%', html)
    assert html.count(told) == 1


def test_a_span_that_has_changed_is_told_and_no_page_is_without_a_number() -> None:
    html = pages_html("texts", document(words()), [MarkedSpan(0, 6, "another")], SIZES)
    assert "has changed since the answer" in html
    assert re.findall(r'aria-label="(Page \d of \d)"', html) == ["Page 1 of 2", "Page 2 of 2"]
    assert 'data-picture="root=texts&amp;source=a.pdf&amp;sha=0"' in html
