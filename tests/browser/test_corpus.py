"""The Corpus tab in a real browser with the real encoder: a text is added, edited and removed, and asked about."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.index.lock import write_lock
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from ui.handlers.uploads import files_in, uploads_folder
from ui.page.app import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

from tests.conftest import GRADIO_WARNINGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    *GRADIO_WARNINGS,
]

QUESTION = "How many ships did the lighthouse keeper of Skagen count?"
OLD = "The lighthouse keeper of Skagen counted ninety-one ships on the first of May."
NEW = "The lighthouse keeper of Skagen counted forty-four ships on the first of May."
TEXTS = {
    "corpus.yaml": "name: Sea and soil\nquestions: ['How deep are potatoes planted?']\n",
    "potatoes.md": "# Potatoes\n\nPotatoes are planted ten centimetres deep, in rows, once the soil is warm.\n",
    "bread.md": "# Bread\n\nA loaf of rye bread bakes for one hour, and rests for a day before it is cut.\n",
    "bees/hives.txt": "A hive of bees keeps fifteen kilograms of honey through the winter.\n",
    "broken.pdf": "no pdf at all",
}
OpenPage = Callable[[str, int, str], "Page"]
Screenshot = Callable[["Page", str], None]
SIZES = {390: 844, 768: 1024, 1440: 900}


@dataclass(frozen=True)
class Site:
    """A page on a tiny corpus, the corpus, and the folder of its index."""

    address: str
    corpus: Path
    data_dir: Path


@pytest.fixture
def make_site(tmp_path: Path, exported: OnnxEncoder) -> Iterator[Callable[..., Site]]:
    closers: list[Callable[[], None]] = []

    def make(*, read_only: bool = False) -> Site:
        corpus, folder = tmp_path / "corpus", tmp_path / "data"
        for name, text in TEXTS.items():
            (corpus / name).parent.mkdir(parents=True, exist_ok=True)
            (corpus / name).write_text(text, encoding="utf-8")
        ingest([corpus], folder, exported)
        assistant = Assistant(Index(folder, exported))
        settings = Settings(host="127.0.0.1", port=0, data_dir=folder, read_only=read_only)
        served = serve(assistant, settings, block=False)
        closers.extend([assistant.close, served.close])
        return Site(served.url, corpus, folder)

    yield make
    for close in reversed(closers):
        close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


def to_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def ask(page: Page, turn: int, state: str) -> str:
    """Ask about the ships; return the answer, quotes and cards."""
    to_tab(page, "Ask")
    page.fill("#question textarea", QUESTION)
    page.press("#question textarea", "Enter")
    page.wait_for_selector(f"#turn-{turn}[data-state={state}]")
    return page.inner_text(f"#turn-{turn} .answer") + (page.text_content(f"#sources-{turn}") or "")


def upload(page: Page, folder: Path, text: str, name: str = "ships.txt") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    to_tab(page, "Corpus")
    page.set_input_files("#drop input[type=file]", folder / name)


def planned(page: Page, kind: str) -> str:
    page.wait_for_selector(f"#outcome summary >> text={kind}")
    return page.inner_text("#outcome")


def apply(page: Page) -> str:
    page.click("#apply")
    page.wait_for_selector("#outcome h2 >> text=Applied")
    return page.inner_text("#outcome")


def test_a_text_is_added_edited_and_removed(
    site: Site, open_page: OpenPage, screenshot: Screenshot, tmp_path: Path
) -> None:
    page = open_page(site.address, 1440, "light")
    assert "ninety" not in ask(page, 1, "abstained")

    upload(page, tmp_path / "mine", OLD)
    assert "ships.txt" in planned(page, "To be added")
    assert "ninety" not in ask(page, 2, "abstained")  # nothing changed yet
    to_tab(page, "Corpus")
    screenshot(page, "corpus-plan")
    assert "1 added" in apply(page)
    page.wait_for_selector("#texts .source >> text=ships.txt")
    screenshot(page, "corpus-applied")
    assert OLD in ask(page, 3, "answered")

    upload(page, tmp_path / "mine", NEW)
    assert "ships.txt" in planned(page, "To be updated")
    assert "1 updated" in apply(page)
    answer = ask(page, 4, "answered")
    assert NEW in answer
    assert "ninety" not in answer

    to_tab(page, "Corpus")
    page.locator(".source", has_text="ships.txt").get_by_role("button", name="Remove").click()
    assert "ships.txt" in planned(page, "To be removed")
    assert "1 removed" in apply(page)
    page.wait_for_selector("#texts .source >> text=ships.txt", state="detached")
    answer = ask(page, 5, "abstained")
    assert "forty" not in answer
    assert "ninety" not in answer


def test_a_corrected_upload_replaces_the_one_before_it(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(site.address, 1440, "light")
    upload(page, tmp_path / "mine", OLD)
    planned(page, "To be added")
    page.click("#check")
    page.wait_for_selector("#outcome h2 >> text=Planned changes")
    upload(page, tmp_path / "mine", NEW)
    folder = uploads_folder(site.data_dir)
    while NEW not in [(folder / name).read_text() for name in files_in(folder)]:
        page.wait_for_timeout(50)
    assert list(files_in(folder)) == ["ships.txt"]


def test_sources_are_found_opened_and_checked(
    site: Site, open_page: OpenPage, screenshot: Screenshot, accessible: Callable[[Page], None]
) -> None:
    page = open_page(site.address, 1440, "light")
    to_tab(page, "Corpus")
    page.wait_for_selector("#texts >> text=4 sources, 3 passages, 1 failed")
    assert "broken.pdf" in page.inner_text("#texts .state")
    page.fill("#search :is(input, textarea)", "RYE bread")
    page.wait_for_selector("#texts >> text=No sources match")
    page.fill("#search :is(input, textarea)", "bREAD")
    page.wait_for_selector("#texts >> text=1 source, 1 passage")
    page.click("#texts button.open")
    page.wait_for_selector("#reader >> text=A loaf of rye bread")
    assert page.locator("#reader .state").count() == 0
    page.keyboard.press("Escape")
    page.fill("#search :is(input, textarea)", "")
    page.click("#kind input")
    page.locator("#kind [role=option]", has_text="Failed").click()
    page.wait_for_selector("#texts >> text=1 source, 0 passages, 1 failed")

    for name in ("potatoes.md", "bread.md"):
        (site.corpus / name).unlink()
    shutil.copy(site.corpus / "bees" / "hives.txt", site.corpus / "twin.txt")
    page.click("#check")
    assert "potatoes.md" in planned(page, "To be removed")
    with write_lock(site.data_dir):
        page.click("#apply")
        page.wait_for_selector("#outcome >> text=more than half of a folder")
        page.click("#remove")
        page.wait_for_selector("#outcome [role=alert] >> text=is writing to the index")
        assert "since" in page.inner_text("#outcome")
        screenshot(page, "corpus-locked")
    page.click("#apply")
    page.wait_for_selector("#keep")
    screenshot(page, "corpus-confirm")
    accessible(page)
    page.click("#keep")
    page.wait_for_selector("#outcome >> text=2 kept")
    assert page.is_visible("#retry")
    (site.corpus / "broken.pdf").unlink()
    page.click("#retry")
    page.wait_for_selector("#retry", state="hidden")
    page.wait_for_selector(".runs tbody tr:nth-child(3)", state="attached")
    page.click(".runs summary")
    screenshot(page, "corpus-runs")


def test_a_quote_whose_file_changed_leads_to_the_plan(site: Site, open_page: OpenPage, screenshot: Screenshot) -> None:
    (site.corpus / "potatoes.md").write_text("# Potatoes\n\nPotatoes are planted twelve centimetres deep.\n")
    page = open_page(site.address, 390, "light")
    page.fill("#question textarea", "How deep are potatoes planted?")
    page.press("#question textarea", "Enter")
    page.click(".actions .sourced")
    page.wait_for_selector(".card .state >> text=changed since")
    screenshot(page, "corpus-stale")
    page.click(".card button.check")
    assert "potatoes.md" in planned(page, "To be updated")
    apply(page)


def test_a_page_that_only_shows(make_site: Callable[..., Site], open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page(make_site(read_only=True).address, 1440, "light")
    to_tab(page, "Corpus")
    page.wait_for_selector("#texts >> text=4 sources")
    page.wait_for_selector("#corpus >> text=You can read the texts here")
    for hidden in ("#drop", "#check", "#apply", "button.remove"):
        assert not page.is_visible(hidden)
    screenshot(page, "corpus-read-only")
    to_tab(page, "Evaluate")
    page.wait_for_selector("#results >> text=You can only read here")
    assert page.locator("#run, #add-prompts").count() == 0
    to_tab(page, "Ask")
    page.fill("#question textarea", "Are potatoes stored in the dark?")
    page.press("#question textarea", "Enter")
    page.wait_for_selector(".saving", state="attached")
    page.click(".actions summary")
    assert page.is_visible("text=Copy as Markdown")
    assert not page.is_visible(".to-prompt")
    assert not page.is_visible(".saving")


def test_the_tab_fits(
    site: Site, open_page: OpenPage, screenshot: Screenshot, accessible: Callable[[Page], None], tmp_path: Path
) -> None:
    page = open_page(site.address, 1440, "light")
    upload(page, tmp_path / "mine", OLD, f"{'a-rather-long-name-' * 6}of-ships.txt")
    planned(page, "To be added")
    for scheme in ("light", "dark"):
        page = open_page(site.address, 1440, scheme)
        to_tab(page, "Corpus")
        page.wait_for_selector("#outcome >> text=These uploads have not been applied yet")
        page.wait_for_selector("#texts .source")
        page.click(".runs summary")
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert not wide(page)
            page.evaluate("scrollTo(0, 0)")  # the tabs stay at the top and would cover a part of something
            accessible(page)
            screenshot(page, f"corpus-{width}-{scheme}-1-plan")
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            screenshot(page, f"corpus-{width}-{scheme}-2-runs")
    page.click("#discard")
    page.wait_for_selector("#outcome >> text=Changes discarded")
    page.click("#check")
    page.wait_for_selector("#outcome summary >> text=Failed before, will be tried again")
    assert "ships" not in page.inner_text("#outcome")


def wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
