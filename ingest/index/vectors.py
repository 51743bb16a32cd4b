"""The passages' vectors in Chroma: an id (the passage's sha) and a vector, nothing else."""

import math
from collections.abc import Collection as Group
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast
from uuid import uuid4

import numpy as np

from ingest import allocator
from ingest.errors import IndexUnreadable, IndexUnwritable
from ingest.index import chroma_files, servers
from ingest.index.lexicon import batches
from ingest.index.renewal import RENEWED, RETIRED, finish_renewal
from ingest.models.encoder import EncoderIdentity, Vectors32

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration

VECTORS_FOLDER = "chroma"  # inside the data directory
BATCH = 5_000  # ids per call; Chroma 1.5 allows at most 5,461
# Candidates kept during graph search. Chroma's default of 100 misses some of the true 50 nearest of 30,000.
SEARCH_WIDTH = 300
# Vectors per collection. Chroma loads a whole collection for any query and keeps it in memory: 2.3 KB per vector of
# 384 dimensions, 230 MB in all. See the trial memory-of-an-ingest.
SHARD_SIZE = 100_000
# A shard is made anew once this share of the vectors in its graph is deleted. Of 4,000 vectors in 20 tight clusters
# that were replaced by halves, 2 were unreachable at the start, 4 at 0.33, 46 at 0.5, 178 at 0.6; in 80 clusters the
# first 2 at 0.5. A search took twice as long at 0.33, three times at 0.5 and five times at 0.7.
WORN = 1 / 3
# Of 4,000 vectors in 80 clusters of very similar ones (cosine 0.99), added cluster by cluster, Chroma's defaults (16
# and 100) left 70 unreachable, and these none. Adding a vector takes 0.2 ms longer, and 128 bytes more.
GRAPH: "CreateHNSWConfiguration" = {"max_neighbors": 32, "ef_construction": 200}
# A check of what can be found: the vectors tried (2 ms each), the results of each, and the cosine distance below which
# vectors count as the same.
SAMPLE = 5_000
NEAREST = 50
SAME = 1e-4
AT_ONCE = 250  # vectors searched for or added at once, where time is not short


class VectorsUnopened(IndexUnreadable):
    """Chroma cannot open the folder, because it is damaged or cannot be written."""


class Vectors:
    """The vectors of one encoder revision, in shards: collections of an embedded Chroma.

    Each vector is in exactly one shard. The writer keeps only the shard it
    fills in memory; a search covers all shards. Only the process that holds the
    write lock may add or delete vectors. A reader sees the state at the time of
    opening, so it must reopen after each run.
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

    def close(self) -> None:
        """Close the folder."""
        with chroma_files.lock:
            self._client.close()

    def count(self) -> int:
        """Return the number of vectors."""
        with self._reading():
            return sum(shard.count() for shard in (self._shards if self._read_only else self._one_by_one()))

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
            self._shards.append(self._shard(shard_name(self._name, len(self._sizes))))

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
                for batch in batches(gone, BATCH):
                    shard.delete(ids=batch)

    def unreachable(self, most: int = SAMPLE) -> dict[str, list[str]]:
        """Search for every vector by itself, or for a sample of `most`; return the ids not found, by shard.

        A vector counts as found if 50 others are equally near.
        """
        missed: dict[str, list[str]] = {}
        with self._reading():
            share = min(1.0, most / max(1, self.count()))
            for number in range(len(self._shards)):
                ids, rows = _contents(self._shards[number])
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
        renewed = 0
        for number in range(len(self._shards)):
            shard = self._shards[number]
            graph = graphs.get(shard.name)
            if shard.name in broken or (graph is not None and shard.count() < (1 - WORN) * graph.count):
                self._renew(number)
                renewed += 1
        return renewed

    def _renew(self, number: int) -> None:
        name = self._shards[number].name
        ids, rows = _contents(self._shards[number])
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
            raise IndexUnreadable("the vectors were replaced", str(self._folder), "try again") from error
        except (InternalError, OSError) as error:
            raise chroma_files.unreadable(error, self._folder) from error

    def nearest(self, vector: Vectors32, limit: int) -> list[tuple[str, float]]:
        """Return the `limit` nearest vectors as (id, cosine from -1 to 1), best first, ties by id."""
        with self._reading():
            pairs = [pair for shard in self._shards for pair in _nearest(shard, vector, limit)]
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


def collection_name(identity: EncoderIdentity) -> str:
    """Return the name of an encoder's first shard."""
    return f"passages-{identity.revision}-{identity.dimension}"


def shard_name(name: str, number: int) -> str:
    """Return the name of a shard (1-based), from that of the first."""
    return name if number == 1 else f"{name}.{number}"


def shard_names(name: str, present: Group[str]) -> list[str]:
    """Return the names of the shards among the collections that are present, from that of the first."""
    return list(takewhile(present.__contains__, (shard_name(name, number) for number in count(1))))


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


def _ids(shard: "Collection") -> Iterator[str]:
    for offset in range(0, shard.count(), BATCH):
        yield from shard.get(include=[], limit=BATCH, offset=offset)["ids"]


def _contents(shard: "Collection") -> tuple[list[str], Vectors32]:
    """Return every id of a shard and its vector."""
    ids: list[str] = []
    parts: list[Vectors32] = []
    for offset in range(0, shard.count(), BATCH):
        found = shard.get(include=["embeddings"], limit=BATCH, offset=offset)
        ids.extend(found["ids"])
        parts.append(np.asarray(found["embeddings"], dtype=np.float32))
    return ids, np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


def _nearest(shard: "Collection", vector: Vectors32, limit: int) -> list[tuple[str, float]]:
    """Return the `limit` nearest vectors of a shard as (id, cosine), or all if it has fewer."""
    found = shard.query(query_embeddings=vector[np.newaxis, :], n_results=limit, include=["distances"])
    if found["distances"] is None:
        raise TypeError("Chroma returned no distances")
    return [(key, 1.0 - distance) for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)]


def lost(shard: "Collection", ids: Sequence[str], rows: Vectors32) -> list[str]:
    """Return the ids whose own vectors (`rows`) do not find them."""
    missed: list[str] = []
    for at in range(0, len(ids), AT_ONCE):
        part = ids[at : at + AT_ONCE]
        found = shard.query(query_embeddings=rows[at : at + AT_ONCE], n_results=NEAREST, include=["distances"])
        for name, near, distances in zip(part, found["ids"], found["distances"] or (), strict=True):
            if name not in near and (len(near) < NEAREST or distances[-1] > SAME):
                missed.append(name)
    return missed


def create_collection(client: "Client", name: str) -> "Collection":
    """Return the collection of this name, made as all of ours are if there is none."""
    return client.get_or_create_collection(
        name,
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine", "ef_search": SEARCH_WIDTH, **GRAPH}},
    )
