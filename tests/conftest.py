"""What all tests share: no network, a deterministic encoder, tiny corpora."""

import gc
import hashlib
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from argon2 import PasswordHasher
from filelock import FileLock

from ingest.models.encoder import BUNDLED, EncoderIdentity, OnnxEncoder, Vectors32, open_encoder
from ingest.readers.registry import read
from ingest.runs.pipeline import RunReport, ingest
from ingest.schema import Document, Reading
from ingest.text.sentences import document_sentences
from tests.servers import (  # noqa: F401 - fixtures
    catalogs,
    chroma_server,
    postgresql,
    postgresql_server,
    running_chroma,
)
from ui.page.stubs import without_stubs

ROOT = Path(__file__).parents[1]
DIMENSION = 64
IN_MEMORY = Path("/dev/shm")
ROOM = 4_000_000_000  # bytes; all tests together write less than half of that
# Gradio asks pandas 3 for options of pandas 2 when it sums up its events, in a thread of its own.
GRADIO_WARNINGS = (
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-browser", action="store_true", help="fail where Chromium is missing")
    parser.addoption("--require-servers", action="store_true", help="fail where a server to test with is missing")
    parser.addoption("--cluster", metavar="FILE", default=None, help="let test_cluster.py ingest these documents")
    parser.addoption("--cluster-prompts", metavar="FILE", default=None, help="let test_cluster.py ask these questions")
    parser.addoption("--screenshots", metavar="DIR", default=None, help="save the browser tests' screenshots here")
    parser.addoption("--models", metavar="DIR", default=None, help="keep the exported encoder here for the next time")


def pytest_configure() -> None:
    """Keep what tests write in memory, where there is room: a disk syncs thousands of indexes."""
    if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    with without_stubs():  # each process would write them
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Call what needs a real server slow: it is started first."""
    for item in items:
        if {"postgresql_server", "running_chroma"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Keep what lives until the end, modules and tests, out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"  # a path is a socket of this machine
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {host}")
        real(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the caller's CITED_ variables and data directory out of the tests."""
    for name in [name for name in os.environ if name.startswith("CITED_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CITED_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hash passwords with little work; the parameters of the library take a seventh of a second each."""
    time_cost, memory_cost, parallelism = 1, 1_024, 1
    rest = PasswordHasher.__init__.__defaults__[3:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PasswordHasher.__init__, "__defaults__", (time_cost, memory_cost, parallelism, *rest))
        yield


def reading_of(document: Document) -> Reading:
    """Return a document with its sentences."""
    return Reading(document, document_sentences(document))


@pytest.fixture
def reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in this process, where a test has changed what may be read, instead of in the child process."""
    monkeypatch.setattr("ingest.readers.isolated.read", lambda path, source, *_: reading_of(read(path, source)))


class FakeEncoder:
    """A bag of words: each word has a fixed random vector, a text is their sum.

    `encoded` remembers every text that was encoded.
    """

    def __init__(self, revision: str = "1", window: int = 64) -> None:
        self.identity = EncoderIdentity("fake", revision, DIMENSION, window)
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        self.encoded.extend(texts)
        return np.stack([_text_vector(text) for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def _text_vector(text: str) -> Vectors32:
    vectors = [_word_vector(word.casefold()) for word in re.findall(r"\w+", text)] or [_word_vector("")]
    whole = np.array(vectors, dtype=np.float32).sum(axis=0)
    return (whole / np.linalg.norm(whole)).astype(np.float32)


@cache
def _word_vector(word: str) -> Vectors32:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    vector = np.random.default_rng(seed).standard_normal(DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a corpus: `write({"sub/a.md": "text"})`; returns its folder."""
    return lambda files, folder="corpus": write_files(tmp_path / folder, files)


def write_files(root: Path, files: dict[str, str]) -> Path:
    """Write files into a folder, and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root


@pytest.fixture
def indexed(tmp_path: Path, encoder: FakeEncoder, write: Callable[..., Path]) -> Iterator[Callable[..., RunReport]]:
    """Write files and ingest them into `tmp_path / "data"`."""

    def run(files: dict[str, str], folder: str = "corpus") -> RunReport:
        return ingest([write(files, folder)], tmp_path / "data", encoder)

    yield run


@pytest.fixture(scope="session")
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Folder with the bundled encoder, exported once for all tests and all of pytest-xdist's workers."""
    base = tmp_path_factory.getbasetemp()
    kept = request.config.getoption("--models")
    folder = Path(kept).absolute() if kept else (base if worker_id == "master" else base.parent) / "models"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        open_encoder(BUNDLED, folder)
    return folder


@pytest.fixture(scope="session")
def exported(models: Path) -> OnnxEncoder:
    """The bundled encoder."""
    return open_encoder(BUNDLED, models)


@pytest.fixture(scope="session")
def shipped(exported: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Data folder with an index of the shipped texts, made once for all of pytest-xdist's workers: to be copied."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "shipped"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            draft = folder.with_suffix(".draft")
            ingest([ROOT / "corpus"], draft, exported)
            draft.rename(folder)
    return folder
