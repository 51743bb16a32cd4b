import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings

from ingest.errors import IndexUnreadable
from ingest.index.chosen import ChosenVectors
from ingest.index.chroma_collections import GRAPH
from ingest.index.chroma_files import check, vectors_of_links
from ingest.index.frozen import FrozenVectors, open_for_reading
from ingest.index.renewal import RENEWED, RETIRED
from ingest.index.vectors import Vectors
from ingest.models.encoder import EncoderIdentity, Vectors32

ROOT = Path(__file__).parents[3]
IDENTITY = EncoderIdentity("fake", "1", 3, 64)


def rows(*values: tuple[float, float, float]) -> Vectors32:
    found = np.array(values, dtype=np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[Vectors]:
    with Vectors(tmp_path, IDENTITY) as opened:
        yield opened


def test_empty(vectors: Vectors) -> None:
    assert vectors.count() == 0
    assert list(vectors.ids()) == []
    assert vectors.nearest(rows((1, 0, 0))[0], 5) == []
    assert vectors.present([]) == set()
    assert vectors.present(["a"]) == set()
    assert vectors.cosines(rows((1, 0, 0))[0], ["a"]) == {}
    vectors.delete([])
    vectors.delete(["a"])


def test_nearest_by_cosine_with_ties_by_id(vectors: Vectors) -> None:
    vectors.add(["d", "c", "b", "a"], rows((0, 1, 0), (1, 1, 0), (1, 0, 0), (1, 0, 0)))
    found = vectors.nearest(rows((1, 0, 0))[0], 3)
    assert [key for key, _ in found] == ["a", "b", "c"]
    assert [round(cosine, 4) for _, cosine in found] == [1, 1, 0.7071]
    assert len(vectors.nearest(rows((1, 0, 0))[0], 99)) == 4
    cosines = vectors.cosines(rows((1, 0, 0))[0], ["c", "d", "none"])
    assert {key: round(cosine, 4) for key, cosine in cosines.items()} == {"c": 0.7071, "d": 0.0}


def test_deleting_removes(vectors: Vectors) -> None:
    vectors.add(["a", "b"], rows((1, 0, 0), (0, 1, 0)))
    vectors.delete(["a", "none"])
    assert set(vectors.ids()) == {"b"}
    vectors.add(["a"], rows((0, 0, 1)))
    assert vectors.nearest(rows((0, 0, 1))[0], 1)[0][0] == "a"


@pytest.mark.slow
def test_more_than_one_batch(vectors: Vectors) -> None:
    names = [f"{number:05}" for number in range(5_500)]
    vectors.add(names, rows(*[(1, number, 0) for number in range(5_500)]))
    assert set(vectors.ids()) == set(names) == vectors.present(names)
    vectors.delete(names[1:])
    assert list(vectors.ids()) == ["00000"]


def test_vectors_persist(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    with Vectors(tmp_path, IDENTITY) as vectors:
        assert list(vectors.ids()) == ["a"]


def test_each_encoder_has_its_own_collections(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    other = EncoderIdentity("fake", "2", 3, 64)
    with Vectors(tmp_path, other) as vectors:
        assert vectors.count() == 0
        vectors.drop_others()
    with Vectors(tmp_path, IDENTITY) as vectors:
        assert vectors.count() == 0


@pytest.mark.slow
def test_shards_find_what_one_collection_finds(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    values = random.standard_normal((100, 3)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    values[60:] = values[:40]  # ties, in other shards
    names = [f"{number:02}" for number in random.permutation(100)]
    with Vectors(tmp_path / "one", IDENTITY) as one, Vectors(tmp_path / "many", IDENTITY, shard_size=7) as many:
        one.add(names, values)
        for at in range(0, 100, 9):
            many.add(names[at : at + 9], values[at : at + 9])
        assert many.count() == 100
        assert set(many.ids()) == set(names) == many.present(names)
        assert many.present(["none", "07"]) == {"07"}
        for query in values[::9]:
            everything = one.nearest(query, 200)
            assert [cosine for _, cosine in everything] == pytest.approx(sorted(values @ query, reverse=True), abs=1e-6)
            for limit in (1, 5, 30, 200):
                assert many.nearest(query, limit) == everything[:limit]
            assert many.cosines(query, names) == pytest.approx(one.cosines(query, names), abs=1e-6)


def sizes(folder: Path) -> list[int]:
    """Return the number of vectors in each collection."""
    with chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False)) as client:
        found = {collection.name: collection.count() for collection in client.list_collections()}
    return [found[name] for name in sorted(found)]


def test_a_shard_with_room_is_filled_before_another_is_created(tmp_path: Path) -> None:
    names = [f"{number:02}" for number in range(25)]
    with Vectors(tmp_path, IDENTITY, shard_size=10) as vectors:
        vectors.add(names, rows(*[(1, number, 0) for number in range(25)]))
        vectors.delete([*names[2:8], *names[12:14], "none"])
        assert vectors.count() == 17
    with Vectors(tmp_path, IDENTITY, shard_size=10) as vectors:
        vectors.add(["a", "b", "c", "d", "e", "f", "g"], rows(*[(1, 0, number) for number in range(7)]))
        assert sizes(tmp_path) == [10, 9, 5]
        assert set(vectors.ids()) == {*names[:2], *names[8:12], *names[14:], *"abcdefg"}
        assert vectors.nearest(rows((1, 0, 6))[0], 1)[0][0] == "g"


def test_shards_of_other_encoders_are_dropped(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY, shard_size=1) as vectors:
        vectors.add(["a", "b"], rows((1, 0, 0), (0, 1, 0)))
    with Vectors(tmp_path, EncoderIdentity("fake", "2", 3, 64)) as vectors:
        vectors.drop_others()
    with Vectors(tmp_path, IDENTITY) as vectors:
        assert vectors.count() == 0


@pytest.mark.parametrize("sound", [0, 65_536])
def test_a_damaged_folder_is_reported_and_can_be_replaced(tmp_path: Path, sound: int) -> None:
    folder = tmp_path / "chroma"
    with Vectors(folder, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    file = folder / "chroma.sqlite3"
    content = file.read_bytes()
    file.write_bytes(content[:sound] + b"\xaa" * (len(content) - sound))
    for _ in range(2):
        with pytest.raises(IndexUnreadable, match="the vectors cannot be read .*; run `cited ingest --rebuild`"):
            Vectors(folder, IDENTITY)
    folder.rename(tmp_path / "aside")
    with Vectors(folder, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
        assert vectors.count() == 1


def test_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "chroma").write_text("x", encoding="utf-8")
    with pytest.raises(IndexUnreadable, match="the vectors cannot be read"):
        Vectors(tmp_path / "chroma", IDENTITY)


def test_a_reader_creates_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    with pytest.raises(IndexUnreadable, match="the vectors are missing; run `cited ingest --rebuild`"):
        Vectors(folder, IDENTITY, read_only=True)
    assert not folder.exists()
    folder.mkdir()
    with pytest.raises(IndexUnreadable, match="the vectors are missing"):
        Vectors(folder, IDENTITY, read_only=True)
    assert list(folder.iterdir()) == []
    with Vectors(folder, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    with Vectors(folder, IDENTITY, read_only=True) as vectors:
        assert vectors.count() == 1
    with pytest.raises(IndexUnreadable, match="the vectors are missing"):
        Vectors(folder, EncoderIdentity("fake", "2", 3, 64), read_only=True)
    assert len(sizes(folder)) == 1


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%41b", "a b", "ü", "a?mode=memory&x=1"])
def test_a_folder_with_an_odd_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "chroma"
    with Vectors(folder, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    with Vectors(folder, IDENTITY, read_only=True) as vectors:
        assert list(vectors.ids()) == ["a"]
    assert FrozenVectors(folder, IDENTITY).count() == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def clusters(number: int, seed: int) -> Vectors32:
    """Return vectors like those of a collection: 384 dimensions, 50 similar ones on each of many topics."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((number // 50, 384))
    values = np.repeat(centres, 50, axis=0) + 0.2 * random.standard_normal((number, 384))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


WIDE = EncoderIdentity("fake", "1", 384, 256)
NAME = "passages-1-384"


@pytest.mark.slow
def test_files_are_searched_exactly_where_chroma_cannot_open(tmp_path: Path) -> None:
    values = clusters(2_500, 1)
    names = [f"{number:04}" for number in range(2_500)]
    with Vectors(tmp_path, WIDE, shard_size=1_500) as vectors:
        for at in range(0, 2_500, 250):
            vectors.add(names[at : at + 250], values[at : at + 250])
        vectors.delete(names[100:700])
    kept = [*range(100), *range(700, 2_500)]
    frozen = FrozenVectors(tmp_path, WIDE)
    assert frozen.count() == len(kept)
    for row in kept[::97]:
        cosines = values[kept] @ values[row]
        wanted = sorted(((names[kept[at]], cosines[at]) for at in range(len(kept))), key=lambda pair: -pair[1])[:20]
        found = frozen.nearest(values[row], 20)
        assert [name for name, _ in found] == [name for name, _ in wanted]
        assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in wanted], abs=1e-5)
    assert frozen.cosines(values[0], ["0000", "0100", "2499", "none"]) == pytest.approx(
        {"0000": 1.0, "2499": float(values[2499] @ values[0])}, abs=1e-5
    )
    frozen.close()


def test_an_empty_index_is_searched_in_its_files(tmp_path: Path) -> None:
    Vectors(tmp_path, IDENTITY).close()
    frozen = FrozenVectors(tmp_path, IDENTITY)
    assert (frozen.count(), frozen.nearest(rows((1, 0, 0))[0], 5)) == (0, [])
    assert frozen.cosines(rows((1, 0, 0))[0], ["a"]) == {}


@pytest.mark.slow
def test_every_vector_stays_reachable_however_many_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GRAPH, "sync_threshold", 100)  # saves graphs that early
    live = dict(zip([f"0-{number:04}" for number in range(800)], clusters(800, 0), strict=True))
    with Vectors(tmp_path, WIDE) as vectors:
        fill(vectors, live)
    for run in range(1, 5):
        fresh = dict(zip([f"{run}-{number:04}" for number in range(400)], clusters(400, run), strict=True))
        gone = sorted(live)[:400]
        with Vectors(tmp_path, WIDE) as vectors:
            vectors.renew()
            fill(vectors, fresh)
            vectors.delete(gone)
            vectors.drop_others()
        live = {name: value for name, value in {**live, **fresh}.items() if name not in gone}
        graph = check(tmp_path)[NAME].graph
        assert graph is not None
        assert graph.count <= 2 * len(live)  # deleted ones included
    with Vectors(tmp_path, WIDE, read_only=True) as vectors:
        assert set(vectors.ids()) == set(live)
        assert [name for name in sorted(live)[::8] if name not in dict(vectors.nearest(live[name], 50))] == []
        assert vectors.unreachable() == {}


def fill(vectors: Vectors, values: dict[str, Vectors32]) -> None:
    names = list(values)
    for at in range(0, len(names), 250):
        vectors.add(names[at : at + 250], np.stack([values[name] for name in names[at : at + 250]]))


@pytest.mark.parametrize("lost", [slice(None), slice(-4, None)], ids=["all", "last"])
def test_a_graph_that_has_lost_norms_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: slice) -> None:
    """Chroma loads a norm of 0 without an error, and no longer finds that vector."""
    monkeypatch.setitem(GRAPH, "sync_threshold", 100)  # saves graphs that early
    with Vectors(tmp_path, WIDE) as vectors:
        fill(vectors, dict(zip(map(str, range(100)), clusters(100, 0), strict=True)))
    stored = check(tmp_path)[NAME].graph
    assert stored is not None
    norms = bytearray((stored.folder / "length.bin").read_bytes()[: 4 * stored.count])
    norms[lost] = bytes(len(norms[lost]))
    (stored.folder / "length.bin").write_bytes(norms)
    with pytest.raises(IndexUnreadable, match="length.bin is damaged"):
        check(tmp_path)
    with pytest.raises(IndexUnreadable, match="length.bin is damaged"):
        Vectors(tmp_path, WIDE, read_only=True)


@pytest.mark.slow
def test_readers_keep_what_they_opened_while_a_shard_is_made_anew(tmp_path: Path) -> None:
    values = clusters(3_000, 1)
    names = [f"{number:04}" for number in range(3_000)]
    with Vectors(tmp_path, WIDE) as vectors:
        fill(vectors, dict(zip(names, values, strict=True)))
        vectors.delete(names[:2_000])
    reader = open_for_reading(tmp_path, WIDE, 1_000)
    before = reader.nearest(values[2_500], 20)
    with Vectors(tmp_path, WIDE) as vectors:
        assert vectors.renew() == 1
        assert reader.nearest(values[2_500], 20) == before
        vectors.drop_others()
        assert reader.nearest(values[2_500], 20) == before
        assert vectors.renew() == 0
        assert dict(vectors.nearest(values[2_500], 20)) == pytest.approx(dict(before))
    reader.close()
    with Vectors(tmp_path, WIDE) as vectors:
        assert sorted(vectors.ids()) == names[2_000:]
        vectors.drop_others()
    assert sizes(tmp_path) == [1_000]


def test_a_shard_whose_renewal_was_killed_between_its_two_names_is_found(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY) as vectors:
        vectors.add(["a", "b"], rows((1, 0, 0), (0, 1, 0)))
        name = vectors._shards[0].name
        vectors._shard(f"{name}{RENEWED}0")  # of a run that was killed before
        fresh = vectors._shard(f"{name}{RENEWED}1")
        fresh.add(ids=["a", "b"], embeddings=rows((1, 0, 0), (0, 1, 0)))
        vectors._shards[0].modify(name=f"{name}{RETIRED}2")
    with Vectors(tmp_path, IDENTITY) as vectors:
        assert set(vectors.ids()) == {"a", "b"}
        vectors.drop_others()
        assert [each.name for each in vectors._client.list_collections()] == [name]
        assert vectors.count() == 2


@pytest.mark.slow
def test_vectors_that_no_search_finds_are_named_and_made_reachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(1)
    tight = np.repeat(random.standard_normal((30, 384)), 50, axis=0) + 0.1 * random.standard_normal((1_500, 384))
    tight = (tight / np.linalg.norm(tight, axis=1, keepdims=True)).astype(np.float32)
    with monkeypatch.context() as before, Vectors(tmp_path, WIDE) as vectors:
        before.setattr("ingest.index.chroma_collections.GRAPH", {"max_neighbors": 4, "ef_construction": 20})
        vectors._client.delete_collection(NAME)
        vectors._reopen()
        fill(vectors, {f"{number:04}": value for number, value in enumerate(tight)})
        lost = vectors.unreachable()
        ((shard, ids),) = lost.items()
        assert (shard, len(ids) > 0) == (NAME, True)
        assert all(name not in dict(vectors.nearest(tight[int(name)], 50)) for name in ids)
    with Vectors(tmp_path, WIDE) as vectors:
        assert vectors.renew(lost) == 1
        assert vectors.unreachable() == {}
        assert vectors.count() == 1_500


def test_equal_vectors_count_as_found(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY) as vectors:
        assert vectors.unreachable() == {}
        vectors.add([f"{number:03}" for number in range(200)], rows(*[(1, 0, 0)] * 200))
        assert vectors.unreachable() == {}


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 200 vectors in a graph, of which 20 are deleted, and 50 that are in no graph yet."""
    monkeypatch.setitem(GRAPH, "sync_threshold", 100)  # saves graphs that early
    values = clusters(250, 0)
    with Vectors(tmp_path, WIDE) as vectors:
        for at in range(0, 250, 50):
            vectors.add([f"{number:03}" for number in range(at, at + 50)], values[at : at + 50])
        vectors.delete([f"{number:03}" for number in range(20)])
    return tmp_path


def test_a_small_index_is_read_as_chroma_reads_it(saved: Path) -> None:
    questions = clusters(250, 0)[::9]
    with Vectors(saved, WIDE, read_only=True) as wanted, closing(open_for_reading(saved, WIDE, 230)) as found:
        assert isinstance(found, ChosenVectors)
        names = [f"{number:03}" for number in range(250)]
        assert found.count() == wanted.count() == 230
        for vector in questions:
            ours, theirs = found.nearest(vector, 10), wanted.nearest(vector, 10)
            assert [name for name, _ in ours] == [name for name, _ in theirs]
            assert dict(ours) == pytest.approx(dict(theirs), abs=1e-6)
            assert found.cosines(vector, names) == pytest.approx(wanted.cosines(vector, names), abs=1e-6)
        ((ours_of, rows_of),) = found.stored([*names, "none"])
        stored = {name: row for ids, rows in wanted.stored(names) for name, row in zip(ids, rows, strict=True)}
        assert len(ours_of) == len(stored) == 230
        assert np.allclose(rows_of, np.stack([stored[name] for name in ours_of]), atol=1e-6)


def test_the_nearest_vectors_of_a_small_index_come_with_ties_by_id(vectors: Vectors, tmp_path: Path) -> None:
    vectors.add(["d", "c", "b", "a"], rows((0, 1, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0)))
    with closing(open_for_reading(tmp_path, IDENTITY, 4)) as found:
        assert [[name for name, _ in found.nearest(rows((1, 0, 0))[0], limit)] for limit in (1, 2, 9)] == [
            ["a"],
            ["a", "b"],
            ["a", "b", "c", "d"],
        ]


def test_a_large_index_is_read_through_chroma(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.index.frozen.SMALL", 229)
    with closing(open_for_reading(saved, WIDE, 230)) as found:
        assert isinstance(found, Vectors)


def test_the_shards_of_a_large_index_are_loaded_and_searched_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.index.frozen.SMALL", 0)
    values = clusters(100, 0)
    names = [f"{number:02}" for number in range(100)]
    with Vectors(tmp_path, WIDE, shard_size=15) as vectors:
        vectors.add(names, values)
        wanted = [vectors.nearest(each, 30) for each in values[::9]]
    loaded, load = list[str](), Vectors._load

    def loading(own: Vectors, shard: chromadb.Collection) -> None:
        load(own, shard)
        loaded.append(shard.name)

    monkeypatch.setattr(Vectors, "_load", loading)
    with closing(open_for_reading(tmp_path, WIDE, 100)) as found:
        assert isinstance(found, Vectors)
        found.close()  # while they are loaded
    before = len(loaded)
    with closing(open_for_reading(tmp_path, WIDE, 100)) as found:
        assert isinstance(found, Vectors)
        while len(loaded) < before + 7:
            time.sleep(0.01)
        assert [found.nearest(each, 30) for each in values[::9]] == wanted


def test_vectors_are_counted_and_named_without_loading_a_graph(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise AssertionError("Chroma loads the graph")

    monkeypatch.setattr("chromadb.Collection.count", refuse)
    monkeypatch.setattr("chromadb.Collection.get", refuse)
    with Vectors(saved, WIDE, read_only=True) as vectors:
        assert vectors.count() == 230
        assert sorted(vectors.ids()) == [f"{number:03}" for number in range(20, 250)]


def test_a_reader_whose_vectors_a_later_run_replaced_says_so(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    with Vectors(tmp_path, IDENTITY, read_only=True) as reader:
        with Vectors(tmp_path, EncoderIdentity("fake", "2", 3, 64)) as vectors:
            vectors.drop_others()
        with pytest.raises(IndexUnreadable, match="the vectors were replaced.*try again"):
            reader.count()


@pytest.mark.parametrize(
    ("content", "of"),
    [
        ([], 0),
        ([0, 0, 0], 3),
        ([8, 1, 2, 0, 0, 4, 9], 4),
        ([0, 4, 0, 0], 3),  # a link to the first vector, which is 0
        ([0, 8, 1], None),
        ([0, 400, 1, 2], None),
        ([2, 0], None),
    ],
)
def test_links_above_the_ground_level_belong_to_so_many_vectors(content: list[int], of: int | None) -> None:
    assert vectors_of_links(np.array(content, np.uint32)) == of


def test_vectors_are_read_through_chroma_where_its_files_are_not_as_expected(vectors: Vectors, tmp_path: Path) -> None:
    vectors.add(["a"], 2 * rows((1, 0, 0)))  # Chroma does not mind the length
    with closing(open_for_reading(tmp_path, IDENTITY, 1)) as found:
        assert isinstance(found, Vectors)
        assert found.nearest(rows((1, 0, 0))[0], 1) == [("a", pytest.approx(1))]


def test_a_file_that_is_being_written_is_not_read(saved: Path) -> None:
    (path,) = saved.glob("*/data_level0.bin")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    with closing(open_for_reading(saved, WIDE, 230)) as found:
        assert isinstance(found, Vectors)
    path.write_bytes(whole)
    with closing(open_for_reading(saved, WIDE, 230)) as found:
        assert isinstance(found, ChosenVectors)


@pytest.mark.slow
def test_a_small_index_is_read_right_while_another_process_writes(saved: Path) -> None:
    """The files of graphs are replaced in place: a reader sees all of what it needs, or refuses."""
    kept = {f"{number:03}": vector for number, vector in enumerate(clusters(250, 0)) if number >= 20}
    with subprocess.Popen([sys.executable, "-c", WRITER, str(saved)], cwd=ROOT) as writer:
        opened = 0
        while writer.poll() is None:
            with closing(open_for_reading(saved, WIDE, 230)) as found:
                opened += 1
                for ids, values in found.stored(kept):
                    assert np.allclose(values, np.stack([kept[name] for name in ids]), atol=1e-6)
                assert {name for ids, _ in found.stored(kept) for name in ids} == set(kept)
    assert (writer.returncode, opened > 1) == (0, True)


WRITER = """
import sys, pathlib, numpy as np
from ingest.index.chroma_collections import GRAPH
from ingest.index.vectors import Vectors
from ingest.models.encoder import EncoderIdentity
GRAPH["sync_threshold"] = 100
for run in range(4):
    values = np.random.default_rng(run).standard_normal((150, 384)).astype(np.float32)
    names = [f"{run}-{number}" for number in range(150)]
    with Vectors(pathlib.Path(sys.argv[1]), EncoderIdentity("fake", "1", 384, 256)) as vectors:
        vectors.add(names, values / np.linalg.norm(values, axis=1, keepdims=True))
        vectors.delete(names)
        vectors.renew()
        vectors.drop_others()
"""
