"""Selections: which documents they have, how they are made ready, and how few are kept."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import RequestInvalid
from ingest.index import selections
from ingest.index.catalog import Catalog, Snapshot
from ingest.index.chosen import ChosenVectors
from ingest.index.frozen import FrozenVectors
from ingest.index.selections import Selections
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.runs.pipeline import RunReport
from ingest.schema import Selection, kind_of
from tests.conftest import FakeEncoder

FILES = {"a/one.md": "Plums are blue.", "a/two.txt": "Pears are green.\n\nPears ripen late.", "b/three.md": "Apples."}

Limited = Callable[[Selections, Selection], AbstractContextManager[tuple[Snapshot, ChosenVectors | Vectors]]]


def within(*paths: str) -> Selection:
    return Selection(tuple(("", path) for path in paths))


@pytest.fixture
def limited(
    catalogs: str, indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> Iterator[Limited]:
    """Open the snapshot and the vectors of a selection of `FILES`: `limited(selections, selection)`."""
    indexed(FILES)
    with (
        closing(Catalog(tmp_path / "data")) as catalog,
        Vectors(tmp_path / "data" / VECTORS_FOLDER, encoder.identity) as vectors,
    ):

        @contextmanager
        def open_(kept: Selections, selection: Selection) -> Iterator[tuple[Snapshot, ChosenVectors | Vectors]]:
            with catalog.read() as snapshot:
                yield kept.limit(selection, snapshot, vectors)

        yield open_


def test_only_the_documents_of_a_selection_are_seen(limited: Limited, tmp_path: Path) -> None:
    with limited(Selections(), within("a/two.txt")) as (snapshot, vectors):
        root = str(tmp_path / "corpus")
        assert (snapshot.counts(), snapshot.sources(), vectors.count()) == ((1, 2), {"a/two.txt"}, 2)
        assert snapshot.document(root, "a/one.md") is None
        assert snapshot.document(root, "a/two.txt").text == FILES["a/two.txt"]
        assert list(snapshot.languages().values()) == [len(FILES["a/two.txt"])]
        assert snapshot.document_frequencies(["pear", "plum"]) == {"pear": 2, "plum": 0}
        assert set(snapshot.stems()) >= {"pear", "green", "ripen"} and "plum" not in snapshot.stems()
        keys = [key for key, _ in snapshot.lexical(["pear", "plum"], 10)]
        assert {each.source for each in snapshot.passages(keys).values()} == {"a/two.txt"}
        assert snapshot.shas() == {each.sha for each in snapshot.passages(keys).values()}
        assert snapshot.holding("Plums") == [] and snapshot.roots_of("a/one.md") == []
        assert [place for _, place, _ in snapshot.titles()] == [(root, "a/two.txt")]
        assert snapshot.texts_with([["pear"]], 5) and not snapshot.texts_with([["plum"]], 5)
        assert (snapshot.places_with("pear", 5), snapshot.places_with("plum", 5)) == (
            {(root, "a/two.txt")},
            frozenset(),
        )


def test_few_selections_are_kept_and_those_used_last(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selections, "KEPT", 2)
    made: list[int] = []
    make = selections._Ready.make
    monkeypatch.setattr(selections._Ready, "make", lambda self, *rest: (made.append(1), make(self, *rest)))
    kept = Selections()
    for paths in (["a"], ["b"], ["a"], ["a/one.md"], ["a"], ["b"]):
        with limited(kept, within(*paths)) as (snapshot, _):
            assert snapshot.counts()[0] == {"a": 2, "b": 1, "a/one.md": 1}[paths[0]]
    assert len(made) == 4
    kept.clear()
    with limited(kept, within("b")):
        assert len(made) == 5


def test_large_selections_make_room_for_each_other(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selections, "MOST_PASSAGES", 3)
    kept = Selections()
    for paths, held in ((["a/two.txt"], 1), (["b"], 2), (["a"], 1), (["a", "b"], 1)):
        with limited(kept, within(*paths)):
            assert len(kept._kept) == held


def test_a_selection_that_fails_is_not_kept(limited: Limited) -> None:
    kept = Selections()
    with pytest.raises(RequestInvalid, match="no text of this name"), limited(kept, within("c")):
        pass
    assert not kept._kept


def test_a_view_goes_on_with_a_selection_that_is_forgotten(limited: Limited) -> None:
    kept = Selections()
    with limited(kept, within("a")) as (snapshot, _):
        kept.clear()
        assert (snapshot.counts(), snapshot.document_frequencies(["plum"])) == ((2, 3), {"plum": 1})


def test_chosen_vectors_are_found_exactly_with_ties_by_id() -> None:
    rows = np.eye(4, dtype=np.float32)
    vectors = ChosenVectors([(["d", "b"], rows[:2]), (["c", "a"], rows[[1, 2]])])
    assert vectors.count() == 4
    assert vectors.nearest(rows[1], 3) == [("b", 1.0), ("c", 1.0), ("a", 0.0)]
    assert vectors.cosines(rows[0], ["d", "none", "a"]) == {"d": 1.0, "a": 0.0}
    empty = ChosenVectors([])
    assert (empty.count(), empty.nearest(rows[0], 5), empty.cosines(rows[0], ["a"])) == (0, [], {})


def test_stored_vectors_are_the_same_from_chroma_and_from_its_files(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> None:
    indexed(FILES)
    folder = tmp_path / "data" / VECTORS_FOLDER
    with Vectors(folder, encoder.identity) as vectors:
        ids = sorted(vectors.ids())
        read = [ChosenVectors(vectors.stored([*ids[1:], "none"]))]
    with closing(FrozenVectors(folder, encoder.identity)) as frozen:
        read.append(ChosenVectors(frozen.stored([*ids[1:], "none"])))
    question = encoder.encode(["plums"])[0]
    once, again = ([(name, pytest.approx(value)) for name, value in each.nearest(question, 9)] for each in read)
    assert [name for name, _ in once] == [name for name, _ in again] and {name for name, _ in once} == set(ids[1:])
    assert read[0].nearest(question, 9) == again


@pytest.mark.parametrize(
    ("selection", "matched"),
    [
        (within("a"), {("", "a")}),
        (within("a/b"), {("", "a/b")}),
        (within("a/b/c.md", "a"), {("", "a/b/c.md"), ("", "a")}),
        (Selection((("/root", ""), ("/other", ""), ("", "b"))), {("/root", "")}),
        (within("a/b/c.m", "b", "c.md"), set()),
    ],
)
def test_a_source_is_in_its_folders(selection: Selection, matched: set[tuple[str, str]]) -> None:
    assert selection.matched(("/root", "a/b/c.md")) == matched


def test_kinds_and_days_of_a_selection() -> None:
    assert [kind_of(name) for name in ("a/b.PDF", "c.tar.gz", "Makefile", ".env", "d.e/f")] == ["pdf", "gz", "", "", ""]
    assert Selection().has_kind("a.md") and Selection(kinds=("md",)).has_kind("a.MD")
    assert not Selection(kinds=("md",)).has_kind("a.pdf")
    first, second, third = (date(2026, 1, day) for day in (1, 2, 3))
    days = Selection(after=first, before=third)
    assert [days.has_day(day) for day in (date(2025, 12, 31), first, second, third)] == [False, True, True, False]
    assert not Selection() and days
