"""Small office files for the tests, made part by part."""

import zipfile
from datetime import date
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment

_OWN = ("office", "text", "table", "style")
NAMESPACES = " ".join(
    [
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "style")
    ]
    + [
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"',
        'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
        'xmlns:xlink="http://www.w3.org/1999/xlink"',
    ]
)


def packed(parts: dict[str, str | bytes]) -> bytes:
    """Return a ZIP package of parts by name."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def open_document(kind: str, body: str, styles: str = "", **others: str) -> bytes:
    """Return an ODT (`text`) or ODS (`spreadsheet`) with a body and automatic styles."""
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    parts: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": content,
        **{name.replace("__", "/") + ".xml": part for name, part in others.items()},
    }
    return packed(parts)


def meta(title: str) -> str:
    """Return the part with the properties of an OpenDocument file."""
    inner = f"<office:meta><dc:title>{title}</dc:title></office:meta>"
    return f"<office:document-meta {NAMESPACES}>{inner}</office:document-meta>"


def odt_sample() -> bytes:
    """Return an ODT with a heading, a list, a note, a comment and a table with merged cells."""
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Why.</text:p></text:note-body>"
    comment = "<office:annotation><dc:creator>Ann</dc:creator><text:p>So?</text:p></office:annotation>"
    cell = "<table:table-cell {}><text:p>{}</text:p></table:table-cell>".format
    covered = "<table:covered-table-cell/>"
    rows = (
        cell("", "a") + cell('table:number-columns-spanned="2"', "b") + covered,
        cell('table:number-rows-spanned="2"', "c") + cell("", "1") + cell("", "2"),
        covered + cell("", "3") + cell("", "4"),
    )
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    item = "<text:list-item><text:p>one</text:p></text:list-item>"
    styles = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1"/>'
        '</text:list-style><style:style style:name="T" style:family="text"><style:text-properties '
        'style:text-position="super 58%" fo:font-weight="bold"/></style:style>'
    )
    body = (
        '<text:h text:outline-level="1">Head</text:h>'
        f'<text:list text:style-name="L">{item}{item}</text:list><table:table>{table}</table:table>'
        '<text:p>10<text:span text:style-name="T">6</text:span><text:s text:c="2"/>'
        f"x{note}</text:note>{comment}</text:p>"
    )
    return open_document("text", body, styles)


def ods_sample() -> bytes:
    """Return an ODS with a title, a head, merged and repeated cells and a comment."""
    cell = "<table:table-cell {}><text:p>{}</text:p></table:table-cell>".format
    comment = "<office:annotation><text:p>So?</text:p></office:annotation>"
    rows = (
        cell("", "Fees"),
        cell("", "Boat") + cell("", "Fee") + cell("", "Note"),
        cell('table:number-rows-spanned="2"', "Raft")
        + cell('office:value-type="float" office:value="4"', "4")
        + f"<table:table-cell>{comment}<text:p>x</text:p></table:table-cell>",
        "<table:covered-table-cell/>" + cell('table:number-columns-repeated="3"', "y"),
    )
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    return open_document("spreadsheet", f'<table:table table:name="S">{table}</table:table>')


def xlsx_sample() -> bytes:
    """Return an XLSX with a title, a head, merged cells, formats, raised letters, a formula and a comment."""
    book = Workbook()
    raised = CellRichText("10", TextBlock(InlineFont(vertAlign="superscript"), "6"))
    for row in (("Fees",), ("Boat", "Fee", "Since"), ("Raft", 4, date(2024, 10, 3)), (raised, 0.25, "=1+1")):
        book.active.append(row)
    book.active.merge_cells("A1:C1")
    book.active["B4"].number_format = "0%"
    book.active["C3"].comment = Comment("So?", "Ann")
    book.create_sheet("Hidden").sheet_state = "hidden"
    file = BytesIO()
    book.save(file)
    return file.getvalue()


RTF_SAMPLE = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset2 Symbol;}}{\stylesheet{\s1 heading 1;}}"
    rb"{\info{\title T}}\pard\s1 Head\par\pard 10{\super 6} \u8805?5 {\f1 \'b3}"
    rb"{\super\chftn{\footnote {\chftn} Why.}}\par"
    rb"{\listtext 1.\tab}one\par\trowd\trhdr\clvmgf\cellx1000\cellx2000\pard\intbl a\cell b\cell\row"
    rb"\trowd\clvmrg\cellx1000\cellx2000\pard\intbl\cell {\b c}\cell\row\pard{\*\atnauthor A}{\*\annotation So?}\par}"
)
