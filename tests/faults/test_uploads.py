"""Several pages that upload and apply at the same time."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.errors import IndexLocked
from ingest.index.catalog import Catalog
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from ui.handlers import corpus
from ui.handlers.corpus import Planned

pytestmark = pytest.mark.slow

PAGES = 4


def test_uploads_of_the_same_name_are_all_kept(tmp_path: Path, times: int) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.md").write_text("# Apples\n\nApples are red.\n", encoding="utf-8")
    ingest([tmp_path / "texts"], settings.data_dir, FakeEncoder())
    texts = set()

    def upload(page: int) -> Planned:
        path = tmp_path / f"page-{page}" / f"{turn}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"Page {page} wrote text {turn}.", encoding="utf-8")
        return corpus.add([path], settings)

    def apply(planned: Planned) -> None:
        """Apply what was shown, then the new plan if that was outdated."""
        while planned.changes:
            try:
                last = corpus.apply(planned, settings, FakeEncoder())
            except IndexLocked:
                time.sleep(0.05)
                continue
            planned = last if isinstance(last, Planned) else corpus.plan_again(planned, settings)

    for turn in range(times):
        texts |= {f"Page {page} wrote text {turn}." for page in range(PAGES)}
        with ThreadPoolExecutor(PAGES) as pages:
            for done in pages.map(apply, list(pages.map(upload, range(PAGES)))):
                assert done is None
        folder = corpus.uploads_folder(settings.data_dir)
        assert {path.read_text(encoding="utf-8") for path in folder.glob("*.txt")} == texts
        with Catalog(settings.data_dir).read() as snapshot:
            documents = [snapshot.document(str(folder), source) for source in snapshot.stored(str(folder))]
        assert {document.text for document in documents if document is not None} == texts
