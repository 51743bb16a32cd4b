"""Accounts: who may ask and who may change the corpus, with passwords, sessions and tokens for programs.

They are kept in one file beside the index, or on the server of its catalog. It holds no password, session or
token, only what recognises them: Argon2 hashes of passwords, and SHA-256 hashes
of sessions and tokens, which are random and too long to guess.
"""

import hashlib
import secrets
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.errors import AccountInvalid, IndexUnreadable, not_written
from ingest.index.kept import kept_in
from ui.handlers.roles import Role

FILE_NAME = "accounts.json"
LOCK_NAME = "accounts.lock"
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1_000
SESSION_DAYS = 30
MOST_SESSIONS = 20
"""Sessions of one account; signing in once more ends the oldest."""
TOKEN_PREFIX = "cited_"

# Argon2 takes 64 MB and 50 ms; a flood of attempts must not take all memory.
_hashing = threading.BoundedSemaphore(2)


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Session(_Stored):
    """A browser that is signed in: the SHA-256 of its secret, and when it ends."""

    sha: str
    ends: datetime


class Token(_Stored):
    """A program's access: its name, the SHA-256 of the token, and when it was made."""

    name: str
    sha: str
    made: datetime


class Account(_Stored):
    """An account. `id` is random, so that a new account of the same name does not get the conversations."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    name: str
    role: Role
    password: str
    sessions: list[Session] = []
    tokens: list[Token] = []


class _File(_Stored):
    accounts: list[Account] = []


class Accounts:
    """The accounts of a data folder. Safe for threads and processes; a change elsewhere is seen at once."""

    def __init__(self, data_dir: Path) -> None:
        self._kept = kept_in(data_dir)
        self._where = self._kept.where(FILE_NAME)
        self._known: tuple[Hashable, _File] | None = None

    def all(self) -> list[Account]:
        """Return the accounts, by name.

        Raises:
            IndexUnreadable: the file is damaged or cannot be read.
        """
        return sorted(self._read().accounts, key=lambda account: account.name)

    def named(self, name: str) -> Account:
        """Return an account; case does not matter.

        Raises:
            AccountInvalid: there is no such account.
            IndexUnreadable: see `all`.
        """
        return _named(self._read(), name)

    def exist(self) -> bool:
        """Return whether there is an account, so that everyone has to sign in."""
        return bool(self._read().accounts)

    def add(self, name: str, role: Role, password: str) -> None:
        """Add an account.

        Raises:
            AccountInvalid: the name is taken or not allowed, or the password is too short or too long.
            IndexUnwritable: the file cannot be written.
        """
        if not name.isprintable() or not name.strip() or name != name.strip() or len(name) > 100:
            remedy = "use 1 to 100 characters, with no space at the start or end"
            raise AccountInvalid("this name is not allowed", name, remedy)
        hashed = _hash(password)
        with self._changing() as file:
            if any(account.name.casefold() == name.casefold() for account in file.accounts):
                raise AccountInvalid("there is an account of this name", name, "choose another name")
            file.accounts.append(Account(id=secrets.token_hex(16), name=name, role=role, password=hashed))

    def remove(self, name: str) -> None:
        """Remove an account with its sessions and tokens; its conversations stay on disk, unreachable.

        Raises:
            AccountInvalid: there is no such account.
        """
        with self._changing() as file:
            file.accounts.remove(_named(file, name))

    def set_role(self, name: str, role: Role) -> None:
        """Change the role of an account.

        Raises:
            AccountInvalid: there is no such account.
        """
        with self._changing() as file:
            _named(file, name).role = role

    def set_password(self, name: str, password: str) -> None:
        """Change the password of an account, and end its sessions; its tokens stay.

        Raises:
            AccountInvalid: there is no such account, or the password is too short or too long.
        """
        hashed = _hash(password)
        with self._changing() as file:
            account = _named(file, name)
            account.password, account.sessions = hashed, []

    def add_token(self, name: str, label: str) -> str:
        """Return a new token of an account, which cannot be shown again.

        Raises:
            AccountInvalid: there is no such account, or it has a token with this label.
        """
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._changing() as file:
            account = _named(file, name)
            if any(each.name == label for each in account.tokens):
                raise AccountInvalid("the account has a token with this name", label, "remove it first")
            account.tokens.append(Token(name=label, sha=_sha(token), made=datetime.now(UTC)))
        return token

    def remove_token(self, name: str, label: str) -> None:
        """Remove a token.

        Raises:
            AccountInvalid: there is no such account or token.
        """
        with self._changing() as file:
            account = _named(file, name)
            kept = [each for each in account.tokens if each.name != label]
            if len(kept) == len(account.tokens):
                raise AccountInvalid("the account has no such token", label, "see `cited token list`")
            account.tokens = kept

    def sign_in(self, name: str, password: str) -> str:
        """Return the secret of a new session, or "" if name or password are wrong."""
        account = next((each for each in self._read().accounts if each.name.casefold() == name.casefold()), None)
        if not _verify(account.password if account is not None else _decoy(), password) or account is None:
            return ""
        secret = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        with self._changing() as file:
            known = _named(file, account.name)
            current = [each for each in known.sessions if each.ends > now][1 - MOST_SESSIONS :]
            known.sessions = [*current, Session(sha=_sha(secret), ends=now + timedelta(days=SESSION_DAYS))]
        return secret

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self._changing() as file:
            for account in file.accounts:
                account.sessions = [each for each in account.sessions if each.sha != _sha(secret)]

    def of_session(self, secret: str) -> Account | None:
        """Return the account that a session belongs to, or None."""
        sha, now = _sha(secret), datetime.now(UTC)
        for account in self._read().accounts:
            if any(each.sha == sha and each.ends > now for each in account.sessions):
                return account
        return None

    def of_token(self, token: str) -> Account | None:
        """Return the account that a token belongs to, or None."""
        sha = _sha(token)
        return next((a for a in self._read().accounts if any(each.sha == sha for each in a.tokens)), None)

    def _read(self) -> _File:
        try:
            known = self._known
            if known is not None and known[0] == self._kept.stamp(FILE_NAME):
                return known[1]
            found = self._kept.read(FILE_NAME)
            if found is None:
                return _File()
            file = _File.model_validate_json(found[1])
        except OSError as error:
            raise _unreadable(self._where, error.strerror or type(error).__name__) from error
        except ValidationError as error:
            raise _unreadable(self._where, f"{error.error_count()} faults") from error
        self._known = found[0], file
        return file

    @contextmanager
    def _changing(self) -> Iterator[_File]:
        """Yield the accounts to change, and write them at the end."""
        try:
            with self._kept.changing(LOCK_NAME):
                file = self._read().model_copy(deep=True)
                yield file
                self._known = None
                self._kept.replace(FILE_NAME, file.model_dump_json(indent=1).encode(), mode=0o600)
        except OSError as error:
            raise not_written("the accounts cannot be written", self._where, error) from error


def _named(file: _File, name: str) -> Account:
    for account in file.accounts:
        if account.name.casefold() == name.casefold():
            return account
    raise AccountInvalid("there is no such account", name, "see `cited user list`")


def _hash(password: str) -> str:
    from argon2 import PasswordHasher

    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        what = f"the password has {len(password)} characters"
        raise AccountInvalid(what, "", f"use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD:,}")
    with _hashing:
        return PasswordHasher().hash(password)


def _verify(hashed: str, password: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import VerifyMismatchError

    if len(password) > LONGEST_PASSWORD:
        return False
    with _hashing:
        try:
            return PasswordHasher().verify(hashed, password)
        except VerifyMismatchError:
            return False


@cache
def _decoy() -> str:
    """Return the hash of a random password, so that an unknown name takes as long as a wrong password."""
    return _hash(secrets.token_hex(16))


def _sha(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _unreadable(where: str, why: str) -> IndexUnreadable:
    remedy = "restore it from a backup; without it, the page would be open to everyone"
    return IndexUnreadable(f"the accounts cannot be read ({why.lower()})", where, remedy)
