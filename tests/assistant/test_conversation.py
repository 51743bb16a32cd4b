"""Follow-ups are asked with the words they lean on; a change of subject is not."""

import pytest

from assistant.conversation import understood

HISTORY = ["How do hips heal?", "Does heat help sciatica?"]


@pytest.mark.parametrize("question", ["why?", "and yoga?", "What about women?", "Is it safe?", "How often?"])
def test_a_leaning_question_takes_the_last_one_along(question: str) -> None:
    assert understood(question, HISTORY) == f"Does heat help sciatica? {question}"


@pytest.mark.parametrize("question", ["What is hip bursitis?", "Should I stretch my hip flexors before work?", ""])
def test_a_question_of_its_own_stands_alone(question: str) -> None:
    assert understood(question, HISTORY) == question


def test_without_history_nothing_is_added() -> None:
    assert understood("why?", []) == "why?"
