"""Opens the assistants of a data folder's collections, each when it is first needed."""

import threading
from collections.abc import Hashable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.public import Public
from assistant.schema import Answering
from ingest.collections import delete, find, known_slug, made, own_description
from ingest.errors import IndexMissing
from ingest.models.encoder import Encoder, open_encoder
from ingest.schema import CorpusDescription
from ingest.settings import Settings

if TYPE_CHECKING:
    from assistant.assistant import Assistant


class Library:
    """The open assistants of a data folder, one for each collection. Thread-safe."""

    def __init__(self, settings: Settings, main: Answering | None = None) -> None:
        """Create a library; nothing is opened yet. `main`, if given, is the assistant of the main collection."""
        self._settings = settings
        self._main = main
        self._open: dict[str, tuple[Hashable, Assistant]] = {}
        self._lock = threading.Lock()

    def settings(self, collection: str) -> Settings:
        """Return the settings with another collection chosen."""
        return self._settings.model_copy(update={"collection": collection})

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return self._settings.data_dir

    def assistant(self, collection: str) -> Answering:
        """Return the assistant of a collection as clients see it; it is opened by the first question.

        Until something is ingested, it raises IndexMissing for whatever needs texts.

        Raises:
            CollectionInvalid: there is no such collection.
        """
        return _OfCollection(self, known_slug(self._settings.data_dir, collection))

    def opened(self, collection: str) -> Answering:
        """Return the assistant of a collection, opening it if needed; after a failure the next call tries again.

        A collection that another process has deleted and made again is opened again.

        Raises:
            IndexMissing: nothing has been ingested yet.
            UserFacingError: any other error of `Assistant.open`.
        """
        if self._main is not None and not collection:
            return self._main
        from assistant.assistant import Assistant

        settings = self.settings(collection)
        with self._lock:
            stamp = made(settings.folder)
            if collection in self._open and self._open[collection][0] != stamp:
                self._close(collection)
            if collection not in self._open:
                self._open[collection] = stamp, Assistant.open(settings)
            return self._open[collection][1]

    def encoder(self, collection: str) -> Encoder:
        """Return the encoder for the first texts of a collection."""
        settings = self.settings(collection)
        return open_encoder(settings.encoder, settings.models_dir, allow_downloads=settings.allow_downloads)

    def delete(self, collection: str) -> None:
        """Close a collection and delete it.

        Raises:
            CollectionInvalid: there is no such collection, or it is the main one.
            IndexLocked: a run is writing to it.
            IndexUnwritable: it cannot be deleted.
        """
        found = find(self._settings.data_dir, collection)
        self.close(found.slug)
        delete(found)

    def close(self, collection: str | None = None) -> None:
        """Close the assistant of a collection, or all of them; wait until their questions are answered."""
        with self._lock:
            for name in list(self._open) if collection is None else [collection]:
                self._close(name)

    def _close(self, collection: str) -> None:
        if collection in self._open:
            _, assistant = self._open.pop(collection)
            assistant.close()


class _OfCollection(Public):
    """The assistant of a collection, which may have no texts yet."""

    def __init__(self, library: Library, collection: str) -> None:
        super().__init__(partial(library.opened, collection))
        self._library = library
        self._collection = collection

    @property
    def encoder(self) -> Encoder:
        try:
            return super().encoder
        except IndexMissing:
            return self._library.encoder(self._collection)

    def description(self) -> CorpusDescription:
        try:
            return super().description()
        except IndexMissing:
            return own_description(self._library.settings(self._collection).folder)
