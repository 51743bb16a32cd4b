import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import pytest

from ingest.errors import IndexLocked, PruningUnconfirmed, RootInvalid, UserFacingError
from ingest.index.lock import write_lock
from ingest.models.encoder import Encoder
from ingest.runs.report import RunReport
from ingest.runs.watch import watch

Write = Callable[..., Path]
Outcomes = Callable[[], RunReport | UserFacingError]

PATIENCE = 60  # seconds

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.runs.watch.SETTLED", 200)
    monkeypatch.setattr("ingest.runs.watch.TICK", 100)


@pytest.fixture
def watched(write: Write, data: Path, encoder: Encoder) -> Iterator[Callable[..., Outcomes]]:
    """Watch paths in a thread; return a function that waits for the next outcome."""
    stop = Event()
    threads: list[Thread] = []

    def start(*paths: Path) -> Outcomes:
        outcomes: Queue[RunReport | UserFacingError] = Queue()

        def run() -> None:
            for outcome in watch(paths, data, encoder, stop=stop):
                outcomes.put(outcome)

        threads.append(Thread(target=run))
        threads[0].start()
        return lambda: outcomes.get(timeout=PATIENCE)

    yield start
    stop.set()
    threads[0].join(PATIENCE)
    assert not threads[0].is_alive()


def reported(outcome: RunReport | UserFacingError) -> RunReport:
    assert isinstance(outcome, RunReport), outcome
    return outcome


def test_changes_are_ingested_as_they_settle(watched: Callable[..., Outcomes], write: Write) -> None:
    root = write({"a.md": "A.", "b.md": "B."})
    outcome = watched(root)
    assert reported(outcome()).added == ["a.md", "b.md"]
    write({"c.md": "C.", "sub/d.md": "D."})
    assert reported(outcome()).added == ["c.md", "sub/d.md"]
    # How editors save: move the old file aside, write the new text under another name, rename it into place.
    (root / "a.md").rename(root / "a.md~")
    (root / ".a.md.swp").write_text("A, edited.", encoding="utf-8")
    (root / ".a.md.swp").rename(root / "a.md")
    (root / "a.md~").unlink()
    report = reported(outcome())
    assert (report.updated, report.removed, report.added) == (["a.md"], [], [])
    (root / "b.md").unlink()
    assert reported(outcome()).removed == ["b.md"]


def test_the_index_and_hidden_files_do_not_start_a_run(
    watched: Callable[..., Outcomes], write: Write, encoder: Encoder, tmp_path: Path
) -> None:
    root = write({"../a.md": "A.", "../b.md": "B."})
    outcome = watched(tmp_path)  # the index lies inside
    assert reported(outcome()).run == 1
    (tmp_path / ".hidden.md").write_text("x", encoding="utf-8")
    time.sleep(1)
    (tmp_path / "a.md").write_text("Changed.", encoding="utf-8")
    report = reported(outcome())
    assert (report.run, report.updated) == (2, ["a.md"])
    assert root.name == "corpus"


def test_errors_are_yielded_and_the_watch_continues(watched: Callable[..., Outcomes], write: Write, data: Path) -> None:
    root = write({"a.md": "A.", "b.md": "B.", "c.md": "C."})
    outcome = watched(root)
    outcome()
    (root / "a.md").unlink()
    (root / "b.md").unlink()
    assert isinstance(outcome(), PruningUnconfirmed)
    write({"a.md": "A.", "b.md": "B."})
    assert reported(outcome()).unchanged == ["a.md", "b.md", "c.md"]
    with write_lock(data):
        write({"a.md": "A, edited."})
        assert isinstance(outcome(), IndexLocked)
    assert reported(outcome()).updated == ["a.md"]


def test_a_single_file(watched: Callable[..., Outcomes], write: Write) -> None:
    root = write({"a.md": "A.", "b.md": "B."})
    outcome = watched(root / "a.md")
    outcome()
    write({"b.md": "B, edited."})
    time.sleep(0.5)
    write({"a.md": "A, edited."})
    report = reported(outcome())
    assert (report.run, report.updated) == (2, ["a.md"])


def test_a_single_file_that_is_replaced(watched: Callable[..., Outcomes], write: Write) -> None:
    root = write({"a.md": "A."})
    outcome = watched(root / "a.md")
    outcome()
    for text in ("A, edited.", "A, edited twice."):
        (root / "a.md.new").write_text(text, encoding="utf-8")
        (root / "a.md.new").replace(root / "a.md")
        assert reported(outcome()).updated == ["a.md"]
    (root / "a.md").rename(root / "a.md.bak")
    assert isinstance(outcome(), RootInvalid)
    (root / "a.md").write_text("A, again.", encoding="utf-8")
    assert reported(outcome()).updated == ["a.md"]


@pytest.mark.parametrize("away", ["deleted", "moved"])
def test_a_root_that_is_recreated(watched: Callable[..., Outcomes], write: Write, tmp_path: Path, away: str) -> None:
    root = write({"a.md": "A.", "sub/b.md": "B."})
    outcome = watched(root)
    outcome()
    for number in range(2):
        if away == "deleted":
            shutil.rmtree(root)
        else:
            root.rename(tmp_path / f"away-{number}")
        assert isinstance(outcome(), RootInvalid)
        write({"a.md": f"A {number}.", "sub/b.md": "B."})
        report = reported(outcome())
        assert (report.updated, report.unchanged, report.removed) == (["a.md"], ["sub/b.md"], [])
    write({"sub/c.md": "C."})
    assert reported(outcome()).added == ["sub/c.md"]


def test_a_root_that_is_swapped_for_another(watched: Callable[..., Outcomes], write: Write, tmp_path: Path) -> None:
    root = write({"a.md": "A."})
    outcome = watched(root)
    outcome()
    write({"a.md": "A, of the other."}, "other")
    root.rename(tmp_path / "former")
    (tmp_path / "other").rename(root)
    assert reported(outcome()).updated == ["a.md"]
    write({"b.md": "B."})
    assert reported(outcome()).added == ["b.md"]


def test_a_burst(watched: Callable[..., Outcomes], write: Write) -> None:
    root = write({"a.md": "A."})
    outcome = watched(root)
    outcome()
    names = [f"{number:03}.md" for number in range(500)]
    added: list[str] = []
    for name in names:
        write({name: f"Text {name}."})
    while len(added) < len(names):
        added += reported(outcome()).added
    assert sorted(added) == names


def test_a_missing_path(data: Path, encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(RootInvalid):
        next(watch([tmp_path / "none"], data, encoder, stop=Event()))
