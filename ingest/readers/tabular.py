"""CSV, TSV and JSONL: one passage per record, each value prefixed with its column name."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.encoding import Decoded, decode
from ingest.readers.source import BOM, one_line, stem_title
from ingest.schema import Document

_DELIMITERS = "\t;|,"  # those rarer in prose come first
_NO_DELIMITER = "\x1f"  # for a table with a single column
_SAMPLE_ROWS = 20
# Characters: each value repeats the name of its column, so a small table with long names becomes a large text.
_LARGEST_TEXT = 50_000_000

Record = Iterable[tuple[str, str]]  # column, value


def read_csv(data: bytes, source: str) -> Document:
    """Return the rows of a CSV or TSV file; the first row names the columns.

    Raises:
        SourceUnreadable: the file is not text or not a table.
    """
    decoded = decode(data, source)
    lines = decoded.text.removeprefix(BOM).split("\n")
    tabbed = PurePosixPath(source).suffix.lower() == ".tsv"
    delimiter = "\t" if tabbed else _delimiter(lines)
    rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    try:
        return _document(data, source, decoded, "Row", _rows(rows))
    except csv.Error as error:
        what = f"is not a valid table (line {rows.line_num}: {error})"
        raise SourceUnreadable(what, source, "save it again as CSV") from error


def read_jsonl(data: bytes, source: str) -> Document:
    """Return the records of a JSONL file: one JSON value per line.

    Raises:
        SourceUnreadable: the file is not text, or a line is not valid JSON.
    """
    decoded = decode(data, source)
    return _document(data, source, decoded, "Record", _objects(decoded.text.removeprefix(BOM), source))


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that gives most of the first rows as many columns as the header."""
    best, delimiter = (0, 0), _NO_DELIMITER
    for candidate in _DELIMITERS:
        header, *rows = _first_rows(lines, candidate)
        columns = len(header)
        even = sum(len(row) == columns for row in rows)
        if columns > 1 and (even, columns) > best:
            best, delimiter = (even, columns), candidate
    return delimiter


def _first_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    try:
        return list(islice((row for row in rows if any(map(str.strip, row))), 1 + _SAMPLE_ROWS)) or [[]]
    except csv.Error:  # reported when the whole table is read
        return [[]]


def _document(data: bytes, source: str, decoded: Decoded, kind: str, records: Iterable[Record]) -> Document:
    """Put each record under its own heading, so that it becomes its own passage."""
    assembled = assemble(_limited(_pieces(kind, records), source))
    return extracted(data, source, stem_title(source), assembled, note=decoded.note)


def _limited(pieces: Iterable[Piece], source: str) -> Iterator[Piece]:
    """Yield the pieces until they have too many characters.

    Raises:
        SourceUnreadable: they have.
    """
    size = 0
    for piece in pieces:
        size += len(piece.text)
        if size > _LARGEST_TEXT:
            what = f"becomes more than {_LARGEST_TEXT:,} characters with the names of its columns"
            raise SourceUnreadable(what, source, "shorten the names or split it")
        yield piece


def _pieces(kind: str, records: Iterable[Record]) -> Iterator[Piece]:
    for number, record in enumerate(records, start=1):
        filled = ((column, one_line(clean(value))) for column, value in record)
        lines = [f"{column}: {value}" if column else value for column, value in filled if value]
        if lines:
            yield Piece(f"{kind} {number}", level=1)
            yield Piece("\n".join(lines))


def _rows(rows: Iterator[list[str]]) -> Iterator[Record]:
    """Yield the cells that are not blank, with the names of their columns."""
    columns = next((row for row in rows if any(cell.strip() for cell in row)), [])
    names = [one_line(clean(name)) for name in columns]
    for row in rows:
        cells = ((number, cell) for number, cell in enumerate(row) if cell.strip())
        yield (
            (names[number] if number < len(names) and names[number] else f"column {number + 1}", cell)
            for number, cell in cells
        )


def _objects(text: str, source: str) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = _fields(json.loads(line))
        except (ValueError, RecursionError) as error:
            what = f"is not JSONL (line {number} is not valid JSON)"
            raise SourceUnreadable(what, source, "correct that line") from error
        yield record


def _fields(value: object) -> Record:
    if isinstance(value, dict):
        return [(one_line(clean(name)), _plain(part)) for name, part in value.items()]
    return [("", _plain(value))]


def _plain(value: object) -> str:
    """Return a JSON value as readable text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)
