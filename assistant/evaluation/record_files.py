"""Reads records from text files with their line numbers, so that faults can name the line."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ingest.errors import Fault

# Characters that are valid in JSON but that some readers take for line ends, and lone surrogates, which UTF-8
# cannot encode.
UNSAFE_IN_A_LINE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Record:
    """The fields as written, the line where the record starts, and the lines of its fields if known."""

    line: int
    fields: Mapping[str, object]
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, name: str) -> int:
        """Return the 1-based line of a field, or of the record if that is not known."""
        return self.lines.get(name, self.line)


class Records(NamedTuple):
    """What was read from a file, and its faults."""

    records: list[Record]
    faults: list[Fault]


def json_line(record: Mapping[str, object]) -> str:
    """Return a record as one line of readable JSON, with a final newline."""
    return _legible(json.dumps(record, ensure_ascii=False, allow_nan=False))


def json_page(record: Mapping[str, object]) -> str:
    """Return a record as indented, readable JSON, with a final newline."""
    return _legible(json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2))


def _legible(text: str) -> str:
    return UNSAFE_IN_A_LINE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def read_jsonl(path: Path) -> Records:
    """Read JSON Lines in UTF-8: one object per line; blank lines are skipped.

    Raises:
        OSError: the file cannot be read.
    """
    records, faults = [], []
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8"), object_pairs_hook=_without_repeats)
        except json.JSONDecodeError as error:
            faults.append(Fault(number, f"invalid JSON: {error.msg} (column {error.colno})"))
        except UnicodeDecodeError:
            faults.append(Fault(number, "not UTF-8 text"))
        except (ValueError, RecursionError) as error:
            faults.append(Fault(number, str(error)))
        else:
            if isinstance(value, dict):
                records.append(Record(number, value))
            else:
                faults.append(Fault(number, "not a JSON object"))
    return Records(records, faults)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value: dict[str, object] = {}
    for name, item in pairs:
        if name in value:
            raise ValueError(f"{name!r} is given twice")
        value[name] = item
    return value


def read_csv(path: Path) -> Records:
    """Read comma-separated values in UTF-8: the first row names the fields; empty cells are left out.

    Raises:
        OSError: the file cannot be read.
    """
    text = _decoded(path)
    if isinstance(text, Fault):
        return Records([], [text])
    records, faults = [], []
    names: list[str] | None = None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                if names is None:
                    names = [cell.strip() for cell in row]
                    faults += [
                        Fault(line, f"{name!r} is given twice") for name in sorted(set(names)) if names.count(name) > 1
                    ]
                elif len(row) > len(names):
                    faults.append(Fault(line, f"{len(row)} cells, but the first row names {len(names)} fields"))
                else:
                    records.append(Record(line, {n: cell for n, cell in zip(names, row, strict=False) if cell.strip()}))
            line = rows.line_num + 1
    except csv.Error as error:
        faults.append(Fault(line, f"invalid CSV: {error}"))
    return Records(records, faults)


def _decoded(path: Path) -> str | Fault:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        return Fault(content.count(b"\n", 0, error.start) + 1, "not UTF-8 text")
