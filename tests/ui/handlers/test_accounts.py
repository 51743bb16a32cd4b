"""Accounts: passwords, sessions and tokens, and what their file holds."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.errors import AccountInvalid, IndexUnreadable
from ui.handlers import accounts as module
from ui.handlers.accounts import Accounts
from ui.handlers.roles import Role

PASSWORD = "correct horse"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    found = Accounts(tmp_path)
    found.add("Ada", Role.EDITOR, PASSWORD)
    return found


def test_without_a_file_there_are_no_accounts(tmp_path: Path) -> None:
    assert not Accounts(tmp_path).exist()
    assert Accounts(tmp_path).sign_in("Ada", PASSWORD) == ""


def test_a_session_lasts_until_it_ends(accounts: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert accounts.sign_in("Ada", "wrong horse") == ""
    assert accounts.sign_in("Bob", PASSWORD) == ""
    secret = accounts.sign_in("ada", PASSWORD)
    elsewhere = Accounts(tmp_path)
    found = elsewhere.of_session(secret)
    assert found is not None
    assert (found.name, found.role) == ("Ada", Role.EDITOR)
    assert accounts.of_session("other") is None
    elsewhere.sign_out(secret)
    assert accounts.of_session(secret) is None
    secret = accounts.sign_in("Ada", PASSWORD)

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=module.SESSION_DAYS, seconds=1)

    monkeypatch.setattr(module, "datetime", Later)
    assert accounts.of_session(secret) is None


def test_a_new_password_ends_sessions_and_keeps_tokens(accounts: Accounts) -> None:
    secret, token = accounts.sign_in("Ada", PASSWORD), accounts.add_token("Ada", "backup")
    accounts.set_password("Ada", "another horse")
    assert accounts.of_session(secret) is None
    assert accounts.of_token(token) is not None
    assert accounts.sign_in("Ada", PASSWORD) == ""
    assert accounts.sign_in("Ada", "another horse")


def test_a_removed_account_or_token_is_refused_at_once(accounts: Accounts, tmp_path: Path) -> None:
    token, other = accounts.add_token("Ada", "backup"), accounts.add_token("Ada", "agent")
    secret = accounts.sign_in("Ada", PASSWORD)
    elsewhere = Accounts(tmp_path)
    assert elsewhere.of_token(other) is not None
    accounts.remove_token("Ada", "agent")
    assert elsewhere.of_token(other) is None
    assert elsewhere.of_token(token) is not None
    accounts.remove("Ada")
    assert elsewhere.of_token(token) is None
    assert elsewhere.of_session(secret) is None


def test_a_new_account_of_the_same_name_is_another_one(accounts: Accounts) -> None:
    (before,) = accounts.all()
    accounts.remove("Ada")
    accounts.add("Ada", Role.EDITOR, PASSWORD)
    assert accounts.all()[0].id != before.id


def test_the_file_gives_nothing_away(accounts: Accounts, tmp_path: Path) -> None:
    secret, token = accounts.sign_in("Ada", PASSWORD), accounts.add_token("Ada", "backup")
    file = tmp_path / "accounts.json"
    text = file.read_text(encoding="utf-8")
    assert not any(each in text for each in (PASSWORD, secret, token))
    assert "$argon2id$" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_old_sessions_make_room(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SESSIONS", 2)
    secrets = [accounts.sign_in("Ada", PASSWORD) for _ in range(3)]
    assert [accounts.of_session(secret) is not None for secret in secrets] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("ADA", PASSWORD, "there is an account of this name"),
        ("", PASSWORD, "not allowed"),
        (" Bob", PASSWORD, "not allowed"),
        ("Bob\n", PASSWORD, "not allowed"),
        ("Bob", "short", "the password has 5 characters; use 8 to 1,000"),
        ("Bob", "x" * 1_001, "the password has 1001 characters"),
    ],
)
def test_invalid_accounts(accounts: Accounts, name: str, password: str, message: str) -> None:
    with pytest.raises(AccountInvalid, match=message):
        accounts.add(name, Role.READER, password)


def test_unknown_names(accounts: Accounts) -> None:
    for call in (
        accounts.remove,
        lambda name: accounts.set_role(name, Role.OWNER),
        lambda n: accounts.add_token(n, "x"),
    ):
        with pytest.raises(AccountInvalid, match="Bob: there is no such account"):
            call("Bob")
    with pytest.raises(AccountInvalid, match="no such token"):
        accounts.remove_token("Ada", "backup")
    accounts.add_token("Ada", "backup")
    with pytest.raises(AccountInvalid, match="has a token with this name"):
        accounts.add_token("Ada", "backup")


@pytest.mark.parametrize("content", [b"", b"{", b'{"accounts": [{"name": "Ada"}]}', b"\0" * 100])
def test_a_damaged_file_is_not_taken_for_no_accounts(accounts: Accounts, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "accounts.json").write_bytes(content)
    for call in (accounts.exist, accounts.all, lambda: accounts.sign_in("Ada", PASSWORD)):
        with pytest.raises(IndexUnreadable, match="restore it from a backup"):
            call()


@pytest.mark.slow
def test_accounts_on_a_server_are_those_of_every_machine(postgresql: str, tmp_path: Path) -> None:
    assert not Accounts(tmp_path).exist()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: Accounts(tmp_path / str(n)).add(f"user {n}", Role.READER, PASSWORD), range(4)))
    elsewhere = Accounts(tmp_path / "elsewhere")
    assert [account.name for account in elsewhere.all()] == [f"user {n}" for n in range(4)]
    secret = elsewhere.sign_in("User 1", PASSWORD)
    one = Accounts(tmp_path / "one")
    assert one.of_session(secret) is not None
    elsewhere.sign_out(secret)
    assert one.of_session(secret) is None
    with pytest.raises(AccountInvalid, match="there is an account of this name"):
        one.add("USER 1", Role.READER, PASSWORD)
    assert list(tmp_path.iterdir()) == []


def test_changes_of_several_processes_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_hash", lambda password: password)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: Accounts(tmp_path).add(f"user {n}", Role.READER, PASSWORD), range(20)))
    assert len(Accounts(tmp_path).all()) == 20
    assert not os.path.exists(tmp_path / "accounts.new")
