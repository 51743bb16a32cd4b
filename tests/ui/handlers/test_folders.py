"""Folders of a collection: added, read again and removed, and what is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import RootInvalid, SettingsInvalid
from ingest.runs.pipeline import RunReport
from ingest.runs.status import status
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from ui.handlers import corpus, folders
from ui.handlers.corpus import Planned

Write = Callable[..., Path]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a page on loopback, whose collection is empty."""
    return Settings(data_dir=tmp_path / "data")


def applied(planned: Planned, settings: Settings) -> RunReport:
    report = corpus.apply(planned, settings, FakeEncoder())
    assert isinstance(report, RunReport)
    return report


def names(settings: Settings) -> list[str]:
    return [each.source for each in status(settings.folder)]


def test_a_folder_is_added_listed_read_again_and_removed(settings: Settings, write: Write) -> None:
    root = write({"a.md": "Apples are red.", "sub/b.md": "Berries are blue.", "empty.txt": ""}, "texts")
    planned = folders.plan_new(f" '{root}/' ", settings)
    assert planned.plan.added == ("a.md", "empty.txt", "sub/b.md")
    assert len(planned.files) == 3
    assert not settings.folder.exists()
    assert applied(planned, settings).added == ["a.md", "sub/b.md"]

    [folder] = folders.folders(settings.folder)
    assert (folder.path, folder.name, folder.sources, folder.failed) == (str(root), "texts", 3, 1)
    assert (folder.read is not None, folder.missing, folder.uploads) == (True, False, False)
    write({"a.md": "Apples are green."}, "texts")
    again = folders.plan_folder("texts", settings)
    assert (again.plan.updated, again.again) == (("a.md",), ("empty.txt",))
    applied(again, settings)

    removal = folders.plan_removal("texts", settings)
    assert removal.plan.removed == ("a.md", "empty.txt", "sub/b.md")
    assert not removal.confirm
    assert applied(removal, settings).removed == ["a.md", "sub/b.md"]
    assert folders.folders(settings.folder) == ()
    assert names(settings) == []
    assert (root / "a.md").exists()


def test_only_the_folder_that_was_named_is_read_or_removed(settings: Settings, write: Write, tmp_path: Path) -> None:
    for name in ("one", "two"):
        applied(folders.plan_new(str(write({"a.md": f"Text of {name}."}, name)), settings), settings)
        write({"b.md": f"More of {name}."}, name)
    (tmp_path / "ships.txt").write_text("Ninety ships.")
    applied(corpus.add([tmp_path / "ships.txt"], settings), settings)
    (tmp_path / "boats.txt").write_text("Two boats.")
    corpus.add([tmp_path / "boats.txt"], settings)
    assert folders.plan_folder("one", settings).plan.added == ("b.md",)
    assert folders.plan_folder("uploads", settings).plan.added == ("boats.txt",)
    applied(folders.plan_removal("two", settings), settings)
    assert [each.name for each in folders.folders(settings.folder)] == ["one", "uploads"]
    assert names(settings) == ["a.md", "ships.txt"]
    with pytest.raises(RootInvalid, match="uploads are removed one by one"):
        folders.plan_removal("uploads", settings)
    with pytest.raises(RootInvalid, match="no such folder"):
        folders.plan_removal("two", settings)


def test_a_folder_that_is_gone_can_be_removed(settings: Settings, write: Write, tmp_path: Path) -> None:
    root = write({"a.md": "Apples are red."}, "texts")
    applied(folders.plan_new(str(root), settings), settings)
    root.rename(tmp_path / "elsewhere")
    [folder] = folders.folders(settings.folder)
    assert folder.missing
    with pytest.raises(RootInvalid, match="no such file or folder"):
        folders.plan_folder("texts", settings)
    assert applied(folders.plan_removal("texts", settings), settings).removed == ["a.md"]


def test_a_folder_of_which_nothing_was_read_can_be_removed(settings: Settings, write: Write) -> None:
    applied(folders.plan_new(str(write({"empty.md": ""}, "texts")), settings), settings)
    assert applied(folders.plan_removal("texts", settings), settings).removed == []
    assert folders.folders(settings.folder) == ()


