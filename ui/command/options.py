"""What several commands share: options, and the exit codes."""

from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Self

import typer

from ingest.collections import known_slug
from ingest.index import servers
from ingest.settings import Settings, load_settings


class ExitCode(IntEnum):
    """How a command ended; `meaning` is what `cited --help` says of it."""

    meaning: str

    DONE = 0, "done, even if the texts do not answer"
    FAILED = 1, "something failed, or a check did not hold"
    USAGE = 2, "the command was called wrongly, or without a question"
    ABSTAINED = 3, "the texts do not answer, with `ask --fail-if-abstained`"
    INTERRUPTED = 130, "interrupted"

    def __new__(cls, code: int, meaning: str) -> Self:
        """Create a code with its meaning."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made


EXIT_CODES = "Exit codes: " + "; ".join(f"{code:d} {code.meaning}" for code in ExitCode) + "."


def or_before(context: typer.Context, parameter: typer.CallbackParam, given: object) -> object:
    """Return the value given to this command, or to the one before it, such as `cited` itself."""
    if given is None and context.parent is not None:
        given = context.parent.params.get(parameter.name or "")
    return given


def settings_of(**options: Any) -> Settings:  # noqa: ANN401 - as load_settings
    """Return the settings of this process, and use the servers that they name.

    Raises:
        SettingsInvalid: a setting is invalid.
    """
    settings = load_settings(**options)
    servers.use(servers.of(settings))
    return settings


def chosen(data_dir: Path | None, collection: str | None, **options: Any) -> Settings:  # noqa: ANN401 - as load_settings
    """Return the settings for a collection that exists.

    Raises:
        SettingsInvalid: a setting is invalid.
        CollectionInvalid: there is no such collection.
    """
    settings = settings_of(data_dir=data_dir, collection=collection, **options)
    known_slug(settings.data_dir, settings.collection)
    return settings


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        callback=or_before,
        help="Data folder; otherwise CITED_DATA_DIR, or your user data folder.",
    ),
]
CollectionName = Annotated[
    str | None,
    typer.Option(
        "--collection",
        "-c",
        metavar="NAME",
        callback=or_before,
        help="Collection to use; otherwise CITED_COLLECTION, or the main one.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what failed.")]
