"""Damaged files of every format: each is read or refused with a clear line, and none takes long."""

import copy
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import docx
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from lxml import etree

from ingest.errors import SourceUnreadable
from ingest.readers.plain import code
from ingest.readers.registry import FORMATS, read
from ingest.schema import Document
from ingest.text.sentences import document_sentences
from tests.ingest.readers.office_files import RTF_SAMPLE, ods_sample, odt_sample, xlsx_sample
from tests.ingest.readers.test_asciidoc import PAGE as ASCIIDOC
from tests.ingest.readers.test_docx import saved
from tests.ingest.readers.test_docx_content import rich_word
from tests.ingest.readers.test_html import PAGE
from tests.ingest.readers.test_latex import PAPER as LATEX
from tests.ingest.readers.test_notebook import NOTEBOOK
from tests.ingest.readers.test_packages import book, packed, slides
from tests.ingest.readers.test_pdf import draw, encrypted, make_pdf
from tests.ingest.readers.test_pdf_forms import form, value
from tests.ingest.readers.test_pdf_layout import row_by_row
from tests.ingest.readers.test_pdf_tables import ruled
from tests.ingest.readers.test_rst import PAGE as RST

SLOWEST = 10  # seconds of processor time a file
READERS = {reader: suffix for suffix, reader in reversed(FORMATS.items())}.values()  # one suffix for each reader
EXAMPLES = 20  # files of a format, for each time that `--faults` names
AT_ONCE = 50  # files between looks at the clock
MARKDOWN = """---
title: Hips
url: https://e.org/
tags: [a, b]
---
# Hip *pain* [link][r]

Walk a bit.\tRest.

> quoted
> - item
>   1. inner

| drug | dose |
|---|---|
| A | 1 mg |

```text
code
```
<div class="x">Shown <!-- not --> <script>x</script></div>

***
Last
====

[r]: /u "title"
"""


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Causes", 1)
    document.add_paragraph("Often none.\nReally.")
    table = document.add_table(rows=2, cols=2)
    for number, cell in enumerate(table._cells):
        cell.text = str(number)
    table.cell(0, 0).merge(table.cell(0, 1))
    return saved(document)


