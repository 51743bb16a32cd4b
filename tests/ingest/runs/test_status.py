import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import IndexMissing, IndexStale, PruningUnconfirmed, RootInvalid
from ingest.index.catalog import Catalog
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import Prune, forget, ingest, plan
from ingest.runs.report import Plan, RunReport
from ingest.runs.status import runs, status
from ingest.schema import Change

Write = Callable[..., Path]
Indexed = Callable[..., RunReport]

HIP = "# Hip\n\nWalk a bit.\n"
BACK = "# Back\n\nKeep moving.\n"

# An index with the first version of the tables.
FIRST_VERSION = """
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE roots (id INTEGER PRIMARY KEY, path VARCHAR NOT NULL UNIQUE, description JSON NOT NULL, color VARCHAR);
CREATE TABLE documents (id INTEGER PRIMARY KEY, root INTEGER NOT NULL REFERENCES roots (id), source VARCHAR NOT NULL,
  title VARCHAR NOT NULL, url VARCHAR, text TEXT NOT NULL, sha VARCHAR NOT NULL, verbatim BOOLEAN NOT NULL,
  page_starts JSON NOT NULL, headings JSON NOT NULL, blocks JSON NOT NULL, UNIQUE (root, source));
CREATE TABLE passages (id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents (id), text TEXT);
CREATE TABLE runs (id INTEGER PRIMARY KEY, started VARCHAR NOT NULL, finished VARCHAR NOT NULL, counts JSON NOT NULL);
CREATE VIRTUAL TABLE terms USING fts5(body);
INSERT INTO meta VALUES ('schema', '1.1'), ('encoder', '{"name": "old", "revision": "0", "dimension": 3, "window": 9}');
INSERT INTO roots VALUES (1, '/gone', '{"name": "Old"}', 'red');
INSERT INTO documents VALUES (1, 1, 'a.md', 'Title', NULL, 'Walk a bit.', 'ff', 1, '[]', '[]', '[[0, 11, false]]');
INSERT INTO passages VALUES (1, 1, 'Walk');
INSERT INTO runs VALUES (1, '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:09+00:00', '{"added": 1}');
"""


def test_a_plan_before_the_first_run(write: Write, data: Path) -> None:
    root = write({"hip.md": HIP, "sub/back.md": BACK, "x.xyz": "?"})
    planned = plan([root], data)
    assert replace(planned, shas={}) == Plan(found=2, added=("hip.md", "sub/back.md"), skipped=("x.xyz",))
    assert planned.shas[root / "hip.md"] == hashlib.sha256((root / "hip.md").read_bytes()).hexdigest()
    assert not data.exists()
    with pytest.raises(RootInvalid):
        plan([root / "none"], data)


def test_a_plan_predicts_what_the_run_does(indexed: Indexed, write: Write, data: Path) -> None:
    root = write({"a.md": HIP, "b.md": BACK, "c.md": "C.", "d.md": "D.", "e.md": "E."})
    indexed({})
    write({"a.md": HIP + "More.\n", "new.md": "New."})
    (root / "b.md").rename(root / "moved.md")
    (root / "c.md").unlink()
    (root / "d.md").unlink()
    (root / "d.md").symlink_to(root / "nothing")
    planned = plan([root], data)
    assert replace(planned, shas={}) == Plan(
        found=5,
        added=("new.md",),
        updated=("a.md",),
        renamed=(("b.md", "moved.md"),),
        unchanged=("e.md",),
        removed=("c.md",),
        failed=(("d.md", "cannot be opened"),),
    )
    report = indexed({})
    assert report.renamed == list(planned.renamed)
    assert (report.added, report.updated, report.unchanged, report.removed) == (
        ["new.md"],
        ["a.md"],
        ["e.md"],
        ["c.md"],
    )
    assert [source for source, _ in report.failed] == ["d.md"]
    assert report.found == 5


def test_a_plan_names_new_files_that_cannot_be_opened(indexed: Indexed, write: Write, data: Path) -> None:
    root = write({"a.md": HIP})
    (root / "link.md").symlink_to(root / "nothing")
    os.mkfifo(root / "pipe.md")
    planned = plan([root], data)
    assert planned.added == ("a.md",)
    assert planned.failed == (("link.md", "cannot be opened"), ("pipe.md", "cannot be opened"))
    report = indexed({})
    assert (report.added, [source for source, _ in report.failed]) == (["a.md"], ["link.md", "pipe.md"])


