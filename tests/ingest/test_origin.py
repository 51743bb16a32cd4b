from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.origin import FileState, check_file, file_path
from ingest.runs.report import RunReport
from ingest.schema import Document

Find = Callable[[Path, str], Document | None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_files_own_characters_in_any_encoding(
    indexed: Callable[..., RunReport], write: Callable[..., Path], document_of: Find, encoding: str
) -> None:
    root = write({"a.txt": ""})
    (root / "a.txt").write_bytes("Übungen für den Rücken.\r\n\r\nTäglich gehen.".encode(encoding))
    indexed({})
    document = document_of(root, "a.txt")
    assert document is not None
    assert document.line(document.text.index("Täglich")) == 3
    assert check_file(str(root), document) == (FileState.SAME, document.text)


def test_files_that_changed_or_are_gone(
    indexed: Callable[..., RunReport], write: Callable[..., Path], document_of: Find
) -> None:
    indexed({"a.txt": "Rest.", "b.html": "<p>Walk.</p>"})
    root = write({"a.txt": "Run."})
    document, page = document_of(root, "a.txt"), document_of(root, "b.html")
    assert document is not None and page is not None
    assert check_file(str(root), document) == (FileState.CHANGED, None)
    assert check_file(str(root), page) == (FileState.SAME, None)
    (root / "a.txt").unlink()
    assert check_file(str(root), document) == (FileState.GONE, None)


def test_a_root_may_be_the_file_itself(write: Callable[..., Path]) -> None:
    root = write({"a.txt": "Rest."})
    assert file_path(str(root), "a.txt") == root / "a.txt" == file_path(str(root / "a.txt"), "a.txt")
