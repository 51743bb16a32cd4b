"""Makes selections of an index ready to be searched like an index of only their sources, and keeps the last few."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable

from ingest.errors import RequestInvalid
from ingest.index.chosen import ChosenVectors
from ingest.index.frozen import VectorReader
from ingest.index.snapshot import Snapshot
from ingest.schema import Selection

KEPT = 4  # selections
MOST_PASSAGES = 100_000  # of all kept selections together, unless one alone has more


class Selections:
    """The selections that were last used, each made ready for one run. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, Selection], _Ready] = OrderedDict()  # the last used one comes last

    def limit(
        self, within: Selection, snapshot: Snapshot, vectors: VectorReader
    ) -> tuple[Snapshot, VectorReader | ChosenVectors]:
        """Return the snapshot and the vectors of a selection; the snapshot given must not be used any more.

        Raises:
            RequestInvalid: it has no source, or one of its places does not exist.
        """
        key = snapshot.run(), within
        with self._lock:
            ready = self._kept.pop(key, None) or _Ready()
            self._kept[key] = ready
        with ready.lock:
            try:
                if not ready.made:
                    ready.make(chosen(within, snapshot), snapshot, vectors)
            finally:
                self._forget(None if ready.made else key)
        return snapshot.limited(within, ready.prepared), ready.vectors or vectors

    def _forget(self, failed: tuple[int, Selection] | None) -> None:
        """Forget one that failed, and those not used for longest, until the others are few and small enough."""
        with self._lock:
            if failed is not None:
                self._kept.pop(failed, None)
            while len(self._kept) > 1 and (
                len(self._kept) > KEPT or sum(each.passages for each in self._kept.values()) > MOST_PASSAGES
            ):
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all selections."""
        with self._lock:
            self._kept.clear()


class _Ready:
    """What a snapshot needs for a selection, and its vectors."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made = False
        self.passages = 0
        self.vectors: ChosenVectors | None = None  # None for more than `MOST_PASSAGES`
        self.prepared: object = None

    def make(self, documents: Collection[int], snapshot: Snapshot, vectors: VectorReader) -> None:
        """Prepare a snapshot's documents and their words, and take the vectors out of those of the index."""
        passages = snapshot.passage_keys(documents)
        self.prepared = snapshot.prepared(documents, passages)
        if len(passages) <= MOST_PASSAGES:
            self.vectors = ChosenVectors(vectors.stored(set(passages.values())))
        self.passages, self.made = len(passages), True


def chosen(within: Selection, snapshot: Snapshot) -> frozenset[int]:
    """Return the row ids of a selection's documents.

    Raises:
        RequestInvalid: there are none, or one of its places does not exist.
    """
    entries = [(key, within.matched(place), place) for key, place, _ in snapshot.titles()]
    unknown = set(within.places).difference(*(matched for _, matched, _ in entries))
    if unknown:
        name = min(path or root for root, path in unknown)
        raise RequestInvalid("no text of this name", name, "choose another source or folder, or search all texts")
    keys = [key for key, matched, (_, source) in entries if (matched or not within.places) and within.has_kind(source)]
    if within.after is not None or within.before is not None:
        keys = _in_time(keys, within, snapshot)
    if not keys:
        raise RequestInvalid("no text is chosen", "", "choose other sources, kinds or dates, or search all texts")
    return frozenset(keys)


def _in_time(keys: Iterable[int], within: Selection, snapshot: Snapshot) -> list[int]:
    """Return the documents that were read on the days of the selection."""
    runs = snapshot.document_runs()
    read = {run: finished.astimezone().date() for run, finished in snapshot.run_times().items()}
    return [key for key in keys if runs[key] in read and within.has_day(read[runs[key]])]
