"""Parts, lists, tables and charts of Word documents that are unusual or damaged."""

import io
import zipfile
from collections.abc import Callable

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from ingest.errors import SourceUnreadable
from ingest.schema import Document
from tests.ingest.readers.test_docx import element, quotes, repacked, saved
from tests.ingest.readers.test_docx_content import (
    MATH,
    RELATIONS,
    add_part,
    define_lists,
    fill,
    kinds,
    number,
    refer,
    with_notes,
)

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


@pytest.fixture
def word() -> WordDocument:
    return docx.Document()


def attached(paragraph: BaseOxmlElement, *xml: str) -> None:
    for each in xml:
        paragraph.append(element(each))


def test_a_note_is_given_once_and_one_without_text_not_at_all(read_as: ReadAs, word: WordDocument) -> None:
    for text, identity in (("Wait", 7), ("Stay", 7), ("Go", 8), ("Run", 9)):
        refer(word, text, "footnote", identity, ".")
    content = with_notes(word, "footnote", {7: "Why.", 8: ""})
    assert quotes(read_as("a.docx", content)) == ["Wait[1].", "[1] Why.", "Stay[1].", "Go[2].", "Run."]


def test_a_damaged_part_of_notes_costs_the_notes(read_as: ReadAs, word: WordDocument) -> None:
    refer(word, "Wait", "footnote", 7, ".")
    add_part(word, "footnotes.xml", "footnotes", b"<w:footnotes")
    assert quotes(read_as("a.docx", saved(word))) == ["Wait."]


def test_lists_that_go_on_and_lists_that_are_not_defined(read_as: ReadAs, word: WordDocument) -> None:
    define_lists(word)
    root = word.part.numbering_part.element
    levels = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="ordinal"/><w:lvlText w:val="%1"/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="780"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2"/>'
        '<w:lvlRestart w:val="0"/></w:lvl>'
    )
    own = '<w:lvlOverride w:ilvl="0"><w:lvl w:ilvl="0"><w:start w:val="0"/><w:numFmt w:val="upperRoman"/>'
    root.insert(0, element(f'<w:abstractNum w:abstractNumId="75">{levels}</w:abstractNum>'))
    for instance, abstract, more in (
        (75, 75, ""),
        (76, 99, ""),
        (77, 71, f'{own}<w:lvlText w:val="%1"/></w:lvl></w:lvlOverride>'),
    ):
        root.append(element(f'<w:num w:numId="{instance}"><w:abstractNumId w:val="{abstract}"/>{more}</w:num>'))
    for text, instance, depth in (
        *(("one", 75, 0), ("deep", 75, 1), ("two", 75, 0), ("on", 75, 1), ("three", 75, 0), ("lost", 76, 0)),
        *(("nought", 77, 0), ("first", 77, 0)),
    ):
        number(word, text, instance, depth)
    assert [text for _, text in kinds(read_as("a.docx", saved(word)))] == [
        "1st one",
        f"{'z' * 30} deep",
        "2nd two",
        "781 on",
        "3rd three",
        "lost",
        "0 nought",
        "I first",
    ]


def test_a_document_without_numbers_and_with_styles_in_a_circle(read_as: ReadAs, word: WordDocument) -> None:
    parts = word.part.rels
    for identity in [each for each, relation in parts.items() if relation.reltype.endswith("/numbering")]:
        del parts[identity]
    one, two = word.styles.add_style("One", 1), word.styles.add_style("Two", 1)
    one.base_style, two.base_style = two, one
    word.add_paragraph("Text.", style="One")
    assert kinds(read_as("a.docx", saved(word))) == [("paragraph", "Text.")]


def test_a_deleted_paragraph_has_no_number(read_as: ReadAs, word: WordDocument) -> None:
    define_lists(word)
    for text in ("one", "", "two"):
        number(word, text, 71)
    gone = word.paragraphs[1]._p
    gone.pPr.append(element('<w:rPr><w:del w:id="1"/></w:rPr>'))
    attached(gone, '<w:del w:id="2"><w:r><w:delText>gone</w:delText></w:r></w:del>')
    assert [text for _, text in kinds(read_as("a.docx", saved(word)))] == ["1. one", "2. two"]


