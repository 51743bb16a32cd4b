import os
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import IndexMissing, IndexStale
from ingest.index.doctor import Finding, examine
from ingest.index.lock import write_lock
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.settings import load_settings

pytestmark = pytest.mark.model

Examine = Callable[[], list[Finding]]


@pytest.fixture
def examined(data: Path, write: Callable[..., Path], exported: OnnxEncoder, models: Path) -> Examine:
    """Ingest two texts with the real encoder and return a function that runs the checks."""
    data.mkdir()
    (data / "models").symlink_to(models)
    ingest([write({"hip.md": "# Hip\n\nWalk.\n", "back.md": "# Back\n\nRest.\n"})], data, exported)
    return lambda: examine(load_settings(data_dir=data))


def faults(findings: list[Finding]) -> list[str]:
    assert all(finding.remedy for finding in findings if not finding.ok)
    return [finding.what for finding in findings if not finding.ok]


def test_a_healthy_index(examined: Examine) -> None:
    findings = examined()
    assert faults(findings) == []
    text = " ".join(finding.what for finding in findings)
    for words in ("run 1, 2 documents, 2 passages", "lock: free", "384 dimensions", "all 2 present", "chromadb 1."):
        assert words in text


def test_no_index(data: Path) -> None:
    with pytest.raises(IndexMissing):
        examine(load_settings(data_dir=data))


def test_an_active_writer_is_named(examined: Examine, data: Path) -> None:
    with write_lock(data):
        assert any("is writing to the index now" in finding.what for finding in examined())


def test_vectors_that_are_missing_or_left_over(examined: Examine, data: Path, exported: OnnxEncoder) -> None:
    with Vectors(data / VECTORS_FOLDER, exported.identity) as vectors:
        vectors.delete([next(vectors.ids())])
        vectors.add(["stray"], exported.encode(["stray"]))
    findings = examined()
    assert faults(findings) == ["vectors: 1 of 2 missing"]
    assert findings[-1].what == "vectors: 1 left over from an unfinished run"
    ingest([], data, exported, rebuild=True)
    assert faults(examined()) == []


def test_an_altered_text(examined: Examine, data: Path) -> None:
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file, file:
        file.execute("UPDATE documents SET text = replace(text, 'Walk', 'Swim')")
    assert faults(examined()) == ["catalog: 1 fault (first: hip.md, characters 7-12)"]


def test_a_damaged_index_is_reported(examined: Examine, data: Path) -> None:
    (data / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1_000)
    (vectors,) = [finding for finding in examined() if not finding.ok]
    assert vectors.what.startswith("vectors: cannot be read (")
    assert vectors.remedy.startswith("run `cited ingest --rebuild`")
    path = data / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    for damaged in (content[:4_096] + b"\xaa" * (len(content) - 4_096), b"garbage" * 1_000):
        path.write_bytes(damaged)
        assert faults(examined())[-1].startswith("catalog: the index is damaged (")


def test_an_inaccessible_folder(examined: Examine, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def stat(path: str | Path, *rest: int | None, **named: bool) -> os.stat_result:
        if Path(path) == write({}):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)
    assert faults(examined()) == [f"folder: {write({})} cannot be accessed (permission denied)"]


def test_a_missing_folder(examined: Examine, write: Callable[..., Path], data: Path, exported: OnnxEncoder) -> None:
    ingest([write({"a.md": "# A\n\nA.\n"}, "notes [old]")], data, exported)
    for folder in ("corpus", "notes [old]"):
        shutil.rmtree(write({}, folder))
    fault, quoted = [finding for finding in examined() if not finding.ok]
    assert fault == Finding(False, f"folder: {write({})} is missing", f"run `cited forget {write({})}`")
    assert quoted.remedy == f"run `cited forget {shlex.quote(str(write({}, 'notes [old]')))}`"


def test_another_encoder_or_version(examined: Examine, data: Path) -> None:
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file, file:
        file.execute(
            "UPDATE meta SET value = replace(value, '\"revision\": \"', '\"revision\": \"0') WHERE key = 'encoder'"
        )
    assert "encoder: the index was built with another revision of all-MiniLM-L6-v2" in faults(examined())
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file, file:
        file.execute("UPDATE meta SET value = '0.0' WHERE key = 'schema'")
    with pytest.raises(IndexStale):
        examined()
