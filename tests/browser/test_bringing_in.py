"""Bringing texts in, in a real browser: folders, watching, progress, dropping files anywhere, the shipped example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.browser.conftest import shown
from tests.conftest import GRADIO_WARNINGS
from ui.page.app import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.model, *GRADIO_WARNINGS]

OpenPage = Callable[[str, int, str], "Page"]
Screenshot = Callable[["Page", str], None]
Accessible = Callable[["Page"], None]
Texts = dict[str, str]
LOOKS = ((390, "light"), (1440, "dark"))
SHIPS = "The lighthouse keeper of Skagen counted ninety-one ships on the first of May."
TEXTS = {
    "corpus.yaml": "name: Garden\nquestions: ['How deep are potatoes planted?']\n",
    "potatoes.md": "# Potatoes\n\nPotatoes are planted ten centimetres deep, in rows, once the soil is warm.\n",
}
DROP = """([files, kind, target]) => {
  const carried = new DataTransfer();
  for (const [name, size, text] of files) carried.items.add(new File([text || new Uint8Array(size)], name));
  if (!files.length) carried.setData("text/plain", "a word of the page");
  for (const name of kind === "drop" ? ["dragenter", "dragover", "drop"] : ["dragenter", "dragover"]) {
    const event = new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: carried });
    document.querySelector(target).dispatchEvent(event);
  }
}"""


@pytest.fixture
def make_site(tmp_path: Path, exported: OnnxEncoder) -> Iterator[Callable[..., str]]:
    """Serve a page on a small index; returns its address."""
    closers: list[Callable[[], None]] = []

    def make(**settings: object) -> str:
        write(tmp_path / "garden", TEXTS)
        ingest([tmp_path / "garden"], tmp_path / "data", exported)
        assistant = Assistant(Index(tmp_path / "data", exported))
        served = serve(assistant, Settings(port=0, data_dir=tmp_path / "data", **settings), block=False)
        closers.extend([assistant.close, served.close])
        return served.url

    yield make
    for close in reversed(closers):
        close()


@pytest.fixture
def site(make_site: Callable[..., str]) -> str:
    return make_site()


def write(folder: Path, texts: Texts) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def to_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def ask(page: Page, question: str, turn: int, state: str) -> str:
    to_tab(page, "Ask")
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.wait_for_selector(f"#turn-{turn}[data-state={state}]")
    return page.inner_text(f"#turn-{turn} .answer")


def add_folder(page: Page, path: object) -> None:
    page.fill("#folder-path input", str(path))
    page.press("#folder-path input", "Enter")


def row(page: Page, text: str) -> str:
    return f".folders li:has-text({text!r})"


def drop(page: Page, *files: tuple[str, int, str], target: str = "#question textarea", kind: str = "drop") -> None:
    page.evaluate(DROP, [list(files), kind, target])


def wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_a_folder_is_added_watched_read_again_and_removed(
    site: str, open_page: OpenPage, screenshot: Screenshot, accessible: Accessible, tmp_path: Path
) -> None:
    harbour = write(tmp_path / "harbour", {"ships.txt": SHIPS, "logs/empty.txt": ""})
    page = open_page(site, 390, "dark")
    to_tab(page, "Corpus")
    page.wait_for_selector(row(page, str(tmp_path / "garden")))
    assert f"The index is kept in {tmp_path / 'data'}" in page.inner_text("#folders")
    add_folder(page, "harbour")
    page.wait_for_selector("#outcome [role=alert] >> text=is not a full path")
    add_folder(page, "~")
    page.wait_for_selector("#outcome [role=alert] >> text=is your home folder")
    add_folder(page, harbour)
    page.wait_for_selector(f"#outcome h2 >> text=Add {harbour}")
    page.wait_for_selector("#outcome >> text=2 files to read")
    for look in shown(page, *LOOKS):
        screenshot(page, f"folders-{look}-plan")
        accessible(page)
    page.click("#apply")
    page.wait_for_selector("#outcome h2 >> text=Applied")
    page.wait_for_selector(f"{row(page, str(harbour))} >> text=2 sources · 1 failed · last read")
    page.click("#retry")
    page.wait_for_selector("#outcome h2 >> text=Applied")

    page.focus(f"{row(page, str(harbour))} [role=switch]")
    page.keyboard.press("Space")
    page.wait_for_selector(f"{row(page, str(harbour))} [role=switch][aria-checked=true]")
    assert page.evaluate("document.activeElement.dataset.folder") == "harbour"
    write(harbour, {"boats.txt": "The keeper of Skagen mends two boats every winter."})
    page.wait_for_function(
        """() => {
          document.dispatchEvent(new Event("visibilitychange"));
          return document.querySelector("#texts").innerText.includes("boats.txt");
        }""",
        polling=500,
    )
    page.wait_for_selector(".runs td >> text=the page, watching", state="attached")  # a run that is added folds them
    page.click(".runs summary")
    page.wait_for_selector(".runs td >> text=the page, watching")
    for look in shown(page, *LOOKS):
        page.evaluate("document.querySelector('#folders').scrollIntoView()")
        screenshot(page, f"folders-{look}-watched")
        accessible(page)
        assert not wide(page)

    page.click(f"{row(page, str(harbour))} button[data-act=read]")
    page.wait_for_selector("#outcome h2 >> text=Read harbour again")
    assert "Failed before, will be tried again" in page.inner_text("#outcome")
    assert "To be added" not in page.inner_text("#outcome")
    page.click("#discard")
    page.click(f"{row(page, str(harbour))} button[data-act=drop]")
    page.wait_for_selector("#outcome >> text=This removes harbour and its 3 sources")
    for look in shown(page, *LOOKS):
        screenshot(page, f"folders-{look}-remove")
    assert page.inner_text("#discard") == "Not now"
    page.click("#apply")
    page.wait_for_selector("#outcome >> text=2 removed")
    page.wait_for_selector(row(page, str(harbour)), state="detached")
    assert (harbour / "ships.txt").exists()
    assert "ninety" not in ask(page, "How many ships did the keeper of Skagen count?", 1, "abstained")


def test_a_run_shows_its_progress_and_is_cancelled_while_one_asks(
    site: str, open_page: OpenPage, screenshot: Screenshot, accessible: Accessible, tmp_path: Path
) -> None:
    page_of = "The harbour master of ward {0} noted {1} barrels of herring on pier {2} and sealed the ledger. "
    many = {
        f"log-{number:04}.txt": "\n\n".join(page_of.format(number, n, n % 7) * 3 for n in range(12))
        for number in range(700)
    }
    harbour = write(tmp_path / "harbour", many)
    page = open_page(site, 1440, "light")
    to_tab(page, "Corpus")
    add_folder(page, harbour)
    page.wait_for_selector("#outcome >> text=700 files to read")
    page.click("#apply")
    page.wait_for_selector("#progress >> text=of 700 files read")
    page.wait_for_selector("#progress >> text=left", timeout=60_000)
    assert "Now reading log-0" in page.inner_text("#progress")
    screenshot(page, "progress-1440")
    accessible(page)
    assert "ten centimetres" in ask(page, "How deep are potatoes planted?", 1, "answered")
    page = open_page(site, 1440, "dark")  # closed and opened again
    to_tab(page, "Corpus")
    page.wait_for_selector("#progress >> text=of 700 files read")
    page.set_viewport_size({"width": 390, "height": 844})
    screenshot(page, "progress-390")
    assert not wide(page)
    page.focus("#cancel-run")
    page.keyboard.press("Enter")
    page.wait_for_selector("#outcome >> text=Cancelled. Nothing was changed")
    assert not page.is_visible("#cancel-run")
    assert page.is_visible("#apply")
    assert "1 source," in page.inner_text("#texts")


def test_files_are_dropped_on_the_chat_and_a_bad_one_does_not_refuse_the_others(
    make_site: Callable[..., str], open_page: OpenPage, screenshot: Screenshot, accessible: Accessible
) -> None:
    page = open_page(make_site(max_upload_mb=1), 390, "light")
    drop(page, kind="over")
    assert not page.is_visible("#dropping")  # a word of the page itself
    drop(page, ("ships.txt", 0, SHIPS), kind="over")
    assert page.inner_text("#dropping") == "Drop to add to this collection"
    for look in shown(page, *LOOKS):
        screenshot(page, f"dropping-{look}-over")
    page.evaluate(
        "document.querySelector('#question textarea').dispatchEvent(new DragEvent('dragleave', "
        "{bubbles: true, dataTransfer: (() => { const d = new DataTransfer(); "
        "d.items.add(new File([''], 'a')); return d; })()}))"
    )
    assert not page.is_visible("#dropping")
    drop(
        page,
        ("ships.txt", 0, SHIPS),
        ("song.mp3", 9, ""),
        ("film.mp4", 9, ""),
        ("large.txt", 1_200_000, ""),
        ("half.html", 700_000, f"<p>Half.</p><!--{'x' * 700_000}-->"),
        ("rest.html", 700_000, f"<p>Rest.</p><!--{'x' * 700_000}-->"),
    )
    page.wait_for_selector("#outcome .failure >> text=song.mp3, film.mp4")
    told = page.inner_text("#outcome")
    assert "convert it to one of" in told
    assert page.locator("#outcome .listed li").all_inner_texts() == ["half.html", "ships.txt"]
    unsent = page.inner_text("#unsent")
    assert "large.txt is larger than 1 MB" in unsent
    assert "With rest.html, the upload would exceed 1 MB" in unsent
    assert page.get_by_role("tab", name="Corpus").get_attribute("aria-selected") == "true"
    for look in shown(page, *LOOKS):
        screenshot(page, f"dropping-{look}-plan")
        accessible(page)
        assert not wide(page)
    page.click("#apply")
    page.wait_for_selector("#outcome h2 >> text=Applied")
    drop(page, ("ships.txt", 0, SHIPS.replace("ninety-one", "forty-four")), target="#drop")
    page.wait_for_selector("#outcome summary >> text=To be updated")
    assert not page.is_visible("#unsent")
    page.locator(".source", has_text="half.html").get_by_role("button", name="Remove").click()
    page.wait_for_selector("#outcome summary >> text=To be removed")
    assert page.locator("#outcome .listed li").all_inner_texts() == ["half.html"]
    page.click("#apply")
    page.wait_for_selector("#outcome >> text=1 removed")
    assert "1 upload not applied yet" in page.inner_text("#outcome")
    page.click("#check")
    page.wait_for_selector("#outcome summary >> text=To be updated")
    page.click("#apply")
    page.wait_for_selector("#outcome >> text=1 updated")
    assert "forty-four" in ask(page, "How many ships did the lighthouse keeper of Skagen count?", 1, "answered")


def test_nothing_is_dropped_on_a_page_that_only_shows(make_site: Callable[..., str], open_page: OpenPage) -> None:
    page = open_page(make_site(read_only=True), 1440, "light")
    drop(page, ("ships.txt", 0, SHIPS), kind="over")
    assert not page.is_visible("#dropping")
    to_tab(page, "Corpus")
    page.wait_for_selector(".folders li >> text=garden")
    assert page.locator(".folders button, #folder-path, #add-folder, #shipped").count() == 0
    assert "/" not in page.inner_text(".folders .name")


def test_where_others_reach_the_page_it_shows_names_and_takes_no_folder(
    make_site: Callable[..., str], open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(make_site(allowed_hosts=("cited.example.org",)), 1440, "light")
    to_tab(page, "Corpus")
    page.wait_for_selector(".folders li >> text=garden")
    assert not page.is_visible("#folder-path, #add-folder")
    page.wait_for_selector("#texts .source")
    assert str(tmp_path) not in page.content()


def test_the_shipped_example_is_loaded(
    site: str, open_page: OpenPage, screenshot: Screenshot, accessible: Accessible
) -> None:
    page = open_page(site, 390, "light")
    to_tab(page, "Corpus")
    page.click("#shipped")
    page.wait_for_selector("#outcome h2 >> text=The shipped example")
    assert "sciatica.md" in page.inner_text("#outcome")
    for look in shown(page, *LOOKS):
        screenshot(page, f"shipped-{look}")
        accessible(page)
    page.click("#apply")
    page.wait_for_selector("#outcome h2 >> text=Applied", timeout=120_000)
    page.wait_for_selector("#shipped", state="hidden")
