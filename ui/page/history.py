"""Renders the list of saved conversations, and the marker of the one that is open."""

import time
from collections import Counter
from pathlib import PurePath

from assistant.schema import Status
from ui.handlers.conversations import OpenConversation
from ui.handlers.history import Listing
from ui.page.templating import render
from ui.page.words import count

MOST_LISTED = 100
"""Conversations listed at once; a search finds the others."""
KINDS = {"md": "Markdown", "html": "HTML", "json": "JSON"}


def list_html(listing: Listing, opened: str, find: str, note: str = "") -> str:
    """Return the list of saved conversations; the open one has buttons to check, rename, delete and export it.

    A `note` says why there is no list.
    """
    shown = listing.kept[:MOST_LISTED]
    more = len(listing.kept) - len(shown)
    empty = "No conversation contains these words." if find.strip() else "Your conversations will appear here."
    hints = [] if shown else [note or empty]
    hints += [f"{more:,} older conversations not listed. Search to find them."] if more else []
    hints += [f"This file cannot be read and is left unchanged: {PurePath(path).name}" for path in listing.unreadable]
    return render("history_list.html", shown=shown, opened=opened, hints=hints, kinds=KINDS)


def marker_html(opened: OpenConversation) -> str:
    """Return the details of the open conversation for the page's script; `at` differs on every call."""
    standings = Counter(
        standing.status for turn in opened.turns if turn.answer and turn.answer.quotes for standing in turn.standings
    )
    parts = ", ".join(f"{standings[status]} {status}" for status in Status if standings[status])
    checked = f"{count(standings.total(), 'quote')}: {parts}." if parts else "This conversation has no quotes to check."
    return render("marker.html", opened=opened, checked=checked, at=time.time_ns())
