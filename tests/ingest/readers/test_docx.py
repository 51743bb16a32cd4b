import re
import zipfile
from collections.abc import Callable
from io import BytesIO

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.oxml.xmlchemy import BaseOxmlElement

from ingest.errors import SourceUnreadable
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def quotes(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def saved(word: WordDocument) -> bytes:
    written = BytesIO()
    word.save(written)
    return written.getvalue()


def element(xml: str) -> BaseOxmlElement:
    return parse_xml(re.sub(r"^<[\w:]+", rf"\g<0> {nsdecls('w')}", xml))


def repacked(content: bytes, *, without: str = "", **changed: bytes) -> bytes:
    """Repack a DOCX without one of its parts or with some of them replaced."""
    written = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist() if name != without}
        for name, part in (parts | {key.replace("__", "/").replace("_", "."): c for key, c in changed.items()}).items():
            new.writestr(name, part)
    return written.getvalue()


@pytest.fixture
def word() -> WordDocument:
    return docx.Document()


def test_paragraphs_headings_lists_and_tables_in_order(read_as: ReadAs, word: WordDocument) -> None:
    word.add_paragraph("Bäck pain", style="Title")
    word.add_heading("Causes", 1)
    word.add_paragraph("Often\tnone.\nReally.")
    word.add_paragraph("lifting", style="List Bullet")
    table = word.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Drug", "Dose", "A", ""], strict=True):
        cell.text = text
    word.add_heading("Red flags", 9)
    word.add_paragraph("🦴 end.")
    document = read_as("a.docx", saved(word))
    assert document.text == (
        "Bäck pain\n\nCauses\n\nOften none.\nReally.\n\n- lifting\n\nDrug | Dose\n\nA | –\n\nRed flags\n\n🦴 end."
    )
    assert headings(document) == [(1, "Bäck pain"), (1, "Causes"), (9, "Red flags")]
    assert [(b.start, b.end) for b in document.blocks] == [(19, 38), (42, 49), (51, 62), (64, 69), (82, 88)]
    assert (document.title, document.url, document.verbatim) == ("Bäck pain", None, False)


def test_merged_cells_are_repeated_in_each_row_and_count_once_in_a_row(read_as: ReadAs, word: WordDocument) -> None:
    table = word.add_table(rows=2, cols=3)
    for number, cell in enumerate(table._cells):
        cell.text = str(number)
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(0, 2).merge(table.cell(1, 2))
    assert quotes(read_as("a.docx", saved(word))) == ["0 1 | 2 5", "3 | 4 | 2 5"]


def test_a_table_in_a_table_stays_in_its_row(read_as: ReadAs, word: WordDocument) -> None:
    cell = word.add_table(rows=1, cols=2).cell(0, 1)
    cell.text = "out"
    cell.add_table(rows=1, cols=1).cell(0, 0).text = "in"
    assert quotes(read_as("a.docx", saved(word))) == ["– | out in"]


def test_insertions_links_and_controls_are_read_and_deletions_are_not(read_as: ReadAs, word: WordDocument) -> None:
    paragraph = word.add_paragraph("Do ")
    for xml in (
        "<w:ins><w:r><w:t>not</w:t></w:r></w:ins>",
        "<w:del><w:r><w:delText>gladly</w:delText></w:r></w:del>",
        "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom>",
        "<w:hyperlink><w:r><w:t> bend</w:t></w:r></w:hyperlink>",
        "<w:sdt><w:sdtContent><w:r><w:t> or</w:t><w:br/><w:t>lift</w:t></w:r></w:sdtContent></w:sdt>",
    ):
        paragraph._p.append(element(xml))
    control = element("<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>")
    paragraph._p.addnext(control)
    assert quotes(read_as("a.docx", saved(word))) == ["Do not bend or\nlift", "In a control."]


def test_a_text_box_follows_its_paragraph_and_is_read_once(read_as: ReadAs, word: WordDocument) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>Boxed.</w:t></w:r></w:p></w:txbxContent>"
    compatibility = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    word.add_paragraph("Before.")._p.append(
        element(
            f'<w:r><m:AlternateContent xmlns:m="{compatibility}"><m:Choice Requires="wps">{box}</m:Choice>'
            f"<m:Fallback>{box}</m:Fallback></m:AlternateContent></w:r>"
        )
    )
    word.add_paragraph("After.")
    assert quotes(read_as("a.docx", saved(word))) == ["Before.", "Boxed.", "After."]


