import hashlib
import json
import os
import stat
import sys
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.render import answer_json
from ingest.errors import BackupFailed, IndexLocked, IndexMissing, IndexUnreadable
from ingest.index.catalog import Catalog
from ingest.index.lock import write_lock
from ingest.index.sqlite import FILE_NAME
from ingest.index.vectors import VECTORS_FOLDER
from ingest.runs.pipeline import ingest, plan
from ingest.runs.status import runs, status
from ingest.schema import place_id
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from ui.handlers.accounts import Accounts
from ui.handlers.backup import CONTENT, MANIFEST, back_up
from ui.handlers.restore import restore
from ui.handlers.roles import Role

TEXTS = {
    "apples.md": "# Apples\n\nApples are red fruit.\n",
    "many.md": "# Many\n\n" + "".join(f"## Part {n}\n\nPlum {n} is a blue fruit.\n\n" for n in range(30)),
}
UPLOADS = {"pears.md": "# Pears\n\nPears are green fruit.\n", "bad.docx": "no package"}
QUESTIONS = ("Are apples red fruit?", "Are pears green fruit?", "Is plum 17 a blue fruit?", "Who was Bach?")
KEPT = {
    "history/0123/20260101-000000-01234567.json": "{}",
    "prompts/saved.jsonl": '{"id": "a"}\n',
    "results/a.jsonl": "{}\n",
    "results/a.html": "<p>",
    "uploads/.former/pears.md": "# Pears\n\nPears are yellow.\n",
    "feedback.jsonl": "{}\n",
    "later.jsonl": "of a later version",
}
LEFT_OUT = {
    "models/m/model.onnx": "large",
    "uploads/.lock": "",
    "history/0123/write.lock": "",
    "accounts.lock": "",
    "prompts/saved.new": "half a fi",
    "chroma.broken-1/chroma.sqlite3": "damaged",
}


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def answers(data: Path, encoder: FakeEncoder) -> str:
    with closing(Assistant(Index(data, encoder))) as assistant:
        return json.dumps([answer_json(assistant.ask(question)) for question in QUESTIONS])


