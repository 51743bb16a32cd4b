"""ZIP: every file in a supported format, each under a heading with its name; nothing is written to disk."""

from collections.abc import Callable, Iterator, Set
from pathlib import PurePosixPath

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.package import Budget, OverBudget, open_package, read_part
from ingest.readers.source import empty, one_line, stem_title
from ingest.schema import Document

_MAX_FILES = 1_000
_MAX_DEPTH = 2  # of nested archives
_LOWEST_LEVEL = 9  # of headings

ReadMember = Callable[[bytes, str, Budget], Document]


def read(
    data: bytes, source: str, budget: Budget, suffixes: Set[str], read_member: ReadMember, depth: int = 1
) -> Document:
    """Return the texts of the files in an archive, concatenated; `read_member` reads those with one of the suffixes.

    The note lists the files that cannot be read.

    Raises:
        SourceUnreadable: the file is not a ZIP, is too large when unpacked, or contains no readable file.
    """
    with open_package(data, source, "ZIP", budget) as package:
        names = [name for name in dict.fromkeys(package.namelist()) if _is_wanted(name, suffixes, depth)]
        if len(names) > _MAX_FILES:
            raise SourceUnreadable(f"contains {len(names):,} texts (limit {_MAX_FILES:,})", source, "unpack it")
        documents: list[Document] = []
        failed: list[str] = []
        for name in names:
            try:
                member = read_part(package, name, name, budget)
                if not member.strip():
                    raise empty(name)
                if PurePosixPath(name).suffix.lower() == ".zip":
                    documents.append(read(member, name, budget, suffixes, read_member, depth + 1))
                else:
                    documents.append(read_member(member, name, budget))
            except OverBudget as error:
                raise OverBudget(error.what, source, error.remedy) from error
            except SourceUnreadable as error:
                failed.append(f"{error.where} {error.what}" if error.where == name else f"{name} {error.what}")
    if not documents:
        why = f": {failed[0]}" if failed else ""
        raise SourceUnreadable(f"contains no readable file{why}", source, "unpack it or remove it")
    assembled = assemble(piece for document in documents for piece in _pieces(document))
    notes = [f"{len(failed)} of {len(names)} files in it cannot be read: {'; '.join(failed[:5])}"] if failed else []
    notes += [f"{document.source}: {document.note}" for document in documents if document.note]
    return extracted(data, source, stem_title(source), assembled, note="; ".join(notes))


def _is_wanted(name: str, suffixes: Set[str], depth: int) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts if part != "..")
    known = path.suffix.lower() in suffixes or (path.suffix.lower() == ".zip" and depth < _MAX_DEPTH)
    return known and not hidden and not name.endswith("/")


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