def test_a_rename_pairs_each_file_once(indexed: Indexed, write: Write) -> None:
    root = write({"a.md": HIP, "b.md": HIP, "c.md": BACK, "d.md": "D.", "e.md": "E."})
    indexed({})
    (root / "a.md").unlink()
    (root / "b.md").rename(root / "z.md")
    write({"c.md": BACK, "copy of c.md": BACK})
    report = indexed({})
    assert report.renamed == [("a.md", "z.md")]
    assert (report.removed, report.added) == (["b.md"], ["copy of c.md"])
    assert report.duplicates == [("c.md", "copy of c.md")]


def test_a_file_of_another_format_is_not_renamed(indexed: Indexed, write: Write, data: Path) -> None:
    root = write({"a.txt": "A.", "b.txt": "B.", "c.txt": "C."})
    indexed({})
    (root / "a.txt").rename(root / "a.pdf")
    (root / "b.txt").rename(root / "d.TXT")
    assert plan([root], data).renamed == (("b.txt", "d.TXT"),)
    report = indexed({})
    assert (report.renamed, report.removed) == ([("b.txt", "d.TXT")], ["a.txt"])
    assert [source for source, _ in report.failed] == ["a.pdf"]
    assert [(source.source, bool(source.failure)) for source in status(data)] == [
        ("a.pdf", True),
        ("c.txt", False),
        ("d.TXT", False),
    ]


def test_a_plan_includes_the_roots_inside_a_parent(write: Write, data: Path, encoder: Encoder) -> None:
    root = write({"hip.md": HIP, "sub/back.md": BACK})
    ingest([root / "sub"], data, encoder)
    planned = plan([root], data)
    assert list(planned.shas) == [root / "hip.md"]
    assert replace(planned, shas={}) == Plan(found=2, added=("hip.md",), unchanged=("sub/back.md",))


def test_removing_more_than_half_is_refused(indexed: Indexed, write: Write, data: Path, encoder: Encoder) -> None:
    root = write({"a.md": "A.", "b.md": "B.", "c.md": "C.", "d.md": "D."})
    indexed({})
    (root / "a.md").unlink()
    (root / "b.md").unlink()
    assert not plan([root], data).prunes_most
    (root / "c.md").unlink()
    assert plan([root], data).prunes_most
    with pytest.raises(PruningUnconfirmed, match=r"3 of 4 files are gone.*--yes.*--no-prune"):
        indexed({})
    assert len(status(data)) == 4
    kept = ingest([root], data, encoder, prune=Prune.NEVER)
    assert (kept.kept, kept.removed, len(status(data))) == (["a.md", "b.md", "c.md"], [], 4)
    assert ingest([root], data, encoder, prune=Prune.ALWAYS).removed == ["a.md", "b.md", "c.md"]
    assert len(status(data)) == 1


def test_a_folder_renamed_as_a_whole_prunes_nothing(indexed: Indexed, write: Write) -> None:
    root = write({"old/a.md": "A.", "old/b.md": "B.", "c.md": "C."})
    indexed({})
    (root / "old").rename(root / "new")
    report = indexed({})
    assert report.renamed == [("old/a.md", "new/a.md"), ("old/b.md", "new/b.md")]
    assert report.encoded == 0


def test_failures_are_remembered_until_they_are_fixed(indexed: Indexed, write: Write, data: Path) -> None:
    root = write({"hip.md": HIP, "bad.md": "x"})
    (root / "bad.md").write_bytes(b"\0")
    indexed({})
    bad, hip = status(data)
    assert (bad.source, bad.passages, bad.ingested) == ("bad.md", 0, None)
    assert bad.failure.startswith("bad.md: is not text")
    assert (hip.source, hip.title, hip.passages, hip.characters, hip.failure) == ("hip.md", "Hip", 1, len(HIP), "")
    assert hip.ingested is not None
    (root / "hip.md").write_bytes(b"\0")
    indexed({})
    first, second = status(data)
    assert first.failing_since == bad.failing_since != second.failing_since
    assert (second.passages, second.ingested) == (1, hip.ingested)
    indexed({"bad.md": BACK, "hip.md": HIP})
    assert [(source.failure, source.failing_since) for source in status(data)] == [("", None), ("", None)]
    (root / "bad.md").write_bytes(b"\0")
    indexed({})
    (root / "bad.md").unlink()
    indexed({})
    assert [source.source for source in status(data)] == ["hip.md"]


