"""The records that ingest makes: documents, their blocks and headings, passages.

Offsets are characters of `Document.text`, end exclusive; pages and lines are
1-based; a page is None where a format has none.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

HEADING_SEPARATOR = " › "

Span = tuple[int, int]  # start, end
Place = tuple[str, str]  # root, source


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level (1 is the highest), its plain title and the span of its line."""

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table row or the like: text that belongs together.

    `apart` says that it is unrelated to the block before it, as paragraphs of
    plain text set off by blank lines are: no passage spans both.
    """

    start: int
    end: int
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One source as text.

    `source` is the path relative to its root, with forward slashes. `sha` is
    the SHA-256 of the file's bytes, hexadecimal. `verbatim` says that `text` is
    the file's own characters (line ends read as a newline each), so offsets and
    lines hold in the file too; otherwise the text was extracted. `page_starts`
    has the offset of each page's first character. What is in no block
    (headings, front matter, markup, white space) is never quoted. `encoding` is
    Python's name of the file's character encoding, where `verbatim`; `note`
    tells a person what was uncertain in reading.
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

    def __post_init__(self) -> None:
        """Check that blocks are in order, disjoint and inside the text."""
        at = 0
        for block in self.blocks:
            if not at <= block.start < block.end <= len(self.text):
                raise ValueError(f"{self.source}: block {block} is empty, overlaps or leaves the text")
            at = block.end

    def page(self, offset: int) -> int | None:
        """Return the 1-based page that holds the character at `offset`."""
        return bisect_right(self.page_starts, offset) if self.page_starts else None

    def line(self, offset: int) -> int | None:
        """Return the 1-based line of the file that holds `offset`; None for extracted text."""
        return self.text.count("\n", 0, offset) + 1 if self.verbatim else None


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences of one document that fit the encoder's window together.

    `text == document.text[start:end]`, always. `heading` is the path of
    headings above it, outermost first. `sentences` are spans of the document's
    text, inside the passage. `sha` names the vector: the hash of what was
    encoded (title, heading path, text) and of the encoder. `id` includes place,
    so the same text in two files is two passages with one vector. `title` is
    the document's.
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

    def __post_init__(self) -> None:
        """Check that the text has the length of its span."""
        if self.end - self.start != len(self.text):
            raise ValueError(f"{self.source}: passage {self.start}-{self.end} has {len(self.text)} characters")

    @property
    def place(self) -> tuple[str, str]:
        """Root and source: which document the passage is of."""
        return self.root, self.source

    def cut(self, start: int, end: int) -> str:
        """Return the text at a span of the document that lies inside this passage."""
        if not self.start <= start < end <= self.end:
            raise ValueError(f"{self.source}: {start}-{end} is not inside {self.start}-{self.end}")
        return self.text[start - self.start : end - self.start]


@dataclass(frozen=True, slots=True)
class CorpusDescription:
    """What a corpus says of itself in corpus.yaml; all of it shown in the page."""

    name: str = ""
    description: str = ""
    notice: str = ""
    questions: tuple[str, ...] = ()


def naming(title: str, heading: tuple[str, ...]) -> tuple[str, ...]:
    """Return title and headings, each once, without those that have no word (a hash as file name says nothing)."""
    wordy = (part for part in (title, *heading) if any(len(w) > 2 and w.isalpha() for w in re.split(r"\W+", part)))
    return tuple(dict.fromkeys(wordy))


def place_id(root: str, source: str, span: Span, sha: str) -> str:
    """Return the id of the passage at a span of a document."""
    place = "\x00".join((root, source, str(span[0]), str(span[1]), sha))
    return hashlib.sha256(place.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one source: a kind, and a renamed source's former name or why it failed."""

    kind: str
    source: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A finished run: when, how many sources of each kind and passages encoded, what changed."""

    number: int
    started: datetime
    finished: datetime
    counts: Mapping[str, int]
    changes: tuple[Change, ...] = ()
