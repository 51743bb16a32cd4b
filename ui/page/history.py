"""The list of kept conversations, and what the page's script knows of the one that is shown."""

import time
from collections import Counter

from assistant.schema import Status
from ui.handlers.history import Listing
from ui.handlers.keeper import Opened
from ui.page.templating import render
from ui.page.words import count

MOST_LISTED = 100
"""Conversations that are listed at once; a search finds the others."""
KINDS = {"md": "Markdown", "html": "HTML", "json": "JSON"}


def list_html(listing: Listing, opened: str, find: str) -> str:
    """Return the list of kept conversations; the open one with what can be done with it."""
    shown = listing.kept[:MOST_LISTED]
    more = len(listing.kept) - len(shown)
    hints = [] if shown else ["None of them holds these words." if find.strip() else "What you ask is kept here."]
    hints += [f"{more:,} older ones: search for their words."] if more else []
    hints += [f"Cannot be read, and left as it is: {path}" for path in listing.unreadable]
    return render("history_list.html", shown=shown, opened=opened, hints=hints, kinds=KINDS)


def opened_html(opened: Opened) -> str:
    """Return what the page's script needs to know of the conversation that is shown; it changes every time."""
    standings = Counter(
        standing.status for turn in opened.turns if turn.answer and turn.answer.quotes for standing in turn.standings
    )
    sums = ", ".join(f"{standings[status]} {status}" for status in Status if standings[status])
    told = f"{count(standings.total(), 'quote')}: {sums}." if sums else "It has no quotes to check."
    return render("opened.html", opened=opened, told=told, at=time.time_ns())
