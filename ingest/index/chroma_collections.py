"""Collections of vectors in Chroma: their names, how they are made, searched and checked."""

from collections.abc import Collection as Group
from collections.abc import Sequence
from itertools import count, takewhile
from typing import TYPE_CHECKING

import numpy as np

from ingest.models.encoder import EncoderIdentity, Vectors32

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration

BATCH = 5_000  # ids per call; Chroma 1.5 allows at most 5,461
# Candidates kept during graph search. Chroma's default of 100 misses some of the true 50 nearest of 30,000.
SEARCH_WIDTH = 300
# Of 4,000 vectors in 80 clusters of very similar ones (cosine 0.99), added cluster by cluster, Chroma's defaults (16
# and 100) left 70 unreachable, and these none. Adding a vector takes 0.2 ms longer, and 128 bytes more.
GRAPH: "CreateHNSWConfiguration" = {"max_neighbors": 32, "ef_construction": 200}
# A check of what can be found: the results of each search, and the cosine distance of vectors that count as the same.
NEAREST = 50
SAME = 1e-4
AT_ONCE = 250  # vectors searched for or added at once, where time is not short


def collection_name(identity: EncoderIdentity) -> str:
    """Return the name of an encoder's first shard."""
    return f"passages-{identity.revision}-{identity.dimension}"


def shard_name(name: str, number: int) -> str:
    """Return the name of a shard (1-based), from that of the first."""
    return name if number == 1 else f"{name}.{number}"


def shard_names(name: str, present: Group[str]) -> list[str]:
    """Return the names of the shards among the collections that are present, from that of the first."""
    return list(takewhile(present.__contains__, (shard_name(name, number) for number in count(1))))


def contents(shard: "Collection") -> tuple[list[str], Vectors32]:
    """Return every id of a shard and its vector."""
    ids: list[str] = []
    parts: list[Vectors32] = []
    for offset in range(0, shard.count(), BATCH):
        found = shard.get(include=["embeddings"], limit=BATCH, offset=offset)
        ids.extend(found["ids"])
        parts.append(np.asarray(found["embeddings"], dtype=np.float32))
    return ids, np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


def nearest(shard: "Collection", vector: Vectors32, limit: int) -> list[tuple[str, float]]:
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
