"""Two texts that say the same: words shared, numbers and negations alike."""

import pytest

from assistant.agreement import says_the_same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Heat eases a stiff back.", "A stiff back is eased by heat.", True),
        ("Heat eases a stiff back.", "heat  eases a STIFF back", True),
        ("Heat eases a stiff back.", "Heat does not ease a stiff back.", False),
        ("Walk 20 minutes a day.", "Walk 30 minutes a day.", False),
        ("Walk 20 minutes a day.", "Walk a day, 20 minutes.", True),
        ("Heat eases a stiff back.", "Cold eases a swollen knee.", False),
        ("", "", False),
        ("It is so.", "It is so.", False),
        ("Tee hilft gegen Übelkeit.", "Tee hilft gegen übelkeit", True),
    ],
)
def test_texts_say_the_same_only_with_the_same_numbers_and_negations(one: str, other: str, same: bool) -> None:
    assert says_the_same(one, other) is same
    assert says_the_same(other, one) is same