TABLE = 'drug,dose\r\n"Aspirin, or so","100 ""mg"""\r\nRest,,more\r\n'
RECORDS = '{"q": "Why?", "tags": ["a", "b"], "n": 2.5, "in": {"\\u00e9": null}}\n"A text."\n[1, [2]]\n'
PORTABLE = make_pdf([["Most back pain", "passes."], ["Walk a bit."]], "Back pain")
CODE = '#!x\n"""Reads the tides of a day."""\n\n/* Opens the\n * old lock now. */\nx = {\n  1\n}\n# end\n'
SPACED = CODE.replace('"""Reads', '"""\u2003Reads').replace("day.", "day.\v")
MAIL = (
    b"Subject: =?utf-8?q?Caf=C3=A9?=\nFrom: A <a@e.org>\nContent-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/plain; format=flowed; charset=cp1252\n\nCaf\xe9 \nnow.\n> Is it?\n-- \nA\n"
    b"--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+SGkuPC9wPg==\n"
    b"--b\nContent-Type: message/rfc822\n\nSubject: in\n\nInner.\n"
    b'--b\nContent-Type: text/csv; name="a.csv"\nContent-Disposition: attachment\n\na,b\n1,2\n--b--\n'
)
DRAWN = draw([row_by_row(700), ruled([["Drug", "Dose"], ["Rest", "10 mg"]])], page=b"/Rotate 90")
FORM = form(row_by_row(700), value("Name", 72, 500, "Anne"))
SEEDS: dict[str, tuple[bytes, ...]] = {
    **dict.fromkeys((".md", ".markdown", ".mdx"), (MARKDOWN.encode(), MARKDOWN.replace("\n", "\r\n").encode("utf-16"))),
    **dict.fromkeys(
        (".txt", ".text"), ("Rücken. Walk “a bit”!\n\n1. One\n2. Two [3].\n".encode(), b"Caf\xe9 au lait.\n")
    ),
    **dict.fromkeys((".html", ".htm", ".xhtml"), (PAGE.encode(), b"<meta charset=shift_jis><p>\x8d\x98<br>x<pre>y\n")),
    ".pdf": (PORTABLE, encrypted(PORTABLE, "", "AES-256"), DRAWN, FORM),
    ".docx": (word(), rich_word()),
    ".pptx": (slides(),),
    ".xlsx": (xlsx_sample(),),
    ".odt": (odt_sample(),),
    ".ods": (ods_sample(),),
    ".rtf": (RTF_SAMPLE,),
    ".epub": (book(),),
    ".rst": (RST.encode(),),
    **dict.fromkeys((".adoc", ".asciidoc"), (ASCIIDOC.encode(),)),
    ".tex": (LATEX.encode(),),
    ".ipynb": (NOTEBOOK.encode(),),
    ".csv": (TABLE.encode(), TABLE.replace(",", ";").encode("cp1252")),
    ".tsv": (TABLE.replace(",", "\t").encode(),),
    ".jsonl": (RECORDS.encode(),),
    ".json": (f"[{RECORDS.strip()}]".replace("\n", ",").encode(), b'{"a": [{"b": 1.50}], "c": {"d": null}}'),
    ".log": (b"10:00 started. Now.\n  at 3\n10:01 ended\n",),
    **dict.fromkeys(code.SUFFIXES, (CODE.encode(), SPACED.encode())),
    ".eml": (MAIL,),
    ".mbox": (b"From a Mon Mar  4 10:00:00 2024\n" + MAIL + b"\n\nFrom b Mon Mar  4 10:00:01 2024\n\n>From x\n",),
    ".zip": (packed({"a.md": MARKDOWN, "b.zip": packed({"c.docx": word(), "d.csv": TABLE}), "e.epub": book()}),),
}
# What tends to matter to some reader; a text is made of these and of any other characters.
WORDS = (
    *(
        "\n",
        "\n\n",
        "\r",
        "\t",
        " ",
        "\0",
        "\ufeff",
        "\u2028",
        "\ud7ff",
        "\U0001f9b4",
        "---\n",
        "# ",
        "> ",
        "- ",
        "1. ",
    ),
    *("|", "|-|-|\n", "```", "~~~", "***\n", "[", "](", "]: ", "<", ">", "</", "<!--", "-->", "<![CDATA[", "<?", "&a;"),
    *("&#0;", "&#xD800;", '="', "'", '"', ",", ";", "{", "}", '{"a": ', ": ", "*a", "&a ", "!!int ", "<<: ", "1e999"),
    *(
        "<div class=nav>",
        "<table><tr><td>",
        "<p>",
        "<pre>",
        "<script>",
        "<h1>",
        "<svg>",
        "<br>",
        "<!DOCTYPE x [<!ENTITY",
    ),
    *(
        "w:p",
        "w:tbl",
        "w:tc",
        "w:val",
        "xmlns",
        "<<",
        ">>",
        " 0 R",
        "obj",
        "endobj",
        "stream",
        "/Kids",
        "/Length",
        "xref",
    ),
    *("/Filter/FlateDecode", "(", ")", "-1", "99999999999", "1", "a", "Word. ", ".", "!", "é"),
)
VALUES = ("", " ", "-1", "0", "1", "99999999999", "x", "é", "../..", "#", "/", "rId1", "rId2", "restart", "true", "%")
PARTS = (".docx", ".epub", ".ods", ".odt", ".pptx", ".xlsx", ".zip")
WELL_FORMED = (
    "[Content",
    "_rels",
    "content",
    "word/document",
    "word/footnotes",
    "word/numbering",
    "word/styles",
    "xl",
    "word/_rels",
    "docProps/core",
    "ppt",
    "META",
    "OEBPS",
)
TEXTS = tuple(suffix for suffix in SEEDS if suffix not in (*PARTS, ".pdf"))


class Outcome(NamedTuple):
    """Whether a file was refused, and the seconds of processor time that it took."""

    refused: bool
    seconds: float


class Content(bytes):
    """The bytes of a file; a failure names their number, and the last file that was read has them."""

    def __repr__(self) -> str:
        return f"<{len(self):,} bytes>"


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Flip, cut, double and insert bytes, a few times."""
    others = [other for each in SEEDS.values() for other in each]
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(1, 3) | st.integers(1, 2_000)))
        kind = draw(st.sampled_from(("flip", "cut", "double", "word", "splice", "end")))
        if kind == "flip":
            middle = bytes(byte ^ draw(st.integers(1, 255)) for byte in content[start : start + 1])
            content = content[:start] + middle + content[start + 1 :]
        elif kind == "cut":
            content = content[:start] + content[end:]
        elif kind == "double":
            content = content[:end] + content[start:end] * draw(st.integers(1, 50)) + content[end:]
        elif kind == "word":
            content = content[:start] + draw(st.sampled_from(WORDS)).encode() + content[end - draw(st.integers(0, 1)) :]
        elif kind == "splice":
            other = draw(st.sampled_from(others))
            at = draw(st.integers(0, len(other)))
            content = content[:start] + other[at : at + end - start] + content[end:]
        else:
            content = content[:start]
    return content


@st.composite
def rearranged(draw: st.DrawFn, content: bytes) -> bytes:
    """Remove, repeat, move and rename elements of an XML part, and change attributes; it stays well-formed."""
    root = etree.fromstring(content)
    for _ in range(draw(st.integers(1, 4))):
        elements = list(root.iter("*"))
        element, other = draw(st.sampled_from(elements)), draw(st.sampled_from(elements))
        kind = draw(st.sampled_from(("remove", "copy", "nest", "rename", "attribute", "text")))
        parent = element.getparent()
        if kind == "remove" and parent is not None:
            parent.remove(element)
        elif kind == "copy":
            other.append(copy.deepcopy(element))
        elif kind == "nest":
            for _ in range(draw(st.sampled_from((1, 5, 100)))):
                element = etree.SubElement(element, other.tag, dict(other.attrib))
            element.text = "Deep."
        elif kind == "rename":
            element.tag = other.tag
        elif kind == "attribute":
            names = [*element.attrib, *other.attrib, "x"]
            element.set(draw(st.sampled_from(names)), draw(st.sampled_from(VALUES)))
        else:
            element.text = draw(st.sampled_from(VALUES))
    return bytes(etree.tostring(root))


@st.composite
def repacked(draw: st.DrawFn, content: bytes) -> bytes:
    """Damage parts of a package, or leave them out."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    for name in draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, max_size=3, unique=True)):
        part = parts.pop(name)
        if draw(st.integers(0, 9)):
            well_formed = name.startswith(WELL_FORMED) and not name.endswith(".bin") and draw(st.integers(0, 3))
            parts[name] = draw(rearranged(part) if well_formed else damaged(part))
    return packed(dict(parts))


