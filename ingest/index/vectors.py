"""The passages' vectors in Chroma: an id (the passage's sha) and a vector, nothing else."""

import logging
import math
import os
import threading
from collections.abc import Collection as Group
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import uuid4

import numpy as np

from ingest import allocator
from ingest.errors import IndexUnreadable, IndexUnwritable
from ingest.index import chroma_files, servers
from ingest.index.chroma_collections import (
    AT_ONCE,
    BATCH,
    collection_name,
    contents,
    create_collection,
    lost,
    nearest,
    shard_name,
    shard_names,
)
from ingest.index.lexicon import batches
from ingest.index.renewal import RENEWED, RETIRED, finish_renewal
from ingest.models.encoder import EncoderIdentity, Vectors32

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client

VECTORS_FOLDER = "chroma"  # inside the data directory
# Vectors per collection. Chroma loads a whole collection for any query and keeps it in memory: 2.3 KB per vector of
# 384 dimensions, 230 MB in all. See the trial memory-of-an-ingest.
SHARD_SIZE = 100_000
# A shard is made anew once this share of the vectors in its graph is deleted. Of 4,000 vectors in 20 tight clusters
# that were replaced by halves, 2 were unreachable at the start, 4 at 0.33, 46 at 0.5, 178 at 0.6; in 80 clusters the
# first 2 at 0.5. A search took twice as long at 0.33, three times at 0.5 and five times at 0.7.
WORN = 1 / 3
SAMPLE = 5_000  # vectors that are tried in a check of what can be found: 2 ms each


ONE: Mapping[str, Any] = {"limit": 1, "include": []}  # what loads a shard

logger = logging.getLogger(__name__)


class VectorsUnopened(IndexUnreadable):
    """Chroma cannot open the folder, because it is damaged or cannot be written."""


