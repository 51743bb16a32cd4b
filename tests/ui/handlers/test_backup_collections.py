"""Backups of several collections: each is treated as the only one would be."""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.collections import collections, create, delete, find
from ingest.errors import BackupFailed, IndexLocked, IndexUnreadable
from ingest.index.catalog import Catalog
from ingest.index.lock import locked, write_lock
from ingest.index.sqlite import FILE_NAME
from ingest.index.vectors import VECTORS_FOLDER
from ingest.runs.pipeline import ingest, plan
from ingest.runs.status import runs
from ingest.schema import CorpusDescription
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from tests.ui.handlers.test_backup import LEFT_OUT, rewritten, tree
from ui.handlers.backup import MANIFEST, back_up
from ui.handlers.restore import restore

pytestmark = pytest.mark.slow

MAIN = {"apples.md": "# Apples\n\nApples are red fruit.\n"}
PEARS = {"pears.md": "# Pears\n\nPears are green fruit.\n"}
KEPT = {"history/0123/20260101-000000-01234567.json": "{}", "prompts/saved.jsonl": '{"id": "a"}\n'}
OTHER = "collections/pears"


def answer(folder: Path) -> list[str]:
    """Return what a collection answers to two questions."""
    with closing(Assistant(Index(folder, FakeEncoder()))) as assistant:
        found = (assistant.ask(f"Are {each} fruit?").quotes for each in ("apples red", "pears green"))
        return [quote.text for quotes in found for quote in quotes]


@contextmanager
def held(take: Callable[[], None], release: threading.Event) -> Iterator[threading.Thread]:
    """Run something in a thread, and release it at the end of the block at the latest."""
    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield thread
    finally:
        release.set()
        thread.join()


@pytest.fixture
def settings(tmp_path: Path, write: Callable[..., Path], encoder: FakeEncoder) -> Settings:
    """A data folder with three collections: the main one, another with something of everything, and an empty one."""
    data = tmp_path / "data"
    ingest([write(MAIN)], data, encoder)
    pears = create(data, "Pears")
    create(data, "Nothing yet", CorpusDescription(name="Nothing yet", notice="Soon."))
    write(KEPT | LEFT_OUT, f"data/{OTHER}")
    ingest([write(PEARS, f"data/{OTHER}/uploads")], pears.folder, encoder)
    return Settings(data_dir=data)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "one.zip"


def test_all_collections_are_found_in_another_folder(
    settings: Settings, backup: Path, encoder: FakeEncoder, tmp_path: Path
) -> None:
    former = tree(settings.data_dir)
    manifest = back_up(settings.model_copy(update={"collection": "pears"}), backup)
    assert {name: index.run for name, index in manifest.indexes.items()} == {
        ".": 1,
        "collections/nothing-yet": 0,
        OTHER: 1,
    }
    settings.data_dir.rename(tmp_path / "lost")

    other = tmp_path / "elsewhere" / "data"
    restored = restore(backup, Settings(data_dir=other))
    assert (restored.runs, restored.former) == ({".": 1, "collections/nothing-yet": 0, OTHER: 1}, None)
    found = [(each.slug, each.name, each.description.notice) for each in collections(other)]
    assert found == [("", "Main collection", ""), ("nothing-yet", "Nothing yet", "Soon."), ("pears", "Pears", "")]
    assert answer(other) == ["Apples are red fruit."]
    assert answer(other / OTHER) == ["Pears are green fruit."]
    assert plan([other / OTHER / "uploads"], other / OTHER).unchanged == ("pears.md",)
    with closing(Catalog(other / OTHER)) as catalog, catalog.read() as snapshot:
        assert list(snapshot.roots()) == [str(other / OTHER / "uploads")]

    left = {"models/m/model.onnx"}  # of the data folder alone
    gone = {f"{OTHER}/{name}" for name in LEFT_OUT.keys() - left}
    assert gone <= former.keys()
    locks = ("write.lock", "write.holder", "collection.lock")
    wanted = {name for name in former.keys() - gone if not name.endswith(locks) and f"{VECTORS_FOLDER}/" not in name}
    now = {name for name in tree(other) if not name.endswith(locks) and f"{VECTORS_FOLDER}/" not in name}
    assert {name for name in now if not name.endswith(("-wal", "-shm"))} == wanted
    assert (other / "collections").stat().st_mode == (tmp_path / "lost" / "collections").stat().st_mode


def test_a_run_excludes_a_backup_in_its_collection(settings: Settings, backup: Path) -> None:
    pears = settings.data_dir / OTHER
    with write_lock(pears), pytest.raises(IndexLocked, match=f"{OTHER}: .* is writing to the index"):
        back_up(settings, backup)
    assert os.listdir(backup.parent) == []
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with write_lock(pears):
            holding.set()
            release.wait(1)

    with held(hold, release):
        holding.wait()
        assert back_up(settings, backup, wait=30).indexes[OTHER].run == 1


def test_a_backup_keeps_only_the_runs_of_one_collection_waiting(
    settings: Settings, backup: Path, write: Callable[..., Path], encoder: FakeEncoder, tmp_path: Path
) -> None:
    data, pears = settings.data_dir, settings.data_dir / OTHER
    uploading = FileLock(pears / "uploads" / ".lock")
    uploading.acquire()  # the backup waits for it, with the lock of the collection
    release = threading.Event()

    def back_up_slowly() -> None:
        back_up(settings, backup)
        release.set()

    with held(back_up_slowly, release):
        try:
            while not locked(pears):
                time.sleep(0.01)
            with pytest.raises(IndexLocked):
                ingest([write({"more.md": "# More\n\nMore pears.\n"}, "more")], pears, encoder)
            assert answer(pears) == ["Pears are green fruit."]
            ingest([write({"apples.md": "# Apples\n\nApples are blue fruit.\n"})], data, encoder)
        finally:
            uploading.release()
        assert release.wait(60)
    restore(backup, Settings(data_dir=tmp_path / "fresh"))
    assert answer(tmp_path / "fresh") == ["Apples are red fruit."]
    assert answer(tmp_path / "fresh" / OTHER) == ["Pears are green fruit."]


