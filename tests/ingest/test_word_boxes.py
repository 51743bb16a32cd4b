from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from ingest.word_boxes import WordBox, pack, within

SIDES = st.integers(-1_000, 100_000).map(lambda tenths: tenths / 10)
BOXES = st.lists(st.builds(WordBox, *[st.integers(0, 10**7)] * 2, st.integers(1, 3_000), *[SIDES] * 4)).map(
    lambda boxes: [box._replace(end=box.start + 1 + box.end % 40) for box in sorted(boxes, key=lambda box: box.start)]
)


@given(BOXES)
def test_boxes_come_back(boxes: list[WordBox]) -> None:
    assert within(pack(chain.from_iterable(boxes)), 0, 2 * 10**7) == boxes


def test_only_words_that_overlap_the_span_are_returned() -> None:
    words = [WordBox(start, start + 4, 1 + start // 10, start, 0, start + 4, 10) for start in range(0, 50, 5)]
    assert within(pack(chain.from_iterable(words)), 9, 16) == words[2:4]
    assert within(pack(chain.from_iterable(words)), 4, 5) == within(b"", 0, 9) == []


def test_sides_are_rounded_to_tenths_of_a_point() -> None:
    assert within(pack(WordBox(0, 1, 1, 1.26, 2, 3, 4)), 0, 1) == [WordBox(0, 1, 1, 1.3, 2, 3, 4)]


def test_a_word_takes_few_bytes() -> None:
    boxes = [
        WordBox(7 * n, 7 * n + 6, 1 + n // 500, 72 + n % 11 * 40.3, 72 + n % 500 // 11 * 14.2, 110, 90)
        for n in range(5_000)
    ]
    assert len(pack(chain.from_iterable(boxes))) < 10 * len(boxes)
