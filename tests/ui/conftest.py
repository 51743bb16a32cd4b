"""The page over a real index with the fake encoder, on free ports of this machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import FakeEncoder

TEXTS = {
    "apples.md": "# Apples\n\nApples are red fruit.\n\n## Pears\n\nPears are green fruit.\n",
    "long.md": "# Long\n\n" + "Plums are blue fruit.\n" * 1_500,
}

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the texts, which `data` beside it is the index of."""
    folder = tmp_path_factory.mktemp("served") / "texts"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def serve(texts: Path) -> Iterator[Serve]:
    """Serve the texts with some settings: `serve(mcp=True)`; returns the page's address."""
    from ui.page import app

    encoder = FakeEncoder()
    data_dir = texts.parent / "data"
    ingest([texts], data_dir, encoder)
    assistant = Assistant(Index(data_dir, encoder))
    served = []

    def start(**settings: object) -> str:
        served.append(app.serve(assistant, Settings(port=0, data_dir=data_dir, **settings), block=False))
        return served[-1].url

    yield start
    for each in served:
        each.close()
    assistant.close()
