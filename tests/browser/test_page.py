"""The page in a real browser: ask, follow a quote to its source, open it, be told when nothing answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

from tests.browser.conftest import SCHEMES, SIZES, leave_sources, shown
from tests.conftest import GRADIO_WARNINGS

pytestmark = [
    pytest.mark.browser,
    *GRADIO_WARNINGS,
]

OpenPage = Callable[[str, int, str], "Page"]


@dataclass
class Tab:
    """A browser tab that shows the page."""

    page: Page
    name: str

    def ask(self, question: str, state: str) -> Locator:
        self.page.fill("#question textarea", question)
        self.page.press("#question textarea", "Enter")
        return self.settled(question, state)

    def settled(self, question: str, state: str) -> Locator:
        turn = self.page.locator(f".turn[data-state={state}]").filter(has_text=question).last
        turn.wait_for()
        return turn

    def in_view(self, selector: str) -> bool:
        seen = """selector => {
            const box = document.querySelector(selector)?.getBoundingClientRect();
            return box && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
        }"""
        self.page.wait_for_function(seen, arg=selector, timeout=5000)
        return True


@pytest.fixture(params=SIZES)
def tab(request: pytest.FixtureRequest, open_page: OpenPage, address: str) -> Tab:
    return Tab(open_page(address, request.param, "light"), str(request.param))


@pytest.fixture
def desktop(open_page: OpenPage, address: str) -> Tab:
    return Tab(open_page(address, 1440, "light"), "desktop")


def test_from_question_to_the_quote_in_its_source_and_to_an_abstention(
    tab: Tab, screenshot: Callable[[Page, str], None], accessible: Callable[[Page], None]
) -> None:
    page = tab.page
    both = [(int(tab.name), scheme) for scheme in SCHEMES]
    assert page.inner_text("h1") == "Back and hip"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#question textarea").evaluate("each => each.scrollHeight <= each.clientHeight")
    for look in shown(page, *both):
        bars = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
        assert (bars == "dark") == look.endswith("dark")
        screenshot(page, f"{look}-1-start")
        accessible(page)

    turn = tab.ask("Does walking help with back pain?", "answered")
    assert (
        turn.locator("blockquote").first.inner_text() == "Most episodes of low back pain get better within a few weeks."
    )
    assert "not medical advice" in turn.locator(".notice").inner_text()
    for look in shown(page, *both):
        screenshot(page, f"{look}-2-answer")

    turn.locator("a.cited").first.click()
    assert tab.in_view("#card-1-1 mark")
    assert page.evaluate("document.activeElement.id") == "card-1-1"
    assert page.inner_text("#card-1-1 mark") == "Most episodes of low back pain get better within a few weeks."
    assert "back-pain.md · line 7" in page.inner_text("#card-1-1")
    link = page.get_attribute("#card-1-1 a.address", "href")
    assert link.startswith("https://example.org/back?lang=en#:~:text=Most%20episodes")
    for look in shown(page, *both):
        screenshot(page, f"{look}-3-card")
    page.locator(".sources:not([hidden]) .further summary").first.click()
    page.wait_for_selector(".sources:not([hidden]) .further .card")
    for _ in shown(page, *both):
        accessible(page)

    page.click("#card-1-1 .open")
    assert tab.in_view("#reader mark")
    assert page.inner_text("#reader mark") == "Most episodes of low back pain get better within a few weeks."
    assert "attention the same day" in page.inner_text("#reader .text")
    for look in shown(page, *both):
        screenshot(page, f"{look}-4-reader")
        accessible(page)
    page.keyboard.press("Escape")
    page.wait_for_selector("#reader", state="hidden")
    assert page.evaluate("document.activeElement.className") == "open"

    leave_sources(page)
    turn.locator(".actions summary").click()
    turn.locator(".to-prompt").click()
    for _ in shown(page, *both):
        accessible(page)
    turn = tab.ask("How much ibuprofen should I take?", "abstained")
    assert "The texts do not answer this" in turn.inner_text()
    assert "ibuprofen" in turn.locator(".lacking").all_inner_texts()
    assert page.locator(".sources:not([hidden]) details:not([open])").count() > 0
    assert "nearest passage, not an answer" in page.inner_text(".sources:not([hidden]) details >> nth=0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for look in shown(page, *both):
        screenshot(page, f"{look}-5-abstention")
    turn.locator(".abstention a.cited").click()
    page.locator(".sources:not([hidden]) details summary").first.click()
    for _ in shown(page, *both):
        accessible(page)


def test_an_older_turn_keeps_its_sources(desktop: Tab) -> None:
    first = desktop.ask("Does walking help with back pain?", "answered")
    desktop.ask("When should I sleep with a pillow?", "answered")
    assert desktop.page.get_attribute("#sources-1", "hidden") is not None
    first.locator("a.cited").nth(1).click()
    assert desktop.in_view("#card-1-2 mark")
    assert desktop.page.get_attribute("#sources-2", "hidden") is not None


def test_hostile_text_is_text(desktop: Tab) -> None:
    desktop.ask("<img src=x> How does this script help?", "answered")
    assert "Pain <script>alert('x')</script> & {{value}} ${value}" in desktop.page.inner_text(".sources:not([hidden])")
    assert desktop.page.locator("#conversation img, #conversation script, #sources script").count() == 0


def test_a_changed_file_and_an_address_that_is_no_web_page(desktop: Tab) -> None:
    desktop.ask("Does strength training help?", "answered")
    card = desktop.page.locator(".card", has_text="Strength training trial").first
    assert "This file has changed since it was ingested." in card.inner_text()
    assert card.locator("a.address").count() == 0


def test_an_example_asks_itself_and_a_shift_enter_does_not_send(desktop: Tab) -> None:
    page = desktop.page
    page.click(".example >> text=Does walking help")
    desktop.settled("Does walking help with back pain?", "answered")
    page.fill("#question textarea", "one")
    page.press("#question textarea", "Shift+Enter")
    page.keyboard.type("two")
    assert page.input_value("#question textarea") == "one\ntwo"
    assert page.locator(".turn").count() == 1


def test_slash_goes_to_the_question_and_an_empty_one_gets_a_hint(desktop: Tab) -> None:
    page = desktop.page
    page.wait_for_function("document.activeElement.tagName === 'TEXTAREA'")
    page.focus("#history .new")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert page.input_value("#question textarea") == ""
    page.keyboard.press("Enter")
    page.wait_for_selector("#note >> text=Type a question first")
    desktop.ask("Does walking help with back pain?", "answered")
    assert page.locator("#note p").count() == 0


def test_too_long_a_question_stays_in_the_box(desktop: Tab) -> None:
    desktop.page.fill("#question textarea", "x" * 10_001)
    desktop.page.click("#send")
    desktop.page.wait_for_selector("#note >> text=10,001 characters")
    assert len(desktop.page.input_value("#question textarea")) == 10_001


def test_an_error_is_a_message_in_the_conversation(desktop: Tab) -> None:
    turn = desktop.ask("outage", "failed")
    assert "catalog.db: the index is being rebuilt; ask again in a minute" in turn.inner_text()
    desktop.ask("Does walking help with back pain?", "answered")


def test_a_new_answer_is_announced(desktop: Tab) -> None:
    desktop.ask("Does walking help with back pain?", "answered")
    desktop.page.wait_for_function("document.querySelector('#announced').textContent.includes('3 quotes from 1')")


def test_a_large_source_opens_at_its_quote(desktop: Tab) -> None:
    desktop.ask("How many ships did the lighthouse keeper count?", "answered")
    desktop.page.locator(".sources:not([hidden]) .open").first.click()
    assert desktop.in_view("#reader mark")
    assert desktop.page.inner_text("#reader mark").startswith("The lighthouse keeper")
    assert desktop.page.evaluate("document.querySelector('#reader .text').textContent.length") > 1_500_000
    desktop.page.click("#reader .close")
    desktop.page.wait_for_selector("#reader", state="hidden")


def test_quotes_can_be_followed_by_keyboard_alone(desktop: Tab) -> None:
    page = desktop.page
    turn = desktop.ask("Does walking help with back pain?", "answered")
    turn.locator("a.cited").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'card-1-1'")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert desktop.in_view("#reader mark")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "open"
