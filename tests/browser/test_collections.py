"""From an empty page to collections of one's own, in a real browser with the real models."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.library import Library
from ingest.collections import create, find
from ingest.settings import Settings
from tests.browser.conftest import new_page, open_sources, shown
from tests.conftest import GRADIO_WARNINGS
from tests.ingest.readers.test_pdf import make_pdf
from ui.page.app import serve

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.model, *GRADIO_WARNINGS]

QUESTION = "How many ships did the lighthouse keeper of Skagen count?"
FACT = "The lighthouse keeper of Skagen counted ninety-one ships on the first of May."
WALK_SECONDS = 120
Open = Callable[[str, int, str], "Page"]
Check = Callable[["Page"], None]
Screenshot = Callable[["Page", str], None]


@pytest.fixture
def settings(models: Path, tmp_path: Path) -> Settings:
    """An empty data folder; the encoder is exported already."""
    settings = Settings(port=0, data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    settings.models_dir.symlink_to(models)
    return settings


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    library = Library(settings)
    served = serve(library, settings, block=False)
    yield served.url
    served.close()
    library.close()


@pytest.fixture
def visit(person: Callable[[], BrowserContext]) -> Iterator[Open]:
    """Open an address; in the end nothing may have gone wrong in the page."""
    errors: list[str] = []

    def open_(address: str, width: int, scheme: str) -> Page:
        page = new_page(person(), width, scheme)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector(".welcome")
        return page

    yield open_
    assert errors == []


def tab(page: Page) -> str:
    return page.evaluate("document.querySelector('#journeys [role=tab][aria-selected=true]').dataset.tabId")


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    page.wait_for_selector("#conversation .turn:last-of-type :is(.quotes, .failure, .nearest)")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_a_new_user_gets_from_an_empty_page_to_a_quote_of_an_own_pdf(
    width: int, scheme: str, address: str, visit: Open, accessible: Check, screenshot: Screenshot, tmp_path: Path
) -> None:
    """The walk takes under two minutes, and no terminal."""
    file = tmp_path / "Skagen report.pdf"
    file.write_bytes(make_pdf([["Report on Skagen.", "", FACT, "The year was calm."]]))
    began = time.monotonic()
    page = visit(address, width, scheme)
    assert "no texts here yet" in page.inner_text(".welcome")
    accessible(page)
    screenshot(page, f"empty-{width}")
    page.click(".welcome button.to-corpus")
    page.set_input_files("#drop input[type=file]", str(file))
    page.click("#apply")
    page.wait_for_selector("#texts :text('Skagen report.pdf')")
    page.go_back()
    page.wait_for_function("document.querySelector('#question textarea').offsetParent")
    ask(page, QUESTION)
    assert FACT in " ".join(page.inner_text("#conversation .quotes").split())
    open_sources(page)
    page.click("#sources button.open")
    page.wait_for_selector("#reader .sheet .marks, #reader .sheet [data-mark]", state="attached")
    page.wait_for_function("document.querySelector('#reader .sheet img').naturalWidth > 0")
    assert time.monotonic() - began < WALK_SECONDS
    screenshot(page, f"first-quote-{width}")


def test_a_question_before_any_text_is_told_what_to_do(address: str, visit: Open) -> None:
    page = visit(address, 1440, "light")
    ask(page, QUESTION)
    assert "added in the Corpus tab" in page.inner_text("#conversation .failure")


def test_collections_are_created_changed_switched_and_deleted_by_keyboard(
    address: str, settings: Settings, visit: Open, accessible: Check, screenshot: Screenshot
) -> None:
    page = visit(address, 768, "light")
    page.locator("#head .switch summary").press("Enter")
    for look in shown(page, (390, "light"), (768, "dark"), (1440, "dark")):
        accessible(page)
        screenshot(page, f"collections-{look}")
    page.locator("#head [data-form='collections/form']").press("Enter")
    page.locator("#desk [name=name]").fill("Ships")
    page.locator("#desk [name=questions]").fill(f"{QUESTION}\n")
    for look in shown(page, (390, "light"), (768, "dark"), (1440, "dark")):
        accessible(page)
        screenshot(page, f"collection-form-{look}")
    page.locator("#desk button.main").press("Enter")
    page.wait_for_url("**/c/ships/")
    page.wait_for_selector(".welcome")
    assert page.inner_text("#head h1") == "Ships"
    assert find(settings.data_dir, "ships").description.questions == (QUESTION,)

    page.locator("#head .switch summary").press("Enter")
    page.locator("#head [data-form='collection/form']").press("Enter")
    page.locator("#desk [name=notice]").fill("Ask a sailor.")
    page.locator("#desk [name=name]").press("Enter")
    page.wait_for_selector("#desk", state="hidden")
    page.wait_for_load_state()
    assert find(settings.data_dir, "ships").description.notice == "Ask a sailor."

    page.wait_for_selector(".welcome")
    page.locator("#head .switch summary").press("Enter")
    page.locator("#head .switch a", has_text="Main collection").press("Enter")
    page.wait_for_url(address)
    page.go_back()
    page.wait_for_url("**/c/ships/")
    page.wait_for_selector(".welcome")

    page.locator("#head .switch summary").press("Enter")
    page.keyboard.press("Escape")
    assert not page.locator("#head .menu").is_visible()
    page.locator("#head .switch summary").press("Enter")
    page.locator("#head [data-form='collection/form']").press("Enter")
    page.locator("#desk .danger summary").press("Enter")
    assert "0 sources" in page.inner_text("#desk .danger")
    page.locator("#desk .delete").press("Enter")
    page.wait_for_url(address)
    assert not (settings.data_dir / "collections" / "ships").exists()


def test_a_form_that_is_refused_says_why_and_stays_open(address: str, settings: Settings, visit: Open) -> None:
    create(settings.data_dir, "Ships")
    page = visit(address, 1440, "light")
    page.click("#head .switch summary")
    page.click("#head [data-form='collections/form']")
    page.fill("#desk [name=name]", "ships")
    page.click("#desk button.main")
    page.wait_for_selector("#desk [role=status]:text('there is a collection of this name')")
    page.click("#desk .close")
    assert not page.locator("#desk").is_visible()


def test_tab_conversation_and_source_are_in_the_address(
    address: str, settings: Settings, visit: Open, tmp_path: Path
) -> None:
    page = visit(address, 1440, "light")
    file = tmp_path / "skagen.md"
    file.write_text(f"# Skagen\n\n{FACT}\n", encoding="utf-8")
    page.click("#journeys [data-tab-id=corpus]")
    assert page.url == f"{address}?tab=corpus"
    page.reload()
    page.wait_for_function("document.querySelector('#corpus')?.offsetParent")
    page.set_input_files("#drop input[type=file]", str(file))
    page.click("#apply")
    page.wait_for_selector("#texts :text('skagen.md')")
    page.go_back()
    page.wait_for_function("document.querySelector('#question textarea').offsetParent")
    assert tab(page) == "ask"

    ask(page, QUESTION)
    page.wait_for_url("**/?conversation=*")
    first = page.url
    page.click("#sources button.open")
    page.wait_for_selector("#reader .text")
    assert "&source=" in page.url
    page.reload()
    page.wait_for_selector("#reader[open] .text")
    page.keyboard.press("Escape")
    page.wait_for_url(first)
    page.click("#sources button.open")
    page.wait_for_selector("#reader .text")
    page.go_back()
    page.wait_for_selector("#reader", state="hidden")
    assert page.url == first

    page.click("#history .new")
    page.wait_for_selector(".welcome")
    page.wait_for_url(address)
    page.go_back()
    page.wait_for_selector("#conversation .turn")
    assert page.url == first


def test_a_link_to_a_conversation_or_collection_that_is_not_here_says_so(address: str, visit: Open) -> None:
    page = visit(f"{address}?conversation=20200101-000000-aaaaaaaa", 1440, "light")
    page.wait_for_selector("#note :text('This conversation is not here')")
    page.goto(f"{address}c/nowhere/")
    assert "no collection" in page.inner_text("h1")
    page.click("a")
    page.wait_for_selector(".welcome")
    assert page.url == address


def test_the_question_box_has_the_focus(address: str, visit: Open) -> None:
    page = visit(address, 1440, "light")
    page.wait_for_function("document.activeElement.matches('#question textarea')")


def test_the_tabs_stay_in_reach_on_a_phone(address: str, visit: Open) -> None:
    page = visit(address, 390, "light")
    page.add_style_tag(content="#workbench { padding-bottom: 900px; }")  # as below a long conversation
    page.evaluate("scrollTo(0, 300)")
    top = page.locator("#journeys > .tab-wrapper").bounding_box()
    assert top is not None
    assert 0 <= top["y"] < 60
