"""The records that ingest creates: documents, blocks, headings, passages and runs.

Offsets are characters of `Document.text`, end exclusive. Pages and lines are
1-based; a page is None for formats without pages.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Literal

HEADING_SEPARATOR = " › "
READERS = 9
"""The version of the readers. Files that were read by another are read again by the next ingest."""

Kind = Literal["paragraph", "item", "row", "code"]
"""What a block is: running text, one item of a list, one row of a table, or text whose lines matter."""

Span = tuple[int, int]  # start, end
Place = tuple[str, str]  # root, source


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: level (1 is the highest), plain title and the span of its line."""

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """A unit of text: a paragraph, list item, table row or code block.

    `apart` marks a block as unrelated to the one before it (as paragraphs of
    plain text are): no passage spans both. A row is one sentence, whatever
    full stops it contains.
    """

    start: int
    end: int
    apart: bool = False
    kind: Kind = "paragraph"


@dataclass(frozen=True, slots=True)
class Document:
    """One source as text.

    `source` is the path relative to its root, with forward slashes. `sha` is
    the SHA-256 of the file's bytes, in hexadecimal. If `verbatim`, `text` is
    the file's own characters with every line end as a newline, so offsets and
    lines also apply to the file; otherwise the text was extracted.
    `page_starts` holds the offset of each page's first character. Text outside
    the blocks (headings, front matter, markup, white space) is never quoted.
    `encoding` is Python's name of the file's character encoding if `verbatim`.
    `language` is an ISO 639-1 code, or "" if it is unknown.
    `ocr_pages` are the pages whose text was recognised in an image.
    `word_boxes` are the packed places of the words on their pages, see
    `ingest.word_boxes`.
    `note` describes anything uncertain about how the file was read.
    `readers` is the version of the readers that read it.
    """

    source: str
    title: str
    url: str | None
    text: str
    sha: str
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    blocks: tuple[Block, ...] = ()
    verbatim: bool = True
    encoding: str = "utf-8"
    note: str = ""
    language: str = ""
    ocr_pages: tuple[int, ...] = ()
    word_boxes: bytes = b""
    readers: int = READERS

    def __post_init__(self) -> None:
        """Check that the blocks are ordered, disjoint and inside the text."""
        at = 0
        for block in self.blocks:
            if not at <= block.start < block.end <= len(self.text):
                raise ValueError(f"{self.source}: {block} is empty, overlaps another block or exceeds the text")
            at = block.end

    def page(self, offset: int) -> int | None:
        """Return the 1-based page that contains `offset`; None without pages."""
        return bisect_right(self.page_starts, offset) if self.page_starts else None

    def is_recognised(self, start: int, end: int) -> bool:
        """Return whether some of a span's text was recognised in an image."""
        first, last = self.page(start) or 0, self.page(end - 1) or 0
        return any(first <= page <= last for page in self.ocr_pages)

    def line(self, offset: int) -> int | None:
        """Return the 1-based line of the file that contains `offset`; None for extracted text."""
        return self.text.count("\n", 0, offset) + 1 if self.verbatim else None


@dataclass(frozen=True, slots=True)
class Reading:
    """A document and the spans of its sentences, one tuple per block."""

    document: Document
    sentences: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences of one document that together fit the encoder's window.

    `text == document.text[start:end]`, always. `heading` is the path of
    headings above the passage, outermost first. `sentences` are spans of the
    document's text inside the passage. `sha` identifies the vector: it hashes
    the encoded text (title, heading path, text) and the encoder. `id` depends
    on the place, so the same text in two files gives two passages that share
    one vector. `title` is the document's. `recognised` means that some of the
    text was recognised in an image (OCR), where letters may be wrong.
    """

    id: str
    root: str
    source: str
    start: int
    end: int
    text: str
    page: int | None
    heading: tuple[str, ...]
    sentences: tuple[Span, ...]
    sha: str
    title: str = ""
    recognised: bool = False

    def __post_init__(self) -> None:
        """Check that the text has the length of its span."""
        if self.end - self.start != len(self.text):
            raise ValueError(f"{self.source}: passage {self.start}-{self.end} has {len(self.text)} characters")

    @property
    def place(self) -> tuple[str, str]:
        """Root and source of the passage's document."""
        return self.root, self.source

    def cut(self, start: int, end: int) -> str:
        """Return the text of a document span inside this passage.

        Raises:
            ValueError: the span is empty or not inside the passage.
        """
        if not self.start <= start < end <= self.end:
            raise ValueError(f"{self.source}: {start}-{end} is not inside {self.start}-{self.end}")
        return self.text[start - self.start : end - self.start]


