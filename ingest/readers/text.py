"""Plain text: paragraphs separated by blank lines."""

from ingest.readers.encoding import decode
from ingest.readers.source import BOM, paragraphs, sha256, stem_title
from ingest.schema import Block, Document


def read(data: bytes, source: str) -> Document:
    """Return a plain text file: its own characters, with one block per paragraph.

    Raises:
        SourceUnreadable: the file is empty or is not text.
    """
    decoded = decode(data, source)
    text = decoded.text
    spans = paragraphs(text, len(BOM) if text.startswith(BOM) else 0)
    blocks = tuple(Block(start, end, apart=number > 0) for number, (start, end) in enumerate(spans))
    title, note = stem_title(source), decoded.note
    return Document(source, title, None, text, sha256(data), blocks=blocks, encoding=decoded.encoding, note=note)
