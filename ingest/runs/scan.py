"""Finds the files of a root without opening them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.collections import home_of
from ingest.errors import RootInvalid, SourceUnreadable
from ingest.readers.assemble import clean
from ingest.readers.registry import FORMATS, is_known
from ingest.readers.source import one_line
from ingest.readers.yaml_text import LARGEST_YAML, NO_YAML, load_values
from ingest.schema import CorpusDescription

DESCRIPTION_FILE = "corpus.yaml"
# Folders of libraries that were installed beside the texts: nobody wrote these files here, and they are very many.
_LIBRARY_FOLDERS = frozenset(("node_modules", "bower_components", "site-packages", "__pycache__"))
_ENVIRONMENT_FILE = "pyvenv.cfg"  # in the folder of a virtual environment
# Files that programs make for programs.
_MADE_FILES = frozenset(("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml"))
_MADE_ENDINGS = (".min.js", ".min.css", ".bundle.js")


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of scanning a root, or a folder or file inside it.

    `files` maps source to path. `within` is the scanned folder or file,
    relative to the root ("" for the whole root). `skipped` are the sources in
    unsupported formats, lock files, minified code and empty `__init__.py`.
    `closed` contains (source, reason) for inaccessible folders and files; what
    is indexed below them is kept. `inner` are the known roots that are part of
    this one.
    """

    root: Path
    within: str
    files: dict[str, Path]
    skipped: tuple[str, ...]
    closed: tuple[tuple[str, str], ...]
    inner: tuple[Path, ...] = ()

    def concerns(self, source: str) -> bool:
        """Return whether the source is gone if it is not in `files`."""
        return _inside(source, self.within) and not any(_inside(source, folder) for folder, _ in self.closed)


def scan(path: Path, roots: list[Path], data_dir: Path | None = None) -> Scan:
    """Scan a folder or a single file; if it is part of a known root, it belongs to that root.

    The data folder that `data_dir` is in is skipped.

    Raises:
        RootInvalid: the path is missing or unreadable, or contains no file in a supported format.
    """
    path = Path(os.path.abspath(path))
    _check_path(path)
    root = next((known for known in roots if is_part(path, known, data_dir) and os.path.isdir(known)), path)
    inner = tuple(known for known in roots if known != root and is_part(known, root, data_dir))
    if path.is_file():
        return replace(_scan_file(path, root), inner=inner)
    files: dict[str, Path] = {}
    skipped: list[str] = []
    closed: list[tuple[str, str]] = []
    for found in _walk(path, root, closed, data_dir):
        source = found.relative_to(root).as_posix()
        if not _encodable(source):
            closed.append((_shown(source), "its name is not valid UTF-8"))
        elif not Path(os.path.realpath(found)).is_relative_to(os.path.realpath(root)):
            closed.append((source, "it is a link to a file outside the folder"))
        elif found.name == DESCRIPTION_FILE:
            continue
        elif is_known(found) and not _is_made(found):
            files[source] = found
        else:
            skipped.append(source)
    if not files:
        why = f"cannot be read ({closed[0][1]})" if closed else "contains no file in a supported format"
        remedy = f"supported formats are {', '.join(FORMATS)}; to remove a folder from the index, run `cited forget`"
        raise RootInvalid(f"the folder {why}, so nothing was changed", str(path), remedy)
    within = "" if path == root else path.relative_to(root).as_posix()
    return Scan(root, within, dict(sorted(files.items())), tuple(sorted(skipped)), tuple(sorted(closed)), inner)


def is_part(path: Path, root: Path, data_dir: Path | None) -> bool:
    """Return whether a path is inside a root, but not inside the index's own folder within that root."""
    if data_dir is not None and not root.is_relative_to(os.path.abspath(data_dir)):
        return path.is_relative_to(root) and not path.is_relative_to(os.path.abspath(home_of(data_dir)))
    return path.is_relative_to(root)


def describe(root: Path) -> CorpusDescription:
    """Read a root's corpus.yaml; return an empty description if there is none.

    Raises:
        SourceUnreadable: the file is not a mapping of texts and a list of questions.
    """
    path = root / DESCRIPTION_FILE
    remedy = "write name, description and notice as text, and questions as a list of texts"
    try:
        if not path.is_file():
            return CorpusDescription()
        with path.open(encoding="utf-8") as file:
            values = load_values(file.read(LARGEST_YAML + 1)) or {}
    except (OSError, *NO_YAML) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        why = one_line(str(getattr(error, "problem", None) or error))
        raise SourceUnreadable(f"cannot be read as YAML{where}: {why}", DESCRIPTION_FILE, remedy) from error
    if not isinstance(values, dict) or not set(values) <= {"name", "description", "notice", "questions"}:
        raise SourceUnreadable("has keys other than name, description, notice, questions", DESCRIPTION_FILE, remedy)
    questions = values.pop("questions", None) or []
    if not isinstance(questions, list) or not all(isinstance(text, str) for text in [*values.values(), *questions]):
        raise SourceUnreadable("contains a value that is not text", DESCRIPTION_FILE, remedy)
    name, description, notice = (clean(values.get(key, "")) for key in ("name", "description", "notice"))
    return CorpusDescription(name, description, notice, tuple(map(clean, questions)))


def _check_path(path: Path) -> None:
    if not _encodable(str(path)):
        raise RootInvalid("its name is not valid UTF-8", _shown(str(path)), "rename it")
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RootInvalid("no such file or folder", str(path), "check the path") from error
    except OSError as error:
        what = f"cannot be accessed ({(error.strerror or type(error).__name__).lower()})"
        raise RootInvalid(what, str(path), "check the path and that you may read it") from error


def _scan_file(path: Path, root: Path) -> Scan:
    if not is_known(path):
        raise RootInvalid("has an unsupported format", str(path), f"convert it to one of {' '.join(FORMATS)}")
    source = path.name if path == root else path.relative_to(root).as_posix()
    return Scan(root, "" if path == root else source, {source: path}, (), ())


def _walk(path: Path, root: Path, closed: list[tuple[str, str]], data_dir: Path | None) -> Iterator[Path]:
    """Yield the files below a folder, skipping hidden files, linked folders, libraries and the data folder."""
    own = os.path.realpath(home_of(data_dir)) if data_dir else ""

    def refuse(error: OSError) -> None:
        folder = Path(error.filename).relative_to(root).as_posix()
        closed.append((_shown(folder), (error.strerror or "unreadable").lower()))

    for folder, folders, names in os.walk(path, onerror=refuse):
        if _ENVIRONMENT_FILE in names:
            folders.clear()
            continue
        shown = (name for name in folders if not name.startswith(".") and name not in _LIBRARY_FOLDERS)
        folders[:] = sorted(name for name in shown if os.path.realpath(os.path.join(folder, name)) != own)
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder) / name


def _is_made(path: Path) -> bool:
    """Return whether a file was made by a program for a program, or only marks a folder as Python's."""
    is_mark = path.name == "__init__.py" and path.is_file() and path.stat().st_size == 0
    return is_mark or path.name in _MADE_FILES or path.name.endswith(_MADE_ENDINGS)


def _inside(source: str, folder: str) -> bool:
    return folder in ("", ".") or source == folder or source.startswith(f"{folder}/")


def _shown(name: str) -> str:
    """Return a name that can be stored and printed, with undecodable bytes escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


def _encodable(name: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in name)
