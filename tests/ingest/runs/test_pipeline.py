import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Protocol

import pytest

from assistant.index import Index
from ingest.errors import IndexLocked, IndexMissing, IndexStale, IndexUnreadable, RootInvalid, RunStopped
from ingest.index.catalog import Catalog
from ingest.index.lock import write_lock
from ingest.index.vectors import Vectors
from ingest.models.encoder import Encoder, Vectors32
from ingest.readers import registry
from ingest.runs.pipeline import RunReport, forget, ingest
from ingest.runs.status import status
from ingest.schema import READERS, Document, Passage, Reading
from ingest.settings import ReadLimits
from tests.conftest import reading_of

Write = Callable[..., Path]
Indexed = Callable[..., RunReport]
Passages = Callable[[], dict[str, list[Passage]]]

HIP = "# Hip\n\nLie on the other side.\n\n## Night\n\nA pillow helps.\n\n## Day\n\nWalk a bit.\n"
BACK = "# Back\n\nKeep moving.\n"


class Fake(Encoder, Protocol):
    encoded: list[str]


def texts(found: dict[str, list[Passage]]) -> dict[str, list[str]]:
    return {source: [passage.text for passage in passages] for source, passages in found.items()}


def test_a_first_run(indexed: Indexed, passages_of: Passages, whole: Callable[[], None]) -> None:
    report = indexed({"hip.md": HIP, "sub/back.md": BACK, "notes.xyz": "?"})
    assert (report.run, report.found, report.encoded, report.passages) == (1, 2, 4, 4)
    assert report.added == ["hip.md", "sub/back.md"]
    assert report.skipped == ["notes.xyz"]
    assert not (report.updated or report.unchanged or report.removed or report.failed)
    assert texts(passages_of()) == {
        "hip.md": ["Lie on the other side.", "A pillow helps.", "Walk a bit."],
        "sub/back.md": ["Keep moving."],
    }
    whole()


def test_an_unchanged_folder_encodes_nothing(indexed: Indexed, encoder: Fake, whole: Callable[[], None]) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})
    encoder.encoded.clear()
    report = indexed({})
    assert report.unchanged == ["back.md", "hip.md"]
    assert (report.run, report.found, report.encoded, encoder.encoded) == (2, 2, 0, [])
    whole()


def test_an_edit_encodes_only_what_changed(
    indexed: Indexed, encoder: Fake, passages_of: Passages, whole: Callable[[], None]
) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})
    encoder.encoded.clear()
    report = indexed({"hip.md": HIP.replace("A pillow helps.", "Two pillows help. They are soft.")})
    assert (report.updated, report.unchanged, report.encoded) == (["hip.md"], ["back.md"], 1)
    assert encoder.encoded == ["Hip › Night\nTwo pillows help. They are soft."]
    assert texts(passages_of())["hip.md"][1:] == ["Two pillows help. They are soft.", "Walk a bit."]
    whole()


def test_every_passage_is_the_text_of_its_span(
    indexed: Indexed, write: Write, passages_of: Passages, document_of: Callable[[Path, str], Document | None]
) -> None:
    files = {
        "hip.md": HIP,
        "a.txt": "\ufeffEins.\r\n\r\n\r\nZwei 🦴. Drei.\rVier.",
        "b.html": "<h1>B</h1><p>Rest.<p>Walk.",
    }
    indexed(files)
    for source, passages in passages_of().items():
        document = document_of(write({}), source)
        assert document is not None
        assert all(document.text[p.start : p.end] == p.text for p in passages)
        if document.verbatim:
            assert (write({}) / source).read_text(encoding="utf-8") == document.text


def test_texts_separated_by_blank_lines_are_separate_passages(indexed: Indexed, passages_of: Passages) -> None:
    indexed({"texts.txt": "Back pain passes.\nMost of it.\n\n\nHips are joints.\n\n\n\nWalk.\n"})
    assert texts(passages_of())["texts.txt"] == ["Back pain passes.\nMost of it.", "Hips are joints.", "Walk."]


def test_a_move_and_a_rename_keep_the_vectors(
    indexed: Indexed, write: Write, encoder: Fake, passages_of: Passages, whole: Callable[[], None]
) -> None:
    root = write({"hip.md": HIP, "back pain.txt": "Keep moving."})
    indexed({})
    encoder.encoded.clear()
    (root / "sub").mkdir()
    (root / "hip.md").rename(root / "hip at night.md")
    (root / "back pain.txt").rename(root / "sub" / "back pain.txt")
    report = indexed({})
    assert (report.encoded, encoder.encoded, report.failed) == (0, [], [])
    assert list(passages_of()) == ["hip at night.md", "sub/back pain.txt"]
    whole()


