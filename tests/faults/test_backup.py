"""Backups that are made while everything goes on, on full disks, cut off; and restores that are killed."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.schema import Turn
from ingest.collections import create
from ingest.errors import BackupFailed, IndexLocked, IndexUnwritable
from ingest.runs.pipeline import ingest
from ingest.settings import Settings, folder_of
from tests.conftest import FakeEncoder
from tests.faults.case import QUESTION, Case
from ui.handlers.backup import back_up
from ui.handlers.conversations import Conversations
from ui.handlers.restore import restore

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEXT = "# Apples\n\nApples are red fruit.\n"
OTHER_FOLDER = "collections/other"
OTHER = "# Pears\n\nPears are green fruit.\n"


def tree(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files but locks."""
    locks = ("write.lock", "write.holder", ".lock")
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in locks)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def answered(data: Path) -> str:
    """Return what the main collection and the other one answer, which is the same."""
    told = set()
    for folder in (data, data / OTHER_FOLDER):
        with closing(Assistant(Index(folder, FakeEncoder()))) as assistant:
            quotes = (assistant.ask(f"Are {each} fruit?").quotes for each in ("apples red", "pears green"))
            told.add(" ".join(quote.text for found in quotes for quote in found))
    (same,) = told
    return same


def ingest_both(root: Path, data: Path) -> None:
    for folder in (data, data / OTHER_FOLDER):
        ingest([root], folder, FakeEncoder())


@pytest.fixture
def settings(tmp_path: Path, write: Callable[..., Path]) -> Settings:
    """A data folder with three collections, one of them empty."""
    data = tmp_path / "data"
    create(data, "Other")
    create(data, "Empty")
    ingest_both(write({"apples.md": TEXT}), data)
    write({"uploads/apples.md": TEXT, "feedback.jsonl": "{}\n"}, "data")
    return Settings(data_dir=data)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "one.zip"


