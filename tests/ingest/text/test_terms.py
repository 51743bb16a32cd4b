import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.stop_words import STOP_WORDS
from ingest.text.terms import analyse, content_terms, is_number, question_terms, stems


def test_words_are_folded_and_stemmed() -> None:
    assert stems("Running RUNS run") == "run run run"
    assert stems("Café cafe") == "cafe cafe"
    assert stems("") == ""


def test_stop_words_are_dropped_in_any_case_and_with_any_apostrophe() -> None:
    assert stems("It's THE hip, isn’t it?") == "hip"
    assert [term.stop for term in analyse("the hip")] == [True, False]
    assert "not" in STOP_WORDS["en"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("torn", "tears"),
        ("swollen", "swelling"),
        ("broke", "broken"),
        ("calves", "calf"),
        ("children's feet", "child's foot"),
        ("childrens dose", "dose for a child"),
        ("vertebrae", "vertebra"),
        ("How is bursitis diagnosed?", "the diagnosis of bursitis"),
    ],
)
def test_irregular_forms_of_a_word_are_the_same(one: str, other: str) -> None:
    assert set(stems(one).split()) == set(stems(other).split())


def test_irregular_forms_of_a_stop_word_are_stop_words() -> None:
    assert stems("It was taken, gave and told; they took it and said so.") == ""
    assert stems("wound left ground", "en") == "wound left ground"


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Kündigungen", "Kündigung"),
        ("de", "Häuser", "Haus"),
        ("es", "canciones", "canción"),
        ("fr", "équipes", "équipe"),
        ("it", "malattie", "malattia"),
        ("nl", "huizen", "huis"),
        ("pt", "informações", "informação"),
        ("pt", "cidadãos", "cidadão"),
    ],
)
def test_words_are_stemmed_by_the_rules_of_their_language(language: str, one: str, other: str) -> None:
    assert stems(one, language) == stems(other, language) != ""


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [
        ("de", "Kündigung", "kuendigung"),
        ("de", "Kündigung", "kundigung"),
        ("de", "Straße", "STRASSE"),
        ("de", "Söhne", "so\u0308hne"),
        ("de", "Café", "cafe"),
        ("en", "œdema", "oedema"),
        ("en", "Łódź", "lodz"),
        ("es", "información", "informacion"),
        ("es", "categorías", "categorias"),
        ("fr", "sécurité", "securite"),
        ("fr", "cœur", "coeur"),
        ("it", "qualità", "qualita"),
        ("nl", "coördinatie", "coordinatie"),
        ("pt", "informações", "informacoes"),
        ("pt", "responsável", "responsavel"),
    ],
)
def test_words_typed_without_accents_are_the_same(language: str, written: str, typed: str) -> None:
    assert stems(written, language) == stems(typed, language) != ""


@pytest.mark.parametrize(
    ("language", "question", "content"),
    [
        ("de", "Wie hoch ist das Elterngeld für Väter?", "hoch elterngeld vat"),
        ("de", "koennen wir ueber Geld reden", "geld red"),
        ("es", "¿Cuántos días de vacaciones tengo?", "dias vacacion"),
        ("fr", "Qu'est-ce que l'eau d’une source ?", "eau sourc"),
        ("it", "Qual è l'indirizzo dell'ufficio?", "indirizz uffic"),
        ("nl", "Hoeveel vakantiedagen heb ik?", "vakantiedaag"),
        ("pt", "Quantos dias de férias tenho?", "dias fer"),
    ],
)
def test_stop_words_are_those_of_the_language(language: str, question: str, content: str) -> None:
    assert stems(question, language) == content


def test_words_that_only_accents_tell_from_a_stop_word_are_kept() -> None:
    assert stems("schon schön", "de") == "schon"
    assert stems("te té", "es") == "te"


def test_a_language_without_rules_is_analysed_as_english() -> None:
    assert stems("the Running", "") == stems("the Running", "xx") == "run"


@pytest.mark.parametrize("language", STOP_WORDS)
def test_stop_words_are_written_as_terms_are_cut(language: str) -> None:
    for word in STOP_WORDS[language]:
        assert word == word.lower()
        assert all(term.stop for term in analyse(word, language)), word


def test_the_possessive_is_dropped_and_an_inner_apostrophe_keeps_one_word() -> None:
    assert stems("Parkinson's Parkinson’s") == "parkinson parkinson"
    assert stems("o'clock") == "oclock"


def test_numbers_keep_their_decimals_and_groups() -> None:
    assert [t.stem for t in analyse("1,000 mg of 2.5 in 2024.")] == ["1,000", "mg", "of", "2.5", "in", "2024"]
    assert [is_number(t.stem) for t in analyse("2.5 mg")] == [True, False]


def test_an_abbreviation_is_one_word_with_its_dots_and_without_them() -> None:
    assert stems("The M.A. exam, a Ph.D. or an M.Sc.") == "ma exam phd msc"
    assert stems("the MA exam, a PhD or an MSc") == "ma exam phd msc"
    assert stems("the m.a. exam, a PH.D. or an m.sc.") == "ma exam phd msc"
    assert stems("Is there an A&E in the U.S. by I.T.?") == "ae"  # "us" and "it" say nothing with or without dots
    assert stems("fruit, e.g. apples, i.e. food") == "fruit appl food"
    assert stems("He is B. And self.x is v1.2") == "b self x v1 2"


@pytest.mark.parametrize("word", ["ﬁbrosis", "ﷺ", "Ⅳ", "ẞ", "漢字", "العلاج", "a_b"])
def test_words_of_other_scripts_are_words(word: str) -> None:
    (term,) = analyse(word)
    assert (term.start, term.end) == (0, len(word))
    assert term.stem


@given(text=st.text(max_size=200), language=st.sampled_from([*STOP_WORDS, ""]))
def test_terms_are_ordered_and_inside_the_text(text: str, language: str) -> None:
    at = 0
    for term in analyse(text, language):
        assert at <= term.start < term.end <= len(text)
        assert term.stem
        assert not any(c.isspace() or c == '"' for c in term.stem)
        at = term.end
    assert content_terms(text, language) == [term for term in analyse(text, language) if not term.stop]


@pytest.mark.parametrize(
    ("language", "question", "about"),
    [
        ("de", "Wie hoch ist das Elterngeld?", "elterngeld"),
        ("de", "wie  lange dauert die Probezeit, und wie hoch ist der hohe Turm?", "dauert probezeit hoh turm"),
        ("de", "Wie hoch?", "hoch"),
        ("de", "Wie?", "wie"),
        ("de", "Wann hieß die Stadt Bonn?", "stadt bonn"),
        ("es", "¿Cómo se llama el río?", "rio"),
        ("fr", "Comment s’appelle la ville ?", "vill"),
        ("it", "Come si chiama il fiume?", "fium"),
        ("pt", "Como se chama o rio?", "rio"),
        ("nl", "Hoe lang duurt de proeftijd?", "duurt proeftijd"),
        ("en", "How long is the trial?", "trial"),
        ("de", "", ""),
    ],
)
def test_what_asks_for_a_number_a_time_or_a_name_is_not_looked_for(language: str, question: str, about: str) -> None:
    assert " ".join(term.stem for term in question_terms(question, language)) == about