class Vectors:
    """The vectors of one encoder revision, in shards: collections of an embedded Chroma.

    Each vector is in exactly one shard. The writer keeps only the shard it
    fills in memory; a search covers all shards. Only the process that holds the
    write lock may add or delete vectors. A reader sees each shard as it was when
    it was loaded, so it must reopen after each run.
    """

    def __init__(
        self, folder: Path, identity: EncoderIdentity, *, read_only: bool = False, shard_size: int = SHARD_SIZE
    ) -> None:
        """Open the encoder's shards in `folder`, creating the first one if necessary, unless `read_only`.

        Raises:
            IndexUnreadable: the folder is damaged, or, if `read_only`, the folder or the first shard is missing.
            VectorsUnopened: Chroma cannot open the folder.
        """
        self._folder = folder
        self._name = collection_name(identity)
        self._read_only = read_only
        self._retired: set[str] = set()  # the collections that `renew` replaced
        self._shard_size = shard_size
        self._filling = 0  # the shard that new vectors go to
        self._sizes: list[int] = []  # of the shards; empty until the first write
        self._elsewhere: set[str] = set()  # ids in the other shards
        self._closing = threading.Event()
        self._pool: ThreadPoolExecutor | None = None  # loads and searches shards, each in a thread
        allocator.limit_arenas()
        if read_only and not chroma_files.present(folder):
            raise chroma_files.missing(folder)
        with self._reading():
            folder.mkdir(parents=True, exist_ok=True)
            self._open()
        try:
            chroma_files.check(folder)
        except IndexUnreadable:
            self.close()
            raise

    def _open(self) -> None:
        from chromadb.errors import InternalError

        try:
            self._client = _client(self._folder)
        except InternalError as error:
            raise VectorsUnopened(*chroma_files.unreadable(error, self._folder).args) from error
        try:
            present = {collection.name: collection for collection in self._client.list_collections()}
            names = shard_names(self._name, present.keys() if self._read_only else finish_renewal(present))
            if self._read_only and not names:
                raise chroma_files.missing(self._folder)
            self._shards = [self._shard(name) for name in names or [self._name]]
        except (InternalError, IndexUnreadable):
            self.close()
            raise

    def _shard(self, name: str) -> "Collection":
        """Open a shard, or create it."""
        if self._read_only:
            return self._client.get_collection(name, embedding_function=None)
        return create_collection(self._client, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self) -> None:
        """Begin to load all shards, a second for each; until they are there, a search waits for them."""
        self._pool = ThreadPoolExecutor(os.cpu_count(), "vectors")
        for shard in self._shards:
            self._pool.submit(self._load, shard)

    def _load(self, shard: "Collection") -> None:
        from chromadb.errors import InternalError, NotFoundError

        try:
            with chroma_files.lock:  # Chroma may have changes to write
                if not self._closing.is_set():  # Chroma loads when anything is asked for; counting stops all threads
                    shard.get(**ONE)
        except (InternalError, NotFoundError) as error:  # a search will say so, too
            logger.warning("%s: vectors cannot be loaded (%s)", shard.name, error)

    def close(self) -> None:
        """Close the folder."""
        if self._pool is not None:
            self._closing.set()
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        with chroma_files.lock:
            self._client.close()

    def count(self) -> int:
        """Return the number of vectors."""
        return sum(self._counts())

    def _counts(self) -> list[int]:
        """Return the number of vectors of each shard."""
        counts = chroma_files.counts(self._folder)
        if any(str(shard.id) not in counts for shard in self._shards):
            raise chroma_files.replaced(self._folder)
        return [counts[str(shard.id)] for shard in self._shards]

    def _names(self, number: int) -> list[str]:
        """Return the ids of the vectors in a shard."""
        return chroma_files.names(self._folder, str(self._shards[number].id))

    def check(self) -> None:
        """Load every shard, one at a time.

        Raises:
            IndexUnreadable: one cannot be loaded.
        """
        with self._reading():
            for number in range(len(self._shards)):
                self._shards[number].get(**ONE)
                self._reopen()

    def ids(self) -> Iterator[str]:
        """Yield every id."""
        for number in range(len(self._shards)):
            yield from self._names(number)

    def _reopen(self) -> None:
        self.close()
        allocator.release_free_memory()
        self._open()

    def present(self, ids: Iterable[str]) -> set[str]:
        """Return the `ids` that have a vector; only for the writer."""
        with self._reading():
            self._prepare_writing()
            wanted = set(ids)
            found = wanted & self._elsewhere
            for batch in batches(wanted - found, BATCH):
                found.update(self._shards[self._filling].get(ids=batch, include=[])["ids"])
        return found

    def add(self, ids: Sequence[str], vectors: Vectors32) -> None:
        """Add unit vectors, shape (len(ids), dimension); none of the ids may be `present`.

        Raises:
            IndexUnwritable: the disk is full or the folder is not writable.
        """
        at = 0
        with self._writing():
            self._prepare_writing()
            while at < len(ids):
                if self._sizes[self._filling] >= self._shard_size:
                    self._elsewhere.update(self._names(self._filling))
                    self._reopen()
                    self._choose_shard()
                end = min(len(ids), at + BATCH, at + self._shard_size - self._sizes[self._filling])
                self._shards[self._filling].add(ids=list(ids[at:end]), embeddings=vectors[at:end])
                self._sizes[self._filling] += end - at
                at = end

    def _prepare_writing(self) -> None:
        """Find the shard to fill and the ids in the others, once."""
        if self._sizes:
            return
        self._sizes = self._counts()
        self._choose_shard()
        for number in range(len(self._shards)):
            if number != self._filling:
                self._elsewhere.update(self._names(number))

    def _choose_shard(self) -> None:
        """Choose the first shard with room as the one to fill, adding a shard if all are full."""
        rooms = (number for number, size in enumerate(self._sizes) if size < self._shard_size)
        self._filling = next(rooms, len(self._sizes))
        if self._filling == len(self._sizes):
            self._sizes.append(0)
            self._shards.append(self._shard(shard_name(self._name, len(self._sizes))))

    def delete(self, ids: Iterable[str]) -> None:
        """Delete vectors; unknown ids are ignored.

        Raises:
            IndexUnwritable: see `add`.
        """
        gone = set(ids)
        self._sizes.clear()
        self._elsewhere.clear()
        with self._writing():
            for number in range(len(self._shards)):
                own = gone.intersection(self._names(number))
                for batch in batches(sorted(own), BATCH):
                    self._shards[number].delete(ids=batch)
                if own and len(self._shards) > 1:  # only one of them is kept in memory
                    self._reopen()

    def unreachable(self, most: int = SAMPLE) -> dict[str, list[str]]:
        """Search for every vector by itself, or for a sample of `most`; return the ids not found, by shard.

        A vector counts as found if 50 others are equally near.
        """
        missed: dict[str, list[str]] = {}
        with self._reading():
            share = min(1.0, most / max(1, self.count()))
            for number in range(len(self._shards)):
                ids, rows = contents(self._shards[number])
                chosen = np.linspace(0, len(ids) - 1, math.ceil(share * len(ids))).astype(int)
                found = lost(self._shards[number], [ids[row] for row in chosen], rows[chosen])
                if found:
                    missed[self._shards[number].name] = found
                if len(self._shards) > 1:
                    self._reopen()
        return missed

    def renew(self, broken: Group[str] = ()) -> int:
        """Make the `broken` shards anew, and those whose graphs hold many deleted vectors; return how many were.

        Deleted vectors stay in a graph: they slow every search down, and live
        ones may become unreachable behind them (chroma-core/chroma issue 7758).
        Readers keep the old collections, which the next run's `drop_others`
        deletes.

        Raises:
            IndexUnwritable: see `add`.
        """
        graphs = {name: stored.graph for name, stored in chroma_files.check(self._folder).items()}
        counts = self._counts()
        renewed = 0
        for number in range(len(self._shards)):
            shard = self._shards[number]
            graph = graphs.get(shard.name)
            if shard.name in broken or (graph is not None and counts[number] < (1 - WORN) * graph.count):
                self._renew(number)
                renewed += 1
        return renewed

    def _renew(self, number: int) -> None:
        name = self._shards[number].name
        ids, rows = contents(self._shards[number])
        # If similar vectors follow each other, more of them become unreachable.
        order = np.random.default_rng().permutation(len(ids))
        with self._writing():
            self._reopen()
            fresh = self._shard(f"{name}{RENEWED}{uuid4().hex}")
            for at in range(0, len(ids), AT_ONCE):
                part = order[at : at + AT_ONCE]
                fresh.add(ids=[ids[row] for row in part], embeddings=rows[part])
            retired = f"{name}{RETIRED}{uuid4().hex}"
            self._retired.add(retired)
            self._shards[number].modify(name=retired)
            fresh.modify(name=name)
            self._reopen()

    def drop_others(self) -> None:
        """Delete the collections of other encoders and those that an earlier object's `renew` replaced.

        Raises:
            IndexUnwritable: see `add`.
        """
        own = {shard.name for shard in self._shards} | self._retired
        with self._writing():
            for collection in self._client.list_collections():
                if collection.name not in own:
                    self._client.delete_collection(collection.name)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from chromadb.errors import InternalError

        try:
            with chroma_files.lock:
                yield
        except InternalError as error:
            remedy = "free disk space or check that you may write there, then try again"
            raise IndexUnwritable(f"cannot be written ({error})", str(self._folder), remedy) from error

    @contextmanager
    def _reading(self) -> Iterator[None]:
        from chromadb.errors import InternalError, NotFoundError

        try:
            yield
        except NotFoundError as error:  # by a later run
            raise chroma_files.replaced(self._folder) from error
        except (InternalError, OSError) as error:
            raise chroma_files.unreadable(error, self._folder) from error

    def nearest(self, vector: Vectors32, limit: int) -> list[tuple[str, float]]:
        """Return the `limit` nearest vectors as (id, cosine from -1 to 1), best first, ties by id."""
        with self._reading():
            search = partial(nearest, vector=vector, limit=limit)
            found = (self._pool.map if self._pool else map)(search, self._shards)
            pairs = [pair for own in found for pair in own]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def cosines(self, vector: Vectors32, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosines of the `ids` with a unit vector; unknown ids are omitted."""
        cosines: dict[str, float] = {}
        for names, rows in self.stored(ids):
            cosines.update(zip(names, map(float, rows @ vector), strict=True))
        return cosines

    def stored(self, ids: Iterable[str]) -> Iterator[tuple[Sequence[str], Vectors32]]:
        """Yield the vectors of the `ids` in parts, each with the ids of its rows; unknown ids are omitted."""
        with self._reading():
            for batch in batches(ids, BATCH):
                for shard in self._shards:
                    found = shard.get(ids=batch, include=["embeddings"])
                    if found["embeddings"] is not None and len(found["ids"]):
                        yield found["ids"], np.asarray(found["embeddings"], dtype=np.float32)


def _client(folder: Path) -> "Client":
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.errors import InternalError

    with chroma_files.lock:
        try:
            client = chromadb.PersistentClient(str(folder), servers.chroma_settings())
        except InternalError:
            # Chroma caches a client that failed to start and would return it to the next caller.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise
    return cast("Client", client)  # the declared type has no close()
