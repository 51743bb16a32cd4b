import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.errors import RootInvalid, SourceUnreadable
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import ingest, plan
from ingest.runs.report import Plan
from ingest.runs.scan import describe, scan
from ingest.schema import CorpusDescription

Write = Callable[..., Path]


def shut(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a folder impossible to list, as permissions do for everyone but root."""
    real = os.scandir

    def scandir(path: str | Path = ".") -> Iterator[os.DirEntry[str]]:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def bar(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a folder's contents inaccessible, as permissions do for everyone but root: it can be listed, not entered."""
    real = os.stat

    def stat(path: str | Path, *rest: int | None, **named: bool) -> os.stat_result:
        if folder in Path(path).parents:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)


def test_files_in_supported_formats_in_order(write: Write) -> None:
    root = write(
        {"b.txt": "x", "a/c.md": "x", "a/d.xyz": "x", "corpus.yaml": "name: X", ".hidden/e.txt": "x", ".f.md": "x"}
    )
    found = scan(root, [])
    assert found.root == root
    assert list(found.files) == ["a/c.md", "b.txt"]
    assert found.files["a/c.md"] == root / "a" / "c.md"
    assert found.skipped == ("a/d.xyz",)
    assert found.closed == ()
    assert found.concerns("gone.txt")


def test_libraries_and_made_files_are_no_sources(write: Write) -> None:
    made = {"package-lock.json": "{}", "a.min.js": "f();", "pkg/__init__.py": ""}
    libraries = {
        "node_modules/x/a.md": "x",
        "pkg/__pycache__/a.txt": "x",
        "venv/pyvenv.cfg": "home = /usr",
        "venv/lib/a.txt": "x",
    }
    texts = {"a.js": "f();", "notes.json": "{}", "pkg/a.py": "x = 1", "other/__init__.py": "x = 1", "b.yaml": "a: 1"}
    found = scan(write({**made, **libraries, **texts, "corpus.yaml": "name: X", "sub/corpus.yaml": "name: Y"}), [])
    assert set(found.files) == set(texts)
    assert set(found.skipped) == set(made)


@pytest.mark.parametrize("files", [{}, {"a.xyz": "x"}, {"corpus.yaml": "name: X"}])
def test_a_folder_without_a_text(write: Write, tmp_path: Path, files: dict[str, str]) -> None:
    (tmp_path / "corpus").mkdir()
    with pytest.raises(RootInvalid, match="nothing was changed"):
        scan(write(files), [])


def test_a_missing_path(tmp_path: Path) -> None:
    with pytest.raises(RootInvalid, match="no such file or folder; check the path"):
        scan(tmp_path / "none", [])


def test_an_inaccessible_path(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"sub/a.md": "x"})
    bar(monkeypatch, root)
    with pytest.raises(RootInvalid, match=r"sub: cannot be accessed \(permission denied\)"):
        scan(root / "sub", [])
    with pytest.raises(RootInvalid, match=r"cannot be accessed \(file name too long\)"):
        scan(root.parent / ("x" * 300), [])


def test_a_root_whose_name_is_not_utf8(tmp_path: Path) -> None:
    root = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
    root.mkdir()
    (root / "a.md").write_text("x")
    for path in (root, root / "a.md"):
        with pytest.raises(RootInvalid, match="its name is not valid UTF-8; rename it") as caught:
            scan(path, [])
        assert rb"caf\udce9" in caught.value.where.encode("utf-8")


@pytest.mark.usefixtures("reads_here")
def test_files_in_a_folder_that_cannot_be_entered_fail_alone(
    write: Write, data: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({"a.md": "A.", "sub/b.md": "B.", "sub/c.md": "C."})
    ingest([root], data, encoder)
    (root / "sub" / "c.md").unlink()
    (root / "sub" / "d.md").write_text("D.")
    bar(monkeypatch, root / "sub")
    report = ingest([root], data, encoder)
    assert report.unchanged == ["a.md"]
    assert [reason for _, reason in report.failed] == [
        f"sub/{name}.md: cannot be read: Permission denied; check that it is a file you may read" for name in "bd"
    ]


def test_the_index_inside_a_root_is_skipped(write: Write, tmp_path: Path, data: Path) -> None:
    root = write({"a.md": "x"}, folder=".")
    write({"feedback.jsonl": "{}", "uploads/b.md": "x"}, folder="data")
    (tmp_path / "link").symlink_to(root)
    assert list(scan(root, [], data).files) == list(scan(tmp_path / "link", [], data).files) == ["a.md"]
    uploads = scan(data / "uploads", [root], data)
    assert (uploads.root, list(uploads.files)) == (data / "uploads", ["b.md"])
    assert list(scan(data / "uploads" / "b.md", [root, data / "uploads"], data).files) == ["b.md"]


def test_uploads_stay_their_own_root_inside_another(write: Write, tmp_path: Path, data: Path, encoder: Encoder) -> None:
    write({"a.md": "A.", "b.md": "B."}, folder=".")
    uploads = write({"c.md": "C."}, folder="data/uploads")
    paths = [tmp_path, uploads]
    assert plan(paths, data).added == ("a.md", "b.md", "c.md")
    assert ingest(paths, data, encoder).added == ["a.md", "b.md", "c.md"]
    assert plan([tmp_path], data) == Plan(found=2, unchanged=("a.md", "b.md"))
    report = ingest([tmp_path], data, encoder)
    assert (report.unchanged, report.removed, report.passages) == (["a.md", "b.md"], [], 3)
    assert ingest([uploads / "c.md"], data, encoder).unchanged == ["c.md"]


def test_a_single_file_is_its_own_root(write: Write) -> None:
    root = write({"a.md": "x", "b.xyz": "x"})
    found = scan(root / "a.md", [])
    assert (found.root, found.files) == (root / "a.md", {"a.md": root / "a.md"})
    with pytest.raises(RootInvalid, match="has an unsupported format"):
        scan(root / "b.xyz", [])


def test_a_path_inside_a_known_root_belongs_to_it(write: Write) -> None:
    root = write({"a.md": "x", "sub/b.md": "x", "sub/c.md": "x", "subway/d.md": "x"})
    file, folder = scan(root / "sub" / "b.md", [root]), scan(root / "sub", [root])
    assert (file.root, list(file.files)) == (root, ["sub/b.md"])
    assert (folder.root, list(folder.files)) == (root, ["sub/b.md", "sub/c.md"])
    assert file.concerns("sub/b.md")
    assert not file.concerns("sub/c.md")
    assert folder.concerns("sub/gone.md")
    assert not folder.concerns("subway/d.md")
    assert not folder.concerns("a.md")


def test_a_folder_that_cannot_be_listed_is_closed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"a.md": "x", "sub/b.md": "x", "subway/c.md": "x"})
    shut(monkeypatch, root / "sub")
    found = scan(root, [])
    assert list(found.files) == ["a.md", "subway/c.md"]
    assert found.closed == (("sub", "permission denied"),)
    assert not found.concerns("sub/b.md")
    assert found.concerns("subway/gone.md")


