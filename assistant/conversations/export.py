"""Exports a conversation as Markdown, JSON or a self-contained HTML file."""

from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

from assistant.conversations.json_file import conversation_json, text_sha256
from assistant.render import (
    WITHIN,
    heading_before,
    notes,
    notes_below,
    place,
    plain_markdown,
    quoted_markdown,
    remark_markdown,
    searched,
    understood_label,
    verdict,
    within_words,
)
from assistant.schema import Answer, Conversation, Quote


class Cited(NamedTuple):
    """A quoted text: its number in the turn (1-based), its place in words and for programs, and the notes on it."""

    number: int
    text: str
    place: str
    root: str
    start: int
    end: int
    sha256: str
    notes: list[str]


def exported(conversation: Conversation, kind: str) -> str | None:
    """Return a conversation in the format `kind`: json, md or html; None for any other."""
    kinds = {"json": conversation_json, "md": conversation_markdown, "html": conversation_html}
    return kinds[kind](conversation) if kind in kinds else None


def conversation_markdown(conversation: Conversation) -> str:
    """Return a conversation as Markdown; markup in the texts is escaped."""
    parts = [f"# {plain_markdown(conversation.name)}", f"Started {conversation.begun:%Y-%m-%d %H:%M} UTC."]
    for turn in conversation.turns:
        parts.append(f"## {turn.number}. {plain_markdown(' '.join(turn.question.split()))}")
        if turn.failure:
            parts.append(f"This did not work: {plain_markdown(turn.failure)}")
        if turn.answer is not None:
            parts += _answer_markdown(turn.answer, turn.question)
    return "\n\n".join(parts) + "\n"


def conversation_html(conversation: Conversation) -> str:
    """Return a conversation as one HTML file; it loads nothing, runs nothing, and escapes all text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = resources.files("assistant.conversations").joinpath("conversation.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        conversation=conversation,
        cited=_cited,
        understood_label=understood_label,
        verdict=verdict,
        searched=searched,
        within_label=WITHIN,
        within_words=within_words,
        heading_before=heading_before,
        notes_below=notes_below,
    )


def _cited(quotes: tuple[Quote, ...]) -> list[Cited]:
    return [
        Cited(
            number,
            quote.text,
            place(quote),
            quote.evidence.passage.root,
            quote.evidence.start,
            quote.evidence.end,
            text_sha256(quote.text),
            notes(quote),
        )
        for number, quote in enumerate(quotes, 1)
    ]


def _answer_markdown(answer: Answer, question: str) -> Iterator[str]:
    if answer.question != question:
        yield f"{understood_label(answer)}: {plain_markdown(answer.question)}"
    if answer.within:
        yield f"{WITHIN}: {plain_markdown(within_words(answer.within))}"
    if answer.remark is not None:
        yield remark_markdown(answer.remark)
    abstention = answer.abstention
    if abstention is not None:
        yield f"**{verdict(answer)}** {plain_markdown(abstention.reason)}"
        yield searched(answer)
    for cited in _cited(abstention.nearest if abstention else answer.quotes):
        if abstention is not None and (heading := heading_before(cited.number, abstention)):
            yield heading
        yield quoted_markdown(cited.text)
        programs = plain_markdown(_for_programs(cited, answer.run))
        yield f"\\[{cited.number}\\] {plain_markdown(cited.place)}  \n{programs}"
        yield from map(plain_markdown, cited.notes)
    yield from map(plain_markdown, notes_below(answer))


def _for_programs(cited: Cited, run: int) -> str:
    return f"{cited.root}, characters {cited.start}–{cited.end}, run {run}, SHA-256 {cited.sha256}"
