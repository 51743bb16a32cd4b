from collections.abc import Callable

import pytest

from ingest.errors import SourceUnreadable
from ingest.schema import Document
from tests.ingest.readers.office_files import NAMESPACES, meta, open_document, packed

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]

LOOKS = (
    '<style:style style:name="up" style:family="text"><style:text-properties style:text-position="super 58%"/>'
    '</style:style><style:style style:name="down" style:family="text" style:parent-style-name="up">'
    '<style:text-properties style:text-position="-33% 58%"/></style:style>'
    '<style:style style:name="gone" style:family="text"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="struck" style:family="text"><style:text-properties '
    'style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="fat" style:family="paragraph"><style:text-properties fo:font-weight="bold"/>'
    "</style:style>"
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" '
    'style:num-suffix="."/><text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" '
    'style:num-suffix=")"/><text:list-level-style-number text:level="3" style:num-format="i" text:display-levels="3"/>'
    '</text:list-style><text:list-style style:name="B"><text:list-level-style-bullet text:level="1" '
    'text:bullet-char="•"/></text:list-style>'
)


def texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def p(text: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def span(text: str, style: str) -> str:
    return f'<text:span text:style-name="{style}">{text}</text:span>'


def cell(text: str, **attributes: object) -> str:
    named = " ".join(f'table:number-{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f"<table:table-cell {named}>{p(text) if text else ''}</table:table-cell>"


COVERED = "<table:covered-table-cell/>"


def row(*cells: str, repeated: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(cells)}</table:table-row>'


def odt(body: str, **others: str) -> bytes:
    return open_document("text", body, LOOKS, **others)


def test_paragraphs_headings_and_characters(read_as: ReadAs) -> None:
    body = (
        '<text:h text:outline-level="2">Rules</text:h>'
        + p(
            'Up to 10<text:span text:style-name="up">6</text:span> of H<text:span text:style-name="down">2</text:span>O'
        )
        + p('a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d\n  e<text:span text:style-name="gone">f</text:span>')
        + "<text:table-of-content>"
        + p("Rules 1")
        + "</text:table-of-content>"
        + "<text:tracked-changes>"
        + p("deleted")
        + "</text:tracked-changes>"
        + '<text:section text:display="none">'
        + p("hidden")
        + "</text:section>"
    )
    document = read_as("a.odt", odt(body, meta=meta("The rules")))
    assert document.title == "The rules"
    assert [(heading.level, heading.title) for heading in document.headings] == [(2, "Rules")]
    assert texts(document) == [("paragraph", "Up to 10⁶ of H₂O"), ("paragraph", "a b c\nd e")]


def test_what_is_struck_out_or_said_instead_of_a_picture_is_no_text(read_as: ReadAs) -> None:
    urn = 'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
    picture = (
        f"<draw:frame><draw:image/><svg:title {urn}>Hand</svg:title><svg:desc {urn}>A hand</svg:desc></draw:frame>"
    )
    body = p(f"The fee is {span('50 ', 'struck')}60 euros.") + p(f"Take the pill{picture} twice.")
    assert texts(read_as("a.odt", odt(body))) == [
        ("paragraph", "The fee is 60 euros."),
        ("paragraph", "Take the pill twice."),
    ]


def test_notes_and_comments_follow_their_paragraph(read_as: ReadAs) -> None:
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        + p("Not on Sunday.")
        + "</text:note-body></text:note>"
    )
    comment = "<office:annotation><dc:creator>Ann</dc:creator>" + p("Really?") + "</office:annotation>"
    document = read_as("a.odt", odt(p(f"Open 12{note} days{comment}.") + p("Next.")))
    assert [text for _, text in texts(document)] == [
        "Open 12[1] days.",
        "[1] Not on Sunday.",
        "Comment by Ann: Really?",
        "Next.",
    ]


def test_lists_are_numbered_as_their_styles_say(read_as: ReadAs) -> None:
    inner = (
        "<text:list><text:list-item>"
        + p("deep")
        + "<text:list><text:list-item>"
        + p("deeper")
        + "</text:list-item></text:list></text:list-item></text:list>"
    )
    item = "<text:list-item>{}</text:list-item>".format
    numbered = f'<text:list text:style-name="L">{item(p("one") + p("more"))}{item(p("two") + inner)}</text:list>'
    on = f'<text:list text:style-name="L" text:continue-numbering="true">{item(p("three"))}</text:list>'
    anew = (
        f'<text:list text:style-name="L"><text:list-item text:start-value="7">{p("seven")}</text:list-item></text:list>'
    )
    bullets = f'<text:list text:style-name="B">{item(p("dot"))}</text:list>'
    document = read_as("a.odt", odt(numbered + p("between") + on + anew + bullets))
    assert "\n\n  more\n\n2. two\n\n  (a) deep\n\n" in document.text and document.text.endswith("\n\n- dot")
    assert texts(document) == [
        ("item", "1. one"),
        ("item", "more"),
        ("item", "2. two"),
        ("item", "(a) deep"),
        ("item", "2.a.i deeper"),
        ("paragraph", "between"),
        ("item", "3. three"),
        ("item", "7. seven"),
        ("item", "dot"),
    ]


def test_a_table_keeps_empty_and_merged_cells(read_as: ReadAs) -> None:
    head = row(cell("Area", rows_spanned=2), cell("Fee", columns_spanned=2), COVERED) + row(
        COVERED, cell("Cars"), cell("Bikes")
    )
    body = row(cell("East", rows_spanned=2), cell(""), cell("2")) + row(COVERED, cell("4", columns_spanned=2), COVERED)
    table = f"<table:table><table:table-header-rows>{head}</table:table-header-rows>{body}</table:table>"
    assert texts(read_as("a.odt", odt(table))) == [
        ("row", "Area: East | Fee › Bikes: 2"),
        ("row", "Area: East | Fee › Cars, Fee › Bikes: 4"),
    ]


def test_a_bold_first_row_is_the_head_and_a_single_column_is_no_table(read_as: ReadAs) -> None:
    fat = (
        "<table:table-row>"
        + "".join(f"<table:table-cell>{p(x, 'fat')}</table:table-cell>" for x in "ab")
        + "</table:table-row>"
    )
    table = f"<table:table>{fat}{row(cell('x'), cell('y. z'))}</table:table>"
    box = f"<table:table>{row(cell('Boxed.'))}{row(cell('Also.'))}</table:table>"
    assert texts(read_as("a.odt", odt(table + box))) == [
        ("row", "a: x | b: y. z"),
        ("paragraph", "Boxed."),
        ("paragraph", "Also."),
    ]


def test_boxes_formulas_and_charts(read_as: ReadAs) -> None:
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mi>w</mi><mn>4</mn></mfrac></math>'
    frame = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
    box = f"<draw:frame><draw:text-box>{p('In a box.')}</draw:text-box></draw:frame>"
    document = read_as("a.odt", odt(p(f"dose={frame}{box}"), **{"Object 1__content": math}))
    assert texts(document) == [("paragraph", "dose=w/4"), ("paragraph", "In a box.")]


@pytest.mark.parametrize("kind", ["odt", "ods"])
def test_broken_and_protected_files(refused: Refused, kind: str) -> None:
    assert refused(f"a.{kind}", b"no zip").what == f"is not a valid {kind.upper()} file (not a ZIP package)"
    assert refused(f"a.{kind}", packed({"content.xml": "<a>"})).what in (
        f"is not a readable {kind.upper()}",
        "is incomplete (content.xml is missing)",
    )
    protected = packed({"content.xml": "x", "META-INF/manifest.xml": "<a><manifest:encryption-data/></a>"})
    assert refused(f"a.{kind}", protected).what == "is password-protected"


def sheet(name: str, *rows: str, style: str = "") -> str:
    return f'<table:table table:name="{name}" table:style-name="{style}">{"".join(rows)}</table:table>'


def number(shown: str, value: str, kind: str = "float") -> str:
    text = p(shown) if shown else ""
    return f'<table:table-cell office:value-type="{kind}" office:value="{value}">{text}</table:table-cell>'


def test_sheets_of_an_ods(read_as: ReadAs) -> None:
    hidden = (
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    fees = sheet(
        "Fees",
        row(cell("All fees of the quay")),
        row(cell("", columns_repeated=3), repeated=2),
        row(cell("Boat"), cell("Fee"), cell("Share")),
        row(cell("Canoe", rows_spanned=2), number("4 €", "4", "currency"), number("", "0.25", "percentage")),
        row(COVERED, number("5", "5"), cell("")),
        row(cell("", columns_repeated=1000), repeated=1_000_000),
    )
    document = read_as("a.ods", open_document("spreadsheet", fees + sheet("Gone", row(cell("x")), style="h"), hidden))
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Fees"),
        (2, "Row 1"),
        (2, "Row 5"),
        (2, "Row 6"),
    ]
    assert texts(document) == [
        ("row", "All fees of the quay"),
        ("row", "Boat: Canoe | Fee: 4 € | Share: 25%"),
        ("row", "Boat: Canoe | Fee: 5"),
    ]
    assert document.note == "the hidden sheet Gone was left out"


def test_a_damaged_ods_keeps_the_rows_before_the_damage(read_as: ReadAs) -> None:
    content = f"<office:x {NAMESPACES}>{sheet('S', row(cell('kept')))}<"
    document = read_as("a.ods", packed({"content.xml": content}))
    assert [text for _, text in texts(document)] == ["kept"]
    assert document.note == "it is damaged, and what follows the last row was lost"


def test_sections_titles_and_hidden_paragraphs(read_as: ReadAs) -> None:
    hidden = (
        '<style:style style:name="off" style:family="paragraph"><style:text-properties text:display="none"/>'
        "</style:style>"
    )
    body = p("The quay", "Title") + f"<text:section>{p('Open.')}{p('secret', 'off')}</text:section>"
    document = read_as("a.odt", open_document("text", body, hidden))
    assert (document.title, texts(document)) == ("The quay", [("paragraph", "Open.")])
    assert [heading.title for heading in document.headings] == ["The quay"]


def test_lists_in_lists_of_other_styles_and_with_tables(read_as: ReadAs) -> None:
    styles = (
        '<text:list-style style:name="M"><text:list-level-style-bullet text:level="1"/>'
        '<text:list-level-style-number text:level="2" style:num-format="1" text:display-levels="2"/>'
        '<text:list-level-style-number text:level="3" style:num-format="I"/></text:list-style>'
    )
    table = f"<table:table>{row(cell('a'), cell('b'))}</table:table>"
    inner = f'<text:list text:style-name="M"><text:list-item>{p("deep")}{table}</text:list-item></text:list>'
    first = (
        f'<text:list text:style-name="L" xml:id="one"><text:list-header>{p("Rules")}</text:list-header>'
        f"<text:list-item>{p('first')}{inner}</text:list-item><text:soft-page-break/></text:list>"
    )
    item = f"<text:list-item><text:soft-page-break/>{p('on')}</text:list-item>"
    on = f'<text:list text:style-name="L" text:continue-list="one">{item}</text:list>'
    nought = (
        '<text:list text:style-name="M"><text:list-item><text:list><text:list-item><text:list><text:list-item '
        f'text:start-value="0">{p("none")}</text:list-item><text:list-item>{p("one")}</text:list-item></text:list>'
        "</text:list-item></text:list></text:list-item></text:list>"
    )
    document = read_as("a.odt", open_document("text", first + p("between") + on + nought, LOOKS + styles))
    assert texts(document) == [
        ("item", "Rules"),
        ("item", "1. first"),
        ("item", "1 deep"),
        ("row", "a | b"),
        ("paragraph", "between"),
        ("item", "2. on"),
        ("item", "0 none"),
        ("item", "I one"),
    ]


def test_notes_in_tables_and_notes_without_text(read_as: ReadAs) -> None:
    note = (
        "<text:note><text:note-citation>{}</text:note-citation><text:note-body>{}</text:note-body></text:note>".format
    )
    inner = f"<table:table>{row(cell('b' + note(1, p('Why.'))), cell('c'))}</table:table>"
    table = f"<table:table>{row(cell('a'), f'<table:table-cell>{inner}</table:table-cell>', '<text:soft-page-break/>')}"
    groups = f"<table:table-row-group>{row(cell('d'), cell('e'))}</table:table-row-group><table:title>x</table:title>"
    body = table + groups + "</table:table>" + p(f"End{note(2, p(''))}.")
    assert [text for _, text in texts(read_as("a.odt", odt(body)))] == ["a | b[1] | c", "d | e", "[1] Why.", "End[2]."]


def test_formulas_in_the_text_and_tables_of_charts(read_as: ReadAs) -> None:
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><msup><mi>x</mi><mn>2</mn></msup></math>'
    chart = f"<office:chart {NAMESPACES}><table:table>{row(cell(''), cell('Boats'))}{row(cell('May'), cell('7'))}"
    body = p(f"area <draw:frame><draw:object>{math}</draw:object></draw:frame>") + p(
        '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
    )
    document = read_as("a.odt", odt(body, **{"Object 1__content": f"{chart}</table:table></office:chart>"}))
    assert texts(document) == [("paragraph", "area x²"), ("row", "May | Boats: 7")]


def test_what_is_nested_too_deeply_is_refused(refused: Refused) -> None:
    math = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML">'
        + "<mrow>" * 250
        + "<mi>x</mi>"
        + "</mrow>" * 250
        + "</math>"
    )
    body = p("<text:span>" * 200 + '<draw:object xlink:href="./Object 1"/>' + "</text:span>" * 200)
    assert refused("a.odt", odt(body, **{"Object 1__content": math})).what == "is nested too deeply"


