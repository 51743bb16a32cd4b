"""Indexes that tests of one module only read, so that each is made once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.index.catalog import Catalog, Snapshot
from ingest.runs.pipeline import ingest
from tests.conftest import FakeEncoder, write_files

Made = Callable[[dict[str, str]], Path]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return the data folder of an index of some files, to be read only; the same one for the same files."""
    folders: dict[tuple[tuple[str, str], ...], Path] = {}

    def data_of(files: dict[str, str]) -> Path:
        key = tuple(files.items())
        if key not in folders:
            folder = tmp_path_factory.mktemp("index")
            assert not ingest([write_files(folder / "corpus", files)], folder / "data", FakeEncoder()).failed
            folders[key] = folder / "data"
        return folders[key]

    return data_of


@pytest.fixture
def snapshot(made: Made, request: pytest.FixtureRequest) -> Iterator[Snapshot]:
    """A view of an index of the `FILES` of the module."""
    with Catalog(made(request.module.FILES)).read() as opened:
        yield opened
