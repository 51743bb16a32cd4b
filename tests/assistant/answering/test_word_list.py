"""Everyday words are told from names by how common they are, as the singular or the plural."""

import pytest

from assistant.answering.word_list import has_rare_word, is_everyday


@pytest.mark.parametrize(
    ("word", "everyday"),
    [("bucket", True), ("buckets", True), ("Warfarin", False), ("statins", False), ("piles", False), ("", False)],
)
def test_a_word_is_everyday_if_its_singular_is(word: str, everyday: bool) -> None:
    assert is_everyday(word) is everyday


@pytest.mark.parametrize(
    ("text", "rare"), [("Changing the dressing", False), ("Dose of ibuprofen", True), ("Hives", True), ("", False)]
)
def test_a_text_may_have_a_rare_word(text: str, rare: bool) -> None:
    assert has_rare_word(text) is rare
