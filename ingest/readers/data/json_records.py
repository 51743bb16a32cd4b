"""JSON and JSONL: each record below its number, each value with its path (`meta.author.name`, `turns[0].text`)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.data.records import LONGEST_ROW, limited, record_pieces
from ingest.readers.encoding import Decoded, decode
from ingest.readers.source import BOM, one_line, stem_title
from ingest.schema import Document

_DEEPEST = 30  # levels
_MOST_NUMBERS = 100  # in a list: longer ones are vectors, outlines and the like, which nobody can quote
# Characters, of all paths and values of a record: a long name repeats in the paths below it.
_LARGEST_RECORD: Final = 50_000_000

Field = tuple[str, str]
"""A path and a value."""


class _Number(str):
    """A number as the file writes it: 2.50 stays 2.50."""

    __slots__ = ()


def read_jsonl(data: bytes, source: str) -> Document:
    """Return the records of a JSONL file: one JSON value per line.

    Lines that are not valid JSON are noted.

    Raises:
        SourceUnreadable: the file is not text, or no line is valid JSON.
    """
    decoded = decode(data, source)
    values, bad = [], []
    for number, line in enumerate(decoded.text.removeprefix(BOM).split("\n"), start=1):
        if line.strip():
            try:
                values.append(_loads(line))
            except (json.JSONDecodeError, RecursionError):
                bad.append(number)
    if not values:
        raise SourceUnreadable(f"is not JSONL (line {bad[0]} is not valid JSON)", source, "correct that line")
    note = f"lines that are not valid JSON were left out ({len(bad):,}, the first is line {bad[0]:,})" if bad else ""
    return _document(data, source, decoded, values, note)


def read_json(data: bytes, source: str) -> Document:
    """Return a JSON file: a list of records as JSONL, the fields of an object each on its own.

    Lists of objects inside an object are records below a heading with their path.

    Raises:
        SourceUnreadable: the file is not text or not valid JSON.
    """
    decoded = decode(data, source)
    try:
        value = _loads(decoded.text.removeprefix(BOM))
    except RecursionError as error:
        raise SourceUnreadable("is not readable JSON (nested too deeply)", source, "simplify it") from error
    except json.JSONDecodeError as error:
        what = f"is not valid JSON (line {error.lineno:,}: {error.msg})"
        raise SourceUnreadable(what, source, "correct that line") from error
    return _document(data, source, decoded, value, "")


def _document(data: bytes, source: str, decoded: Decoded, value: object, note: str) -> Document:
    fields = _Fields(source)
    assembled = assemble(limited(fields.pieces(value), source))
    notes = "; ".join(filter(None, (decoded.note, note, *sorted(fields.left_out))))
    return extracted(data, source, stem_title(source), assembled, notes)


def _loads(text: str) -> object:
    value: object = json.loads(text, parse_int=_Number, parse_float=_Number)
    return value


@dataclass(slots=True)
class _Fields:
    """Flattens JSON values to paths and texts; remembers what it leaves out."""

    source: str
    left_out: set[str] = field(default_factory=set)
    lists: list[tuple[str, list[object]]] = field(default_factory=list)

    def pieces(self, value: object) -> Iterator[Piece]:
        """Yield the records of a list, or the parts of an object; its lists of records come last, by their paths."""
        if isinstance(value, list):
            yield from self._records(value, "")
        else:
            yield from self._parts(value, "", 0)
        for path, values in self.lists:
            yield from self._records(values, path)

    def _parts(self, value: object, path: str, depth: int) -> Iterator[Piece]:
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            self.lists.append((path, value))
        elif isinstance(value, dict) and depth < _DEEPEST and not self._is_short(value, path):
            for name, part in value.items():
                yield from self._parts(part, _below(path, name), depth + 1)
        else:
            yield from record_pieces(self._flat(value, path), alone=False)

    def _records(self, values: list[object], path: str) -> Iterator[Piece]:
        if path:
            yield Piece(path, level=1)
        for number, value in enumerate(values, start=1):
            record = self._flat(value, "")
            if record:
                yield Piece(f"Record {number}", level=2 if path else 1)
                yield from record_pieces(record)

    def _is_short(self, value: object, path: str) -> bool:
        """Return whether an object of the file makes one row."""
        size = 0
        for name, text in self._walk(value, path, 0):
            size += len(name) + len(text)
            if size > LONGEST_ROW:
                return False
        return True

    def _flat(self, value: object, path: str) -> list[Field]:
        fields, size = [], 0
        for name, text in self._walk(value, path, 0):
            size += len(name) + len(text)
            if size > _LARGEST_RECORD:
                what = f"has a record of more than {_LARGEST_RECORD:,} characters with its names"
                raise SourceUnreadable(what, self.source, "shorten the names or split it")
            fields.append((name, text))
        return fields

    def _walk(self, value: object, path: str, depth: int) -> Iterator[Field]:
        if depth >= _DEEPEST and isinstance(value, dict | list):
            self.left_out.add(f"values below {_DEEPEST} levels were left out")
        elif isinstance(value, dict):
            for name, part in value.items():
                yield from self._walk(part, _below(path, name), depth + 1)
        elif isinstance(value, list):
            yield from self._list(value, path, depth)
        elif value is not None:
            yield path, value if isinstance(value, str) else json.dumps(value)

    def _list(self, values: list[object], path: str, depth: int) -> Iterator[Field]:
        if _count_numbers(values) > _MOST_NUMBERS:
            self.left_out.add(f"lists of more than {_MOST_NUMBERS} numbers were left out")
        elif all(isinstance(item, str | bool | float) for item in values):
            texts = [item if isinstance(item, str) else json.dumps(item) for item in values]
            yield path, ("; " if any("," in text for text in texts) else ", ").join(texts)
        else:
            for number, item in enumerate(values):
                yield from self._walk(item, f"{path}[{number}]", depth + 1)


def _below(path: str, name: str) -> str:
    name = one_line(clean(name))
    return f"{path}.{name}" if path and name else path or name


def _count_numbers(values: list[object]) -> int:
    """Return how many numbers nested lists have that have nothing else; 0 if they have."""
    count, waiting = 0, list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, _Number):
            count += 1
        else:
            return 0
    return count
