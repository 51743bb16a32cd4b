"""Errors a user can act on: what failed, where, and how to fix it."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

_ABSOLUTE = re.compile(r"(?<![\w./<])/(?:[\w.@+~-]+/)+")  # the folders of an absolute path


def printable(line: str) -> str:
    """Return the line with control characters escaped, so that a terminal does not execute them."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def installing(extra: str) -> str:
    """Return the remedy that installs an extra, as the README does."""
    return f'install it in the program\'s folder: .venv/bin/pip install --constraint constraints.txt ".[{extra}]"'


class UserFacingError(Exception):
    """Base class of every error shown to the user without a traceback.

    Args:
        what: what failed, as a clause without a full stop.
        where: the file, folder or setting concerned, or "".
        remedy: what the user can do, as an imperative clause.
    """

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        """Return one line; control characters are escaped because file names may contain any."""
        return self._line(self.where, self.what, self.remedy)

    @property
    def public(self) -> str:
        """The message without the folders of this machine, for clients on others."""
        name = PurePath(self.where).name if PurePath(self.where).is_absolute() else self.where
        return self._line(name, *(_ABSOLUTE.sub("", part) for part in (self.what, self.remedy)))

    @staticmethod
    def _line(where: str, what: str, remedy: str) -> str:
        line = f"{where}: {what}" if where else what
        return printable(f"{line}; {remedy}" if remedy else line)


class SettingsInvalid(UserFacingError):
    """A setting has an unknown name or an invalid value."""


class SourceUnreadable(UserFacingError):
    """A source file cannot be read as text; the run continues with the others."""


class RootInvalid(UserFacingError):
    """A path to ingest is missing, empty or not in the index."""


class PruningUnconfirmed(UserFacingError):
    """More than half of a root's sources are missing, and their removal was not confirmed."""


class RunStopped(UserFacingError):
    """A run was asked to stop; the index is as the last finished run left it."""


class PlanOutdated(UserFacingError):
    """The files or the index changed after a run was planned; nothing was changed."""


class IndexMissing(UserFacingError):
    """The data directory has no index, or nothing has been ingested yet."""


class IndexLocked(UserFacingError):
    """Another process is writing to the index."""


class IndexUnwritable(UserFacingError):
    """The disk is full or the index folder is not writable; the last finished run stays valid."""


def not_written(what: str, where: str, error: OSError) -> IndexUnwritable:
    """Return the error for something of the page that the system does not let it write."""
    reason = (error.strerror or type(error).__name__).lower()
    return IndexUnwritable(f"{what} ({reason})", where, "free some disk space, or check the permissions of this folder")


class IndexUnreadable(UserFacingError):
    """The index is damaged or its folder is not readable."""


class IndexStale(UserFacingError):
    """The index was built with another encoder, revision or schema version."""


class BackupFailed(UserFacingError):
    """A backup cannot be made or restored; the data folder is as it was."""


class ModelMissing(UserFacingError):
    """A model is not on this machine or cannot be used."""


class ClusterInvalid(UserFacingError):
    """The workers of a run cannot be started or reached, or cannot do its work; the last finished run stays valid."""


class CollectionInvalid(UserFacingError):
    """A collection does not exist, or its name or settings are not allowed."""


class AccountInvalid(UserFacingError):
    """An account, password or token does not exist or is not allowed."""


class RequestInvalid(UserFacingError):
    """A program sent an invalid request, such as an empty question."""


class QuoteMismatch(UserFacingError):
    """A quote differs from the text at its span: the index is inconsistent."""


class Fault(NamedTuple):
    """One fault in a file: its 1-based line (None for the whole file) and a description."""

    line: int | None
    what: str


class FileInvalid(UserFacingError):
    """A user's file has faults; all of them are listed, one per line."""

    def __init__(self, what: str, where: str = "", remedy: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(what, where, remedy)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """Return the error on one line, then one line per fault."""
        return "\n".join([super().__str__(), *self._listed()])

    @property
    def public(self) -> str:
        """The message without the folders of this machine, for clients on others."""
        return "\n".join([super().public, *self._listed()])

    def _listed(self) -> list[str]:
        lines = (f"line {fault.line}: {fault.what}" if fault.line else fault.what for fault in self.faults)
        return [f"  {printable(line)}" for line in lines]


class PromptsInvalid(FileInvalid):
    """A file of test prompts has faults; nothing was run."""


class ConversationInvalid(FileInvalid):
    """A file is not an exported conversation, or was edited after the export."""


class ResultsInvalid(FileInvalid):
    """A results file has faults, or its results do not match the prompts."""
