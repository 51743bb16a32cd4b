"""Handlers of the Ask tab: take a question and the turns so far, return the turns with the answer."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial

from assistant.schema import Answer, Answering, Quote, Turn, Turns
from ingest.errors import IndexMissing, UserFacingError
from ingest.schema import EVERYTHING, CorpusDescription, Selection

NAME = "Cited Assistant"
LONGEST_QUESTION = 10_000
"""Characters; far more than any question needs, far less than would slow down the encoder."""
MOST_TURNS = 40
"""Turns of a conversation that the page shows; older ones are dropped."""

FURTHER = 5
"""Passages offered besides the quoted ones."""
STOP_SECONDS = 0.05
"""How often to check for a request to stop; an answer is noticed at once."""

STOPPED = "You stopped this question"
NO_TEXTS = "There are no texts here yet, so nothing can be asked. Texts are added in the Corpus tab"
FAULT = "Something went wrong in the program; its log has the details. Try again, or ask something else"


@dataclass(slots=True)
class Stop:
    """A session's request to stop its work; Gradio's own cancelling reports an error."""

    requested: bool = False
    shown: str = ""
    """The id of the conversation that the session looks at."""

    def request(self) -> None:
        """Ask the work to stop as soon as it can."""
        self.requested = True


def hint(question: str) -> str:
    """Return a hint about a question that cannot be asked; "" if it can."""
    if not question.strip():
        return "Type a question first, then press Enter."
    if len(question) > LONGEST_QUESTION:
        return f"This question has {len(question):,} characters. Shorten it to at most {LONGEST_QUESTION:,}."
    return ""


def respond(
    assistant: Answering,
    question: str,
    turns: Turns,
    stop: Stop,
    *,
    as_typed: bool = False,
    within: Selection = EVERYTHING,
) -> Iterator[Turns]:
    """Yield the conversation with the question pending, then with its answer or error.

    A follow-up is resolved from the questions before it and a misspelt word is
    mended, unless `as_typed`. Only the sources of the selection are searched.
    """
    settled = tuple(turn for turn in turns if not turn.pending)[1 - MOST_TURNS :]
    turn = Turn(settled[-1].number + 1 if settled else 1, question.strip())
    history = () if as_typed else _history(settled)
    ask = partial(assistant.ask, history=history, as_typed=as_typed, within=within)
    stop.requested = False
    yield (*settled, turn)
    try:
        answer = _unless_stopped(lambda: ask(turn.question), stop)
    except IndexMissing:
        yield (*settled, replace(turn, failure=NO_TEXTS))
    except UserFacingError as error:
        yield (*settled, replace(turn, failure=error.public))
    else:
        yield (*settled, replace(turn, answer=answer, failure="" if answer else STOPPED))


def _history(turns: Turns) -> tuple[str, ...]:
    """Return the questions as typed, starting with the last one that stood alone; without what was no question."""
    asked: list[str] = []
    for turn in reversed(turns):
        if turn.answer is not None and turn.answer.remark is not None:
            continue
        asked.append(turn.question)
        if turn.answer is not None and turn.answer.question == turn.question:
            break
    return tuple(reversed(asked))


def _unless_stopped(work: Callable[[], Answer], stop: Stop) -> Answer | None:
    """Return the result of the work, or None as soon as a stop is requested; the work then ends in the background."""
    worker = ThreadPoolExecutor(1)
    answer = worker.submit(work)
    worker.shutdown(wait=False)
    while not stop.requested:
        if wait([answer], timeout=STOP_SECONDS).done:
            return answer.result()
    return None


def further(
    assistant: Answering, question: str, but: Collection[str], within: Selection = EVERYTHING
) -> tuple[Quote, ...]:
    """Return the passages nearest to a question as quotes of the whole passage, except those with ids in `but`."""
    nearest = assistant.search(question, FURTHER + len(but), within=within)
    return tuple(assistant.quote([scored for scored in nearest if scored.passage.id not in but][:FURTHER]))


def broken(turns: Turns) -> Turns:
    """Return the conversation after a program error: the pending turn has failed."""
    return tuple(replace(turn, failure=FAULT) if turn.pending else turn for turn in turns)


def is_empty(assistant: Answering) -> bool:
    """Return whether nothing was ingested yet."""
    try:
        assistant.roots()
    except IndexMissing:
        return True
    except UserFacingError:  # whoever asks is told why
        return False
    return False


def described(assistant: Answering) -> tuple[CorpusDescription, str]:
    """Return the corpus' description and "", or an empty description and an error message."""
    try:
        return assistant.description(), ""
    except UserFacingError as error:
        return CorpusDescription(), error.public
