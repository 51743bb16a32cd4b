"""Says how a text that was quoted stands today."""

from dataclasses import dataclass

from assistant.schema import Found, Quote, Status, Turn
from ui.page.places import MarkedSpan, spans_query


@dataclass(frozen=True, slots=True)
class StandingNote:
    """What to tell of a text that no longer stands as it did: a word in bold, and a sentence.

    `found` is where the text stands now, or the text that is nearest to it if
    it does not (`stands`); `opens` is the query that opens its source.
    """

    status: Status
    stands: bool
    word: str
    sentence: str
    title: str
    found: Found | None
    opens: str


def standing_note(turn: Turn, number: int) -> StandingNote | None:
    """Return what to tell of a shown text (1-based); None of one that stands as it did, or was not looked at again."""
    standing = turn.standings[number - 1] if number <= len(turn.standings) else None
    if standing is None or (standing.status is Status.SAME and standing.framed):
        return None
    quote = turn.shown[number - 1]
    found = None if standing.status is Status.SAME else standing.found
    opens = spans_query(found.root, found.source, [MarkedSpan.of(found.start, found.text)]) if found else ""
    word = "" if standing.status is Status.SAME else f"{standing.status.capitalize()}."
    sentence = _sentence(quote, standing.status, found)
    return StandingNote(standing.status, standing.stands, word, sentence, quote.title, found, opens)


def stale_words(turn: Turn) -> str:
    """Return a warning for people who copy an answer of which something no longer stands; "" where all does."""
    stale = [str(number) for number, standing in enumerate(turn.standings, 1) if not standing.stands]
    if not stale:
        return ""
    return f"Looked at again: {', '.join(f'[{number}]' for number in stale)} no longer stands in the texts."


def _sentence(quote: Quote, status: Status, found: Found | None) -> str:
    if status is Status.SAME:
        return "The text around it has changed since."
    if status is Status.GONE:
        return "Its source is no longer there, and no other text holds these words."
    if status is Status.CHANGED:
        nearest = "The nearest there now:" if found else "Nothing like it stands there now."
        return f"These words no longer stand in the texts. {nearest}"
    if found is not None and (found.root, found.source) == quote.evidence.passage.place:
        return "It stood elsewhere in this file or below another heading when it was quoted; now here:"
    return "These words stand in another file now:"
