"""ZIP: every file in it of a known format, each under a heading with its name; nothing is written to disk."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from zipfile import ZipFile

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.package import open_package, read_part
from ingest.readers.source import one_line, stem_title
from ingest.schema import Document

_MOST_FILES = 1_000
_DEEPEST = 2  # archives in archives
_LOWEST_LEVEL = 9  # of headings

Reader = Callable[[bytes, str], Document]


def read(data: bytes, source: str, readers: Mapping[str, Reader], depth: int = 1) -> Document:
    """Return the texts of the files in an archive, one after the other.

    Files that cannot be read are named in the note.

    Raises:
        SourceUnreadable: the file is no ZIP, unpacks to too much, or holds no file that can be read.
    """
    with open_package(data, source, "ZIP") as package:
        names = [name for name in package.namelist() if _is_wanted(name, readers, depth)]
        if len(names) > _MOST_FILES:
            raise SourceUnreadable(f"holds {len(names):,} texts, more than {_MOST_FILES:,}", source, "unpack it")
        found: list[Document] = []
        failed: list[str] = []
        for name in names:
            try:
                found.append(_member(package, name, readers, depth))
            except SourceUnreadable as error:
                failed.append(f"{error.where} {error.what}" if error.where == name else f"{name} {error.what}")
    if not found:
        why = f"; {failed[0]}" if failed else ""
        raise SourceUnreadable(f"holds no file that can be read{why}", source, "unpack it, or remove it")
    assembled = assemble(piece for document in found for piece in _pieces(document))
    notes = [f"{len(failed)} of {len(names)} files in it cannot be read: {'; '.join(failed[:5])}"] if failed else []
    notes += [f"{document.source}: {document.note}" for document in found if document.note]
    return extracted(data, source, stem_title(source), assembled, note="; ".join(notes))


def _is_wanted(name: str, readers: Mapping[str, Reader], depth: int) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts if part != "..")
    known = path.suffix.lower() in readers or (path.suffix.lower() == ".zip" and depth < _DEEPEST)
    return known and not hidden and not name.endswith("/")


def _member(package: ZipFile, name: str, readers: Mapping[str, Reader], depth: int) -> Document:
    data = read_part(package, name, name)
    suffix = PurePosixPath(name).suffix.lower()
    if not data.strip():
        raise SourceUnreadable("is empty", name, "fill it")
    if suffix == ".zip":
        return read(data, name, readers, depth + 1)
    return readers[suffix](data, name)


def _pieces(document: Document) -> Iterator[Piece]:
    """Yield a file's name as heading, then what stands in it one level deeper."""
    yield Piece(one_line(clean(document.source)), level=1)
    parts = [
        (heading.start, Piece(heading.title, min(heading.level + 1, _LOWEST_LEVEL))) for heading in document.headings
    ]
    parts += [
        (block.start, Piece(document.text[block.start : block.end], apart=block.apart)) for block in document.blocks
    ]
    for _, piece in sorted(parts, key=lambda part: part[0]):
        yield piece
