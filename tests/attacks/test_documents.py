"""Small files that would unpack or work without end: each is read in time in proportion to its size, or refused."""

import math
import random
import re
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pypdf
import pytest
from pptx import Presentation
from pypdf import errors

from ingest.errors import SourceUnreadable
from ingest.readers.registry import read
from ingest.runs.scan import describe
from ingest.schema import Document
from ingest.text.sentences import sentence_spans
from tests.ingest.readers.test_docx import repacked, saved
from tests.ingest.readers.test_packages import CONTAINER, packed, page
from tests.ingest.readers.test_pdf import make_pdf

Content = str | bytes

ENTITIES = '<!DOCTYPE x [<!ENTITY e0 "word word ">' + "".join(
    f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10)
)
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TEXT = "<w:p><w:r><w:t>Tiny.</w:t></w:r></w:p>"
TINY = "<a:p><a:r><a:t>Tiny.</a:t></a:r></a:p>"
CELL = "<a:tc><a:txBody><a:bodyPr/><a:p><a:r><a:t>x</a:t></a:r></a:p></a:txBody></a:tc>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
SHOWN = b"BT /F 9 Tf 1 1 Td (Walk a bit.) Tj ET"


def read_bytes(folder: Path, name: str, content: Content) -> Document:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, name)


def refused(folder: Path, name: str, content: Content) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        read_bytes(folder, name, content)
    assert caught.value.where == name
    assert caught.value.remedy
    return caught.value.what


def word(body: str, *, styles: str = "", before: str = "") -> bytes:
    """Return a Word document with that body."""
    parts = {"word__document_xml": f"{before}<w:document {WORD}><w:body>{body}</w:body></w:document>".encode()}
    if styles:
        parts["word__styles_xml"] = f"<w:styles {WORD}>{styles}</w:styles>".encode()
    return repacked(saved(docx.Document()), **parts)


def slide(shapes: str, *, before: str = "", repeated: int = 1) -> bytes:
    """Return a presentation of a slide with those shapes, which it names several times."""
    shown = Presentation()
    shown.slides.add_slide(shown.slide_layouts[6])
    file = BytesIO()
    shown.save(file)
    with zipfile.ZipFile(file) as package:
        parts: dict[str, Content] = {name: package.read(name).decode("latin-1") for name in package.namelist()}
    content = str(parts["ppt/slides/slide1.xml"]).replace("</p:spTree>", f"{shapes}</p:spTree>")
    parts["ppt/slides/slide1.xml"] = content.replace("<p:sld ", f"{before}<p:sld ", 1)
    names = str(parts["ppt/presentation.xml"])
    parts["ppt/presentation.xml"] = re.sub("<p:sldId [^>]*/>", lambda match: match[0] * repeated, names)
    return packed({name: str(part).encode("latin-1") for name, part in parts.items()})


def box(paragraphs: str) -> str:
    """Return a text box of a slide."""
    head = '<p:nvSpPr><p:cNvPr id="9" name="t"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr/>'
    return f"<p:sp>{head}<p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>"


def table(rows: str) -> str:
    """Return a table of a slide."""
    head = '<p:nvGraphicFramePr><p:cNvPr id="9" name="t"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>'
    place = '<p:xfrm><a:off x="0" y="0"/><a:ext cx="1" cy="1"/></p:xfrm>'
    kind = "http://schemas.openxmlformats.org/drawingml/2006/table"
    content = f'<a:graphic><a:graphicData uri="{kind}"><a:tbl><a:tblGrid/>{rows}</a:tbl></a:graphicData></a:graphic>'
    return f"<p:graphicFrame>{head}{place}{content}</p:graphicFrame>"


