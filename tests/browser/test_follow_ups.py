"""A follow-up in a real browser: it is understood by the question before it, and can be asked as typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS, FakeEncoder

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [
    pytest.mark.browser,
    *GRADIO_WARNINGS,
]

TEXTS = {
    "corpus.yaml": 'questions: ["Does heat ease sciatica?"]\n',
    "heat.md": "# Heat\n\nHeat eases sciatica.\n",
    "yoga.md": "# Yoga\n\nYoga eases sciatica in women.\n",
    "knee.md": "# Knee\n\nCold eases a swollen knee.\n",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the page over a real index of the texts."""
    from assistant.assistant import Assistant
    from assistant.index import Index
    from ingest.runs.pipeline import ingest
    from ui.page.app import serve

    folder: Path = tmp_path_factory.mktemp("follow-ups")
    (folder / "texts").mkdir()
    for name, text in TEXTS.items():
        (folder / "texts" / name).write_text(text, encoding="utf-8")
    data_dir, encoder = folder / "data", FakeEncoder()
    ingest([folder / "texts"], data_dir, encoder)
    assistant = Assistant(Index(data_dir, encoder))
    served = serve(assistant, Settings(port=0, data_dir=data_dir), block=False)
    yield served.url
    served.close()
    assistant.close()


def settled(page: Page, number: int) -> Locator:
    turn = page.locator(f"#turn-{number}:not([data-state=pending])")
    turn.wait_for()
    return turn


def ask(page: Page, question: str, number: int) -> Locator:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    return settled(page, number)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_a_follow_up_is_understood_and_can_be_asked_as_typed(
    open_page: Callable[[str, int, str], Page],
    address: str,
    screenshot: Callable[[Page, str], None],
    width: int,
    scheme: str,
) -> None:
    page = open_page(address, width, scheme)
    assert ask(page, "Does heat ease sciatica?", 1).locator(".understood").count() == 0
    turn = ask(page, "and yoga?", 2)
    assert turn.locator(".understood span").inner_text() == "ease sciatica: and yoga?"
    assert turn.locator("h2").inner_text() == "and yoga?"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"follow-up-{width}-{scheme}")
    assert turn.locator(".typed").inner_text() == "Search for exactly what I typed"
    turn.locator(".typed").click()
    turn = settled(page, 3)
    assert turn.locator("h2").inner_text() == "and yoga?"
    assert turn.locator(".understood").count() == 0
    assert ask(page, "Is a swollen knee eased by cold?", 4).locator(".understood").count() == 0
    assert ask(page, "why?", 5).locator(".understood span").inner_text() == "Is a swollen knee eased by cold? why?"
