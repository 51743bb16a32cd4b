"""XLSX: each sheet a heading, each row below its number with the heads of its columns, values as the sheet shows them.

openpyxl reads the cells row by row, so that a large sheet does not fill the memory. Merged cells, comments and
what the sheet states as its head are taken from the sheet's XML, which openpyxl skips in that mode.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import assemble, clean, extracted
from ingest.readers.office.number_format import date_shown, number_shown
from ingest.readers.office.openxml import REL, is_on, opened, parsed
from ingest.readers.office.sheet_heads import Cell, Row
from ingest.readers.office.sheet_merges import Merge, merged
from ingest.readers.office.sheets import Sheet, sheet_pieces
from ingest.readers.package import BROKEN, Budget
from ingest.readers.raised import exponent, index
from ingest.readers.source import one_line, stem_title
from ingest.readers.spans import TextSpan, joined
from ingest.schema import Document

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]
    from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell  # type: ignore[import-untyped]
    from openpyxl.workbook import Workbook  # type: ignore[import-untyped]
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet  # type: ignore[import-untyped]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MOST_COLUMNS = 1_000  # of a row that are read
_LAST_ROW = 1_048_576
_STYLED = 1_000  # rows whose cells are asked whether they are bold, which is slow
_EMPTY = Cell("")
_ELEMENT = r"<(?:\w+:)?"
_MERGED = re.compile(rf'{_ELEMENT}mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"'.encode())
_RAISED = re.compile(
    rf'({_ELEMENT}vertAlign\s[^<>]*?val="(superscript|subscript)"'
    rf"(?:(?!{_ELEMENT}t[\s>]).){{0,500}}{_ELEMENT}t[^<>]*>)([^<]+)".encode(),
    re.DOTALL,
)
_FILTERED = re.compile(rf'{_ELEMENT}autoFilter\s[^>]*?ref="\$?[A-Z]+\$?(\d+):\$?[A-Z]+\$?(\d+)'.encode())
_FROZEN = re.compile(rf'{_ELEMENT}pane\s[^>]*?ySplit="1"'.encode())
_TABLE = re.compile(rf'{_ELEMENT}table\s[^>]*?ref="[A-Z]+(\d+):[A-Z]+(\d+)'.encode())
_WITHOUT_HEAD = re.compile(rb'headerRowCount="0"')
_NOT_CALCULATED = re.compile(
    rf"(?:</(?:\w+:)?f>|{_ELEMENT}f[^>]*/>)\s*(?:{_ELEMENT}v\s*/?>(?:</v>)?)?\s*</(?:\w+:)?c>".encode()
)


def read(data: bytes, source: str, budget: Budget) -> Document:
    """Return the text of a workbook; hidden sheets are left out and noted.

    Raises:
        SourceUnreadable: the file is not an XLSX, is damaged, or is too large when unpacked.
    """
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    package = _with_runs_written_out(opened(data, source, "XLSX", budget))
    try:
        warnings.filterwarnings("ignore", module="openpyxl")  # of what it does not read, such as validation
        workbook = load_workbook(package, read_only=True, data_only=True, keep_links=False)
        title = one_line(clean(workbook.properties.title or ""))
        with zipfile.ZipFile(package) as parts:
            reading = _Reading(workbook, parts)
            assembled = assemble(sheet_pieces(reading.sheets(), source))
    except _broken() as error:
        raise SourceUnreadable("is not a readable XLSX", source, "save it again as .xlsx") from error
    return extracted(data, source, title or stem_title(source), assembled, "; ".join(reading.notes))


def _broken() -> tuple[type[Exception], ...]:
    from lxml.etree import LxmlError
    from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

    return (InvalidFileException, LxmlError, SyntaxError, *BROKEN)


class _Reading:
    """Reads the sheets of a workbook, and keeps notes of what it leaves out."""

    def __init__(self, workbook: "Workbook", parts: zipfile.ZipFile) -> None:
        self.notes: list[str] = []
        self._workbook, self._parts = workbook, parts
        self._names = set(parts.namelist())
        self._paths = self._sheet_paths()

    def sheets(self) -> Iterator[Sheet]:
        """Yield the sheets that are not hidden."""
        for sheet in self._workbook.worksheets:
            if sheet.sheet_state != "visible":
                self.notes.append(f"the hidden sheet {sheet.title} was left out")
                continue
            path = self._paths.get(sheet.title, "")
            part = self._part(path)
            missing = len(_NOT_CALCULATED.findall(part))
            if missing:
                self.notes.append(f"sheet {sheet.title}: formulas without a stored result: {missing:,}")
            sheet.reset_dimensions()
            rows = merged(self._rows(sheet), _spans(part))
            yield Sheet(sheet.title, rows, self._heads(part, path), self._comments(path))

    def _rows(self, sheet: "ReadOnlyWorksheet") -> Iterator[Row]:
        """Yield the rows until one is damaged."""
        number = 0
        try:
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                yield Row(number, [_cell(cell, styled=number <= _STYLED) for cell in cells[:_MOST_COLUMNS]])
        except _broken():
            self.notes.append(f"sheet {sheet.title} is damaged below row {number}")

    def _part(self, path: str) -> bytes:
        return self._parts.read(path) if path in self._names else b""

    def _sheet_paths(self) -> dict[str, str]:
        """Return the path of each sheet's part by the sheet's name."""
        start = next((p for kind, p in self._relations("").values() if kind == "officeDocument"), "xl/workbook.xml")
        relations = self._relations(start)
        book = parsed(self._part(start))
        sheets = book.iter(_MAIN + "sheet") if book is not None else ()
        return {each.get("name") or "": relations.get(each.get(REL + "id") or "", ("", ""))[1] for each in sheets}

    def _relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Return the kinds and the targets of a part's relations by id."""
        folder = dirname(path)
        root = parsed(self._part(join(folder, "_rels", f"{path[len(folder) :].lstrip('/')}.rels")))
        found = {}
        for relation in root if root is not None else ():
            target = normpath(join("/", folder, relation.get("Target") or "")).lstrip("/")
            found[relation.get("Id") or ""] = (relation.get("Type") or "").rpartition("/")[2], target
        return found

    def _heads(self, part: bytes, path: str) -> dict[int, int]:
        """Return the rows that are heads of tables and filters, or the only frozen row, with the last rows below."""
        tables = (self._part(target) for kind, target in self._relations(path).values() if kind == "table")
        found = [_TABLE.search(table) for table in tables if not _WITHOUT_HEAD.search(table)]
        heads = {int(match[1]): int(match[2]) for match in (*found, _FILTERED.search(part)) if match}
        return ({1: _LAST_ROW} if _FROZEN.search(part) else {}) | heads

    def _comments(self, path: str) -> list[str]:
        """Return the comments on the cells of a sheet."""
        targets = (target for kind, target in self._relations(path).values() if kind == "comments")
        roots = (parsed(self._part(target)) for target in targets)
        return [comment for root in roots if root is not None for comment in _comments(root)]


