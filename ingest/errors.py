"""Errors a user can act on: what failed, which file or setting, what to do."""

from collections.abc import Sequence
from typing import NamedTuple


def printable(line: str) -> str:
    """Return the line with control characters made visible, so that a terminal obeys none of them."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


class UserFacingError(Exception):
    """Root of every error shown to a person instead of a traceback.

    Args:
        what: what failed, as a clause without a full stop.
        where: the file, folder or setting concerned, or "" where there is none.
        remedy: what the person can do, as an imperative clause.
    """

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        """One line, control characters made visible: file names may hold anything."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        line = f"{line}; {self.remedy}" if self.remedy else line
        return printable(line)


class SettingsInvalid(UserFacingError):
    """A setting has an unknown name or an impossible value."""


class SourceUnreadable(UserFacingError):
    """One source file cannot be turned into text; the others go on."""


class RootInvalid(UserFacingError):
    """A path to ingest is missing, empty or not in the index."""


class PruningUnconfirmed(UserFacingError):
    """More than half of a root's sources are gone, and nobody said that this is meant."""


class IndexMissing(UserFacingError):
    """There is no index in the data directory, or nothing was ingested yet."""


class IndexLocked(UserFacingError):
    """Another process is writing to the index."""


class IndexUnwritable(UserFacingError):
    """The disk is full, or the index's folder may not be written to; the last finished run stands."""


class IndexUnreadable(UserFacingError):
    """The index is damaged, or its folder may not be read."""


class IndexStale(UserFacingError):
    """The index was written by another encoder, revision or schema version."""


class ModelMissing(UserFacingError):
    """A model is not on this machine, or cannot be used as an encoder."""


class RequestInvalid(UserFacingError):
    """A program asks for something that cannot be, such as an empty question."""


class QuoteMismatch(UserFacingError):
    """A quote is not what stands at its place: the index contradicts itself."""


class Fault(NamedTuple):
    """One thing wrong in a file: its 1-based line (None for the whole file) and what it is."""

    line: int | None
    what: str


class FileInvalid(UserFacingError):
    """A file that a person wrote has faults; all of them are told at once, a line each."""

    def __init__(self, what: str, where: str = "", remedy: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(what, where, remedy)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """The error in one line, then every fault in a line of its own."""
        told = (f"line {fault.line}: {fault.what}" if fault.line else fault.what for fault in self.faults)
        return "\n".join([super().__str__(), *(f"  {printable(line)}" for line in told)])


class PromptsInvalid(FileInvalid):
    """A file of test prompts has faults, so nothing was run."""


class ConversationInvalid(FileInvalid):
    """A file is not an exported conversation, or was altered since."""


class ResultsInvalid(FileInvalid):
    """A file of results has faults, or results do not belong to the prompts."""
