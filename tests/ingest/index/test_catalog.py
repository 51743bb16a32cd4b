import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.errors import IndexMissing, IndexStale, IndexUnreadable, IndexUnwritable
from ingest.index.catalog import Catalog
from ingest.models.encoder import Encoder
from ingest.schema import Block, CorpusDescription, Document, Heading, Passage
from ingest.text.chunk import split
from ingest.word_boxes import WordBox, pack
from tests.conftest import reading_of
from tests.servers import in_folders

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def catalog(catalogs: str, data: Path) -> Iterator[Catalog]:
    with closing(Catalog(data, create=True)) as opened:
        yield opened


@pytest.fixture
def put(catalog: Catalog, encoder: Encoder) -> Iterator["Put"]:
    yield Put(catalog, encoder)


class Put:
    """Store documents (text by source) as one finished run."""

    def __init__(self, catalog: Catalog, encoder: Encoder) -> None:
        self._catalog, self._encoder = catalog, encoder

    def __call__(self, texts: dict[str, str], root: str = "/root", title: str = "Title", language: str = "") -> None:
        with self._catalog.write() as draft:
            draft.put_root(root, CorpusDescription())
            for source, text in texts.items():
                document = Document(
                    source, title, None, text, "0" * 64, blocks=(Block(0, len(text)),), language=language
                )
                draft.put_document(root, document, list(split(reading_of(document), root, self._encoder)))
            draft.set_encoder(self._encoder.identity)
            draft.finish(NOW, {"added": len(texts)})


def found(catalog: Catalog, words: Sequence[str]) -> list[str]:
    with catalog.read() as snapshot:
        hits = snapshot.lexical(words, 10)
        passages = snapshot.passages([key for key, _ in hits])
        return [passages[key].source for key, _ in hits]


def test_nothing_was_ingested(data: Path, catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="run `cited ingest FOLDER`"), catalog.read():
        pass
    with pytest.raises(IndexMissing):
        Catalog(tmp_path / "collections" / "elsewhere")
    assert not (tmp_path / "collections").exists()


@in_folders
def test_a_damaged_file(data: Path, catalog: Catalog, put: "Put") -> None:
    put({"a.md": "Walk a bit. " * 2_000})
    path = data / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    path.write_bytes(content[:8_192] + b"\xaa" * (len(content) - 8_192))
    with pytest.raises(IndexUnreadable, match=r"is damaged .*; move catalog.sqlite\* to"), catalog.read() as snapshot:
        snapshot.document("/root", "a.md")
    with pytest.raises(IndexUnreadable), catalog.write() as draft:
        draft.drop_document("/root", "a.md")
    path.write_bytes(b"garbage" * 1_000)
    for use in (catalog.read, catalog.write):
        with pytest.raises(IndexUnreadable, match=r"is damaged \(file is not a database\)"), use():
            pass
    with pytest.raises(IndexUnreadable):
        Catalog(data, create=True)


@in_folders
def test_an_unwritable_folder(data: Path, put: "Put") -> None:
    put({"a.md": "Walk."})
    for name in ("catalog.sqlite-wal", "catalog.sqlite-shm"):
        (data / name).unlink(missing_ok=True)
        (data / name).mkdir()
    with closing(Catalog(data)) as catalog:
        with catalog.read() as snapshot:
            assert snapshot.counts() == (1, 1)
        with pytest.raises(IndexUnwritable), catalog.write():
            pass


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%41b", "a b", "ü", "a?mode=memory&x=1", "a;b"])
def test_a_folder_with_an_odd_name(tmp_path: Path, encoder: Encoder, name: str) -> None:
    data = tmp_path / name
    with closing(Catalog(data, create=True)) as catalog:
        Put(catalog, encoder)({"a.md": "Walk."})
        with catalog.read() as snapshot:
            assert snapshot.counts() == (1, 1)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert "catalog.sqlite" in [path.name for path in data.iterdir()]


def test_a_document_is_returned_as_it_was_stored(catalog: Catalog, encoder: Encoder) -> None:
    text = "Hip\n\nWalk 🦴. Rest.\n\nSleep."
    document = Document(
        "sub/a.pdf",
        "Hip",
        "https://example.org/",
        text,
        "f" * 64,
        page_starts=(0, 5),
        headings=(Heading(1, "Hip", 0, 3),),
        blocks=(Block(5, 18), Block(20, 26, apart=True, kind="row")),
        verbatim=False,
        language="en",
        ocr_pages=(2,),
        word_boxes=pack(WordBox(0, 3, 1, 10, 20, 30, 40)),
        readers=7,
    )
    passages = list(split(reading_of(document), "/root", encoder))
    with catalog.write() as draft:
        draft.put_root("/root", CorpusDescription())
        draft.put_document("/root", document, passages)
        draft.set_encoder(encoder.identity)
        assert draft.finish(NOW, {}) == 1
    with catalog.read() as snapshot:
        assert snapshot.document("/root", "sub/a.pdf") == document
        assert snapshot.document("/root", "a.pdf") is None
        assert snapshot.document("/other", "sub/a.pdf") is None
        keys = snapshot.keys_of([p.sha for p in passages])
        stored = snapshot.passages([key for each in keys.values() for key in each])
        assert sorted(stored.values(), key=lambda p: p.start) == passages
        assert passages[1].page == 2
        assert snapshot.counts() == (1, len(passages))
        assert snapshot.encoder() == encoder.identity


