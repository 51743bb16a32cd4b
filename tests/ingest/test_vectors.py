from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.encoder import EncoderIdentity, Vectors32
from ingest.vectors import Vectors

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


def test_adding_again_overwrites_and_deleting_removes(vectors: Vectors) -> None:
    vectors.add(["a", "b"], rows((1, 0, 0), (0, 1, 0)))
    vectors.add(["a"], rows((0, 0, 1)))
    assert vectors.count() == 2
    assert vectors.nearest(rows((0, 0, 1))[0], 1)[0][0] == "a"
    vectors.delete(["a", "none"])
    assert set(vectors.ids()) == {"b"}


def test_more_than_one_batch(vectors: Vectors) -> None:
    names = [f"{number:05}" for number in range(5_500)]
    vectors.add(names, rows(*[(1, number, 0) for number in range(5_500)]))
    assert set(vectors.ids()) == set(names) == vectors.present(names)
    vectors.delete(names[1:])
    assert list(vectors.ids()) == ["00000"]


def test_what_was_added_is_there_when_opened_again(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    with Vectors(tmp_path, IDENTITY) as vectors:
        assert list(vectors.ids()) == ["a"]


def test_encoders_have_collections_of_their_own(tmp_path: Path) -> None:
    with Vectors(tmp_path, IDENTITY) as vectors:
        vectors.add(["a"], rows((1, 0, 0)))
    other = EncoderIdentity("fake", "2", 3, 64)
    with Vectors(tmp_path, other) as vectors:
        assert vectors.count() == 0
        vectors.drop_others()
    with Vectors(tmp_path, IDENTITY) as vectors:
        assert vectors.count() == 0
