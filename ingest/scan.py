"""Finds the files of a root, without opening them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from ingest.errors import RootInvalid, SourceUnreadable
from ingest.readers.assemble import clean
from ingest.readers.registry import FORMATS, is_known
from ingest.schema import CorpusDescription

DESCRIPTION_FILE = "corpus.yaml"
# What PyYAML lets through from impossible values and deep nesting, beside its own errors.
_NO_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Scan:
    """The files below a root that a run concerns.

    `files` maps source to path. `within` is the folder or file that was looked
    through, relative to the root ("" for all of it). `skipped` are sources of
    no known format. `closed` are (source, reason) of folders and files that
    could not be looked at: what is indexed below them stays.
    """

    root: Path
    within: str
    files: dict[str, Path]
    skipped: tuple[str, ...]
    closed: tuple[tuple[str, str], ...]

    def concerns(self, source: str) -> bool:
        """Whether a document's absence from `files` means that it is gone."""
        return _inside(source, self.within) and not any(_inside(source, folder) for folder, _ in self.closed)


def scan(path: Path, roots: list[Path]) -> Scan:
    """Look through a folder or a single file; one inside a known root belongs to that root.

    Raises:
        RootInvalid: the path is missing, unreadable, or holds no file of a known format.
    """
    path = Path(os.path.abspath(path))
    if not path.exists():
        raise RootInvalid("there is no such file or folder", str(path), "check the path")
    root = next((known for known in roots if path.is_relative_to(known) and known.is_dir()), path)
    if path.is_file():
        return _scan_file(path, root)
    files: dict[str, Path] = {}
    skipped: list[str] = []
    closed: list[tuple[str, str]] = []
    for found in _walk(path, root, closed):
        source = found.relative_to(root).as_posix()
        if not _encodable(source):
            closed.append((_shown(source), "its name is not valid UTF-8"))
        elif not Path(os.path.realpath(found)).is_relative_to(os.path.realpath(root)):
            closed.append((source, "it is a link that leads out of the folder"))
        elif is_known(found):
            files[source] = found
        elif found.name != DESCRIPTION_FILE:
            skipped.append(source)
    if not files:
        why = f"cannot be read ({closed[0][1]})" if closed else "holds no file of a known format"
        remedy = f"known formats are {', '.join(FORMATS)}; to remove a folder from the index run `cited forget`"
        raise RootInvalid(f"the folder {why}, so nothing was changed", str(path), remedy)
    within = "" if path == root else path.relative_to(root).as_posix()
    return Scan(root, within, dict(sorted(files.items())), tuple(sorted(skipped)), tuple(sorted(closed)))


def describe(root: Path) -> CorpusDescription:
    """Read a root's corpus.yaml; an empty description where there is none.

    Raises:
        SourceUnreadable: the file is not a mapping of texts and a list of questions.
    """
    path = root / DESCRIPTION_FILE
    remedy = "give name, description and notice as text and questions as a list of texts"
    try:
        if not path.is_file():
            return CorpusDescription()
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, *_NO_YAML) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise SourceUnreadable(f"cannot be read as YAML{where}", DESCRIPTION_FILE, remedy) from error
    if not isinstance(values, dict) or not set(values) <= {"name", "description", "notice", "questions"}:
        raise SourceUnreadable("has other keys than name, description, notice, questions", DESCRIPTION_FILE, remedy)
    questions = values.pop("questions", None) or []
    if not isinstance(questions, list) or not all(isinstance(text, str) for text in [*values.values(), *questions]):
        raise SourceUnreadable("holds something other than text", DESCRIPTION_FILE, remedy)
    texts = {key: clean(text) for key, text in values.items()}
    return CorpusDescription(**texts, questions=tuple(map(clean, questions)))


def _scan_file(path: Path, root: Path) -> Scan:
    if not is_known(path):
        raise RootInvalid("the file is of no known format", str(path), f"known formats are {', '.join(FORMATS)}")
    source = path.name if path == root else path.relative_to(root).as_posix()
    return Scan(root, "" if path == root else source, {source: path}, (), ())


def _walk(path: Path, root: Path, closed: list[tuple[str, str]]) -> Iterator[Path]:
    """Yield the files below a folder; hidden ones and linked folders are passed over."""

    def refuse(error: OSError) -> None:
        folder = Path(error.filename).relative_to(root).as_posix()
        closed.append((_shown(folder), (error.strerror or "unreadable").lower()))

    for folder, folders, names in os.walk(path, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder) / name


def _inside(source: str, folder: str) -> bool:
    return folder in ("", ".") or source == folder or source.startswith(f"{folder}/")


def _shown(name: str) -> str:
    """Return a name that can be stored and printed, bytes that are not UTF-8 written out."""
    return name.encode("utf-8", "backslashreplace").decode()


def _encodable(name: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in name)
