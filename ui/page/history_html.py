"""Kept conversations as HTML: their list, how a quote stands today, whether an answer was useful."""

import json
import time
from collections import Counter

from assistant.schema import Found, Quote, Rating, Standing, Status, Turn
from ui.handlers.history import Kept, Listing
from ui.handlers.keeper import Opened
from ui.page.markup import Place, count, heading_words, opener_html, place_words, prose_html, safe

MOST_LISTED = 100
"""Conversations that are listed at once; a search finds the others."""
KINDS = {"md": "Markdown", "html": "HTML", "json": "JSON"}

PANEL = (
    '<details class="kept" open><summary><h2>Conversations</h2></summary>'
    '<button type="button" class="new">New conversation</button>'
    '<label class="unseen" for="find-kept">Search your conversations</label>'
    '<input type="search" id="find-kept" placeholder="Search" autocomplete="off">'
    '<div class="listed" aria-live="off"></div><p class="told" role="status"></p></details>'
)


def list_html(listing: Listing, opened: str, find: str) -> str:
    """Return the list of kept conversations; the open one with what can be done with it."""
    items = "".join(_item_html(entry, current=entry.id == opened) for entry in listing.kept[:MOST_LISTED])
    more = len(listing.kept) - MOST_LISTED
    hints = [] if items else ["None of them holds these words." if find.strip() else "What you ask is kept here."]
    hints += [f"{more:,} older ones: search for their words."] if more > 0 else []
    hints += [f"Cannot be read, and left as it is: {path}" for path in listing.unreadable]
    told = "".join(f'<p class="hint">{safe(hint)}</p>' for hint in hints)
    return f"<ul>{items}</ul>{told}" if items else told


def opened_html(opened: Opened) -> str:
    """Return what the page's script needs to know of the conversation that is shown; it changes every time."""
    standings = Counter(
        standing.status for turn in opened.turns if turn.answer and turn.answer.quotes for standing in turn.standings
    )
    sums = ", ".join(f"{standings[status]} {status}" for status in Status if standings[status])
    told = f"{count(standings.total(), 'quote')}: {sums}." if sums else "It has no quotes to check."
    return (
        f'<span data-conversation="{safe(opened.id)}" data-kept="{str(opened.kept).lower()}"'
        f' data-told="{told}" data-at="{time.time_ns()}"></span>'
    )


def standing_html(turn: Turn, number: int) -> str:
    """Return what there is to say of how a shown text (1-based) stands today; nothing of one that stands as it did."""
    standing = _standing(turn, number)
    if standing is None or (standing.status is Status.SAME and standing.framed):
        return ""
    quote = turn.shown[number - 1]
    now = "" if standing.status is Status.SAME or standing.found is None else _now_html(standing, standing.found, quote)
    words = _words(quote, standing)
    return f'<div class="standing" data-standing="{standing.status}"><p>{words}</p>{now}</div>'


def stale_words(turn: Turn) -> str:
    """Return a warning for whoever copies an answer of which something no longer stands; "" where all does."""
    stale = [str(number) for number, standing in enumerate(turn.standings, 1) if not standing.stands]
    if not stale:
        return ""
    return f"Looked at again: {', '.join(f'[{number}]' for number in stale)} no longer stands in the texts."


def feedback_html(turn: Turn) -> str:
    """Return the form that asks whether an answer was useful, and why."""
    if turn.answer is None:
        return ""
    rating, name = turn.rating, f"reason-{turn.number}"
    quotes = [_given(quote) for quote in turn.answer.quotes]
    answer = {
        "turn": turn.number,
        "question": turn.question,
        "understood": turn.answer.question,
        "abstained": turn.answer.abstention is not None,
        "run": turn.answer.run,
        "quotes": quotes,
    }
    buttons = "".join(
        f'<button type="button" class="rate" data-useful="{str(useful).lower()}"'
        f' aria-pressed="{str(rating is not None and rating.useful is useful).lower()}">{label}</button>'
        for useful, label in ((True, "Useful"), (False, "Not useful"))
    )
    return (
        f'<form class="rating" data-answer="{safe(json.dumps(answer))}">'
        f'<div role="group" aria-label="Was this answer useful?">{buttons}</div>{_why_html(rating, name)}'
        '<p role="status"></p></form>'
    )


