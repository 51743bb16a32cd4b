"""The vectors of passages, in Chroma: an id (the passage's sha) and a vector, nothing else."""

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
BATCH = 5_000  # ids a call; Chroma 1.5 takes at most 5,461
# Neighbours kept while searching the graph. Chroma's 100 misses some of the true 50 nearest of 30,000.
SEARCH_WIDTH = 300
# Vectors a collection. Chroma loads all of a collection for the least question about it and keeps it, 2.2 KB a vector
# of 384 dimensions: 220 MB. See tests/bench/RESULTS.md.
SHARD_SIZE = 100_000
# Chroma counts the clients of a folder in a register that threads may not change at once: without this, opening one
# while another thread closes its own fails now and then.
_register = threading.Lock()


class Vectors:
    """The vectors of one revision of an encoder, in collections of an embedded Chroma: shards.

    A vector is in one shard. The writer has only the shard in memory that it
    fills; what is nearest is found in all of them. Only the process that holds
    the index lock may add or delete. A reader sees what was there when it
    opened, so it opens anew after each run.
    """

    def __init__(self, folder: Path, identity: EncoderIdentity, *, shard_size: int = SHARD_SIZE) -> None:
        """Open the shards of the encoder in `folder`, the first one made where there is none.

        Raises:
            IndexUnreadable: the folder is damaged, or may not be read and written.
        """
        self._folder = folder
        self._name = f"passages-{identity.revision}-{identity.dimension}"
        self._shard_size = shard_size
        self._filling = 0  # the shard that takes what is added
        self._sizes: list[int] = []  # of the shards, empty until something is to be written
        self._elsewhere: set[str] = set()  # ids in other shards than the one being filled
        allocator.tame()
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
        """Open or make a shard, counted from 1."""
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
        """Let go of the folder."""
        with _register:
            self._client.close()

    def count(self) -> int:
        """Return how many vectors there are."""
        with self._reading():
            return sum(shard.count() for shard in self._one_by_one())

    def ids(self) -> Iterator[str]:
        """Yield every id."""
        with self._reading():
            for shard in self._one_by_one():
                yield from _ids(shard)

    def _one_by_one(self) -> Iterator["Collection"]:
        """Yield the shards; where there are several, one at a time is in memory."""
        for number in range(len(self._shards)):
            yield self._shards[number]
            if len(self._shards) > 1:
                self._reopen()

    def _reopen(self) -> None:
        self.close()
        allocator.give_back()
        self._open()

    def present(self, ids: Iterable[str]) -> set[str]:
        """Return those of `ids` that have a vector; for the writer."""
        with self._reading():
            self._learn()
            wanted = set(ids)
            found = wanted & self._elsewhere
            for batch in _batches(wanted - found):
                found.update(self._shards[self._filling].get(ids=batch, include=[])["ids"])
        return found

    def add(self, ids: Sequence[str], vectors: Vectors32) -> None:
        """Add vectors, shape (len(ids), dimension), unit length; none of the ids may be `present`.

        Raises:
            IndexUnwritable: the disk is full, or the folder may not be written to.
        """
        at = 0
        with self._writing():
            self._learn()
            while at < len(ids):
                if self._sizes[self._filling] >= self._shard_size:
                    self._elsewhere.update(_ids(self._shards[self._filling]))
                    self._reopen()
                    self._choose()
                end = min(len(ids), at + BATCH, at + self._shard_size - self._sizes[self._filling])
                self._shards[self._filling].add(ids=list(ids[at:end]), embeddings=vectors[at:end])
                self._sizes[self._filling] += end - at
                at = end

    def _learn(self) -> None:
        """Before something is written: find the shard to fill, and what the others hold."""
        if self._sizes:
            return
        self._sizes = [self._shards[0].count()]
        if len(self._shards) > 1 or self._sizes[0] >= self._shard_size:
            held = [list(_ids(shard)) for shard in self._one_by_one()]
            self._sizes = [len(ids) for ids in held]
            self._elsewhere.update(*held)
        self._choose()

    def _choose(self) -> None:
        """Fill the first shard that has room from now on, one more where none has."""
        rooms = (number for number, size in enumerate(self._sizes) if size < self._shard_size)
        self._filling = next(rooms, len(self._sizes))
        if self._filling == len(self._sizes):
            self._sizes.append(0)
            self._shards.append(self._shard(len(self._sizes)))

    def delete(self, ids: Iterable[str]) -> None:
        """Delete vectors; ids that are not there are passed over.

        Raises:
            IndexUnwritable: as `add`.
        """
        gone = list(ids)
        self._sizes.clear()
        self._elsewhere.clear()
        with self._writing():
            for shard in self._one_by_one():
                for batch in _batches(gone):
                    shard.delete(ids=batch)

    def drop_others(self) -> None:
        """Delete what other encoders left."""
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
            remedy = "make room on the disk, or check that you may write there, and run again"
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
        """Return the `limit` nearest (id, cosine from -1 to 1), best first, ties by id."""
        with self._reading():
            pairs = [pair for shard in self._shards for pair in _nearest(shard, vector, limit)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def cosines(self, vector: Vectors32, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosine of each of `ids` that is there with a unit vector."""
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

    with _register:
        try:
            client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        except InternalError:
            # Chroma keeps what could not be started, and would give it to the next one who asks.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise
    return cast("Client", client)  # the declared interface lacks close


def _ids(shard: "Collection") -> Iterator[str]:
    for offset in range(0, shard.count(), BATCH):
        yield from shard.get(include=[], limit=BATCH, offset=offset)["ids"]


def _nearest(shard: "Collection", vector: Vectors32, limit: int) -> list[tuple[str, float]]:
    """Return the `limit` nearest of a shard: (id, cosine)."""
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
