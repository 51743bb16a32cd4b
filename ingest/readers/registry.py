"""The formats we can read, by suffix, and the way in: `read`."""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from ingest.errors import SourceUnreadable
from ingest.readers import archive, docx, epub, html, markdown, pdf, pptx, records, text
from ingest.readers.source import empty
from ingest.schema import Document

Reader = Callable[[bytes, str], Document]

_READS = 3  # of a file that changes meanwhile

_PLAIN: Mapping[str, Reader] = MappingProxyType(
    {
        ".md": markdown.read,
        ".markdown": markdown.read,
        ".txt": text.read,
        ".text": text.read,
        ".html": html.read,
        ".htm": html.read,
        ".xhtml": html.read,
        ".pdf": pdf.read,
        ".docx": docx.read,
        ".epub": epub.read,
        ".pptx": pptx.read,
        ".csv": records.read_table,
        ".tsv": records.read_table,
        ".jsonl": records.read_lines,
    }
)


def _read_archive(data: bytes, source: str) -> Document:
    return archive.read(data, source, _PLAIN)


FORMATS: Mapping[str, Reader] = MappingProxyType({**_PLAIN, ".zip": _read_archive})


def is_known(path: Path) -> bool:
    """Say whether a file's suffix, in any case, is one we can read."""
    return path.suffix.lower() in FORMATS


def read(path: Path, source: str) -> Document:
    """Read a file, whose suffix names its format.

    Args:
        path: the file.
        source: its path relative to its root, with forward slashes: what the
            document and every error call it.

    Raises:
        SourceUnreadable: the format is unknown, or the file cannot be read, is
            empty, is broken, or has no text to quote.
    """
    if not is_known(path):
        raise SourceUnreadable("is of no known format", source, f"use one of {' '.join(FORMATS)}")
    if not _is_storable(source):
        raise SourceUnreadable("has a name that is not UTF-8", source, "rename it")
    data = _bytes(path, source)
    if not data.strip():
        raise empty(source)
    document = FORMATS[path.suffix.lower()](data, source)
    if not document.blocks:
        raise SourceUnreadable("holds no text to quote", source, "remove it or add text to it")
    return document


def _is_storable(name: str) -> bool:
    """Say whether a name is whole characters: undecodable bytes of a file name become lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _bytes(path: Path, source: str) -> bytes:
    """Return the bytes of a file that nobody wrote to while it was read."""
    try:
        for _ in range(_READS):
            before = path.stat()
            if not (stat.S_ISREG(before.st_mode) or stat.S_ISDIR(before.st_mode)):
                raise SourceUnreadable("is not a file (a pipe, socket or device)", source, "remove it")
            data = path.read_bytes()
            after = path.stat()
            if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(data)):
                return data
    except OSError as error:
        what = f"cannot be read: {error.strerror or type(error).__name__}"
        raise SourceUnreadable(what, source, "check that it is a file and that you may read it") from error
    raise SourceUnreadable("is being written to", source, "ingest again when it is finished")
