"""ZIP: every file in a supported format, each under a heading with its name; nothing is written to disk."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from zipfile import ZipFile

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.package import open_package, read_part
from ingest.readers.source import empty, one_line, stem_title
from ingest.schema import Document

_MAX_FILES = 1_000
_MAX_DEPTH = 2  # of nested archives
_LOWEST_LEVEL = 9  # of headings

Reader = Callable[[bytes, str], Document]


def read(data: bytes, source: str, readers: Mapping[str, Reader], depth: int = 1) -> Document:
    """Return the texts of the files in an archive, concatenated.

    The note lists the files that cannot be read.

    Raises:
        SourceUnreadable: the file is not a ZIP, is too large when unpacked, or contains no readable file.
    """
    with open_package(data, source, "ZIP") as package:
        names = [name for name in package.namelist() if _is_wanted(name, readers, depth)]
        if len(names) > _MAX_FILES:
            raise SourceUnreadable(f"contains {len(names):,} texts (limit {_MAX_FILES:,})", source, "unpack it")
        documents: list[Document] = []
        failed: list[str] = []
        for name in names:
            try:
                documents.append(_member(package, name, readers, depth))
            except SourceUnreadable as error:
                failed.append(f"{error.where} {error.what}" if error.where == name else f"{name} {error.what}")
    if not documents:
        why = f": {failed[0]}" if failed else ""
        raise SourceUnreadable(f"contains no readable file{why}", source, "unpack it or remove it")
    assembled = assemble(piece for document in documents for piece in _pieces(document))
    notes = [f"{len(failed)} of {len(names)} files in it cannot be read: {'; '.join(failed[:5])}"] if failed else []
    notes += [f"{document.source}: {document.note}" for document in documents if document.note]
    return extracted(data, source, stem_title(source), assembled, note="; ".join(notes))


def _is_wanted(name: str, readers: Mapping[str, Reader], depth: int) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts if part != "..")
    known = path.suffix.lower() in readers or (path.suffix.lower() == ".zip" and depth < _MAX_DEPTH)
    return known and not hidden and not name.endswith("/")


def _member(package: ZipFile, name: str, readers: Mapping[str, Reader], depth: int) -> Document:
    data = read_part(package, name, name)
    suffix = PurePosixPath(name).suffix.lower()
    if not data.strip():
        raise empty(name)
    if suffix == ".zip":
        return read(data, name, readers, depth + 1)
    return readers[suffix](data, name)


def _pieces(document: Document) -> Iterator[Piece]:
    """Yield the file name as a heading, then the contents one level deeper."""
    yield Piece(one_line(clean(document.source)), level=1)
    parts = [
        (heading.start, Piece(heading.title, min(heading.level + 1, _LOWEST_LEVEL))) for heading in document.headings
    ]
    parts += [
        (block.start, Piece(document.text[block.start : block.end], apart=block.apart)) for block in document.blocks
    ]
    for _, piece in sorted(parts, key=lambda part: part[0]):
        yield piece
