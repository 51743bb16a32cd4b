from collections.abc import Iterator
from pathlib import Path

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings

from ingest.errors import IndexUnreadable
from ingest.index.vectors import Vectors
from ingest.models.encoder import EncoderIdentity, Vectors32

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