def test_a_root_that_cannot_be_listed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"a.md": "x"})
    shut(monkeypatch, root)
    with pytest.raises(RootInvalid, match=r"cannot be read \(permission denied\)"):
        scan(root, [])


def test_a_name_that_is_not_utf8_is_closed(write: Write) -> None:
    root = write({"a.md": "x"})
    (Path(os.fsdecode(bytes(root) + b"/caf\xe9.md"))).write_text("x")
    found = scan(root, [])
    assert list(found.files) == ["a.md"]
    assert found.closed == ((r"caf\udce9.md", "its name is not valid UTF-8"),)


def test_a_closed_folder_whose_name_is_not_utf8(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"a.md": "x"})
    folder = Path(os.fsdecode(bytes(root) + b"/caf\xe9"))
    folder.mkdir()
    shut(monkeypatch, folder)
    ((name, _),) = scan(root, []).closed
    assert name.encode("utf-8") == rb"caf\udce9"


def test_links(write: Write, tmp_path: Path) -> None:
    root = write({"a.md": "x", "sub/b.md": "x"})
    write({"secret.md": "x"}, folder="outside")
    (root / "inside.md").symlink_to(root / "a.md")
    (root / "out.md").symlink_to(tmp_path / "outside" / "secret.md")
    (root / "up").symlink_to(root)
    (root / "loop.md").symlink_to(root / "loop.md")
    found = scan(root, [])
    assert list(found.files) == ["a.md", "inside.md", "loop.md", "sub/b.md"]
    assert found.closed == (("out.md", "it is a link to a file outside the folder"),)


def test_a_root_that_is_a_link(write: Write, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(write({"a.md": "x"}))
    assert list(scan(tmp_path / "link", []).files) == ["a.md"]


def test_the_description(write: Write) -> None:
    assert describe(write({"a.md": "x"})) == CorpusDescription()
    root = write({"corpus.yaml": 'name: Hips\nnotice: Ask a doctor.\nquestions: ["Why?"]\n'})
    assert describe(root) == CorpusDescription("Hips", "", "Ask a doctor.", ("Why?",))
    assert describe(write({"corpus.yaml": ""})) == CorpusDescription()


@pytest.mark.parametrize(
    "content", ["[", "- a", "title: X", "name: 1", "questions: Why", "questions: [1]", "name: [x]", "a: &a [*a]", "\0"]
)
def test_a_broken_description(write: Write, content: str) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        describe(write({"corpus.yaml": content}))
    assert caught.value.where == "corpus.yaml"


def test_unstorable_characters_in_a_description_are_dropped(write: Write) -> None:
    content = 'name: "\\ud83d\\ude00 Hips\\0"\nnotice: "Ask\\ud83d"\nquestions: ["Why\\ude00?"]\n'
    assert describe(write({"corpus.yaml": content})) == CorpusDescription("😀 Hips", "", "Ask", ("Why?",))


@pytest.mark.slow
@pytest.mark.parametrize("content", ["name: 2024-13-45", "name: !!int ''", "name: !!bool x", "name: " + "[" * 5_000])
def test_invalid_yaml_values(write: Write, content: str) -> None:
    with pytest.raises(SourceUnreadable, match="cannot be read as YAML"):
        describe(write({"corpus.yaml": content}))


def test_a_broken_description_names_its_line(write: Write) -> None:
    with pytest.raises(SourceUnreadable, match=r"cannot be read as YAML \(line 2\)"):
        describe(write({"corpus.yaml": "name: Hips\nquestions: [Why?]\n"}))
