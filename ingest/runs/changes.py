"""Finds what changed in a root by comparing the files' hashes, and the version of the readers, with the index."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingest.index.snapshot import Snapshot, StoredDocument
from ingest.origin import file_path, file_sha
from ingest.runs.report import Plan
from ingest.runs.scan import Scan
from ingest.schema import READERS


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run has to do for one root.

    `indexed` is the number of documents in the scanned part of the root.
    `unopened` are files that cannot be opened; reading them reports why.
    `shas` maps every other file's source to its SHA-256.
    """

    scan: Scan
    indexed: int
    added: tuple[str, ...]
    updated: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    unopened: tuple[str, ...]
    shas: Mapping[str, str]

    @property
    def prunes_most(self) -> bool:
        """Whether more than half of the indexed documents are gone."""
        return 2 * len(self.removed) > self.indexed


def stored_below(snapshot: Snapshot, scan: Scan) -> dict[str, StoredDocument]:
    """Return the documents of a root and of the roots inside it, by their source relative to this root."""
    found = snapshot.stored(str(scan.root))
    for inner in map(str, scan.inner):
        for source, document in snapshot.stored(inner).items():
            found[file_path(inner, source).relative_to(scan.root).as_posix()] = document
    return found


def find_changes(scan: Scan, stored: Mapping[str, StoredDocument]) -> Changes:
    """Return how the scanned files differ from the stored documents of the root."""
    concerned = {source for source in stored if source in scan.files or scan.concerns(source)}
    gone = sorted(concerned - scan.files.keys())
    hashed = {source: _sha(path) for source, path in scan.files.items()}
    shas = {source: sha for source, sha in hashed.items() if sha}
    new = [source for source in shas if source not in stored]
    renamed = _renamed({source: stored[source].sha for source in gone}, {source: shas[source] for source in new})
    known = [source for source in shas if source in stored]
    stale = {s for s in known if (shas[s], READERS) != (stored[s].sha, stored[s].readers)}
    unopened = [source for source in scan.files if source not in shas]
    placed = {*unopened, *(name for pair in renamed for name in pair)}
    return Changes(
        scan=scan,
        indexed=len(concerned),
        added=tuple(s for s in new if s not in placed),
        updated=tuple(s for s in known if s in stale),
        renamed=renamed,
        unchanged=tuple(s for s in known if s not in stale),
        removed=tuple(s for s in gone if s not in placed),
        unopened=tuple(unopened),
        shas=shas,
    )


def plan_of(changes: Sequence[Changes]) -> Plan:
    """Combine the changes of several roots into one plan."""
    closed = [item for each in changes for item in each.scan.closed]
    return Plan(
        found=sum(len(each.scan.files) + len(each.scan.closed) for each in changes),
        added=tuple(source for each in changes for source in each.added),
        updated=tuple(source for each in changes for source in each.updated),
        renamed=tuple(pair for each in changes for pair in each.renamed),
        unchanged=tuple(source for each in changes for source in each.unchanged),
        removed=tuple(source for each in changes for source in each.removed),
        skipped=tuple(source for each in changes for source in each.scan.skipped),
        failed=(*closed, *((source, "cannot be opened") for each in changes for source in each.unopened)),
        shas={
            each.scan.files[source]: each.shas.get(source, "")
            for each in changes
            for source in sorted(each.scan.files.keys() - set(each.unchanged))
        },
        prunes_most=any(each.prunes_most for each in changes),
    )


def _renamed(gone: Mapping[str, str], new: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Pair missing documents with new files of the same content and format (both map source to hash)."""
    left = {(sha, _suffix(source)): source for source, sha in new.items()}
    pairs = [(former, left.pop((sha, _suffix(former)), None)) for former, sha in gone.items()]
    return tuple((former, source) for former, source in pairs if source is not None)


def _suffix(source: str) -> str:
    return PurePosixPath(source).suffix.lower()


def _sha(path: Path) -> str:
    """Return the SHA-256 of a file, or "" if it cannot be read; reading it later reports why."""
    if not os.path.isfile(path):  # opening a pipe would block
        return ""
    try:
        return file_sha(path)
    except OSError:
        return ""
