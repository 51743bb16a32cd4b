"""The file that a document came from: whether it has changed, and its current text."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path, PurePath
from threading import Event

from ingest.errors import SourceUnreadable
from ingest.schema import Document
from ingest.settings import DEFAULT_LIMITS


class FileState(StrEnum):
    """The state of a source's file compared with what was ingested."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


def file_path(root: str, source: str) -> Path:
    """Return the path of a source's file; the root may be the file itself."""
    path = Path(root)
    return path / source if os.path.isdir(path) or path.name != source else path


def file_sha(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def root_names(roots: Sequence[str]) -> dict[str, str]:
    """Return a name for each root that does not give away where it is: its last part, and a hash if others have it."""
    names = {root: PurePath(root).name or "root" for root in roots}
    shared = Counter(names.values())
    return {
        root: name if shared[name] == 1 else f"{name}-{hashlib.sha256(root.encode()).hexdigest()[:6]}"
        for root, name in names.items()
    }


def check_file(root: str, document: Document) -> tuple[FileState, str | None]:
    """Return the state of a document's file, and its text if it is unchanged and the document is verbatim.

    A file that can no longer be read counts as gone.
    """
    try:
        content = file_path(root, document.source).read_bytes()
    except OSError:
        return FileState.GONE, None
    if hashlib.sha256(content).hexdigest() != document.sha:
        return FileState.CHANGED, None
    if not document.verbatim:
        return FileState.SAME, None
    return FileState.SAME, content.decode(document.encoding).replace("\r\n", "\n").replace("\r", "\n")


def read_current(root: str, document: Document) -> tuple[FileState, Document | None]:
    """Return the state of a document's file and the document as the file now reads.

    The document has no text if the changed file is unreadable, and is None if
    the file is gone. If the root itself does not exist (for example because
    the index was copied to another machine), the stored document is returned.
    """
    state, _ = check_file(root, document)
    if state is FileState.SAME or not os.path.exists(root):
        return state, document
    if state is FileState.GONE:
        return state, None
    from ingest.readers import isolated

    try:
        reading = isolated.read(file_path(root, document.source), document.source, DEFAULT_LIMITS, Event())
        return state, reading.document
    except SourceUnreadable:
        return state, replace(document, text="", page_starts=(), headings=(), blocks=())
