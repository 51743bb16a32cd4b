"""A hundred bad files at once: each is a clear line or a right ingest, and nothing else is lost."""

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.models.encoder import Encoder
from ingest.runs.pipeline import ingest
from ingest.runs.status import status

SLOWEST = 30  # seconds a file
GOOD = "# Good\n\nWalk a bit every day.\n"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
OBJECTS = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    PAGE,
    b"<</Length 37>>stream\nBT /F 9 Tf 1 1 Td (Walk a bit.) Tj ET\nendstream",
    b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
)


def pdf(old: bytes = b"", new: bytes = b"", *, trailer: bytes = b"") -> bytes:
    """Return a PDF with a page, one part of its objects replaced."""
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(OBJECTS, start=1):
        places.append(len(data))
        data += b"%d 0 obj" % number + (content.replace(old, new) if old else content) + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 6\n0000000000 65535 f \n" + table
    return data + head + b"trailer<</Size 6/Root 1 0 R" + trailer + b">>\nstartxref\n%d\n%%%%EOF\n" % len(data)


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def texts() -> Iterator[tuple[str, bytes]]:
    """Yield text files that are broken, endless, in odd encodings or in odd characters."""
    yield "empty", b""
    yield "blank", b" \n\t\r\n \xc2\xa0\n"
    yield "bom", b"\xef\xbb\xbf"
    yield "nul", b"Walk.\0 Rest."
    yield "nul-only", b"\0" * 1000
    yield "utf16", "Walk a bit.".encode("utf-16")
    yield "utf16-no-bom", "Walk a bit.".encode("utf-16-le")
    yield "utf16-cut", "Walk a bit.".encode("utf-16")[:-1]
    yield "utf32", "Walk a bit.".encode("utf-32")
    yield "surrogate", b"Walk \xed\xa0\x80 a bit."
    yield "latin", "Für den Rücken täglich üben.".encode("cp1252")
    yield "cut-in-a-character", "Rücken ü".encode()[:-1]
    yield "random", os.urandom(5_000)
    yield "right-to-left", "العلاج الطبيعي يساعد كثيرا. \u202eevil\u202c text.".encode()
    yield "combining", ("e" + "\u0301" * 5_000 + " rest.").encode()
    yield "emoji", ("👩‍👩‍👧‍👦" * 500).encode()
    yield "long-word", b"x" * 50_000
    yield "line-50-mb", b"word " * 10_000_000
    yield "many-lines", b"a\n\n" * 1_000
    yield "many-newlines", b"\n" * 1_000_000 + b"Rest."
    yield "dots", b"." * 10_000
    yield "quotes", b"\"'(" * 5_000
    yield "marks", b"[1] " * 5_000
    yield "escapes", b"\x1b[31mRed\x1b[0m text. \x07"
    yield "line-ends", b"One.\rTwo.\r\nThree.\n\rFour."


def pages() -> Iterator[tuple[str, bytes]]:
    """Yield web pages and Markdown that are deep, broken or large."""
    yield "deep.html", b"<div>" * 5_000 + b"Rest."
    yield "very-deep.html", b"<b>" * 200_000 + b"Rest."
    yield "unclosed.html", b"<html><p>Walk <a href='x"
    yield "no-text.html", b"<html><script>alert(1)</script></html>"
    yield "charset.html", b"<meta charset=nonsense><p>Caf\xe9 au lait"
    yield "entities.html", b"<p>" + b"&nbsp;&#0;&#xD800;&#x110000;&bogus;" * 500 + b"Rest."
    yield "table.html", b"<table>" + b"<tr><td>a<td>b" * 1_000
    yield "nested-tables.html", b"<table><tr><td>" * 300 + b"Rest."
    yield "comment.html", b"<!-- " + b"x" * 100_000
    yield "xml-bomb.xhtml", b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><html><p>&b; Rest.</p></html>'
    yield "quotes.md", b">" * 5_000 + b" Rest."
    yield "lists.md", b"".join(b" " * n + b"- a\n" for n in range(300))
    yield "brackets.md", b"[" * 20_000
    yield "stars.md", b"*a " * 5_000
    yield "backticks.md", b"`" * 20_000 + b"a"
    yield "links.md", b"[a](" * 3_000
    yield "table.md", b"|a" * 2_000 + b"\n" + b"|-" * 2_000 + b"\n" + b"|b" * 2_000
    yield "matter.md", b"---\ntitle: [\n---\nRest.\n"
    yield "matter-bomb.md", b"---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n---\nRest.\n"
    yield "headings.md", b"# a\n" * 3_000
    yield "html.md", b"<div>" * 3_000 + b"Rest."