def test_lexical_search_is_by_stems_best_first_ties_by_number(catalog: Catalog, put: Put) -> None:
    put({"a": "Walking helps.", "b": "Rest. Rest. Rest.", "c": "He walks and walks.", "d": "Walking helps."})
    assert found(catalog, ["walk"]) == ["c", "a", "d"]
    assert found(catalog, ["walk", "rest"])[0] == "b"
    assert found(catalog, []) == []
    assert found(catalog, ["ibuprofen"]) == []
    with catalog.read() as snapshot:
        scores = dict(snapshot.lexical(["walk"], 10))
        assert all(score > 0 for score in scores.values())
        assert snapshot.lexical_of(["walk"], list(scores)) == pytest.approx(scores)
        assert snapshot.lexical_of(["walk"], []) == {}
        assert len(snapshot.lexical(["walk"], 2)) == 2


def test_the_best_passages_are_found_without_scoring_those_with_only_common_words(catalog: Catalog, put: Put) -> None:
    chance = random.Random(1)
    words = ["oak"] * 40 + ["ash"] * 20 + ["elm"] * 8 + ["yew"] * 3 + ["fir"]
    texts = (" ".join(chance.choices(words, k=chance.randint(1, 12))) for _ in range(150))
    put({f"{number:03}": text for number, text in enumerate(texts)})
    questions = [["fir", "oak"], ["oak", "yew", "palm"], ["ash", "oak"], ["yew", "elm", "ash"]]
    scored: list[str] = []
    with catalog.read() as snapshot:
        for asked in questions:
            everything = snapshot.lexical(asked, 1_000)
            for limit in (1, 5, 20):
                assert snapshot.lexical(asked, limit) == everything[:limit]
        sa.event.listen(snapshot._connection.engine, "before_cursor_execute", lambda *call: scored.append(call[2]))
        snapshot.lexical(["fir", "oak"], 1)
    if snapshot._connection.dialect.name == "sqlite":  # PostgreSQL scores them all
        assert "MATCH ?) ORDER BY" in scored[-1]  # only passages with "fir"


def test_titles_and_headings_are_searched(catalog: Catalog, put: Put) -> None:
    put({"a": "Rest."}, title="Sciatica")
    assert found(catalog, ["sciatica"]) == ["a"]


def test_text_title_and_headings_are_stemmed_by_the_language_of_the_document(catalog: Catalog, put: Put) -> None:
    put({"a": "Die Kündigungen."}, title="Häuser", language="de")
    put({"b": "The houses die."}, language="en")
    assert found(catalog, ["kundig"]) == found(catalog, ["haus"]) == ["a"]
    assert found(catalog, ["die"]) == ["b"]


@in_folders
def test_the_languages_of_the_corpus_are_counted_in_characters_without_reading_texts(
    data: Path, catalog: Catalog, put: Put
) -> None:
    put({"a": "Walk.", "b": "Rest."}, language="en")
    put({"c": "Gehen Sie spazieren."}, language="de")
    put({"d": "1"})
    with catalog.read() as snapshot:
        assert list(snapshot.languages().items()) == [("de", 20), ("en", 10), ("", 1)]
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file:
        query = "EXPLAIN QUERY PLAN SELECT language, sum(characters) FROM documents GROUP BY language"
        assert "USING COVERING INDEX" in str(file.execute(query).fetchall())


@in_folders
def test_an_upgraded_index_counts_languages_as_fast(data: Path, catalog: Catalog, put: Put) -> None:
    put({"a": "Walk."}, language="en")
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file, file:
        file.execute("DROP INDEX documents_language")
    with catalog.write() as draft:
        draft.upgrade()
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file:
        assert ("documents_language",) in file.execute("SELECT name FROM sqlite_master").fetchall()


def test_words_with_punctuation_are_found(catalog: Catalog, put: Put) -> None:
    put({"a": "Take 2.5 mg or 1,000 IU; العلاج 漢字 snake_case o'clock.", "b": "Take 25 mg."})
    for word in ("2.5", "1,000", "العلاج", "漢字", "snake_cas", "oclock"):
        assert found(catalog, [word]) == ["a"], word


