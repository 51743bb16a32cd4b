"""The file that a document came from: whether it is still the same, and what stands in it."""

import hashlib
import os
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from ingest.errors import SourceUnreadable
from ingest.schema import Document


class FileState(StrEnum):
    """Whether a source's file is today what was ingested."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


def file_path(root: str, source: str) -> Path:
    """Return where a source's file is; a root may be the file itself."""
    path = Path(root)
    return path / source if os.path.isdir(path) or path.name != source else path


def look(root: str, document: Document) -> tuple[FileState, str | None]:
    """Return the state of a document's file, and its text where that is the file's own characters.

    A file that cannot be read any more counts as gone.
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


def today(root: str, document: Document) -> tuple[FileState, Document | None]:
    """Return the state of a document's file and the document as it says today.

    It has no text where the file cannot be read any more, and is None where it is gone.

    Where the root itself is not at hand, as with an index that was copied to
    another machine, the document is all there is.
    """
    state, _ = look(root, document)
    if state is FileState.SAME or not os.path.exists(root):
        return state, document
    if state is FileState.GONE:
        return state, None
    from ingest.readers.registry import read

    try:
        return state, read(file_path(root, document.source), document.source)
    except SourceUnreadable:
        return state, replace(document, text="", page_starts=(), headings=(), blocks=())
