"""Runs of the page in the background: progress, cancelling, and folders that are watched meanwhile."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import IndexLocked, RunStopped
from ingest.index.lock import write_lock
from ingest.models.encoder import Vectors32
from ingest.runs.journal import authors
from ingest.runs.pipeline import RunReport, ingest
from ingest.runs.status import status
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from ui.handlers import corpus, folders
from ui.handlers.corpus import Planned
from ui.handlers.ingesting import Ingesting, IngestProgress
from ui.handlers.watching import BY, FILE_NAME
from ui.page.corpus import left_words, progress_html

Write = Callable[..., Path]
PATIENCE = 30.0  # seconds
QUICK = 5.0  # seconds in which everything has to end

pytestmark = pytest.mark.slow


class Held(FakeEncoder):
    """An encoder that waits, at a text with the word "slow", until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.release = Event(), Event()

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        if not query and any("slow" in text for text in texts):
            self.reached.set()
            self.release.wait(PATIENCE)
        return super().encode(texts, query=query)


@pytest.fixture
def settings(tmp_path: Path, write: Write) -> Settings:
    """Settings of an index of one folder."""
    settings = Settings(data_dir=tmp_path / "data")
    ingest([write({"a.md": "Apples are red."}, "texts")], settings.folder, FakeEncoder())
    return settings


@pytest.fixture
def encoder() -> Held:
    return Held()


@pytest.fixture
def page(settings: Settings, encoder: Held) -> Iterator[Callable[[], Ingesting]]:
    """Open pages on the collection; all are ended at the end."""
    ending = Event()
    yield lambda: Ingesting(settings, lambda: encoder, ending)
    encoder.release.set()
    ending.set()


def ended(ingesting: Ingesting) -> RunReport | Planned | IngestProgress:
    *_, last = ingesting.follow()
    return last


def until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def names(settings: Settings) -> list[str]:
    return [each.source for each in status(settings.folder)]


def watched(settings: Settings) -> list[str]:
    found: list[str] = json.loads((settings.folder / FILE_NAME).read_text())
    return found


def test_a_run_tells_how_far_it_is_and_one_can_ask_meanwhile(
    page: Callable[[], Ingesting], settings: Settings, write: Write, encoder: Held
) -> None:
    root = write({f"{number}.md": f"The slow text {number}." for number in range(300)}, "more")
    ingesting = page()
    assert list(ingesting.follow()) == []
    assert ingesting.start(folders.plan_new(str(root), settings))
    encoder.reached.wait(PATIENCE)
    seen = next(ingesting.follow())
    assert isinstance(seen, IngestProgress)
    assert 200 < seen.done < 300
    assert (seen.total, seen.source.endswith(".md"), seen.waiting) == (300, True, False)
    assert not ingesting.start(corpus.plan_all(settings))
    assistant = Assistant(Index(settings.folder, encoder))
    assert [each.passage.source for each in assistant.search("What colour are apples?")] == ["a.md"]
    assistant.close()
    encoder.release.set()
    report = ended(ingesting)
    assert isinstance(report, RunReport)
    assert len(report.added) == 300
    assert not ingesting.running


def test_a_cancelled_run_changes_nothing_and_can_be_tried_again(
    page: Callable[[], Ingesting], settings: Settings, write: Write, encoder: Held
) -> None:
    planned = folders.plan_new(str(write({f"{n}.md": f"The slow text {n}." for n in range(300)}, "more")), settings)
    ingesting = page()
    ingesting.start(planned)
    encoder.reached.wait(PATIENCE)
    ingesting.cancel()
    encoder.release.set()
    with pytest.raises(RunStopped):
        ended(ingesting)
    assert names(settings) == ["a.md"]
    assert ingesting.start(planned)
    report = ended(ingesting)
    assert isinstance(report, RunReport)
    assert report.encoded < 300  # the rest was encoded by the run that was cancelled


def test_a_watched_folder_is_read_when_it_changes_and_after_the_page_started_again(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path
) -> None:
    root = str(tmp_path / "texts")
    page().watching.begin(root)
    assert watched(settings) == [root]
    write({"b.md": "Berries are blue."}, "texts")
    until(lambda: names(settings) == ["a.md", "b.md"])
    again = page()
    again.watching.resume()
    assert again.watching.folders == {root}
    write({"c.md": "Cherries are red."}, "texts")
    until(lambda: names(settings) == ["a.md", "b.md", "c.md"])
    until(lambda: BY in authors(settings.folder).values())


