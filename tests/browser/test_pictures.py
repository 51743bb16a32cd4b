"""The README's pictures: the page as `make run` shows it, on the shipped corpus with the real models."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.answering.rerank import BUNDLED, open_reranker
from assistant.assistant import Assistant
from assistant.index import Index
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS
from tests.ingest.readers.test_pdf import make_pdf
from ui.page.app import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.model, *GRADIO_WARNINGS]

CORPUS = Path(__file__).parents[2] / "corpus"


LINE = 86  # characters
PAGE = 44  # lines


def leaflet(source: str) -> bytes:
    """Return a text of the shipped corpus as a PDF."""
    text = (CORPUS / source).read_text(encoding="utf-8").split("---\n")[2]
    paragraphs = (textwrap.wrap(part.lstrip("# "), LINE) for part in text.strip().split("\n\n"))
    lines = [line for paragraph in paragraphs for line in (*paragraph, "")]
    return make_pdf([lines[at : at + PAGE] for at in range(0, len(lines), PAGE)], title="Sciatica, a leaflet")


@pytest.fixture
def served(exported: OnnxEncoder, tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Serve the texts of a folder; returns the page's address."""
    with ExitStack() as ending:

        def serve_texts(folder: Path) -> str:
            ingest([folder], tmp_path / "data", exported)
            assistant = Assistant(Index(tmp_path / "data", exported), open_reranker(BUNDLED, tmp_path))
            ending.callback(assistant.close)
            page = serve(assistant, Settings(host="127.0.0.1", port=0, data_dir=tmp_path / "data"), block=False)
            ending.callback(page.close)
            return page.url

        yield serve_texts


def test_pictures(
    served: Callable[[Path], str],
    open_page: Callable[[str, int, str], Page],
    screenshot: Callable[[Page, str], None],
) -> None:
    address = served(CORPUS)
    for question, name, shown in (
        ("Can sciatica pain go all the way down to your foot?", "answer", "#card-1-1 mark >> text=as far as the foot"),
        ("What is the best mattress for back pain?", "abstention", "text=The texts never mention “mattress”"),
    ):
        page = open_page(address, 1440, "light")
        page.fill("#question textarea", question)
        page.press("#question textarea", "Enter")
        page.wait_for_selector(shown)
        screenshot(page, name)


def test_picture_of_a_pdf(
    served: Callable[[Path], str],
    open_page: Callable[[str, int, str], Page],
    screenshot: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "leaflets"
    folder.mkdir()
    (folder / "sciatica.pdf").write_bytes(leaflet("sciatica.md"))
    shutil.copy(CORPUS / "corpus.yaml", folder)
    page = open_page(served(folder), 1440, "light")
    page.fill("#question textarea", "Can sciatica pain go all the way down to your foot?")
    page.press("#question textarea", "Enter")
    page.click("#sources button.open")
    page.wait_for_function("document.querySelector('#reader .sheet img')?.naturalWidth > 0")
    page.evaluate("document.querySelector('#reader .sheet img').decode()")
    assert page.locator("#reader .sheet .asked").count()
    screenshot(page, "pdf")
