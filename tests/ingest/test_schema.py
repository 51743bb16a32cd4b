import pytest

from ingest.schema import Block, Document, Passage


@pytest.mark.parametrize(
    "blocks", [(Block(0, 6),), (Block(2, 2),), (Block(0, 3), Block(2, 5)), (Block(3, 5), Block(0, 2))]
)
def test_blocks_are_in_order_disjoint_and_inside_the_text(blocks: tuple[Block, ...]) -> None:
    with pytest.raises(ValueError, match="^a.txt: "):
        Document("a.txt", "A", None, "Rest.", "0" * 64, blocks=blocks)


def passage(text: str) -> Passage:
    return Passage("1", "/", "a.txt", 10, 15, text, None, (), ((10, 15),), "0")


def test_a_passage_has_the_length_of_its_span() -> None:
    assert passage("Rest.").cut(11, 14) == "est"
    with pytest.raises(ValueError, match="10-15 has 4 characters"):
        passage("Rest")


@pytest.mark.parametrize(("start", "end"), [(9, 12), (12, 16), (12, 12), (0, 5)])
def test_nothing_outside_a_passage_is_cut_from_it(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"{start}-{end} is not inside 10-15"):
        passage("Rest.").cut(start, end)
