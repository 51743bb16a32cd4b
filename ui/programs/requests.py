"""The requests that programs can make, through Gradio's client or MCP, with their checks.

The `*_json` functions return text that can be sent: lone surrogates, which a
file name may contain, are escaped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.render import answer_json, passage_json
from assistant.schema import Answer, Answering, ScoredPassage
from ingest.errors import RequestInvalid
from ingest.schema import Document
from ui.handlers.ask import LONGEST_QUESTION
from ui.handlers.within import selection

if TYPE_CHECKING:
    from ui.handlers.corpus import Planned

MOST_PASSAGES = 50
LONGEST_EXCERPT = 20_000
"""Characters of a source per request: about 5,000 tokens of a language model."""

Json = dict[str, Any]
SearchHit = tuple[ScoredPassage, Document]


@dataclass(frozen=True, slots=True)
class Span:
    """The requested part of a source: characters (`end` exclusive) or lines (1-based, inclusive); by default all."""

    start: int | None = None
    end: int | None = None
    first_line: int | None = None
    last_line: int | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Characters `start` to `end` of a document; `next` is where to continue, None if the request is complete."""

    root: str
    document: Document
    start: int
    end: int
    next: int | None

    @property
    def text(self) -> str:
        """The text of the excerpt."""
        return self.document.text[self.start : self.end]


def ask(
    assistant: Answering,
    question: str,
    history: Sequence[str] = (),
    *,
    as_typed: bool = False,
    within: Mapping[str, object] | None = None,
) -> Answer:
    """Answer a question; `history` contains the earlier questions, oldest first.

    If `as_typed`, the question is searched for as it is, and its history does
    not matter. `within` limits what is searched, see `ui.handlers.within.Within`.

    Raises:
        RequestInvalid: one of the questions is empty or too long, or there is no such selection.
    """
    _check_question(question, "question")
    for number, before in enumerate(history, 1):
        _check_question(before, f"history, question {number}")
    earlier = [before.strip() for before in history]
    return assistant.ask(question.strip(), earlier, as_typed=as_typed, within=selection(assistant, within))


def search(
    assistant: Answering, question: str, limit: int, *, within: Mapping[str, object] | None = None
) -> list[SearchHit]:
    """Return the passages nearest to a question, best first, each with its document.

    Raises:
        RequestInvalid: the question is empty or too long, `limit` is not from 1 to `MOST_PASSAGES`, or there is
            no such selection.
    """
    _check_question(question, "question")
    if not 1 <= limit <= MOST_PASSAGES:
        raise RequestInvalid(f"{limit} is out of range", "limit", f"pass a number from 1 to {MOST_PASSAGES}")
    found = assistant.search(question.strip(), limit, within=selection(assistant, within))
    return [(each, assistant.document(*each.passage.place)) for each in found]


def read(assistant: Answering, source: str, root: str, span: Span) -> Excerpt:
    """Return at most `LONGEST_EXCERPT` characters of a span; `root` may be "" if only one root contains the source.

    Raises:
        RequestInvalid: the source or span does not exist, or several roots contain the source.
    """
    root = _root_of(assistant, source, root)
    document = assistant.document(root, source)
    start, end = _characters(document, span)
    last = min(end, start + LONGEST_EXCERPT)
    return Excerpt(root, document, start, last, last if last < end else None)


def ask_json(answer: Answer) -> Json:
    """Return an answer as `cited ask --json` prints it."""
    return _sendable(answer_json(answer))  # type: ignore[no-any-return]


def search_json(question: str, hits: Sequence[SearchHit]) -> Json:
    """Return the hits of a search, each with its place and score."""
    return _sendable({"question": question, "passages": [passage_json(*each) for each in hits]})  # type: ignore[no-any-return]


def excerpt_json(excerpt: Excerpt) -> Json:
    """Return an excerpt and its place; `characters` is the length of the source, lines are None for extracted text."""
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
    """Return what a run would do: the sources by kind of change, and why a folder cannot be read."""
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
    """Return the text with lone surrogates, which cannot be sent, escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _sendable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, str):
        return sendable(value)
    if isinstance(value, dict):
        return {key: _sendable(each) for key, each in value.items()}
    return [_sendable(each) for each in value] if isinstance(value, list) else value


def _check_question(question: str, where: str) -> None:
    if not question.strip():
        raise RequestInvalid("the question is empty", where, "pass a question")
    if len(question) > LONGEST_QUESTION:
        what = f"the question is too long ({len(question):,} characters)"
        raise RequestInvalid(what, where, f"shorten it to at most {LONGEST_QUESTION:,}")


def _root_of(assistant: Answering, source: str, root: str) -> str:
    roots = assistant.roots_of(source)
    if not roots or (root and root not in roots):
        raise RequestInvalid("the index has no such source", source, "use a source returned by `ask` or `search`")
    if not root and len(roots) > 1:
        raise RequestInvalid("several folders contain this source", source, f"pass root: one of {', '.join(roots)}")
    return root or roots[0]


def _characters(document: Document, span: Span) -> tuple[int, int]:
    """Return the start and end of a span in characters."""
    if span.first_line is None and span.last_line is None:
        return _checked(document, span.start or 0, len(document.text) if span.end is None else span.end)
    if span.start is not None or span.end is not None:
        raise RequestInvalid("both characters and lines were requested", document.source, "pass only one kind")
    if not document.verbatim:
        raise RequestInvalid("extracted text has no lines", document.source, "pass start and end")
    ends = [line.end() for line in re.finditer(r"[^\n]*\n|[^\n]+", document.text)]
    first = 1 if span.first_line is None else span.first_line
    last = len(ends) if span.last_line is None else span.last_line
    if not 1 <= first <= min(last, len(ends)):
        what = f"lines {first} to {last} do not exist"
        raise RequestInvalid(what, document.source, f"it has {len(ends)} lines; pass 1 <= first_line <= last_line")
    return [0, *ends][first - 1], ends[min(last, len(ends)) - 1]


def _checked(document: Document, start: int, end: int) -> tuple[int, int]:
    length = len(document.text)
    if not 0 <= start <= min(end, length):
        what = f"characters {start} to {end} do not exist"
        raise RequestInvalid(what, document.source, f"it has {length} characters; pass 0 <= start <= end")
    return start, min(end, length)
