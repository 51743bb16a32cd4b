"""Collections: a data folder holds several indexes, each with texts, settings and conversations of its own."""

import json
import logging
import shutil
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.errors import CollectionInvalid, IndexUnreadable, not_written
from ingest.index.kept import kept_in
from ingest.index.lock import write_lock
from ingest.index.postgresql import database
from ingest.schema import CorpusDescription
from ingest.settings import COLLECTIONS, LONGEST_NAME, folder_of, slug_of

FILE_NAME = "collection.json"
MAIN = "Main collection"
LONGEST_TEXT = 2_000
MOST_QUESTIONS = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of a data folder.

    `slug` names it in commands, addresses and the file system; "" is the
    collection that every data folder has. `description` is what its owner
    says about it; empty fields are filled from the corpus.yaml of its folder.
    """

    slug: str
    folder: Path
    description: CorpusDescription = CorpusDescription()

    @property
    def name(self) -> str:
        """The name to show."""
        return self.description.name or self.slug or MAIN


def home_of(folder: Path) -> Path:
    """Return the data folder that the folder of a collection belongs to."""
    return folder.parents[1] if folder.parent.name == COLLECTIONS else folder


def collections(data_dir: Path) -> list[Collection]:
    """Return the collections of a data folder: the main one, then the others by name."""
    parent = data_dir / COLLECTIONS
    found = [each for each in parent.iterdir() if each.is_dir() and _is_slug(each.name)] if parent.is_dir() else []
    others = [Collection(each.name, each, own_description(each)) for each in found]
    main = Collection("", data_dir, own_description(data_dir))
    return [main, *sorted(others, key=lambda each: (each.name.casefold(), each.slug))]


def find(data_dir: Path, name: str) -> Collection:
    """Return a collection by its slug or by the name it was created with.

    Raises:
        CollectionInvalid: there is none.
    """
    slug = known_slug(data_dir, name)
    folder = folder_of(data_dir, slug)
    return Collection(slug, folder, own_description(folder))


def known_slug(data_dir: Path, name: str) -> str:
    """Return the slug of a collection that exists; reads no file, since the page asks at every request.

    Raises:
        CollectionInvalid: there is none.
    """
    folder = folder_of(data_dir, name)
    if not folder.is_dir() and name:
        known = ", ".join(each.slug for each in collections(data_dir) if each.slug) or "only the main one"
        raise CollectionInvalid("there is no such collection", name, f"create it, or use one of these: {known}")
    return slug_of(name) if name else ""


def create(data_dir: Path, name: str, description: CorpusDescription | None = None) -> Collection:
    """Create an empty collection.

    Raises:
        CollectionInvalid: the name cannot be one, or is taken, or something in the description is too long.
        IndexUnwritable: the data folder cannot be written to.
    """
    folder = folder_of(data_dir, name)
    if not name or folder.exists():
        raise CollectionInvalid("there is a collection of this name", name, "choose another name")
    if description is not None:
        _check(description)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise not_written("the collection cannot be created", str(folder), error) from error
    made = find(data_dir, name)
    known = made.description if made.description.name else None  # another machine may have made it on the server
    return describe(made, description or known or CorpusDescription(name=" ".join(name.split())))


def ensure(data_dir: Path, name: str) -> None:
    """Create a collection unless it exists; the main one always does.

    Raises:
        CollectionInvalid: the name cannot be one.
        IndexUnwritable: the data folder cannot be written to.
    """
    if name and not folder_of(data_dir, name).is_dir():
        create(data_dir, name)


def describe(collection: Collection, description: CorpusDescription) -> Collection:
    """Store what its owner says about a collection: its name, description, notice and example questions.

    Raises:
        CollectionInvalid: something in it is too long.
        IndexUnwritable: the folder cannot be written to.
    """
    _check(description)
    kept = kept_in(collection.folder)
    try:
        collection.folder.mkdir(parents=True, exist_ok=True)
        with kept.changing("collection.lock"):
            kept.replace(FILE_NAME, json.dumps(_values(description), ensure_ascii=False, indent=1).encode())
    except OSError as error:
        raise not_written("the collection's settings cannot be saved", kept.where(FILE_NAME), error) from error
    return Collection(collection.slug, collection.folder, description)


def made(folder: Path) -> Hashable:
    """Return what tells a collection from a later one of the same name, and changes when it is described anew."""
    return folder.stat().st_ino if folder.is_dir() else 0, kept_in(folder).stamp(FILE_NAME)


def delete(collection: Collection) -> None:
    """Delete a collection with its index, uploads, prompts and conversations; folders that it was read from stay.

    Raises:
        CollectionInvalid: it is the main collection.
        IndexLocked: another process is writing to it.
        IndexUnreadable: the Chroma server, if one is used, cannot be reached.
        IndexUnwritable: it cannot be deleted.
    """
    from ingest.index.server_vectors import delete_vectors

    if not collection.slug:
        raise CollectionInvalid("the main collection cannot be deleted", remedy="remove its folders and files instead")
    gone = collection.folder.with_name(f".{collection.slug}.deleted")
    try:
        with write_lock(collection.folder):
            delete_vectors(collection.folder)
            shutil.rmtree(gone, ignore_errors=True)
            server = database(collection.folder)
            if server is not None:
                server.drop()
            collection.folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise not_written("the collection cannot be deleted", str(collection.folder), error) from error


def own_description(folder: Path) -> CorpusDescription:
    """Return what the owner of a collection says about it; nothing if that is not stored or was edited wrongly."""
    kept = kept_in(folder)
    try:
        found = kept.read(FILE_NAME)
        values = json.loads(found[1].decode()) if found is not None else {}
        return CorpusDescription(**{**values, "questions": tuple(values.get("questions", ()))})
    except (OSError, ValueError, TypeError, AttributeError, IndexUnreadable) as error:
        where = kept.where(FILE_NAME)
        logger.warning("%s cannot be read, so the collection has no name or notice of its own: %s", where, error)
        return CorpusDescription()


def _values(description: CorpusDescription) -> Mapping[str, object]:
    return {key: value for key, value in asdict(description).items() if value and key != "notices"}


def _check(description: CorpusDescription) -> None:
    texts = {"name": description.name, "description": description.description, "notice": description.notice}
    questions = (("an example question", each) for each in description.questions)
    for what, text in (*((f"the {key}", value) for key, value in texts.items()), *questions):
        most = LONGEST_NAME if what == "the name" else LONGEST_TEXT
        if len(text) > most:
            raise CollectionInvalid(f"{what} is too long", text[:LONGEST_NAME], f"use at most {most:,} characters")
    if len(description.questions) > MOST_QUESTIONS:
        raise CollectionInvalid("there are too many example questions", remedy=f"give at most {MOST_QUESTIONS}")


def _is_slug(name: str) -> bool:
    try:
        return slug_of(name) == name
    except CollectionInvalid:
        return False
