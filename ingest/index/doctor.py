"""Checks an index: catalog, vectors, encoder, folders and lock."""

import shlex
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ingest.errors import IndexUnreadable, UserFacingError
from ingest.index.catalog import Catalog, Snapshot
from ingest.index.chroma_files import REBUILD
from ingest.index.lock import holder, locked
from ingest.index.postgresql import database
from ingest.index.server_vectors import vectors_of
from ingest.index.vectors import SAMPLE, VECTORS_FOLDER
from ingest.models import e5
from ingest.models.encoder import BUNDLED, EncoderIdentity, open_encoder
from ingest.settings import Settings
from ingest.text.terms import ENGLISH

FIX = "run `cited doctor --fix`"
MOSTLY = 0.9
"""The share of English text from which the bundled encoder will do."""
LIBRARIES = ("cited-assistant", "chromadb", "onnxruntime", "SQLAlchemy")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: whether it passed, what was found, and what to do if it failed."""

    ok: bool
    what: str
    remedy: str = ""


def versions() -> Finding:
    """Return the versions of the program and of the libraries that an index depends on."""
    return Finding(True, "versions: " + ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))


def examine(settings: Settings) -> list[Finding]:
    """Check the index of the chosen collection without changing it.

    Raises:
        IndexMissing: nothing has been ingested yet.
        IndexStale: the index was built by another version.
    """
    server = database(settings.folder)
    writing = f"{holder(settings.folder)} is writing to the index now" if locked(settings.folder) else "free"
    findings = [Finding(True, f"lock: {writing}")]
    if server is not None:
        findings.append(Finding(True, f"server: {server.where}"))
    try:
        with closing(Catalog(settings.folder)) as catalog, catalog.read() as snapshot:
            findings.extend(_catalog(snapshot))
            identity = snapshot.encoder()
            if identity is not None:
                findings.append(_encoder(settings, identity))
                findings.append(_languages(snapshot, identity))
                findings.extend(_vectors(settings.folder, snapshot, identity))
    except IndexUnreadable as error:
        findings.append(Finding(False, f"catalog: {error.what}", error.remedy))
    return findings


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # running from a checkout
        return "not installed"


def _catalog(snapshot: Snapshot) -> list[Finding]:
    documents, passages = snapshot.counts()
    findings = [Finding(True, f"catalog: run {snapshot.run()}, {documents} documents, {passages} passages")]
    faults = snapshot.faults()
    if faults:
        noun = "fault" if len(faults) == 1 else "faults"
        findings.append(Finding(False, f"catalog: {len(faults)} {noun} (first: {faults[0]})", REBUILD))
    return findings + [finding for root in snapshot.roots() for finding in _root(root)]


def _root(root: str) -> list[Finding]:
    try:
        Path(root).stat()
    except (FileNotFoundError, NotADirectoryError):
        remedy = f"make it available again, or remove its texts with `cited forget {shlex.quote(root)}`"
        return [Finding(False, f"folder: {root} is missing", remedy)]
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        return [Finding(False, f"folder: {root} cannot be accessed ({why})", "check that you may read it")]
    return []


def _encoder(settings: Settings, identity: EncoderIdentity) -> Finding:
    try:
        encoder = open_encoder(identity.name, settings.models_dir, allow_downloads=settings.allow_downloads)
    except UserFacingError as error:
        return Finding(False, f"encoder: {error.what}", error.remedy)
    if encoder.identity != identity:
        return Finding(False, f"encoder: the index was built with another revision of {identity.name}", REBUILD)
    return Finding(True, f"encoder: {identity.name}, {identity.dimension} dimensions, window {identity.window} tokens")


def _languages(snapshot: Snapshot, identity: EncoderIdentity) -> Finding:
    """Return the shares of the languages that the texts are in, of those whose language is known."""
    counts = {language: count for language, count in snapshot.languages().items() if language and count}
    every = sum(counts.values())
    if not every:
        return Finding(True, "languages: not known")
    shares = ", ".join(f"{name} {count / every:.0%}" for name, count in sorted(counts.items(), key=lambda of: -of[1]))
    english = counts.get(ENGLISH, 0) / every
    remedy = f"for the others, set CITED_ENCODER={e5.NAME} and {REBUILD}: the encoder {BUNDLED} knows English"
    return Finding(True, f"languages: {shares}", remedy if identity.name == BUNDLED and english < MOSTLY else "")


def _vectors(data_dir: Path, snapshot: Snapshot, identity: EncoderIdentity) -> list[Finding]:
    known = snapshot.shas()
    try:
        with vectors_of(data_dir / VECTORS_FOLDER, identity, read_only=True) as vectors:
            present = set(vectors.ids())
            lost = sum(map(len, vectors.unreachable().values()))
    except IndexUnreadable as error:
        what = error.what.removeprefix("the vectors ").removeprefix("are ")
        return [Finding(False, f"vectors: {what}", error.remedy)]
    findings = []
    if lost:
        tested = min(len(present), SAMPLE)
        findings.append(Finding(False, f"vectors: {lost} of {tested} tested are not found by a search", FIX))
    if known - present:
        findings.append(Finding(False, f"vectors: {len(known - present)} of {len(known)} missing", FIX))
    else:
        findings.append(Finding(True, f"vectors: all {len(known)} present"))
    if present - known:
        what = f"vectors: {len(present - known)} left over from an earlier run"
        findings.append(Finding(True, what, "the next `cited ingest` removes them"))
    return findings
