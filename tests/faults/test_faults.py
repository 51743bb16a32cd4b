"""Whatever happens to the writer, readers see the run before or the run after, and the next run mends the rest."""

import random
import shutil
import signal
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
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import RunReport, ingest
from ingest.runs.status import runs, status
from tests.faults.case import PASSAGES, QUESTION, Case

Start = Callable[..., "subprocess.Popen[str]"]
Bound = Callable[[Callable[[], RunReport]], RunReport]

pytestmark = pytest.mark.slow


def wait(process: "subprocess.Popen[str]") -> str:
    """Return what the writer printed last."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return out.splitlines()[-1]


def test_killed_at_any_moment(case: Case, start: Start, times: int) -> None:
    data = case.fresh()
    with start(data, case.root) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.perf_counter()
        assert process.stdout.readline() == f"ends, {PASSAGES} encoded\n"
        duration = time.perf_counter() - began
    chance = random.Random(times)
    for number in range(times):
        data = case.fresh()
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
        data = case.fresh()
        with start(data, case.root, str(int(largest * (number + 1) / (times + 1)))) as process:
            told = wait(process)
        assert told.startswith(("IndexUnwritable: ", "ends")), told
        assert case.check(data) == ("new" if told.startswith("ends") else "old")
        case.mend(data)
        shutil.rmtree(data)


def test_two_writers_started_together(case: Case, start: Start, times: int) -> None:
    for _ in range(times):
        data = case.fresh()
        with start(data, case.root) as one, start(data, case.root) as other:
            told = sorted([wait(one), wait(other)])
        assert told[-1] == f"ends, {PASSAGES} encoded"
        assert told[0].startswith(("IndexLocked: ", "ends, 0 encoded"))
        assert case.check(data) == "new"
        assert case.content(data) == case.wanted
        shutil.rmtree(data)


def test_questions_asked_during_a_run(case: Case, start: Start) -> None:
    data = case.fresh()
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
        assert wait(process) == f"ends, {PASSAGES} encoded"
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
def test_what_loses_its_permissions(
    write: Callable[..., Path], tmp_path: Path, encoder: Encoder, bound_by_permissions: Bound
) -> None:
    data, root = tmp_path / "data", write({"closed.md": "Walk.", "open.md": "Swim.", "shut/a.md": "Rest."})
    ingest([root], data, encoder)
    write({"closed.md": "Walk a bit.", "open.md": "Swim a bit."})
    (root / "shut").chmod(0)
    (root / "closed.md").chmod(0)
    try:
        report = bound_by_permissions(lambda: ingest([root], data, encoder))
    finally:
        (root / "shut").chmod(0o755)
    assert sorted(report.failed) == [
        ("closed.md", "closed.md: cannot be read: Permission denied; check that it is a file you may read"),
        ("shut", "shut: permission denied"),
    ]
    assert (report.updated, report.removed) == (["open.md"], [])
    assert {each.source: each.passages for each in status(data)} == {
        "closed.md": 1,
        "open.md": 1,
        "shut": 0,
        "shut/a.md": 1,
    }
    assert runs(data)[0].counts["failed"] == 2
    (root / "closed.md").chmod(0o644)
    assert ingest([root], data, encoder).failed == []
    assert [each.source for each in status(data)] == ["closed.md", "open.md", "shut/a.md"]


def test_a_root_that_loses_its_permissions(case: Case, bound_by_permissions: Bound) -> None:
    data = case.fresh()
    case.root.chmod(0)
    try:
        with pytest.raises(RootInvalid, match="permission denied"):
            bound_by_permissions(lambda: ingest([case.root], data, case.encoder))
    finally:
        case.root.chmod(0o755)
    assert case.check(data) == "old"


def test_an_index_that_may_not_be_written(case: Case, bound_by_permissions: Bound) -> None:
    data = case.fresh()
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
