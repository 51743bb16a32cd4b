"""Turns records (rows of a table, JSON values) into pieces: each value with its name, in rows that fit a passage."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, clean
from ingest.readers.source import one_line
from ingest.readers.tables import rows

LONGEST_ROW: Final = 600
"""Characters: about what fits one passage. A longer record is divided between its values."""

_LONG_VALUE = 250  # characters: in a record that is divided, such a value is running text
_LONGEST_SUBJECT = 80  # characters of the first value, which begins each part of a divided record
# Characters: each value repeats its name, so a small table with long names becomes a large text.
_LARGEST_TEXT = 50_000_000

Record = Sequence[tuple[str, str]]
"""The names and values of one record, in order; a value without a name has ""."""


def record_pieces(record: Record, *, alone: bool = True) -> Iterator[Piece]:
    """Yield one row, or several if the record is too long: `Name: value | Name: value`.

    Blank values are left out with their names. Each part of a divided record
    begins with its first value if that is short; a long value is paragraphs of
    its own, the first with its name. A record that does not stand `alone` is
    part of an object: it is not apart, and nothing is repeated.
    """
    filled = [(name, value) for name, value in record if value.strip()]
    if _length(filled) <= LONGEST_ROW:
        if filled:
            yield _row(filled, apart=alone)
        return
    short = [(name, value) for name, value in filled if len(value) <= _LONG_VALUE]
    begins = short[:1] if alone and short and len(short[0][1]) <= _LONGEST_SUBJECT else []
    for number, part in enumerate(_parts(short, begins)):
        yield _row(part, apart=alone and number == 0)
    for name, value in filled:
        if len(value) > _LONG_VALUE:
            yield from _paragraphs(name, value)


def limited(pieces: Iterable[Piece], source: str) -> Iterator[Piece]:
    """Yield the pieces until they have too many characters.

    Raises:
        SourceUnreadable: they have.
    """
    size = 0
    for piece in pieces:
        size += len(piece.text)
        if size > _LARGEST_TEXT:
            what = f"becomes more than {_LARGEST_TEXT:,} characters with the names of its values"
            raise SourceUnreadable(what, source, "shorten the names or split it")
        yield piece


def _row(record: Record, *, apart: bool) -> Piece:
    names, values = zip(*record, strict=True)
    return Piece(rows((tuple(map(clean, names)), tuple(map(clean, values))), heads=1)[0], apart=apart, kind="row")


def _parts(record: Record, begins: Record) -> Iterator[Record]:
    """Divide a record into parts of LONGEST_ROW characters; all but the first repeat what begins the record."""
    part: list[tuple[str, str]] = []
    for field in record:
        if len(part) > len(begins) and _length([*part, field]) > LONGEST_ROW:
            yield part
            part = list(begins)
        part.append(field)
    if part:
        yield part


def _length(record: Record) -> int:
    return sum(len(name) + len(value) + 5 for name, value in record)


def _paragraphs(name: str, value: str) -> Iterator[Piece]:
    texts = (text.strip() for text in clean(value).split("\n\n"))
    named = one_line(clean(name))
    for number, text in enumerate(filter(None, texts)):
        yield Piece(f"{named}: {text}" if named and number == 0 else text)
