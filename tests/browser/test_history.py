"""Kept conversations in a real browser: refresh, restart, other windows and people, export, verify, feedback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.conversations.json_file import read_conversation
from ingest.settings import Settings
from tests.browser.conftest import BACK, StandIn, document
from ui.page.server import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

from tests.conftest import GRADIO_WARNINGS

pytestmark = [
    pytest.mark.browser,
    *GRADIO_WARNINGS,
]

OpenPage = Callable[[str, int, str], "Page"]
WALKING, SLEEP, IBUPROFEN = (
    "Does walking help with back pain?",
    "When should I sleep with a pillow?",
    "How much ibuprofen should I take?",
)


class Site:
    """A page whose server can be stopped and started again, and whose texts can be edited."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.assistant = StandIn()
        self.served = self._serve(0)

    @property
    def url(self) -> str:
        return self.served.url

    def restart(self) -> None:
        port = int(self.url.rstrip("/").rpartition(":")[2])
        self.served.close()
        self.served = self._serve(port)

    def edit(self) -> None:
        """Put a line above all others, and change what the first quote says."""
        text = "A new line.\n\n" + BACK.replace("within a few weeks", "within two months")
        self.assistant.documents["back-pain.md"] = document("back-pain.md", "Low back pain", text)

    def _serve(self, port: int) -> Served:
        from ui.page.app import serve

        return serve(self.assistant, Settings(host="127.0.0.1", port=port, data_dir=self.data_dir), block=False)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "kept")
    yield site
    site.served.close()


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.locator(".turn:is([data-state=answered], [data-state=abstained])", has_text=question).last.wait_for()
    page.wait_for_selector("#history a[aria-current]", state="attached")


NAMES = """([selector, expected]) => JSON.stringify([...document.querySelectorAll(selector)]
    .map((each) => each.textContent.trim())) === JSON.stringify(expected)"""


def turns(page: Page, expected: list[str]) -> None:
    """Wait until the conversation holds just these questions."""
    page.wait_for_function(NAMES, arg=[".turn h2", expected])


def listed(page: Page, expected: list[str]) -> None:
    """Wait until the list names just these."""
    page.wait_for_function(NAMES, arg=["#history a[data-open]", expected])


def empty(page: Page) -> None:
    page.wait_for_selector("#history .listed >> text=Your conversations will appear here.")


def focused(page: Page, expected: str) -> None:
    """Wait until what has the focus reads so."""
    page.wait_for_function("expected => document.activeElement.textContent === expected", arg=expected)


def keeping(page: Page, action: str) -> None:
    """Choose from the menu of the open conversation."""
    page.click("#history .keeping summary")
    page.click(f"#history {action}")


def beside(page: Page, address: str) -> Page:
    """Open another window of the same browser."""
    window = page.context.new_page()
    window.set_default_timeout(30_000)
    window.goto(address)
    window.wait_for_selector(".turn, .welcome .example")
    return window


def test_conversations_outlive_refresh_and_restart_and_are_found_again(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.url, 1440, "light")
    empty(page)
    ask(page, WALKING)
    ask(page, IBUPROFEN)
    first = page.url
    assert "?conversation=" in first
    page.reload()
    page.wait_for_selector("#turn-2")
    turns(page, [WALKING, IBUPROFEN])
    assert page.inner_text("#card-1-1 mark") == "Most episodes of low back pain get better within a few weeks."

    page.click("#history .new")
    page.wait_for_selector(".welcome .example")
    page.wait_for_url(site.url)
    ask(page, SLEEP)
    page.wait_for_url(lambda address: address not in (first, site.url))
    listed(page, [SLEEP, WALKING])
    page.fill("#find-kept", "walking")
    listed(page, [WALKING])
    page.fill("#find-kept", "")

    site.restart()
    page.goto(site.url)
    page.wait_for_selector(".welcome .example")
    listed(page, [SLEEP, WALKING])
    page.click(f"#history a >> text={WALKING}")
    page.wait_for_selector("#turn-2")
    page.wait_for_url(first)
    turns(page, [WALKING, IBUPROFEN])

    keeping(page, ".rename")
    page.fill("#kept-name", "Backs & walks")
    page.press("#kept-name", "Enter")
    listed(page, [SLEEP, "Backs & walks"])  # the last asked first, whatever its name
    keeping(page, ".delete")
    assert page.inner_text("#history .delete") == "Delete permanently"
    page.click("#history .delete")
    listed(page, [SLEEP])
    page.wait_for_selector(".welcome .example")
    page.wait_for_url(site.url)


