"""reStructuredText, parsed by docutils: no file, raw text or configuration is ever read by it."""

import re
from collections.abc import Iterator

from ingest.readers.assemble import Piece, assemble, extracted
from ingest.readers.encoding import decode
from ingest.readers.markup.rst_names import declare
from ingest.readers.markup.rst_nodes import Reader
from ingest.readers.source import BOM, paragraphs, stem_title
from ingest.schema import Document

_SETTINGS = {
    "_disable_config": True,
    "docinfo_xform": False,
    "doctitle_xform": False,
    "file_insertion_enabled": False,
    "halt_level": 6,
    "line_length_limit": 1_000_000_000,
    "raw_enabled": False,
    "report_level": 6,
    "sectsubtitle_xform": False,
    "smart_quotes": False,
    "syntax_highlight": "none",
}
# Characters. docutils takes 20 s for ten million.
_LARGEST = 5_000_000
_TOCTREE = re.compile(r"^([ \t]*)\.\.[ \t]+toctree::[^\n]*\n((?:\1[ \t]+\S[^\n]*(?:\n|\Z)|[ \t]*\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^[ \t]+(?!:[\w-]+:)(\S[^<\n]*?)[ \t]*(?:<[^>\n]*>[ \t]*)?$", re.MULTILINE)
# What docutils raises for odd markup, besides its own errors.
_NOT_PARSED = (AttributeError, AssertionError, LookupError, RecursionError, TypeError, ValueError)


def read(data: bytes, source: str) -> Document:
    """Return a reStructuredText file as headings, paragraphs, list items, table rows and code.

    Markup that docutils cannot parse is read as plain paragraphs, with a note.
    The entries of a Sphinx table of contents are the text of a file that has no other.

    Raises:
        SourceUnreadable: the file is empty or not text.
    """
    decoded = decode(data, source)
    text = decoded.text.removeprefix(BOM)
    found = _pieces(text) if len(text) <= _LARGEST else None
    note = decoded.note
    if found is None:
        found = [Piece(text[start:end]) for start, end in paragraphs(text)]
        note = "; ".join(filter(None, (note, "its markup could not be parsed and is part of the text")))
    assembled = assemble(found)
    if not assembled.blocks:
        assembled = assemble([*found, *_entries(text)])
    title = next((heading.title for heading in assembled.headings if heading.level == 1), "")
    return extracted(data, source, title or stem_title(source), assembled, note)


def _entries(text: str) -> Iterator[Piece]:
    """Yield the titles in the tables of contents of a text, or the names of files where they have none."""
    for tree in _TOCTREE.finditer(text):
        yield from (Piece(entry[1], kind="item") for entry in _ENTRY.finditer(tree[2]))


def _pieces(text: str) -> list[Piece] | None:
    """Return the pieces of a text; None if it cannot be parsed."""
    from docutils.core import publish_doctree  # type: ignore[import-untyped]
    from docutils.utils import SystemMessage  # type: ignore[import-untyped]

    declare(text)
    try:
        return Reader().read(publish_doctree(text, settings_overrides=_SETTINGS))
    except (SystemMessage, *_NOT_PARSED):
        return None