def test_looks_of_character_styles_and_symbols_of_other_fonts(read_as: ReadAs, word: WordDocument) -> None:
    symbols = (("Calibri", "2264"), ("Webdings", "F0E4"))
    style = word.styles.add_style("Exponent", 2)
    style.font.superscript = True
    paragraph = word.add_paragraph("10")
    paragraph.add_run("6", style="Exponent")
    paragraph.add_run(" \uf0b3 5 ")
    attached(paragraph._p, *(f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>' for font, code in symbols))
    assert quotes(read_as("a.docx", saved(word))) == ["10⁶ ≥ 5 ≤\ufffd"]


def test_a_formula_with_a_tracked_change(read_as: ReadAs, word: WordDocument) -> None:
    added, gone = "<w:ins><m:r><m:t>2</m:t></m:r></w:ins>", "<w:del><m:r><m:t>3</m:t></m:r></w:del>"
    formula = f'<m:oMath xmlns:m="{MATH}"><m:r><m:t>x=</m:t></m:r>{added}{gone}</m:oMath>'
    attached(word.add_paragraph("So ")._p, f"<w:ins>{formula}</w:ins>")
    assert quotes(read_as("a.docx", saved(word))) == ["So x=2"]


def test_rows_in_controls_and_cells_merged_in_the_old_way(read_as: ReadAs, word: WordDocument) -> None:
    table = fill(word, [["Bay", "Cars", "Bikes"], ["East", "4", ""], ["West", "5", "6"]])
    table.style = "Light List"
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    for name in list(look.attrib):
        del look.attrib[name]
    look.set(qn("w:val"), "0020")
    for at, merge in ((1, "restart"), (2, "continue")):
        table.cell(1, at)._tc.get_or_add_tcPr().append(element(f'<w:hMerge w:val="{merge}"/>'))
    last = table.rows[2]._tr
    control = element("<w:sdt><w:sdtContent/></w:sdt>")
    last.addprevious(control)
    control[0].append(last)
    assert quotes(read_as("a.docx", saved(word))) == ["Bay: East | Cars, Bikes: 4", "Bay: West | Cars: 5 | Bikes: 6"]


@pytest.mark.parametrize("value", ["04G0", None])
def test_a_table_that_states_no_look_of_its_first_row(read_as: ReadAs, word: WordDocument, value: str | None) -> None:
    table = fill(word, [["Ann", "Ford"], ["Bea", "Mill"]])
    table.style = "Light List"
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    table._tbl.tblPr.remove(look)
    if value:
        table._tbl.tblPr.append(element(f'<w:tblLook w:val="{value}"/>'))
    assert quotes(read_as("a.docx", saved(word))) == ["Ann | Ford", "Bea | Mill"]


def test_a_chart_follows_its_paragraph(read_as: ReadAs, word: WordDocument) -> None:
    space = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    point = '<c:pt idx="{}"><c:v>{}</c:v></c:pt>'.format
    cache = f"<c:numCache><c:formatCode>yyyy-mm-dd</c:formatCode>{point(0, 45568)}</c:numCache>"
    days = f"<c:cat><c:numRef>{cache}</c:numRef></c:cat>"
    values = f"<c:val>{point(0, 7)}{point('x', 8)}{point(2, '')}</c:val>"
    content = f'<c:chartSpace xmlns:c="{space}"><c:ser>{days}{values}</c:ser></c:chartSpace>'
    identities = (
        add_part(word, "chart1.xml", "chart", content.encode()),
        add_part(word, "chart2.xml", "chart", b"<c:chart"),
        "rId999",
    )
    paragraph = word.add_paragraph("Visits:")
    for identity in identities:
        chart = f'<c:chart xmlns:c="{space}" xmlns:r="{RELATIONS}" r:id="{identity}"/>'
        attached(paragraph._p, f"<w:r><w:drawing>{chart}</w:drawing></w:r>")
    assert kinds(read_as("a.docx", saved(word))) == [("paragraph", "Visits:"), ("row", "2024-10-03: 7")]


@pytest.mark.parametrize(
    "kind",
    [
        "openxmlformats-officedocument.wordprocessingml.template",
        "ms-word.document.macroEnabled",
        "ms-word.template.macroEnabledTemplate",
    ],
)
def test_templates_and_documents_with_macros(read_as: ReadAs, word: WordDocument, kind: str) -> None:
    word.add_paragraph("Text.")
    content = saved(word)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        types = package.read("[Content_Types].xml")
    usual = b"openxmlformats-officedocument.wordprocessingml.document.main"
    assert usual in types
    changed = repacked(content, **{"[Content_Types]_xml": types.replace(usual, f"{kind}.main".encode())})
    assert quotes(read_as("a.docx", changed)) == ["Text."]


def test_what_is_nested_too_deeply_is_refused(refused: Refused, word: WordDocument) -> None:
    deep = f'<w:ins xmlns:m="{MATH}"><m:oMath>' + "<w:ins><m:oMath>" * 120 + "</m:oMath></w:ins>" * 121
    attached(word.add_paragraph("x")._p, deep)
    assert refused("a.docx", saved(word)).what == "is nested too deeply"