def test_paths_that_cannot_be_added_are_refused_with_the_reason(
    settings: Settings, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = write({"texts/a.md": "Apples are red."}, "home")
    write({"film.mp4": "x"}, "films")
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(home))
    settings.folder.mkdir()
    refused = {
        "": "no folder is named",
        "a\0b": "no folder is named",
        "texts": "is not a full path",
        "~nobody-of-that-name/texts": "there is no such home folder",
        "~/none": "there is no such folder",
        "~/texts/a.md": "is a file",
        "~": "is your home folder",
        str(tmp_path / "link"): "is your home folder",
        str(tmp_path): "holds far more than your texts",
        "/": "holds far more than your texts",
        str(settings.folder): "is where the program keeps its index",
        str(tmp_path / "films"): "contains no file in a supported format",
    }
    for given, why in refused.items():
        with pytest.raises(RootInvalid, match=why):
            folders.plan_new(given, settings)
    applied(folders.plan_new("~/texts", settings), settings)
    write({"texts/sub/b.md": "Berries are blue."}, "home")
    for given, why in {"~/texts": "already; use", "~/texts/sub": f"already with {home}/texts"}.items():
        with pytest.raises(RootInvalid, match=why):
            folders.plan_new(given, settings)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_refused(settings: Settings, write: Write) -> None:
    root = write({"a.md": "Apples are red."}, "texts")
    root.chmod(0)
    with pytest.raises(RootInvalid, match="cannot be opened"):
        folders.plan_new(str(root), settings)
    root.chmod(0o700)


@pytest.mark.parametrize(
    "others",
    [{"host": "0.0.0.0"}, {"host": "192.0.2.7"}, {"host": "::"}, {"allowed_hosts": ("cited.example.org",)}],
    ids=["all addresses", "another address", "all of IPv6", "a proxy"],
)
def test_where_others_reach_the_page_no_folder_can_be_named(write: Write, others: dict[str, object]) -> None:
    root = write({"a.md": "Apples are red."}, "texts")
    with pytest.raises(SettingsInvalid, match="only where nobody else can reach the page"):
        folders.plan_new(str(root), Settings(**others))
    for host in ("127.0.0.1", "::1", "localhost"):
        assert folders.plan_new(str(root), Settings(host=host)).changes == 1


def test_a_page_that_only_shows_refuses(settings: Settings, write: Write) -> None:
    root = write({"a.md": "Apples are red."}, "texts")
    applied(folders.plan_new(str(root), settings), settings)
    shows = settings.model_copy(update={"read_only": True})
    calls: list[Callable[[], object]] = [
        lambda: folders.plan_new(str(root), shows),
        lambda: folders.plan_folder("texts", shows),
        lambda: folders.plan_removal("texts", shows),
        lambda: folders.plan_shipped(shows),
    ]
    for call in calls:
        with pytest.raises(SettingsInvalid, match="CITED_READ_ONLY"):
            call()


def test_the_shipped_example_is_offered_until_it_is_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.offers_shipped(settings.folder)
    planned = folders.plan_shipped(settings)
    assert "sciatica.md" in planned.plan.added
    applied(planned, settings)
    assert not folders.offers_shipped(settings.folder)
    monkeypatch.setattr(corpus, "SHIPPED", settings.folder / "none")
    assert corpus.shipped_corpus() is None
    with pytest.raises(RootInvalid, match="did not come with this program"):
        folders.plan_shipped(settings)


def test_an_empty_collection_has_nothing_and_takes_uploads(settings: Settings, tmp_path: Path) -> None:
    assert corpus.sources(settings.folder) == ()
    assert folders.folders(settings.folder) == ()
    assert corpus.plan_all(settings).changes == 0
    (tmp_path / "ships.txt").write_text("Ninety ships.")
    planned = corpus.add([tmp_path / "ships.txt"], settings)
    assert planned.waiting
    assert applied(planned, settings).added == ["ships.txt"]
    assert names(settings) == ["ships.txt"]