def rewritten(backup: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the entries of a backup."""
    with zipfile.ZipFile(backup) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


@pytest.fixture
def settings(tmp_path: Path, write: Callable[..., Path], encoder: FakeEncoder) -> Settings:
    """A data folder with something of everything."""
    data = tmp_path / "data"
    for name, text in (KEPT | LEFT_OUT).items():
        write({name: text}, "data")
    ingest([write(TEXTS)], data, encoder)
    ingest([write(UPLOADS, "data/uploads")], data, encoder)
    Accounts(data).add("Ada", Role.READER, "a long password")
    return Settings(data_dir=data)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "one.zip"


@pytest.mark.slow
def test_everything_that_cannot_be_made_again(settings: Settings, backup: Path, encoder: FakeEncoder) -> None:
    before = answers(settings.data_dir, encoder)
    former = tree(settings.data_dir)
    manifest = back_up(settings, backup)
    (index,) = manifest.indexes.values()
    assert (index.run, index.encoder["name"]) == (2, "fake")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert sorted(os.listdir(backup.parent)) == ["one.zip"]

    settings.data_dir.rename(settings.data_dir.with_name("lost"))
    restored = restore(backup, settings)
    assert (restored.runs, restored.former) == ({".": 2}, None)
    now = tree(settings.data_dir)
    databases = {FILE_NAME, f"{VECTORS_FOLDER}/chroma.sqlite3"}
    unsaved = {name for name in former if name.startswith(f"{VECTORS_FOLDER}/")} - databases  # a graph of few vectors
    same = former.keys() - LEFT_OUT.keys() - {"write.lock", "write.holder"} - unsaved - databases
    assert now.keys() == same | databases
    assert {name: now[name] for name in same} == {name: former[name] for name in same}
    assert KEPT.keys() <= now.keys()
    assert stat.S_IMODE((settings.data_dir / "accounts.json").stat().st_mode) == 0o600
    assert [account.name for account in Accounts(settings.data_dir).all()] == ["Ada"]
    encoder.encoded.clear()
    assert answers(settings.data_dir, encoder) == before
    assert not set(encoder.encoded) & {"Apples\nApples are red fruit.", "Pears\nPears are green fruit."}
    assert not list(backup.parent.parent.glob(".*"))


@pytest.mark.slow
def test_uploads_are_found_in_another_folder(
    settings: Settings, backup: Path, encoder: FakeEncoder, tmp_path: Path
) -> None:
    back_up(settings, backup)
    settings.data_dir.rename(tmp_path / "lost")
    other = tmp_path / "elsewhere" / "data"
    restored = restore(backup, Settings(data_dir=other))
    assert restored.runs == {".": 2}
    assert {(each.root, each.source, bool(each.failure)) for each in status(other)} == {
        (str(tmp_path / "corpus"), "apples.md", False),
        (str(tmp_path / "corpus"), "many.md", False),
        (str(other / "uploads"), "pears.md", False),
        (str(other / "uploads"), "bad.docx", True),
    }
    with closing(Catalog(other)) as catalog, catalog.read() as snapshot:
        assert snapshot.faults() == []
    with closing(Assistant(Index(other, encoder))) as assistant:
        (quote,) = assistant.ask("Are pears green fruit?").quotes
    passage = quote.evidence.passage
    assert (passage.root, quote.text) == (str(other / "uploads"), "Pears are green fruit.")
    sha = hashlib.sha256((other / "uploads" / "pears.md").read_bytes()).hexdigest()
    assert passage.id == place_id(passage.root, "pears.md", (passage.start, passage.end), sha)
    assert plan([other / "uploads"], other).unchanged == ("pears.md",)
    assert ingest([other / "uploads"], other, encoder).encoded == 0


@pytest.mark.slow
def test_a_second_restore_and_backup(settings: Settings, backup: Path, encoder: FakeEncoder, tmp_path: Path) -> None:
    back_up(settings, backup)
    other = Settings(data_dir=tmp_path / "other")
    restore(backup, other)
    second = back_up(other, backup.with_name("two.zip"))
    third = Settings(data_dir=tmp_path / "third")
    restore(backup.with_name("two.zip"), third)
    assert second.indexes["."].inside == {str(tmp_path / "other" / "uploads"): "uploads"}
    assert answers(third.data_dir, encoder) == answers(other.data_dir, encoder).replace("/other/", "/third/")


@pytest.mark.slow
def test_refused_targets(settings: Settings, backup: Path) -> None:
    back_up(settings, backup)
    first = backup.read_bytes()
    with pytest.raises(BackupFailed, match=r"one.zip: the file exists; .* --force"):
        back_up(settings, backup)
    with pytest.raises(BackupFailed, match="it is inside the folder to back up"):
        back_up(settings, settings.data_dir / "prompts" / "b.zip")
    with pytest.raises(BackupFailed, match="its folder does not exist"):
        back_up(settings, backup.parent / "nowhere" / "b.zip")
    with pytest.raises(BackupFailed, match="it is a folder"):
        back_up(settings, backup.parent)
    assert backup.read_bytes() == first
    (settings.data_dir / "feedback.jsonl").unlink()
    manifest = back_up(settings, backup, force=True)
    assert "feedback.jsonl" not in manifest.members
    assert sorted(os.listdir(backup.parent)) == ["one.zip"]


@pytest.mark.slow
def test_no_index_and_a_damaged_one(settings: Settings, backup: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        back_up(Settings(data_dir=tmp_path / "nothing"), backup)
    assert not (tmp_path / "nothing").exists()
    catalog = settings.data_dir / FILE_NAME
    content = catalog.read_bytes()
    catalog.write_bytes(content[:8192] + b"\xff" * 8192 + content[16384:])
    with pytest.raises(IndexUnreadable, match=r"catalog.sqlite: the index is damaged .* not backed up"):
        back_up(settings, backup)
    assert os.listdir(backup.parent) == []


@pytest.mark.slow
def test_what_cannot_be_stored_is_named(settings: Settings, backup: Path) -> None:
    strange = settings.data_dir / "uploads" / os.fsdecode(b"\xff.md")
    strange.write_text("x")
    with pytest.raises(BackupFailed, match=r"uploads/\\udcff.md: its name is not valid UTF-8; rename it"):
        back_up(settings, backup)
    strange.unlink()
    (settings.data_dir / "uploads" / "loop").symlink_to(settings.data_dir)
    with pytest.raises(BackupFailed, match="uploads/loop: it is a link to a folder"):
        back_up(settings, backup)
    assert os.listdir(backup.parent) == []


@pytest.mark.slow
def test_a_run_excludes_a_backup(settings: Settings, backup: Path) -> None:
    with write_lock(settings.data_dir), pytest.raises(IndexLocked, match="is writing to the index"):
        back_up(settings, backup)
    assert os.listdir(backup.parent) == []


@pytest.mark.slow
def test_waiting_for_a_run(settings: Settings, backup: Path) -> None:
    holding = threading.Event()

    def hold() -> None:
        with write_lock(settings.data_dir):
            holding.set()
            time.sleep(1)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
    assert back_up(settings, backup, wait=30).indexes["."].run == 2
    thread.join()


@pytest.mark.slow
def test_content_is_only_replaced_by_force_and_kept(
    settings: Settings, backup: Path, encoder: FakeEncoder, write: Callable[..., Path]
) -> None:
    data = settings.data_dir
    back_up(settings, backup)
    before = json.loads(answers(data, encoder))
    with closing(Assistant(Index(data, encoder))) as open_before:
        ingest([write({"apples.md": "# Apples\n\nApples are blue fruit.\n"})], data, encoder)
        assert open_before.ask("Are apples blue fruit?").quotes[0].text == "Apples are blue fruit."
        former = tree(data)
        with pytest.raises(BackupFailed, match="there is an index or other content already; .* --force"):
            restore(backup, settings)
        assert tree(data) == former
        restored = restore(backup, settings, force=True)
        assert open_before.ask("Are apples red fruit?").quotes[0].text == "Apples are red fruit."
    assert (restored.manifest.indexes["."].run, restored.runs) == (2, {".": 4})
    assert [run.number for run in runs(data)] == [4, 2, 1]
    assert restored.former == data.with_name("data.before-restore-1")
    assert tree(restored.former) == {
        name: content for name, content in former.items() if not name.startswith("models/") and name != "write.holder"
    }
    assert tree(data / "models") == {"m/model.onnx": b"large"}
    write(TEXTS)
    assert json.loads(answers(data, encoder)) == [{**answer, "run": 4} for answer in before]
    assert restore(backup, settings, force=True).former == data.with_name("data.before-restore-2")
    asides = [f"data.before-restore-{number}" for number in (1, 2)]
    assert sorted(os.listdir(data.parent)) == ["backups", "corpus", "data", *asides]


@pytest.mark.slow
def test_models_are_no_content(settings: Settings, backup: Path, tmp_path: Path, write: Callable[..., Path]) -> None:
    back_up(settings, backup)
    write({"models/m/model.onnx": "other"}, "fresh")
    restored = restore(backup, Settings(data_dir=tmp_path / "fresh"))
    assert restored.former is None
    assert tree(tmp_path / "fresh" / "models") == {"m/model.onnx": b"other"}
    assert sorted(os.listdir(tmp_path)) == ["backups", "corpus", "data", "fresh"]


@pytest.mark.slow
def test_a_run_excludes_a_restore(settings: Settings, backup: Path) -> None:
    back_up(settings, backup)
    former = tree(settings.data_dir)
    with write_lock(settings.data_dir), pytest.raises(IndexLocked):
        restore(backup, settings, force=True)
    assert tree(settings.data_dir) == former


def with_manifest(**values: object) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        entries[MANIFEST] = json.dumps(json.loads(entries[MANIFEST]) | values).encode()

    return change


def indexed(run: int, inside: Mapping[str, str] | None = None) -> dict[str, object]:
    """Return an index as manifests name it."""
    return {"run": run, "encoder": {}, "inside": inside or {}}


def renamed(name: str) -> Callable[[dict[str, bytes]], None]:
    """Give a file another name, in the manifest too."""

    def change(entries: dict[str, bytes]) -> None:
        manifest = json.loads(entries[MANIFEST])
        manifest["members"][name] = manifest["members"].pop("feedback.jsonl")
        entries[CONTENT + name] = entries.pop(f"{CONTENT}feedback.jsonl")
        entries[MANIFEST] = json.dumps(manifest).encode()

    return change


def put(name: str, content: bytes | None) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        if content is None:
            del entries[name]
        else:
            entries[name] = content

    return change


BAD = {
    "newer": (with_manifest(format=3, new=1), "the backup has format 3, but this version reads formats up to 2"),
    "no manifest": (put(MANIFEST, None), "it has no manifest"),
    "not JSON": (put(MANIFEST, b"{"), "damaged or not a backup"),
    "unknown field": (with_manifest(new=1), "its manifest has 1 faults"),
    "another text": (put(f"{CONTENT}feedback.jsonl", b"[]\n"), "feedback.jsonl is not as its manifest says"),
    "a longer text": (put(f"{CONTENT}feedback.jsonl", b"{}\n{}\n"), "feedback.jsonl is not as its manifest says"),
    "missing": (put(f"{CONTENT}feedback.jsonl", None), "its files are not those of its manifest"),
    "one more": (put(f"{CONTENT}more", b""), "its files are not those of its manifest"),
    "outside": (put("more", b""), "its files are not those of its manifest"),
    "above": (renamed("../feedback.jsonl"), "is not a name in the data folder"),
    "above, inside": (renamed("a/../../feedback.jsonl"), "is not a name in the data folder"),
    "absolute": (renamed("/tmp/feedback.jsonl"), "is not a name in the data folder"),
    "folder above": (with_manifest(folders={"../x": 0o700}), "is not a name in the data folder"),
    "root above": (with_manifest(indexes={".": indexed(0, {"/x": "../x"})}), "is not a name in the data folder"),
    "index above": (with_manifest(indexes={"../x": indexed(0)}), "is not a name in the data folder"),
    "no catalog": (with_manifest(indexes={"collections/x": indexed(1)}), "its files are not those of its manifest"),
    "no files": (with_manifest(members={}), "its files are not those of its manifest"),
    "half of format 1": (with_manifest(format=1), "its manifest has 3 faults"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A backup."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "apples.md").write_text(TEXTS["apples.md"])
    ingest([folder / "apples.md"], folder / "data", FakeEncoder())
    (folder / "data" / "feedback.jsonl").write_text("{}\n")
    back_up(Settings(data_dir=folder / "data"), folder / "one.zip")
    return (folder / "one.zip").read_bytes()


@pytest.mark.parametrize(("change", "told"), BAD.values(), ids=BAD)
def test_bad_backups_change_nothing(
    made: bytes, backup: Path, write: Callable[..., Path], change: Callable[[dict[str, bytes]], None], told: str
) -> None:
    backup.write_bytes(made)
    rewritten(backup, change)
    data = write({"catalog.sqlite": "the former one"}, "data")
    for name in ("data", "fresh"):
        with pytest.raises(BackupFailed, match=told):
            restore(backup, Settings(data_dir=data.with_name(name)), force=True)
    assert tree(data).keys() - {"write.lock"} == {"catalog.sqlite"}
    assert sorted(os.listdir(data.parent)) == ["backups", "data"]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_folders_change_places_on_any_system(
    made: bytes, backup: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    backup.write_bytes(made)
    data = write({"catalog.sqlite": "the former one"}, "data")
    monkeypatch.setattr(sys, "platform", platform)
    restored = restore(backup, Settings(data_dir=data), force=True)
    monkeypatch.undo()
    assert restored.former == data.with_name("data.before-restore-1")
    assert tree(restored.former)["catalog.sqlite"] == b"the former one"
    assert [run.number for run in runs(data)] == [1]
    assert sorted(os.listdir(data.parent)) == ["backups", "data", "data.before-restore-1"]


def test_links_and_second_entries_are_refused(made: bytes, backup: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "fresh")
    backup.write_bytes(made)
    with zipfile.ZipFile(backup) as archive:
        entries = {each.filename: (each, archive.read(each)) for each in archive.infolist()}
    link = entries[f"{CONTENT}feedback.jsonl"][0]
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(backup, "w") as archive:
        for entry, content in entries.values():
            archive.writestr(entry, content)
    with pytest.raises(BackupFailed, match="feedback.jsonl is not as its manifest says"):
        restore(backup, settings)
    backup.write_bytes(made)
    with zipfile.ZipFile(backup, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(f"{CONTENT}feedback.jsonl", "{}\n")
    with pytest.raises(BackupFailed, match="its files are not those of its manifest"):
        restore(backup, settings, force=True)


def test_a_missing_backup(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"one.zip: .*no such file"):
        restore(backup, Settings(data_dir=tmp_path / "fresh"))