def test_comments_and_unshown_values_of_an_ods(read_as: ReadAs) -> None:
    comment = "<office:annotation><dc:creator>Ann</dc:creator><text:p>{}</text:p></office:annotation>".format
    own = f"<table:table-cell>{comment('Really?')}{p('x')}</table:table-cell>"
    inside = f"<table:table-cell>{p('y' + comment('Sure?'))}</table:table-cell>"
    day = '<table:table-cell office:value-type="date" office:date-value="2024-05-01"/>'
    content = sheet("S", row(own, inside), row(number("", "1234.5"), number("", "n/a"), day))
    styles = '<style:style style:name="t" style:family="table"><style:table-properties/></style:style>'
    assert [text for _, text in texts(read_as("a.ods", open_document("spreadsheet", content, styles)))] == [
        "x | y",
        "1234.5 | n/a | 2024-05-01",
        "Comment by Ann: Really?",
        "Comment by Ann: Sure?",
    ]


def test_what_is_struck_out_in_an_ods_is_left_out(read_as: ReadAs) -> None:
    style = (
        '<style:style style:name="gone" style:family="table-cell"><style:text-properties '
        'style:text-line-through-style="solid"/></style:style>'
    )
    whole = f'<table:table-cell table:style-name="gone" office:value-type="float" office:value="40">{p("40")}'
    inside = f'<table:table-cell office:value-type="float" office:value="50">{p(span("50", "struck"))}'
    rows = [row(f"{each}</table:table-cell>", cell("kept")) for each in (whole, inside)]
    content = open_document("spreadsheet", sheet("S", *rows), LOOKS + style)
    assert [text for _, text in texts(read_as("a.ods", content))] == ["– | kept", "– | kept"]


def test_a_table_in_a_cell_of_a_sheet_gives_no_rows_of_the_sheet(read_as: ReadAs) -> None:
    inner = f"<table:table-cell>{p('b')}{sheet('T', row(cell('inner')))}</table:table-cell>"
    content = open_document("spreadsheet", sheet("S", row(cell("a"), inner), row(cell("c"), cell("d"))))
    assert [text for _, text in texts(read_as("a.ods", content))] == ["a | b", "c | d"]


def test_an_ods_that_is_cut_off_keeps_the_rows_before_the_end(read_as: ReadAs) -> None:
    content = f"<office:x {NAMESPACES}>{sheet('S', row(cell('kept')), row(cell('too')))}"
    document = read_as("a.ods", packed({"content.xml": content[: content.rindex("<table:table-row")]}))
    assert [text for _, text in texts(document)] == ["kept"]
    assert document.note == "it is damaged, and what follows the last row was lost"
