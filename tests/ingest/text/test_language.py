import subprocess
import sys

import pytest

from ingest.schema import Block, Document
from ingest.text.language import block_languages, document_language, language_of, main_language, question_language

TEXTS = {
    "en": "Most people with back pain get better within a few weeks if they keep moving.",
    "de": "Die meisten Menschen mit Rückenschmerzen erholen sich in einigen Wochen, wenn sie sich bewegen.",
    "es": "La mayoría de las personas con dolor de espalda mejora en pocas semanas si sigue moviéndose.",
    "fr": "La plupart des personnes qui ont mal au dos vont mieux en quelques semaines si elles bougent.",
    "it": "La maggior parte delle persone con mal di schiena migliora in poche settimane se continua a muoversi.",
    "nl": "De meeste mensen met rugpijn herstellen binnen een paar weken als ze blijven bewegen.",
    "pt": "A maioria das pessoas com dores nas costas melhora em poucas semanas se continuar a mover-se.",
}


def document(*texts: str, language: str = "") -> Document:
    blocks, at = [], 0
    for text in texts:
        blocks.append(Block(at, at + len(text)))
        at += len(text) + 2
    return Document("a.txt", "a", None, "\n\n".join(texts), "", blocks=tuple(blocks), language=language)


@pytest.mark.parametrize(("language", "text"), TEXTS.items())
def test_languages_are_found(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "Hip", "x = 3; y = f(3)", "12 | 13 | 14", "\ud800"])
def test_what_is_too_short_or_no_prose_has_no_language(text: str) -> None:
    assert language_of(text) == ""


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Was ist Nachtarbeit?", "de"),
        ("verfällt mein resturlaub am jahresende", "de"),
        ("What is sciatica?", "en"),
        ("¿Cuántos puntos permitió la defensa?", "es"),
        ("Combien de jours de vacances ai-je ?", "fr"),
        ("Quanto costa la visita?", "it"),
        ("Hoeveel vakantiedagen heb ik?", "nl"),
        ("Quantos dias de férias eu tenho?", "pt"),
    ],
)
def test_the_language_of_a_short_question_is_found_by_its_stop_words(question: str, language: str) -> None:
    assert question_language(question, {language: 1}) == language
    assert question_language(question, {"en": 2, language: 1}) == language
    assert question_language(question, {"en": 1}) == language


@pytest.mark.parametrize(
    "question", ["wat is a heartbeat", "", "Mindestlohn Höhe", "TENS unit", "Hotel in Berlin", "What's X's job?"]
)
def test_a_question_without_clear_stop_words_has_the_language_of_the_corpus(question: str) -> None:
    assert question_language(question, {"en": 5, "de": 2, "": 9}) == "en"


def test_the_main_language_is_that_of_most_known_text() -> None:
    assert main_language({"en": 5, "de": 6, "": 9}) == "de"
    assert question_language("Was ist Mindestlohn", {"ru": 1}) == "de"
    assert question_language("Сколько?", {"ru": 1}) == "ru"
    assert main_language({"": 3}) == main_language({}) == "en"


def test_a_document_has_the_language_it_states_or_most_of_it_is_in() -> None:
    assert document_language(document(TEXTS["de"], TEXTS["de"], TEXTS["en"])) == "de"
    assert document_language(document(TEXTS["de"], language="nl")) == "nl"
    assert document_language(document("1 2 3")) == ""


def test_blocks_in_other_languages_are_found_among_many() -> None:
    many = [TEXTS["en"]] * 30
    assert set(block_languages(document(*many, language="en"))) == {"en"}
    mixed = document(*many, *[TEXTS["fr"]] * 10, "12", language="en")
    assert block_languages(mixed) == ("en",) * 30 + ("fr",) * 10 + ("en",)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits files by POSIX means")
def test_finding_a_language_writes_no_file() -> None:
    code = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
from ingest.text.language import language_of
assert language_of("Most people with back pain get better within a few weeks.") == "en"
"""
    subprocess.run([sys.executable, "-B", "-c", code], check=True, timeout=60)
