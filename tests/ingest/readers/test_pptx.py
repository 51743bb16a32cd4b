"""What slides hold besides plain text: places, tables, charts, lists, comments."""

import io
import zipfile
from collections.abc import Callable

import pytest
from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.presentation import Presentation as Shown
from pptx.slide import Slide
from pptx.util import Cm

from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]

DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TITLE_ONLY, BLANK = 5, 6


@pytest.fixture
def shown() -> Shown:
    presentation = Presentation()
    presentation.core_properties.title = ""
    return presentation


def saved(shown: Shown) -> bytes:
    file = io.BytesIO()
    shown.save(file)
    return file.getvalue()


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def titles(document: Document) -> list[str]:
    return [heading.title for heading in document.headings]


def slide(shown: Shown, title: str = "Fees", layout: int = TITLE_ONLY) -> Slide:
    added = shown.slides.add_slide(shown.slide_layouts[layout])
    if added.shapes.title is not None:
        added.shapes.title.text = title
    return added


def box(place: Slide, text: str, left: float, top: float) -> etree._Element:
    added = place.shapes.add_textbox(Cm(left), Cm(top), Cm(4), Cm(1))
    added.text_frame.text = text
    return added.text_frame._txBody


def look(paragraph: etree._Element, inner: str) -> None:
    """Give a paragraph properties such as a bullet."""
    paragraph.insert(0, etree.fromstring(f'<a:pPr xmlns:a="{DRAWING}">{inner}</a:pPr>'))


def test_a_title_alone_is_text(read_as: ReadAs, shown: Shown) -> None:
    slide(shown, "The pilot starts in May.")
    slide(shown)
    box(shown.slides[1], "Free.", 1, 5)
    document = read_as("a.pptx", saved(shown))
    assert (document.title, titles(document)) == ("The pilot starts in May.", ["Slide 1", "Fees"])
    assert kinds(document) == [("paragraph", "The pilot starts in May."), ("paragraph", "Free.")]


@pytest.mark.parametrize("title", ["PowerPoint Presentation", "Slide 1", "Folie 1", "Слайд 1"])
def test_default_titles_say_nothing(read_as: ReadAs, shown: Shown, title: str) -> None:
    box(slide(shown), "Free.", 1, 5)
    shown.core_properties.title = title
    assert read_as("a.pptx", saved(shown)).title == "Fees"


def test_a_box_with_a_formula_or_struck_text_is_read(read_as: ReadAs, shown: Shown) -> None:
    place = slide(shown)
    wrapped = box(place, "The dose is doubled.", 1, 5).getparent()
    tree = wrapped.getparent()
    compatible = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    wrapper = etree.SubElement(tree, f"{{{compatible}}}AlternateContent")
    etree.SubElement(wrapper, f"{{{compatible}}}Choice").append(wrapped)
    etree.SubElement(wrapper, f"{{{compatible}}}Fallback")
    paragraph = box(place, "It costs 50", 1, 7).find(f".//{{{DRAWING}}}p")
    for strike, text in (("sngStrike", " or 55"), ("noStrike", " or 60.")):
        paragraph.append(
            etree.fromstring(f'<a:r xmlns:a="{DRAWING}"><a:rPr strike="{strike}"/><a:t>{text}</a:t></a:r>')
        )
    read = [text for _, text in kinds(read_as("a.pptx", saved(shown)))]
    assert read == ["The dose is doubled.", "It costs 50 or 60."]


def test_boxes_are_read_by_their_places(read_as: ReadAs, shown: Shown) -> None:
    place = slide(shown)
    for text, left, top in (("Five", 1, 12), ("Three", 8, 5.1), ("Two", 1, 5), ("Four", 1, 7), ("One", 9, 3)):
        box(place, text, left, top)
    group = place.shapes.add_group_shape()
    for text, top in (("Seven", 15), ("Six", 14)):
        group.shapes.add_textbox(Cm(1), Cm(top), Cm(2), Cm(1)).text_frame.text = text
    read = [text for _, text in kinds(read_as("a.pptx", saved(shown)))]
    assert read == ["One", "Two", "Three", "Four", "Five", "Six", "Seven"]


def test_lists_line_breaks_and_raised_letters(read_as: ReadAs, shown: Shown) -> None:
    place = slide(shown, layout=1)
    place.placeholders[1].text = "dot\nnone"
    look(place.placeholders[1].text_frame.paragraphs[1]._p, "<a:buNone/>")
    body = box(place, "first\nsecond\nplain\nthird\v on", 1, 17)
    for at, inner in ((0, '<a:buAutoNum type="alphaLcParenR" startAt="3"/>'), (3, '<a:buChar char="-"/>')):
        look(body.p_lst[at], inner)
    look(body.p_lst[1], '<a:buAutoNum type="alphaLcParenR" startAt="3"/>')
    raised = place.shapes[-1].text_frame.paragraphs[2].add_run()
    raised.text = "2"
    raised.font._rPr.set("baseline", "30000")
    assert kinds(read_as("a.pptx", saved(shown))) == [
        ("item", "dot"),
        ("paragraph", "none"),
        ("item", "c) first"),
        ("item", "d) second"),
        ("paragraph", "plain²"),
        ("item", "third\n  on"),
    ]


