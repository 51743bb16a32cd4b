"""Reads the files inside another file: the members of an archive, the attachments of a message."""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Self

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, clean, piece_of
from ingest.readers.package import Budget, OverBudget
from ingest.readers.source import empty, one_line, stem_title
from ingest.schema import Document

_MAX_DEPTH = 2  # files that contain files in files that contain files
_NAMED = 10  # names in a note, before their number

LOWEST_LEVEL = 9
"""Of headings."""

Load = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Members:
    """How to read the files inside a file: the suffixes, those that contain files themselves, and the budget."""

    suffixes: Set[str]
    containers: Set[str]
    read: "Callable[[bytes, str, Members], Document]"
    budget: Budget
    depth: int = 1

    def knows(self, name: str) -> bool:
        """Return whether a file can be read by its suffix, at this depth."""
        suffix = PurePosixPath(name).suffix.lower()
        return suffix in self.suffixes and (suffix not in self.containers or self.depth < _MAX_DEPTH)

    def deeper(self) -> Self:
        """Return how to read the files inside one of these files."""
        return replace(self, depth=self.depth + 1)


@dataclass(slots=True)
class Found:
    """The documents of the files that were read, why others cannot be, the names of those passed over, and remarks."""

    documents: list[Document] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def read(self, files: Iterable[tuple[str, Load]], source: str, members: Members) -> None:
        """Read the files with a known suffix.

        Raises:
            OverBudget: they unpack to more than the budget.
        """
        for name, load in files:
            if not members.knows(name):
                self.passed.append(name)
                continue
            try:
                data = load()
                if not data.strip():
                    raise empty(name)
                self.documents.append(members.read(data, name, members))
            except OverBudget as error:
                raise OverBudget(error.what, source, error.remedy) from error
            except SourceUnreadable as error:
                self.failed.append(f"{error.where} {error.what}" if error.where == name else f"{name} {error.what}")

    def notes(self) -> Iterator[str]:
        """Yield what cannot be read, what was passed over, and the notes of the documents."""
        if self.failed:
            total = len(self.failed) + len(self.documents)
            yield f"{len(self.failed)} of {total} files in it cannot be read: {_listed(self.failed, '; ')}"
        if self.passed:
            names = list(dict.fromkeys(self.passed))
            yield f"passed over, since their formats are not supported: {_listed(names, ', ')}"
        yield from dict.fromkeys(self.remarks)
        for document in self.documents:
            if document.note:
                yield f"{document.source}: {document.note}"
            if document.ocr_pages:
                yield f"{document.source}: some of its text was recognised in images, where letters may be wrong"


def member_pieces(document: Document, level: int = 1) -> Iterator[Piece]:
    """Yield the name of a file as a heading, its title one level deeper if it has one of its own, then its contents."""
    yield Piece(one_line(clean(document.source)), level)
    named = {stem_title(document.source), *(heading.title for heading in document.headings)}
    shift = level
    if document.title not in named:
        shift += 1
        yield Piece(document.title, min(shift, LOWEST_LEVEL))
    parts = [
        (heading.start, Piece(heading.title, min(heading.level + shift, LOWEST_LEVEL))) for heading in document.headings
    ]
    parts += [(block.start, piece_of(document.text, block)) for block in document.blocks]
    for _, piece in sorted(parts, key=lambda part: part[0]):
        yield piece


def _listed(names: list[str], separator: str) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return one_line(clean(separator.join(names[:_NAMED]))) + more