def book(spine: str, chapters: dict[str, str], *, before: str = "", title: str = "") -> bytes:
    """Return an EPUB with that spine."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="text/html"/>' for name in chapters)
    named = f'<t xmlns="http://purl.org/dc/elements/1.1/"><title>{title}</title></t>'
    package = f"{before}<package>{named}<manifest>{items}</manifest><spine>{spine}</spine></package>"
    return packed(
        {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package}
        | {f"OEBPS/{name}": content for name, content in chapters.items()}
    )


def pdf(objects: list[bytes]) -> bytes:
    """Return a PDF of those objects; the first is its root."""
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj%sendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    return data + head + rows + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(data))


def pages(kids: bytes, count: int, *, content: bytes = SHOWN, leaves: int = 1) -> bytes:
    """Return a PDF with that page tree; the pages, from object 5 on, share their content."""
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 3 0 R/Resources<</Font<</F 4 0 R>>>>>>"
    packed_content = zlib.compress(content)
    stream = b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed_content), packed_content)
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", tree, stream, FONT, *[leaf] * leaves])


def states(content: bytes, name: bytes, size: int) -> bytes:
    """Return a package whose directory states that size for a part."""
    changed = bytearray(content)
    at = content.rindex(name) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    changed[at + 24 : at + 28] = size.to_bytes(4, "little")
    return bytes(changed)


# One budget for a package and all the packages in it.


@pytest.mark.slow
def test_packages_in_a_package_share_its_budget(tmp_path: Path) -> None:
    filler = random.Random(1).randbytes(1_000_000).hex()
    inner = packed({"long.txt": filler + "x" * 120_000_000})
    what = refused(tmp_path, "a.zip", packed({"0.zip": inner, "1.zip": inner, "good.txt": "Rest."}))
    assert what == "unpacks to more than 200 MB"


def test_packages_in_a_package_share_its_number_of_parts(tmp_path: Path) -> None:
    inner = packed({"a.txt": "Rest."} | {f"{number}.png": "" for number in range(5_000)})
    what = refused(tmp_path, "a.zip", packed({"0.zip": inner, "1.zip": inner, "2.txt": "Rest."}))
    assert what == "contains more than 10,000 files"


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["docx", "pptx", "epub"])
def test_documents_in_a_package_share_its_budget(tmp_path: Path, suffix: str) -> None:
    blank = " " * 9_000_000
    content = {
        "docx": lambda: repacked(word(TEXT), word__a_bin=blank.encode()),
        "pptx": lambda: slide(box(TINY), before=f"<!--{blank}-->"),
        "epub": lambda: book('<itemref idref="a"/>', {"a": page(f"<p>Rest.</p>{blank}")}),
    }[suffix]()
    assert read_bytes(tmp_path, f"one.{suffix}", content).blocks
    what = refused(tmp_path, "a.zip", packed({f"{number}.{suffix}": content for number in range(25)}))
    assert what == "unpacks to more than 200 MB"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.zip", "a.docx"])
def test_a_part_larger_than_stated_is_not_unpacked(tmp_path: Path, name: str) -> None:
    blank = b" " * 150_000_000
    content = packed({"a.txt": blank}) if name == "a.zip" else repacked(word(TEXT), word__document_xml=blank)
    content = states(content, b"a.txt" if name == "a.zip" else b"word/document.xml", 1_000)
    tracemalloc.start()
    try:
        what = refused(tmp_path, name, content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "cannot be unpacked" in what
    assert peak < 30_000_000


def test_a_file_named_a_thousand_times_is_read_once(tmp_path: Path) -> None:
    content = packed({"a.txt": "Rest."})
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    last = bytearray(content[end:])
    struct.pack_into("<HHI", last, 8, 1_000, 1_000, 1_000 * (end - start))
    repeated = content[:start] + content[start:end] * 1_000 + bytes(last)
    try:
        assert len(read_bytes(tmp_path, "a.zip", repeated).blocks) == 1
    except SourceUnreadable as error:  # newer versions of zipfile refuse entries that overlap
        assert "a.txt cannot be unpacked" in error.what


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_without_a_limit_is_refused(tmp_path: Path, method: int) -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as package:
        package.writestr("a.txt", "Rest.")
    what = refused(tmp_path, "a.zip", file.getvalue())
    assert what == "contains no readable file: a.txt is packed with another method than Deflate (a.txt)"


# YAML.


@pytest.mark.parametrize("matter", [LAUGHS, "title: &a Hips", "a: &a\n  b: *a", "x: {<<: &b {c: d}}"])
def test_aliases_in_front_matter_are_not_replaced(tmp_path: Path, matter: str) -> None:
    content = f"---\n{matter}\n---\nText.\n"
    document = read_bytes(tmp_path, "a.md", content)
    assert document.text == content
    assert re.fullmatch(
        r"its front matter is not valid YAML \(line [23]: names for repetition \(&name, \*name\) are not supported\)"
        r" and was read line by line",
        document.note,
    )


@pytest.mark.parametrize("content", [f"name: Hips\n{LAUGHS}", "name: &a Hips\nnotice: *a"])
def test_aliases_in_a_description_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "corpus.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SourceUnreadable) as caught:
        describe(tmp_path)
    what = r"cannot be read as YAML \(line [12]\): names for repetition \(&name, \*name\) are not supported"
    assert re.fullmatch(what, caught.value.what)


def test_the_size_of_yaml_is_limited(tmp_path: Path) -> None:
    content = "".join(f"name{number}: x\n" for number in range(10_000))
    document = read_bytes(tmp_path, "a.md", f"---\n{content}---\nText.\n")
    assert "is not valid YAML (longer than 100,000 characters)" in document.note
    (tmp_path / "corpus.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="cannot be read as YAML: longer than 100,000 characters"):
        describe(tmp_path)


# Time in proportion to the size.


def tree(size: int) -> str:
    """Return a page whose navigation is deep and large; its comment makes it too large for trafilatura."""
    depth = min(450 * size, 1_900)
    return (
        f"<!--{' ' * 2_000_000}-->"
        + '<div class="nav">' * depth
        + "<div class='nav'>x</div><b></b><i></i>" * (6_000 * size)
        + "</div>" * depth
    )


def named_styles(size: int) -> bytes:
    """Return a Word document with styles that are each based on the next."""
    names = (
        f'<w:style w:type="paragraph" w:styleId="A{n}"><w:name w:val="A{n}"/><w:basedOn w:val="A{n + 1}"/></w:style>'
        for n in range(400 * size)
    )
    return word(TEXT, styles="".join(names))


GROWING: dict[str, tuple[str, Callable[[int], Content]]] = {
    "tiny-paragraphs.md": ("a.md", lambda size: "Tiny.\n\n" * 8_000 * size),
    "tiny-paragraphs.txt": ("a.txt", lambda size: "Tiny.\n\n" * 8_000 * size),
    "tiny-paragraphs.html": ("a.html", lambda size: "<p>Tiny.</p>" * 8_000 * size),
    "tiny-paragraphs.docx": ("a.docx", lambda size: word(TEXT * 8_000 * size)),
    "tiny-paragraphs.pptx": ("a.pptx", lambda size: slide(box(TINY * 8_000 * size))),
    "tiny-paragraphs.epub": (
        "a.epub",
        lambda size: book('<itemref idref="a"/>', {"a": page("<p>x</p>" * 8_000 * size)}),
    ),
    "nested-navigation.html": ("a.html", tree),
    "open-navigation.html": ("a.html", lambda size: "<aside>x" * 1_900 + "<p>y</p>" * 5_000 * size),
    "nested-rows.html": ("a.html", lambda size: "<table><tr><td>a<td>b" * 300 + "<p>y</p>" * 10_000 * size),
    "end-tags.html": ("a.html", lambda size: "<p>Rest.</p>" + "</div>" * 40_000 * size),
    "end-tags-in-depth.html": ("a.html", lambda size: "<b>" * 1_900 + "<p>Rest." + "</div>" * 40_000 * size),
    "attributes.html": ("a.html", lambda size: "<p " + " ".join(f"a{n}" for n in range(7_000 * size)) + ">Rest."),
    "nested-headings.md": ("a.md", lambda size: ("# " + "[" * 990 + "\n\n") * 15 * size + "Rest."),
    "nested-quotes.md": ("a.md", lambda size: (">" * 90 + " x\n" + ">" * 90 + "\n") * 300 * size),
    "tags.md": ("a.md", lambda size: "<div>x" + " </div>" * 40_000 * size),
    "rows-in-code.md": (
        "a.md",
        lambda size: f"    a = 1;\n\n<table>{'<tr><th>A</th><td>b</td></tr>' * 2_000 * size}</table>\n\n    b = 2;\n",
    ),
    "wide-header.csv": (
        "a.csv",
        lambda size: ",".join(f"c{n}" for n in range(1_500 * size)) + "\n" + "x\n" * 1_500 * size,
    ),
    "missing-cells.csv": ("a.csv", lambda size: "a,b\n" + ("x" + "," * 500 + "\n") * 500 * size),
    "rows.pptx": ("a.pptx", lambda size: slide(table(f'<a:tr h="1">{CELL}</a:tr>' * 1_000 * size))),
    "cells.pptx": ("a.pptx", lambda size: slide(table(f'<a:tr h="1">{CELL * 2_000 * size}</a:tr>'))),
    "styles.docx": ("a.docx", named_styles),
    "pages.pdf": (
        "a.pdf",
        lambda size: pages(b" ".join(b"%d 0 R" % (5 + n) for n in range(400 * size)), 400 * size, leaves=400 * size),
    ),
}


def seconds(path: Path, name: str) -> float:
    """Return this process's time to read a file and split it into sentences, or to refuse it."""
    started = time.process_time()
    try:
        document = read(path, name)
        for block in document.blocks:
            sentence_spans(document.text, block.start, block.end)
    except SourceUnreadable:
        pass
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("case", GROWING)
def test_four_times_the_size_takes_four_times_the_time(tmp_path: Path, case: str) -> None:
    name, content = GROWING[case]
    for size in (0, 1, 4):
        written = content(size)
        (tmp_path / f"{size}-{name}").write_bytes(written.encode() if isinstance(written, str) else written)
    seconds(tmp_path / f"0-{name}", name)  # loads the library
    small = large = math.inf
    for _ in range(3):  # another process may disturb one
        small = min(small, seconds(tmp_path / f"1-{name}", name))
        large = min(large, seconds(tmp_path / f"4-{name}", name))
        if large < 10 * max(small, 0.1):
            break
    assert large < 10 * max(small, 0.1)  # quadratic work takes 16 times as long
    assert large < 10


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", f"# {'word ' * 20_000}\n\nRest.\n"),
        ("a.md", f"---\ntitle: {'word ' * 10_000}\n---\nRest.\n"),
        ("a.html", f"<title>{'word ' * 20_000}</title><h2>{'word ' * 20_000}</h2><p>Rest."),
    ],
)
def test_a_long_title_is_not_repeated_with_every_passage(tmp_path: Path, name: str, content: str) -> None:
    document = read_bytes(tmp_path, name, content)
    titles = [document.title, *(heading.title for heading in document.headings)]
    assert max(map(len, titles)) <= 300
    assert any(title.endswith("word…") for title in titles)


