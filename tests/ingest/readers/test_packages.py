import io
import zipfile
from collections.abc import Callable

import pytest
from pptx import Presentation
from pptx.util import Inches

from ingest.errors import SourceUnreadable
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
BOOK = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title> Backs &amp; hips </dc:title></metadata>
<manifest>
<item id="two" href="text/chapter%202.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="font" href="font.otf" media-type="font/otf"/>
</manifest>
<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/><itemref idref="none"/></spine>
</package>"""


def packed(parts: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def page(body: str) -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{body}</body></html>'


def book(**changed: str | bytes) -> bytes:
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": BOOK,
        "OEBPS/text/one.xhtml": page("<h1>One</h1><p>Walk a bit.</p>"),
        "OEBPS/text/chapter 2.xhtml": page("<h1>Two</h1><h2>Night</h2><p>Sleep.</p>"),
        "OEBPS/nav.xhtml": page("<nav><a href='x'>One</a></nav>"),
    }
    return packed(parts | {name.replace("__", "/"): content for name, content in changed.items()})


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def test_the_chapters_of_a_book_in_order(read_as: ReadAs) -> None:
    document = read_as("a.epub", book())
    assert document.title == "Backs & hips"
    assert document.text == "One\n\nWalk a bit.\n\nTwo\n\nNight\n\nSleep."
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "One"), (1, "Two"), (2, "Night")]


@pytest.mark.parametrize("blank", ['<?xml version="1.0"?>', " ", "<!-- nothing -->"])
def test_a_chapter_without_an_element_is_skipped(read_as: ReadAs, blank: str) -> None:
    assert read_as("a.epub", book(**{"OEBPS__text__one.xhtml": blank})).text == "Two\n\nNight\n\nSleep."


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no zip", "is not a valid EPUB file (not a ZIP package)"),
        (packed({"a": "b"}), "is incomplete (META-INF/container.xml is missing)"),
        (packed({"META-INF/container.xml": "<container/>"}), "is not an EPUB (its container names no book)"),
        (packed({"META-INF/container.xml": "<"}), "is not a readable EPUB (META-INF/container.xml is damaged)"),
        (packed({"META-INF/container.xml": CONTAINER}), "is incomplete (OEBPS/book.opf is missing)"),
        (book()[:-200], "is not a valid EPUB file (not a ZIP package)"),
    ],
)
def test_broken_books(refused: Refused, content: bytes, what: str) -> None:
    assert refused("a.epub", content).what == what


def test_a_protected_book(refused: Refused, read_as: ReadAs) -> None:
    def encrypted(name: str) -> str:
        return f'<e xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherReference URI="{name}"/></e>'

    read_as("a.epub", packed_with_font := book(**{"META-INF__encryption.xml": encrypted("OEBPS/font.otf")}))
    assert packed_with_font
    protected = book(**{"META-INF__encryption.xml": encrypted("OEBPS/text/chapter%202.xhtml")})
    assert refused("a.epub", protected).what == "is copy-protected (its chapters are encrypted)"


def test_entities_of_a_book_are_not_resolved(read_as: ReadAs) -> None:
    opf = '<!DOCTYPE package [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + BOOK.split("?>\n")[1].replace(
        "Backs", "&e;"
    )
    assert read_as("a.epub", book(**{"OEBPS__book.opf": opf})).title in ("& hips", "a")


def slides() -> bytes:
    shown = Presentation()
    shown.core_properties.title = ""
    first = shown.slides.add_slide(shown.slide_layouts[1])
    first.shapes.title.text = "Hip pain"
    first.placeholders[1].text = "Walk a bit.\nSleep well."
    first.notes_slide.notes_text_frame.text = "Said aloud."
    second = shown.slides.add_slide(shown.slide_layouts[6])
    table = second.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for row, cells in enumerate((("drug", "dose"), ("Aspirin", "100 mg"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(3), Inches(4), Inches(1)).text_frame.text = "In a group."
    file = io.BytesIO()
    shown.save(file)
    return file.getvalue()


def test_a_shape_with_the_id_of_the_title_is_read(read_as: ReadAs) -> None:
    shown = Presentation()
    slide = shown.slides.add_slide(shown.slide_layouts[1])
    slide.shapes.title.text = "Hip pain"
    slide.placeholders[1].text = "Walk a bit."
    slide.placeholders[1].element.nvSpPr.cNvPr.set("id", str(slide.shapes.title.shape_id))
    file = io.BytesIO()
    shown.save(file)
    assert texts(read_as("a.pptx", file.getvalue())) == ["Walk a bit."]


def test_slides_are_pages_under_their_titles(read_as: ReadAs) -> None:
    document = read_as("a.pptx", slides())
    assert document.title == "Hip pain"
    assert [heading.title for heading in document.headings] == ["Hip pain", "Slide 2"]
    assert texts(document) == [
        "Walk a bit.",
        "Sleep well.",
        "Said aloud.",
        "drug: Aspirin | dose: 100 mg",
        "In a group.",
    ]
    assert [document.page(block.start) for block in document.blocks] == [1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no zip", "is not a valid PPTX file (not a ZIP package)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "is password-protected or an old .ppt file"),
        (packed({"a": "b"}), "is not a readable PPTX"),
        (packed({"[Content_Types].xml": "<"}), "is not a readable PPTX"),
    ],
)
def test_broken_slides(refused: Refused, content: bytes, what: str) -> None:
    assert refused("a.pptx", content).what == what


def test_an_archive_gives_its_texts_under_their_names(read_as: ReadAs) -> None:
    inner = packed({"deep.txt": "Deep.", "deeper.zip": packed({"x.txt": "Too deep."})})
    parts: dict[str, str | bytes] = {
        "sub/hip.md": "# Hip\n\nWalk.\n",
        "back.txt": "One.\n\nTwo.",
        "inner.zip": inner,
        "picture.png": b"\x89PNG",
        "__MACOSX/hip.md": "x",
        ".hidden.md": "x",
        "sub/": "",
        "bad.txt": b"\0",
        "empty.txt": "",
        "../../up.txt": "Caf\xe9 latte".encode("cp1252"),
    }
    document = read_as("all.zip", packed(parts))
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "sub/hip.md"),
        (2, "Hip"),
        (1, "back.txt"),
        (1, "inner.zip"),
        (2, "deep.txt"),
        (1, "../../up.txt"),
    ]
    assert texts(document) == ["Walk.", "One.", "Two.", "Deep.", "Café latte"]
    assert [block.apart for block in document.blocks] == [False, False, True, False, False]
    assert document.note.startswith("2 of 6 files in it cannot be read: bad.txt is not text (it contains NUL bytes)")
    assert "passed over, since their formats are not supported: picture.png" in document.note
    assert "../../up.txt: its encoding was guessed: cp1252" in document.note


def test_an_archive_names_the_files_that_it_passes_over(read_as: ReadAs) -> None:
    parts: dict[str, str | bytes] = {f"{number}.bin": "x" for number in range(12)}
    parts |= {"a.txt": "One.", ".hidden": "x", "__MACOSX/b.bin": "x"}
    note = read_as("a.zip", packed(parts)).note
    names = ", ".join(f"{number}.bin" for number in range(10))
    assert note == f"passed over, since their formats are not supported: {names} and 2 more"


def test_an_archive_keeps_kinds_and_titles(read_as: ReadAs) -> None:
    page = "<html><head><title>The mill</title></head><body><p>Nine to five.</p></body></html>"
    document = read_as("a.zip", packed({"a.csv": "name,fee\nAda,9\n", "page.html": page}))
    assert [block.kind for block in document.blocks] == ["row", "paragraph"]
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "a.csv"),
        (2, "Row 2"),
        (1, "page.html"),
        (2, "The mill"),
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no zip", "is not a valid ZIP file (not a ZIP package)"),
        (packed({}), "contains no readable file"),
        (packed({"a.png": "x"}), "contains no readable file"),
        (packed({"a.txt": b"\0"}), "contains no readable file: a.txt is not text (it contains NUL bytes)"),
        (packed({f"{n}.txt": "x" for n in range(1_001)}), "contains 1,001 texts (limit 1,000)"),
        (packed({f"{n}.png": "x" for n in range(10_001)}), "contains more than 10,000 files"),
        (packed({"a.txt": b"\0" * 20_000_000}), "unpacks to 20 MB from 0.0 MB, too much for a document"),
    ],
)
def test_refused_archives(refused: Refused, content: bytes, what: str) -> None:
    assert refused("a.zip", content).what == what


def test_an_archive_with_a_password(refused: Refused) -> None:
    content = bytearray(packed({"a.txt": "secret"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1  # the flag of encryption
    assert refused("a.zip", bytes(content)).what == "contains no readable file: a.txt is password-protected"


def test_an_archive_that_lies_about_its_sizes(refused: Refused) -> None:
    content = bytearray(packed({"a.txt": "x" * 1_000}))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (10).to_bytes(4, "little")
    assert (
        refused("a.zip", bytes(content)).what
        == "contains no readable file: a.txt is damaged (a.txt cannot be unpacked)"
    )


def test_parts_packed_in_another_way(refused: Refused) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as package:
        package.writestr("a.txt", "Text.")
    what = "contains no readable file: a.txt is packed with another method than Deflate (a.txt)"
    assert refused("a.zip", file.getvalue()).what == what


def test_packages_in_packages_have_one_budget(refused: Refused) -> None:
    deep = packed({"a.txt": "Deep. " * 1_500_000})
    error = refused("a.zip", packed({f"{number}.docx": deep for number in range(30)}))
    assert error.what == "unpacks to more than 200 MB"