def test_another_conversation_stays_open_when_an_answer_comes(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.url, 1440, "light")
    ask(page, WALKING)
    page.click("#history .new")
    page.wait_for_selector(".welcome .example")
    site.assistant.release.clear()
    page.fill("#question textarea", "slowly walking")
    page.press("#question textarea", "Enter")
    page.wait_for_selector(".turn[data-state=pending]")
    page.click(f"#history a >> text={WALKING}")
    turns(page, [WALKING])
    site.assistant.release.set()
    page.wait_for_function("document.querySelector('#send').offsetParent")  # it has been answered
    listed(page, ["slowly walking", WALKING])
    turns(page, [WALKING])
    page.click("#history a >> text=slowly walking")
    turns(page, ["slowly walking"])


def test_a_restart_under_an_open_window_loses_nothing(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.url, 1440, "light")
    ask(page, WALKING)
    site.restart()
    page.reload()
    page.wait_for_selector("#turn-1")
    ask(page, SLEEP)
    turns(page, [WALKING, SLEEP])


def test_windows_add_to_each_other_and_people_do_not_mix(open_page: OpenPage, site: Site) -> None:
    mine = open_page(site.url, 1440, "light")
    ask(mine, WALKING)
    other = beside(mine, mine.url)
    turns(other, [WALKING])
    ask(other, SLEEP)
    ask(mine, IBUPROFEN)
    turns(mine, [WALKING, SLEEP, IBUPROFEN])
    third = beside(mine, site.url)
    ask(third, SLEEP)
    turns(third, [SLEEP])
    mine.reload()
    mine.wait_for_selector("#turn-3")
    turns(mine, [WALKING, SLEEP, IBUPROFEN])

    somebody = open_page(site.url, 1440, "light")  # with cookies of their own
    empty(somebody)
    somebody.goto(mine.url)
    somebody.wait_for_selector(".welcome .example")
    turns(somebody, [])
    assert somebody.context.request.get(f"{site.url}kept/{identity(mine)}.json").status == 404


def identity(page: Page) -> str:
    return page.url.rpartition("=")[2]


def exported(page: Page, label: str, folder: Path) -> Path:
    with page.expect_download() as download:
        keeping(page, f".export >> text={label}")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (768, "light"), (1440, "dark")])
def test_an_edited_text_is_told_in_the_page_and_in_exports(
    open_page: OpenPage,
    site: Site,
    tmp_path: Path,
    width: int,
    scheme: str,
    screenshot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:
    page = open_page(site.url, width, scheme)
    ask(page, WALKING)
    site.edit()
    if width < 1280:
        page.click("#history summary")
    accessible(page)
    screenshot(page, f"history-{width}-{scheme}-1-open")
    for state in (".rename", ".delete"):
        keeping(page, state)
        accessible(page)
        screenshot(page, f"history-{width}-{scheme}-1{state}")
        page.keyboard.press("Escape")
    keeping(page, ".look")
    page.wait_for_selector("#history .told >> text=3 quotes: 2 moved, 1 changed.")
    note = page.inner_text("#quote-1-1 .standing")
    assert "These words are no longer in the texts." in note
    assert "Most episodes of low back pain get better within two months." in note
    page.locator("#quote-1-1").scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"history-{width}-{scheme}-2-changed")
    accessible(page)
    page.click("#quote-1-1 .standing .open")
    page.wait_for_selector("#reader mark")
    assert page.inner_text("#reader mark") == "Most episodes of low back pain get better within two months."
    page.keyboard.press("Escape")

    export = exported(page, "JSON", tmp_path)
    assert [quote.text for quote in read_conversation(export).turns[0].shown][0].endswith("within a few weeks.")
    assert "within a few weeks" in exported(page, "Markdown", tmp_path).read_text(encoding="utf-8")
    html = page.context.new_page()
    html.goto(exported(page, "HTML", tmp_path).as_uri())
    assert WALKING in html.inner_text("h2")
    accessible(html)
    screenshot(html, f"history-{width}-{scheme}-3-export")


