"""Conversations that are kept: one legible JSON file each, in a folder of each owner's own."""

import hashlib
import os
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
from ingest.errors import ConversationInvalid, IndexUnwritable

FOLDER = "history"
LONGEST_NAME = 80
"""Characters of a conversation's name."""

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept conversation as it is listed; `words` is what a search looks through, without case."""

    id: str
    name: str
    changed: datetime
    turns: int
    words: str


class Listing(NamedTuple):
    """What is kept for an owner, the last changed first, and the files that cannot be read."""

    kept: tuple[Kept, ...]
    unreadable: tuple[Path, ...]


class History:
    """Keeps the conversations of owners; each is known by a secret of their browser and sees their own only.

    Every change reads the file again and replaces it whole, one at a time, so
    that windows which hold the same conversation add to it, and who reads the
    folder never finds half a file.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[tuple[int, int], Kept]] = {}

    def listed(self, owner: str, find: str = "") -> Listing:
        """Return the owner's conversations; those only in which every word of `find` occurs."""
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
        """Return a conversation; None where this owner has none of that name.

        Raises:
            ConversationInvalid: its file was altered.
        """
        path = self._path(owner, identity)
        return replace(read_conversation(path), id=identity) if path is not None and path.is_file() else None

    def append(self, owner: str, identity: str, turn: Turn) -> Conversation:
        """Add a turn as the last of a conversation, or of a new one where there is none; return the whole.

        Raises:
            ConversationInvalid: its file was altered; it stays as it is.
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
        """Give a conversation another name, that of its first question where `name` is blank; False without one.

        Raises:
            ConversationInvalid: its file was altered.
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
        """Delete a conversation for good; False without one.

        Raises:
            IndexUnwritable: the folder cannot be written to.
        """
        path = self._path(owner, identity)
        with self._writing(owner):
            if path is None or not path.is_file():
                return False
            path.unlink()
            return True

    def _entry(self, path: Path) -> Kept | None:
        """Return a file as it is listed, read again only where it changed; None where it was deleted meanwhile."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        stamp = (found.st_mtime_ns, found.st_size)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = stamp, _kept(read_conversation(path))
        return known[1]

    def _files(self, owner: str) -> Iterator[Path]:
        folder = self._folder_of(owner)
        yield from (path for path in sorted(folder.glob("*.json")) if _ID.fullmatch(path.stem))

    def _path(self, owner: str, identity: str) -> Path | None:
        return self._folder_of(owner) / f"{identity}.json" if _ID.fullmatch(identity) else None

    def _folder_of(self, owner: str) -> Path:
        """Return an owner's folder, named by a digest: who reads the folder's name cannot pass for the owner."""
        if not owner:
            raise ValueError("a conversation is kept for an owner")
        return self._folder / hashlib.sha256(owner.encode()).hexdigest()[:16]

    @contextmanager
    def _writing(self, owner: str) -> Iterator[None]:
        """Hold an owner's folder, against other threads and other processes."""
        folder = self._folder_of(owner)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._lock, FileLock(folder / "write.lock"):
                yield
        except OSError as error:
            what = f"the conversation cannot be kept ({(error.strerror or type(error).__name__).lower()})"
            raise IndexUnwritable(
                what, str(folder), "make room on the disk, or check that you may write there"
            ) from error

    def _write(self, owner: str, conversation: Conversation) -> Conversation:
        replace_text(self._folder_of(owner) / f"{conversation.id}.json", conversation_json(conversation))
        return conversation


def new_id() -> str:
    """Return the name of a conversation that begins now."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def replace_text(path: Path, text: str) -> None:
    """Replace a file whole: whoever reads it finds the former text or this one.

    Raises:
        OSError: it cannot be written; the former file stands.
    """
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _name(text: str) -> str:
    name = " ".join(text.split())
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def _kept(conversation: Conversation) -> Kept:
    quoted = (quote.text for turn in conversation.turns if turn.answer for quote in turn.answer.quotes)
    words = " ".join((conversation.name, *(turn.question for turn in conversation.turns), *quoted))
    asked = [turn.asked for turn in conversation.turns if turn.asked]
    changed = max(asked, default=conversation.begun)
    return Kept(conversation.id, conversation.name, changed, len(conversation.turns), words.casefold())
