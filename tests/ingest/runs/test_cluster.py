"""Several workers make the same index as one, also when they are killed, and leave nothing behind."""

import os
import pickle
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import sqlalchemy as sa

from ingest.errors import ClusterInvalid, IndexMissing
from ingest.index import tables
from ingest.index.catalog import Catalog
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import OnnxEncoder, Vectors32
from ingest.readers.isolated import REPORT_IT
from ingest.runs import cluster
from ingest.runs.pipeline import RunReport, check, ingest
from ingest.runs.status import status
from ingest.settings import ReadLimits
from tests.conftest import FakeEncoder
from tests.servers import free_port, missing

ROOT = Path(__file__).parents[3]
TEXTS = 60
WORDS = ("much", "little", "nothing", "all", "none", "some")
LIMITS = ReadLimits(megabytes=700)
END_SECONDS = 60.0
SECONDS = 30.0
"""How long a stop may take at most; it takes 2 to 4 when nothing else runs."""
LOCAL = """
import signal, sys
from pathlib import Path
from ingest.runs.pipeline import ingest
from tests.conftest import FakeEncoder

signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the command does
data, show = Path(sys.argv[2]), lambda done, _total, _source: print(done, flush=True)
ingest([Path(sys.argv[1])], data, FakeEncoder(), workers="2", on_progress=show)
"""
# The reader's child process and the workers load this first: a text may name a fault.
SITE = """
import os, signal
import ingest.readers.plain.text as text

reading = text.read

def read(data, source):
    if data.startswith(b"memory"):
        bytearray(2_000_000_000)
    if data.startswith(b"crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    return reading(data, source)

text.read = read
"""


class Deadly(FakeEncoder):
    """Encodes slowly, and kills the process that cuts a text with the word bomb, unless that is `survivor`."""

    def __init__(self) -> None:
        super().__init__()
        self.survivor = os.getpid()

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        time.sleep(1.0)  # so that files wait until the workers have encoded
        return super().encode(texts, query=query)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if any("bomb" in text for text in texts) and os.getpid() != self.survivor:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().count_tokens(texts)


class Head(NamedTuple):
    """The process that runs a cluster, and its address."""

    pid: int
    address: str


def needs_ray(request: pytest.FixtureRequest) -> None:
    """Skip a test, or fail it, where Ray is not installed."""
    if find_spec("ray") is None:
        missing(request, "Ray is not installed")


