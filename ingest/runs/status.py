"""Reads the status of the index's sources and its runs."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.index.catalog import Catalog, Snapshot
from ingest.index.snapshot import named
from ingest.schema import Place, RunRecord


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source that is indexed, or failed, or both: a failing source keeps its former passages.

    `ingested` is when it was last read; None if it never was. `characters` is
    the length of its text. `failure` is the reason and remedy if it cannot be
    read, else "", and `failing_since` when the failures began. `note` is what
    was uncertain about reading it. `same_as` are the sources with the same text.
    """

    root: str
    source: str
    title: str = ""
    passages: int = 0
    characters: int = 0
    ingested: datetime | None = None
    failure: str = ""
    failing_since: datetime | None = None
    note: str = ""
    same_as: tuple[str, ...] = ()


def status(data_dir: Path) -> tuple[SourceStatus, ...]:
    """Return the sources of the last finished run, ordered by root and name.

    Raises:
        IndexMissing: nothing has been ingested yet.
        IndexStale: the index was built by another version.
    """
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        return tuple(_sources(snapshot))


def runs(data_dir: Path, *, limit: int = 20) -> tuple[RunRecord, ...]:
    """Return the last `limit` runs, newest first.

    Raises:
        IndexMissing: nothing has been ingested yet.
        IndexStale: the index was built by another version.
    """
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        return tuple(snapshot.runs(limit))


def _sources(snapshot: Snapshot) -> list[SourceStatus]:
    times = snapshot.run_times()
    failures = snapshot.failures()
    twins = {place: group for group in snapshot.duplicates() for place in group}
    found: dict[tuple[str, str], SourceStatus] = {}
    for each in snapshot.summaries():
        place = (each.root, each.source)
        failure, since = failures.pop(place, ("", 0))
        found[place] = SourceStatus(
            root=each.root,
            source=each.source,
            title=each.title,
            passages=each.passages,
            characters=each.characters,
            ingested=times.get(each.run),
            failure=failure,
            failing_since=times.get(since),
            note=each.note,
            same_as=_others(place, twins.get(place, ())),
        )
    for (root, source), (failure, since) in failures.items():
        found[root, source] = SourceStatus(root, source, failure=failure, failing_since=times.get(since))
    order = list(snapshot.roots())
    return sorted(found.values(), key=lambda each: (order.index(each.root), each.source))


def _others(place: Place, group: tuple[Place, ...]) -> tuple[str, ...]:
    return tuple(name for other, name in zip(group, named(group), strict=True) if other != place)