def _why_html(rating: Rating | None, name: str) -> str:
    hidden, reason = ("", rating.reason) if rating else (" hidden", "")
    return (
        f'<div class="why"{hidden}><label for="{name}">Why?</label>'
        f'<input id="{name}" maxlength="1000" autocomplete="off" value="{safe(reason)}">'
        '<button type="submit">Keep the reason</button>'
        '<button type="button" class="to-prompt">Make it a test prompt</button></div>'
    )


def _given(quote: Quote) -> dict[str, object]:
    evidence = quote.evidence
    place = {"root": evidence.passage.root, "source": quote.source, "start": evidence.start, "end": evidence.end}
    return {**place, "text": quote.text}


def _item_html(entry: Kept, *, current: bool) -> str:
    when = entry.changed.astimezone()
    link = (
        f'<a href="?conversation={entry.id}" data-open="{entry.id}" dir="auto"'
        f"{' aria-current=true' if current else ''}>{safe(entry.name)}</a>"
    )
    facts = f'<time datetime="{when.isoformat()}">{when:%Y-%m-%d %H:%M}</time> · {count(entry.turns, "question")}'
    return f'<li>{link}<span class="facts">{facts}</span>{_actions_html(entry) if current else ""}</li>'


def _actions_html(entry: Kept) -> str:
    exports = "".join(
        f'<a href="kept/{entry.id}.{kind}" download aria-label="Export as {label}">{label}</a>'
        for kind, label in KINDS.items()
    )
    return (
        '<div class="keeping" role="group" aria-label="This conversation">'
        '<button type="button" class="look">Check its quotes</button>'
        '<button type="button" class="rename" aria-expanded="false">Rename</button>'
        '<button type="button" class="delete">Delete</button>'
        f'<form class="naming" hidden><label class="unseen" for="kept-name">Name of this conversation</label>'
        f'<input id="kept-name" maxlength="80" autocomplete="off" value="{safe(entry.name)}">'
        '<button type="submit">Save</button></form>'
        f'<p class="exports"><span>Export</span>{exports}</p></div>'
    )


def _standing(turn: Turn, number: int) -> Standing | None:
    return turn.standings[number - 1] if number <= len(turn.standings) else None


def _words(quote: Quote, standing: Standing) -> str:
    """Return how a text stands, as a sentence of HTML."""
    found = standing.found
    if standing.status is Status.SAME:
        return "The text around it has changed since."
    if standing.status is Status.GONE:
        return "<b>Gone.</b> Its source is no longer there, and no other text holds these words."
    if standing.status is Status.CHANGED:
        nearest = "The nearest there now:" if found else "Nothing like it stands there now."
        return f"<b>Changed.</b> These words no longer stand in the texts. {nearest}"
    if found is not None and (found.root, found.source) == quote.evidence.passage.place:
        return "<b>Moved.</b> It stood elsewhere in this file or below another heading when it was quoted; now here:"
    return "<b>Moved.</b> These words stand in another file now:"


def _now_html(standing: Standing, found: Found, quote: Quote) -> str:
    """Return where a text stands now, or the text that is nearest to it."""
    above = heading_words(found.heading, quote.title)
    heading = f'below <bdi class="heading">{safe(above)}</bdi>' if above else ""
    place = " · ".join(filter(None, (f"<bdi>{safe(found.source)}</bdi>", place_words(found.page, found.line), heading)))
    opener = opener_html(found.root, found.source, [Place.of(found.start, found.text)], title=quote.title)
    nearest = "" if standing.stands else f'<blockquote dir="auto">{prose_html(found.text)}</blockquote>'
    return f'{nearest}<p class="place"><span>{place}</span>{opener}</p>'
