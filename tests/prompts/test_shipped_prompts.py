"""The shipped prompts load, no two are alike, and what they want quoted stands in the corpus as it is read."""

from collections import Counter
from pathlib import Path

import pytest

from assistant.evaluation.judge import Outcome, judge
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.evaluation.results import QuotedText, Result
from ingest.readers.registry import read
from ingest.text.sentences import document_sentences

CORPUS = Path(__file__).parents[2] / "corpus"
FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.jsonl"))


def sentences(source: str) -> list[str]:
    """Return what the assistant can quote from a source."""
    document = read(CORPUS / source, source)
    return [document.text[start:end] for block in document_sentences(document) for start, end in block]


SENTENCES = {path.name: sentences(path.name) for path in sorted(CORPUS.glob("*.md"))}
PROMPTS = {path.name: load_prompts(path, SENTENCES.keys()) for path in FILES}
ALL = [prompt for prompts in PROMPTS.values() for prompt in prompts]
NEAR, LISTS = PROMPTS["near-misses.jsonl"], PROMPTS["lists.jsonl"]


def test_every_id_is_used_once_in_all_files() -> None:
    assert [name for name, count in Counter(prompt.id for prompt in ALL).items() if count > 1] == []


def test_no_question_is_asked_twice_after_the_same_others() -> None:
    asked = Counter((" ".join(prompt.question.casefold().split()), prompt.history) for prompt in ALL)
    assert [question for question, count in asked.items() if count > 1] == []


@pytest.mark.parametrize("prompt", [each for each in ALL if each.answerable], ids=lambda prompt: prompt.id)
def test_answers_and_needs_stand_in_sentences_of_the_sources(prompt: Prompt) -> None:
    quotable = [text for source in prompt.sources for text in SENTENCES[source]]
    assert [text for text in (*prompt.answers, *prompt.needs) if not any(text in each for each in quotable)] == []


@pytest.mark.parametrize("prompt", LISTS, ids=lambda prompt: prompt.id)
def test_a_list_is_complete_when_all_its_sentences_are_quoted_and_not_after_the_first(prompt: Prompt) -> None:
    quotes = tuple(
        QuotedText(source, text, None, None)
        for source in prompt.sources
        for text in SENTENCES[source]
        if any(need in text for need in prompt.needs)
    )
    (whole,) = judge([prompt], [Result(prompt.id, prompt.question, False, (), quotes)])
    (part,) = judge([prompt], [Result(prompt.id, prompt.question, False, (), (QuotedText("", prompt.needs[0], 0, 0),))])
    assert (whole.outcome, part.outcome) == (Outcome.RIGHT_QUOTE, Outcome.RIGHT_QUOTE)
    assert whole.complete
    assert not part.complete
    assert len(prompt.needs) >= 2


def test_near_misses_have_no_answer_and_lists_have_sources() -> None:
    assert len(NEAR) == 60
    assert all(prompt.unanswerable and not prompt.sources for prompt in NEAR)
    assert len(LISTS) == 40
    assert all(prompt.needs and prompt.sources for prompt in LISTS)
    assert {source for prompt in LISTS for source in prompt.sources} == SENTENCES.keys()


@pytest.mark.parametrize("prompts", [NEAR, LISTS], ids=["near-misses", "lists"])
def test_every_other_prompt_is_kept_away_from_choosing(prompts: tuple[Prompt, ...]) -> None:
    assert [prompt.tags[-1] for prompt in prompts] == ["choose", "decide"] * (len(prompts) // 2)
    assert all(len(prompt.tags) == 2 for prompt in prompts)