def test_a_folder_is_no_longer_read_once_the_switch_is_off(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path
) -> None:
    root, ingesting = str(tmp_path / "texts"), page()
    ingesting.watching.begin(root)
    until(lambda: BY in authors(settings.folder).values())
    ingesting.watching.end(root)
    assert (watched(settings), ingesting.watching.folders) == ([], frozenset())
    write({"b.md": "Berries are blue."}, "texts")
    time.sleep(2)
    assert names(settings) == ["a.md"]


def test_a_folder_that_leaves_the_collection_is_no_longer_watched(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path
) -> None:
    root, ingesting = str(tmp_path / "texts"), page()
    ingesting.watching.begin(root)
    ingesting.start(folders.plan_removal("texts", settings))
    assert isinstance(ended(ingesting), RunReport)
    assert watched(settings) == []
    write({"b.md": "Berries are blue."}, "texts")
    time.sleep(2)
    assert names(settings) == []
    (settings.folder / FILE_NAME).write_text(json.dumps([root, "/nowhere", 3]))
    ingesting.watching.resume()  # as after `cited forget`
    assert ingesting.watching.folders == frozenset()


def test_a_collection_that_is_deleted_does_not_come_back(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path
) -> None:
    ingesting = page()
    ingesting.watching.begin(str(tmp_path / "texts"))
    until(lambda: BY in authors(settings.folder).values())
    settings.folder.rename(tmp_path / "deleted")
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "watching"])
    write({"b.md": "Berries are blue."}, "texts")
    time.sleep(1)
    assert not settings.folder.exists()


def test_a_removal_that_fails_leaves_the_folder_watched(
    page: Callable[[], Ingesting], settings: Settings, tmp_path: Path
) -> None:
    root, ingesting = str(tmp_path / "texts"), page()
    planned = folders.plan_removal("texts", settings)
    ingesting.watching.begin(root)
    until(lambda: BY in authors(settings.folder).values())
    with write_lock(settings.folder):
        ingesting.start(planned)
        until(lambda: not ingesting.running)
    with pytest.raises(IndexLocked):
        ended(ingesting)
    assert (ingesting.watching.folders, names(settings)) == ({root}, ["a.md"])


def test_a_watched_folder_that_is_missing_is_told_and_does_not_hold_up_the_others(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path
) -> None:
    other = write({"b.md": "Berries are blue."}, "other")
    ingest([other], settings.folder, FakeEncoder())
    (tmp_path / "texts").rename(tmp_path / "away")
    ingesting = page()
    for root in (tmp_path / "texts", other):
        ingesting.watching.begin(str(root))
    write({"c.md": "Cherries are red."}, "other")
    until(lambda: "c.md" in names(settings))
    until(lambda: list(ingesting.watching.failures) == [str(tmp_path / "texts")])
    told = ingesting.watching.failures[str(tmp_path / "texts")]
    assert "no such file or folder" in told
    assert str(tmp_path) not in told


def test_a_run_by_hand_waits_for_a_watched_folder_and_the_folder_for_it(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path, encoder: Held
) -> None:
    ingesting = page()
    write({"b.md": "The slow berries."}, "texts")
    ingesting.watching.begin(str(tmp_path / "texts"))
    encoder.reached.wait(PATIENCE)
    (tmp_path / "ships.txt").write_text("Ninety ships.")
    ingesting.start(corpus.add([tmp_path / "ships.txt"], settings))
    seen = ingesting.follow()
    until(lambda: getattr(next(seen), "waiting", False))
    assert "Waiting until a watched folder has been read" in progress_html(IngestProgress(0, 1, "", waiting=True))
    encoder.release.set()
    assert isinstance(ended(ingesting), RunReport)
    assert names(settings) == ["a.md", "b.md", "ships.txt"]
    encoder.release.clear()
    encoder.reached.clear()
    planned = folders.plan_new(str(write({"d.md": "The slow dates."}, "more")), settings)
    ingesting.start(planned)
    encoder.reached.wait(PATIENCE)
    write({"c.md": "Cherries are red."}, "texts")
    time.sleep(1)
    encoder.release.set()
    assert isinstance(ended(ingesting), RunReport)
    until(lambda: "c.md" in names(settings))
    assert ingesting.watching.failures == {}


