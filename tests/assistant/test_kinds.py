"""What a question asks for and what a sentence offers."""

import pytest

from assistant.kinds import Kind, asked, offered

EVERY = frozenset(Kind)


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("How many reps?", {Kind.NUMBER}),
        ("When did it begin?", {Kind.TIME}),
        ("Who wrote it and why?", {Kind.NAME, Kind.CAUSE}),
        ("What is sciatica?", set()),
        ("", set()),
    ],
)
def test_asked(question: str, kinds: set[Kind]) -> None:
    assert asked(question) == kinds


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("Repeat 20 times.", {Kind.NUMBER}),
        ("Repeat twice.", {Kind.NUMBER}),
        ("It began in May 1999, says Stuart McGill.", {Kind.NUMBER, Kind.TIME, Kind.NAME}),
        ("It hurts because the nerve is pinched.", {Kind.CAUSE}),
        ("The nerve is long.", set()),
    ],
)
def test_offered(sentence: str, kinds: set[Kind]) -> None:
    assert offered(sentence, EVERY) == kinds
    assert offered(sentence, frozenset()) == set()
