"""The Ask tab: turns of a conversation in, HTML out; every text is escaped on its way."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import quote as percent
from urllib.parse import urlsplit, urlunsplit

from assistant.render import FILE_NOTES
from assistant.schema import Abstention, Answer, Quote
from ingest.errors import UserFacingError
from ingest.origin import FileState
from ingest.schema import HEADING_SEPARATOR, CorpusDescription, Document
from ui.markup import count, failure_html, fingerprint, opener_html, safe
from ui.saving import save_form_html

NAME = "Cited Assistant"
TAGLINE = "Answers in exact quotes from these texts, or says that they do not answer"
LONGEST_QUESTION = 10_000
"""Characters; far above any question, far below what would slow an encoder down."""
MOST_TURNS = 40
"""Turns kept in one conversation; older ones leave the page."""

FAULT = "The program has a fault; its log says where. Ask again, or ask something else"
KEYS = '<p class="keys"><kbd>Enter</kbd> asks, <kbd>Shift Enter</kbd> starts a line, <kbd>/</kbd> comes back here</p>'
SOFT_BREAK = re.compile(r"(?m)^.{50,}(?<=\S)\n(?=[^\W\d_]|[\"'“‘(])")
"""A line end inside a paragraph wrapped by hand: the line before is long, the next begins with a word."""


class Answering(Protocol):
    """What the page needs of an assistant."""

    def ask(self, question: str) -> Answer:
        """Answer the question in quotes, or abstain."""

    def description(self) -> CorpusDescription:
        """Return what the corpus says of itself."""

    def document(self, root: str, source: str) -> Document:
        """Return a whole source as indexed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and its answer, or the message of what failed; neither while it is pending."""

    number: int
    question: str
    answer: Answer | None = None
    failure: str = ""

    @property
    def pending(self) -> bool:
        """Whether the answer is still awaited."""
        return self.answer is None and not self.failure


Turns = tuple[Turn, ...]


def hint(question: str) -> str:
    """Return what to tell the person about a question that cannot be asked, "" where it can."""
    if not question.strip():
        return "Type a question first, then press Enter."
    if len(question) > LONGEST_QUESTION:
        return f"This question has {len(question):,} characters; shorten it to {LONGEST_QUESTION:,} at most."
    return ""


def note_html(note: str) -> str:
    """Return a hint beside the question box."""
    return f'<p role="status">{safe(note)}</p>'


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


def header_html(description: CorpusDescription, logo: str) -> str:
    """Return the head of the page; `logo` is SVG of ours and is not escaped."""
    return (
        f'<div class="brand"><span class="logo">{logo}</span>'
        f'<div><h1 dir="auto">{safe(description.name or NAME)}</h1><p>{safe(TAGLINE)}</p></div></div>'
    )


def conversation_html(turns: Turns, description: CorpusDescription, failure: str = "") -> str:
    """Return the conversation, or a welcome where there is none; `failure` says why nothing can be asked."""
    if turns:
        return "".join(_turn_html(turn, description) for turn in turns)
    about = f'<p class="about" dir="auto">{safe(description.description)}</p>' if description.description else ""
    body = failure_html(failure) if failure else about + _examples_html(description.questions, "For example")
    return f'<section class="welcome"><h2>What would you like to know?</h2>{body}</section>'


def sources_html(turns: Turns) -> str:
    """Return the sources of every turn, those of the latest shown, or how to read them where there is none."""
    if not turns:
        return _legend_html()
    return "".join(_sources_html(turn, shown=turn is turns[-1]) for turn in turns)


def reader_html(document: Document, *, start: int, end: int, sha: str) -> str:
    """Return the whole document with its quote marked, as the body of a dialog.

    `start` and `end` are offsets of the document, `sha` the `fingerprint` of
    the quote: where the text there is another by now, a note says so and
    nothing is marked. An empty span marks nothing.
    """
    found = 0 <= start < end <= len(document.text) and fingerprint(document.text[start:end]) == sha
    note = (
        ""
        if found or start == end
        else '<p class="state">This source was ingested again since; the quote no longer stands at its place.</p>'
    )
    mark = (start, end) if found else (0, 0)
    place = _place(document.page(mark[0]), document.line(mark[0])) if found else ""
    where = " · ".join(filter(None, (safe(document.source), place)))
    return (
        f'<header><h2 id="reader-title" dir="auto">{safe(document.title)}</h2>'
        f'<p class="where"><bdi>{where}</bdi></p>{note}</header>'
        f'<div class="text">{_marked_document(document, mark)}</div>'
    )


def reader_failure_html(error: UserFacingError) -> str:
    """Return what the dialog shows of a source that cannot be read."""
    return f'<header><h2 id="reader-title">This source cannot be shown</h2></header>{failure_html(str(error))}'


def web_address(url: str | None, text: str = "") -> str | None:
    """Return an http or https address that leads to `text` on its page; None for anything else.

    Source: https://wicg.github.io/scroll-to-text-fragment/
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    words = text.split()
    ends = [words] if len(words) <= 10 else [words[:5], words[-5:]]
    fragment = ",".join(percent(" ".join(end), safe="").replace("-", "%2D") for end in ends if end)
    directive = f":~:text={fragment}" if fragment else ""
    return urlunsplit(parts._replace(fragment=parts.fragment + directive))


