"""What several commands share: options, and the exit codes."""

from enum import IntEnum
from pathlib import Path
from typing import Annotated, Self

import typer


class ExitCode(IntEnum):
    """How a command ended; `meaning` is what `cited --help` says of it."""

    meaning: str

    DONE = 0, "done, also if the texts do not answer"
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


def _or_before(context: typer.Context, given: Path | None) -> Path | None:
    """Return the folder given to this command, or to the one before it, such as `cited` itself."""
    if given is None and context.parent is not None:
        given = context.parent.params.get("data_dir")
    return given


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        callback=_or_before,
        help="Folder of the index; otherwise CITED_DATA_DIR, or your user data folder.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what failed.")]
