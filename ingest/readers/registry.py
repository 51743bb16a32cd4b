"""The supported formats by suffix, and the entry point `read`."""

import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from ingest.errors import SourceUnreadable
from ingest.readers.containers import archive, mail
from ingest.readers.containers.members import Members
from ingest.readers.data import json_records, tabular
from ingest.readers.markup import asciidoc, latex, markdown, notebook, rst
from ingest.readers.office import docx, ods, odt, pptx, rtf, xlsx
from ingest.readers.package import Budget
from ingest.readers.pdf import pdf
from ingest.readers.plain import code, text
from ingest.readers.source import LONGEST_TITLE, empty, no_text, shortened
from ingest.readers.web import epub, html
from ingest.schema import Document

Reader = Callable[[bytes, str], Document]
PackageReader = Callable[[bytes, str, Budget], Document]
ContainerReader = Callable[[bytes, str, Members], Document]

_READ_ATTEMPTS = 3  # for a file that changes while it is read

_PLAIN: Mapping[str, Reader] = MappingProxyType(
    {
        ".md": markdown.read,
        ".markdown": markdown.read,
        ".mdx": markdown.read_mdx,
        ".rst": rst.read,
        ".tex": latex.read,
        ".ipynb": notebook.read,
        ".adoc": asciidoc.read,
        ".asciidoc": asciidoc.read,
        ".txt": text.read,
        ".text": text.read,
        ".html": html.read,
        ".htm": html.read,
        ".xhtml": html.read,
        ".pdf": pdf.read,
        ".csv": tabular.read,
        ".tsv": tabular.read,
        ".jsonl": json_records.read_jsonl,
        ".json": json_records.read_json,
        ".log": code.read_log,
        **dict.fromkeys(code.SUFFIXES, code.read),
        ".rtf": rtf.read,
    }
)


_PACKAGES: Mapping[str, PackageReader] = MappingProxyType(
    {
        ".docx": docx.read,
        ".epub": epub.read,
        ".pptx": pptx.read,
        ".xlsx": xlsx.read,
        ".odt": odt.read,
        ".ods": ods.read,
    }
)


_CONTAINERS: Mapping[str, ContainerReader] = MappingProxyType(
    {".zip": archive.read, ".eml": mail.read_eml, ".mbox": mail.read_mbox}
)


def _read_member(data: bytes, name: str, members: Members) -> Document:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _CONTAINERS:
        return _CONTAINERS[suffix](data, name, members.deeper())
    return _PACKAGES[suffix](data, name, members.budget) if suffix in _PACKAGES else _PLAIN[suffix](data, name)


def _package(reader: PackageReader) -> Reader:
    """Return a reader of packages that gives each file a budget of its own."""
    return lambda data, source: reader(data, source, Budget())


def _container(reader: ContainerReader) -> Reader:
    """Return a reader of files that contain files, with a budget of its own for each."""
    suffixes = _PLAIN.keys() | _PACKAGES.keys() | _CONTAINERS.keys()
    return lambda data, source: reader(data, source, Members(suffixes, _CONTAINERS.keys(), _read_member, Budget()))


FORMATS: Mapping[str, Reader] = MappingProxyType(
    {
        **_PLAIN,
        **{suffix: _package(reader) for suffix, reader in _PACKAGES.items()},
        **{suffix: _container(reader) for suffix, reader in _CONTAINERS.items()},
    }
)


def is_known(path: Path) -> bool:
    """Return whether a file's suffix is supported, ignoring case."""
    return path.suffix.lower() in FORMATS


def read(path: Path, source: str) -> Document:
    """Read a file in the format given by its suffix.

    Args:
        path: the file.
        source: its path relative to its root, with forward slashes; used in
            the document and in errors.

    Raises:
        SourceUnreadable: the format is not supported, or the file cannot be
            read, is empty, is damaged, or has no text to quote.
    """
    if not is_known(path):
        raise SourceUnreadable("has an unsupported format", source, f"convert it to one of {' '.join(FORMATS)}")
    if not _is_storable(source):
        raise SourceUnreadable("has a name that is not UTF-8", source, "rename it")
    data = read_bytes(path, source)
    if not data.strip():
        raise empty(source)
    document = FORMATS[path.suffix.lower()](data, source)
    if not document.blocks:
        raise no_text(source)
    return _with_short_titles(document)


def _with_short_titles(document: Document) -> Document:
    if all(len(title) <= LONGEST_TITLE for title in (document.title, *(each.title for each in document.headings))):
        return document
    headings = tuple(replace(heading, title=shortened(heading.title)) for heading in document.headings)
    return replace(document, title=shortened(document.title), headings=headings)


def _is_storable(name: str) -> bool:
    """Return whether a name contains no lone surrogates, which stand for undecodable bytes of a file name."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def read_bytes(path: Path, source: str) -> bytes:
    """Return the bytes of a file, retrying if it changes while it is read.

    Raises:
        SourceUnreadable: it cannot be read.
    """
    try:
        for _ in range(_READ_ATTEMPTS):
            before = path.stat()
            if not (stat.S_ISREG(before.st_mode) or stat.S_ISDIR(before.st_mode)):
                raise SourceUnreadable("is not a file but a pipe, socket or device", source, "remove it")
            data = path.read_bytes()
            after = path.stat()
            if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(data)):
                return data
    except OSError as error:
        what = f"cannot be read: {error.strerror or type(error).__name__}"
        raise SourceUnreadable(what, source, "check that it is a file you may read") from error
    raise SourceUnreadable("keeps changing while it is read", source, "ingest again once it is complete")
