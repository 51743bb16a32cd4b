"""Pages of PDFs as pictures: who may see them, which files can be asked for, and what a hostile PDF does."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

import pytest
from PIL import Image

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import SourceUnreadable
from ingest.runs.pipeline import ingest
from ingest.settings import ReadLimits, Settings
from tests.attacks.test_accounts import Browser
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from tests.ingest.readers.test_pdf import draw, lines
from ui.handlers.accounts import Accounts
from ui.handlers.roles import Role
from ui.page import app, pdf_pages
from ui.page.pdf_child import LONGEST_SIDE, MOST_PIXELS, answer
from ui.page.pdf_pages import PagesBusy, PdfFile, PdfPages

pytestmark = [pytest.mark.slow, *GRADIO_WARNINGS]

HERONS = draw([lines(72, 720, "Herons wait in the reeds all morning.")] * 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of texts with its index beside it; one text is not in the index."""
    folder = tmp_path_factory.mktemp("pdf")
    (folder / "texts").mkdir()
    (folder / "texts" / "herons.pdf").write_bytes(HERONS)
    (folder / "texts" / "apples.md").write_text("# Apples\n\nApples are red fruit.\n", encoding="utf-8")
    ingest([folder / "texts"], folder / "data", FakeEncoder())
    (folder / "texts" / "secret.pdf").write_bytes(draw([lines(72, 720, "Nobody may read this.")]))
    Accounts(folder / "data").add("Rita", Role.READER, "correct horse")
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    assistant = Assistant(Index(folder / "data", FakeEncoder()))
    served = app.serve(assistant, Settings(port=0, data_dir=folder / "data"), block=False)
    yield served.url
    served.close()
    assistant.close()


def asked(**changes: object) -> str:
    sha = hashlib.sha256(HERONS).hexdigest()
    return "/picture?" + urlencode(
        {"root": "texts", "source": "herons.pdf", "sha": sha, "page": 1, "scale": 1, **changes}
    )


class Pictures(Browser):
    """A client that takes answers that are no text."""

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        try:
            with self._opener.open(Request(self.url.rstrip("/") + path, headers=headers), timeout=30) as got:
                return got.status, got.read(), dict(got.headers)
        except HTTPError as error:
            return error.code, error.read(), dict(error.headers)


@pytest.fixture
def reader(address: str) -> Pictures:
    found = Pictures(address)
    assert found.sign_in("Rita")[0] == 303
    return found


def test_strangers_see_no_page(address: str) -> None:
    assert Browser(address).send(asked())[0] == 401
    assert Browser(address).send("/reader?root=texts&source=herons.pdf")[0] == 401


def test_readers_see_the_pages_and_a_browser_keeps_them_only_for_itself(reader: Pictures) -> None:
    status, page, headers = reader.get("/reader?root=texts&source=herons.pdf")
    assert status == 200
    assert page.count(b'class="sheet"') == 2
    status, picture, headers = reader.get(asked())
    assert (status, headers["content-type"], picture[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert headers["cache-control"] == "private, no-cache"
    assert reader.get(asked(), **{"If-None-Match": headers["etag"]})[:2] == (304, b"")
    assert Browser(reader.url).send(asked(), **{"If-None-Match": headers["etag"]})[0] == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "secret.pdf"},
        {"source": "../texts/herons.pdf"},
        {"source": "apples.md"},
        {"root": "/etc", "source": "passwd"},
        {"root": "elsewhere"},
        {"sha": "0" * 64},
        {"page": 0},
        {"page": 3},
        {"page": -1},
        {"scale": 3},
        {"scale": 1_000},
    ],
    ids=str,
)
def test_only_pages_of_indexed_pdfs_can_be_asked_for(
    reader: Pictures, folder: Path, changes: dict[str, object]
) -> None:
    status, told, _ = reader.get(asked(**changes))
    assert status == 404
    assert str(folder).encode() not in told


def test_another_site_cannot_show_a_page(reader: Pictures) -> None:
    assert reader.get(asked(), **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0] == 403


def test_a_file_that_has_changed_is_shown_as_its_text_and_never_as_a_picture(reader: Pictures, folder: Path) -> None:
    path = folder / "texts" / "herons.pdf"
    try:
        path.write_bytes(draw([lines(72, 720, "Another text by now.")]))
        status, told, _ = reader.get(asked(page=2, scale=4))
        assert (status, told) == (
            404,
            b"herons.pdf: its file has changed since it was ingested; read its folder again in the Corpus tab",
        )
        _, page, _ = reader.get("/reader?root=texts&source=herons.pdf")
        assert b'class="sheet"' not in page
        assert b"Herons wait in the reeds all morning." in page
    finally:
        path.write_bytes(HERONS)


