"""Examines an index: catalog against vectors, encoder, lock and versions."""

import shlex
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ingest.errors import IndexUnreadable, UserFacingError
from ingest.index.catalog import Catalog, Snapshot
from ingest.index.lock import holder, locked
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import EncoderIdentity, open_encoder
from ingest.settings import Settings

REBUILD = "run `cited ingest --rebuild`"
LIBRARIES = ("cited-assistant", "chromadb", "onnxruntime", "SQLAlchemy")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined: whether it is well, what was seen, what to run if it is not."""

    ok: bool
    what: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Return the findings about the index that the settings name; nothing is changed.

    Raises:
        IndexMissing: nothing was ingested there yet.
        IndexStale: the index was made by another version.
    """
    findings = [Finding(True, "versions: " + ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))]
    if locked(settings.data_dir):
        findings.append(Finding(True, f"lock: {holder(settings.data_dir)} is writing to the index now"))
    else:
        findings.append(Finding(True, "lock: free"))
    try:
        with closing(Catalog(settings.data_dir)) as catalog, catalog.read() as snapshot:
            findings.extend(_catalog(snapshot))
            identity = snapshot.encoder()
            if identity is not None:
                findings.append(_encoder(settings, identity))
                findings.extend(_vectors(settings.data_dir, snapshot, identity))
    except IndexUnreadable as error:
        findings.append(Finding(False, f"catalog: {error.what}", error.remedy))
    return findings


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # run from a checkout
        return "not installed"


def _catalog(snapshot: Snapshot) -> list[Finding]:
    documents, passages = snapshot.counts()
    found = [Finding(True, f"catalog: run {snapshot.run()}, {documents} documents, {passages} passages")]
    faults = snapshot.faults()
    if faults:
        found.append(Finding(False, f"catalog: {len(faults)} faults, the first: {faults[0]}", REBUILD))
    return found + [finding for root in snapshot.roots() for finding in _root(root)]


def _root(root: str) -> list[Finding]:
    try:
        Path(root).stat()
    except (FileNotFoundError, NotADirectoryError):
        return [Finding(False, f"root: {root} is gone", f"run `cited forget {shlex.quote(root)}`")]
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        return [Finding(False, f"root: {root} cannot be looked at ({why})", "check that you may read it")]
    return []


def _encoder(settings: Settings, identity: EncoderIdentity) -> Finding:
    try:
        encoder = open_encoder(identity.name, settings.models_dir, allow_downloads=settings.allow_downloads)
    except UserFacingError as error:
        return Finding(False, f"encoder: {error.what}", error.remedy)
    if encoder.identity != identity:
        return Finding(False, f"encoder: the index was made with another revision of {identity.name}", REBUILD)
    return Finding(True, f"encoder: {identity.name}, {identity.dimension} dimensions, window {identity.window} tokens")


def _vectors(data_dir: Path, snapshot: Snapshot, identity: EncoderIdentity) -> list[Finding]:
    known = snapshot.shas()
    try:
        with Vectors(data_dir / VECTORS_FOLDER, identity) as vectors:
            there = set(vectors.ids())
    except IndexUnreadable as error:
        return [Finding(False, f"vectors: {error.what.removeprefix('the vectors ')}", error.remedy)]
    found = []
    if known - there:
        found.append(Finding(False, f"vectors: {len(known - there)} of {len(known)} are missing", REBUILD))
    else:
        found.append(Finding(True, f"vectors: all {len(known)} are there"))
    if there - known:
        what = f"vectors: {len(there - known)} left over from a run that did not finish"
        found.append(Finding(True, what, "the next `cited ingest` sweeps them"))
    return found
