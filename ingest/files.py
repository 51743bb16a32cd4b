"""Replaces small files that the program keeps."""

import os
from pathlib import Path


def replace_text(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Replace a file atomically, as `replace_bytes` does."""
    replace_bytes(path, text.encode(), mode=mode)


def replace_bytes(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Replace a file atomically: readers see either the old content or the new one.

    `mode` limits who may read it, within the limits of the process.

    Raises:
        OSError: the file cannot be written; the old one is unchanged.
    """
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