@pytest.mark.parametrize(
    ("form", "mark"),
    [("arabicPeriod", "1."), ("romanUcPlain", "I"), ("alphaUcParenBoth", "(A)"), ("circleNumDbPlain", "1")],
)
def test_forms_of_numbers(read_as: ReadAs, shown: Shown, form: str, mark: str) -> None:
    body = box(slide(shown), "text", 1, 5)
    look(body.p_lst[0], f'<a:buAutoNum type="{form}"/>')
    assert kinds(read_as("a.pptx", saved(shown))) == [("item", f"{mark} text")]


def test_a_table_keeps_empty_and_merged_cells(read_as: ReadAs, shown: Shown) -> None:
    table = slide(shown).shapes.add_table(4, 3, Cm(1), Cm(5), Cm(9), Cm(4)).table
    for row, texts in enumerate((("Bay", "Cars", "Bikes"), ("East", "", "2. May"), ("", "4", ""), ("West", "", "1"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(2, 1).merge(table.cell(2, 2))
    assert kinds(read_as("a.pptx", saved(shown))) == [
        ("row", "Bay: East | Bikes: 2. May"),
        ("row", "Bay: East | Cars, Bikes: 4"),
        ("row", "Bay: West | Bikes: 1"),
    ]


def test_charts_give_category_and_value(read_as: ReadAs, shown: Shown) -> None:
    visits = CategoryChartData(number_format="0%")
    visits.categories = ["Spring", "Summer"]
    visits.add_series("Adults", (0.25, 0.5))
    visits.add_series("Children", (None, 0.125))
    chart = slide(shown).shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(1), Cm(5), Cm(9), Cm(9), visits).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Visits"
    chart.value_axis.has_title = True
    chart.value_axis.axis_title.text_frame.text = "of a year"
    points = XyChartData()
    points.add_series("Path").add_data_point(1.5, 7)
    slide(shown).shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, Cm(1), Cm(5), Cm(9), Cm(9), points)
    assert kinds(read_as("a.pptx", saved(shown))) == [
        ("paragraph", "Visits"),
        ("row", "Adults, Spring: 25% (of a year)"),
        ("row", "Adults, Summer: 50% (of a year)"),
        ("row", "Children, Summer: 13% (of a year)"),
        ("row", "Path, 1.5: 7"),
    ]


def test_comments_name_their_author(read_as: ReadAs, shown: Shown) -> None:
    space = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    box(slide(shown), "Free.", 1, 5)
    for owner, kind, inner in (
        (shown.part, "commentAuthors", '<p:cmAuthor id="4" name="Ann"/>'),
        (shown.slides[0].part, "comments", '<p:cm authorId="4"><p:text>Really?</p:text></p:cm>'),
    ):
        content = f"<p:list {space}>{inner}</p:list>".encode()
        part = Part(PackURI(f"/ppt/{kind}1.xml"), "application/xml", owner.package, content)
        owner.relate_to(part, f"{RELATIONS}/{kind}")
    assert kinds(read_as("a.pptx", saved(shown)))[-1] == ("paragraph", "Comment by Ann: Really?")


def test_a_diagram_gives_its_texts(read_as: ReadAs, shown: Shown) -> None:
    place = slide(shown)
    space = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
    text = f'<d:t><a:p xmlns:a="{DRAWING}"><a:r><a:t>Step</a:t></a:r></a:p></d:t>'
    points = f'<d:pt>{text}</d:pt><d:pt type="pres">{text}</d:pt>'
    content = f'<d:dataModel xmlns:d="{space}"><d:ptLst>{points}</d:ptLst></d:dataModel>'
    part = Part(PackURI("/ppt/diagrams/data1.xml"), "application/xml", place.part.package, content.encode())
    identity = place.part.relate_to(part, f"{RELATIONS}/diagramData")
    frame = place.shapes.add_table(1, 1, Cm(1), Cm(5), Cm(9), Cm(4))._element
    shown_in = frame.graphic.graphicData
    shown_in.clear()
    shown_in.set("uri", space)
    etree.SubElement(shown_in, f"{{{space}}}relIds").set(f"{{{RELATIONS}}}dm", identity)
    assert kinds(read_as("a.pptx", saved(shown))) == [("item", "Step")]


def test_a_damaged_slide_costs_that_slide(read_as: ReadAs, shown: Shown) -> None:
    for text in ("One.", "Two."):
        box(slide(shown), text, 1, 5)
    shown.slides[0].shapes[1]._element.spPr.xfrm.off.set("y", "nowhere")
    document = read_as("a.pptx", saved(shown))
    assert [text for _, text in kinds(document)] == ["Two."]
    assert document.note == "damaged slides were left out: 1"


def test_a_chart_with_categories_in_levels(read_as: ReadAs, shown: Shown) -> None:
    visits = CategoryChartData()
    for year in ("2023", "2024"):
        added = visits.add_category(year)
        added.add_sub_category("Spring")
        added.add_sub_category("Summer")
    visits.add_series("Adults", (1, 2, 3, 4))
    slide(shown).shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(1), Cm(5), Cm(9), Cm(9), visits)
    assert [text for _, text in kinds(read_as("a.pptx", saved(shown)))] == [
        "Adults, 2023, Spring: 1",
        "Adults, 2023, Summer: 2",
        "Adults, 2024, Spring: 3",
        "Adults, 2024, Summer: 4",
    ]


