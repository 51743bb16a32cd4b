"""The folder of uploads: what is in it, what waits to be applied, and what was set aside."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path

from filelock import FileLock

from ingest.errors import IndexMissing, RootInvalid, SourceUnreadable, not_written
from ingest.origin import file_sha
from ingest.runs.pipeline import plan
from ingest.runs.status import status

UPLOADS_FOLDER = "uploads"
ASIDE_FOLDER = ".former"
"""A hidden folder inside the uploads folder; runs ignore it."""
LOCK_NAME = ".lock"


def uploads_folder(data_dir: Path) -> Path:
    """Return the folder of uploads."""
    return data_dir.absolute() / UPLOADS_FOLDER


def files_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder, except hidden ones."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def applied_uploads(data_dir: Path) -> set[str]:
    """Return the uploads that the index knows, whether read or failed."""
    folder = uploads_folder(data_dir)
    try:
        paths = [Path(each.root, each.source) for each in status(data_dir) if folder.is_relative_to(each.root)]
    except IndexMissing:
        return set()
    return {path.name for path in paths if path.parent == folder}


def waiting_uploads(data_dir: Path) -> list[str]:
    """Return the names of the uploads that were not applied: new ones and those that replace another."""
    folder = uploads_folder(data_dir)
    applied = applied_uploads(data_dir) - set(files_in(folder / ASIDE_FOLDER))
    return [name for name in files_in(folder) if name not in applied]


def free_name(name: str, sha: str, own: Mapping[str, str], data_dir: Path) -> str:
    """Return the name for an upload: numbered if another page's upload of that name waits to be applied."""
    folder = uploads_folder(data_dir)
    waiting = set(waiting_uploads(data_dir))
    path = Path(name)
    names = chain([name], (f"{path.stem} ({number}){path.suffix}" for number in count(2)))
    return next(each for each in names if each not in waiting or file_sha(folder / each) in (sha, own.get(each)))


def set_aside(name: str, data_dir: Path) -> None:
    """Make room for a file: keep an applied version until the next plan is applied, delete one that never was."""
    folder = uploads_folder(data_dir)
    path, aside = folder / name, folder / ASIDE_FOLDER / name
    if not path.is_file():
        return
    if name in waiting_uploads(data_dir):
        path.unlink()
    else:
        aside.parent.mkdir(exist_ok=True)
        path.replace(aside)


@contextmanager
def changing_uploads(data_dir: Path) -> Iterator[Path]:
    """Lock the folder of uploads against other pages and processes, and yield it.

    Raises:
        IndexUnwritable: the folder cannot be written to.
    """
    folder = uploads_folder(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK_NAME):
            yield folder
    except OSError as error:
        raise not_written("cannot be written", str(folder), error) from error


def check_upload(upload: Path, data_dir: Path) -> None:
    """Check that an uploaded file can be ingested.

    Raises:
        SourceUnreadable: it is hidden or has an unknown format.
    """
    if upload.name.startswith("."):
        raise SourceUnreadable("hidden files are not ingested", upload.name, "give it a name without the leading dot")
    try:
        plan([upload], data_dir)
    except RootInvalid as error:
        raise SourceUnreadable(error.what, upload.name, error.remedy) from error
