"""Whether quotes still stand: real files, a real catalog, edited in between."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.conversations.verify import verify
from assistant.schema import Evidence, Quote, Standing, Status
from ingest.index.catalog import Catalog
from ingest.origin import FileState
from ingest.runs.pipeline import Prune, RunReport, forget, ingest
from ingest.schema import Passage

BACK = """# Back

Walking every day eases low back pain. Bed rest for more than two days makes it worse.

A warm pack helps for a while.
"""
WALKING = "Walking every day eases low back pain."
Indexed = Callable[..., RunReport]
Verified = Callable[..., Standing]


def quote_from(root: Path, source: str, whole: str, quoted: str, heading: tuple[str, ...] = ("Back",)) -> Quote:
    """Return a quote whose passage is its paragraph."""
    at = whole.index(quoted)
    start = whole.rfind("\n\n", 0, at) + 2
    text = whole[start : whole.index("\n", at)]
    passage = Passage("p", str(root), source, start, start + len(text), text, None, heading, (), "")
    return Quote(Evidence(passage, at, at + len(quoted), 1.0), None, None, None, FileState.SAME)


@pytest.fixture
def standing(tmp_path: Path) -> Verified:
    """Say how a quote of BACK stands now."""

    def check(quoted: str = WALKING, source: str = "back.md") -> Standing:
        with closing(Catalog(tmp_path / "data")) as catalog, catalog.read() as snapshot:
            (found,) = verify([quote_from(tmp_path / "corpus", source, BACK, quoted)], snapshot)
        return found

    return check


def found_text(standing: Standing, root: Path) -> str:
    """Return what stands in the file where the standing says."""
    assert standing.found is not None
    text = (root / standing.found.source).read_text(encoding="utf-8")[standing.found.start : standing.found.end]
    assert text == standing.found.text
    return text


def test_the_same_text_at_its_place(indexed: Indexed, standing: Verified, tmp_path: Path) -> None:
    indexed({"back.md": BACK})
    found = standing()
    assert (found.status, found.stands, found.framed) == (Status.SAME, True, True)
    assert found_text(found, tmp_path / "corpus") == WALKING
    assert found.found is not None
    assert found.found.line == 3


@pytest.mark.parametrize("again", [True, False], ids=["ingested again", "only edited"])
class TestAfterAnEdit:
    """An edit shows whether or not the folder was ingested since."""

    @pytest.fixture
    def edit(self, indexed: Indexed, write: Callable[..., Path], again: bool) -> Callable[[str], None]:
        indexed({"back.md": BACK, "other.md": "Nothing of interest here.\n"})
        return lambda text: (indexed if again else write)({"back.md": text}) and None

    def test_lines_above_move_it(self, edit: Callable[[str], None], standing: Verified, tmp_path: Path) -> None:
        edit("# New\n\nSomething new.\n\n" + BACK)
        found = standing()
        assert (found.status, found.stands, found.framed) == (Status.MOVED, True, True)
        assert found.found is not None
        assert (found.found.source, found.found.line) == ("back.md", 7)
        assert found_text(found, tmp_path / "corpus") == WALKING

    def test_another_text_beside_it_is_said(self, edit: Callable[[str], None], standing: Verified) -> None:
        edit(BACK.replace("two days", "one day"))
        found = standing()
        assert (found.status, found.framed) == (Status.SAME, False)

    def test_a_changed_text_offers_the_nearest(
        self, edit: Callable[[str], None], standing: Verified, tmp_path: Path
    ) -> None:
        edit(BACK.replace("Walking every day", "Walking twice a week"))
        found = standing()
        assert (found.status, found.stands) == (Status.CHANGED, False)
        assert found_text(found, tmp_path / "corpus") == "Walking twice a week eases low back pain."

    def test_two_sentences_offer_two(self, edit: Callable[[str], None], standing: Verified, tmp_path: Path) -> None:
        edit(BACK.replace("two days", "three days"))
        found = standing(f"{WALKING} Bed rest for more than two days makes it worse.")
        assert found.status is Status.CHANGED
        assert found_text(found, tmp_path / "corpus") == f"{WALKING} Bed rest for more than three days makes it worse."

    def test_nothing_alike_offers_nothing(self, edit: Callable[[str], None], standing: Verified) -> None:
        edit("# Back\n\nThis page was emptied.\n")
        found = standing()
        assert (found.status, found.found, found.framed) == (Status.CHANGED, None, False)

    def test_the_state_of_the_file_is_told(self, edit: Callable[[str], None], standing: Verified, again: bool) -> None:
        edit(BACK + "\nA last line.\n")
        found = standing()
        assert (found.status, found.file) == (Status.SAME, FileState.SAME if again else FileState.CHANGED)


@pytest.mark.parametrize("again", [True, False], ids=["ingested again", "only deleted"])
def test_a_deleted_file_is_gone(
    indexed: Indexed, standing: Verified, tmp_path: Path, encoder: object, again: bool
) -> None:
    indexed({"back.md": BACK, "other.md": "Nothing of interest here.\n"})
    (tmp_path / "corpus" / "back.md").unlink()
    if again:
        ingest([tmp_path / "corpus"], tmp_path / "data", encoder, prune=Prune.ALWAYS)  # type: ignore[arg-type]
    assert standing() == Standing(Status.GONE, None, False, FileState.SAME if again else FileState.GONE)


def test_a_renamed_file_has_moved_it(indexed: Indexed, standing: Verified, tmp_path: Path, encoder: object) -> None:
    indexed({"back.md": BACK})
    (tmp_path / "corpus" / "back.md").rename(tmp_path / "corpus" / "spine.md")
    ingest([tmp_path / "corpus"], tmp_path / "data", encoder)  # type: ignore[arg-type]
    found = standing()
    assert found.status is Status.MOVED
    assert found.found is not None
    assert (found.found.source, found.found.line) == ("spine.md", 3)


def test_a_text_that_went_to_another_file_has_moved(indexed: Indexed, standing: Verified) -> None:
    indexed({"back.md": "# Back\n\nNothing is left here.\n", "a.md": f"# A\n\n{WALKING}\n"})
    found = standing()
    assert found.status is Status.MOVED
    assert found.found is not None
    assert found.found.source == "a.md"


def test_of_several_places_that_of_the_same_name_is_told(indexed: Indexed, standing: Verified, tmp_path: Path) -> None:
    indexed({"a.md": f"# A\n\n{WALKING}\n"})
    indexed({"back.md": BACK}, folder="elsewhere")
    found = standing()
    assert found.found is not None
    assert (found.found.root, found.found.source) == (str(tmp_path / "elsewhere"), "back.md")


def test_of_two_places_in_a_file_the_nearer_is_told(indexed: Indexed, standing: Verified) -> None:
    indexed({"back.md": f"Yes. {WALKING}\n\n" + "y " * 200 + f"\n\n{WALKING}\n"})
    found = standing()
    assert found.found is not None
    assert found.found.start == 5


def test_a_forgotten_folder_is_gone(indexed: Indexed, standing: Verified, tmp_path: Path) -> None:
    indexed({"back.md": BACK})
    indexed({"x.md": "Something else is here.\n"}, folder="second")
    forget(tmp_path / "corpus", tmp_path / "data")
    assert standing().status is Status.GONE


def test_an_index_without_its_files_is_believed(indexed: Indexed, standing: Verified, tmp_path: Path) -> None:
    indexed({"back.md": BACK})
    (tmp_path / "corpus").rename(tmp_path / "away")
    assert standing().status is Status.SAME


def test_a_file_without_text_has_changed(indexed: Indexed, standing: Verified, tmp_path: Path) -> None:
    indexed({"back.md": BACK})
    (tmp_path / "corpus" / "back.md").write_bytes(b"")
    assert standing() == Standing(Status.CHANGED, None, False, FileState.CHANGED)
