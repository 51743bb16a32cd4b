"""The vectors of passages, in Chroma: an id (the passage's sha) and a vector, nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import numpy as np

from ingest.encoder import EncoderIdentity, Vectors32
from ingest.errors import IndexUnwritable

VECTORS_FOLDER = "chroma"  # inside the data directory
BATCH = 5_000  # ids a call; Chroma 1.5 takes at most 5,461
# Neighbours kept while searching the graph. Chroma's 100 misses some of the true 50 nearest of 30,000.
SEARCH_WIDTH = 300


class Vectors:
    """One collection of an embedded Chroma, one a revision of an encoder.

    Only the process that holds the index lock may add or delete. A reader sees
    what was there when it opened, so it opens anew after each run.
    """

    def __init__(self, folder: Path, identity: EncoderIdentity) -> None:
        """Open or make the collection of the encoder in `folder`."""
        import chromadb
        from chromadb.api.client import Client
        from chromadb.config import Settings

        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        self._client = cast(Client, client)  # the declared interface lacks close
        self._name = f"passages-{identity.revision}-{identity.dimension}"
        self._collection = self._client.get_or_create_collection(
            self._name,
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
        self._client.close()

    def count(self) -> int:
        """Return how many vectors there are."""
        return self._collection.count()

    def ids(self) -> Iterator[str]:
        """Yield every id."""
        for offset in range(0, self.count(), BATCH):
            yield from self._collection.get(include=[], limit=BATCH, offset=offset)["ids"]

    def present(self, ids: Iterable[str]) -> set[str]:
        """Return those of `ids` that have a vector."""
        found: set[str] = set()
        for batch in _batches(ids):
            found.update(self._collection.get(ids=list(batch), include=[])["ids"])
        return found

    def add(self, ids: Sequence[str], vectors: Vectors32) -> None:
        """Add vectors, shape (len(ids), dimension), unit length; an id that is there is overwritten.

        Raises:
            IndexUnwritable: the disk is full, or the folder may not be written to.
        """
        with self._writing():
            for at in range(0, len(ids), BATCH):
                self._collection.upsert(ids=list(ids[at : at + BATCH]), embeddings=vectors[at : at + BATCH])

    def delete(self, ids: Iterable[str]) -> None:
        """Delete vectors; ids that are not there are passed over.

        Raises:
            IndexUnwritable: as `add`.
        """
        with self._writing():
            for batch in _batches(ids):
                self._collection.delete(ids=list(batch))

    def drop_others(self) -> None:
        """Delete the collections of other encoders."""
        for collection in self._client.list_collections():
            if collection.name != self._name:
                self._client.delete_collection(collection.name)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from chromadb.errors import InternalError

        try:
            yield
        except InternalError as error:
            remedy = "make room on the disk, or check that you may write there, and run again"
            raise IndexUnwritable(f"cannot be written ({error})", str(self._folder), remedy) from error

    def nearest(self, vector: Vectors32, limit: int) -> list[tuple[str, float]]:
        """Return the `limit` nearest (id, cosine from -1 to 1), best first, ties by id."""
        limit = min(limit, self.count())
        if limit == 0:
            return []
        found = self._collection.query(query_embeddings=vector[np.newaxis, :], n_results=limit, include=["distances"])
        distances = found["distances"]
        if distances is None:
            raise TypeError("Chroma returned no distances")
        pairs = [(key, 1.0 - distance) for key, distance in zip(found["ids"][0], distances[0], strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def cosines(self, vector: Vectors32, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosine of each of `ids` that is there with a unit vector."""
        cosines: dict[str, float] = {}
        for batch in _batches(ids):
            found = self._collection.get(ids=list(batch), include=["embeddings"])
            if found["embeddings"] is not None and len(found["ids"]):
                products = np.asarray(found["embeddings"], dtype=np.float32) @ vector
                cosines.update(zip(found["ids"], (float(p) for p in products), strict=True))
        return cosines


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch
