"""The conversation of the Ask tab as HTML: questions, quotes, abstentions, the welcome."""

import re
from collections.abc import Iterable, Sequence

from assistant.answering.agreement import agreements
from assistant.render import answer_markdown, answer_text
from assistant.schema import Abstention, Answer, Quote, Turn, Turns
from ingest.schema import CorpusDescription
from ui.handlers.ask import NAME, STOPPED
from ui.page.history_html import feedback_html, stale_words, standing_html
from ui.page.markup import count, failure_html, place_words, prose_html, safe
from ui.page.saving_html import save_form_html

TAGLINE = "Answers in exact quotes from these texts, or says that they do not answer"
PENDING = '<p class="searching">Searching the texts</p><button type="button" class="stop">Stop</button>'
OFFERED = 3
"""Questions that an abstention offers."""
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
        return "".join(_turn_html(turn, description) for turn in turns) + _next_html(turns, description.questions)
    about = f'<p class="about" dir="auto">{safe(description.description)}</p>' if description.description else ""
    body = failure_html(failure) if failure else about + _examples_html(description.questions, "For example")
    return f'<section class="welcome"><h2>What would you like to know?</h2>{body}</section>'


def note_html(note: str) -> str:
    """Return a hint beside the question box."""
    return f'<p role="status">{safe(note)}</p>'


def _turn_html(turn: Turn, description: CorpusDescription) -> str:
    if turn.failure == STOPPED:
        state, body = "stopped", _stopped_html(turn.question)
    elif turn.failure:
        state, body = "failed", failure_html(turn.failure)
    elif turn.answer is None:
        state, body = "pending", PENDING
    elif turn.answer.abstention:
        state, body = "abstained", _abstention_html(turn.number, turn.answer.abstention, description.questions)
    else:
        state, body = "answered", _quotes_html(turn, turn.answer.quotes)
    notice = description.notice if turn.answer else ""
    note = f'<p class="notice" dir="auto">{safe(notice)}</p>' if notice else ""
    actions = _actions_html(turn, turn.answer, notice) if turn.answer else ""
    return (
        f'<article class="turn" id="turn-{turn.number}" data-turn="{turn.number}" data-state="{state}" tabindex="-1"'
        f' aria-labelledby="question-{turn.number}"><div class="question"><span class="unseen">You asked: </span>'
        f'<h2 id="question-{turn.number}" dir="auto">{_question_html(turn)}</h2></div>'
        f'<div class="answer">{_understood_html(turn)}{body}{note}</div>{actions}</article>'
    )


def _next_html(turns: Turns, questions: Iterable[str]) -> str:
    """Return what else could be asked, under an answer; an abstention offers it itself."""
    last = turns[-1].answer
    if last is None or last.abstention is not None:
        return ""
    asked = {turn.question for turn in turns}
    unasked = [question for question in questions if question not in asked]
    return f'<aside class="next">{_examples_html(unasked[:OFFERED], "You could also ask")}</aside>'


def _question_html(turn: Turn) -> str:
    """Return the question as typed, with the words that the texts lack underlined."""
    missing = turn.answer.abstention.missing_terms if turn.answer and turn.answer.abstention else ()
    if not missing:
        return safe(turn.question)
    words = "|".join(re.escape(term) for term in sorted(missing, key=len, reverse=True))
    parts = re.split(rf"(?<!\w)({words})(?!\w)", turn.question)
    lacking = '<span class="lacking">{}</span>'
    return "".join(lacking.format(safe(part)) if at % 2 else safe(part) for at, part in enumerate(parts))


def _understood_html(turn: Turn) -> str:
    """Return the question as it was understood where that is not as typed, and the way to ask it as typed."""
    if turn.answer is None or turn.answer.question.split() == turn.question.split():
        return ""
    return (
        f'<p class="understood">Understood as: <span dir="auto">{safe(turn.answer.question)}</span>'
        f' <button type="button" class="typed" data-question="{safe(turn.question)}">Ask as typed</button></p>'
    )