def test_a_failure_outside_the_scan_is_kept(indexed: Indexed, write: Write, data: Path, encoder: Encoder) -> None:
    root = write({"hip.md": HIP, "bad.md": "x"})
    (root / "bad.md").write_bytes(b"\0")
    indexed({"corpus.yaml": "["})
    assert [source.source for source in status(data) if source.failure] == ["bad.md", "corpus.yaml"]
    write({"corpus.yaml": "name: Hips"})
    ingest([root / "hip.md"], data, encoder)
    assert [source.source for source in status(data) if source.failure] == ["bad.md"]
    forget(root, data)
    assert status(data) == ()


def test_duplicate_texts(indexed: Indexed, data: Path) -> None:
    indexed({"a.txt": "Walk a bit.", "b.txt": "Walk  a\nbit.\n", "c.txt": "Rest."}, folder="one")
    report = indexed({"d.txt": "Walk a bit."}, folder="two")
    assert report.duplicates == [("a.txt", "b.txt", "d.txt")]
    assert indexed({}, folder="two").duplicates == []
    assert {source.source: source.same_as for source in status(data)} == {
        "a.txt": ("b.txt", "d.txt"),
        "b.txt": ("a.txt", "d.txt"),
        "c.txt": (),
        "d.txt": ("a.txt", "b.txt"),
    }


def test_a_duplicate_with_the_same_name_in_another_root(indexed: Indexed, tmp_path: Path, data: Path) -> None:
    indexed({"hip.md": HIP}, folder="one")
    report = indexed({"hip.md": HIP, "other.md": HIP}, folder="two")
    one, two = (f"hip.md in {tmp_path / folder}" for folder in ("one", "two"))
    assert report.duplicates == [(one, two, "other.md")]
    assert [source.same_as for source in status(data)] == [(two, "other.md"), (one, "other.md"), (one, two)]


def test_runs_are_remembered_newest_first(indexed: Indexed, write: Write, data: Path) -> None:
    root = write({"a.md": HIP, "b.md": BACK})
    indexed({})
    (root / "a.md").rename(root / "c.md")
    (root / "b.md").write_bytes(b"\0")
    indexed({})
    forget(root, data)
    third, second, first = runs(data)
    assert [run.number for run in (first, second, third)] == [1, 2, 3]
    assert first.started <= first.finished <= second.started
    assert (first.counts["added"], first.counts["encoded"]) == (2, 2)
    assert first.changes == (Change("added", "a.md"), Change("added", "b.md"))
    assert second.changes[1:] == (Change("renamed", "c.md", "a.md"),)
    assert (second.changes[0].kind, second.changes[0].source) == ("failed", "b.md")
    assert third.changes == (Change("removed", "b.md"), Change("removed", "c.md"))
    assert [run.number for run in runs(data, limit=1)] == [3]


def test_no_index(data: Path) -> None:
    for read in (status, runs):
        with pytest.raises(IndexMissing):
            read(data)


def test_an_index_of_the_first_version_is_rebuilt_from_its_texts(
    data: Path, write: Write, encoder: Encoder, whole: Callable[[], None]
) -> None:
    data.mkdir()
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file:
        file.executescript(FIRST_VERSION)
    for read in (status, runs, lambda folder: plan([write({"b.md": BACK})], folder)):
        with pytest.raises(IndexStale, match="run `cited ingest --rebuild`"):
            read(data)
    with pytest.raises(IndexStale):
        ingest([write({"b.md": BACK})], data, encoder)
    report = ingest([], data, encoder, rebuild=True)
    assert (report.run, report.encoded, report.passages) == (2, 1, 1)
    (source,) = status(data)
    assert (source.root, source.source, source.passages, source.characters) == ("/gone", "a.md", 1, 11)
    assert [run.number for run in runs(data)] == [2, 1]
    with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
        assert snapshot.description().name == "Old"
        assert snapshot.lexical(["walk"], 5)
    whole()
    shutil.rmtree(data / "chroma")
    ingest([write({"b.md": BACK})], data, encoder, rebuild=True)
    whole()
