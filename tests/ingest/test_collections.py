"""Collections in the data folder: their names, settings and files."""

from pathlib import Path

import pytest

from ingest import collections
from ingest.errors import CollectionInvalid, IndexLocked
from ingest.index.lock import write_lock
from ingest.runs.scan import scan
from ingest.schema import CorpusDescription
from ingest.settings import LONGEST_NAME, Settings, slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Back pain", "back-pain"), ("  Über/Straße! ", "über-strasse"), ("a_b", "a-b"), ("腰痛", "腰痛"), ("../x", "x")],
)
def test_a_slug_is_a_plain_name_and_its_own_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug
    assert slug_of(slug) == slug


@pytest.mark.parametrize("name", ["", " ", "..", "/", "_", "x" * (LONGEST_NAME + 1), "腰" * LONGEST_NAME])
def test_a_name_without_letters_or_too_long_is_refused(name: str) -> None:
    with pytest.raises(CollectionInvalid):
        slug_of(name)


def test_the_main_collection_is_the_data_folder_and_others_are_below_it(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).folder == tmp_path
    assert Settings(data_dir=tmp_path, collection="Back pain").folder == tmp_path / "collections" / "back-pain"
    assert collections.home_of(tmp_path / "collections" / "back-pain") == tmp_path
    assert collections.home_of(tmp_path) == tmp_path


def test_a_created_collection_is_listed_found_and_keeps_what_is_said_about_it(tmp_path: Path) -> None:
    said = CorpusDescription("Back pain", "About backs.", "No advice.", ("What helps?",))
    created = collections.create(tmp_path, "Back pain", said)
    collections.create(tmp_path, "Another")
    assert [each.slug for each in collections.collections(tmp_path)] == ["", "another", "back-pain"]
    assert collections.find(tmp_path, "Back pain") == collections.find(tmp_path, "back-pain") == created
    assert created.description == said
    assert collections.describe(created, CorpusDescription(name="Backs")).name == "Backs"
    assert collections.find(tmp_path, "back-pain").description == CorpusDescription(name="Backs")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    collections.create(tmp_path, "Back pain")
    with pytest.raises(CollectionInvalid, match="there is a collection of this name"):
        collections.create(tmp_path, "back PAIN")


def test_an_unknown_collection_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    collections.create(tmp_path, "Back pain")
    with pytest.raises(CollectionInvalid, match="back-pain"):
        collections.find(tmp_path, "hips")


def test_deleting_a_collection_deletes_its_folder_only(tmp_path: Path) -> None:
    gone, kept = collections.create(tmp_path, "Gone"), collections.create(tmp_path, "Kept")
    collections.delete(gone)
    assert [path.name for path in (tmp_path / "collections").iterdir()] == ["kept"]
    assert kept.folder.is_dir()
    with pytest.raises(CollectionInvalid, match="cannot be deleted"):
        collections.delete(collections.find(tmp_path, ""))


def test_a_collection_that_is_being_written_is_not_deleted(tmp_path: Path) -> None:
    busy = collections.create(tmp_path, "Busy")
    with write_lock(busy.folder), pytest.raises(IndexLocked):
        collections.delete(busy)
    assert busy.folder.is_dir()


def test_settings_that_were_edited_wrongly_leave_the_collection_usable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = collections.create(tmp_path, "Back pain")
    for text in ("{", '{"names": 1}', "[]"):
        (made.folder / collections.FILE_NAME).write_text(text, encoding="utf-8")
        assert collections.find(tmp_path, "back-pain").name == "back-pain"
    assert "collection.json" in caplog.text


def test_texts_that_are_too_long_are_refused(tmp_path: Path) -> None:
    made = collections.create(tmp_path, "Back pain")
    with pytest.raises(CollectionInvalid, match="too long"):
        collections.describe(made, CorpusDescription(notice="x" * 2_001))
    with pytest.raises(CollectionInvalid, match="too many"):
        collections.describe(made, CorpusDescription(questions=("?",) * 21))


def test_a_run_reads_nothing_of_the_data_folder_that_is_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("Notes.", encoding="utf-8")
    data_dir = tmp_path / "data"
    for name in ("One", "Two"):
        folder = collections.create(data_dir, name).folder
        (folder / "uploads").mkdir()
        (folder / "uploads" / "upload.md").write_text("An upload.", encoding="utf-8")
    assert list(scan(tmp_path, [], data_dir / "collections" / "one").files) == ["notes.md"]


def test_the_own_description_fills_up_from_that_of_the_folder() -> None:
    own = CorpusDescription(name="Mine")
    folder = CorpusDescription("Theirs", "About.", "", ("What?",), (("/a", "No advice."), ("/b", "Careful.")))
    both = own.over(folder)
    assert (both.name, both.description, both.questions) == ("Mine", "About.", ("What?",))
    assert both.notice_below({"/a"}) == "No advice."
    assert both.notice_below({"/a", "/b"}) == "No advice. Careful."
    assert not both.notice_below({"/c"})
    assert CorpusDescription(notice="All.").over(folder).notice_below({"/a"}) == "All."
