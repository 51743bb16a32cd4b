"""Describes whether a quoted text is unchanged, moved, changed or gone."""

from dataclasses import dataclass

from assistant.schema import LocatedText, Quote, Status, Turn
from ui.page.places import MarkedSpan, spans_query


@dataclass(frozen=True, slots=True)
class StandingNote:
    """A note on a quoted text that changed or moved: a word in bold, and a sentence.

    If the text still exists (`stands`), `found` is where it is now; otherwise
    it is the most similar text. `opens` is the query that opens that source.
    """

    status: Status
    stands: bool
    word: str
    sentence: str
    title: str
    found: LocatedText | None
    opens: str


def standing_note(turn: Turn, number: int) -> StandingNote | None:
    """Return the note on a shown text (1-based); None if it is unchanged or was not checked."""
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
    """Return a warning to copy along with an answer if some quotes no longer exist; "" if all do."""
    stale = [str(number) for number, standing in enumerate(turn.standings, 1) if not standing.stands]
    if not stale:
        return ""
    return f"Checked again, no longer in the texts: {', '.join(f'[{number}]' for number in stale)}."


def _sentence(quote: Quote, status: Status, found: LocatedText | None) -> str:
    if status is Status.SAME:
        return "The text around it has changed since."
    if status is Status.GONE:
        return "Its source no longer exists, and no other text contains these words."
    if status is Status.CHANGED:
        nearest = "The most similar text now:" if found else "The source has nothing similar now."
        return f"These words are no longer in the texts. {nearest}"
    if found is not None and (found.root, found.source) == quote.evidence.passage.place:
        return "When it was quoted, it was elsewhere in this file or below another heading. It is now here:"
    return "These words are in another file now:"
