import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import SourceUnreadable
from ingest.readers.registry import FORMATS, is_known, read

Refused = Callable[[str, str | bytes], SourceUnreadable]


def test_the_suffix_names_the_format_in_any_case(tmp_path: Path) -> None:
    assert is_known(Path("a/Notes.MD"))
    assert not is_known(Path("a/notes.mobi"))
    assert not is_known(Path("README"))
    path = tmp_path / "NOTES.TXT"
    path.write_text("Rest.", encoding="utf-8")
    assert read(path, "NOTES.TXT").text == "Rest."


def test_an_unsupported_suffix_names_the_supported_formats(tmp_path: Path) -> None:
    path = tmp_path / "book.mobi"
    path.write_bytes(b"x")
    with pytest.raises(SourceUnreadable) as caught:
        read(path, "books/book.mobi")
    assert caught.value.what == "has an unsupported format"
    assert caught.value.where == "books/book.mobi"
    assert all(suffix in caught.value.remedy for suffix in FORMATS)


def test_the_document_knows_its_source_and_the_hash_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "lower_back-pain.txt"
    path.write_bytes(b"Rest.\r\n")
    document = read(path, "spine/lower_back-pain.txt")
    assert document.source == "spine/lower_back-pain.txt"
    assert document.title == "lower back pain"
    assert document.sha == hashlib.sha256(b"Rest.\r\n").hexdigest()


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@pytest.mark.parametrize("content", [b"", b" \n\t\r\n"])
def test_an_empty_file_is_refused_in_every_format(refused: Refused, suffix: str, content: bytes) -> None:
    assert refused(f"a{suffix}", content).what == "is empty"


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_a_binary_file_is_not_text(refused: Refused, suffix: str) -> None:
    assert refused(f"a{suffix}", b"\x89PNG\x00\x01").what == "is not text (it contains NUL bytes)"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"^gone.txt: cannot be read: No such file or directory; check"):
        read(tmp_path / "gone.txt", "gone.txt")


def test_a_directory_with_the_suffix_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(SourceUnreadable, match="cannot be read: Is a directory"):
        read(tmp_path / "folder.md", "folder.md")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(SourceUnreadable, match="is not a file but a pipe"):
        read(tmp_path / "pipe.txt", "pipe.txt")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x", encoding="utf-8")
    path.chmod(0)
    with pytest.raises(SourceUnreadable, match="cannot be read: Permission denied"):
        read(path, "secret.txt")


def test_a_name_that_is_not_utf8_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(SourceUnreadable) as caught:
        read(path, "caf\udce9.txt")
    assert str(caught.value) == r"caf\udce9.txt: has a name that is not UTF-8; rename it"


def test_headings_alone_are_nothing_to_quote(refused: Refused) -> None:
    assert refused("a.md", "---\ntitle: T\n---\n# One\n\n## Two\n").what == "contains no text to quote"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux has such files")
def test_a_file_that_never_has_its_size_keeps_changing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.symlink_to("/proc/self/status")
    with pytest.raises(SourceUnreadable, match="keeps changing while it is read"):
        read(path, "a.txt")