def test_a_deleted_file_is_removed_and_listed(
    indexed: Indexed, write: Write, passages_of: Passages, whole: Callable[[], None]
) -> None:
    root = write({"hip.md": HIP, "back.md": BACK})
    indexed({})
    (root / "hip.md").unlink()
    report = indexed({})
    assert (report.found, report.removed, report.passages) == (1, ["hip.md"], 1)
    assert list(passages_of()) == ["back.md"]
    whole()


def test_a_file_that_fails_keeps_its_former_passages(
    indexed: Indexed, write: Write, passages_of: Passages, whole: Callable[[], None]
) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})
    (write({}) / "hip.md").write_bytes(b"\0\1\2")
    report = indexed({"back.md": BACK + "Rest.\n"})
    assert [source for source, _ in report.failed] == ["hip.md"]
    assert report.failed[0][1].startswith("hip.md: is not text")
    assert (report.found, report.updated) == (2, ["back.md"])
    assert "A pillow helps." in texts(passages_of())["hip.md"]
    whole()
    assert indexed({"hip.md": HIP}).failed == []


def test_a_text_that_cannot_be_stored_fails_one_file(
    indexed: Indexed, passages_of: Passages, whole: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})

    def read(path: Path, source: str, _limits: ReadLimits, _stop: Event) -> Reading:
        document = registry.read(path, source)
        return reading_of(replace(document, title="\ud800") if source == "hip.md" else document)

    monkeypatch.setattr("ingest.readers.isolated.read", read)
    report = indexed({"hip.md": HIP + "More.\n", "new.md": BACK})
    assert (report.added, report.updated, [source for source, _ in report.failed]) == (["new.md"], [], ["hip.md"])
    assert "A pillow helps." in texts(passages_of())["hip.md"]
    whole()


@pytest.mark.parametrize("disaster", ["empty", "gone"])
def test_a_root_without_files_deletes_nothing(
    indexed: Indexed, write: Write, passages_of: Passages, disaster: str
) -> None:
    root = write({"hip.md": HIP})
    indexed({})
    shutil.rmtree(root)
    if disaster == "empty":
        root.mkdir()
    with pytest.raises(RootInvalid):
        indexed({})
    assert list(passages_of()) == ["hip.md"]


def test_one_bad_root_stops_the_run_before_it_changes_anything(
    write: Write, data: Path, encoder: Fake, tmp_path: Path
) -> None:
    with pytest.raises(RootInvalid):
        ingest([write({"hip.md": HIP}), tmp_path / "none"], data, encoder)
    assert not data.exists()


def test_a_rebuild_without_an_index(data: Path, encoder: Fake) -> None:
    with pytest.raises(IndexMissing):
        ingest([], data, encoder, rebuild=True)
    assert not data.exists()


