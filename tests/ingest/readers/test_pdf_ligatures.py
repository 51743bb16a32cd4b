"""Ligatures that a PDF of TeX lost when it was saved again."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ingest.readers.pdf.glyphs import is_one_glyph, is_overprint
from ingest.readers.pdf.ligatures import put_ligatures
from ingest.schema import Document
from tests.ingest.readers.test_pdf import make_pdf, quotes

ReadAs = Callable[[str, str | bytes], Document]


def mended(text: str) -> str:
    codes = np.array(list(map(ord, text)), "u4")
    put_ligatures(codes)
    return "".join(map(chr, codes.tolist()))


@pytest.mark.slow
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


def test_both_letters_of_a_ligature_are_kept_and_of_a_letter_drawn_twice_one() -> None:
    def kept(first: Sequence[float], second: Sequence[float], apart: float, objects: tuple[int, int] = (1, 1)) -> int:
        boxes, origins = np.array([first, second]), np.array([(first[0], 10.0), (first[0] + apart, 10.0)])
        together = is_one_glyph(boxes, origins, np.array(objects, np.uint64))
        return int((~is_overprint(np.full(2, ord("f"), np.uint32), origins, np.full(2, 10.0), together)).sum())

    box = (491.7, 0.0, 495.8, 9.0)
    assert kept(box, (495.8, 0.0, 499.9, 9.0), 0) == 2  # as browsers write "ff": the glyph's box is divided
    assert kept(box, box, 0) == 2  # or given twice
    assert kept(box, (492.0, 0.0, 496.1, 9.0), 0.3) == 1
    assert kept(box, box, 0, (1, 2)) == 1
