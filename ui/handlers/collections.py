"""Handlers of the collections: the list, creating and changing one, and what deleting one loses."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.library import Library
from ingest import collections
from ingest.collections import Collection
from ingest.errors import SettingsInvalid, UserFacingError
from ingest.index.catalog import Catalog
from ingest.schema import CorpusDescription
from ingest.settings import Settings
from ui.handlers.evaluate import prompts_files
from ui.handlers.history import conversations_in
from ui.handlers.uploads import files_in, uploads_folder


@dataclass(frozen=True, slots=True)
class Losses:
    """What is lost with a collection: numbers of sources in the index, uploads, sets of questions, conversations."""

    sources: int
    uploads: int
    prompts: int
    conversations: int


def listed(settings: Settings) -> list[Collection]:
    """Return the collections of the data folder, the main one first."""
    return collections.collections(settings.data_dir)


def current(settings: Settings) -> Collection:
    """Return the collection of the settings.

    Raises:
        CollectionInvalid: it was deleted.
    """
    return collections.find(settings.data_dir, settings.collection)


def create(name: str, description: CorpusDescription, settings: Settings) -> Collection:
    """Create a collection with a name and what is said about it.

    Raises:
        SettingsInvalid: the page is read-only.
        CollectionInvalid: the name is not allowed or taken, or something is too long.
        IndexUnwritable: the data folder cannot be written to.
    """
    _check_writable(settings)
    return collections.create(settings.data_dir, name, description)


def change(description: CorpusDescription, settings: Settings) -> Collection:
    """Store what is said about the collection of the settings.

    Raises:
        SettingsInvalid: the page is read-only.
        CollectionInvalid: it was deleted, or something is too long.
        IndexUnwritable: the data folder cannot be written to.
    """
    _check_writable(settings)
    return collections.describe(current(settings), description)


def delete(library: Library, settings: Settings) -> None:
    """Delete the collection of the settings.

    Raises:
        SettingsInvalid: the page is read-only.
        CollectionInvalid: it was deleted before, or it is the main one.
        IndexLocked: a run is writing to it.
        IndexUnwritable: it cannot be deleted.
    """
    _check_writable(settings)
    library.delete(settings.collection)


def losses(folder: Path) -> Losses:
    """Return what is lost with the collection in a folder."""
    return Losses(
        sources=_sources(folder),
        uploads=len(files_in(uploads_folder(folder))),
        prompts=len(prompts_files(folder)),
        conversations=conversations_in(folder),
    )


def described(name: str, description: str, notice: str, questions: Sequence[str]) -> CorpusDescription:
    """Return a description as typed into a form, without surrounding white space and empty questions."""
    asked = tuple(question.strip() for question in questions if question.strip())
    return CorpusDescription(" ".join(name.split()), description.strip(), notice.strip(), asked)


def _sources(folder: Path) -> int:
    try:
        with closing(Catalog(folder)) as catalog, catalog.read() as snapshot:
            return snapshot.counts()[0]
    except UserFacingError:  # nothing was ingested, or it is damaged
        return 0


def _check_writable(settings: Settings) -> None:
    if settings.read_only:
        raise SettingsInvalid("this page is read-only", "CITED_READ_ONLY", "unset it to change collections here")
