"""The commands for accounts: `cited user` and `cited token`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import AccountInvalid, printable
from ui.command.options import DataDir, settings_of
from ui.handlers.roles import Role

if TYPE_CHECKING:
    from ui.handlers.accounts import Account, Accounts

users = typer.Typer(no_args_is_help=True, help="Manage the page's accounts; if there are any, everyone has to sign in.")
tokens = typer.Typer(no_args_is_help=True, help="Manage the tokens with which programs use an account.")

Name = Annotated[str, typer.Argument(help="Name of the account.")]
RoleOption = Annotated[
    Role, typer.Option(help="A reader asks, an editor also changes the texts, an owner also reads the metrics.")
]


@users.callback()
@tokens.callback()
def options(data_dir: DataDir = None) -> None:
    """Take the folder of the index here too; the commands ask for it."""


@users.command("add")
def add_user(name: Name, role: RoleOption = Role.READER, data_dir: DataDir = None) -> None:
    """Add an account; asks for its password, or reads it from standard input."""
    accounts = _accounts(data_dir)
    first = not accounts.exist()
    accounts.add(name, role, _new_password())
    typer.echo(f"Added {printable(name)} as {role}")
    if first:
        typer.echo("From its next start, the page asks everyone to sign in")


@users.command("list")
def list_users(data_dir: DataDir = None) -> None:
    """List the accounts with their roles and tokens."""
    for account in _accounts(data_dir).all():
        typer.echo(f"{printable(account.name)}\t{account.role}\t{_labels(account)}")


@users.command("role")
def set_role(name: Name, role: Annotated[Role, typer.Argument(help="Its new role.")], data_dir: DataDir = None) -> None:
    """Change the role of an account."""
    _accounts(data_dir).set_role(name, role)
    typer.echo(f"{printable(name)} is {role} now")


@users.command("password")
def set_password(name: Name, data_dir: DataDir = None) -> None:
    """Change the password of an account, and sign it out everywhere; its tokens stay."""
    _accounts(data_dir).set_password(name, _new_password())
    typer.echo(f"Changed the password of {printable(name)}")


@users.command("remove")
def remove_user(name: Name, data_dir: DataDir = None) -> None:
    """Remove an account with its sessions and tokens."""
    _accounts(data_dir).remove(name)
    typer.echo(f"Removed {printable(name)}")


@tokens.command("add")
def add_token(
    name: Name, label: Annotated[str, typer.Argument(help="What the token is for.")], data_dir: DataDir = None
) -> None:
    """Make a token for a program, and print it; it cannot be shown again."""
    typer.echo(_accounts(data_dir).add_token(name, label))


@tokens.command("list")
def list_tokens(name: Name, data_dir: DataDir = None) -> None:
    """List the tokens of an account, and when they were made."""
    for token in _accounts(data_dir).named(name).tokens:
        typer.echo(f"{printable(token.name)}\t{token.made.astimezone():%Y-%m-%d %H:%M}")


@tokens.command("remove")
def remove_token(
    name: Name, label: Annotated[str, typer.Argument(help="The token to remove.")], data_dir: DataDir = None
) -> None:
    """Remove a token; programs that use it are refused from now on."""
    _accounts(data_dir).remove_token(name, label)
    typer.echo(f"Removed the token {printable(label)}")


def _accounts(data_dir: Path | None) -> "Accounts":
    from ui.handlers.accounts import Accounts

    return Accounts(settings_of(data_dir=data_dir).data_dir)


def _labels(account: "Account") -> str:
    return ", ".join(printable(token.name) for token in account.tokens)


def _new_password() -> str:
    """Ask twice for a password on a terminal, else read a line from standard input."""
    if sys.stdin is None:  # closed
        raise AccountInvalid("no password was given", "", "type it, or send it to standard input")
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
