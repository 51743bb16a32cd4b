"""Render answers as JSON, terminal text and Markdown."""

import re
from typing import TYPE_CHECKING

from assistant.answering.agreement import agreements
from assistant.schema import Abstention, Answer, Quote, ScoredPassage
from ingest.origin import FileState
from ingest.schema import HEADING_SEPARATOR, Document

if TYPE_CHECKING:
    from rich.text import Text

RECOGNISED = "read by OCR"
FILE_NOTES = {
    FileState.CHANGED: "this file has changed since it was ingested",
    FileState.GONE: "this file no longer exists",
}


def answer_json(answer: Answer) -> dict[str, object]:
    """Return the answer as JSON-compatible values; offsets are in characters.

    Keys: question, abstained, reason, missing_terms, quotes, agreements (lists
    of quote numbers, see `agreements`), ranked, nearest, gate_score and run; see
    `Answer` and `Abstention` for their meaning.
    """
    abstention = answer.abstention
    return {
        "question": answer.question.encode("utf-8", "backslashreplace").decode("utf-8"),
        "abstained": abstention is not None,
        "reason": abstention.reason if abstention else None,
        "missing_terms": list(abstention.missing_terms) if abstention else [],
        "quotes": [quote_json(quote) for quote in answer.quotes],
        "agreements": [list(group) for group in agreements(answer.quotes)],
        "ranked": list(answer.ranked),
        "nearest": [quote_json(quote) for quote in abstention.nearest] if abstention else [],
        "gate_score": answer.gate_score,
        "run": answer.run,
    }


def quote_json(quote: Quote) -> dict[str, object]:
    """Return the quote, its place (character offsets in the document) and the state of its file."""
    return {
        "source": quote.source,
        "title": quote.title,
        "text": quote.text,
        "start": quote.evidence.start,
        "end": quote.evidence.end,
        "line": quote.line,
        "page": quote.page,
        "recognised": quote.recognised,
        "heading": quote.heading,
        "url": quote.url,
        "root": quote.evidence.passage.root,
        "file": quote.file.value,
    }


def passage_json(found: ScoredPassage, document: Document) -> dict[str, object]:
    """Return a search result: the passage with its place, as in `quote_json`, and its score."""
    passage = found.passage
    return {
        "source": passage.source,
        "title": passage.title,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "line": document.line(passage.start),
        "page": passage.page,
        "recognised": passage.recognised,
        "heading": HEADING_SEPARATOR.join(passage.heading) or None,
        "url": document.url,
        "root": passage.root,
        "score": found.score,
    }


def answer_text(answer: Answer, notice: str = "") -> "Text":
    """Return the answer for a terminal: quotes with their places or the abstention, then the corpus's notice."""
    from rich.text import Text

    text = Text()
    for number, quote in enumerate(answer.quotes, 1):
        text.append(f"[{number}] ", "bold cyan").append(f"{quote.text}\n")
        text.append(f"    {place(quote)}\n\n", "dim")
    if answer.abstention is not None:
        _append_abstention(text, answer.abstention)
    text.append(notice, "italic dim")
    text.rstrip()
    return text


def answer_markdown(answer: Answer, notice: str = "") -> str:
    """Return the question and its answer as Markdown; markup in the texts is escaped."""
    parts = [f"**{plain_markdown(' '.join(answer.question.split()))}**"]
    for number, quote in enumerate(answer.quotes, 1):
        parts += [quoted_markdown(quote.text), f"\\[{number}\\] {plain_markdown(place(quote))}"]
    if answer.abstention is not None:
        found = answer.abstention
        parts.append(f"The texts do not answer this. {plain_markdown(found.reason)}")
        parts.append(f"Searched {found.passages} passages of {found.documents} documents.")
        if found.nearest:
            parts.append("The nearest passages, which do not answer it:")
        for quote in found.nearest:
            parts += [quoted_markdown(quote.text), plain_markdown(place(quote))]
    if notice:
        parts.append(f"*{plain_markdown(notice)}*")
    return "\n\n".join(parts) + "\n"


def quoted_markdown(text: str) -> str:
    """Return the text as a Markdown block quote; markup in it is escaped."""
    return "\n".join(f"> {plain_markdown(line)}".rstrip() for line in text.splitlines())


def plain_markdown(text: str) -> str:
    """Return the text as one line with all Markdown markup escaped.

    Source: https://spec.commonmark.org/0.31.2/#backslash-escapes, and the
    tables of https://github.github.com/gfm/, which may start with a colon.
    """
    line = re.sub(r"[\r\n]+", " ", text).strip()
    escaped = re.sub(r"[\\`*_\[\]<>|~&#$]", r"\\\g<0>", line)
    return re.sub(r"^(\d*)([-+=.):])", r"\1\\\2", escaped)


def place(quote: Quote) -> str:
    """Describe where a quote is and what to know about its text: from its title to whether the file has changed."""
    lines = quote.text.count("\n")
    where = None
    if quote.page is not None:
        where = f"page {quote.page}"
    elif quote.line is not None:
        where = f"lines {quote.line}-{quote.line + lines}" if lines else f"line {quote.line}"
    recognised = RECOGNISED if quote.recognised else None
    parts = (quote.title, quote.heading, quote.source, where, recognised, quote.url, FILE_NOTES.get(quote.file))
    return " · ".join(dict.fromkeys(part for part in parts if part))


def _append_abstention(text: "Text", abstention: Abstention) -> None:
    text.append("The texts do not answer this.", "bold yellow").append(f" {abstention.reason}\n")
    text.append(f"Searched {abstention.passages} passages of {abstention.documents} documents.\n\n", "dim")
    if abstention.nearest:
        text.append("The nearest passages, which do not answer it:\n", "bold")
    for quote in abstention.nearest:
        text.append(f"  - {quote.text}\n").append(f"    {place(quote)}\n", "dim")
    text.append("\n")