def test_a_folder_that_cannot_be_listed_keeps_what_is_indexed_below_it(
    indexed: Indexed, write: Write, passages_of: Passages, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({"hip.md": HIP, "sub/back.md": BACK, "gone.md": BACK})
    indexed({})
    (root / "gone.md").unlink()
    real = os.scandir

    def scandir(path: str | Path = ".") -> Iterator[os.DirEntry[str]]:
        if Path(path) == root / "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = indexed({})
    assert report.removed == ["gone.md"]
    assert report.failed == [("sub", "sub: permission denied")]
    assert (report.found, report.unchanged) == (2, ["hip.md"])
    assert list(passages_of()) == ["hip.md", "sub/back.md"]


def test_two_roots_with_the_same_source(
    indexed: Indexed, data: Path, write: Write, document_of: Callable[[Path, str], Document | None]
) -> None:
    indexed({"a.md": HIP}, folder="one")
    report = indexed({"a.md": BACK}, folder="two")
    assert (report.added, report.removed, report.passages) == (["a.md"], [], 4)
    assert document_of(write({}, "one"), "a.md") != document_of(write({}, "two"), "a.md")
    assert len(forget(write({}, "one"), data).removed) == 1
    assert document_of(write({}, "one"), "a.md") is None
    assert document_of(write({}, "two"), "a.md") is not None


def test_a_single_file(write: Write, data: Path, encoder: Fake, passages_of: Passages) -> None:
    root = write({"hip.md": HIP, "back.md": BACK})
    assert ingest([root / "hip.md"], data, encoder).added == ["hip.md"]
    assert list(passages_of()) == ["hip.md"]
    assert ingest([root / "hip.md"], data, encoder).unchanged == ["hip.md"]
    (root / "hip.md").unlink()
    with pytest.raises(RootInvalid):
        ingest([root / "hip.md"], data, encoder)
    assert list(passages_of()) == ["hip.md"]


def test_a_file_inside_a_known_root_updates_only_itself(
    indexed: Indexed, write: Write, data: Path, encoder: Fake, passages_of: Passages
) -> None:
    root = write({"hip.md": HIP, "sub/back.md": BACK, "gone.md": BACK})
    indexed({})
    (root / "gone.md").unlink()
    write({"sub/back.md": "# Back\n\nRest.\n", "hip.md": "# Hip\n\nChanged.\n"})
    report = ingest([root / "sub" / "back.md"], data, encoder)
    assert (report.found, report.updated, report.removed) == (1, ["sub/back.md"], [])
    assert texts(passages_of())["sub/back.md"] == ["Rest."]
    assert "A pillow helps." in texts(passages_of())["hip.md"]
    assert "gone.md" in passages_of()


def test_a_parent_takes_over_the_roots_inside_it(
    write: Write, data: Path, encoder: Fake, passages_of: Passages, whole: Callable[[], None]
) -> None:
    root = write({"hip.md": HIP, "sub/back.md": BACK, "sub/bad.md": "Once good.", "top.md": BACK})
    ingest([root / "sub", root / "hip.md"], data, encoder)
    encoder.encoded.clear()
    (root / "sub" / "bad.md").write_bytes(b"\0")
    report = ingest([root], data, encoder)
    assert (report.added, report.unchanged, report.removed) == (["top.md"], ["hip.md", "sub/back.md"], [])
    assert [source for source, _ in report.failed] == ["sub/bad.md"]
    assert encoder.encoded == []
    found = passages_of()
    assert texts(found)["sub/bad.md"] == ["Once good."]
    assert {p.root for passages in found.values() for p in passages} == {str(root)}
    assert len({p.id for passages in found.values() for p in passages}) == sum(map(len, found.values()))
    whole()


@pytest.mark.parametrize("names", [["corpus", "corpus"], ["corpus", "corpus/sub"], ["corpus/sub", "corpus"]])
def test_paths_that_overlap_are_ingested_once(
    write: Write, data: Path, encoder: Fake, tmp_path: Path, names: list[str]
) -> None:
    write({"hip.md": HIP, "sub/back.md": BACK})
    report = ingest([tmp_path / name for name in names], data, encoder)
    assert (report.found, report.added, report.unchanged, report.passages) == (2, ["hip.md", "sub/back.md"], [], 4)


def test_another_encoder_is_refused_and_a_rebuild_switches_to_it(
    indexed: Indexed,
    write: Write,
    data: Path,
    fake: Callable[..., Fake],
    passages_of: Passages,
    whole: Callable[[], None],
) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})
    before = {p.sha for passages in passages_of().values() for p in passages}
    (write({}) / "back.md").unlink()  # a rebuild is made from the stored texts
    other = fake(revision="2")
    with pytest.raises(IndexStale, match=r"encoder fake \(1\), not fake \(2\); run `cited ingest --rebuild`"):
        ingest([write({})], data, other)
    assert {p.sha for passages in passages_of().values() for p in passages} == before
    report = ingest([], data, other, rebuild=True)
    assert (report.run, report.encoded, len(other.encoded)) == (2, 4, 4)
    after = {p.sha for passages in passages_of().values() for p in passages}
    assert len(after) == 4
    assert not before & after
    whole()
    import chromadb

    with chromadb.PersistentClient(str(data / "chroma")) as client:
        assert len(client.list_collections()) == 1


def test_a_rebuild_of_an_index_of_another_version(
    indexed: Indexed, write: Write, data: Path, encoder: Fake, whole: Callable[[], None]
) -> None:
    indexed({"hip.md": HIP})
    with closing(Catalog(data)) as catalog, catalog.write() as draft:
        draft.set_meta("schema", "0.0")
    with pytest.raises(IndexStale, match="another version"):
        indexed({})
    ingest([], data, encoder, rebuild=True)
    assert indexed({}).unchanged == ["hip.md"]
    whole()