MENU = "⋯Actions on this conversation"


def to_rename(page: Page) -> None:
    """Open the menu that has the focus, and go to Rename in it."""
    focused(page, MENU)
    page.keyboard.press("Enter")
    for name in ("Check quotes again", "Rename"):
        page.keyboard.press("Tab")
        focused(page, name)
    page.keyboard.press("Enter")


def test_all_of_it_by_keyboard(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.url, 390, "light")
    ask(page, WALKING)
    page.focus("#history summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "new"
    page.keyboard.press("Tab")
    page.keyboard.type("walking")
    listed(page, [WALKING])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.open") == identity(page)
    page.keyboard.press("Tab")
    to_rename(page)
    page.keyboard.type("Not this")
    page.keyboard.press("Escape")
    focused(page, MENU)
    listed(page, [WALKING])
    to_rename(page)
    page.keyboard.type("Nor this")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused(page, "Cancel")
    page.keyboard.press("Enter")
    focused(page, MENU)
    to_rename(page)
    assert page.input_value("#kept-name") == WALKING
    page.keyboard.type("Walks")
    page.keyboard.press("Enter")
    page.wait_for_selector("#history .told >> text=Renamed.")
    listed(page, ["Walks"])
    focused(page, MENU)
    page.keyboard.press("Enter")
    for name in ("Check quotes again", "Rename", "Export as Markdown", "Export as HTML", "Export as JSON", "Delete"):
        page.keyboard.press("Tab")
        focused(page, name)
    page.keyboard.press("Enter")
    focused(page, "Delete permanently")
    page.keyboard.press("Escape")
    focused(page, MENU)
    assert page.text_content("#history .delete") == "Delete"
    page.keyboard.press("Enter")
    page.focus("#history .delete")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("#history .told >> text=Deleted.")
    page.wait_for_selector(".welcome .example")
    assert list(site.data_dir.rglob("history/*/*.json")) == []


@pytest.mark.parametrize("bad", ['{"conversation": "x", "turn": 1', '{"conversation": "x", "turn": [1]}'])
def test_a_bad_line_of_feedback_stops_nobody(open_page: OpenPage, site: Site, bad: str) -> None:
    site.data_dir.mkdir()
    (site.data_dir / "feedback.jsonl").write_text(bad, encoding="utf-8")
    page = open_page(site.url, 1440, "light")
    ask(page, WALKING)
    ask(page, SLEEP)
    listed(page, [WALKING])


def test_a_fault_is_kept_once(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.url, 1440, "light")
    page.fill("#question textarea", "Does a crash help?")
    page.press("#question textarea", "Enter")
    page.wait_for_selector(".turn[data-state=failed]")
    listed(page, ["Does a crash help?"])
    ask(page, WALKING)
    turns(page, ["Does a crash help?", WALKING])
    listed(page, ["Does a crash help?"])


def test_feedback_is_kept_once_changed_and_made_a_test_prompt(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.url, 1440, "light")
    ask(page, WALKING)
    page.click(".rate >> text=Not useful")
    page.wait_for_selector(".rating [role=status] >> text=Your feedback is saved")
    page.wait_for_function("document.activeElement.matches('.why input')")
    page.fill(".why input", "Too general")
    page.press(".why input", "Enter")
    page.wait_for_function("document.querySelector('.rate[data-useful=false]').ariaPressed === 'true'")
    page.click(".rate[data-useful=true]")
    page.wait_for_selector(".rate[data-useful=true][aria-pressed=true]")
    (line,) = (site.data_dir / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    given = json.loads(line)
    assert (given["conversation"], given["useful"], given["reason"]) == (identity(page), True, "Too general")

    page.reload()
    page.wait_for_selector(".rate[data-useful=true][aria-pressed=true]")
    assert page.input_value(".why input") == "Too general"
    page.click(".actions summary")
    page.click(".to-prompt")
    page.wait_for_selector(".saving [role=status] >> text=Saved to saved.jsonl")
    (prompt,) = (site.data_dir / "prompts" / "saved.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(prompt)["answers"] == [quote["text"] for quote in given["quotes"]]