# Files that multiply something.


def doubled_pages() -> bytes:
    """Return a PDF whose page tree names each of its nodes twice: 16 million pages."""
    nodes = [b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count %d>>" % (n, n, 2 ** (27 - n)) for n in range(3, 27)]
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page/MediaBox[0 0 9 9]>>"])


MULTIPLYING: dict[str, tuple[str, Callable[[], Content], str]] = {
    "chapters": (
        "a.epub",
        lambda: book('<itemref idref="a"/>' * 100_000, {"a": page("<p>Rest.</p>" * 2)}),
        "Rest.\n\nRest.",
    ),
    "slides": ("a.pptx", lambda: slide(box(TINY), repeated=50_000), "Slide 1\n\nTiny."),
    "pages": ("a.pdf", lambda: pages(b"5 0 R " * 90_000, 90_000), "Walk a bit."),
    "page-loop": ("a.pdf", lambda: pages(b"2 0 R " * 9, 9), "!has no readable pages"),
    "page-tree": ("a.pdf", doubled_pages, "!has no readable pages"),
    "page-content": ("a.pdf", lambda: pages(b"5 0 R", 1, content=SHOWN + b" " * 70_000_000), "!unpacks to 70 MB"),
    "long-column-name": ("a.csv", lambda: "n" * 100_000 + ",b\n" + "x,y\n" * 10_000, "!becomes more than 50,000,000"),
    "entities-docx": (
        "a.docx",
        lambda: word(TEXT.replace("Tiny", "&e9;"), before=f"{ENTITIES}]>"),
        "!is not a readable DOCX (Maximum entity amplification factor exceeded",
    ),
    "entities-pptx": (
        "a.pptx",
        lambda: slide(box(TINY.replace("Tiny", "&e9;")), before=f"{ENTITIES}]>"),
        "!is not a readable PPTX",
    ),
    "entities-epub": ("a.epub", lambda: book("", {}, before=f"{ENTITIES}]>", title="&e9;"), "!is not a readable EPUB"),
    "grid-span": (
        "a.docx",
        lambda: word(
            f'<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>{TEXT}</w:tc></w:tr></w:tbl>'
        ),
        "Tiny.",
    ),
    "tables-in-tables": (
        "a.docx",
        lambda: word("<w:tbl><w:tr><w:tc>" * 80 + TEXT * 3_000 + "</w:tc></w:tr></w:tbl>" * 80),
        "\n\n".join(["Tiny."] * 3_000),
    ),
    "style-loop": (
        "a.docx",
        lambda: word(
            TEXT,
            styles="".join(
                f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{name}"/><w:basedOn w:val="{base}"/>'
                "</w:style>"
                for name, base in (("A", "B"), ("B", "A"))
            ),
        ),
        "Tiny.",
    ),
    "line": ("a.jsonl", lambda: '{"a": "' + "word " * 10_000_000 + '"}\n', "!has a line of 50,000,009 characters"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", MULTIPLYING)
def test_what_is_named_often_is_read_once_or_refused(tmp_path: Path, case: str) -> None:
    name, content, expected = MULTIPLYING[case]
    written = content()
    started = time.process_time()
    try:
        text = read_bytes(tmp_path, name, written).text
    except SourceUnreadable as error:
        text = f"!{error.what}"
    assert text.startswith(expected) if expected.startswith("!") else text == expected
    assert time.process_time() - started < 10


def test_json_of_any_depth_is_read_or_refused(tmp_path: Path) -> None:
    for depth in range(800, 1_000):  # loading and writing it again have different limits
        try:
            read_bytes(tmp_path, "a.jsonl", '{"a":' * depth + "1" + "}" * depth)
        except SourceUnreadable as error:
            assert error.what in ("is not JSONL (line 1 is not valid JSON)", "contains no text to quote")


def test_every_error_of_pypdf_fails_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {errors.DeprecationError, errors.DependencyError, errors.LimitReachedError} < set(kinds)
    for kind in kinds:
        if not issubclass(kind, Warning):

            def fail(*_: object, kind: type[Exception] = kind) -> str:
                raise kind("for a reason")

            monkeypatch.setattr(pypdf.PageObject, "extract_text", fail)
            assert read_bytes(tmp_path, "a.pdf", make_pdf([["x"], []])).note == "page 2 cannot be read"
            assert refused(tmp_path, "a.pdf", make_pdf([[]])) == "has no readable pages (page 1: for a reason)"
