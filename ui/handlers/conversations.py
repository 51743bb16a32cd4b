"""Saves the conversations of the page, and checks their quotes whenever they are shown again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.schema import Answer, Answering, Quote, Standing, Status, Turn, Turns
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.handlers.ask import MOST_TURNS
from ui.handlers.feedback import rated
from ui.handlers.history import History, new_id

NOT_HERE = "This conversation is not here: it was deleted, or it is kept in another browser or collection."


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """The conversation that a window shows: its id, its last turns, and a note to the reader.

    `kept` says that it is saved in a file. The id is "" until a question is asked.
    """

    id: str = ""
    turns: Turns = ()
    kept: bool = False
    note: str = ""


class Conversations:
    """Saves conversations if the settings allow it, and checks their quotes whenever they are shown."""

    def __init__(self, assistant: Answering, settings: Settings) -> None:
        self.history = History(settings.folder) if settings.history else None
        self._assistant = assistant
        self._data_dir = settings.folder

    def open(self, owner: str, identity: str) -> OpenConversation:
        """Return a saved conversation with its quotes checked; an empty one, with a note, if it is not here."""
        if not identity:
            return OpenConversation()
        try:
            conversation = self.history.load(owner, identity) if self.history is not None and owner else None
            if conversation is None:
                return OpenConversation(note=NOT_HERE)
            return OpenConversation(identity, self._checked(conversation.turns), kept=True)
        except UserFacingError as error:
            return OpenConversation(note=error.public)

    def keep(self, owner: str, identity: str, turns: Turns) -> OpenConversation:
        """Save the last turn; return the conversation, including turns added by other windows."""
        if self.history is None or not owner:
            return OpenConversation(identity or new_id(), turns)
        try:
            conversation = self.history.append(owner, identity, turns[-1])
        except UserFacingError as error:
            return OpenConversation(identity or new_id(), turns, note=error.public)
        try:
            return OpenConversation(conversation.id, self._checked(conversation.turns), kept=True)
        except UserFacingError as error:
            return OpenConversation(conversation.id, turns, kept=True, note=error.public)

    def recover(self, owner: str, identity: str, turns: Turns) -> OpenConversation:
        """Save the last turn, which failed with a program error, unless it is saved already; return the conversation.

        Quotes are not checked, because checking may be what failed.
        """
        if self.history is None or not owner or not turns:
            return OpenConversation(identity, turns)
        try:
            kept = self.history.load(owner, identity)
            if kept is None or not kept.turns or not _same_turn(kept.turns[-1], turns[-1]):
                kept = self.history.append(owner, identity, turns[-1])
        except UserFacingError as error:
            return OpenConversation(identity, turns, note=error.public)
        return OpenConversation(kept.id, kept.turns[-MOST_TURNS:], kept=True)

    def rated(self, identity: str, turns: Turns) -> Turns:
        """Return the turns with their ratings."""
        return rated(identity, turns, self._data_dir) if identity else turns

    def _checked(self, turns: Turns) -> Turns:
        shown = turns[-MOST_TURNS:]
        quotes = [_looked_for(turn, quote) for turn in shown for quote in turn.shown]
        standings = iter(self._assistant.verify(quotes))
        return tuple(with_standings(turn, [next(standings) for _ in turn.shown]) for turn in shown)


def with_standings(turn: Turn, standings: Sequence[Standing]) -> Turn:
    """Return a turn with the standings of its shown texts; quotes that moved within their file get their new place."""
    if turn.answer is None:
        return turn
    looked_at = list(zip(turn.shown, standings, strict=True))
    shown = tuple(_in_place(quote, standing, _looked_for(turn, quote).evidence.start) for quote, standing in looked_at)
    return replace(turn, answer=_with_shown(turn.answer, shown), standings=tuple(standings))


def _same_turn(kept: Turn, asked: Turn) -> bool:
    return kept.question == asked.question and kept.number >= asked.number


def _looked_for(turn: Turn, quote: Quote) -> Quote:
    """Return the quote to check; for a nearest passage of an abstention, the whole passage, as shown."""
    if turn.answer is not None and turn.answer.abstention is None:
        return quote
    passage = quote.evidence.passage
    return replace(quote, evidence=replace(quote.evidence, start=passage.start, end=passage.end))


def _with_shown(answer: Answer, shown: tuple[Quote, ...]) -> Answer:
    if answer.abstention is None:
        return replace(answer, quotes=shown)
    return replace(answer, abstention=replace(answer.abstention, nearest=shown))


def _in_place(quote: Quote, standing: Standing, start: int) -> Quote:
    """Return a quote in its current place; if the passage around it changed, only the quote itself is shown."""
    quote = replace(quote, file=standing.file)
    found, passage = standing.found, quote.evidence.passage
    if standing.status is not Status.MOVED or found is None:
        return quote
    if (found.root, found.source) != passage.place:
        return quote
    shift = found.start - start
    if standing.framed:
        moved = replace(passage, start=passage.start + shift, end=passage.end + shift)
    else:
        moved = replace(passage, start=found.start, end=found.end, text=found.text)
    moved = replace(moved, page=found.page, heading=found.heading, sentences=())
    evidence = replace(
        quote.evidence, passage=moved, start=quote.evidence.start + shift, end=quote.evidence.end + shift
    )
    return replace(quote, evidence=evidence, line=found.line, page=found.page)