def _stopped_html(question: str) -> str:
    return (
        f'<div class="failure"><p class="label">{STOPPED}</p>'
        f'<p><button type="button" class="example" data-question="{safe(question)}">Ask it again</button></p></div>'
    )


def _actions_html(turn: Turn, answer: Answer, notice: str) -> str:
    """Return what can be done with an answer: copy it, bring its sources back, rate it, save it as a test prompt."""
    notice = " ".join(filter(None, (stale_words(turn), notice)))
    number = f'data-turn="{turn.number}"'
    sources = f'<button type="button" class="sourced" aria-pressed="false" {number}>Show sources</button>'
    text, markdown = safe(_copied_text(answer, notice)), safe(answer_markdown(answer, notice))
    return (
        f'<div class="actions" role="group" aria-label="This answer">'
        f'<button type="button" class="copy" data-copy="{text}">Copy as text</button>'
        f'<button type="button" class="copy" data-copy="{markdown}">Copy as Markdown</button>'
        f"{sources if turn.shown else ''}</div>{feedback_html(turn)}{save_form_html(answer)}"
    )


def _copied_text(answer: Answer, notice: str) -> str:
    return f"{answer.question}\n\n{answer_text(answer, notice).plain}\n"


def _quotes_html(turn: Turn, quotes: Sequence[Quote]) -> str:
    files = {quote.evidence.passage.place for quote in quotes}
    items = "".join(_quote_html(turn, number, quote) for number, quote in enumerate(quotes, 1))
    return (
        f'<p class="label">{count(len(quotes), "quote")} from {count(len(files), "source")}</p>'
        f'<ol class="quotes">{items}</ol>{"".join(_agreement_html(group) for group in agreements(quotes))}'
    )


def _agreement_html(numbers: Sequence[int]) -> str:
    *others, last = (f"[{number}]" for number in numbers)
    return f'<p class="agreement">{len(numbers)} sources agree: {", ".join(others)} and {last} say the same.</p>'


def _quote_html(turn: Turn, number: int, quote: Quote) -> str:
    title = safe(quote.title)
    place = " · ".join(filter(None, (f"<cite><bdi>{title}</bdi></cite>", place_words(quote.page, quote.line))))
    return (
        f'<li id="quote-{turn.number}-{number}" tabindex="-1">'
        f'<blockquote dir="auto">{prose_html(quote.text)}</blockquote>'
        f'<p class="where"><a class="cited" href="#card-{turn.number}-{number}"'
        f' aria-label="[{number}] Show in {title}">[{number}]</a> {place}</p>{standing_html(turn, number)}</li>'
    )


def _abstention_html(turn: int, abstention: Abstention, questions: Sequence[str]) -> str:
    unnamed = [term for term in abstention.missing_terms if term not in abstention.reason]
    terms = "".join(f"<li><bdi>{safe(term)}</bdi></li>" for term in unnamed)
    missing = f'<p>Not in these texts:</p><ul class="terms">{terms}</ul>' if terms else ""
    searched = f"Searched all {count(abstention.documents, 'document')}, {count(abstention.passages, 'passage')}."
    near, do = count(len(abstention.nearest), "nearest passage"), "does" if len(abstention.nearest) == 1 else "do"
    nearest = (
        f'<p><a class="cited" href="#sources-{turn}">See the {near}</a>, which {do} not answer it.</p>'
        if abstention.nearest
        else ""
    )
    return (
        '<div class="abstention"><p class="label">The texts do not answer this</p>'
        f'<p class="reason" dir="auto">{safe(abstention.reason)}</p>{missing}'
        f'<p class="searched">{searched}</p>{nearest}'
        f"{_examples_html(questions[:OFFERED], 'They do answer, for example')}</div>"
    )


def _examples_html(questions: Iterable[str], title: str) -> str:
    chips = "".join(
        f'<li><button type="button" class="example" dir="auto" data-question="{question}">{question}</button></li>'
        for question in map(safe, questions)
    )
    return f'<div class="examples"><p>{title}</p><ul>{chips}</ul></div>' if chips else ""
