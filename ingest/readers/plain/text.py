"""Plain text: its paragraphs, headings, lists, drawn tables and code as they can be told by their lines."""

from collections.abc import Sequence

from ingest.readers.encoding import decode
from ingest.readers.plain.blocks import blocks
from ingest.readers.plain.headings import find_headings
from ingest.readers.plain.lines import Run, runs
from ingest.readers.source import BOM, sha256, stem_title
from ingest.schema import Document, Heading


def read(data: bytes, source: str) -> Document:
    """Return a plain text file: its own characters, with its headings and blocks.

    Raises:
        SourceUnreadable: the file is empty or is not text.
    """
    decoded = decode(data, source)
    text = decoded.text
    found = list(runs(text, len(BOM) if text.startswith(BOM) else 0))
    headings = find_headings(found)
    spans = tuple(blocks(_without(found, headings)))
    if not spans:
        headings, spans = (), tuple(blocks(found))
    return Document(
        source,
        stem_title(source),
        None,
        text,
        sha256(data),
        headings=headings,
        blocks=spans,
        encoding=decoded.encoding,
        note=decoded.note,
    )


def _without(found: Sequence[Run], headings: Sequence[Heading]) -> list[Run]:
    """Return the runs without the lines of headings."""
    starts = {heading.start for heading in headings}
    rest = ([line for line in run if line.start not in starts] for run in found)
    return [run for run in rest if run]