def _comments(root: "_Element") -> Iterator[str]:
    authors = [one_line(author.text or "") for author in root.iter(_MAIN + "author")]
    for comment in root.iter(_MAIN + "comment"):
        text = one_line("".join(part.text or "" for part in comment.iter(_MAIN + "t")))
        at = comment.get("authorId") or ""
        author = authors[int(at)] if at.isdecimal() and int(at) < len(authors) else ""
        by = f" by {author}" if author else ""
        own = text.removeprefix(f"{author}:").strip()
        if own:
            yield f"Comment{by} on {comment.get('ref')}: {own}"


def _cell(cell: "ReadOnlyCell | EmptyCell", *, styled: bool) -> Cell:
    """Return what a cell shows."""
    value = cell.value
    if value is None or cell.font.strike:  # what is struck out no longer holds
        return _EMPTY
    bold = styled and bool(cell.font.bold)
    if isinstance(value, str):
        return Cell(one_line(clean(value)), bold=bold)
    if isinstance(value, bool):
        return Cell(str(value).upper(), bold=bold)
    if isinstance(value, date | time | timedelta):
        return Cell(date_shown(value, cell.number_format), is_word=False, bold=bold)
    return Cell(number_shown(value, cell.number_format), is_word=False, bold=bold)


def _spans(part: bytes) -> dict[int, list[Merge]]:
    """Return the merged cells of a sheet by their first row."""
    from openpyxl.utils import column_index_from_string  # type: ignore[import-untyped]

    spans: dict[int, list[Merge]] = {}
    for match in _MERGED.finditer(part):
        left, top, right, bottom = (group.decode() for group in match.groups())
        columns = [column_index_from_string(name) - 1 if len(name) <= 3 else _MOST_COLUMNS for name in (left, right)]
        if columns[0] < _MOST_COLUMNS and len(bottom) <= 7:
            span = Merge(int(top), columns[0], int(bottom), min(columns[1], _MOST_COLUMNS - 1))
            spans.setdefault(span.top, []).append(span)
    return spans


def _with_runs_written_out(package: BytesIO) -> BytesIO:
    """Return the package with superscripts and subscripts in texts written out, and without what is struck out.

    openpyxl would take all of them for plain text.
    """
    with zipfile.ZipFile(package) as old:
        names = [name for name in old.namelist() if name.endswith(".xml") and "styles" not in name]
        parts = ((name, old.read(name)) for name in names)
        changed = {name: _written_out(part) for name, part in parts if b"vertAlign" in part or b"strike" in part}
        if not changed:
            package.seek(0)
            return package
        copied = BytesIO()
        with zipfile.ZipFile(copied, "w") as new:
            for name in old.namelist():
                new.writestr(name, changed.get(name) or old.read(name))
    copied.seek(0)
    return copied


def _written_out(part: bytes) -> bytes:
    """Return a part in which each text of several runs is one run, written out."""
    from lxml import etree  # type: ignore[import-untyped]

    root = parsed(part)
    if root is None:  # the cells before the damage are read
        return _RAISED.sub(_written_character, part)
    for item in root.iter(_MAIN + "si", _MAIN + "is", _MAIN + "text"):
        runs = item.findall(_MAIN + "r")
        if runs:
            text = joined(_run(run) for run in runs)
            for child in list(item):
                item.remove(child)
            etree.SubElement(item, _MAIN + "t").text = text
    return bytes(etree.tostring(root))


def _written_character(found: re.Match[bytes]) -> bytes:
    write = exponent if found[2] == b"superscript" else index
    return found[1] + write(found[3].decode("utf-8", "ignore")).encode()


def _run(run: "_Element") -> TextSpan:
    if is_on(run.find(f"{_MAIN}rPr/{_MAIN}strike"), "val"):
        return TextSpan("")
    position = run.find(f"{_MAIN}rPr/{_MAIN}vertAlign")
    raised = {"superscript": 1, "subscript": -1}.get(position.get("val") or "", 0) if position is not None else 0
    return TextSpan(run.findtext(_MAIN + "t") or "", raised)