@pytest.fixture(scope="module")
def head(request: pytest.FixtureRequest) -> Iterator[Head]:
    """A Ray cluster on this machine with two processors."""
    needs_ray(request)
    with pytest.MonkeyPatch.context() as changed, tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        (Path(folder) / "sitecustomize.py").write_text(SITE, encoding="utf-8")
        changed.setenv("PYTHONPATH", f"{folder}:{ROOT}")
        changed.setenv("RAY_AUTH_MODE", "token")
        changed.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        changed.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # otherwise it listens on all addresses
        changed.setenv("AUTOSCALER_METRIC_PORT", "0")
        changed.setenv("RAY_worker_niceness", "0")
        changed.setenv("RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S", "300")  # 30 is too short for a busy machine
        port, ports = free_port(), "--min-worker-port=0 --max-worker-port=0"
        options = f"--head --block --num-cpus=2 --include-dashboard=false --disable-usage-stats {ports}"
        command = [Path(sys.executable).with_name("ray"), "start", *options.split(), f"--temp-dir={folder}"]
        command += [f"--port={free_port()}", f"--ray-client-server-port={port}"]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield Head(process.pid, f"ray://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(END_SECONDS)


def children(pid: int) -> list[int]:
    """Return the processes below a process."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found += [child, *children(child)]
    return found


def title(pid: int) -> str:
    """Return the command line of a process, or "" if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def named(name: str, pids: list[int]) -> list[int]:
    """Return those of the processes whose command line contains a name."""
    return [pid for pid in pids if name in title(pid)]


def listening(pid: int) -> set[str]:
    """Return the addresses that a process listens on."""
    sockets = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
    found = set()
    for line in chain(*(Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6"))):
        _, local, _, state, *rest = line.split()
        if state == "0A" and f"socket:[{rest[5]}]" in sockets:
            found.add(socket.inet_ntoa(bytes.fromhex(local.split(":")[0])[-4:][::-1]))
    return found


def contents(data: Path) -> tuple[list[object], dict[str, list[float]]]:
    """Return every row of the documents and passages of an index, and its vectors."""
    with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
        places: list[object] = []
        for table in (tables.documents, tables.passages):
            places += [
                tuple(row) for row in snapshot._connection.execute(sa.select(table).order_by(*table.primary_key))
            ]
        identity, shas = snapshot.encoder(), snapshot.shas()
    assert identity is not None
    with Vectors(data / VECTORS_FOLDER, identity, read_only=True) as vectors:
        assert vectors.count() == len(shas)
        parts = [zip(found, rows.tolist(), strict=True) for found, rows in vectors.stored(shas)]
        return places, dict(chain(*parts))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of texts, of which some share passages, one is empty, and one stops being a file that can be read."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(TEXTS):
        paragraphs = [f"Text {number} says {word} about {number * 7}." for word in WORDS]
        shared = f"All texts of group {number % 3} say this."
        (folder / f"{number:02}.txt").write_text("\n\n\n".join([*paragraphs, shared]), encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "large.md").write_text("# Large\n\n" + "A sentence of a large text. " * 20_000, encoding="utf-8")
    return folder


@pytest.fixture
def reference(root: Path, tmp_path: Path) -> tuple[RunReport, Path]:
    """The report and index of an undisturbed run by this process alone."""
    return ingest([root], tmp_path / "alone", FakeEncoder(), limits=LIMITS), tmp_path / "alone"


@pytest.mark.slow
def test_workers_make_the_same_index_though_one_is_killed(head: Head, root: Path, tmp_path: Path) -> None:
    for fault in ("crash", "memory"):
        (root / f"{fault}.txt").write_text(f"{fault} is what this text does to its reader.", encoding="utf-8")
    alone = ingest([root], tmp_path / "alone", FakeEncoder(), limits=LIMITS)
    assert [source for source, _ in alone.failed] == ["crash.txt", "empty.txt", "memory.txt"]
    (root / "bomb.txt").write_text("A bomb.", encoding="utf-8")
    killed: list[int] = []

    def kill(done: int, _total: int, _source: str) -> None:
        """Kill a worker in the middle of the run, as the system does if memory runs out."""
        if done >= TEXTS // 3 and not killed:
            killed.append(named("ray::Worker", children(head.pid))[0])
            os.kill(killed[0], signal.SIGKILL)

    report = ingest([root], tmp_path / "data", Deadly(), workers=head.address, limits=LIMITS, on_progress=kill)
    assert len(killed) == 1
    bomb = f"bomb.txt: cannot be read (it ended the process that read it 3 times); {REPORT_IT}"
    assert report.failed == [("bomb.txt", bomb), *alone.failed]
    assert replace(report, found=alone.found, failed=alone.failed) == alone
    documents, vectors = contents(tmp_path / "data")
    assert len(vectors) == alone.encoded
    assert (documents, vectors) == contents(tmp_path / "alone")


@pytest.mark.slow
def test_a_stop_ends_the_workers_and_changes_nothing(
    request: pytest.FixtureRequest, root: Path, reference: tuple[RunReport, Path], tmp_path: Path
) -> None:
    needs_ray(request)
    command = [sys.executable, "-c", LOCAL, root, tmp_path / "data"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "5\n":
            assert process.poll() is None
        below = children(process.pid)
        folders = {found for pid in below for found in re.findall(r"/tmp/ray-\w+", title(pid))}
        addresses = {address for pid in (process.pid, *below) for address in listening(pid)}
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) != 0
    assert len(named("ray::", below)) == 0
    assert [folder for folder in folders if Path(folder).exists()] == []
    assert (len(folders), addresses) == (1, {"127.0.0.1"})
    with pytest.raises(IndexMissing):
        status(tmp_path / "data")
    ingest([root], tmp_path / "data", FakeEncoder(), limits=LIMITS)
    assert contents(tmp_path / "data") == contents(reference[1])


@pytest.mark.slow
def test_an_unchanged_folder_starts_no_workers(
    root: Path, reference: tuple[RunReport, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "empty.txt").unlink()
    monkeypatch.setattr(cluster, "find_spec", lambda _: True)
    monkeypatch.setitem(sys.modules, "ray", None)  # importing it fails
    report = ingest([root], reference[1], FakeEncoder(), workers="2")
    assert len(report.unchanged) == TEXTS + 1


def test_without_ray_the_error_names_what_to_install(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(ClusterInvalid, match=r"needs Ray.*pip install.*\.\[cluster\]"):
        ingest([root], tmp_path / "data", FakeEncoder(), workers="2")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("workers", ["0", "-1", "two", "ray://", "ray://host", "http://host:1", "1.5", ""])
def test_workers_are_a_number_or_a_cluster(root: Path, tmp_path: Path, workers: str) -> None:
    with pytest.raises(ClusterInvalid, match="use a number such as 4, or ray://HOST:PORT"):
        check([root], tmp_path / "data", workers)


@pytest.mark.model
def test_an_encoder_travels_without_its_folder(exported: OnnxEncoder) -> None:
    there = pickle.loads(pickle.dumps(exported))
    texts = ["Hips are joints.", "Backs are not."]
    assert there.identity == exported.identity
    assert np.array_equal(there.encode(texts), exported.encode(texts))
    assert there.count_tokens(texts) == exported.count_tokens(texts)