@contextmanager
def room(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a full disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


@pytest.mark.parametrize("collection", ["", "sheets"])
def test_a_backup_while_everything_goes_on(
    case: Case, tmp_path: Path, backup: Path, start: Callable[..., "subprocess.Popen[str]"], collection: str
) -> None:
    settings = Settings(data_dir=tmp_path / "data", collection=collection)
    data = settings.folder
    data.parent.mkdir(parents=True, exist_ok=True)
    case.fresh().rename(data)
    over, told = threading.Event(), []

    def ask() -> None:
        with closing(Assistant(Index(data, FakeEncoder()))) as assistant:
            while not over.is_set():
                answer = assistant.ask(QUESTION)
                kept = Conversations(assistant, settings).keep("a" * 32, "", (Turn(1, QUESTION, answer),))
                told.append(kept.note)
                over.wait(0.2)  # leaves the others some time

    asking = threading.Thread(target=ask)
    asking.start()
    editions: list[str] = []
    numbers = count()
    while "new" not in editions[-1:]:
        with start(data, case.root) as writer:  # it may find the index locked by a backup
            ended = False
            while not ended:
                ended = writer.poll() is not None
                number = next(numbers)
                target, fresh = backup.with_name(f"{number}.zip"), tmp_path / f"restored-{number}"
                try:
                    back_up(settings, target)
                except IndexLocked:
                    editions.append("locked")
                    continue
                restore(target, Settings(data_dir=fresh))
                editions.append(case.check(folder_of(fresh, collection)))
                over.wait(0.1)
    over.set()
    asking.join()
    assert "old" in editions
    assert list(fresh.rglob("chroma/*/index_metadata.pickle"))  # of the graph that the last backup holds
    assert told
    assert set(told) == {""}
    assert not list(backup.parent.glob(".*"))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_full_disk(settings: Settings, backup: Path, tmp_path: Path, share: float) -> None:
    largest = max(path.stat().st_size for path in settings.data_dir.rglob("*") if path.is_file())
    before = tree(settings.data_dir)
    with room(int(share * largest)), pytest.raises((BackupFailed, IndexUnwritable), match="cannot be"):
        back_up(settings, backup)
    assert os.listdir(backup.parent) == []
    back_up(settings, backup)
    for name in ("data", "fresh"):
        with room(int(share * largest)), pytest.raises((BackupFailed, IndexUnwritable), match="cannot be"):
            restore(backup, Settings(data_dir=tmp_path / name), force=True)
    assert sorted(os.listdir(tmp_path)) == ["backups", "corpus", "data"]
    assert tree(settings.data_dir) == before


def test_cut_and_changed_backups(settings: Settings, backup: Path, tmp_path: Path, times: int) -> None:
    back_up(settings, backup)
    whole, before = backup.read_bytes(), tree(settings.data_dir)
    chance = random.Random(times)
    cuts = [0, 1, 22, len(whole) // 2, len(whole) - 23, len(whole) - 1]
    bad = [whole[:length] for length in cuts + [chance.randrange(len(whole)) for _ in range(10 * times)]]
    bad += [whole[: len(whole) // 3] + whole[len(whole) // 3 + 1 :], b"PK" + whole, whole + whole]
    for number, content in enumerate(bad):
        backup.write_bytes(content)
        try:
            restored = restore(backup, Settings(data_dir=tmp_path / "fresh"))
        except BackupFailed as error:
            assert "damaged or not a backup" in str(error)
        else:  # zipfile looks past what comes before a ZIP file
            assert number >= len(bad) - 2
            assert restored.runs == {".": 1, "collections/empty": 0, OTHER_FOLDER: 1}
            (tmp_path / "fresh").rename(tmp_path / f"fine-{number}")
        with pytest.raises(BackupFailed):
            restore(backup, settings)
    assert tree(settings.data_dir) == before
    assert not (tmp_path / "fresh").exists()


def test_a_changed_byte(settings: Settings, backup: Path, tmp_path: Path, times: int) -> None:
    """Whatever byte is damaged, the backup is refused, or what it restores is the same."""
    back_up(settings, backup)
    restore(backup, Settings(data_dir=tmp_path / "undamaged"))
    whole, wanted = backup.read_bytes(), tree(tmp_path / "undamaged")
    chance = random.Random(times)
    refused = 0
    for number in range(20 * times):
        at = chance.randrange(len(whole))
        backup.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        fresh = tmp_path / f"fresh-{number}"
        try:
            restore(backup, Settings(data_dir=fresh))
        except BackupFailed:
            refused += 1
            assert not fresh.exists()
        else:
            assert tree(fresh) == wanted
    assert refused > 10 * times


@pytest.fixture
def restored(settings: Settings, backup: Path) -> Iterator[Callable[[int], int]]:
    """Restore in a process that is killed at a step; return its exit status, or how many steps it took."""
    command = [sys.executable, str(Path(__file__).with_name("restorer.py")), str(backup), str(settings.data_dir)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as restorer:

        def run(step: int) -> int:
            assert restorer.stdin is not None and restorer.stdout is not None
            restorer.stdin.write(f"{step}\n")
            return int(restorer.stdout.readline())

        yield run


def test_a_killed_restore(
    settings: Settings,
    backup: Path,
    restored: Callable[[int], int],
    tmp_path: Path,
    write: Callable[..., Path],
    times: int,
) -> None:
    back_up(settings, backup)
    ingest_both(write({"apples.md": OTHER}), settings.data_dir)
    steps = restored(0)
    assert answered(settings.data_dir) == "Apples are red fruit."
    chance = random.Random(times)
    found = set()
    # The exchange is among the last steps.
    for step in [2, steps // 2, *range(steps - 9, steps, 2), *(chance.randrange(1, steps) for _ in range(times))]:
        ingest_both(write({"apples.md": OTHER}), settings.data_dir)
        assert answered(settings.data_dir) == "Pears are green fruit."
        shutil.rmtree(tmp_path / ".data.restoring", ignore_errors=True)  # removing it would take more steps
        asides = set(tmp_path.glob("data.before-restore-*"))
        assert restored(step) == -signal.SIGKILL
        found.add(answered(settings.data_dir))
        if answered(settings.data_dir) == "Apples are red fruit.":
            (former,) = set(tmp_path.glob("data.before-restore-*")) - asides
            assert answered(former) == "Pears are green fruit."
            assert tree(settings.data_dir)["feedback.jsonl"] == b"{}\n"
    assert found == {"Apples are red fruit.", "Pears are green fruit."}
    assert restored(0) > 0
    assert not list(tmp_path.glob(".*"))
