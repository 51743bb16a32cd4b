"""The Corpus tab's work: what is listed, planned, set aside, applied and refused, and what is shown of it."""

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.metrics import REGISTRY
from ingest.errors import IndexLocked, PruningUnconfirmed, RunStopped, SettingsInvalid, SourceUnreadable
from ingest.index.lock import write_lock
from ingest.runs.journal import FILE_NAME, authors
from ingest.runs.pipeline import Plan, Prune, RunReport, ingest
from ingest.runs.status import SourceStatus, runs, status
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from ui.handlers import corpus
from ui.handlers.corpus import Planned
from ui.handlers.folders import Folder
from ui.handlers.ingesting import IngestProgress
from ui.page import corpus as shown

HOSTILE = "<script>alert(1)</script>"
Indexed = Callable[..., RunReport]


@pytest.fixture
def settings(tmp_path: Path, indexed: Indexed) -> Settings:
    """Settings of an index of two texts."""
    indexed({"a.md": "# Apples\n\nApples are red.\n", "b.md": "# Berries\n\nBerries are blue.\n"})
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def upload(tmp_path: Path, settings: Settings) -> Callable[..., Planned]:
    """Upload texts by name."""

    def upload(before: Planned | None = None, **files: str) -> Planned:
        paths = []
        for stem, text in files.items():
            path = tmp_path / "mine" / f"{stem}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return corpus.add(paths, settings, before)

    return upload


def applied(planned: Planned, settings: Settings, prune: Prune = Prune.CAREFUL) -> RunReport:
    last = corpus.apply(planned, settings, FakeEncoder(), prune=prune)
    assert isinstance(last, RunReport)
    return last


def names(settings: Settings) -> list[str]:
    return [each.source for each in status(settings.data_dir)]


def text_of(name: str, settings: Settings) -> str:
    return (settings.data_dir / "uploads" / name).read_text(encoding="utf-8")


def test_an_upload_is_planned_then_applied(settings: Settings, upload: Callable[..., Planned]) -> None:
    planned = upload(ships="Ninety ships.", größe="Äpfel sind groß.")
    assert planned.plan.added == ("größe.txt", "ships.txt")
    assert planned.changes == 2
    assert names(settings) == ["a.md", "b.md"]
    assert applied(planned, settings).added == ["größe.txt", "ships.txt"]
    assert names(settings) == ["a.md", "b.md", "größe.txt", "ships.txt"]
    assert corpus.removable(settings.data_dir) == {"größe.txt", "ships.txt"}
    assert planned.waiting
    assert not corpus.plan_uploads(settings).waiting
    assert corpus.plan_uploads(settings).changes == 0


def test_progress_is_told_a_file(settings: Settings, upload: Callable[..., Planned]) -> None:
    told: list[tuple[int, int, str]] = []
    planned = upload(ships="Ninety ships.")
    corpus.apply(planned, settings, FakeEncoder(), tell=lambda *progress: told.append(progress))
    assert told == [(0, 1, "ships.txt"), (1, 1, "")]


def test_an_edit_is_discarded_or_applied(settings: Settings, upload: Callable[..., Planned]) -> None:
    applied(upload(ships="Ninety ships."), settings)
    first = upload(ships="Forty ships.", other="Other.")
    assert first.plan.updated == ("ships.txt",)
    second = upload(first, ships="Fifty ships.")
    corpus.discard(second, settings)
    assert text_of("ships.txt", settings) == "Ninety ships."
    assert corpus.plan_uploads(settings).changes == 0
    planned = upload(ships="Forty ships.")
    assert applied(planned, settings).updated == ["ships.txt"]
    corpus.discard(planned, settings)
    assert text_of("ships.txt", settings) == "Forty ships."


def test_two_pages_upload_the_same_name_and_both_are_kept(settings: Settings, upload: Callable[..., Planned]) -> None:
    mine = upload(ships="Ninety ships.")
    theirs = upload(ships="Forty ships.")
    assert theirs.plan.added == ("ships (2).txt", "ships.txt")
    again = corpus.apply(mine, settings, FakeEncoder())
    assert isinstance(again, Planned)  # it would add more than was shown
    assert names(settings) == ["a.md", "b.md"]
    assert applied(again, settings).added == ["ships (2).txt", "ships.txt"]
    assert text_of("ships.txt", settings) == "Ninety ships."
    assert text_of("ships (2).txt", settings) == "Forty ships."
    assert upload(ships="Ninety ships.").changes == 0


