"""PDF: the text of its pages in reading order, as pdfium finds it; pypdf reads what pdfium cannot."""

import gc
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.errors import SourceUnreadable
from ingest.readers.pdf.flow import Column, flow
from ingest.readers.pdf.forms import fields, with_values
from ingest.readers.pdf.headings import Title, leveled, outline
from ingest.readers.pdf.lines import Line, Word
from ingest.readers.pdf.ocr import INSTALL, Recogniser, is_installed
from ingest.readers.pdf.page import Frame, Sheet, placement, sheets
from ingest.readers.pdf.paragraphs import parts
from ingest.readers.pdf.rules import without_underlines
from ingest.readers.pdf.running import usual_size, without_running
from ingest.readers.pdf.second import SecondReader
from ingest.readers.pdf.tables import Grid
from ingest.readers.pdf.text import Unit, joined, listing, table_units, tokens, vocabulary
from ingest.readers.pdf.turned import with_turned
from ingest.readers.source import sha256, silence, stem_title
from ingest.schema import Document

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

# Default titles filled in by word processors.
_NO_TITLE = re.compile(r"untitled.*|microsoft word - .*|.*\.(docx?|indd|pdf|qxd|tex|dvi)", re.IGNORECASE)
_STAMP = 80  # characters: less text on a scan is a stamp, such as a page number or the name of a program
_COVERED = 0.7  # of a page: a picture that is larger is a scan
_MORE = 3  # times the characters of such a stamp: what a scan must have
_READABLE = 0.9  # share of the characters, below which pypdf is tried
_SIZE = 10.0  # points, taken for the size of pypdf's text
_SAVE_AGAIN = "save it again from the program that created it"


@dataclass(slots=True)
class _Pages:
    """What was found on the pages; `faults` are the pages that cannot be read, with the reasons."""

    count: int = 0
    sheets: list[Sheet] = field(default_factory=list)
    plain: dict[int, Column] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)
    textless: list[int] = field(default_factory=list)
    recognised: list[int] = field(default_factory=list)
    titles: list[Title] = field(default_factory=list)


def read(data: bytes, source: str) -> Document:
    """Return the text of a PDF with its headings, and the places of its words on the pages.

    Raises:
        SourceUnreadable: the file is damaged, password-protected, or contains no text.
    """
    second = SecondReader(data, source)
    with _without_collector():
        return _document(data, second, source)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the search for cycles, of which the pieces of pages have none: it takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _document(data: bytes, second: SecondReader, source: str) -> Document:
    pages = _pages(data, second, source)
    if not pages.sheets and not pages.plain:
        raise _without_text(pages, source)
    units = list(_units(pages))
    found = joined(units, pages.count)
    title = second.title()
    return Document(
        source,
        (not _NO_TITLE.fullmatch(title) and title) or stem_title(source),
        None,
        found.text,
        sha256(data),
        page_starts=found.page_starts,
        headings=found.headings,
        blocks=found.blocks,
        verbatim=False,
        note=_note(pages),
        ocr_pages=tuple(pages.recognised),
        word_boxes=found.word_boxes,
    )


def _without_text(pages: _Pages, source: str) -> SourceUnreadable:
    if pages.faults:
        page, reason = next(iter(pages.faults.items()))
        return SourceUnreadable(f"has no readable pages (page {page}: {reason})", source, _SAVE_AGAIN)
    remedy = "run OCR on it first" if is_installed() else f"run OCR on it first, or {INSTALL}"
    return SourceUnreadable("contains no text (probably a scan)", source, remedy)


def _note(pages: _Pages) -> str:
    notes = []
    if pages.faults:
        notes.append(f"{_named(list(pages.faults))} cannot be read")
    if pages.textless:
        has = "has" if len(pages.textless) == 1 else "have"
        remedy = "" if is_installed() else f"; to read them, {INSTALL}"
        notes.append(f"{_named(pages.textless)} {has} no text (probably scanned{remedy})")
    return "; ".join(notes)


