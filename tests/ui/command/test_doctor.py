import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.collections import create
from ingest.index.lock import write_lock
from tests.ui.command.conftest import Run
from tests.ui.command.test_cli import BACK, HIP

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture
def pears(run: Run, write: Callable[..., Path], tmp_path: Path) -> Path:
    """A data folder with texts in the main collection and in another, and an empty one; return the other's folder."""
    folder = create(tmp_path / "data", "Ripe pears").folder
    create(tmp_path / "data", "Empty")
    run("ingest", write({"hip.md": HIP}))
    run("ingest", "--collection", "Ripe pears", write({"back.md": BACK}, "back"))
    return folder


def test_all_collections_are_checked_by_name(run: Run, pears: Path) -> None:
    result = run("doctor")
    assert (result.code, result.err) == (0, "")
    for line in (
        "ok  Main collection: catalog: run 1, 1 documents, ",
        "ok  Ripe pears: catalog: run 1, 1 documents, ",
        "ok  Empty: nothing has been ingested here yet\n      run `cited --collection empty ingest FOLDER`",
    ):
        assert line in result.out
    assert result.out.count("versions: ") == 1

    shutil.rmtree(pears / "chroma")
    result = run("doctor")
    assert result.code == 1
    remedy = "run `cited --collection ripe-pears ingest --rebuild`"
    assert f"no  Ripe pears: vectors: missing\n      {remedy}\n" in result.out
    assert "no  Main" not in result.out


def test_one_collection_is_checked(run: Run, pears: Path) -> None:
    shutil.rmtree(pears / "chroma")
    result = run("doctor", "--collection", "Ripe pears")
    assert result.code == 1
    assert "no  vectors: missing\n" in result.out
    assert "Main" not in result.out
    result = run("--collection", "empty", "doctor")
    assert (result.code, result.out) == (1, "")
    assert "nothing has been ingested here yet" in result.err
    assert run("doctor", "-c", "none").err.startswith("cited: none: there is no such collection")


def test_all_collections_are_mended_but_those_that_are_written_to(run: Run, pears: Path) -> None:
    for folder in (pears, pears.parents[1]):
        shutil.rmtree(folder / "chroma")
    with write_lock(pears.parents[1]):
        result = run("doctor", "--fix")
    assert result.code == 1
    assert "no  Main collection: process " in result.out
    assert "mended  Ripe pears: missing vectors encoded again: " in result.out
    result = run("doctor", "--fix")
    assert (result.code, result.err) == (0, "")
    assert result.out.count("mended  ") == 1
    assert "mended  Main collection: missing vectors encoded again: " in result.out