def test_two_pages_replace_the_same_upload(settings: Settings, upload: Callable[..., Planned]) -> None:
    applied(upload(ships="Ninety ships."), settings)
    mine = upload(ships="Fifty ships.")
    theirs = upload(ships="Forty ships.")
    assert (theirs.plan.added, theirs.plan.updated) == (("ships (2).txt",), ("ships.txt",))
    corpus.discard(mine, settings)
    assert text_of("ships.txt", settings) == "Ninety ships."
    assert text_of("ships (2).txt", settings) == "Forty ships."
    assert applied(corpus.plan_uploads(settings), settings).added == ["ships (2).txt"]


def test_only_what_was_planned_is_applied(settings: Settings, upload: Callable[..., Planned], tmp_path: Path) -> None:
    planned = upload(ships="Ninety ships.")
    (settings.data_dir / "uploads" / "ships.txt").write_text("No ships.", encoding="utf-8")
    again = corpus.apply(planned, settings, FakeEncoder())
    assert isinstance(again, Planned)
    assert again.plan.added == planned.plan.added
    assert applied(again, settings).added == ["ships.txt"]
    removal = corpus.remove("ships.txt", settings)
    upload(ships="Forty ships.")  # by another page, which sets the first version aside
    again = corpus.apply(removal, settings, FakeEncoder())
    assert isinstance(again, Planned)
    assert (again.plan.added, again.plan.removed) == ((), ("ships.txt",))
    assert applied(again, settings).removed == ["ships.txt"]
    assert text_of("ships.txt", settings) == "Forty ships."  # and still waits
    assert corpus.plan_uploads(settings).plan.added == ("ships.txt",)


def test_removing_a_file_plans_nothing_else(settings: Settings, upload: Callable[..., Planned]) -> None:
    applied(upload(ships="Ninety ships.", boats="Two boats."), settings)
    upload(planes="Three planes.", boats="Four boats.")
    planned = corpus.remove("ships.txt", settings)
    assert planned.plan == Plan(removed=("ships.txt",))
    assert (planned.changes, planned.waiting, planned.confirm) == (1, False, False)
    assert applied(planned, settings).removed == ["ships.txt"]
    assert names(settings) == ["a.md", "b.md", "boats.txt"]
    left = corpus.plan_uploads(settings)
    assert left.waiting
    assert (left.plan.added, left.plan.updated, left.plan.removed) == (("planes.txt",), ("boats.txt",), ())
    with pytest.raises(SourceUnreadable, match="no such file was uploaded and applied"):
        corpus.remove("planes.txt", settings)


def test_the_only_upload_is_removed_without_asking_twice(settings: Settings, upload: Callable[..., Planned]) -> None:
    applied(upload(ships="Ninety ships."), settings)
    planned = corpus.remove("ships.txt", settings)
    assert planned.plan.removed == ("ships.txt",)
    assert not planned.confirm
    corpus.discard(planned, settings)
    assert text_of("ships.txt", settings) == "Ninety ships."
    assert applied(corpus.remove("ships.txt", settings), settings).removed == ["ships.txt"]
    assert names(settings) == ["a.md", "b.md"]
    assert corpus.plan_all(settings).changes == 0
    assert not corpus.removable(settings.data_dir)


def test_uploads_are_planned_where_a_folder_holds_the_index_too(
    settings: Settings, upload: Callable[..., Planned], tmp_path: Path
) -> None:
    ingest([tmp_path], settings.data_dir, FakeEncoder())
    upload(ships="Ninety ships.")
    assert "ships.txt" in corpus.plan_all(settings).plan.added


def test_one_of_several_uploads_is_removed(settings: Settings, upload: Callable[..., Planned]) -> None:
    applied(upload(ships="Ninety ships.", boats="Two boats."), settings)
    assert applied(corpus.remove("boats.txt", settings), settings).removed == ["boats.txt"]
    assert names(settings) == ["a.md", "b.md", "ships.txt"]


def test_an_upload_that_cannot_be_read_is_told_and_removed(settings: Settings, upload: Callable[..., Planned]) -> None:
    applied(upload(ships="Ninety ships."), settings)
    [(source, _)] = applied(upload(empty=""), settings).failed
    assert source == "empty.txt"
    assert [each.source for each in corpus.sources(settings.data_dir, kind="failed")] == ["empty.txt"]
    again = corpus.plan_uploads(settings)
    assert again.again == ("empty.txt",)
    html = shown.plan_html(again)
    assert "Failed before, will be tried again" in html
    assert "To be added" not in html
    assert not again.waiting
    planned = corpus.remove("empty.txt", settings)
    assert planned.plan.removed == ("empty.txt",)
    applied(planned, settings)
    assert names(settings) == ["a.md", "b.md", "ships.txt"]


