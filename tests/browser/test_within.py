"""Asking within chosen sources in a real browser: choose, see it, ask, follow up, and go back to all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.browser.conftest import SCHEMES, shown
from tests.conftest import GRADIO_WARNINGS, FakeEncoder

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    *GRADIO_WARNINGS,
]

OpenPage = Callable[[str, int, str], "Page"]
TEXTS = {
    "corpus.yaml": "name: The harbour\nquestions:\n  - Which ships are red?\n",
    "2024/ferries.md": "# Ferries\n\nThe ferries are blue ships.\n",
    "2025/ferries.md": "# Ferries, newly painted\n\nThe ferries are red ships.\n",
    "tugs.txt": "The tugs are green ships.\n",
}
MANY = {f"log/day-{number:03d}.txt": f"On day {number} the sea was calm.\n" for number in range(120)}


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a page over a real index of more sources than are offered at once."""
    from ui.page.app import serve

    folder = tmp_path_factory.mktemp("harbour")
    for name, text in {**TEXTS, **MANY}.items():
        path = folder / "harbour" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    encoder = FakeEncoder()
    ingest([folder / "harbour"], folder / "data", encoder)
    with closing(Assistant(Index(folder / "data", encoder))) as assistant:
        served = serve(assistant, Settings(host="127.0.0.1", port=0, data_dir=folder / "data"), block=False)
        yield served.url
        served.close()


def ask(page: Page, question: str, state: str = "answered") -> str:
    """Ask a question and return the text of its turn."""
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    turn = page.locator(f".turn[data-state={state}]").filter(has_text=question).last
    turn.wait_for()
    return turn.inner_text()


def choose(page: Page, *names: str) -> None:
    """Open the dialog, find each of these names and tick the first, and apply."""
    page.click("#chosen .choose")
    for name in names:
        page.fill("#find-choices", name)
        page.locator("#choosing[open] .choices label").filter(has_text=name).first.click()
    page.click("#choosing .apply")
    page.wait_for_selector("#chosen .everything")


@pytest.mark.parametrize("width", [390, 1440])
def test_chosen_sources_are_asked_until_all_are_again(
    open_page: OpenPage,
    harbour: str,
    width: int,
    screenshot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:
    page = open_page(harbour, width, "light")
    both = [(width, scheme) for scheme in SCHEMES]
    assert page.inner_text("#chosen").strip() == "Asking all sources"
    page.click("#chosen .choose")
    page.wait_for_selector("#choosing .choices input")
    assert page.locator("#choosing [name=source]").count() == 4 + 50
    assert "73 more. Find them by name." in page.inner_text("#choosing .choices")
    assert page.evaluate("document.activeElement.closest('dialog').id") == "choosing"
    for look in shown(page, *both):
        screenshot(page, f"within-{look}-1-dialog")
        accessible(page)
    small = page.evaluate(
        """() => [...document.querySelectorAll("#choosing button, #choosing label, #chosen button")]
            .filter(each => each.getBoundingClientRect().height < 44).map(each => each.outerHTML)"""
    )
    assert small == []
    page.keyboard.press("Escape")
    page.wait_for_selector("#choosing", state="hidden")

    choose(page, "harbour/2024")
    assert page.inner_text("#chosen .choose") == "Asking only 1 source: 2024"
    assert "The ferries are blue ships." in ask(page, "Are the ferries red ships or blue ships?")
    assert "Searched only: 2024" in page.inner_text(".turn")
    assert "red ships." not in page.inner_text(".turn blockquote")
    for look in shown(page, *both):
        screenshot(page, f"within-{look}-2-answer")
    refused = ask(page, "Where do the green tugs sleep?", "abstained")
    assert "The chosen texts do not answer this" in refused and "“green”" in refused
    assert "Searched only the 1 chosen source, 1 passage." in refused
    for look in shown(page, *both):
        screenshot(page, f"within-{look}-3-abstention")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    for _ in shown(page, *both):
        accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.click("#chosen .everything")
    page.wait_for_selector("#chosen .everything", state="detached")
    assert "The tugs are green ships." in ask(page, "Are the tugs green ships?")
    assert "Searched only" not in page.locator(".turn").last.inner_text()


def test_by_keyboard_a_source_far_down_is_found_by_its_name(open_page: OpenPage, harbour: str) -> None:
    page = open_page(harbour, 1440, "light")
    page.focus("#chosen .choose")
    page.keyboard.press("Enter")
    page.wait_for_selector("#choosing[open] .choices input")
    page.focus("#find-choices")
    page.keyboard.type("day-117")
    page.wait_for_function("document.querySelectorAll('#choosing [name=source]').length === 1")
    page.focus("#choosing [name=source]")
    page.keyboard.press("Space")
    assert page.inner_text("#choosing footer p") == "Chosen: harbour/log/day-117.txt"
    page.keyboard.press("Enter")
    page.wait_for_selector("#chosen .everything")
    assert page.inner_text("#chosen .choose") == "Asking only 1 source: log/day-117.txt"
    assert page.evaluate("document.activeElement.closest('#question') !== null")
    assert "On day 117 the sea was calm." in ask(page, "On which day was the sea calm?")


def test_a_follow_up_a_reload_and_further_passages_stay_in_the_selection(open_page: OpenPage, harbour: str) -> None:
    page = open_page(harbour, 1440, "light")
    choose(page, "harbour/2025", "tugs")
    assert "red ships" in ask(page, "Are the ferries ships?")
    assert "The tugs are green ships." in ask(page, "and the tugs?")
    page.reload()
    page.wait_for_selector(".turn")
    assert page.inner_text("#chosen .choose") == "Asking only 2 sources: 2025, tugs.txt"
    page.locator(".further summary").last.click()
    page.wait_for_selector(".further :is(.card, .empty)")
    assert "blue" not in page.inner_text(".further >> nth=-1")
    page.click("button.new")
    page.wait_for_selector(".turn", state="detached")
    assert page.inner_text("#chosen").strip() == "Asking all sources"


def test_kinds_and_days_are_chosen_and_nothing_chosen_is_said(open_page: OpenPage, harbour: str) -> None:
    page = open_page(harbour, 1440, "light")
    page.click("#chosen .choose")
    page.locator("#choosing .kinds label").filter(has_text="md").click()
    page.click("#choosing .apply")
    page.wait_for_selector("#chosen .everything")
    assert page.inner_text("#chosen .choose") == "Asking only 2 sources: md files"
    page.click("#chosen .choose")
    page.fill("#choosing [name=before]", "2001-01-01")
    page.click("#choosing .apply")
    page.wait_for_selector("#note p")
    assert "no text is chosen; choose other sources, kinds or dates" in page.inner_text("#note")
    assert page.inner_text("#chosen").strip() == "Asking all sources"
