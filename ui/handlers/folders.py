"""The folders of a collection: their list, and what adding, reading again or removing one would do."""

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.errors import IndexMissing, RootInvalid, SettingsInvalid
from ingest.origin import root_names
from ingest.runs.pipeline import Plan
from ingest.runs.status import status
from ingest.settings import Settings
from ui.handlers.corpus import Planned, check_writable, plan_roots, plan_uploads, roots, shipped_corpus
from ui.handlers.uploads import uploads_folder


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the collection: where it is, what clients call it, its sources, and when one was last read.

    `failed` counts the sources that cannot be read, `missing` says that the
    folder is not there now, `uploads` that it is the folder of uploads.
    """

    path: str
    name: str
    sources: int
    failed: int
    read: datetime | None
    missing: bool
    uploads: bool


def folders(data_dir: Path) -> tuple[Folder, ...]:
    """Return the folders in the order in which they were added.

    Raises:
        IndexStale: the index was made by another version.
    """
    known = roots(data_dir)
    try:
        found = status(data_dir)
    except IndexMissing:
        return ()
    names = root_names(known)
    listed = []
    for root in known:
        own = [each for each in found if each.root == root]
        times = [each.ingested for each in own if each.ingested is not None]
        failed = sum(bool(each.failure) for each in own)
        uploads = root == str(uploads_folder(data_dir))
        missing = not os.path.exists(root)
        listed.append(Folder(root, names[root], len(own), failed, max(times, default=None), missing, uploads))
    return tuple(listed)


def folder_named(name: str, data_dir: Path) -> Folder:
    """Return the folder that clients know by a name.

    Raises:
        RootInvalid: there is none.
    """
    found = next((each for each in folders(data_dir) if each.name == name), None)
    if found is None:
        raise RootInvalid("this collection has no such folder", name, "reload the page")
    return found


def is_local(settings: Settings) -> bool:
    """Whether only people at this machine reach the page: it listens on loopback, and no proxy stands before it."""
    try:
        loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        loopback = settings.host == "localhost"
    return loopback and not settings.allowed_hosts


def plan_new(given: str, settings: Settings) -> Planned:
    """Return the plan for adding a folder of this machine; `~` is the home folder.

    Raises:
        SettingsInvalid: the page is read-only, or not only people at this machine reach it.
        RootInvalid: it is missing, unreadable, too broad, already there, or has nothing to read.
    """
    check_writable(settings)
    if not is_local(settings):
        what = "folders can be added only where nobody else can reach the page"
        raise SettingsInvalid(what, "CITED_HOST", "run `cited ingest FOLDER` on the machine itself")
    path = _checked(given.strip().strip("\"'"), settings)
    return plan_roots([path], settings.folder, strict=True)


def plan_shipped(settings: Settings) -> Planned:
    """Return the plan for adding the shipped example.

    Raises:
        SettingsInvalid: the page is read-only.
        RootInvalid: the program came without it.
    """
    check_writable(settings)
    shipped = shipped_corpus()
    if shipped is None:
        raise RootInvalid("the example did not come with this program", "", "add files of your own")
    return plan_roots([shipped], settings.folder, strict=True)


def offers_shipped(data_dir: Path) -> bool:
    """Whether the shipped example is there and not yet in the collection."""
    shipped = shipped_corpus()
    return shipped is not None and not any(shipped.is_relative_to(root) for root in roots(data_dir))


def plan_folder(name: str, settings: Settings) -> Planned:
    """Return the plan for reading a folder of the collection again.

    Raises:
        SettingsInvalid: the page is read-only.
        RootInvalid: there is no such folder, or it cannot be read.
    """
    check_writable(settings)
    folder = folder_named(name, settings.folder)
    if folder.uploads:
        return plan_uploads(settings)
    return plan_roots([Path(folder.path)], settings.folder, strict=True)


def plan_removal(name: str, settings: Settings) -> Planned:
    """Return the plan for removing a folder from the collection; its files stay where they are.

    Raises:
        SettingsInvalid: the page is read-only.
        RootInvalid: there is no such folder, or it is that of the uploads.
    """
    check_writable(settings)
    folder = folder_named(name, settings.folder)
    if folder.uploads:
        raise RootInvalid("uploads are removed one by one", name, "use the buttons in the list of sources")
    gone = [each.source for each in status(settings.folder) if each.root == folder.path]
    return Planned(Plan(removed=tuple(gone)), forgets=Path(folder.path))


def _checked(given: str, settings: Settings) -> Path:
    """Return the path of a folder that a person named, checked."""
    if not given or "\0" in given:
        raise RootInvalid("no folder is named", "", "type where it is, such as ~/Documents/reports")
    try:
        path = Path(given).expanduser()
    except RuntimeError as error:
        raise RootInvalid("there is no such home folder", given, "check the name") from error
    if not path.is_absolute():
        raise RootInvalid("is not a full path", given, f"begin with {Path.home().anchor} or ~")
    path = Path(os.path.abspath(path))
    _check_opens(path)
    _check_breadth(path, settings)
    known = next((root for root in roots(settings.folder) if path.is_relative_to(root)), None)
    if known is not None:
        inside = "" if known == str(path) else f" with {known}"
        raise RootInvalid(f"is in this collection already{inside}", str(path), 'use "Read again"')
    return path


def _check_opens(path: Path) -> None:
    try:
        with os.scandir(path):
            return
    except FileNotFoundError as error:
        raise RootInvalid("there is no such folder", str(path), "check the path") from error
    except NotADirectoryError as error:
        raise RootInvalid("is a file", str(path), "name the folder that it is in, or drop the file here") from error
    except OSError as error:
        what = f"cannot be opened ({(error.strerror or type(error).__name__).lower()})"
        raise RootInvalid(what, str(path), "check that you may read it") from error


def _check_breadth(path: Path, settings: Settings) -> None:
    real = Path(os.path.realpath(path))
    home, own = (Path(os.path.realpath(each)) for each in (Path.home(), settings.data_dir))
    if home.is_relative_to(real):
        what = "is your home folder" if real == home else "holds far more than your texts"
        raise RootInvalid(what, str(path), "name a folder inside it, the one with the texts")
    if real.is_relative_to(own):
        raise RootInvalid("is where the program keeps its index", str(path), "name the folder with the texts")
