import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.terms import STOP_WORDS, analyse, content_terms, stems


def test_words_are_folded_and_stemmed() -> None:
    assert stems("Running RUNS run") == "run run run"
    assert stems("Café cafe") == "cafe cafe"
    assert stems("") == ""


def test_stop_words_are_dropped_in_any_case_and_with_any_apostrophe() -> None:
    assert stems("It's THE hip, isn’t it?") == "hip"
    assert [term.stop for term in analyse("the hip")] == [True, False]
    assert "not" in STOP_WORDS


def test_the_possessive_is_dropped_and_an_inner_apostrophe_keeps_one_word() -> None:
    assert stems("Parkinson's Parkinson’s") == "parkinson parkinson"
    assert stems("o'clock") == "oclock"


def test_numbers_keep_their_decimals_and_groups() -> None:
    assert [t.stem for t in analyse("1,000 mg of 2.5 in 2024.")] == ["1,000", "mg", "of", "2.5", "in", "2024"]
    assert [t.number for t in analyse("2.5 mg")] == [True, False]


@pytest.mark.parametrize("word", ["ﬁbrosis", "Ⅳ", "ẞ", "漢字", "العلاج", "a_b"])
def test_words_of_other_scripts_are_words(word: str) -> None:
    (term,) = analyse(word)
    assert (term.start, term.end) == (0, len(word))
    assert term.stem


@given(text=st.text(max_size=200))
def test_terms_are_ordered_and_inside_the_text(text: str) -> None:
    at = 0
    for term in analyse(text):
        assert at <= term.start < term.end <= len(text)
        assert term.stem
        assert not any(c.isspace() or c == '"' for c in term.stem)
        at = term.end
    assert content_terms(text) == [term for term in analyse(text) if not term.stop]
