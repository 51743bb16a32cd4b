"""Read access to the index: the catalog, vectors and encoder of the last finished run."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ingest.errors import IndexStale, IndexUnreadable
from ingest.index.catalog import Catalog, Snapshot
from ingest.index.chosen import ChosenVectors
from ingest.index.chroma_files import REBUILD
from ingest.index.frozen import VectorReader, open_for_reading
from ingest.index.selections import Selections
from ingest.index.vectors import VECTORS_FOLDER
from ingest.models.encoder import Encoder, EncoderIdentity, open_encoder
from ingest.schema import EVERYTHING, Selection
from ingest.settings import Settings

COUNTED = 100  # views whose totals are kept


@dataclass(frozen=True, slots=True)
class Totals:
    """What a view holds: documents, passages, and characters of text in each language, most first."""

    documents: int
    passages: int
    languages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class View:
    """A consistent view of one run, or of a selection in it; a question is answered from a single view."""

    snapshot: Snapshot
    vectors: VectorReader | ChosenVectors
    encoder: Encoder
    totals: Totals


class Index:
    """Hands out views of the last finished run. Thread-safe; any number of views can be open."""

    def __init__(self, data_dir: Path, encoder: Encoder) -> None:
        """Open the index in `data_dir` for reading.

        Raises:
            IndexMissing: nothing has been ingested yet.
            IndexStale: the index was made with another encoder or version.
            IndexUnreadable: the catalog or the vectors are damaged, or vectors are missing.
        """
        self._data_dir = data_dir
        self._encoder = encoder
        self._catalog = Catalog(data_dir)
        self._selections = Selections()
        self._totals: dict[tuple[int, Selection], Totals] = {}  # counting a million passages takes 30 ms
        self._changed = threading.Condition()  # guards the three fields below
        self._vectors: VectorReader | None = None
        self._run = 0  # the run whose vectors are open
        self._views = 0  # open views
        with self.view():
            pass

    @property
    def folder(self) -> Path:
        """The folder of the index."""
        return self._data_dir

    @property
    def encoder(self) -> Encoder:
        """The encoder that the index was made with."""
        return self._encoder

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the index named in the settings, with the encoder it was made with."""
        with Catalog(settings.folder).read() as snapshot:
            stored = snapshot.encoder()
        name = settings.encoder if stored is None else stored.name
        if "encoder" in settings.model_fields_set and name != settings.encoder:
            what = f"the index was made with the encoder {name}, not {settings.encoder}"
            raise IndexStale(what, str(settings.folder), f"{REBUILD} or unset CITED_ENCODER")
        encoder = open_encoder(name, settings.models_dir, allow_downloads=settings.allow_downloads)
        return cls(settings.folder, encoder)

    @contextmanager
    def view(self, within: Selection = EVERYTHING) -> Iterator[View]:
        """Open a view of the last finished run, or of a selection in it; later runs appear in the next view.

        The view of a selection is like that of an index of only its sources.
        Do not nest views in one thread: after a run the vectors are reopened,
        and that waits until every view is closed, so the thread would deadlock.

        Raises:
            RequestInvalid: the selection has no source, or one of its places does not exist.
        """
        passed = 0  # the last run that was found to be over
        while True:
            with self._catalog.read() as snapshot:
                _check(snapshot.encoder(), self._encoder.identity, self._data_dir)
                vectors = self._borrow(snapshot, replaced=snapshot.run() == passed)
                if vectors is None:
                    passed = snapshot.run()
                    continue
                try:
                    found = self._selections.limit(within, snapshot, vectors) if within else (snapshot, vectors)
                    yield View(*found, self._encoder, self._counted(found[0], within))
                finally:
                    self._give_back()
                return

    def _counted(self, snapshot: Snapshot, within: Selection) -> Totals:
        key = snapshot.run(), within
        found = self._totals.get(key)
        if found is None:
            if len(self._totals) >= COUNTED:
                self._totals.clear()
            found = self._totals[key] = Totals(*snapshot.counts(), snapshot.languages())
        return found

    def _borrow(self, snapshot: Snapshot, *, replaced: bool) -> VectorReader | None:
        """Return the vectors for a view of a run, or None if they already belong to a later run.

        `replaced` says that there is no later run any more: someone put an
        earlier index in the place of this one. All Chroma clients of a folder
        share state, so the vectors of one run are closed before those of
        another are opened.
        """
        run = snapshot.run()
        with self._changed:
            self._changed.wait_for(lambda: self._views == 0 or run == self._run or (run < self._run and not replaced))
            if run < self._run and not replaced:
                return None
            if self._vectors is None or run != self._run:
                if self._vectors is not None:
                    self._vectors.close()
                    self._vectors = None
                    self._selections.clear()
                    self._totals.clear()
                vectors = self._opened(snapshot)
                if vectors is None:
                    return None
                self._vectors, self._run = vectors, run
            self._views += 1
            return self._vectors

    def _opened(self, snapshot: Snapshot) -> VectorReader | None:
        """Open the vectors for a run; return None if they already belong to a later run.

        Raises:
            IndexUnreadable: they are damaged, or some are missing; more than the run has do no harm.
        """
        try:
            return open_for_reading(
                self._data_dir / VECTORS_FOLDER, self._encoder.identity, least=snapshot.vector_count()
            )
        except IndexUnreadable:
            with self._catalog.read() as latest:  # a later run deletes what its texts no longer need
                if latest.run() == snapshot.run():
                    raise
            return None

    def _give_back(self) -> None:
        with self._changed:
            self._views -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until every view is closed, then close the index."""
        with self._changed:
            self._changed.wait_for(lambda: self._views == 0)
            if self._vectors is not None:
                self._vectors.close()
                self._vectors = None
            self._selections.clear()
            self._totals.clear()
            self._run = 0
            self._catalog.close()


def _check(stored: EncoderIdentity | None, identity: EncoderIdentity, data_dir: Path) -> None:
    if stored != identity:
        what = "the index was made with a different encoder than the one loaded"
        raise IndexStale(what, str(data_dir), REBUILD)
