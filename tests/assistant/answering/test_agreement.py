"""Two texts that say the same: words shared in order, numbers, negations and what turns a sentence round alike."""

import pytest

from assistant.answering.agreement import agreements, says_the_same
from assistant.schema import Evidence, Quote
from ingest.origin import FileState
from ingest.schema import Passage


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Heat eases a stiff back.", "A stiff back is eased by heat.", False),
        ("Heat eases a stiff back.", "heat  eases a STIFF back", True),
        ("Heat eases a stiff back.", "Heat does not ease a stiff back.", False),
        ("Walk 20 minutes a day.", "Walk 30 minutes a day.", False),
        ("Walk 20 minutes a day.", "Walk, a day, 20 minutes.", False),
        ("Walk 20 minutes a day.", "Walk for 20 minutes each day.", True),
        ("Heat eases a stiff back.", "Cold eases a swollen knee.", False),
        ("Stretching increases the risk of back pain.", "Stretching decreases the risk of back pain.", False),
        ("Exercise is more effective than surgery.", "Surgery is more effective than exercise.", False),
        ("Drink the tea before the meal.", "Drink the tea after the meal.", False),
        ("The tea may ease a cough.", "The tea will ease a cough.", False),
        ("All patients eat bread.", "Few patients eat bread.", False),
        ("Adults should use the red tablets at night.", "Adults should avoid the red tablets at night.", False),
        ("Take it with food if you have gout.", "Take it with food unless you have gout.", False),
        ("", "", False),
        ("It is so.", "It is so.", False),
        ("Tee hilft gegen Übelkeit.", "Tee hilft gegen übelkeit", True),
    ],
)
def test_texts_say_the_same_only_with_the_same_numbers_and_negations(one: str, other: str, same: bool) -> None:
    assert says_the_same(one, other) is same
    assert says_the_same(other, one) is same


def test_a_copy_is_no_second_source() -> None:
    def quote(source: str, text: str, sha: str) -> Quote:
        passage = Passage(source, "/root", source, 0, len(text), text, None, (), ((0, len(text)),), sha)
        return Quote(Evidence(passage, 0, len(text), 1.0), None, 1, None, FileState.SAME)

    heat = "Heat eases a stiff back."
    one, copy, other = quote("a.md", heat, "1"), quote("copy.md", heat, "1"), quote("b.md", heat + " ", "2")
    assert agreements([one, copy]) == ()
    assert agreements([one, other]) == ((1, 2),)


def test_a_negation_in_another_language_says_the_opposite() -> None:
    assert not says_the_same("Das Mittel hilft gegen Husten.", "Das Mittel hilft nicht gegen Husten.")
    assert not says_the_same("Le sirop calme la toux.", "Le sirop ne calme pas la toux.")