def _named(numbers: Sequence[int]) -> str:
    """Return page numbers as words, ranges as such: pages 3, 5–8."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    names = ", ".join("–".join(map(str, run)) for run in runs)  # noqa: RUF001
    return f"page{'s' if len(numbers) > 1 else ''} {names}"


def _pages(data: bytes, second: SecondReader, source: str) -> _Pages:
    """Return what the pages hold."""
    from pypdfium2 import PdfDocument, PdfiumError

    silence("pypdfium2")
    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        if second.fault:
            raise SourceUnreadable(second.fault, source, _SAVE_AGAIN) from error
        pages = _Pages(second.pages)
        for number in range(1, pages.count + 1):
            if second.admits(number - 1):
                _read_second(pages, number, second)
        return pages
    with closing(document):
        return _pdfium_pages(document, second)


def _pdfium_pages(document: "PdfDocument", second: SecondReader) -> _Pages:
    document.init_forms()
    pages = _Pages(len(document), titles=outline(document))
    recogniser = Recogniser()
    for number in range(1, pages.count + 1):
        if second.admits(number - 1):
            _read_page(pages, document, number, second, recogniser)
    return pages


def _read_page(
    pages: _Pages, document: "PdfDocument", number: int, second: SecondReader, recogniser: Recogniser
) -> None:
    from pypdfium2 import PdfiumError

    try:
        with closing(document[number - 1]) as page:
            found = _sheets(page, number)
            is_scan = _is_covered(page) if found and _letters(found) < _STAMP else not found and _has_image(page)
            recognised = recogniser.sheet(page, number) if is_scan else None
    except (PdfiumError, ValueError) as error:
        pages.faults[number] = str(error)
        return
    if recognised and _letters([recognised]) > _MORE * _letters(found):
        pages.sheets.append(recognised)
        pages.recognised.append(number)
    elif is_scan and not (found and is_installed()):
        pages.textless.append(number)
        pages.sheets += found
    elif not found or not _is_best(found, second.text, number):
        _read_second(pages, number, second)
    else:
        pages.sheets += found


def _is_best(found: Sequence[Sheet], second: Callable[[int], tuple[str, str]], number: int) -> bool:
    """Return whether pdfium's text of a page is as readable as pypdf's."""
    readable = _readable("".join(piece.text for sheet in found for piece in sheet.pieces))
    if readable >= _READABLE:
        return True
    text, _ = second(number - 1)
    return not text or _readable(text) <= readable


def _sheets(page: "PdfPage", number: int) -> list[Sheet]:
    """Return the sheets of a page, with the values of its form."""
    found = sheets(page, number)
    frame = found[0].frame if found else Frame(number, *page.get_size())
    place = placement(page)
    values = fields(page, lambda box: frame.upright(place.shown(box)))
    if not values:
        return found
    first = found[0] if found else Sheet(frame, ())
    pieces = with_values(first.pieces, values)
    return [replace(first, pieces=pieces), *found[1:]] if pieces else found


def _has_image(page: "PdfPage") -> bool:
    import pypdfium2.raw as pdfium

    return any(True for _ in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _is_covered(page: "PdfPage") -> bool:
    """Return whether one picture takes most of a page."""
    import pypdfium2.raw as pdfium
    from pypdfium2 import PdfiumError

    width, height = page.get_size()
    try:
        bounds = [each.get_bounds() for each in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=1)]
    except PdfiumError:
        return False
    return any((right - left) * (top - bottom) > _COVERED * width * height for left, bottom, right, top in bounds)


def _letters(found: Sequence[Sheet]) -> int:
    return sum(len(piece.text) for sheet in found for piece in sheet.pieces)


def _readable(text: str) -> float:
    """Return the share of characters that are assigned and not private; 1 if there are none."""
    if not text or text.isascii():
        return 1.0
    odd = sum(count for character, count in Counter(text).items() if _is_odd(character))
    return 1 - odd / len(text)


def _is_odd(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs")


def _read_second(pages: _Pages, number: int, second: SecondReader) -> None:
    """Take a page's text as pypdf reads it: lines without places."""
    text, fault = second.text(number - 1)
    if fault:
        pages.faults[number] = fault
    lines = [line.split() for line in text.split("\n") if line.strip()]
    longest = max((len(" ".join(words)) for words in lines), default=0)
    frame = Frame(number, longest, len(lines))
    column = tuple(
        Line(
            tuple(Word(word, ()) for word in words),
            frame,
            0.0,
            len(" ".join(words)) * _SIZE,
            at * _SIZE,
            _SIZE,
            False,
            len(words[0]) * _SIZE,
        )
        for at, words in enumerate(lines)
    )
    if column:
        pages.plain[number] = column


def _units(pages: _Pages) -> Iterator[Unit]:
    """Yield the headings and blocks of all pages."""
    usual = usual_size(pages.sheets) or _SIZE
    found = list(_flows(pages, usual))
    known = vocabulary(line for each in found if not isinstance(each, Grid) for line in each)
    for part, level in leveled(parts(found, usual), pages.titles, usual):
        if part.grid:
            yield from table_units(part.grid)
        elif part.kind == "code":
            yield Unit(listing(part.lines), kind="code")
        else:
            yield Unit(
                tokens(part.lines, known), level=level, kind="paragraph" if level else part.kind, close=part.close
            )


def _flows(pages: _Pages, usual: float) -> Iterator[Column | Grid]:
    """Yield columns and tables in reading order, page by page."""
    waiting = without_running(pages.sheets, usual)[::-1]
    pages.sheets.clear()  # they take most of the memory
    for number in range(1, pages.count + 1):
        if number in pages.plain:
            yield pages.plain[number]
        own: list[Sheet] = []
        while waiting and waiting[-1].frame.page == number:
            own.append(waiting.pop())
        first = True
        for sheet in with_turned(list(map(without_underlines, own))) if own else ():
            for each in flow(sheet):
                yield (
                    each
                    if first or isinstance(each, Grid)
                    else tuple(replace(line, bold=False, size=min(line.size, usual)) for line in each)
                )
            first = False
