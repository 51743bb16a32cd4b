"""What is said about languages that the bundled cross-encoder does not understand."""

import pytest

from assistant.answering.languages import hint, understood


def test_the_bundled_cross_encoder_understands_english() -> None:
    assert understood("en")
    assert understood("")
    assert not understood("de")


@pytest.mark.parametrize(
    ("question", "languages", "said"),
    [
        ("en", {"en": 9}, ""),
        ("en", {}, ""),
        ("en", {"": 9}, ""),
        ("en", {"de": 9, "en": 1}, ""),
        ("de", {"de": 9}, "Answers in German are less sure than in English. Read the passages yourself."),
        ("de", {"en": 9, "de": 1}, "Answers in German are less sure than in English. Read the passages yourself."),
        ("en", {"de": 9, "es": 1}, "The texts are in German. Ask in that language to find more."),
        ("de", {"en": 9}, "The texts are in English. Ask in that language to find more."),
        ("en", {"is": 9}, "The texts are in another language (is). Ask in that language to find more."),
    ],
)
def test_the_hint_names_the_language(question: str, languages: dict[str, int], said: str) -> None:
    assert hint(question, languages) == said
