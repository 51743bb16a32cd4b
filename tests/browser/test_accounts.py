"""A page with accounts in a real browser: a reader asks and cannot change texts, an editor can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.runs.status import status
from ingest.settings import Settings
from tests.browser.conftest import new_page
from tests.conftest import GRADIO_WARNINGS
from ui.handlers.accounts import Accounts
from ui.handlers.roles import Role
from ui.page.app import serve

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.model, *GRADIO_WARNINGS]

PASSWORD = "correct horse"
QUESTION = "How deep are potatoes planted?"
Screenshot = Callable[["Page", str], None]

# Whether the words of the name and what stands beside them in the head lie over each other.
OVERLAPS = """() => {
  const words = document.createRange();
  words.selectNodeContents(document.querySelector(".brand h1"));
  const name = words.getBoundingClientRect();
  return [...document.querySelectorAll(".brand > :not(:has(h1))")].some((each) => {
    const box = each.getBoundingClientRect();
    return box.left < name.right && name.left < box.right && box.top < name.bottom && name.top < box.bottom;
  });
}"""


@pytest.fixture
def data_dir(tmp_path: Path, exported: OnnxEncoder) -> Path:
    (tmp_path / "texts").mkdir()
    text = "# Potatoes\n\nPotatoes are planted ten centimetres deep, in rows, once the soil is warm.\n"
    (tmp_path / "texts" / "potatoes.md").write_text(text, encoding="utf-8")
    ingest([tmp_path / "texts"], tmp_path / "data", exported)
    accounts = Accounts(tmp_path / "data")
    accounts.add("Rita", Role.READER, PASSWORD)
    accounts.add("Eddie", Role.EDITOR, PASSWORD)
    return tmp_path / "data"


@pytest.fixture
def address(data_dir: Path, exported: OnnxEncoder) -> Iterator[str]:
    assistant = Assistant(Index(data_dir, exported))
    served = serve(assistant, Settings(port=0, data_dir=data_dir), block=False)
    yield served.url
    served.close()
    assistant.close()


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def upload(page: Page) -> int:
    """Upload a file as a program with the page's session does; return the status."""
    files = {"name": "bees.md", "mimeType": "text/markdown", "buffer": b"# Bees\n\nBees keep honey.\n"}
    return page.context.request.post(page.url.split("?")[0] + "gradio_api/upload", multipart={"files": files}).status  # type: ignore[dict-item]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_reader_and_an_editor(
    address: str,
    data_dir: Path,
    tmp_path: Path,
    person: Callable[[], BrowserContext],
    accessible: Callable[[Page], None],
    screenshot: Screenshot,
    width: int,
    scheme: str,
) -> None:
    page = new_page(person(), width, scheme)
    page.goto(address)
    assert urlsplit(page.url).path == "/sign-in"
    accessible(page)
    sign_in(page, "Rita", "wrong horse")
    assert page.get_by_role("alert").inner_text() == "The name or the password is wrong."
    screenshot(page, f"sign-in-{width}-{scheme}")
    sign_in(page, "Rita")
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator("#conversation", has_text="ten centimetres deep").wait_for()
    assert "Signed in as Rita" in page.locator("#head").inner_text()
    assert not page.evaluate(OVERLAPS)
    screenshot(page, f"reader-{width}-{scheme}")
    page.get_by_role("tab", name="Corpus").click()
    page.get_by_text("You can read the texts here").first.wait_for()
    assert page.locator("#drop input[type=file]").count() == 0
    assert upload(page) == 403

    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Password").wait_for()
    sign_in(page, "Eddie")
    page.get_by_role("tab", name="Corpus").click()
    (tmp_path / "bees.md").write_text("# Bees\n\nBees keep fifteen kilograms of honey.\n", encoding="utf-8")
    page.locator("#drop input[type=file]").set_input_files(tmp_path / "bees.md")
    page.locator("#apply").click()
    page.locator("#outcome", has_text="1 added").wait_for()
    assert [each.source for each in status(data_dir)] == ["potatoes.md", "bees.md"]
    assert upload(page) == 200
    accessible(page)
    screenshot(page, f"editor-{width}-{scheme}")
