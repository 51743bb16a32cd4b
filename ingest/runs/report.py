"""Plans (what a run would do) and run reports (what it did)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.readers.registry import is_known
from ingest.schema import Change

KINDS = ("added", "updated", "renamed", "unchanged", "removed", "kept", "skipped", "failed")


def by_reason(skipped: Iterable[str]) -> dict[str, list[str]]:
    """Return skipped sources by reason; of a supported format, only empty files and those for programs are skipped."""
    reasons: dict[str, list[str]] = {}
    for source in skipped:
        path = Path(source)
        made = "empty" if path.name == "__init__.py" else "made by a program"
        reasons.setdefault(made if is_known(path) else "unsupported format", []).append(source)
    return reasons


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, judged by the files' hashes alone.

    `renamed` contains (old source, new source), `failed` (source, reason) for
    files that cannot be opened, and `removed` the sources gone from the folder.
    `shas` maps each file that would be read to the SHA-256 of its bytes, in
    hexadecimal, or "" if it cannot be opened.
    found = added + updated + renamed + unchanged + failed.
    """

    found: int = 0
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    shas: Mapping[Path, str] = field(default_factory=dict)
    prunes_most: bool = False  # more than half of a root's sources are gone

    @property
    def skipped_by_reason(self) -> dict[str, list[str]]:
        """The skipped sources by the reason why they are."""
        return by_reason(self.skipped)


@dataclass(slots=True)
class RunReport:
    """What a run did; the lists contain sources, in order.

    `renamed` contains (old source, new source), `failed` (source, reason and
    remedy), and `notes` (source, what was uncertain about reading it). `kept`
    are gone from the folder but were kept in the index. `duplicates` groups
    the sources of this run that have the same text as others. `encoded` is the
    number of passages encoded, `passages` the number in the index.
    found = added + updated + renamed + unchanged + failed.
    """

    run: int = 0
    found: int = 0
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    passages: int = 0
    encoded: int = 0

    def counts(self) -> dict[str, int]:
        """Return the length of each list and the number of passages encoded."""
        return {**{name: len(getattr(self, name)) for name in KINDS}, "encoded": self.encoded}

    def changes(self) -> list[Change]:
        """Return what happened to each source that changed or failed, failures first."""
        return [
            *(Change("failed", source, reason) for source, reason in self.failed),
            *(Change("removed", source) for source in self.removed),
            *(Change("renamed", source, former) for former, source in self.renamed),
            *(Change("updated", source) for source in self.updated),
            *(Change("added", source) for source in self.added),
        ]
