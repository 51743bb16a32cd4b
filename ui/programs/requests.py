"""What programs may ask for, whether they come by way of Gradio's client or of MCP; it is checked here.

What is returned by the `*_json` functions here holds text that can be sent: in
place of half a surrogate pair, which a file name may hold, stands its escape.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.render import answer_json, passage_json
from assistant.schema import Answer, Answering, ScoredPassage
from ingest.errors import RequestInvalid
from ingest.schema import Document
from ui.handlers.ask import LONGEST_QUESTION

if TYPE_CHECKING:
    from ui.handlers.corpus import Planned

MOST_PASSAGES = 50
LONGEST_EXCERPT = 20_000
"""Characters of a source given at a time: about 5,000 tokens of a language model."""

Json = dict[str, Any]
Found = tuple[ScoredPassage, Document]


@dataclass(frozen=True, slots=True)
class Span:
    """What is wanted of a source: characters (`start` and `end`, exclusive) or lines (1-based, inclusive), or all."""

    start: int | None = None
    end: int | None = None
    first_line: int | None = None
    last_line: int | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Characters `start` to `end` of a document; `next` is where to go on, None where nothing wanted is left."""

    root: str
    document: Document
    start: int
    end: int
    next: int | None

    @property
    def text(self) -> str:
        """The characters."""
        return self.document.text[self.start : self.end]


def ask(assistant: Answering, question: str, history: Sequence[str] = ()) -> Answer:
    """Answer a question; `history` are the questions before it, oldest first.

    Raises:
        RequestInvalid: one of them is empty or too long.
    """
    _check_question(question, "question")
    for number, before in enumerate(history, 1):
        _check_question(before, f"history, question {number}")
    return assistant.ask(question.strip(), history=[before.strip() for before in history])


def search(assistant: Answering, question: str, limit: int) -> list[Found]:
    """Return the passages nearest to a question, best first, each with its document.

    Raises:
        RequestInvalid: the question is empty or too long, or the limit is not from 1 to `MOST_PASSAGES`.
    """
    _check_question(question, "question")
    if not 1 <= limit <= MOST_PASSAGES:
        raise RequestInvalid(f"{limit} is no number of passages", "limit", f"pass one from 1 to {MOST_PASSAGES}")
    found = assistant.search(question.strip(), limit)
    return [(each, assistant.document(*each.passage.place)) for each in found]


def read(assistant: Answering, source: str, root: str, span: Span) -> Excerpt:
    """Return what is wanted of a source, `LONGEST_EXCERPT` characters at most; `root` may be "" where only one has it.

    Raises:
        RequestInvalid: there is no such source, span or line, or several roots have the source.
    """
    root = _root_of(assistant, source, root)
    document = assistant.document(root, source)
    start, end = _characters(document, span)
    last = min(end, start + LONGEST_EXCERPT)
    return Excerpt(root, document, start, last, last if last < end else None)


def ask_json(answer: Answer) -> Json:
    """Return an answer as `cited ask --json` prints it."""
    return _sendable(answer_json(answer))  # type: ignore[no-any-return]


def search_json(question: str, found: Sequence[Found]) -> Json:
    """Return the passages that were found for a question, each with its place and score."""
    return _sendable({"question": question, "passages": [passage_json(*each) for each in found]})  # type: ignore[no-any-return]


def excerpt_json(excerpt: Excerpt) -> Json:
    """Return an excerpt and its place: `characters` is the length of the whole source, lines are None if extracted."""
    document = excerpt.document
    values = {
        "source": document.source,
        "root": excerpt.root,
        "title": document.title,
        "url": document.url,
        "characters": len(document.text),
        "start": excerpt.start,
        "end": excerpt.end,
        "next": excerpt.next,
        "first_line": document.line(excerpt.start),
        "last_line": document.line(max(excerpt.start, excerpt.end - 1)),
        "page": document.page(excerpt.start),
        "text": excerpt.text,
    }
    return _sendable(values)  # type: ignore[no-any-return]


def plan_json(planned: "Planned") -> Json:
    """Return what a run would do: sources by what becomes of them, and why a folder cannot be looked at."""
    plan = planned.plan
    values = {
        "found": plan.found,
        "added": list(plan.added),
        "updated": list(plan.updated),
        "renamed": [{"former": former, "source": source} for former, source in plan.renamed],
        "removed": list(plan.removed),
        "unchanged": list(plan.unchanged),
        "failed": [{"source": source, "reason": reason} for source, reason in plan.failed],
        "problems": list(planned.problems),
    }
    return _sendable(values)  # type: ignore[no-any-return]


def sendable(text: str) -> str:
    """Return the text with half surrogate pairs, which cannot be sent, made visible."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _sendable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, str):
        return sendable(value)
    if isinstance(value, dict):
        return {key: _sendable(each) for key, each in value.items()}
    return [_sendable(each) for each in value] if isinstance(value, list) else value


def _check_question(question: str, where: str) -> None:
    if not question.strip():
        raise RequestInvalid("there is no question", where, "pass what is to be answered")
    if len(question) > LONGEST_QUESTION:
        what = f"a question of {len(question):,} characters is too long"
        raise RequestInvalid(what, where, f"shorten it to {LONGEST_QUESTION:,} at most")


def _root_of(assistant: Answering, source: str, root: str) -> str:
    roots = assistant.roots_of(source)
    if not roots or (root and root not in roots):
        raise RequestInvalid("the index has no such source", source, "name one as `ask` or `search` do")
    if not root and len(roots) > 1:
        raise RequestInvalid("several folders have this source", source, f"pass as root one of {', '.join(roots)}")
    return root or roots[0]


def _characters(document: Document, span: Span) -> tuple[int, int]:
    """Return the wanted characters of a document."""
    if span.first_line is None and span.last_line is None:
        return _checked(document, span.start or 0, len(document.text) if span.end is None else span.end)
    if span.start is not None or span.end is not None:
        raise RequestInvalid("characters and lines were asked for", document.source, "pass one kind of span")
    if not document.verbatim:
        raise RequestInvalid("this text was extracted and has no lines", document.source, "pass start and end")
    ends = [line.end() for line in re.finditer(r"[^\n]*\n|[^\n]+", document.text)]
    first = 1 if span.first_line is None else span.first_line
    last = len(ends) if span.last_line is None else span.last_line
    if not 1 <= first <= min(last, len(ends)):
        what = f"there are no lines {first} to {last}"
        raise RequestInvalid(what, document.source, f"it has {len(ends)} lines; pass 1 <= first_line <= last_line")
    return [0, *ends][first - 1], ends[min(last, len(ends)) - 1]


def _checked(document: Document, start: int, end: int) -> tuple[int, int]:
    length = len(document.text)
    if not 0 <= start <= min(end, length):
        what = f"there are no characters {start} to {end}"
        raise RequestInvalid(what, document.source, f"it has {length} characters; pass 0 <= start <= end")
    return start, min(end, length)
