"""Files that would stall the program, end it or take all its memory: each fails by itself, and the run goes on."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Timer

import pytest

from ingest.errors import RunStopped, SourceUnreadable
from ingest.readers import isolated
from ingest.runs.pipeline import ingest
from ingest.runs.status import runs, status
from ingest.settings import DEFAULT_LIMITS, ReadLimits
from tests.conftest import FakeEncoder

pytestmark = pytest.mark.slow

LIMITS = ReadLimits(seconds=8, megabytes=700)
# The child process loads this before anything else: a reader that does what a file's first word says.
SITE = """
import os, signal
from pypdf.errors import DeprecationError
import ingest.readers.plain.text as text

reading = text.read

def read(data, source):
    word = data.split()[0]
    if word == b"loop":
        while True:
            pass
    if word == b"memory":
        bytearray(2_000_000_000)
    if word == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == b"raise":
        raise DeprecationError("no longer")
    if word == b"noise":
        print("noise " * 100_000, flush=True)
    return reading(data, source)

text.read = read
"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of texts whose reader has the faults that their first words name."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(site))
    root = tmp_path / "texts"
    root.mkdir()
    for name, word in enumerate(("apples", "loop", "pears", "memory", "crash", "raise", "noise", "plums")):
        (root / f"{name}-{word}.txt").write_text(f"{word} are mentioned here.\n", encoding="utf-8")
    return root


def test_a_faulty_file_fails_by_itself(faulty: Path, tmp_path: Path) -> None:
    report = ingest([faulty], tmp_path / "data", FakeEncoder(), limits=LIMITS)
    assert report.added == ["0-apples.txt", "2-pears.txt", "6-noise.txt", "7-plums.txt"]
    split_it = "split it, or remove it if you do not trust it; if you do, set"
    report_it = "save it again, or report this as a bug"
    assert dict(report.failed) == {
        "1-loop.txt": f"1-loop.txt: takes more than 8 seconds to read; {split_it} CITED_FILE_SECONDS higher",
        "3-memory.txt": f"3-memory.txt: takes more than 700 MB of memory to read; {split_it}"
        " CITED_FILE_MEGABYTES higher",
        "4-crash.txt": f"4-crash.txt: cannot be read (exit status -11); {report_it}",
        "5-raise.txt": f"5-raise.txt: cannot be read (DeprecationError); {report_it}",
    }


def test_interrupting_a_reading_ends_its_process(faulty: Path, tmp_path: Path) -> None:
    code = (
        "import pathlib, signal, threading\nfrom ingest.readers import isolated\n"
        "from ingest.settings import DEFAULT_LIMITS\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "print('begins', flush=True)\n"
        f"isolated.read(pathlib.Path({str(faulty / '1-loop.txt')!r}), 'loop.txt', DEFAULT_LIMITS, threading.Event())"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    child = 0
    while not child or Path(f"/proc/{child}/stat").read_text().split()[2] != "R":
        child = int(children.read_text().split()[0]) if children.read_text() else 0
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert b"KeyboardInterrupt" in errors
    assert not Path(f"/proc/{child}").exists()


def test_a_stop_ends_a_run_in_the_middle_of_a_file(faulty: Path, tmp_path: Path) -> None:
    (faulty / "1-loop.txt").rename(tmp_path / "loop.txt")
    ingest([faulty], tmp_path / "data", FakeEncoder(), limits=LIMITS)
    (tmp_path / "loop.txt").rename(faulty / "1-loop.txt")
    (faulty / "0-apples.txt").write_text("Apples are green.\n", encoding="utf-8")
    stop = Event()
    Timer(1.0, stop.set).start()
    started = time.monotonic()
    with pytest.raises(RunStopped, match="the index is as it was before"):
        ingest([faulty], tmp_path / "data", FakeEncoder(), stop=stop)
    assert time.monotonic() - started < 5
    assert [each.source for each in status(tmp_path / "data") if "1-loop" in each.source] == []
    assert len(runs(tmp_path / "data")) == 1


def test_a_process_that_outlives_its_parent_ends_by_itself(faulty: Path) -> None:
    with pytest.raises(SourceUnreadable, match="more than 0.2 seconds"):
        isolated.read(faulty / "1-loop.txt", "loop.txt", ReadLimits(0.2, LIMITS.megabytes), Event())
    command = [sys.executable, "-P", "-m", "ingest.readers.child", "700"]
    request = pickle.dumps(((faulty / "1-loop.txt", "loop.txt"), 0.5))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        child.stdin.write(request)
        child.stdin.flush()
        assert child.wait(timeout=20) == -signal.SIGXCPU


def reading_processes() -> list[str]:
    """Return the ids of this process's children that read files."""
    children: list[str] = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        try:
            children += (task / "children").read_text(encoding="ascii").split()
        except FileNotFoundError:  # a thread that has ended meanwhile
            continue
    return [pid for pid in children if b"ingest.readers.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_one_process_reads_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Apples are red.\n", encoding="utf-8")
    isolated.read(tmp_path / "a.txt", "a.txt", DEFAULT_LIMITS, Event())
    (reader,) = reading_processes()
    for _ in range(20):
        reading = isolated.read(tmp_path / "a.txt", "a.txt", DEFAULT_LIMITS, Event())
        assert reading_processes() == [reader]
    assert reading.sentences == (((0, 15),),)


def test_a_process_that_has_read_a_long_text_is_ended(tmp_path: Path) -> None:
    def read(text: str) -> int:
        """Read a file and return how many reading processes are left."""
        (tmp_path / "a.txt").write_text(text, encoding="utf-8")
        assert isolated.read(tmp_path / "a.txt", "a.txt", DEFAULT_LIMITS, Event()).document.text == text
        return len(reading_processes())

    assert read("Apples are red.\n") == 1
    assert read("Apples are red.\n\n" * (isolated.LARGE // 16)) == 0
    assert read("Apples are red.\n") == 1