def test_a_bad_file_of_an_upload_does_not_refuse_the_others(settings: Settings, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("good.md", "song.mp3", ".note.md", "film.mp4", "fine.txt")]
    for path in paths:
        path.write_text(f"The text of {path.name}.", encoding="utf-8")
    planned = corpus.add(paths, settings)
    assert planned.plan.added == ("fine.txt", "good.md")
    assert [name for name, _ in planned.refused] == ["song.mp3", ".note.md", "film.mp4"]
    html = shown.plan_html(planned)
    assert "<bdi>song.mp3</bdi>, <bdi>film.mp4</bdi>" in html
    assert "Why: has an unsupported format; convert it to one of" in html
    assert "give it a name without the leading dot" in html
    assert applied(planned, settings).added == ["fine.txt", "good.md"]


def test_two_files_of_one_name_in_an_upload_are_both_kept(settings: Settings, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "ships.txt" for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(f"The ships of {path.parent.name}.", encoding="utf-8")
    planned = corpus.add(paths, settings)
    assert planned.plan.added == ("ships (2).txt", "ships.txt")
    assert corpus.add(paths, settings, planned).plan.added == ("ships (2).txt", "ships.txt")


def test_what_is_no_text_is_not_kept(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_text("text", encoding="utf-8")
    assert corpus.add([tmp_path / "song.mp3"], settings).changes == 0
    with pytest.raises(SourceUnreadable, match="no such file was uploaded"):
        corpus.remove("../catalog.sqlite", settings)
    assert not (settings.data_dir / "uploads").exists()


def test_removals_are_confirmed_or_kept(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "corpus" / "a.md").unlink()
    planned = corpus.plan_all(settings)
    assert planned.plan.removed == ("a.md",)
    assert not planned.confirm  # half, not more
    (tmp_path / "corpus" / "c.md").write_text("# Cherries\n\nRed too.\n", encoding="utf-8")
    (tmp_path / "corpus" / "b.md").unlink()
    again = corpus.apply(planned, settings, FakeEncoder())
    assert isinstance(again, Planned)
    assert again.confirm
    with pytest.raises(PruningUnconfirmed):
        applied(again, settings)
    assert names(settings) == ["a.md", "b.md"]
    assert applied(again, settings, Prune.NEVER).kept == ["a.md", "b.md"]
    again = corpus.plan_again(again, settings)
    assert applied(again, settings, Prune.ALWAYS).removed == ["a.md", "b.md"]
    assert names(settings) == ["c.md"]


def test_a_root_that_is_gone_does_not_stop_the_others(
    settings: Settings, tmp_path: Path, upload: Callable[..., Planned]
) -> None:
    (tmp_path / "corpus").rename(tmp_path / "elsewhere")
    upload(ships="Ninety ships.")
    planned = corpus.plan_all(settings)
    assert "no such file or folder" in planned.problems[0]
    assert applied(planned, settings).added == ["ships.txt"]
    assert names(settings) == ["a.md", "b.md", "ships.txt"]


def test_who_writes_is_told(settings: Settings, upload: Callable[..., Planned]) -> None:
    planned = upload(ships="Ninety ships.")
    with write_lock(settings.data_dir), pytest.raises(IndexLocked, match=r"process \d+ \(since 20.*is writing"):
        applied(planned, settings)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ingest")] == []


def test_a_page_that_only_shows_refuses(settings: Settings, upload: Callable[..., Planned]) -> None:
    planned = upload(ships="Ninety ships.")
    shows = settings.model_copy(update={"read_only": True})
    calls: list[Callable[[], object]] = [
        lambda: corpus.add([], shows),
        lambda: corpus.remove("ships.txt", shows),
        lambda: corpus.discard(planned, shows),
        lambda: applied(planned, shows),
    ]
    for call in calls:
        with pytest.raises(SettingsInvalid, match="CITED_READ_ONLY"):
            call()
    assert names(settings) == ["a.md", "b.md"]


@pytest.mark.parametrize(
    ("search", "kind", "found"),
    [("", "", 2), ("APPLES", "", 1), ("b .MD", "", 1), ("pears", "", 0), ("", "failed", 0), ("", "read", 2)],
)
def test_sources_are_searched(settings: Settings, search: str, kind: str, found: int) -> None:
    assert len(corpus.sources(settings.data_dir, search, kind)) == found


def test_what_is_shown_is_escaped_and_cut() -> None:
    plan = Plan(added=(HOSTILE, *(f"{n}.md" for n in range(150))), failed=((HOSTILE, HOSTILE),), unchanged=("u.md",))
    html = shown.plan_html(Planned(plan, problems=(HOSTILE,)), HOSTILE)
    assert HOSTILE not in html
    assert "To be added <b>151</b>" in html
    assert "and 51 more" in html
    assert "1 file unchanged" in html
    source = SourceStatus("/r", HOSTILE, HOSTILE, failure=HOSTILE, note=HOSTILE, same_as=(HOSTILE,))
    listed = shown.sources_html([source] * 201, {"/r": "r"}, Path("/r"), {HOSTILE})
    assert HOSTILE not in listed
    assert listed.count("<li ") == 200
    assert "1 more not listed. Search to find them" in listed
    assert 'class="remove"' in listed
    assert 'class="remove"' not in shown.sources_html([source], {"/r": "r"}, Path("/other"), {HOSTILE})
    assert HOSTILE not in shown.report_html(RunReport(failed=[(HOSTILE, HOSTILE)], notes=[(HOSTILE, HOSTILE)]))
    assert HOSTILE not in shown.progress_html(IngestProgress(1, 2, HOSTILE))
    folder = Folder(HOSTILE, HOSTILE, 1, 1, None, missing=False, uploads=False)
    assert HOSTILE not in shown.folders_html([folder], [HOSTILE], {HOSTILE: HOSTILE}, HOSTILE, writes=True)
    assert HOSTILE not in shown.plan_html(Planned(plan, refused=((HOSTILE, HOSTILE),)), title=HOSTILE)


def test_runs_are_shown_newest_first(settings: Settings, upload: Callable[..., Planned]) -> None:
    applied(upload(ships="Ninety ships."), settings)
    html = shown.runs_html(runs(settings.data_dir), {2: HOSTILE})
    assert html.index("1 added") < html.index("2 added")
    assert HOSTILE not in html
    assert html.index("&lt;script&gt;") < html.index("<td>unknown</td>")


def test_every_run_is_noted_with_its_author(settings: Settings, upload: Callable[..., Planned]) -> None:
    last = corpus.apply(upload(ships="Ninety ships."), settings, FakeEncoder(), by="Ann")
    assert isinstance(last, RunReport)
    applied(corpus.remove("ships.txt", settings), settings)
    assert noted(settings) == [("Ann", "ingest", 2), ("the page", "forget", 3)]
    assert authors(settings.data_dir) == {2: "Ann", 3: "the page"}
    assert [run.number for run in runs(settings.data_dir)] == [3, 2, 1]


def test_runs_that_do_not_finish_are_counted_and_logged(
    settings: Settings, upload: Callable[..., Planned], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ingest.runs.journal")
    planned = upload(ships="Ninety ships.")
    before = counted()
    with write_lock(settings.data_dir), pytest.raises(IndexLocked):
        corpus.apply(planned, settings, FakeEncoder(), by="Ann")
    stop = threading.Event()
    stop.set()
    with pytest.raises(RunStopped):
        corpus.apply(planned, settings, FakeEncoder(), stop=stop)
    upload(planned, ships="A hundred ships.")
    assert isinstance(corpus.apply(planned, settings, FakeEncoder()), Planned)  # outdated, so not a run
    assert [now - former for now, former in zip(counted(), before, strict=True)] == [0, 1, 1]
    assert [(vars(each)["outcome"], vars(each)["by"]) for each in caplog.records] == [
        ("failed", "Ann"),
        ("stopped", "the page"),
    ]
    assert noted(settings) == []


def test_a_journal_that_cannot_be_written_stops_no_run(
    settings: Settings, upload: Callable[..., Planned], caplog: pytest.LogCaptureFixture
) -> None:
    (settings.data_dir / FILE_NAME).mkdir()
    before = counted()
    assert applied(upload(ships="Ninety ships."), settings).added == ["ships.txt"]
    assert names(settings) == ["a.md", "b.md", "ships.txt"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert counted()[0] == before[0] + 1


def noted(settings: Settings) -> list[tuple[str, str, int]]:
    """Return who did what in which run, as the journal says."""
    path = settings.data_dir / FILE_NAME
    entries = map(json.loads, path.read_text(encoding="ascii").splitlines() if path.exists() else ())
    return [(entry["by"], entry["what"], entry["run"]) for entry in entries]


def counted() -> list[float | None]:
    """Return the number of runs of this process by outcome."""
    kinds = ("finished", "failed", "stopped")
    return [REGISTRY.get_sample_value("cited_runs_total", {"outcome": kind}) for kind in kinds]
