"""Plain text: paragraphs set off by blank lines."""

from ingest.readers.source import BOM, decode, paragraphs, sha256, stem_title
from ingest.schema import Block, Document


def read(data: bytes, source: str) -> Document:
    """Return a plain text file: its own characters, a block for every paragraph.

    Raises:
        SourceUnreadable: the file is empty or not UTF-8 text.
    """
    text = decode(data, source)
    spans = paragraphs(text, len(BOM) if text.startswith(BOM) else 0)
    blocks = tuple(Block(start, end, apart=number > 0) for number, (start, end) in enumerate(spans))
    return Document(source, stem_title(source), None, text, sha256(data), blocks=blocks)
