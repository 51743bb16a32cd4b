"""What Word documents hold besides plain paragraphs: numbers of lists, notes, tables, formulas, charts."""

import io
import re
import zipfile
from collections.abc import Callable

import docx
import pytest
from docx.document import Document as WordDocument
from docx.enum.text import WD_BREAK
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.table import Table

from ingest.schema import Document
from tests.ingest.readers.test_docx import element, headings, quotes, saved

ReadAs = Callable[[str, str | bytes], Document]

LEVELS = (
    ("decimal", "%1."),
    ("lowerLetter", "(%2)"),
    ("decimal", "%1.%2.%3"),
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.fixture
def word() -> WordDocument:
    return docx.Document()


def rich_word() -> bytes:
    """Return a document with numbered clauses, notes, a formula, raised letters and a table."""
    word = docx.Document()
    define_lists(word)
    for depth in (0, 1, 2, 0):
        number(word, "clause", 71, depth)
    paragraph = word.add_paragraph("10")
    paragraph.add_run("6").font.superscript = True
    paragraph._p.append(element(f'<w:r><m:oMath xmlns:m="{MATH}"><m:f><m:num/><m:den/></m:f></m:oMath></w:r>'))
    fill(word, [["a", "b", "c"], ["d", "1", ""]]).cell(1, 1).merge(word.tables[0].cell(1, 2))
    refer(word, "Wait", "footnote", 7)
    return with_notes(word, "footnote", {7: "Why."})


def test_runs_off_the_line_are_raised_and_struck_ones_left_out(read_as: ReadAs, word: WordDocument) -> None:
    paragraph = word.add_paragraph("Up to 10")
    for text, look in (
        ("6", '<w:position w:val="8"/>'),
        (" H", ""),
        ("2", '<w:position w:val="-6"/>'),
        ("O for ", '<w:position w:val="2"/>'),
        ("50 ", "<w:strike/>"),
        ("55 ", "<w:dstrike/>"),
        ("60.", '<w:strike w:val="0"/>'),
    ):
        paragraph._p.append(element(f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'))
    assert quotes(read_as("a.docx", saved(word))) == ["Up to 10⁶ H₂O for 60."]


def test_a_bold_order_stays_a_sentence(read_as: ReadAs, word: WordDocument) -> None:
    for text in ("Do not take with alcohol", "Dose"):
        word.add_paragraph().add_run(text).bold = True
        word.add_paragraph("Take one tablet a day, with a glass of water, and no more than that. It works in an hour.")
    document = read_as("a.docx", saved(word))
    assert [title for _, title in headings(document)] == ["Dose"]
    assert quotes(document)[0] == "Do not take with alcohol"


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def number(word: WordDocument, text: str, instance: int, depth: int = 0) -> None:
    properties = f'<w:pPr><w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{instance}"/></w:numPr></w:pPr>'
    word.add_paragraph(text)._p.insert(0, element(properties))


def define_lists(word: WordDocument) -> None:
    """Define lists 71 (numbers, letters, both), 72 (the same from 5), 73 (bullets), 74 (check boxes)."""
    root = word.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for depth, (form, text) in enumerate(LEVELS)
    )
    bullet = '<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="{}"/>{}</w:lvl>'
    boxes = bullet.format("\uf0a8", '<w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr>')
    for identity, inner in ((71, levels), (73, bullet.format("•", "")), (74, boxes)):
        root.insert(0, element(f'<w:abstractNum w:abstractNumId="{identity}">{inner}</w:abstractNum>'))
    restart = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    for instance, abstract, more in ((71, 71, ""), (72, 71, restart), (73, 73, ""), (74, 74, "")):
        root.append(element(f'<w:num w:numId="{instance}"><w:abstractNumId w:val="{abstract}"/>{more}</w:num>'))


def test_numbers_of_clauses(read_as: ReadAs, word: WordDocument) -> None:
    define_lists(word)
    for text, instance, depth in (
        *(("rent", 71, 0), ("pets", 71, 0), ("cats", 71, 1), ("dogs", 71, 1), ("guide dogs", 71, 2)),
        *(("keys", 71, 0), ("locks", 71, 1), ("anew", 72, 0), ("on", 72, 0), ("dot", 73, 0), ("box", 74, 0)),
        ("none", 0, 0),
    ):
        number(word, text, instance, depth)
    assert kinds(read_as("a.docx", saved(word))) == [
        ("item", "1. rent"),
        ("item", "2. pets"),
        ("item", "(a) cats"),
        ("item", "(b) dogs"),
        ("item", "2.b.1 guide dogs"),
        ("item", "3. keys"),
        ("item", "(a) locks"),
        ("item", "5. anew"),
        ("item", "6. on"),
        ("item", "dot"),
        ("item", "☐ box"),
        ("paragraph", "none"),
    ]


def test_numbers_of_headings_by_their_style(read_as: ReadAs, word: WordDocument) -> None:
    define_lists(word)
    style = word.styles["Heading 1"].element
    style.get_or_add_pPr().append(element('<w:numPr><w:numId w:val="71"/></w:numPr>'))
    for text in ("Scope", "Terms"):
        word.add_heading(text, 1)
        word.add_paragraph("Text.")
    assert headings(read_as("a.docx", saved(word))) == [(1, "1. Scope"), (1, "2. Terms")]


def add_part(word: WordDocument, name: str, kind: str, content: bytes, media_type: str = "application/xml") -> str:
    """Add a part that the document relates to as a kind, and return the id of the relation."""
    part = Part(PackURI(f"/word/{name}"), media_type, content, word.part.package)
    return str(word.part.relate_to(part, f"{RELATIONS}/{kind}"))


def with_notes(word: WordDocument, kind: str, notes: dict[int, str], attributes: str = "") -> bytes:
    """Save a document with a part of notes of a kind."""
    inner = "".join(
        f'<w:{kind} w:id="{identity}" {attributes}><w:p><w:r><w:{kind}Ref/><w:t>{text}</w:t></w:r></w:p></w:{kind}>'
        for identity, text in notes.items()
    )
    add_part(word, f"{kind}s.xml", f"{kind}s", f'<w:{kind}s xmlns:w="{WORD}">{inner}</w:{kind}s>'.encode())
    return saved(word)


def refer(word: WordDocument, text: str, kind: str, identity: int, after: str = "") -> None:
    paragraph = word.add_paragraph(text)
    for xml in (f'<w:r><w:{kind}Reference w:id="{identity}"/></w:r>', f"<w:r><w:t>{after}</w:t></w:r>"):
        paragraph._p.append(element(xml))


@pytest.mark.parametrize(("kind", "mark"), [("footnote", "[1]"), ("endnote", "[i]")])
def test_notes_follow_their_paragraph(read_as: ReadAs, word: WordDocument, kind: str, mark: str) -> None:
    refer(word, "Wait 12", kind, 7, " days.")
    word.add_paragraph("Next.")
    content = with_notes(word, kind, {7: "Or more.", 8: "Nobody refers to it."})
    assert quotes(read_as("a.docx", content)) == [f"Wait 12{mark} days.", f"{mark} Or more.", "Next."]


def test_comments_name_their_author(read_as: ReadAs, word: WordDocument) -> None:
    refer(word, "Wait 12", "comment", 0, " days.")
    content = with_notes(word, "comment", {0: "Really?"}, 'w:author="Ann"')
    assert quotes(read_as("a.docx", content)) == ["Wait 12 days.", "Comment by Ann: Really?"]


def test_raised_letters_symbols_hidden_text_and_boxes(read_as: ReadAs, word: WordDocument) -> None:
    paragraph = word.add_paragraph("10")
    paragraph.add_run("6").font.superscript = True
    paragraph.add_run(" H")
    paragraph.add_run("2").font.subscript = True
    paragraph.add_run("O ")
    paragraph.add_run("not shown").font.hidden = True
    box = "<w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>"
    for xml in (
        '<w:r><w:sym w:font="Symbol" w:char="F0B3"/><w:t xml:space="preserve"> 5 </w:t></w:r>',
        '<w:r><w:rPr><w:rFonts w:ascii="Symbol"/></w:rPr><w:t>m</w:t></w:r>',
        f'<w:r><w:fldChar w:fldCharType="begin">{box}</w:fldChar></w:r>',
    ):
        paragraph._p.append(element(xml))
    paragraph.add_run().add_break(WD_BREAK.LINE)
    paragraph.add_run("end")
    assert quotes(read_as("a.docx", saved(word))) == ["10⁶ H₂O ≥ 5 μ☒\nend"]


def test_formulas_in_a_paragraph(read_as: ReadAs, word: WordDocument) -> None:
    paragraph = word.add_paragraph("It is ")
    parts = "<m:num><m:r><m:t>weight</m:t></m:r></m:num><m:den><m:r><w:t>4</w:t></m:r></m:den>"
    paragraph._p.append(element(f'<w:ins><m:oMath xmlns:m="{MATH}"><m:f>{parts}</m:f></m:oMath></w:ins>'))
    paragraph.add_run(" mg.")
    assert quotes(read_as("a.docx", saved(word))) == ["It is weight/4 mg."]


def fill(word: WordDocument, rows: list[list[str]]) -> Table:
    table = word.add_table(rows=len(rows), cols=len(rows[0]))
    for cell, text in zip(table._cells, [text for row in rows for text in row], strict=True):
        cell.text = text
    return table


def test_rows_with_full_stops_and_empty_cells_stay_whole(read_as: ReadAs, word: WordDocument) -> None:
    table = fill(word, [["Bay", "Rule"], ["East", "No dogs. No bikes."], ["West", ""]])
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    assert kinds(read_as("a.docx", saved(word))) == [
        ("row", "Bay: East | Rule: No dogs. No bikes."),
        ("row", "Bay: West"),
    ]


@pytest.mark.parametrize("sign", ["header", "style", "shade"])
def test_heads_that_the_table_states(read_as: ReadAs, word: WordDocument, sign: str) -> None:
    table = fill(word, [["Name", "Town"], ["Ann", "Ford"]])
    if sign == "header":
        table.rows[0]._tr.get_or_add_trPr().append(element("<w:tblHeader/>"))
    elif sign == "style":
        table.style = "Light List"
    else:
        for cell in table.rows[0].cells:
            cell._tc.get_or_add_tcPr().append(element('<w:shd w:fill="CCCCCC"/>'))
    assert quotes(read_as("a.docx", saved(word))) == ["Name: Ann | Town: Ford"]


def test_names_and_values_have_no_head(read_as: ReadAs, word: WordDocument) -> None:
    fill(word, [["Name", "Ann"], ["Age", "5"], ["Town", "Ford 7"]])
    assert quotes(read_as("a.docx", saved(word))) == ["Name | Ann", "Age | 5", "Town | Ford 7"]


def test_merged_heads_and_cells(read_as: ReadAs, word: WordDocument) -> None:
    table = fill(word, [["Bay", "Fee", "", "9"], ["", "Cars", "Bikes", "x"], ["East", "4", "", ""], ["", "", "2", "z"]])
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(2, 0).merge(table.cell(3, 0))
    table.cell(2, 1).merge(table.cell(2, 2))
    for row in table.rows[:2]:
        row._tr.get_or_add_trPr().append(element("<w:tblHeader/>"))
    assert quotes(read_as("a.docx", saved(word))) == [
        "Bay: East | Fee › Cars, Fee › Bikes: 4",
        "Bay: East | Fee › Bikes: 2 | 9 › x: z",
    ]


def test_a_table_for_the_layout_gives_its_paragraphs(read_as: ReadAs, word: WordDocument) -> None:
    box = word.add_table(rows=1, cols=1).cell(0, 0)
    box.text = "One."
    box.add_paragraph("Two.")
    sides = word.add_table(rows=1, cols=2)
    sides.cell(0, 0).paragraphs[0].style = "Heading 1"
    sides.cell(0, 0).paragraphs[0].add_run("Left")
    sides.cell(0, 1).text = "Right."
    document = read_as("a.docx", saved(word))
    assert kinds(document) == [("paragraph", "One."), ("paragraph", "Two."), ("paragraph", "Right.")]
    assert headings(document) == [(1, "Left")]


def bold(word: WordDocument, text: str, size: int | None = None) -> None:
    run = word.add_paragraph().add_run(text)
    run.bold = True
    if size:
        run.font.size = Pt(size)


def test_headings_that_are_only_bold_or_larger(read_as: ReadAs, word: WordDocument) -> None:
    bold(word, "House rules", 20)
    word.add_paragraph("These hold for everyone who stays here.")
    bold(word, "Quiet hours")
    word.add_paragraph("From ten to six, every day of the week.")
    bold(word, "Do not open the roof!")
    bold(word, "Table 2 Fees")
    word.add_paragraph("The house keeps a list of all fees.")
    bold(word, "The end")
    document = read_as("a.docx", saved(word))
    assert headings(document) == [(1, "House rules"), (2, "Quiet hours")]
    assert quotes(document)[2:4] == ["Do not open the roof!", "Table 2 Fees"]
    assert quotes(document)[-1] == "The end"


def test_a_block_of_bold_lines_is_no_heading(read_as: ReadAs, word: WordDocument) -> None:
    for text in ("Harbour Office", "Quay 4", "Ford Mill"):
        bold(word, text)
    word.add_paragraph("We are open from nine to six on every working day of the year.")
    assert headings(read_as("a.docx", saved(word))) == []


def test_strict_open_xml(read_as: ReadAs, word: WordDocument) -> None:
    word.add_heading("Mooring", 1)
    word.add_paragraph("See http://purl.oclc.org/ooxml/officeDocument for more.")
    kind = re.compile(rb'"http://schemas\.openxmlformats\.org/(officeDocument|wordprocessingml|drawingml)/2006')
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(word))) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            new.writestr(name, kind.sub(rb'"http://purl.oclc.org/ooxml/\1', old.read(name)))
    document = read_as("a.docx", written.getvalue())
    assert headings(document) == [(1, "Mooring")]
    assert quotes(document) == ["See http://purl.oclc.org/ooxml/officeDocument for more."]


WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TOO_DEEP = f"an inserted part was left out (its format is {WORD_TYPE})"


def inner_word() -> bytes:
    """Return a document with another one in it, which is too deep to be read in a third."""
    inner = docx.Document()
    inner.add_paragraph("Inside.")
    insert(inner, b"x", f"{WORD_TYPE}.main+xml")
    return saved(inner)


def insert(word: WordDocument, content: bytes, kind: str) -> None:
    """Insert a part in another format after the first paragraph."""
    name = "chunk.docx" if "word" in kind else "chunk.bin"
    chunk = element("<w:altChunk/>")
    chunk.set(qn("r:id"), add_part(word, name, "aFChunk", content, kind))
    word.element.body.insert(1, chunk)


@pytest.mark.parametrize(
    ("content", "kind", "found", "note"),
    [
        (b"<h1>Head</h1><p>In HTML.</p>", "text/html", ["In HTML."], ""),
        (b"In text.\n\n\nTwo.\n\n", "text/plain", ["In text.", "Two."], ""),
        (inner_word(), WORD_TYPE, ["Inside."], TOO_DEEP),
        (
            inner_word(),
            f"{WORD_TYPE}.main+xml",
            ["Inside."],
            TOO_DEEP,
        ),
        (b"{\\rtf1 In RTF.}", "application/rtf", ["In RTF."], ""),
        (b"%PDF", "application/pdf", [], "an inserted part was left out (its format is application/pdf)"),
    ],
)
def test_inserted_parts(
    read_as: ReadAs, word: WordDocument, content: bytes, kind: str, found: list[str], note: str
) -> None:
    word.add_paragraph("Before.")
    insert(word, content, kind)
    document = read_as("a.docx", saved(word))
    assert (quotes(document), document.note) == (["Before.", *found], note)