def test_document_frequencies(catalog: Catalog, put: Put) -> None:
    put({"a": "Walk.", "b": "Walking, walks.", "c": "Rest."})
    with catalog.read() as snapshot:
        frequencies = snapshot.document_frequencies(["walk", "rest", "ibuprofen"])
        assert frequencies == {"walk": 2, "rest": 1, "ibuprofen": 0}
        assert snapshot.document_frequencies([]) == {}


def test_a_dropped_or_replaced_document_is_no_longer_found(catalog: Catalog, put: Put) -> None:
    put({"a": "Walk.", "b": "Walk."})
    put({"a": "Rest."})
    assert found(catalog, ["walk"]) == ["b"]
    with catalog.write() as draft:
        draft.drop_document("/root", "b")
        draft.drop_document("/root", "never there")
        draft.finish(NOW, {})
    assert found(catalog, ["walk", "rest"]) == ["a"]
    with catalog.read() as snapshot:
        assert snapshot.counts() == (1, 1)
        assert snapshot.document_frequencies(["walk"]) == {"walk": 0}


def test_a_root_is_dropped_with_its_documents(catalog: Catalog, put: Put) -> None:
    put({"a": "Walk."}, root="/one")
    put({"a": "Walk."}, root="/two")
    with catalog.write() as draft:
        draft.drop_root("/one")
        draft.finish(NOW, {})
    with catalog.read() as snapshot:
        assert list(snapshot.roots()) == ["/two"]
        assert snapshot.counts() == (1, 1)


def test_a_draft_that_raises_is_rolled_back(catalog: Catalog, put: Put) -> None:
    put({"a": "Walk."})
    with pytest.raises(KeyError), catalog.write() as draft:
        draft.drop_document("/root", "a")
        draft.put_root("/other", CorpusDescription())
        draft.finish(NOW, {})
        raise KeyError
    assert found(catalog, ["walk"]) == ["a"]
    with catalog.read() as snapshot:
        assert list(snapshot.roots()) == ["/root"]
        assert snapshot.run() == 1


def test_a_snapshot_does_not_see_later_runs(data: Path, catalog: Catalog, put: Put) -> None:
    put({"a": "Walk."})
    with closing(Catalog(data)) as reader, reader.read() as snapshot:
        put({"a": "Rest.", "b": "Rest."})
        assert snapshot.run() == 1
        assert snapshot.sources() == {"a"}
        assert snapshot.lexical(["rest"], 10) == []
        assert snapshot.document_frequencies(["rest"]) == {"rest": 0}
    assert found(catalog, ["rest"]) == ["a", "b"]


@pytest.mark.slow
def test_many_keys_at_once(catalog: Catalog, put: Put) -> None:
    put({f"{number:04}": f"Text number {number}." for number in range(1_000)})
    with catalog.read() as snapshot:
        keys = snapshot.keys_of(sorted(snapshot.shas()))
        passages: dict[int, Passage] = snapshot.passages([key for each in keys.values() for key in each])
        assert len(passages) == 1_000
        assert len(snapshot.lexical_of(["text"], list(passages))) == 1_000
        assert snapshot.passages([10**9]) == {}


def test_the_name_of_an_only_root_is_the_collections(catalog: Catalog, put: Put) -> None:
    put({"a": "Walk."})
    with catalog.write() as draft:
        draft.put_root("/root", CorpusDescription("Hips", "On hips.", "Ask a doctor.", ("Why?",)))
    with catalog.read() as snapshot:
        notices = (("/root", "Ask a doctor."),)
        assert snapshot.description() == CorpusDescription("Hips", "On hips.", "", ("Why?",), notices)


def test_of_several_roots_all_questions_count_and_each_keeps_its_notice(catalog: Catalog, put: Put) -> None:
    put({"a": "Walk."})
    with catalog.write() as draft:
        draft.put_root("/one", CorpusDescription("Hips", "", "Ask a doctor.", ("Why?", "When?")))
        draft.put_root("/two", CorpusDescription("Backs", "On backs.", "Rest.", ("When?", "How?")))
    with catalog.read() as snapshot:
        notices = (("/one", "Ask a doctor."), ("/two", "Rest."))
        assert snapshot.description() == CorpusDescription("", "", "", ("Why?", "When?", "How?"), notices)


def test_an_index_of_another_version(data: Path, catalog: Catalog, put: Put) -> None:
    put({"a": "Walk."})
    with catalog.write() as draft:
        draft.set_meta("schema", "0.0")
    with pytest.raises(IndexStale, match="cited ingest --rebuild"), catalog.read():
        pass


@in_folders
def test_faults_name_the_passage_that_differs_from_its_document(data: Path, catalog: Catalog, put: Put) -> None:
    put({"a": "Walk a bit."})
    with catalog.read() as snapshot:
        assert snapshot.faults() == []
    with closing(sqlite3.connect(data / "catalog.sqlite")) as file, file:
        file.execute("UPDATE documents SET text = 'Run a bit. '")
    with catalog.read() as snapshot:
        assert snapshot.faults() == ["a, characters 0-11"]
