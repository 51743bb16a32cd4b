"""The README's pictures: the page as `make run` shows it, on the shipped corpus with the real models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
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
from ui.page.app import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.model, *GRADIO_WARNINGS]

CORPUS = Path(__file__).parents[2] / "corpus"


@pytest.fixture
def address(exported: OnnxEncoder, tmp_path: Path) -> Iterator[str]:
    ingest([CORPUS], tmp_path / "data", exported)
    with closing(Assistant(Index(tmp_path / "data", exported), open_reranker(BUNDLED, tmp_path))) as assistant:
        served = serve(assistant, Settings(host="127.0.0.1", port=0, data_dir=tmp_path / "data"), block=False)
        yield served.url
        served.close()


def test_pictures(
    address: str, open_page: Callable[[str, int, str], Page], screenshot: Callable[[Page, str], None]
) -> None:
    for question, name, shown in (
        ("Can sciatica pain go down to the foot?", "answer", "#card-1-1 mark >> text=as far as the foot"),
        ("What is the best mattress for back pain?", "abstention", "text=The texts never mention “mattress”"),
    ):
        page = open_page(address, 1440, "light")
        page.fill("#question textarea", question)
        page.press("#question textarea", "Enter")
        page.wait_for_selector(shown)
        screenshot(page, name)
