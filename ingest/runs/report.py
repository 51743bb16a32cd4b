"""What a run would do, did, and did long ago: plans, reports, and records of runs."""

from dataclasses import dataclass, field

from ingest.schema import Change

KINDS = ("added", "updated", "renamed", "unchanged", "removed", "kept", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, by the files' hashes: no file was read for its text, and none was changed.

    `renamed` holds (former source, source); `failed` holds (source, why) of
    what cannot be opened; `removed` are gone from the folder. found = added +
    updated + renamed + unchanged + failed.
    """

    found: int = 0
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    prunes_most: bool = False  # of the sources of a root: more than half are gone


@dataclass(slots=True)
class Report:
    """What a run did. Lists hold sources, in order; `encoded` and `passages` (in the index) count passages.

    `renamed` holds (former source, source); `failed` holds (source, why and
    what to do); `kept` are gone from the folder but were not to be removed;
    `duplicates` are texts of this run that stand in several places; `notes`
    holds (source, what was uncertain in reading it). found = added + updated +
    renamed + unchanged + failed.
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
        """Return the size of each list, and how many passages were encoded."""
        return {**{name: len(getattr(self, name)) for name in KINDS}, "encoded": self.encoded}

    def changes(self) -> list[Change]:
        """Return what happened to each source that did not stay as it was, failures first."""
        return [
            *(Change("failed", source, reason) for source, reason in self.failed),
            *(Change("removed", source) for source in self.removed),
            *(Change("renamed", source, former) for former, source in self.renamed),
            *(Change("updated", source) for source in self.updated),
            *(Change("added", source) for source in self.added),
        ]