def test_only_other_collections_have_texts(
    tmp_path: Path, backup: Path, write: Callable[..., Path], encoder: FakeEncoder
) -> None:
    data, fresh = tmp_path / "data", tmp_path / "fresh"
    ingest([write(PEARS)], create(data, "Pears").folder, encoder)
    assert back_up(Settings(data_dir=data), backup).indexes["."].run == 0
    assert restore(backup, Settings(data_dir=fresh)).runs == {".": 0, OTHER: 1}
    assert answer(fresh / OTHER) == ["Pears are green fruit."]
    assert not (fresh / FILE_NAME).exists()


def test_a_first_run_that_was_killed_is_no_index(settings: Settings, backup: Path, tmp_path: Path) -> None:
    nothing = find(settings.data_dir, "nothing yet").folder
    for make in (lambda: (nothing / FILE_NAME).touch(), lambda: Catalog(nothing, create=True).close()):
        make()
        manifest = back_up(settings, backup, force=True)
        assert manifest.indexes["collections/nothing-yet"].run == 0
        assert not [name for name in manifest.members if name.startswith("collections/nothing-yet/catalog")]


def test_what_is_not_yet_in_the_file_of_a_catalog_is_backed_up(
    settings: Settings, backup: Path, write: Callable[..., Path], encoder: FakeEncoder, tmp_path: Path
) -> None:
    pears = settings.data_dir / OTHER
    with closing(sqlite3.connect(pears / FILE_NAME)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        write({"pears.md": "# Pears\n\nPears are brown fruit.\n"}, f"data/{OTHER}/uploads")
        ingest([pears / "uploads"], pears, encoder)
        back_up(settings, backup)
    assert restore(backup, Settings(data_dir=tmp_path / "fresh")).runs[OTHER] == 2
    assert answer(tmp_path / "fresh" / OTHER) == ["Pears are brown fruit."]


def test_a_damaged_collection_is_named(settings: Settings, backup: Path) -> None:
    catalog = settings.data_dir / OTHER / FILE_NAME
    content = catalog.read_bytes()
    catalog.write_bytes(content[:8192] + b"\xff" * 8192 + content[16384:])
    with pytest.raises(IndexUnreadable, match=f"{OTHER}/catalog.sqlite: the index is damaged"):
        back_up(settings, backup)
    assert os.listdir(backup.parent) == []


def test_what_is_no_collection_is_left_out(settings: Settings, backup: Path, write: Callable[..., Path]) -> None:
    write({"collections/.gone.deleted/catalog.sqlite": "half", "collections/note.txt": "mine"}, "data")
    assert not [name for name in back_up(settings, backup).members if "gone" in name or "note" in name]
    (settings.data_dir / OTHER / "uploads" / "loop").symlink_to(settings.data_dir)
    with pytest.raises(BackupFailed, match=f"{OTHER}/uploads/loop: it is a link to a folder"):
        back_up(settings, backup, force=True)


def test_open_readers_of_each_collection_notice_a_restore(
    settings: Settings, backup: Path, write: Callable[..., Path], encoder: FakeEncoder
) -> None:
    data, pears = settings.data_dir, settings.data_dir / OTHER
    back_up(settings, backup)
    with closing(Assistant(Index(pears, encoder))) as open_before:
        for colour in ("yellow", "brown"):
            write({"pears.md": f"# Pears\n\nPears are {colour} fruit.\n"}, f"data/{OTHER}/uploads")
            ingest([pears / "uploads"], pears, encoder)
        assert open_before.ask("Are pears brown fruit?").quotes[0].text == "Pears are brown fruit."
        ingest([write({"new.md": "# New\n\nNew.\n"}, "new")], create(data, "Made later").folder, encoder)
        with write_lock(pears), pytest.raises(IndexLocked, match=OTHER):
            restore(backup, settings, force=True)
        restored = restore(backup, settings, force=True)
        assert open_before.ask("Are pears green fruit?").quotes[0].text == "Pears are green fruit."
    assert restored.runs == {".": 2, "collections/nothing-yet": 0, OTHER: 4}
    assert [run.number for run in runs(pears)] == [4, 1]
    assert restored.former is not None
    assert answer(restored.former / OTHER) == ["Pears are brown fruit."]
    assert [run.number for run in runs(restored.former / OTHER)] == [3, 2, 1]
    assert not list(data.parent.rglob("write.holder"))
    slugs = [[each.slug for each in collections(folder)] for folder in (data, restored.former)]
    assert slugs == [["", "nothing-yet", "pears"], ["", "made-later", "nothing-yet", "pears"]]


def test_a_backup_of_the_former_format(settings: Settings, backup: Path, tmp_path: Path) -> None:
    for each in collections(settings.data_dir)[1:]:
        delete(each)
    back_up(settings, backup)

    def as_it_was(entries: dict[str, bytes]) -> None:
        manifest = json.loads(entries[MANIFEST])
        index = manifest.pop("indexes")["."]
        del manifest["folders"]["collections"]
        entries[MANIFEST] = json.dumps(manifest | index | {"format": 1}).encode()

    rewritten(backup, as_it_was)
    assert restore(backup, Settings(data_dir=tmp_path / "fresh")).runs == {".": 1}
    assert answer(tmp_path / "fresh") == ["Apples are red fruit."]
