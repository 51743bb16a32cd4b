"""Ligatures that a PDF of TeX lost when it was saved again."""

from collections.abc import Callable

import numpy as np
import pytest

from ingest.readers.pdf.ligatures import put_ligatures
from ingest.schema import Document
from tests.ingest.readers.test_pdf import make_pdf, quotes

ReadAs = Callable[[str, str | bytes], Document]


def mended(text: str) -> str:
    codes = np.array(list(map(ord, text)), "u4")
    put_ligatures(codes)
    return "".join(map(chr, codes.tolist()))


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("A di↵erent e↵ort", "A diﬀerent eﬀort"),
        ("an e\x0ecient, signi\x0ccant re\x0fuent", "an eﬃcient, signiﬁcant re\x0fuent"),
        ("Con\x1frmed, stu\x1f, di\x00culties", "Conﬁrmed, stuﬀ, diﬃculties"),
        ("Su\x1ece to \x1cnd it", "Suﬃce to ﬁnd it"),
        ("di\x0bcult o\x0ecers o\x1bcially", "diﬃcult oﬃcers oﬃcially"),
    ],
)
def test_a_lost_ligature_is_put_where_it_makes_a_word(read: str, written: str) -> None:
    assert mended(read) == written


@pytest.mark.parametrize("text", ["Press ↵ to go", "the\x0bcat", "\x1cat", "k \x1c |C|", "x↵y↵z↵w", "a↵", "xq↵zv", ""])
def test_what_is_not_sure_stays_as_it_is(text: str) -> None:
    assert mended(text) == text


def test_a_page_is_read_with_the_ligatures_that_its_font_does_not_name(read_as: ReadAs) -> None:
    differences = b"/Encoding << /Type /Encoding /Differences [1 /carriagereturn] >> /Note"
    content = make_pdf([["It takes a di\x01erent e\x01ort to row."]]).replace(b"/Encoding", differences)
    assert quotes(read_as("a.pdf", content)) == ["It takes a different effort to row."]
