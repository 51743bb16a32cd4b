"""Saves conversations: one readable JSON file each, in one folder per owner, or as much on the catalog's server."""

import hashlib
import re
import secrets
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from assistant.conversations.json_file import conversation_json, conversation_of
from assistant.schema import Conversation, Turn
from ingest.errors import ConversationInvalid, not_written
from ingest.index.kept import kept_in

FOLDER = "history"
LONGEST_NAME = 80
"""Characters of a conversation's name."""

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class ConversationEntry:
    """A saved conversation as listed; `words` is the case-folded text to search."""

    id: str
    name: str
    changed: datetime
    turns: int
    words: str


class Listing(NamedTuple):
    """The saved conversations of an owner, last changed first, and where the files are that cannot be read."""

    kept: tuple[ConversationEntry, ...]
    unreadable: tuple[str, ...]


class History:
    """Stores the conversations of owners, each identified by a secret in their browser; they see only their own.

    Changes are made one at a time: each reads the file again and replaces it
    whole. Windows that show the same conversation can both add to it, and
    nobody ever reads half a file.
    """

    def __init__(self, data_dir: Path) -> None:
        self._kept = kept_in(data_dir)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Hashable, ConversationEntry]] = {}

    def listed(self, owner: str, find: str = "") -> Listing:
        """Return the owner's conversations that contain every word of `find`."""
        wanted = find.casefold().split()
        kept, unreadable = [], []
        for name, stamp in self._kept.stamps(self._folder_of(owner)).items():
            if PurePosixPath(name).suffix != ".json" or not _ID.fullmatch(PurePosixPath(name).stem):
                continue
            try:
                entry = self._entry(name, stamp)
            except ConversationInvalid:
                unreadable.append(self._kept.where(name))
                continue
            if entry is not None and all(word in entry.words for word in wanted):
                kept.append(entry)
        return Listing(
            tuple(sorted(kept, key=lambda entry: (entry.changed, entry.id), reverse=True)), tuple(unreadable)
        )

    def load(self, owner: str, identity: str) -> Conversation | None:
        """Return a conversation; None if this owner has none with this id.

        Raises:
            ConversationInvalid: its file was edited.
        """
        name = self._name_of(owner, identity)
        found = self._read(name) if name else None
        return replace(found[1], id=identity) if found is not None else None

    def append(self, owner: str, identity: str, turn: Turn) -> Conversation:
        """Append a turn to a conversation, creating it if needed; return the conversation.

        Raises:
            ConversationInvalid: its file was edited; it is not changed.
            IndexUnwritable: the folder cannot be written to.
        """
        now = datetime.now(UTC)
        with self._writing(owner):
            conversation = self.load(owner, identity)
            if conversation is None:
                known = identity if _ID.fullmatch(identity) else new_id()
                conversation = Conversation(known, _name(turn.question), now, ())
            number = conversation.turns[-1].number + 1 if conversation.turns else 1
            turns = (*conversation.turns, replace(turn, number=number, asked=now, standings=()))
            return self._write(owner, replace(conversation, turns=turns))

    def rename(self, owner: str, identity: str, name: str) -> bool:
        """Rename a conversation; a blank `name` restores its first question. Return whether it exists.

        Raises:
            ConversationInvalid: its file was edited.
            IndexUnwritable: the folder cannot be written to.
        """
        with self._writing(owner):
            conversation = self.load(owner, identity)
            if conversation is None:
                return False
            first = conversation.turns[0].question if conversation.turns else identity
            self._write(owner, replace(conversation, name=_name(name) or _name(first)))
            return True

    def delete(self, owner: str, identity: str) -> bool:
        """Delete a conversation permanently. Return whether it existed.

        Raises:
            IndexUnwritable: the folder cannot be written to.
        """
        name = self._name_of(owner, identity)
        with self._writing(owner):
            return bool(name) and self._kept.delete(name)

    def _entry(self, name: str, stamp: Hashable) -> ConversationEntry | None:
        """Return the entry of a file, read again only if it changed; None if it has just been deleted."""
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            found = self._read(name)
            if found is None:
                return None
            known = self._known[name] = found[0], _entry_of(found[1])
        return known[1]

    def _read(self, name: str) -> tuple[Hashable, Conversation] | None:
        """Return a conversation, and what changes when it does; None if there is none.

        Raises:
            ConversationInvalid: its file was edited, or cannot be read.
        """
        where = self._kept.where(name)
        try:
            found = self._kept.read(name)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConversationInvalid(f"cannot be read: {reason}", where, "check that you may read it") from error
        return (found[0], conversation_of(found[1], where)) if found is not None else None

    def _name_of(self, owner: str, identity: str) -> str:
        """Return the name of a conversation's file; "" if it cannot have one."""
        return f"{self._folder_of(owner)}/{identity}.json" if _ID.fullmatch(identity) else ""

    def _folder_of(self, owner: str) -> str:
        """Return an owner's folder, named by a digest, so that the folder's name does not give away the secret."""
        if not owner:
            raise ValueError("a conversation needs an owner")
        return f"{FOLDER}/{hashlib.sha256(owner.encode()).hexdigest()[:16]}"

    @contextmanager
    def _writing(self, owner: str) -> Iterator[None]:
        """Lock an owner's folder against other threads and processes."""
        folder = self._folder_of(owner)
        try:
            with self._lock, self._kept.changing(f"{folder}/write.lock"):
                yield
        except OSError as error:
            raise not_written("the conversation cannot be saved", self._kept.where(folder), error) from error

    def _write(self, owner: str, conversation: Conversation) -> Conversation:
        self._kept.replace(f"{self._folder_of(owner)}/{conversation.id}.json", conversation_json(conversation).encode())
        return conversation


def conversations_in(data_dir: Path) -> int:
    """Return the number of saved conversations of all owners."""
    return sum(name.endswith(".json") for name in kept_in(data_dir).stamps(FOLDER, deep=True))


def new_id() -> str:
    """Return the id of a conversation that starts now."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def _name(text: str) -> str:
    name = " ".join(text.split())
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def _entry_of(conversation: Conversation) -> ConversationEntry:
    quoted = (quote.text for turn in conversation.turns if turn.answer for quote in turn.answer.quotes)
    words = " ".join((conversation.name, *(turn.question for turn in conversation.turns), *quoted))
    asked = [turn.asked for turn in conversation.turns if turn.asked]
    changed = max(asked, default=conversation.begun)
    return ConversationEntry(conversation.id, conversation.name, changed, len(conversation.turns), words.casefold())