def drawn(tmp_path: Path, content: bytes, *, limits: ReadLimits | None = None, page: int = 1) -> bytes:
    (tmp_path / "a.pdf").write_bytes(content)
    file = PdfFile(str(tmp_path), "a.pdf", hashlib.sha256(content).hexdigest(), 1)
    pages = PdfPages(limits or ReadLimits(20, 1_000))
    return pages.picture(file, page, 4)


def big(width: int, height: int) -> bytes:
    return draw([b"1 0 0 rg 0 0 9 9 re f"], page=b"/MediaBox [0 0 %d %d]" % (width, height))


@pytest.mark.parametrize(("width", "height"), [(14_400, 14_400), (14_400, 3), (3, 14_400)])
def test_a_large_page_makes_no_large_picture(width: int, height: int) -> None:
    wide, high = Image.open(BytesIO(answer(big(width, height), 1, 1, 4))).size
    assert wide * high < 1.01 * MOST_PIXELS
    assert max(wide, high) <= LONGEST_SIDE + 1


@pytest.mark.parametrize(
    ("content", "page"),
    [(b"%PDF-1.4 damaged", 1), (big(200_000, 200_000), 1), (HERONS, 9), (draw([b""], page=b"/MediaBox [0 0 0 0]"), 1)],
    ids=["damaged", "endless", "no such page", "empty"],
)
def test_what_pdfium_cannot_draw_is_told_or_drawn(tmp_path: Path, content: bytes, page: int) -> None:
    try:
        assert drawn(tmp_path, content, page=page)[:2] == b"\xff\xd8"
    except SourceUnreadable as error:
        assert error.public == f"a.pdf: page {page} cannot be shown; read its text"


def test_a_page_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    slow = draw([b"0 0 600 790 re f 1 0 0 RG 0.1 w " + b"0 0 m 600 790 l S 1 1 600 790 re S " * 400_000])
    with pytest.raises(SourceUnreadable, match="page 1 cannot be shown within 0.5 seconds"):
        drawn(tmp_path, slow, limits=ReadLimits(0.5, 1_000))


def test_a_page_that_takes_too_much_memory_ends_only_its_process(tmp_path: Path) -> None:
    image = b"<< /Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    content = draw(
        [b"600 0 0 700 0 0 cm /I Do"],
        page=b"/Resources << /XObject << /I 8 0 R >> >>",
        more=[image + b" /Length 9 >>\nstream\n123456789\nendstream"],
    )
    try:
        assert drawn(tmp_path, content, limits=ReadLimits(20, 500))[:2] == b"\xff\xd8"
    except SourceUnreadable as error:
        assert "page 1 cannot be shown" in error.what


def test_a_flood_is_refused_and_pictures_are_kept_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, began = Event(), []
    pages = PdfPages(ReadLimits(20, 1_000))
    file = PdfFile(str(tmp_path), "a.pdf", "0", 1_000)

    def ask(_file: PdfFile, page: int, _scale: int) -> bytes:
        began.append(page)
        go.wait(20)
        return b"x" * 1_000_000

    monkeypatch.setattr(pages, "_asked", ask)
    threads = [Thread(target=pages.picture, args=(file, page, 1)) for page in range(pdf_pages.WAITING)]
    for thread in threads:
        thread.start()
    while len(began) < pdf_pages.AT_A_TIME or pages._places._value:
        time.sleep(0.01)
    with pytest.raises(PagesBusy, match="try again in a moment"):
        pages.picture(file, 99, 1)
    assert len(began) == pdf_pages.AT_A_TIME
    go.set()
    for thread in threads:
        thread.join()
    for page in range(100, 200):
        pages.picture(file, page, 1)
    assert sum(map(len, pages._kept.values())) <= pdf_pages.MOST_KEPT_BYTES
    before = len(began)
    pages.picture(file, 199, 1)
    assert len(began) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits on processes")
def test_the_process_ends_by_itself_if_nobody_ends_it(tmp_path: Path) -> None:
    content = draw([b"0 0 600 790 re f 0.1 w " + b"0 0 m 600 790 l S 1 1 600 790 re S " * 400_000])
    (tmp_path / "a.pdf").write_bytes(content)
    command = [sys.executable, "-P", "-m", "ui.page.pdf_child", "1000", "0", str(tmp_path / "a.pdf")]
    command += [hashlib.sha256(content).hexdigest(), "1", "1", "4"]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode < 0
