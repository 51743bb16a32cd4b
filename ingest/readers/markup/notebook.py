"""Jupyter notebooks: their texts as Markdown, their code, and the outputs that are text."""

import json
from collections.abc import Iterator, Mapping

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.encoding import decode
from ingest.readers.markup import markdown
from ingest.readers.source import stem_title
from ingest.schema import Document

_LONGEST_OUTPUT = 10_000  # characters; a longer one is data, of which the beginning is kept
_CUT = "\n[…]"


def read(data: bytes, source: str) -> Document:
    """Return the cells of a notebook, in order.

    Raises:
        SourceUnreadable: the file is not a notebook.
    """
    decoded = decode(data, source)
    try:
        notebook = json.loads(decoded.text)
    except (ValueError, RecursionError) as error:
        raise SourceUnreadable("is not a valid notebook (no JSON)", source, "save it again") from error
    cells = _cells(notebook)
    if cells is None:
        raise SourceUnreadable("is not a notebook (it has no cells)", source, "save it again as a notebook")
    assembled = assemble(piece for cell in cells if isinstance(cell, dict) for piece in _pieces(cell))
    title = next((heading.title for heading in assembled.headings if heading.level == 1), "")
    return extracted(data, source, title or stem_title(source), assembled, decoded.note)


def _cells(notebook: object) -> list[object] | None:
    """Return the cells of a notebook of any version; those before version 4 have worksheets."""
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]


def _pieces(cell: Mapping[str, object]) -> Iterator[Piece]:
    kind = cell.get("cell_type")
    text = _text(cell.get("source") or cell.get("input"))
    if kind == "markdown":
        yield from markdown.pieces(text)
    elif kind == "heading":
        level = cell.get("level")
        yield Piece(text, level if isinstance(level, int) and 0 < level < 10 else 1)
    elif kind == "code":
        yield Piece(text, kind="code")
        for output in _list(cell.get("outputs")):
            shown = _shown(output) if isinstance(output, dict) else ""
            yield Piece(shown[:_LONGEST_OUTPUT] + (_CUT if len(shown) > _LONGEST_OUTPUT else ""), kind="code")
    else:
        yield Piece(text)


def _shown(output: Mapping[str, object]) -> str:
    """Return the text of an output; pictures and errors have none."""
    shown = output.get("data", output)
    text = _text(shown.get("text/plain", shown.get("text"))) if isinstance(shown, dict) else ""
    return text if text.strip() and not _is_object(text) else ""


def _is_object(text: str) -> bool:
    """Return whether a text only names an object of the program, such as `<Figure size 640x480 with 1 Axes>`."""
    return "\n" not in text and text.startswith("<") and text.rstrip().endswith(">")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """Return a text that may be a list of lines."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return clean(value) if isinstance(value, str) else ""
