"""Render answers as JSON, terminal text and Markdown."""

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from assistant.answering.agreement import agreements
from assistant.schema import Abstention, Answer, Outline, Quote, Remark, ScoredPassage, State, texts_searched
from ingest.origin import FileState
from ingest.schema import HEADING_SEPARATOR, Document, Selection

if TYPE_CHECKING:
    from rich.text import Text

RECOGNISED = "read by OCR"
ALSO = "The same words"
PART_OF_LIST = "Part of a longer list"
WITHIN = "Searched only"
NAMED = 3  # sources and folders of a selection that are named; the others are counted
NEAREST = "The nearest passages, which do not answer it:"
FILE_NOTES = {
    FileState.CHANGED: "this file has changed since it was ingested",
    FileState.GONE: "this file no longer exists",
}


def answer_json(answer: Answer) -> dict[str, object]:
    """Return the answer as JSON-compatible values; offsets are in characters.

    Keys: question, state, abstained, reason, missing_terms, quotes, agreements (lists
    of quote numbers, see `agreements`), ranked, nearest, gate_score, run,
    corrections, remark, outlines, open_parts, within (see `within_json`) and hint; see
    `Answer`, `Abstention` and `Remark` for their meaning.
    """
    abstention = answer.abstention
    return {
        "question": answer.question.encode("utf-8", "backslashreplace").decode("utf-8"),
        "state": answer.state.value,
        "abstained": abstention is not None,
        "reason": abstention.reason if abstention else None,
        "missing_terms": list(abstention.missing_terms) if abstention else [],
        "quotes": [quote_json(quote) for quote in answer.quotes],
        "agreements": [list(group) for group in agreements(answer.quotes)],
        "ranked": list(answer.ranked),
        "nearest": [quote_json(quote) for quote in abstention.nearest] if abstention else [],
        "gate_score": answer.gate_score,
        "run": answer.run,
        "corrections": [{"typed": each.typed, "text": each.text} for each in answer.corrections],
        "remark": answer.remark.text if answer.remark else None,
        "open_parts": list(answer.open_parts),
        "outlines": [outline_json(outline) for outline in answer.remark.outlines] if answer.remark else [],
        "within": within_json(answer.within),
        "hint": answer.hint,
    }


def within_json(within: Selection) -> dict[str, object] | None:
    """Return a selection as JSON-compatible values; None if it is everything.

    Keys: sources (sources and folders, with their root if it is known), kinds,
    after and before (days, written YYYY-MM-DD, or None).
    """
    if not within:
        return None
    return {
        "sources": ["/".join(filter(None, place)) for place in within.places],
        "kinds": list(within.kinds),
        "after": within.after and within.after.isoformat(),
        "before": within.before and within.before.isoformat(),
    }


def within_words(within: Selection) -> str:
    """Return a selection in words, such as "letters, notes.md; pdf files; read since 2026-01-31"; "" for everything."""
    names = [path or PurePath(root).name for root, path in within.places]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    parts = (
        f"{', '.join(names[:NAMED])}{more}",
        f"{', '.join(within.kinds)} files" if within.kinds else "",
        f"read since {within.after}" if within.after else "",
        f"read before {within.before}" if within.before else "",
    )
    return "; ".join(filter(None, parts))


def verdict(answer: Answer) -> str:
    """Return the sentence that opens an abstention."""
    if answer.state is State.UNCERTAIN:
        return "This may be it."
    return f"{texts_searched(answer.within)} do not answer this."


def notes_below(answer: Answer) -> list[str]:
    """Return what to say below the quotes: the parts of the question that they do not answer, and the hint."""
    open_parts = (f"{texts_searched(answer.within)} do not answer: {part}" for part in answer.open_parts)
    return [*open_parts, *filter(None, [answer.hint])]


def searched(answer: Answer) -> str:
    """Return how much was searched before abstaining."""
    abstention = answer.abstention
    if abstention is None:
        return ""
    documents = f"the {abstention.documents} chosen" if answer.within else f"{abstention.documents}"
    passages_end, documents_end = ("" if number == 1 else "s" for number in (abstention.passages, abstention.documents))
    return f"Searched {abstention.passages} passage{passages_end} of {documents} document{documents_end}."


def quote_json(quote: Quote) -> dict[str, object]:
    """Return the quote, its place (character offsets in the document), the state of its file, and where it also is."""
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
        "also": [quote_json(other) for other in quote.also],
        "part_of_list": quote.part_of_list,
    }