def test_a_style_based_on_a_heading_is_a_heading_and_contents_are_skipped(read_as: ReadAs, word: WordDocument) -> None:
    word.styles.add_style("House", 1).base_style = word.styles["Heading 2"]
    word.styles.add_style("toc 1", 1)
    word.add_paragraph("Chapter ..... 4", style="toc 1")
    word.add_paragraph("Chapter", style="House")
    word.add_paragraph("Text.")
    document = read_as("a.docx", saved(word))
    assert headings(document) == [(2, "Chapter")]
    assert quotes(document) == ["Text."]


def test_titles(read_as: ReadAs, word: WordDocument) -> None:
    word.add_paragraph("Text.")
    assert read_as("hip_pain.docx", saved(word)).title == "hip pain"
    word.add_heading("First", 2)
    assert read_as("a.docx", saved(word)).title == "First"
    word.add_paragraph("Styled", style="Title")
    assert read_as("a.docx", saved(word)).title == "Styled"
    word.core_properties.title = " From  properties "
    assert read_as("a.docx", saved(word)).title == "From properties"
    word.core_properties.title = "Word Document"
    assert read_as("a.docx", saved(word)).title == "Styled"


def test_no_text(refused: Refused, word: WordDocument) -> None:
    assert refused("a.docx", saved(word)).what == "contains no text to quote"


def test_files_that_are_not_docx(refused: Refused, word: WordDocument) -> None:
    word.add_paragraph("Text.")
    content = saved(word)
    assert refused("a.docx", b"hello").what == "is not a valid DOCX file (not a ZIP package)"
    assert refused("b.docx", content[:-100]).what == "is not a valid DOCX file (not a ZIP package)"
    assert refused("c.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99)).remedy.endswith("without a password")
    with BytesIO() as written:
        with zipfile.ZipFile(written, "w") as package:
            package.writestr("a.txt", "text")
        assert refused("d.docx", written.getvalue()).what.startswith("is not a readable DOCX (There is no item named")


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "[Content_Types].xml", "_rels/.rels"])
def test_a_missing_part(refused: Refused, word: WordDocument, part: str) -> None:
    assert refused("a.docx", repacked(saved(word), without=part)).what.startswith("is not a readable DOCX (")


@pytest.mark.parametrize("content", [b"garbage", b"<a>" * 5000])
@pytest.mark.parametrize("part", ["word__document_xml", "word__styles_xml", "docProps__core_xml"])
def test_a_broken_part(refused: Refused, word: WordDocument, part: str, content: bytes) -> None:
    assert refused("a.docx", repacked(saved(word), **{part: content})).what.startswith("is not a readable DOCX")


def test_a_document_without_a_body(refused: Refused, word: WordDocument) -> None:
    for part in (b"<a/>", f"<w:document {nsdecls('w')}/>".encode()):
        assert refused("a.docx", repacked(saved(word), word__document_xml=part)).what.startswith("is not a readable")


def test_damaged_styles_cost_the_headings_only(read_as: ReadAs, word: WordDocument) -> None:
    word.add_heading("Rules", 1)
    word.add_paragraph("Text.")
    document = read_as("a.docx", repacked(saved(word), word__styles_xml=b"<a/>"))
    assert quotes(document) == ["Rules", "Text."]
    assert document.note == "its styles are damaged, so headings may be missing"
    nameless = f"<w:styles {nsdecls('w')}><w:style w:type='paragraph'><w:name/></w:style></w:styles>"
    assert read_as("b.docx", repacked(saved(word), word__styles_xml=nameless.encode())).note == ""


def test_damaged_bytes(refused: Refused, word: WordDocument) -> None:
    content = bytearray(saved(word))
    at = content.index(b"word/document.xml") + 200
    content[at : at + 8] = bytes(8)
    assert refused("a.docx", bytes(content)).what == "is damaged (word/document.xml cannot be unpacked)"


def test_a_zip_bomb_is_refused_unread(refused: Refused, read_as: ReadAs, word: WordDocument) -> None:
    word.add_paragraph("Text.")
    content = saved(word)
    error = refused("a.docx", repacked(content, word__a_bin=bytes(30_000_000)))
    assert re.match(r"unpacks to 3\d MB from 0\.\d MB", error.what)
    assert read_as("b.docx", repacked(content, word__a_bin=bytes(9_000_000))).text == "Text."
