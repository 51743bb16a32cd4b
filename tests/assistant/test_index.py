"""Views of the index: many at once, each of one run, and opened again after the next."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import IndexStale, IndexUnreadable
from ingest.index.chosen import ChosenVectors
from ingest.index.frozen import VectorReader, open_for_reading
from ingest.index.vectors import Vectors
from ingest.models.encoder import EncoderIdentity, Vectors32
from ingest.runs.pipeline import RunReport
from ingest.settings import Settings
from tests.conftest import FakeEncoder

FILES = {"heat.txt": "Heat eases a stiff back.", "cold.txt": "Cold eases a swollen knee."}
SOON = 10.0  # seconds until a thread that should go on has gone on


class SlowEncoder(FakeEncoder):
    """Takes its time for each question, as a real one does, and lets other threads run meanwhile."""

    seconds = 0.06

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        if query:
            time.sleep(self.seconds)
        return super().encode(texts, query=query)


@pytest.fixture
def index(indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder) -> Iterator[Index]:
    indexed(FILES)
    opened = Index(tmp_path / "data", encoder)
    yield opened
    opened.close()


def test_two_threads_have_a_view_at_the_same_time(index: Index) -> None:
    both = threading.Barrier(2, timeout=SOON)

    def look() -> int:
        with index.view() as view:
            both.wait()
            return view.vectors.count()

    with ThreadPoolExecutor(2) as pool:
        assert [each.result() for each in [pool.submit(look), pool.submit(look)]] == [2, 2]


def test_a_view_keeps_its_run_and_the_next_one_waits_for_it(index: Index, indexed: Callable[..., RunReport]) -> None:
    asked, found = threading.Event(), threading.Event()

    def look() -> tuple[int, int]:
        asked.set()
        with index.view() as view:
            found.set()
            return view.snapshot.run(), view.vectors.count()

    with ThreadPoolExecutor(1) as pool:
        with index.view() as view:
            indexed({**FILES, "rest.txt": "Rest eases a tired foot."})
            later = pool.submit(look)
            assert asked.wait(SOON)
            assert not found.wait(0.3)
            assert (view.snapshot.run(), view.snapshot.counts()) == (1, (2, 2))
        assert later.result(SOON) == (2, 3)


def test_a_view_that_fails_lets_the_next_one_in(index: Index, indexed: Callable[..., RunReport]) -> None:
    with pytest.raises(RuntimeError), index.view():
        raise RuntimeError("the reader failed")
    indexed({**FILES, "rest.txt": "Rest eases a tired foot."})
    with index.view() as view:
        assert view.vectors.count() == 3


def test_a_follow_up_is_understood_and_answered_in_one_view(
    index: Index, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = Assistant(index)
    views: list[object] = []
    view = index.view
    monkeypatch.setattr(index, "view", lambda *within: views.append(1) or view(*within))
    assert assistant.ask("and a knee?", history=["What eases a stiff back?"]).run == 1
    assert views == [1]


@pytest.mark.serial
def test_questions_do_not_wait_for_each_other(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    indexed(FILES)
    assistant = Assistant(Index(tmp_path / "data", SlowEncoder()))
    questions = ["What eases a stiff back?", "What eases a swollen knee?"] * 8
    wanted = [assistant.ask(question) for question in questions]
    began = time.perf_counter()
    for question in questions:
        assistant.ask(question)
    one_by_one = time.perf_counter() - began
    began = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(assistant.ask, questions))
    together = time.perf_counter() - began
    assistant.close()
    assert found == wanted
    assert together < 0.7 * one_by_one


@pytest.mark.slow
def test_answers_stay_the_same_while_runs_come_and_go(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    indexed(FILES)
    assistant = Assistant(Index(tmp_path / "data", FakeEncoder()))
    stop = threading.Event()
    runs: set[int] = set()

    def keep_asking() -> None:
        while not stop.is_set():
            answer = assistant.ask("What eases a stiff back?")
            assert answer.quotes and answer.quotes[0].text == "Heat eases a stiff back."
            runs.add(answer.run)

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(keep_asking) for _ in range(4)]
        try:
            for number in range(5):
                indexed({**FILES, f"rest-{number}.txt": f"Rest number {number} eases a tired foot."})
        finally:
            stop.set()
        for each in asking:
            each.result(SOON)
    assert assistant.ask("What eases a stiff back?").run == 6
    assistant.close()
    assert runs <= set(range(1, 7)) and len(runs) > 1


def test_an_index_of_another_encoder_is_refused(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    indexed(FILES)
    with pytest.raises(IndexStale, match="a different encoder"):
        Index(tmp_path / "data", FakeEncoder(revision="2"))
    with pytest.raises(IndexStale, match="made with the encoder fake, not other; .*unset CITED_ENCODER"):
        Index.open(Settings(data_dir=tmp_path / "data", encoder="other"))


def test_missing_vectors_are_an_error_until_they_are_restored(
    index: Index, indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> None:
    with Vectors(tmp_path / "data" / "chroma", encoder.identity) as vectors:
        vectors.delete(vectors.ids())
    with pytest.raises(IndexUnreadable, match="2 of 2 vectors are missing; run `cited ingest --rebuild`"):
        Index(tmp_path / "data", encoder)
    assert indexed(FILES).encoded == 2
    with index.view() as view:
        assert view.vectors.count() == 2


def test_a_view_goes_on_to_a_run_that_ends_while_it_opens(
    index: Index, indexed: Callable[..., RunReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = tmp_path / "corpus" / "rest.txt"
    indexed({**FILES, extra.name: "Rest eases a tired foot."})

    def open_late(folder: Path, identity: EncoderIdentity, least: int) -> VectorReader:
        if extra.exists():
            extra.unlink()
            indexed(FILES)
        return open_for_reading(folder, identity, least)

    monkeypatch.setattr("assistant.index.open_for_reading", open_late)
    with index.view() as view:
        assert view.snapshot.run() == 3
        assert view.vectors.count() == 2


def test_an_earlier_index_is_put_in_the_place_of_an_open_one(
    index: Index, indexed: Callable[..., RunReport], tmp_path: Path
) -> None:
    shutil.copytree(tmp_path / "data", tmp_path / "before")
    indexed({"new.md": "Plums are blue.\n"})
    with index.view() as view:
        assert view.snapshot.run() == 2
    (tmp_path / "data").rename(tmp_path / "after")
    (tmp_path / "before").rename(tmp_path / "data")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: run_and_count(index)).result(timeout=SOON) == (1, 2)


def run_and_count(index: Index) -> tuple[int, int]:
    with index.view() as view:
        return view.snapshot.run(), view.vectors.count()


def test_opening_a_view_does_not_count_again(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChosenVectors, "count", None)
    for _ in range(2):
        with index.view() as view:
            assert view.snapshot.run() == 1