def documents() -> Iterator[tuple[str, bytes]]:
    """Yield PDF, Word, slides, books, tables and archives that are broken or bombs."""
    zeros = b"\0" * 30_000_000
    for suffix in ("pdf", "docx", "pptx", "epub", "zip"):
        yield f"text.{suffix}", b"Just text."
        yield f"nul.{suffix}", b"\0" * 100
        yield f"random.{suffix}", os.urandom(3_000)
    for suffix in ("docx", "pptx", "epub", "zip"):
        yield f"empty-zip.{suffix}", packed({})
        yield f"wrong-zip.{suffix}", packed({"x.bin": b"x"})
        yield f"bomb.{suffix}", packed({"word/document.xml": zeros, "ppt/presentation.xml": zeros, "a.txt": zeros})
        yield f"cut.{suffix}", packed({"[Content_Types].xml": b"<Types/>", "a.txt": b"Rest. " * 999})[:150]
    yield "old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
    yield "old.pptx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
    yield "header.pdf", b"%PDF-1.7\n"
    yield "fine.pdf", pdf()
    yield "cut.pdf", pdf()[:300]
    yield "no-trailer.pdf", pdf().partition(b"xref")[0]
    yield "scanned.pdf", pdf(b"(Walk a bit.) Tj", b"                ")
    yield "loop.pdf", pdf(b"/Kids[3 0 R]", b"/Kids[2 0 R]")
    yield "count.pdf", pdf(b"/Count 1", b"/Count 999999999")
    yield "no-pages.pdf", pdf(b"/Pages 2 0 R", b"")
    encryption = b"/Encrypt<</Filter/Standard/V 1/R 2/O(" + b"o" * 32 + b")/U(" + b"u" * 32 + b")/P -1>>/ID[(a)(a)]"
    yield "encrypted.pdf", pdf(trailer=encryption)
    yield "names.zip", packed({"../../../etc/passwd.txt": b"Rest.", "/abs.txt": b"Walk.", "a\nb.txt": b"Sleep."})
    nested = packed({"a.txt": b"Rest."})
    for _ in range(20):
        nested = packed({"in.zip": nested})
    yield "nested.zip", nested
    yield "ragged.csv", b'a,b\n1\n"2,3\n4,5,6,7\n'
    yield "nul.csv", b"a,b\n\0,1\n"
    yield "wide.tsv", b"\t".join([b"c"] * 2_000) + b"\n" + b"\t".join([b"v"] * 2_000)
    yield "broken.jsonl", b'{"a": 1}\n{"a": '
    yield "deep.jsonl", b"[" * 100_000
    yield "odd.jsonl", json.dumps({"a\n": "\ud800", "": None, "b": [1, {"c": "Rest."}]}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "bad"
    (root / "sub").mkdir(parents=True)
    for name, content in texts():
        (root / f"{name}.txt").write_bytes(content)
    for name, content in (*pages(), *documents()):
        (root / name).write_bytes(content)
    (root / "loop.md").symlink_to(root / "loop.md")
    (root / "gone.md").symlink_to(root / "nothing.md")
    (root / "outside.md").symlink_to(Path(__file__))
    (root / "sub" / "up").symlink_to(root)
    (root / "folder.md").mkdir()
    os.mkfifo(root / "pipe.txt")
    (root / "new\nline.md").write_text(GOOD, encoding="utf-8")
    (Path(os.fsdecode(bytes(root) + b"/bytes-\xff.md"))).write_text(GOOD, encoding="utf-8")
    (root / "good.md").write_text(GOOD, encoding="utf-8")
    return root


@pytest.mark.slow
def test_a_hundred_bad_files(folder: Path, tmp_path: Path, encoder: Encoder) -> None:
    files = [path for path in folder.rglob("*") if not path.is_dir() and path.parent.name != "up"]
    assert len(files) >= 100
    moments: list[tuple[float, str]] = []
    report = ingest(
        [folder],
        tmp_path / "data",
        encoder,
        on_progress=lambda _, __, source: moments.append((time.monotonic(), source)),
    )
    slow = [(b - a, name) for (a, name), (b, _) in zip(moments, moments[1:], strict=False) if b - a > SLOWEST]
    assert slow == []
    assert report.found == len(files) == len(report.added) + len(report.failed)
    assert {"good.md", "new\nline.md", "fine.pdf", "latin.txt", "utf16.txt", "names.zip"} <= set(report.added)
    for _, reason in report.failed:
        assert reason.isprintable()
        assert "\n" not in reason
        assert reason.count(": ") >= 1
    sources = status(tmp_path / "data")
    assert len(sources) == len(files)
    again = ingest([folder], tmp_path / "data", encoder)
    assert (again.encoded, len(again.failed), again.unchanged) == (0, len(report.failed), report.added)