def prose_html(text: str, mark: tuple[int, int] = (0, 0)) -> str:
    """Return the text with the characters at `mark` marked, wrapped lines joined to the eye, nothing left out."""
    breaks = [match.end() - 1 for match in SOFT_BREAK.finditer(text)]

    def piece(start: int, end: int) -> str:
        inside = [at for at in breaks if start <= at < end]
        lines = zip([start, *(at + 1 for at in inside)], [*inside, end], strict=True)
        return '<span class="wrap">\n</span>'.join(safe(text[first:last]) for first, last in lines)

    start, end = mark
    if start >= end:
        return piece(0, len(text))
    return f"{piece(0, start)}<mark>{piece(start, end)}</mark>{piece(end, len(text))}"


def _place(page: int | None, line: int | None) -> str:
    pages = f"page {page:,}" if page is not None else ""
    lines = f"line {line:,}" if line is not None else ""
    return ", ".join(filter(None, (pages, lines)))


def _turn_html(turn: Turn, description: CorpusDescription) -> str:
    if turn.failure:
        state, body = "failed", failure_html(turn.failure)
    elif turn.answer is None:
        state, body = "pending", '<p class="searching">Searching the texts</p>'
    elif turn.answer.abstention:
        state, body = "abstained", _abstention_html(turn.number, turn.answer.abstention, description.questions)
    else:
        state, body = "answered", _quotes_html(turn.number, turn.answer.quotes)
    saving = save_form_html(turn.answer) if turn.answer else ""
    notice = description.notice if turn.answer else ""
    note = f'<p class="notice" dir="auto">{safe(notice)}</p>' if notice else ""
    return (
        f'<article class="turn" id="turn-{turn.number}" data-turn="{turn.number}" data-state="{state}">'
        f'<div class="question"><span class="unseen">You asked: </span><p dir="auto">{safe(turn.question)}</p></div>'
        f'<div class="answer">{body}{note}</div>{saving}</article>'
    )


def _quotes_html(turn: int, quotes: Sequence[Quote]) -> str:
    files = {(quote.evidence.passage.root, quote.source) for quote in quotes}
    items = "".join(_quote_html(turn, number, quote) for number, quote in enumerate(quotes, 1))
    return (
        f'<p class="label">{count(len(quotes), "quote")} from {count(len(files), "source")}</p>'
        f'<ol class="quotes">{items}</ol>'
    )


def _quote_html(turn: int, number: int, quote: Quote) -> str:
    title = safe(quote.title)
    place = " · ".join(filter(None, (f"<cite><bdi>{title}</bdi></cite>", _place(quote.page, quote.line))))
    return (
        f'<li id="quote-{turn}-{number}" tabindex="-1"><blockquote dir="auto">{prose_html(quote.text)}</blockquote>'
        f'<p class="where"><a class="cited" href="#card-{turn}-{number}"'
        f' aria-label="[{number}] Show in {title}">[{number}]</a> {place}</p></li>'
    )


def _abstention_html(turn: int, abstention: Abstention, questions: Iterable[str]) -> str:
    terms = "".join(f"<li><bdi>{safe(term)}</bdi></li>" for term in abstention.missing_terms)
    missing = f'<p>Not in these texts:</p><ul class="terms">{terms}</ul>' if terms else ""
    searched = (
        f"Searched {count(abstention.passages, 'passage')} of {count(abstention.documents, 'document')}, all of them."
    )
    near = count(len(abstention.nearest), "nearest passage")
    nearest = f'<p><a class="cited" href="#sources-{turn}">See the {near}</a></p>' if abstention.nearest else ""
    return (
        '<div class="abstention"><p class="label">The texts do not answer this</p>'
        f'<p class="reason" dir="auto">{safe(abstention.reason)}</p>{missing}'
        f'<p class="searched">{searched}</p>{nearest}'
        f"{_examples_html(questions, 'They do answer, for example')}</div>"
    )


def _examples_html(questions: Iterable[str], title: str) -> str:
    chips = "".join(
        f'<li><button type="button" class="example" dir="auto">{safe(question)}</button></li>' for question in questions
    )
    return f'<div class="examples"><p>{title}</p><ul>{chips}</ul></div>' if chips else ""


def _legend_html() -> str:
    return (
        '<section class="legend"><h2>Sources</h2><p>What an answer quotes stands here, like this:</p>'
        '<div class="card specimen"><header><span class="number">1</span><p class="name">Title of the text</p></header>'
        '<span class="heading">Heading › above the quote</span><span class="where">folder/file.md · line 12</span>'
        '<p class="passage">Its whole paragraph, so that you see what comes before. <mark>The quote is marked where it '
        "stands.</mark> And what comes after it.</p></div><dl>"
        "<dt>Exact</dt><dd>Every answer is cut out of the texts, character for character. "
        "Nothing is reworded, nothing is made up.</dd>"
        "<dt>In its place</dt><dd>Each quote names its file, heading and page or line, and opens there.</dd>"
        "<dt>Or not at all</dt><dd>What the texts do not answer is said so, with the nearest passages.</dd>"
        "</dl></section>"
    )