def files(suffix: str) -> st.SearchStrategy[bytes]:
    """Return a strategy of files of a format, most of them damaged."""
    seeds = st.sampled_from([Content(each) for each in SEEDS[suffix]])
    kinds = [seeds.flatmap(damaged)]
    if suffix in PARTS:
        kinds += [seeds.flatmap(repacked)] * 3
    if suffix in TEXTS:
        text = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=60).map("".join)
        kinds += [text.map(lambda each: each.encode("utf-8", "surrogatepass")), st.binary(max_size=200)]
    return st.one_of(kinds).map(Content)


def check(path: Path, content: bytes) -> Outcome:
    """Read a file: it gives a document with valid spans, or a clear line, and in time."""
    path.write_bytes(content)
    started = time.process_time()
    try:
        document = read(path, path.name)
    except SourceUnreadable as error:
        refused = True
        assert error.where == path.name and error.what and error.remedy
        assert str(error).isprintable()
    else:
        refused = False
        check_spans(document)
    seconds = time.process_time() - started
    assert seconds < SLOWEST
    return Outcome(refused, seconds)


def check_spans(document: Document) -> None:
    text = document.text
    assert text.isascii() or text.encode()  # without lone surrogates
    assert document.title and document.blocks
    for block, sentences in zip(document.blocks, document_sentences(document), strict=True):
        assert text[block.start : block.end].strip() == text[block.start : block.end]
        spans = "".join(text[start:end] for start, end in sentences)
        assert "".join(spans.split()) == "".join(text[block.start : block.end].split())
    assert all(0 <= heading.start < heading.end <= len(text) for heading in document.headings)
    assert list(document.page_starts) == sorted(document.page_starts)


def fuzz(suffix: str, path: Path, number: int, examples: int) -> list[Outcome]:
    """Check that many files; `number` chooses which."""
    outcomes: list[Outcome] = []

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(files(suffix))
    def run(content: bytes) -> None:
        outcomes.append(check(path, content))

    run()
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize("suffix", READERS)
def test_a_damaged_file_is_read_or_refused(
    suffix: str, tmp_path: Path, times: int, fuzz_seconds: float, record_property: Callable[[str, object], None]
) -> None:
    path = tmp_path / f"a{suffix}"
    if not fuzz_seconds:
        fuzz(suffix, path, 0, EXAMPLES * times)
        return
    outcomes: list[Outcome] = []
    started = time.monotonic()
    while time.monotonic() - started < fuzz_seconds:
        outcomes += fuzz(suffix, path, time.time_ns(), AT_ONCE)
    refused = sum(outcome.refused for outcome in outcomes)
    slowest = max(outcome.seconds for outcome in outcomes)
    record_property("fuzzed", f"{len(outcomes) - refused:,} read, {refused:,} refused, the slowest in {slowest:.2f} s")


@pytest.mark.parametrize("suffix", READERS)
def test_an_empty_file_and_zeros_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    for content in (b"", b" \n", b"\0" * 1_000):
        path.write_bytes(content)
        with pytest.raises(SourceUnreadable):
            read(path, path.name)


@pytest.mark.parametrize("suffix", READERS)
def test_a_file_that_lacks_its_last_byte(suffix: str, tmp_path: Path) -> None:
    for content in SEEDS[suffix]:
        check(tmp_path / f"a{suffix}", content)
        check(tmp_path / f"a{suffix}", content[:-1])
        if suffix in PARTS:
            with pytest.raises(SourceUnreadable, match="not a ZIP package"):
                read(tmp_path / f"a{suffix}", f"a{suffix}")
