import os
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import IndexLocked, IndexMissing, IndexStale
from ingest.index.doctor import Finding, examine, versions
from ingest.index.lock import write_lock
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import BUNDLED, OnnxEncoder, open_encoder
from ingest.models.onnx_export import folder_name
from ingest.runs.mend import mend
from ingest.runs.pipeline import ingest
from ingest.settings import load_settings
from tests.ingest.models.test_encoder import tiny

pytestmark = pytest.mark.model

ENGLISH = "Every employee may take thirty days of leave a year."
GERMAN = "Der Urlaub beträgt jährlich mindestens vierundzwanzig Werktage. " * 3

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
    for words in ("run 1, 2 documents, 2 passages", "lock: free", "384 dimensions", "all 2 present"):
        assert words in text
    assert "chromadb 1." in versions().what


def test_no_index(data: Path) -> None:
    with pytest.raises(IndexMissing):
        examine(load_settings(data_dir=data))


def test_only_the_chosen_collection(
    examined: Examine, data: Path, write: Callable[..., Path], exported: OnnxEncoder
) -> None:
    chosen = load_settings(data_dir=data, collection="Pears")
    ingest([write({"pears.md": "# Pears\n\nGreen.\n"}, "pears")], chosen.folder, exported)
    shutil.rmtree(chosen.folder / "chroma")
    assert faults(examined()) == []
    assert faults(examine(chosen)) == ["vectors: missing"]
    assert mend(chosen) == ["missing vectors encoded again: 1"]
    assert faults(examine(chosen)) == []


def test_an_active_writer_is_named(examined: Examine, data: Path) -> None:
    with write_lock(data):
        assert any("is writing to the index now" in finding.what for finding in examined())


def test_vectors_that_are_missing_or_left_over(examined: Examine, data: Path, exported: OnnxEncoder) -> None:
    with Vectors(data / VECTORS_FOLDER, exported.identity) as vectors:
        vectors.delete([next(vectors.ids())])
        vectors.add(["stray"], exported.encode(["stray"]))
    findings = examined()
    assert faults(findings) == ["vectors: 1 of 2 missing"]
    assert findings[-1].what == "vectors: 1 left over from an earlier run"
    (missing,) = [finding for finding in findings if not finding.ok]
    assert missing.remedy == "run `cited doctor --fix`"
    assert mend(load_settings(data_dir=data)) == ["missing vectors encoded again: 1", "left-over vectors removed: 1"]
    assert faults(examined()) == []
    assert mend(load_settings(data_dir=data)) == []


def test_mending_builds_damaged_vectors_again(examined: Examine, data: Path) -> None:
    (data / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1_000)
    (done,) = mend(load_settings(data_dir=data))
    assert done.startswith("the vectors cannot be read (")
    assert done.endswith("): everything built again, 2 passages encoded")
    assert faults(examined()) == []
    assert (data / "chroma.broken-1").is_dir()
    shutil.rmtree(data / "chroma")
    assert faults(examined()) == ["vectors: missing"]
    assert mend(load_settings(data_dir=data)) == ["missing vectors encoded again: 2"]
    assert faults(examined()) == []


def test_mending_removes_the_note_of_a_killed_writer(examined: Examine, data: Path) -> None:
    with write_lock(data):
        assert (data / "write.holder").is_file()
    assert not (data / "write.holder").exists()
    (data / "write.holder").write_text("process 1 (since yesterday)", encoding="utf-8")
    assert mend(load_settings(data_dir=data)) == ["write.holder removed, which process 1 (since yesterday) left"]
    assert not (data / "write.holder").exists()
    with write_lock(data), pytest.raises(IndexLocked):
        mend(load_settings(data_dir=data))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["half", "zeros"])
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "identity.json"])
def test_a_damaged_encoder_is_reported(examined: Examine, data: Path, models: Path, name: str, how: str) -> None:
    folder = own_models(data, models)
    content = (folder / name).read_bytes()
    (folder / name).unlink()  # of a link
    (folder / name).write_bytes(content[: len(content) // 2] if how == "half" else bytes(len(content)))
    (encoder,) = [finding for finding in examined() if not finding.ok]
    assert encoder.what.startswith("encoder: the model cannot be loaded (") and "\n" not in encoder.what
    assert "run `cited" in encoder.remedy


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the transformers library, of its own internals
def test_mending_exports_a_damaged_encoder_again(data: Path, write: Callable[..., Path], tmp_path: Path) -> None:
    name = str(tiny(tmp_path / "tiny", {}))
    ingest([write({"hip.md": "# Hip\n\nHeat helps.\n"})], data, open_encoder(name, data / "models"))
    (data / "models" / folder_name(name) / "tokenizer.json").write_bytes(b"{")
    assert mend(load_settings(data_dir=data)) == [f"the encoder {name} exported again"]
    assert faults(examine(load_settings(data_dir=data))) == []


def own_models(data: Path, models: Path) -> Path:
    """Give the index a folder of models whose files can be replaced; return the folder of its encoder."""
    (data / "models").unlink()
    original = models / folder_name(BUNDLED)
    folder = data / "models" / original.name
    folder.mkdir(parents=True)
    for path in original.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


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
    remedy = f"make it available again, or remove its texts with `cited forget {write({})}`"
    assert fault == Finding(False, f"folder: {write({})} is missing", remedy)
    assert quoted.remedy.endswith(f"`cited forget {shlex.quote(str(write({}, 'notes [old]')))}`")


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


def test_the_languages_of_the_texts_and_what_helps_with_others_than_english(
    data: Path, write: Callable[..., Path], exported: OnnxEncoder, models: Path
) -> None:
    data.mkdir()
    (data / "models").symlink_to(models)
    ingest([write({"en.md": f"# Leave\n\n{ENGLISH}\n"})], data, exported)
    assert Finding(True, "languages: en 100%") in examine(load_settings(data_dir=data))
    ingest([write({"de.md": f"# Urlaub\n\n{GERMAN}\n", "x.md": "1 2 3"})], data, exported)
    (found,) = (each for each in examine(load_settings(data_dir=data)) if each.what.startswith("languages: "))
    assert found.ok and found.what == "languages: de 77%, en 23%"
    assert "CITED_ENCODER=multilingual-e5-small and run `cited ingest --rebuild`" in found.remedy
