"""Whatever is missing or damaged in the data folder: the same answer, or one line with a remedy that works."""

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import IndexUnreadable, ModelMissing, UserFacingError
from ingest.index.doctor import examine
from ingest.runs import pipeline
from ingest.runs.pipeline import ingest
from ingest.runs.status import status
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from tests.faults.case import write_index

pytestmark = pytest.mark.slow

PASSAGES = 390
QUESTION = "What does exercise seventeen strengthen in the first weeks?"
ANSWER = "Exercise seventeen strengthens the old muscles in the first weeks."
GRAPH_FILES = ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin", "index_metadata.pickle")
FILES = (
    "catalog.sqlite",
    "catalog.sqlite-wal",
    "chroma/chroma.sqlite3",
    *(f"chroma/*/{name}" for name in GRAPH_FILES),
    "write.lock",
    "feedback.jsonl",
    "history/a/20260101-000000-00000000.json",
    "prompts/saved.jsonl",
)

Start = Callable[..., "subprocess.Popen[str]"]
Outcome = tuple[str, ...]


def write_notes(root: Path, edition: str) -> None:
    root.mkdir(exist_ok=True)
    for number in range(13):
        parts = [
            f"## Part {number} {part}\n\nNote {number} {part} of the {edition} edition is about {number * part}.\n\n"
            for part in range(PASSAGES // 13)
        ]
        (root / f"{number:02}.md").write_text("".join(parts), encoding="utf-8")
    (root / "answer.md").write_text(ANSWER.replace("old", edition), encoding="utf-8")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of notes and its index beside it, with a catalog whose last changes are still in its -wal file."""
    folder = tmp_path_factory.mktemp("damage")
    write_notes(folder / "notes", "old")
    write_index(folder / "notes", folder / "made", FakeEncoder())
    with closing(sqlite3.connect(folder / "made" / "catalog.sqlite")) as reader:
        reader.execute("BEGIN").execute("SELECT * FROM runs")
        ingest([folder / "notes"], folder / "made", FakeEncoder())
        shutil.copytree(folder / "made", folder / "data")
    for name in FILES:
        path = folder / "data" / name
        if "*" not in name and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}\n", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare `examine` the import of torch, to look for the model of the fake encoder."""

    def load(name: str, **_: object) -> None:
        raise ModelMissing("there is no such model", name, "use another encoder")

    monkeypatch.setattr("ingest.models.encoder._load_model", load)


@pytest.fixture
def data(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine / "data", tmp_path / "data"))


def ask(data: Path) -> Outcome:
    """Return the texts shown, or the one line of an error."""
    try:
        with closing(Assistant(Index(data, FakeEncoder()))) as assistant:
            answer = assistant.ask(QUESTION)
    except UserFacingError as error:
        return "error", str(error)
    return tuple(quote.text for quote in answer.quotes or (answer.abstention.nearest if answer.abstention else ()))


def apply_remedy(line: str, data: Path, root: Path) -> None:
    """Do what the line says."""
    assert "\n" not in line
    if "run `cited ingest --rebuild`" in line:
        ingest([], data, FakeEncoder(), rebuild=True)
        return
    if "move catalog.sqlite* to another folder" in line:
        aside = data.with_name("aside")
        aside.mkdir()
        for path in data.glob("catalog.sqlite*"):
            path.rename(aside / path.name)
    assert "run `cited ingest FOLDER`" in line
    ingest([root], data, FakeEncoder())


@pytest.fixture(scope="module")
def before(pristine: Path) -> Outcome:
    """The answer of the undamaged index."""
    shown = ask(Path(shutil.copytree(pristine / "data", pristine / "asked")))
    assert ANSWER in shown
    return shown


