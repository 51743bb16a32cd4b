"""The Ask tab's handlers: a question and the turns before it in, the turns after it out."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from assistant.schema import Answer, Answering, Evidence, Quote, ScoredPassage, Turn, Turns
from ingest.errors import UserFacingError
from ingest.origin import look
from ingest.schema import CorpusDescription

NAME = "Cited Assistant"
LONGEST_QUESTION = 10_000
"""Characters; far above any question, far below what would slow an encoder down."""
MOST_TURNS = 40
"""Turns kept in one conversation; older ones leave the page."""

FURTHER = 5
"""Passages that are offered besides the quoted ones."""
STOP_SECONDS = 0.05
"""How soon an order to stop is seen; an answer is seen at once."""

STOPPED = "You stopped this question"
FAULT = "The program has a fault; its log says where. Ask again, or ask something else"


@dataclass(slots=True)
class Stop:
    """Whether a session's work is to stop; Gradio's own way of cancelling reports a fault."""

    ordered: bool = False

    def order(self) -> None:
        """Have the work stop where it can."""
        self.ordered = True


def hint(question: str) -> str:
    """Return what to tell the person about a question that cannot be asked, "" where it can."""
    if not question.strip():
        return "Type a question first, then press Enter."
    if len(question) > LONGEST_QUESTION:
        return f"This question has {len(question):,} characters; shorten it to {LONGEST_QUESTION:,} at most."
    return ""


def respond(
    assistant: Answering, question: str, turns: Turns, stop: Stop, *, as_typed: bool = False
) -> Iterator[Turns]:
    """Yield the conversation with the question pending, then with what came of it.

    The question is understood by the one before it, unless it is to be asked `as_typed`.
    """
    settled = tuple(turn for turn in turns if not turn.pending)[1 - MOST_TURNS :]
    turn = Turn(settled[-1].number + 1 if settled else 1, question.strip())
    history = () if as_typed else _leant_on(settled)
    stop.ordered = False
    yield (*settled, turn)
    try:
        answer = _unless_stopped(lambda: assistant.ask(turn.question, history), stop)
    except UserFacingError as error:
        yield (*settled, replace(turn, failure=str(error)))
    else:
        yield (*settled, replace(turn, answer=answer, failure="" if answer else STOPPED))


def _leant_on(turns: Turns) -> tuple[str, ...]:
    """Return the last questions as typed, from the last that was asked by itself on."""
    asked: list[str] = []
    for turn in reversed(turns):
        asked.append(turn.question)
        if turn.answer is not None and turn.answer.question == turn.question:
            break
    return tuple(reversed(asked))


def _unless_stopped(work: Callable[[], Answer], stop: Stop) -> Answer | None:
    """Return what the work gives, or None as soon as a stop is ordered: the work then ends unheard."""
    worker = ThreadPoolExecutor(1)
    answer = worker.submit(work)
    worker.shutdown(wait=False)
    while not stop.ordered:
        if wait([answer], timeout=STOP_SECONDS).done:
            return answer.result()
    return None


def further(assistant: Answering, question: str, but: Collection[str]) -> tuple[Quote, ...]:
    """Return the passages nearest to a question as whole quotes, without those whose ids are in `but`."""
    found = [scored for scored in assistant.search(question, FURTHER + len(but)) if scored.passage.id not in but]
    return tuple(_whole(assistant, scored) for scored in found[:FURTHER])


def _whole(assistant: Answering, scored: ScoredPassage) -> Quote:
    passage = scored.passage
    document = assistant.document(*passage.place)
    state, _ = look(passage.root, document)
    evidence = Evidence(passage, passage.start, passage.end, scored.score)
    return Quote(evidence, document.url, document.line(passage.start), document.page(passage.start), state)


def broken(turns: Turns) -> Turns:
    """Return the conversation after a fault of the program: what was pending has failed."""
    return tuple(replace(turn, failure=FAULT) if turn.pending else turn for turn in turns)


def described(assistant: Answering) -> tuple[CorpusDescription, str]:
    """Return the corpus' description, and the message of what failed where there is none."""
    try:
        return assistant.description(), ""
    except UserFacingError as error:
        return CorpusDescription(), str(error)