def _sources_html(turn: Turn, *, shown: bool) -> str:
    nearest = turn.answer.abstention.nearest if turn.answer and turn.answer.abstention else ()
    quotes = turn.answer.quotes if turn.answer else ()
    cards = "".join(_card_html(turn.number, number, quote) for number, quote in enumerate(quotes, 1))
    folded = "".join(_nearest_html(quote) for quote in nearest)
    empty = "" if cards or folded else '<p class="empty">No passages to show for this question.</p>'
    title = "Nearest passages" if nearest else "Sources"
    hidden = "" if shown else " hidden"
    return (
        f'<section class="sources" id="sources-{turn.number}" data-turn="{turn.number}" tabindex="-1"{hidden}>'
        f'<header><h2>{title}</h2><p class="for" dir="auto">{safe(turn.question)}</p></header>'
        f"{cards}{folded}{empty}</section>"
    )


def _card_html(turn: int, number: int, quote: Quote) -> str:
    passage = quote.evidence.passage
    text = prose_html(passage.text, (quote.evidence.start - passage.start, quote.evidence.end - passage.start))
    back = f'<a class="back cited" href="#quote-{turn}-{number}">Back to the answer</a>'
    return (
        f'<article class="card" id="card-{turn}-{number}" tabindex="-1" aria-labelledby="title-{turn}-{number}">'
        f'<header><span class="number" aria-hidden="true">{number}</span>'
        f'<h3 id="title-{turn}-{number}"><span class="unseen">{number}: </span>'
        f"<bdi>{safe(quote.title)}</bdi></h3></header>{_origin_html(quote)}"
        f'<blockquote class="passage" dir="auto">{text}</blockquote>{_actions_html(quote, back)}</article>'
    )


def _nearest_html(quote: Quote) -> str:
    return (
        '<details class="card nearest"><summary><span class="tag">nearest passage, not an answer</span>'
        f'<span class="title"><bdi>{safe(quote.title)}</bdi></span>{_origin_html(quote)}</summary>'
        f'<blockquote class="passage" dir="auto">{prose_html(quote.evidence.passage.text)}</blockquote>'
        f"{_actions_html(quote)}</details>"
    )


def _origin_html(quote: Quote) -> str:
    """Return heading, file, page and line, in phrasing elements only: it also stands in a summary."""
    path = quote.evidence.passage.heading
    above = HEADING_SEPARATOR.join(path[1:] if path[:1] == (quote.title,) else path)
    heading = f'<span class="heading" dir="auto">{safe(above)}</span>' if above else ""
    note = FILE_NOTES.get(quote.file)
    state = f'<span class="state">{note[:1].upper()}{note[1:]}.</span>' if note else ""
    file = f'<bdi class="file" title="{safe(quote.evidence.passage.root)}">{safe(quote.source)}</bdi>'
    place = " · ".join(filter(None, (file, _place(quote.page, quote.line))))
    return f'{heading}<span class="where">{place}</span>{state}'


def _actions_html(quote: Quote, back: str = "") -> str:
    evidence = quote.evidence
    address = web_address(quote.url, quote.text)
    link = _link_html(address) if address else f'<bdi class="address">{safe(quote.url)}</bdi>' if quote.url else ""
    span = (evidence.start, evidence.end)
    opener = opener_html(evidence.passage.root, quote.source, span, quote.text, title=quote.title)
    return f"<footer>{opener}{_check_html(quote)}{link}{back}</footer>"


def _check_html(quote: Quote) -> str:
    """Return, of a file that is no longer what was ingested, the way to ingest it again."""
    return "" if quote.file is FileState.SAME else '<button type="button" class="check">Check for changes</button>'


def _link_html(address: str) -> str:
    site = safe(urlsplit(address).netloc)
    return (
        f'<a class="address" href="{safe(address)}" target="_blank" rel="noopener noreferrer">'
        f'<bdi>{site}</bdi><span class="unseen"> (opens in a new tab)</span></a>'
    )


def _marked_document(document: Document, mark: tuple[int, int]) -> str:
    parts: list[str] = []
    at = 0
    for heading in document.headings:
        parts.append(_marked_text(document.text, (at, heading.start), mark))
        level = min(heading.level + 2, 6)
        parts.append(f'<h{level} dir="auto">{safe(heading.title)}</h{level}>')
        at = heading.end
    parts.append(_marked_text(document.text, (at, len(document.text)), mark))
    return "".join(parts)


def _marked_text(text: str, span: tuple[int, int], mark: tuple[int, int]) -> str:
    """Return the text of a span without the empty lines around it; what lies in `mark` is marked."""
    start, end = span
    while start < end and text[start] == "\n":
        start += 1
    while start < end and text[end - 1] == "\n":
        end -= 1
    first, last = max(start, mark[0]), min(end, mark[1])
    return f"<div>{prose_html(text[start:end], (first - start, last - start))}</div>" if start < end else ""
