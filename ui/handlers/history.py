"""Saves conversations: one readable JSON file each, in one folder per owner."""

import hashlib
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from assistant.conversations.json_file import conversation_json, read_conversation
from assistant.schema import Conversation, Turn
from ingest.errors import ConversationInvalid, not_written
from ingest.files import replace_text

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
    """The saved conversations of an owner, last changed first, and the files that cannot be read."""

    kept: tuple[ConversationEntry, ...]
    unreadable: tuple[Path, ...]


class History:
    """Stores the conversations of owners, each identified by a secret in their browser; they see only their own.

    Changes are made one at a time: each reads the file again and replaces it
    whole. Windows that show the same conversation can both add to it, and
    nobody ever reads half a file.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[tuple[int, int], ConversationEntry]] = {}

    def listed(self, owner: str, find: str = "") -> Listing:
        """Return the owner's conversations that contain every word of `find`."""
        wanted = find.casefold().split()
        kept, unreadable = [], []
        for path in self._files(owner):
            try:
                entry = self._entry(path)
            except ConversationInvalid:
                unreadable.append(path)
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
        path = self._path(owner, identity)
        return replace(read_conversation(path), id=identity) if path is not None and path.is_file() else None

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
        path = self._path(owner, identity)
        with self._writing(owner):
            if path is None or not path.is_file():
                return False
            path.unlink()
            return True

    def _entry(self, path: Path) -> ConversationEntry | None:
        """Return the entry of a file, read again only if it changed; None if it has just been deleted."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        stamp = (found.st_mtime_ns, found.st_size)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = stamp, _entry_of(read_conversation(path))
        return known[1]

    def _files(self, owner: str) -> Iterator[Path]:
        folder = self._folder_of(owner)
        yield from (path for path in sorted(folder.glob("*.json")) if _ID.fullmatch(path.stem))

    def _path(self, owner: str, identity: str) -> Path | None:
        return self._folder_of(owner) / f"{identity}.json" if _ID.fullmatch(identity) else None

    def _folder_of(self, owner: str) -> Path:
        """Return an owner's folder, named by a digest, so that the folder's name does not give away the secret."""
        if not owner:
            raise ValueError("a conversation needs an owner")
        return self._folder / hashlib.sha256(owner.encode()).hexdigest()[:16]

    @contextmanager
    def _writing(self, owner: str) -> Iterator[None]:
        """Lock an owner's folder against other threads and processes."""
        folder = self._folder_of(owner)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._lock, FileLock(folder / "write.lock"):
                yield
        except OSError as error:
            raise not_written("the conversation cannot be saved", str(folder), error) from error

    def _write(self, owner: str, conversation: Conversation) -> Conversation:
        replace_text(self._folder_of(owner) / f"{conversation.id}.json", conversation_json(conversation))
        return conversation


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
