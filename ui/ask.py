"""The Ask tab's handlers: a question and the turns before it in, the turns after it out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from assistant.schema import Answer, Turn, Turns
from ingest.errors import UserFacingError
from ingest.schema import CorpusDescription, Document

NAME = "Cited Assistant"
LONGEST_QUESTION = 10_000
"""Characters; far above any question, far below what would slow an encoder down."""
MOST_TURNS = 40
"""Turns kept in one conversation; older ones leave the page."""

FAULT = "The program has a fault; its log says where. Ask again, or ask something else"


class Answering(Protocol):
    """What the page needs of an assistant."""

    def ask(self, question: str) -> Answer:
        """Answer the question in quotes, or abstain."""

    def description(self) -> CorpusDescription:
        """Return what the corpus says of itself."""

    def document(self, root: str, source: str) -> Document:
        """Return a whole source as indexed."""


def hint(question: str) -> str:
    """Return what to tell the person about a question that cannot be asked, "" where it can."""
    if not question.strip():
        return "Type a question first, then press Enter."
    if len(question) > LONGEST_QUESTION:
        return f"This question has {len(question):,} characters; shorten it to {LONGEST_QUESTION:,} at most."
    return ""


def respond(assistant: Answering, question: str, turns: Turns) -> Iterator[Turns]:
    """Yield the conversation with the question pending, then with its answer or the message of what failed."""
    settled = tuple(turn for turn in turns if not turn.pending)[1 - MOST_TURNS :]
    turn = Turn(settled[-1].number + 1 if settled else 1, question.strip())
    yield (*settled, turn)
    try:
        yield (*settled, replace(turn, answer=assistant.ask(turn.question)))
    except UserFacingError as error:
        yield (*settled, replace(turn, failure=str(error)))


def broken(turns: Turns) -> Turns:
    """Return the conversation after a fault of the program: what was pending has failed."""
    return tuple(replace(turn, failure=FAULT) if turn.pending else turn for turn in turns)


def described(assistant: Answering) -> tuple[CorpusDescription, str]:
    """Return the corpus' description, and the message of what failed where there is none."""
    try:
        return assistant.description(), ""
    except UserFacingError as error:
        return CorpusDescription(), str(error)