def test_files_that_older_readers_read_are_read_again(
    indexed: Indexed, data: Path, encoder: Fake, whole: Callable[[], None]
) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})
    with closing(Catalog(data)) as catalog, catalog.write() as draft:
        (root,) = draft.roots()
        document = draft.document(root, "hip.md")
        assert document is not None
        draft.put_document(root, replace(document, readers=READERS - 1), [])
    report = indexed({})
    assert (report.updated, report.unchanged) == (["hip.md"], ["back.md"])
    assert indexed({}).unchanged == ["back.md", "hip.md"]
    whole()


def test_vectors_that_are_missing_are_encoded_again(
    indexed: Indexed, write: Write, data: Path, encoder: Fake, whole: Callable[[], None]
) -> None:
    indexed({"hip.md": HIP, "back.md": BACK, "copy.md": BACK})
    encoder.encoded.clear()
    with Vectors(data / "chroma", encoder.identity) as vectors:
        vectors.delete([sorted(vectors.ids())[0]])
    report = indexed({})
    assert (report.encoded, len(encoder.encoded), len(report.unchanged)) == (1, 1, 3)
    whole()
    shutil.rmtree(data / "chroma")
    assert indexed({"hip.md": HIP + "More.\n"}).encoded == 4 + 1
    whole()


def test_damaged_vectors_are_reported_and_a_rebuild_moves_them_aside(
    indexed: Indexed, data: Path, encoder: Fake, whole: Callable[[], None]
) -> None:
    indexed({"hip.md": HIP})
    for number in (1, 2):
        (data / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1_000)
        with pytest.raises(IndexUnreadable, match="run `cited ingest --rebuild`"):
            indexed({})
        assert ingest([], data, encoder, rebuild=True).encoded == 3
        assert (data / f"chroma.broken-{number}" / "chroma.sqlite3").is_file()
        whole()


class Failing:
    """Encodes a few texts with another encoder, then raises."""

    def __init__(self, encoder: Fake, after: int) -> None:
        self._encoder, self._left = encoder, after
        self.identity = encoder.identity
        self.count_tokens = encoder.count_tokens

    def encode(self, found: list[str], *, query: bool = False) -> Vectors32:
        self._left -= len(found)
        if self._left < 0:
            raise ZeroDivisionError
        return self._encoder.encode(found)


@pytest.mark.slow
def test_a_run_that_raises_midway_leaves_the_former_state(
    indexed: Indexed, write: Write, data: Path, encoder: Fake, passages_of: Passages, whole: Callable[[], None]
) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})
    before = passages_of()
    root = write({f"{n:03}.md": f"# T {n}\n\nText {n}.\n" for n in range(600)} | {"hip.md": BACK})
    (root / "back.md").unlink()
    with pytest.raises(ZeroDivisionError):
        ingest([root], data, Failing(encoder, 300))
    assert passages_of() == before
    with pytest.raises(AssertionError):
        whole()  # vectors are left over
    shutil.rmtree(root)
    assert write({"hip.md": HIP, "back.md": BACK}) == root
    assert indexed({}).encoded == 0
    whole()


