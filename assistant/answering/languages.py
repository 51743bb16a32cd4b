"""Says which languages the bundled cross-encoder understands, and tells the reader when it does not."""

from collections.abc import Mapping

from ingest.text.language import main_language

UNDERSTOOD = frozenset({"en"})  # what the bundled cross-encoder was trained on

_NAMES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nb": "Norwegian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}


def understood(language: str) -> bool:
    """Whether the bundled cross-encoder understands texts and questions in a language; "" is taken for English."""
    return not language or language in UNDERSTOOD


def readable(question: str, languages: Mapping[str, int]) -> bool:
    """Whether the bundled cross-encoder understands a question and the texts that may answer it.

    Args:
        question: the language of the question.
        languages: the amount of text in each language of the corpus.
    """
    return understood(question) and (not _elsewhere(question, languages) or understood(main_language(languages)))


def hint(question: str, languages: Mapping[str, int]) -> str:
    """Return what a reader should know about the languages of a question and of the texts; "" if nothing.

    Args:
        question: the language of the question.
        languages: the amount of text in each language of the corpus.
    """
    main = main_language(languages)
    if _elsewhere(question, languages):
        return f"The texts are in {_named(main)}. Ask in that language to find more."
    if not understood(question):
        return f"Answers in {_named(question)} are less sure than in English. Read the passages yourself."
    return ""


def _elsewhere(question: str, languages: Mapping[str, int]) -> bool:
    """Whether the texts are in other languages than the question."""
    return question not in languages and any(languages)


def _named(language: str) -> str:
    return _NAMES.get(language, f"another language ({language})")
