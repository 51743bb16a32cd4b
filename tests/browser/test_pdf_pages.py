"""PDFs in a real browser: their pages with the quotes marked, zoom, page turning, and the text a click away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from ingest.readers.registry import read
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.browser.conftest import ROOT, SCHEMES, SIZES, StandIn, open_sources, shown
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from tests.ingest.readers.test_pdf import draw, lines
from ui.page.app import serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, *GRADIO_WARNINGS]

OpenPage = Callable[[str, int, str], "Page"]
QUESTION = "What about the kingfisher?"
QUOTE = "The kingfisher digs its tunnel in a steep bank of a river or of a quiet pond, and it is a metre deep."
PAGES = [
    lines(72, 720, "The heron waits in the reeds of the lake all morning,", "and flies away in the evening."),
    lines(72, 720, "Birds of the river bank have few places left today.", "A river that is left alone moves its banks.")
    + lines(
        72,
        660,
        "The kingfisher digs its tunnel in a steep bank of a river",
        "or of a quiet pond, and it is a metre deep.",
    ),
    lines(72, 720, "The dipper walks on the ground of the stream and eats", "the larvae that it finds under stones."),
] + [lines(72, 720, f"Table {number} lists the counts of all the other birds.") for number in range(4, 13)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the page over a PDF of twelve pages and one that has changed since it was ingested."""
    folder: Path = tmp_path_factory.mktemp("pdf")
    root = folder / ROOT
    root.mkdir()
    (root / "birds.pdf").write_bytes(draw(PAGES, title="Birds of the river"))
    (root / "otters.pdf").write_bytes(draw([lines(72, 720, "Otters sleep in a holt under old willows.")]))
    ingest([root], folder / "data", FakeEncoder())
    assistant = StandIn()
    assistant.documents = {path.name: read(path, path.name) for path in sorted(root.iterdir())}
    (root / "otters.pdf").write_bytes(b"%PDF-1.4 another by now")
    served = serve(assistant, Settings(host="127.0.0.1", port=0, data_dir=folder / "data"), block=False)
    yield served.url
    served.close()


def open_source(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.locator(".turn[data-state=answered]").filter(has_text=question).last.wait_for()
    open_sources(page)
    page.locator(".sources:not([hidden]) .open").first.click()


def drawn(page: Page, number: int) -> None:
    page.wait_for_function(f"document.querySelector('#reader-page-{number} img')?.naturalWidth > 0")


@pytest.mark.parametrize("width", SIZES)
def test_a_pdf_opens_at_its_page_with_the_quote_marked(
    open_page: OpenPage,
    address: str,
    width: int,
    screenshot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:
    page = open_page(address, width, "light")
    open_source(page, QUESTION)
    drawn(page, 2)
    assert page.locator("#reader mark.asked .unseen").all_text_contents() == [
        "The kingfisher digs its tunnel in a steep bank of a river",
        "or of a quiet pond, and it is a metre deep.",
    ]
    assert page.locator("#reader mark.asked").first.is_visible()
    assert page.inner_text("#reader .sheet-of") == "Page 2 of 12"
    assert page.evaluate(
        "document.querySelector('#reader .page').scrollWidth <= document.querySelector('#reader .page').clientWidth"
    )
    for button in page.locator("#reader .tools button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    for look in shown(page, *((width, scheme) for scheme in SCHEMES)):
        screenshot(page, f"pdf-{look}")
        accessible(page)


def test_marks_are_where_the_words_are_at_every_zoom(open_page: OpenPage, address: str) -> None:
    page = open_page(address, 1440, "light")
    open_source(page, QUESTION)
    drawn(page, 2)
    place = (
        "(() => { const m = document.querySelector('#reader mark.asked').getBoundingClientRect();"
        " const p = document.querySelector('#reader-page-2 .paper').getBoundingClientRect();"
        " return [(m.left - p.left) / p.width * 612, (m.bottom - p.top) / p.height * 792, p.width / 612 * 72 / 96] })()"
    )
    zooms = []
    for name in ("Fit width", "100 percent", "Larger", "Larger", "Smaller"):
        page.click(f"#reader .tools [aria-label='{name}']")
        left, bottom, zoom = page.evaluate(place)
        assert abs(left - 72) < 1
        assert abs(bottom - (792 - 660)) < 4
        zooms.append(round(zoom, 2))
    assert zooms[1:] == [1.0, 1.25, 1.5, 1.25]
    page.keyboard.press("1")
    assert page.get_attribute("#reader [data-zoom=full]", "aria-pressed") == "true"
    page.keyboard.press("0")
    assert page.get_attribute("#reader [data-zoom=fit]", "aria-pressed") == "true"
    page.keyboard.press("+")
    assert page.get_attribute("#reader [data-zoom=fit]", "aria-pressed") == "false"


def test_pages_are_turned_by_button_and_key_and_only_those_near_are_fetched(open_page: OpenPage, address: str) -> None:
    page = open_page(address, 1440, "light")
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/picture?" in request.url else None)
    open_source(page, QUESTION)
    drawn(page, 2)
    assert 1 <= len(fetched) <= 5
    page.click("#reader .flip[aria-label='Next page']")
    page.wait_for_function("document.querySelector('#reader .sheet-of').textContent === 'Page 3 of 12'")
    page.focus("#reader .page")
    for number in (4, 5):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"document.querySelector('#reader .sheet-of').textContent === 'Page {number} of 12'")
    drawn(page, 5)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('#reader .sheet-of').textContent === 'Page 4 of 12'")
    page.click("#reader .to-quote")
    page.wait_for_function("document.querySelector('#reader .sheet-of').textContent === 'Page 2 of 12'")
    assert page.locator("#reader-page-12 img").get_attribute("src") is None


def test_text_is_a_click_away_and_the_pages_again(
    open_page: OpenPage, address: str, accessible: Callable[[Page], None]
) -> None:
    page = open_page(address, 1440, "light")
    open_source(page, QUESTION)
    drawn(page, 2)
    page.click("#reader .view >> text=Text view")
    page.wait_for_selector("#reader .text mark.asked")
    assert page.inner_text("#reader .text mark.asked") == QUOTE
    assert page.locator("#reader .tools button:visible").all_inner_texts() == ["Page view"]
    accessible(page)
    page.click("#reader .view >> text=Page view")
    drawn(page, 2)


def test_a_pdf_that_has_changed_opens_as_its_text(open_page: OpenPage, address: str) -> None:
    page = open_page(address, 1440, "light")
    open_source(page, "What about otters?")
    page.wait_for_selector("#reader .text mark.asked")
    assert page.locator("#reader .tools").is_hidden()


def test_a_page_that_cannot_be_drawn_says_so(open_page: OpenPage, address: str) -> None:
    page = open_page(address, 1440, "light")
    page.route("**/picture?*", lambda route: route.fulfill(status=200, content_type="image/jpeg", body=b""))
    open_source(page, QUESTION)
    page.locator("#reader-page-2 .undrawn >> text=This page cannot be shown.").wait_for()
