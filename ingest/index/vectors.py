"""The passages' vectors in Chroma: an id (the passage's sha) and a vector, nothing else."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from ingest.errors import IndexUnreadable, IndexUnwritable
from ingest.index import allocator
from ingest.models.encoder import EncoderIdentity, Vectors32

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client

VECTORS_FOLDER = "chroma"  # inside the data directory
BATCH = 5_000  # ids per call; Chroma 1.5 allows at most 5,461
# Candidates kept during graph search. Chroma's default of 100 misses some of the true 50 nearest of 30,000.
SEARCH_WIDTH = 300
# Vectors per collection. Chroma loads a whole collection for any query and keeps it in memory: 2.2 KB per vector of
# 384 dimensions, 220 MB in all. See the trial memory-of-an-ingest.
SHARD_SIZE = 100_000
# Chroma's registry of clients per folder is not thread-safe: without this lock, opening a client while another thread
# closes one sometimes fails.
_registry_lock = threading.Lock()


class Vectors:
    """The vectors of one encoder revision, in shards: collections of an embedded Chroma.

    Each vector is in exactly one shard. The writer keeps only the shard it
    fills in memory; a search covers all shards. Only the process that holds the
    write lock may add or delete vectors. A reader sees the state at the time of
    opening, so it must reopen after each run.
    """

    def __init__(self, folder: Path, identity: EncoderIdentity, *, shard_size: int = SHARD_SIZE) -> None:
        """Open the encoder's shards in `folder`, creating the first one if necessary.

        Raises:
            IndexUnreadable: the folder is damaged, or is not readable and writable.
        """
        self._folder = folder
        self._name = f"passages-{identity.revision}-{identity.dimension}"
        self._shard_size = shard_size
        self._filling = 0  # the shard that new vectors go to
        self._sizes: list[int] = []  # of the shards; empty until the first write
        self._elsewhere: set[str] = set()  # ids in the other shards
        allocator.limit_arenas()
        with self._reading():
            folder.mkdir(parents=True, exist_ok=True)
            self._open()

    def _open(self) -> None:
        from chromadb.errors import InternalError

        self._client = _client(self._folder)
        try:
            names = {collection.name for collection in self._client.list_collections()}
            self._shards = [self._shard(1)]
            while self._shard_name(len(self._shards) + 1) in names:
                self._shards.append(self._shard(len(self._shards) + 1))
        except InternalError:
            self.close()
            raise

    def _shard_name(self, number: int) -> str:
        return self._name if number == 1 else f"{self._name}.{number}"

    def _shard(self, number: int) -> "Collection":
        """Open or create a shard (1-based)."""
        return self._client.get_or_create_collection(
            self._shard_name(number),
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_search": SEARCH_WIDTH}},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the folder."""
        with _registry_lock:
            self._client.close()

    def count(self) -> int:
        """Return the number of vectors."""
        with self._reading():
            return sum(shard.count() for shard in self._one_by_one())

    def ids(self) -> Iterator[str]:
        """Yield every id."""
        with self._reading():
            for shard in self._one_by_one():
                yield from _ids(shard)

    def _one_by_one(self) -> Iterator["Collection"]:
        """Yield the shards with only one of them in memory at a time."""
        for number in range(len(self._shards)):
            yield self._shards[number]
            if len(self._shards) > 1:
                self._reopen()

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
            for batch in _batches(wanted - found):
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
                    self._elsewhere.update(_ids(self._shards[self._filling]))
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
        self._sizes = [self._shards[0].count()]
        if len(self._shards) > 1 or self._sizes[0] >= self._shard_size:
            held = [list(_ids(shard)) for shard in self._one_by_one()]
            self._sizes = [len(ids) for ids in held]
            self._elsewhere.update(*held)
        self._choose_shard()

    def _choose_shard(self) -> None:
        """Choose the first shard with room as the one to fill, adding a shard if all are full."""
        rooms = (number for number, size in enumerate(self._sizes) if size < self._shard_size)
        self._filling = next(rooms, len(self._sizes))
        if self._filling == len(self._sizes):
            self._sizes.append(0)
            self._shards.append(self._shard(len(self._sizes)))

    def delete(self, ids: Iterable[str]) -> None:
        """Delete vectors; unknown ids are ignored.

        Raises:
            IndexUnwritable: see `add`.
        """
        gone = list(ids)
        self._sizes.clear()
        self._elsewhere.clear()
        with self._writing():
            for shard in self._one_by_one():
                for batch in _batches(gone):
                    shard.delete(ids=batch)

    def drop_others(self) -> None:
        """Delete the collections of other encoders."""
        own = {shard.name for shard in self._shards}
        for collection in self._client.list_collections():
            if collection.name not in own:
                self._client.delete_collection(collection.name)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from chromadb.errors import InternalError

        try:
            yield
        except InternalError as error:
            remedy = "free disk space or check that you may write there, then try again"
            raise IndexUnwritable(f"cannot be written ({error})", str(self._folder), remedy) from error

    @contextmanager
    def _reading(self) -> Iterator[None]:
        from chromadb.errors import InternalError

        try:
            yield
        except (InternalError, OSError) as error:
            remedy = "run `cited ingest --rebuild`, or check that you may read and write there"
            raise IndexUnreadable(f"the vectors cannot be read ({error})", str(self._folder), remedy) from error

    def nearest(self, vector: Vectors32, limit: int) -> list[tuple[str, float]]:
        """Return the `limit` nearest vectors as (id, cosine from -1 to 1), best first, ties by id."""
        with self._reading():
            pairs = [pair for shard in self._shards for pair in _nearest(shard, vector, limit)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def cosines(self, vector: Vectors32, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosines of the `ids` with a unit vector; unknown ids are omitted."""
        cosines: dict[str, float] = {}
        with self._reading():
            for batch in _batches(ids):
                for shard in self._shards:
                    found = shard.get(ids=batch, include=["embeddings"])
                    if found["embeddings"] is not None and len(found["ids"]):
                        products = np.asarray(found["embeddings"], dtype=np.float32) @ vector
                        cosines.update(zip(found["ids"], (float(p) for p in products), strict=True))
        return cosines


def _client(folder: Path) -> "Client":
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings
    from chromadb.errors import InternalError

    with _registry_lock:
        try:
            client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        except InternalError:
            # Chroma caches a client that failed to start and would return it to the next caller.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise
    return cast("Client", client)  # the declared type has no close()


def _ids(shard: "Collection") -> Iterator[str]:
    for offset in range(0, shard.count(), BATCH):
        yield from shard.get(include=[], limit=BATCH, offset=offset)["ids"]


def _nearest(shard: "Collection", vector: Vectors32, limit: int) -> list[tuple[str, float]]:
    """Return the `limit` nearest vectors of a shard as (id, cosine)."""
    limit = min(limit, shard.count())
    if limit == 0:
        return []
    found = shard.query(query_embeddings=vector[np.newaxis, :], n_results=limit, include=["distances"])
    if found["distances"] is None:
        raise TypeError("Chroma returned no distances")
    return [(key, 1.0 - distance) for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)]


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch
