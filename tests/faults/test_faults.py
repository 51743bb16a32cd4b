"""Whatever happens to the writer, readers see the run before or the run after, and the next run mends the rest."""

import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import IndexUnwritable, RootInvalid
from ingest.index.catalog import Catalog
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import RunReport, ingest
from ingest.runs.status import runs, status

Start = Callable[..., "subprocess.Popen[str]"]
Bound = Callable[[Callable[[], RunReport]], RunReport]

pytestmark = pytest.mark.slow

FILES = 200
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


class Case:
    """An index of the old edition, and the folder with the new one."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.root, self.encoder = folder / "sheets", encoder
        self._pristine, self._folder = folder / "pristine", folder
        write_edition(self.root, "old")
        ingest([self.root], self._pristine, encoder)
        write_edition(self.root, "new")
        self.finished = self.fresh("undisturbed")
        ingest([self.root], self.finished, encoder)
        self.wanted = self.content(self.finished)

    def fresh(self, name: str) -> Path:
        """Return a copy of the index of the old edition."""
        return Path(shutil.copytree(self._pristine, self._folder / name))

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


@pytest.fixture
def case(tmp_path: Path, encoder: Encoder) -> Case:
    return Case(tmp_path, encoder)


def wait(process: "subprocess.Popen[str]") -> str:
    """Return what the writer printed last."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return out.splitlines()[-1]


def test_killed_at_any_moment(case: Case, start: Start, times: int) -> None:
    data = case.fresh("timed")
    with start(data, case.root) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.perf_counter()
        assert process.stdout.readline() == "ends, 600 encoded\n"
        duration = time.perf_counter() - began
    chance = random.Random(times)
    for number in range(times):
        data = case.fresh(f"killed-{number}")
        with start(data, case.root) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(duration * 1.1 * (number + chance.random()) / times)
            process.send_signal(signal.SIGKILL)
        assert case.check(data) in ("old", "new")
        case.mend(data)
        shutil.rmtree(data)


def test_a_full_disk(case: Case, start: Start, times: int) -> None:
    largest = max(path.stat().st_size for path in case.finished.rglob("*") if path.is_file())
    for number in range(times):
        data = case.fresh(f"full-{number}")
        with start(data, case.root, str(int(largest * (number + 1) / (times + 1)))) as process:
            told = wait(process)
        assert told.startswith(("IndexUnwritable: ", "ends")), told
        assert case.check(data) == ("new" if told.startswith("ends") else "old")
        case.mend(data)
        shutil.rmtree(data)


def test_two_writers_started_together(case: Case, start: Start, times: int) -> None:
    for number in range(times):
        data = case.fresh(f"two-{number}")
        with start(data, case.root) as one, start(data, case.root) as other:
            told = sorted([wait(one), wait(other)])
        assert told[-1] == "ends, 600 encoded"
        assert told[0].startswith(("IndexLocked: ", "ends, 0 encoded"))
        assert case.check(data) == "new"
        assert case.content(data) == case.wanted
        shutil.rmtree(data)


def test_questions_asked_during_a_run(case: Case, start: Start) -> None:
    data = case.fresh("asked")
    seen = []
    with closing(Assistant(Index(data, case.encoder))) as assistant, start(data, case.root) as process:
        ended = False
        while not ended:
            ended = process.poll() is not None  # one more question after its end
            answer = assistant.ask(QUESTION)
            shown = answer.quotes or (answer.abstention.nearest if answer.abstention else ())
            words = {word for quote in shown for word in ("old", "new") if f"the {word} " in quote.text}
            (edition,) = words
            if seen[-1:] != [edition]:
                seen.append(edition)
        assert wait(process) == "ends, 600 encoded"
    assert seen == ["old", "new"]


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, encoder: Encoder, times: int) -> None:
    root, data, stop = tmp_path / "sheets", tmp_path / "data", Event()
    root.mkdir()
    (root / "still.md").write_text("Rest.\n", encoding="utf-8")
    busy = root / "busy.md"
    busy.write_text("A bit.\n", encoding="utf-8")

    def scribble() -> None:
        while not stop.is_set():
            for word in ("Walk", "Swim"):
                with busy.open("w", encoding="utf-8") as file:
                    for line in range(300):
                        file.write(f"{word} a bit on day {line}.\n\n")
                        file.flush()

    thread = Thread(target=scribble)
    thread.start()
    try:
        for _ in range(times):
            report = ingest([root], data, encoder)
            assert report.found == 2
            assert {source for source, _ in report.failed} <= {"busy.md"}
    finally:
        stop.set()
        thread.join()
    assert ingest([root], data, encoder).failed == []
    assert {source.source: source.characters for source in status(data)} == {
        "busy.md": len(busy.read_text(encoding="utf-8")),
        "still.md": 6,
    }


@pytest.mark.usefixtures("reads_here")
def test_what_loses_its_permissions(case: Case, bound_by_permissions: Bound) -> None:
    data = case.fresh("closed")
    shut = case.root / "shut"
    shut.mkdir()
    (shut / "a.md").write_text("Rest.\n", encoding="utf-8")
    ingest([case.root], data, case.encoder)
    shut.chmod(0)
    (case.root / "000.md").chmod(0)
    try:
        report = bound_by_permissions(lambda: ingest([case.root], data, case.encoder))
    finally:
        shut.chmod(0o755)
    assert sorted(report.failed) == [
        ("000.md", "000.md: cannot be read: Permission denied; check that it is a file you may read"),
        ("shut", "shut: permission denied"),
    ]
    assert report.removed == []
    assert len(status(data)) == FILES + 2
    assert [each.passages > 0 for each in status(data) if each.source in ("000.md", "shut/a.md")] == [True, True]
    assert runs(data)[0].counts["failed"] == 2
    (case.root / "000.md").chmod(0o644)
    assert ingest([case.root], data, case.encoder).failed == []
    assert len(status(data)) == FILES + 1


def test_a_root_that_loses_its_permissions(case: Case, bound_by_permissions: Bound) -> None:
    data = case.fresh("closed")
    case.root.chmod(0)
    try:
        with pytest.raises(RootInvalid, match="permission denied"):
            bound_by_permissions(lambda: ingest([case.root], data, case.encoder))
    finally:
        case.root.chmod(0o755)
    assert case.check(data) == "old"


def test_an_index_that_may_not_be_written(case: Case, bound_by_permissions: Bound) -> None:
    data = case.fresh("closed")
    folders = [data, *(path for path in data.rglob("*") if path.is_dir())]
    files = [path for path in data.rglob("*") if path.is_file()]
    for path in [*files, *folders]:
        path.chmod(0o444 if path in files else 0o555)
    try:
        with pytest.raises(IndexUnwritable):
            bound_by_permissions(lambda: ingest([case.root], data, case.encoder))
    finally:
        for path in [*folders, *files]:
            path.chmod(0o755)
    assert case.check(data) == "old"
    case.mend(data)
