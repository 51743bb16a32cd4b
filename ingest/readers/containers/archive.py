"""ZIP: every file in a supported format, each under a heading with its name; nothing is written to disk."""

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from zipfile import ZipFile

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import assemble, extracted
from ingest.readers.containers.members import Found, Load, Members, member_pieces
from ingest.readers.package import Budget, open_package, read_part
from ingest.readers.source import stem_title
from ingest.schema import Document

_MAX_FILES = 1_000


def read(data: bytes, source: str, members: Members) -> Document:
    """Return the texts of the files in an archive, concatenated.

    The note lists the files that cannot be read and those in other formats;
    hidden files are left out silently, as in a folder.

    Raises:
        SourceUnreadable: the file is not a ZIP, is too large when unpacked, or contains no readable file.
    """
    found = Found()
    with open_package(data, source, "ZIP", members.budget) as package:
        files = dict(_files(package, members.budget))
        known = sum(map(members.knows, files))
        if known > _MAX_FILES:
            raise SourceUnreadable(f"contains {known:,} texts (limit {_MAX_FILES:,})", source, "unpack it")
        found.read(files.items(), source, members)
    if not found.documents:
        why = f": {found.failed[0]}" if found.failed else ""
        raise SourceUnreadable(f"contains no readable file{why}", source, "unpack it or remove it")
    assembled = assemble(piece for document in found.documents for piece in member_pieces(document))
    return extracted(data, source, stem_title(source), assembled, note="; ".join(found.notes()))


def _files(package: ZipFile, budget: Budget) -> Iterator[tuple[str, Load]]:
    for name in package.namelist():
        parts = PurePosixPath(name).parts
        if not name.endswith("/") and not any(part.startswith((".", "__MACOSX")) for part in parts if part != ".."):
            yield name, partial(read_part, package, name, name, budget)