def notes(quote: Quote) -> list[str]:
    """Return what is said below the place of a quote: that its list goes on, and where the same text stands too."""
    part = [PART_OF_LIST] if quote.part_of_list else []
    return part + [f"{ALSO}: {place(other)}" for other in quote.also]


def heading_before(number: int, abstention: Abstention) -> str:
    """Return what to write before a place, numbered from 1; only the first that does not answer has some."""
    return NEAREST if number == (2 if abstention.uncertain else 1) else ""


def outline_json(outline: Outline) -> dict[str, object]:
    """Return a source of the corpus with its title and headings; offsets are characters of the source."""
    return {
        "source": outline.source,
        "title": outline.title,
        "url": outline.url,
        "root": outline.root,
        "headings": [
            {"text": each.text, "start": each.start, "end": each.end, "line": each.line, "page": each.page}
            for each in outline.headings
        ],
        "left_out": outline.left_out,
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
    if answer.corrections:
        text.append(f"Searched for: {answer.question}\n\n", "dim")
    if answer.within:
        text.append(f"{WITHIN}: {within_words(answer.within)}\n\n", "dim")
    if answer.remark is not None:
        return _remark_text(answer.remark)
    for number, quote in enumerate(answer.quotes, 1):
        text.append(f"[{number}] ", "bold cyan").append(f"{quote.text}\n")
        text.append("".join(f"    {each}\n" for each in (place(quote), *notes(quote))) + "\n", "dim")
    for part in notes_below(answer):
        text.append(f"{part}\n\n", "bold yellow")
    if answer.abstention is not None:
        _append_abstention(text, answer, answer.abstention)
    text.append(notice, "italic dim")
    text.rstrip()
    return text


def answer_markdown(answer: Answer, notice: str = "") -> str:
    """Return the question and its answer as Markdown; markup in the texts is escaped."""
    parts = [f"**{plain_markdown(' '.join(answer.question.split()))}**"]
    if answer.within:
        parts.append(f"{WITHIN}: {plain_markdown(within_words(answer.within))}")
    for number, quote in enumerate(answer.quotes, 1):
        parts += [quoted_markdown(quote.text), f"\\[{number}\\] {plain_markdown(place(quote))}"]
        parts += map(plain_markdown, notes(quote))
    if answer.remark is not None:
        parts.append(remark_markdown(answer.remark))
        return "\n\n".join(parts) + "\n"
    parts += map(plain_markdown, notes_below(answer))
    if answer.abstention is not None:
        found = answer.abstention
        parts.append(f"{verdict(answer)} {plain_markdown(found.reason)}")
        parts.append(searched(answer))
        for number, quote in enumerate(found.nearest, 1):
            heading = heading_before(number, found)
            parts += [*([heading] if heading else []), quoted_markdown(quote.text), plain_markdown(place(quote))]
    if notice:
        parts.append(f"*{plain_markdown(notice)}*")
    return "\n\n".join(parts) + "\n"


def remark_markdown(remark: Remark) -> str:
    """Return a remark and the sources that it lists as Markdown; markup in their titles and headings is escaped."""
    return "\n\n".join([plain_markdown(remark.text), "\n".join(map(_outline_markdown, remark.outlines))]).rstrip()


def understood_label(answer: Answer) -> str:
    """Return what to write before a question that was not searched for as typed."""
    return "Searched for" if answer.corrections else "Understood as"


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


def _remark_text(remark: Remark) -> "Text":
    from rich.text import Text

    text = Text(f"{remark.text}\n")
    for outline in remark.outlines:
        text.append(f"\n{outline.title}", "bold").append(f"  {outline.source}\n", "dim")
        for heading in outline.headings:
            text.append(f"  - {heading.text}\n")
        if outline.left_out:
            text.append(f"  … {outline.left_out} more\n", "dim")
    text.rstrip()
    return text


def _outline_markdown(outline: Outline) -> str:
    lines = [f"- **{plain_markdown(outline.title)}** · {plain_markdown(outline.source)}"]
    lines += [f"  - {plain_markdown(heading.text)}" for heading in outline.headings]
    return "\n".join([*lines, f"  - … {outline.left_out} more"] if outline.left_out else lines)


def _append_abstention(text: "Text", answer: Answer, abstention: Abstention) -> None:
    text.append(verdict(answer), "bold yellow").append(f" {abstention.reason}\n")
    text.append(f"{searched(answer)}\n\n", "dim")
    for number, quote in enumerate(abstention.nearest, 1):
        if heading := heading_before(number, abstention):
            text.append(f"{heading}\n", "bold")
        text.append(f"  - {quote.text}\n").append(f"    {place(quote)}\n", "dim")
    text.append("\n")
