from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import SourceUnreadable
from ingest.readers.registry import read
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


@pytest.fixture
def read_as(tmp_path: Path) -> ReadAs:
    """Write a file and read it."""

    def write_and_read(name: str, content: str | bytes) -> Document:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(path, name)

    return write_and_read


@pytest.fixture
def refused(read_as: ReadAs) -> Refused:
    """Write a file that must be refused, and return the error."""

    def write_and_refuse(name: str, content: str | bytes) -> SourceUnreadable:
        with pytest.raises(SourceUnreadable) as caught:
            read_as(name, content)
        assert caught.value.where == name
        assert caught.value.remedy
        assert "\n" not in str(caught.value)
        return caught.value

    return write_and_refuse
