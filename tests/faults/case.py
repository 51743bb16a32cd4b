"""An index of one edition of some sheets, and what a run must make of it after they were replaced by another."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.index.catalog import Catalog
from ingest.index.chroma_collections import GRAPH
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import ingest

FILES = 100
PASSAGES = 3 * FILES
WRITTEN = 200  # changes after which Chroma writes its files, instead of 1,000
QUESTION = "What does exercise seventeen strengthen in the first weeks?"


def text(number: int, version: str) -> str:
    part = f"# Sheet {number}\n\n"
    for section in range(3):
        part += f"## Part {section}\n\nExercise {number} {section} of the {version} edition strengthens the hip.\n\n"
    return part + (
        f"Exercise seventeen strengthens the {version} muscles in the first weeks.\n" if number == 17 else ""
    )


def write_edition(root: Path, version: str) -> None:
    root.mkdir(exist_ok=True)
    for number in range(FILES):
        (root / f"{number:03}.md").write_text(text(number, version), encoding="utf-8")


def write_index(root: Path, data: Path, encoder: Encoder) -> None:
    """Ingest a folder into a new index, for which Chroma writes its files early."""
    with pytest.MonkeyPatch.context() as early:
        early.setitem(GRAPH, "sync_threshold", WRITTEN)
        ingest([root], data, encoder)


class Case:
    """An index of the old edition, and the folder with the new one."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.root, self.encoder = folder / "sheets", encoder
        self._pristine, self._folder = folder / "pristine", folder
        write_edition(self.root, "old")
        write_index(self.root, self._pristine, encoder)
        write_edition(self.root, "new")
        self.finished = self.fresh()
        ingest([self.root], self.finished, encoder)
        self.wanted = self.content(self.finished)

    def fresh(self) -> Path:
        """Return a new copy of the index of the old edition."""
        return Path(shutil.copytree(self._pristine, mkdtemp(dir=self._folder), dirs_exist_ok=True))

    def content(self, data: Path) -> tuple[list[tuple[str, int, str]], set[str]]:
        """Return all passages with their places, and all vectors."""
        with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
            keys = [key for keys in snapshot.keys_of(sorted(snapshot.shas())).values() for key in keys]
            passages = snapshot.passages(keys).values()
        with Vectors(data / VECTORS_FOLDER, self.encoder.identity) as vectors:
            return sorted((p.source, p.start, p.text) for p in passages), set(vectors.ids())

    def check(self, data: Path) -> str:
        """Assert that the index is one run, whole and answering, and return its edition."""
        with closing(sqlite3.connect(data / "catalog.sqlite")) as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
            assert snapshot.faults() == []
            known, documents = snapshot.shas(), snapshot.counts()[0]
        passages, vectors = self.content(data)
        assert documents == FILES
        assert known <= vectors
        editions = {"old" if "old edition" in text else "new" for _, _, text in passages if "edition" in text}
        (edition,) = editions
        with closing(Assistant(Index(data, self.encoder))) as assistant:
            answer = assistant.ask(QUESTION)
        shown = answer.quotes or (answer.abstention.nearest if answer.abstention else ())
        assert any(f"the {edition} muscles" in quote.text for quote in shown)
        return edition

    def mend(self, data: Path) -> None:
        """Assert that the next run makes the index what an undisturbed one is."""
        ingest([self.root], data, self.encoder)
        assert self.check(data) == "new"
        assert self.content(data) == self.wanted