@dataclass(frozen=True, slots=True)
class CorpusDescription:
    """The contents of a corpus.yaml, or what is said about a collection; the page shows all of it.

    Of a collection, `notice` stands below every answer, and `notices` are
    pairs of a root and what its own corpus.yaml wants below quotes from it.
    """

    name: str = ""
    description: str = ""
    notice: str = ""
    questions: tuple[str, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()

    def over(self, other: "CorpusDescription") -> "CorpusDescription":
        """Return this description with its empty fields filled from another one."""
        return CorpusDescription(
            self.name or other.name,
            self.description or other.description,
            self.notice or other.notice,
            self.questions or other.questions,
            self.notices or other.notices,
        )

    def notice_below(self, roots: Collection[str]) -> str:
        """Return what stands below an answer that shows texts of these roots."""
        return self.notice or " ".join(dict.fromkeys(notice for root, notice in self.notices if root in roots))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sources to search: those that meet every condition given; all of them if none is.

    `places` are sources, and folders with all that is in them: a root (""
    for any) and a path in it ("" for the whole root). `kinds` are the endings
    of file names, such as "pdf". `after` and `before` are days of this
    machine's time zone: the source was last read on or after the one, and
    before the other. When a file was written is not known.
    """

    places: tuple[Place, ...] = ()
    kinds: tuple[str, ...] = ()
    after: date | None = None
    before: date | None = None

    def __bool__(self) -> bool:
        """Return whether there is any condition."""
        return self != EVERYTHING

    def matched(self, place: Place) -> frozenset[Place]:
        """Return the chosen places that are this source or contain it."""
        root, source = place
        parts = source.split("/")
        paths = ["/".join(parts[:length]) for length in range(len(parts) + 1)]
        return frozenset(self.places) & {(of, path) for of in (root, "") for path in paths}

    def has_kind(self, source: str) -> bool:
        """Return whether the source is of a chosen kind, or none is chosen."""
        return not self.kinds or kind_of(source) in self.kinds

    def has_day(self, read: date) -> bool:
        """Return whether a source that was read on this day was read in time."""
        return (self.after is None or self.after <= read) and (self.before is None or read < self.before)


EVERYTHING = Selection()


def kind_of(source: str) -> str:
    """Return the ending of a source's name in small letters, such as "pdf"; "" if it has none."""
    return PurePosixPath(source).suffix[1:].lower()


def naming(title: str, heading: tuple[str, ...]) -> tuple[str, ...]:
    """Return the distinct title and headings, without those that contain no word (such as a hash)."""
    wordy = (part for part in (title, *heading) if any(len(w) > 2 and w.isalpha() for w in re.split(r"\W+", part)))
    return tuple(dict.fromkeys(wordy))


def place_id(root: str, source: str, span: Span, sha: str) -> str:
    """Return the id of the passage at a document span."""
    place = "\x00".join((root, source, str(span[0]), str(span[1]), sha))
    return hashlib.sha256(place.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one source; `detail` is the old name if renamed, the reason if failed."""

    kind: str
    source: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A finished run: its times, the number of sources per kind of change, passages encoded, and the changes."""

    number: int
    started: datetime
    finished: datetime
    counts: Mapping[str, int]
    changes: tuple[Change, ...] = ()