def test_an_error_in_the_progress_display_rolls_the_run_back(
    indexed: Indexed, write: Write, data: Path, encoder: Fake, passages_of: Passages
) -> None:
    indexed({"hip.md": HIP})

    def interrupt(done: int, total: int, source: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest([write({"hip.md": BACK})], data, encoder, on_progress=interrupt)
    assert "A pillow helps." in texts(passages_of())["hip.md"]


def test_progress_names_every_file_and_ends_complete(write: Write, data: Path, encoder: Fake) -> None:
    reported: list[tuple[int, int, str]] = []
    root = write({"hip.md": HIP, "back.md": BACK})
    ingest([root], data, encoder, on_progress=lambda *progress: reported.append(progress))
    assert reported == [(0, 2, "back.md"), (1, 2, "hip.md"), (2, 2, "")]


WRITE = """
import sys, pathlib
from ingest.index.lock import write_lock
with write_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_a_second_writer_in_another_process(indexed: Indexed, data: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(IndexLocked, match=f"process {process.pid} "):
            indexed({"hip.md": HIP})
        process.kill()
    assert indexed({}).added == ["hip.md"]


def test_forgetting_needs_the_lock_too(indexed: Indexed, write: Write, data: Path) -> None:
    indexed({"hip.md": HIP})
    with write_lock(data), pytest.raises(IndexLocked):
        forget(write({}), data)


def test_a_reader_keeps_its_run_and_sees_the_next_one_without_reopening(
    indexed: Indexed, data: Path, encoder: Fake
) -> None:
    indexed({"hip.md": HIP})
    with closing(Index(data, encoder)) as index:
        with index.view() as view:
            indexed({"hip.md": BACK, "new.md": HIP})
            assert view.snapshot.run() == 1
            assert view.snapshot.sources() == {"hip.md"}
            assert [key for key, _ in view.snapshot.lexical(["move"], 9)] == []
        with index.view() as view:
            assert view.snapshot.run() == 2
            assert view.snapshot.sources() == {"hip.md", "new.md"}
            (question,) = encoder.encode(["keep moving"])
            (sha, _), *_ = view.vectors.nearest(question, 1)
            (key,) = view.snapshot.keys_of([sha])[sha]
            assert view.snapshot.passages([key])[key].text == "Keep moving."


def test_forget(indexed: Indexed, write: Write, data: Path, whole: Callable[[], None]) -> None:
    with pytest.raises(IndexMissing):
        forget(write({"hip.md": HIP}), data)
    indexed({})
    with pytest.raises(RootInvalid, match="the index has no such folder; its folders are /"):
        forget(write({}) / "hip.md", data)
    assert len(forget(write({}), data).removed) == 1
    assert (write({}) / "hip.md").is_file()
    whole()
    with pytest.raises(RootInvalid, match="its folders are none"):
        forget(write({}), data)
    assert indexed({}).added == ["hip.md"]


def test_forget_some_sources_of_a_root(indexed: Indexed, write: Write, data: Path, whole: Callable[[], None]) -> None:
    indexed({"a.md": "Apples.", "b.md": "Berries.", "empty.md": "", "bare.md": ""})
    report = forget(write({}), data, ["a.md", "empty.md", "unknown.md"])
    assert report.removed == ["a.md", "empty.md"]
    assert [(each.source, bool(each.failure)) for each in status(data)] == [("b.md", False), ("bare.md", True)]
    whole()
    assert forget(write({}), data, ["b.md", "bare.md"]).removed == ["b.md", "bare.md"]
    with pytest.raises(RootInvalid, match="its folders are none"):  # nothing was left of it
        forget(write({}), data)


def test_a_stop_is_noticed_before_the_next_file(write: Write, data: Path, encoder: Encoder) -> None:
    stop = Event()
    begun: list[str] = []

    def tell(_done: int, _total: int, source: str) -> None:
        begun.append(source)
        stop.set()

    root = write({f"{number}.md": f"Text {number}." for number in range(20)})
    with pytest.raises(RunStopped):
        ingest([root], data, encoder, stop=stop, on_progress=tell)
    assert begun == ["0.md"]


def test_a_missing_root_can_be_forgotten(indexed: Indexed, write: Write, data: Path) -> None:
    indexed({"hip.md": HIP})
    shutil.rmtree(write({}))
    assert len(forget(write({}), data).removed) == 1


def test_the_description_is_stored_and_survives_a_broken_one(indexed: Indexed, data: Path) -> None:
    indexed({"hip.md": HIP, "corpus.yaml": "name: Hips"})
    report = indexed({"corpus.yaml": "name: ["})
    assert (report.found, [source for source, _ in report.failed]) == (2, ["corpus.yaml"])
    with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
        assert snapshot.description().name == "Hips"


def test_an_indexed_file_that_became_a_pipe_does_not_hang(indexed: Indexed, write: Write) -> None:
    indexed({"hip.md": HIP, "back.md": BACK})
    (write({}) / "hip.md").unlink()
    os.mkfifo(write({}) / "hip.md")
    assert [source for source, _ in indexed({}).failed] == ["hip.md"]


def test_names_of_all_kinds(indexed: Indexed, passages_of: Passages) -> None:
    names = ["new\nline.md", 'quote\'s "x".md', "漢字/العلاج.md", "🦴.md", " space .md", "%41;--.md"]
    report = indexed(dict.fromkeys(names, BACK))
    assert sorted(report.added) == sorted(names) == sorted(passages_of())
    assert report.encoded == 1
