"""Keeps what is asked in the page, and gives it back as it stands today."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.schema import Answer, Answering, Quote, Standing, Status, Turn, Turns
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.handlers.ask import MOST_TURNS
from ui.handlers.feedback import rated
from ui.handlers.history import History, new_id


@dataclass(frozen=True, slots=True)
class Opened:
    """The conversation that a window shows: its name, its last turns, and what a person must be told.

    `kept` says that it is in a file. Without a name nothing was asked yet.
    """

    id: str = ""
    turns: Turns = ()
    kept: bool = False
    note: str = ""


class Keeper:
    """Keeps conversations where the settings let it, and looks at their quotes again whenever they are shown."""

    def __init__(self, assistant: Answering, settings: Settings) -> None:
        self.history = History(settings.data_dir) if settings.history else None
        self._assistant = assistant
        self._data_dir = settings.data_dir

    def open(self, owner: str, identity: str) -> Opened:
        """Return a kept conversation as it stands today; an empty one where this owner has none of that name."""
        if self.history is None or not owner or not identity:
            return Opened()
        try:
            conversation = self.history.load(owner, identity)
            if conversation is None:
                return Opened()
            return Opened(identity, self._today(identity, conversation.turns), kept=True)
        except UserFacingError as error:
            return Opened(note=str(error))

    def keep(self, owner: str, identity: str, turns: Turns) -> Opened:
        """Keep the last of the turns; return the conversation with what other windows added to it."""
        if self.history is None or not owner:
            return Opened(identity or new_id(), turns)
        try:
            conversation = self.history.append(owner, identity, turns[-1])
        except UserFacingError as error:
            return Opened(identity or new_id(), turns, note=str(error))
        try:
            return Opened(conversation.id, self._today(conversation.id, conversation.turns), kept=True)
        except UserFacingError as error:
            return Opened(conversation.id, turns, kept=True, note=str(error))

    def recover(self, owner: str, identity: str, turns: Turns) -> Opened:
        """Return the conversation after a fault, by which its last turn failed; that is kept unless it was before.

        Its quotes are not looked at: the fault may be there.
        """
        if self.history is None or not owner or not turns:
            return Opened(identity, turns)
        try:
            kept = self.history.load(owner, identity)
            if kept is None or not kept.turns or not _same_turn(kept.turns[-1], turns[-1]):
                kept = self.history.append(owner, identity, turns[-1])
        except UserFacingError as error:
            return Opened(identity, turns, note=str(error))
        return Opened(kept.id, kept.turns[-MOST_TURNS:], kept=True)

    def rated(self, identity: str, turns: Turns) -> Turns:
        """Return the turns with what a person thought of them."""
        return rated(identity, turns, self._data_dir) if identity else turns

    def _today(self, identity: str, turns: Turns) -> Turns:
        shown = turns[-MOST_TURNS:]
        quotes = [_looked_for(turn, quote) for turn in shown for quote in turn.shown]
        standings = iter(self._assistant.verify(quotes))
        return tuple(as_it_stands(turn, [next(standings) for _ in turn.shown]) for turn in shown)


def as_it_stands(turn: Turn, standings: Sequence[Standing]) -> Turn:
    """Return a turn with how each of its shown texts stands; what only moved in its file is put where it is."""
    if turn.answer is None:
        return turn
    looked_at = list(zip(turn.shown, standings, strict=True))
    shown = tuple(_in_place(quote, standing, _looked_for(turn, quote).evidence.start) for quote, standing in looked_at)
    return replace(turn, answer=_with_shown(turn.answer, shown), standings=tuple(standings))


def _same_turn(kept: Turn, asked: Turn) -> bool:
    return kept.question == asked.question and kept.number >= asked.number


def _looked_for(turn: Turn, quote: Quote) -> Quote:
    """Return what is looked for of a quote: of an abstention's nearest passage the whole, as that is shown."""
    if turn.answer is not None and turn.answer.abstention is None:
        return quote
    passage = quote.evidence.passage
    return replace(quote, evidence=replace(quote.evidence, start=passage.start, end=passage.end))


def _with_shown(answer: Answer, shown: tuple[Quote, ...]) -> Answer:
    if answer.abstention is None:
        return replace(answer, quotes=shown)
    return replace(answer, abstention=replace(answer.abstention, nearest=shown))


def _in_place(quote: Quote, standing: Standing, start: int) -> Quote:
    """Return a quote below the headings and in the passage that it has today; alone where that is another one."""
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