def test_a_watched_folder_waits_for_another_process_too(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path
) -> None:
    ingesting = page()
    write({"b.md": "Berries are blue."}, "texts")
    with write_lock(settings.folder):
        ingesting.watching.begin(str(tmp_path / "texts"))
        time.sleep(1)
    until(lambda: "b.md" in names(settings))
    assert ingesting.watching.failures == {}


def test_a_run_and_a_watch_end_within_seconds_when_the_page_stops(
    settings: Settings, write: Write, tmp_path: Path, encoder: Held
) -> None:
    ending = Event()
    ingesting = Ingesting(settings, lambda: encoder, ending)
    ingesting.watching.begin(str(tmp_path / "texts"))
    ingesting.start(folders.plan_new(str(write({f"{n}.md": f"Text {n}." for n in range(500)}, "more")), settings))
    started = time.monotonic()
    ending.set()
    until(lambda: not ingesting.running)
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "watching"])
    assert time.monotonic() - started < QUICK
    with pytest.raises(RunStopped):
        ended(ingesting)
    assert names(settings) == ["a.md"]


@pytest.mark.parametrize(
    ("done", "total", "seconds", "words"),
    [
        (0, 10, 60.0, ""),
        (5, 10, 1.0, ""),
        (5, 10, 5.0, "a few seconds left"),
        (1, 10, 5.0, "less than a minute left"),
        (1, 10, 12.0, "about 2 minutes left"),
        (1, 100, 300.0, "about 8 hours left"),
        (10, 10, 60.0, "a few seconds left"),
    ],
)
def test_the_time_left_is_told_in_words(done: int, total: int, seconds: float, words: str) -> None:
    assert left_words(IngestProgress(done, total, "a.md", seconds)) == words


def test_progress_names_the_file_and_counts_only_what_is_read() -> None:
    html = progress_html(IngestProgress(3, 1200, "notes/a.md", 30.0))
    assert "3 of 1,200 files read · about 3 hours left" in html
    assert "Now reading <bdi>notes/a.md</bdi>" in html
    assert "Finishing" in progress_html(IngestProgress(2, 2, ""))
    assert "Starting" in progress_html(IngestProgress(0, 2, ""))


@pytest.mark.slow
def test_of_several_pages_one_watches_and_another_goes_on(settings: Settings, write: Write, tmp_path: Path) -> None:
    before = set(threading.enumerate())  # such as those of pages that other tests share

    def running(name: str) -> int:
        return sum(each.name.startswith(name) for each in set(threading.enumerate()) - before)

    root, gone = str(tmp_path / "texts"), str(tmp_path / "gone")
    ingest([write({"x.md": "Xylophones ring."}, "gone")], settings.folder, FakeEncoder())
    first, second = Event(), Event()
    one, other = (Ingesting(settings, FakeEncoder, ending).watching for ending in (first, second))
    try:
        one.resume()
        other.resume()
        one.begin(root)
        other.begin(gone)  # the page that watches takes it over
        (tmp_path / "gone").rename(tmp_path / "moved")
        until(lambda: gone in other.failures)
        assert one.folders == other.folders == {root, gone}
        assert running("watching") == 4  # two folders, and two pages that wait for their turn
        other.end(gone)
        until(lambda: running("watching") == 3)
        assert one.failures == other.failures == {}
        first.set()
        until(lambda: len(authors(settings.folder)) > 0)
        write({"b.md": "Berries are blue."}, "texts")
        until(lambda: "b.md" in names(settings))
    finally:
        first.set()
        second.set()
    until(lambda: not running("watching"))


@pytest.mark.slow
def test_watching_begins_when_the_catalog_can_be_read_again(
    page: Callable[[], Ingesting], settings: Settings, write: Write, tmp_path: Path
) -> None:
    root, catalog = str(tmp_path / "texts"), settings.folder / "catalog.sqlite"
    (settings.folder / FILE_NAME).write_text(json.dumps([root]))
    kept = catalog.read_bytes()
    catalog.write_bytes(b"no database " * 1_000)
    watching = page().watching
    watching.resume()
    assert not [each for each in threading.enumerate() if each.name == "watching"]
    catalog.write_bytes(kept)
    write({"b.md": "Berries are blue."}, "texts")
    until(lambda: names(settings) == ["a.md", "b.md"])
