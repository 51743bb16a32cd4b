"""The conversation of the Ask tab as HTML: questions, quotes, abstentions, the welcome."""

from collections.abc import Iterable, Sequence

from assistant.schema import Abstention, Quote, Turn, Turns
from ingest.schema import CorpusDescription
from ui.ask import NAME
from ui.markup import count, failure_html, place_words, prose_html, safe
from ui.saving import save_form_html

TAGLINE = "Answers in exact quotes from these texts, or says that they do not answer"
KEYS = '<p class="keys"><kbd>Enter</kbd> asks, <kbd>Shift Enter</kbd> starts a line, <kbd>/</kbd> comes back here</p>'


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


def note_html(note: str) -> str:
    """Return a hint beside the question box."""
    return f'<p role="status">{safe(note)}</p>'


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
    place = " · ".join(filter(None, (f"<cite><bdi>{title}</bdi></cite>", place_words(quote.page, quote.line))))
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