def harm(path: Path, how: str) -> None:
    size = path.stat().st_size
    if how == "gone":
        path.unlink()
    elif how == "half":
        path.write_bytes(path.read_bytes()[: size // 2])
    else:
        path.write_bytes(bytes(size))


@pytest.mark.parametrize("how", ["gone", "half", "zeros"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file(pristine: Path, data: Path, before: Outcome, name: str, how: str) -> None:
    (path,) = data.glob(name)
    harm(path, how)
    after = ask(data)
    assert after == before or after[0] == "error"
    for look in (lambda: status(data), lambda: examine(Settings(data_dir=data))):
        try:
            look()
        except UserFacingError as error:
            assert "\n" not in str(error) and error.remedy
    if after != before:
        apply_remedy(after[1], data, pristine / "notes")
        assert ask(data) == before


@pytest.mark.parametrize("what", ["folder", "content", "graph", "tables"])
def test_vectors_that_are_gone(data: Path, what: str) -> None:
    chroma = data / "chroma"
    (graph,) = (path for path in chroma.iterdir() if path.is_dir())
    if what in ("folder", "content"):
        shutil.rmtree(chroma)
    elif what == "graph":
        shutil.rmtree(graph)
    else:
        (chroma / "chroma.sqlite3").unlink()
    if what == "content":
        chroma.mkdir()
    present = sorted(chroma.rglob("*"))
    kind, line = ask(data)
    assert kind == "error" and line.startswith(f"{chroma}: the vectors ") and "run `cited ingest --rebuild`" in line
    assert sorted(chroma.rglob("*")) == present
    ingest([], data, FakeEncoder(), rebuild=True)
    assert ANSWER in ask(data)


def test_too_few_vectors_are_an_error_and_too_many_are_not(data: Path) -> None:
    encoder = FakeEncoder()
    with pipeline.Vectors(data / "chroma", encoder.identity) as vectors:
        vectors.add(["stray"], encoder.encode(["stray"]))
    assert ANSWER in ask(data)
    with pipeline.Vectors(data / "chroma", encoder.identity) as vectors:
        vectors.delete(sorted(vectors.ids())[:3])
    missing = f"2 of {PASSAGES + 1} vectors are missing"  # the stray one counts
    assert f"{missing}; run `cited ingest --rebuild`" in ask(data)[1]
    assert ingest([], data, encoder).encoded == 3
    assert ANSWER in ask(data)


def test_asking_on_a_full_disk(data: Path, before: Outcome) -> None:
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # In a process of its own, which may not import what this one has open.
    command = [sys.executable, str(Path(__file__).with_name("asker.py")), str(data), QUESTION]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout)
    assert (told["answered"], tuple(told["shown"]), told["turns"]) == (True, before, [True])
    assert "the conversation cannot be saved" in told["note"]


def test_asking_without_permission_to_write(
    data: Path, bound_by_permissions: Callable[[Callable[[], Outcome]], Outcome]
) -> None:
    before = ask(data)
    paths = [data, *data.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert bound_by_permissions(lambda: ask(data)) == before
        assert bound_by_permissions(lambda: (str(len(status(data))),)) == ("14",)
    finally:
        for path in paths:
            path.chmod(0o755)
    assert sorted([data, *data.rglob("*")]) == sorted(paths)


def test_killed_after_vectors_were_written(start: Start, times: int, tmp_path: Path) -> None:
    root, data, chance = tmp_path / "notes", tmp_path / "data", random.Random(times)
    write_notes(root, "old")
    write_index(root, data, FakeEncoder())
    before = ask(data)
    write_notes(root, "new")
    moments = [PASSAGES + 1, *(chance.randrange(1, PASSAGES) for _ in range(times - 1))]
    for number, moment in enumerate(moments):
        fresh = Path(shutil.copytree(data, tmp_path / str(number)))
        with start(fresh, root, "0", str(moment)) as process:
            process.communicate(timeout=120)
        assert process.returncode == -9
        assert ask(fresh) == before
        with closing(Assistant(Index(fresh, FakeEncoder()))) as assistant, assistant._index.view() as view:
            assert view.vectors.count() == PASSAGES + 1 + moment
        assert ingest([root], fresh, FakeEncoder()).encoded == PASSAGES + 1 - moment
        assert ANSWER.replace("old", "new") in ask(fresh)
        assert not any("left over" in finding.what for finding in examine(Settings(data_dir=fresh)))
        shutil.rmtree(fresh)


def test_a_writer_needs_the_remedy_too(data: Path) -> None:
    (path,) = data.glob("chroma/*/link_lists.bin")
    harm(path, "zeros")  # Chroma itself ends the process on loading it
    with pytest.raises(IndexUnreadable, match="run `cited ingest --rebuild`"):
        ingest([], data, FakeEncoder())