def test_a_formula_in_a_paragraph(read_as: ReadAs, shown: Shown) -> None:
    body = box(slide(shown), "It is ", 1, 5)
    office = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    drawn = "http://schemas.microsoft.com/office/drawing/2010/main"
    other = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    run = "<m:r><a:rPr/><m:t>{}</m:t></m:r>".format
    formula = f"<m:oMath><m:f><m:num>{run('w')}</m:num><m:den>{run('4')}</m:den></m:f></m:oMath>"
    fallback = "<mc:Fallback><a:r><a:t>a picture</a:t></a:r></mc:Fallback>"
    body.p_lst[0].append(
        etree.fromstring(
            f'<mc:AlternateContent xmlns:mc="{other}" xmlns:a="{DRAWING}" xmlns:m="{office}" xmlns:n="{drawn}">'
            f'<mc:Choice Requires="n"><n:m>{formula}</n:m></mc:Choice>{fallback}</mc:AlternateContent>'
        )
    )
    assert kinds(read_as("a.pptx", saved(shown))) == [("paragraph", "It is w/4")]


def test_a_frame_without_its_table_and_a_page_of_notes_without_text(read_as: ReadAs, shown: Shown) -> None:
    place = slide(shown)
    box(place, "Free.", 1, 5)
    data = place.shapes.add_table(1, 1, Cm(1), Cm(9), Cm(9), Cm(4))._element.graphic.graphicData
    data.remove(data.tbl)
    for each in list(place.notes_slide.placeholders):
        each._element.getparent().remove(each._element)
    assert kinds(read_as("a.pptx", saved(shown))) == [("paragraph", "Free.")]


def test_comments_of_newer_versions_and_their_replies(read_as: ReadAs, shown: Shown) -> None:
    space = "http://schemas.microsoft.com/office/powerpoint/2018/8/main"
    said = '<p:txBody xmlns:a="{}"><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody>'.format
    reply = f'<p:replyLst><p:reply authorId="{{B}}">{said(DRAWING, "Yes.")}</p:reply></p:replyLst>'
    comment = f'<p:cm authorId="{{A}}">{reply}{said(DRAWING, "Really?")}</p:cm><p:cm authorId="{{A}}"/>'
    box(slide(shown), "Free.", 1, 5)
    for owner, kind, inner in (
        (shown.part, "authors", '<p:author id="{A}" name="Ann"/><p:author id="{B}" name="Bea"/>'),
        (shown.slides[0].part, "comments", comment),
    ):
        content = f'<p:list xmlns:p="{space}">{inner}</p:list>'.encode()
        part = Part(PackURI(f"/ppt/{kind}1.xml"), "application/xml", owner.package, content)
        owner.relate_to(part, f"http://schemas.microsoft.com/office/2018/10/relationships/{kind}")
    assert [text for _, text in kinds(read_as("a.pptx", saved(shown)))] == [
        "Free.",
        "Comment by Ann: Really?",
        "Comment by Bea: Yes.",
    ]


def test_a_slide_show_with_macros(read_as: ReadAs, shown: Shown) -> None:
    box(slide(shown), "Free.", 1, 5)
    written, usual = io.BytesIO(), b"openxmlformats-officedocument.presentationml.presentation.main"
    with zipfile.ZipFile(io.BytesIO(saved(shown))) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(usual, b"ms-powerpoint.slideshow.macroEnabled.main"))
    assert kinds(read_as("a.pptx", written.getvalue())) == [("paragraph", "Free.")]
