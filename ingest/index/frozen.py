"""The vectors for reading, from Chroma's own files where that is better than through Chroma.

Chroma always writes when it opens, which is not possible everywhere, and loading it takes longer than all the vectors
of a small index do.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexUnreadable
from ingest.index import chroma_files, servers
from ingest.index.chosen import ChosenVectors
from ingest.index.chroma_collections import collection_name, shard_names
from ingest.index.chroma_files import REBUILD
from ingest.index.server_vectors import ServerVectors, vectors_of
from ingest.index.vectors import Vectors, VectorsUnopened
from ingest.models.encoder import EncoderIdentity, Vectors32

RETRIES = (0.05, 0.5)  # seconds; a writer may be replacing files just now
# An index of no more vectors is kept in memory. Searching 20,000 of 384 dimensions took 8 ms of the processor, and
# Chroma 5; loading Chroma takes 300 ms.
SMALL = 10_000
UNIT = 1e-3  # how far the length of a vector in the files may be from 1

logger = logging.getLogger(__name__)


class FrozenVectors:
    """The vectors of one encoder revision, searched one by one in Chroma's files, which stay on disk.

    A search takes about 5 ms for every 1,000 vectors of 384 dimensions.
    """

    def __init__(self, folder: Path, identity: EncoderIdentity) -> None:
        """Open the encoder's shards in `folder`.

        Raises:
            IndexUnreadable: the vectors are missing, damaged or not readable.
        """
        self._shards = [chroma_files.load(folder, stored) for stored in _stored(folder, identity)]

    def close(self) -> None:
        """Close the files."""
        self._shards.clear()

    def count(self) -> int:
        """Return the number of vectors."""
        return sum(len(shard.ids) for shard in self._shards)

    def nearest(self, vector: Vectors32, limit: int) -> list[tuple[str, float]]:
        """Return the `limit` nearest vectors as (id, cosine from -1 to 1), best first, ties by id."""
        pairs: list[tuple[str, float]] = []
        for shard in self._shards:
            cosines = shard.cosines(vector, np.arange(len(shard.ids)))
            best = np.argsort(-cosines, kind="stable")[:limit]
            pairs.extend((shard.ids[row], float(cosines[row])) for row in best)
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def cosines(self, vector: Vectors32, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosines of the `ids` with a unit vector; unknown ids are omitted."""
        cosines: dict[str, float] = {}
        for shard, chosen in self._found(ids):
            found = shard.cosines(vector, chosen)
            cosines.update((shard.ids[row], float(value)) for row, value in zip(chosen, found, strict=True))
        return cosines

    def stored(self, ids: Iterable[str]) -> Iterator[tuple[Sequence[str], Vectors32]]:
        """Yield the vectors of the `ids` in parts, each with the ids of its rows; unknown ids are omitted."""
        for shard, chosen in self._found(ids):
            yield [shard.ids[row] for row in chosen], shard.vectors(chosen)

    def _found(self, ids: Iterable[str]) -> Iterator[tuple[chroma_files.Rows, NDArray[np.int64]]]:
        """Yield each shard with the numbers of those ids that it holds."""
        wanted = set(ids)
        for shard in self._shards:
            yield shard, np.array([row for row, name in enumerate(shard.ids) if name in wanted], np.int64)


VectorReader = Vectors | ChosenVectors | FrozenVectors | ServerVectors


def open_for_reading(folder: Path, identity: EncoderIdentity, least: int) -> VectorReader:
    """Open the vectors for reading: a small index in memory, others through Chroma or its server.

    Where Chroma cannot write, its files are searched.

    Raises:
        IndexUnreadable: the vectors are damaged or not readable, or there are not even `least`.
    """
    for seconds in RETRIES:
        try:
            return _open(folder, identity, least)
        except IndexUnreadable:
            time.sleep(seconds)
    return _open(folder, identity, least)


def _open(folder: Path, identity: EncoderIdentity, least: int) -> VectorReader:
    if least <= SMALL and not servers.chosen().chroma_url:
        try:
            return _checked(_in_memory(folder, identity), folder, least)
        except IndexUnreadable as error:  # Chroma may know better, or a writer is in the middle of something
            logger.info("%s; opening them with Chroma instead", error)
    vectors: VectorReader
    try:
        vectors = vectors_of(folder, identity, read_only=True)
    except VectorsUnopened as error:
        logger.info("%s; reading its files instead", error)
        vectors = FrozenVectors(folder, identity)
    checked = _checked(vectors, folder, least)
    if isinstance(checked, Vectors):
        checked.load()
    return checked


def _in_memory(folder: Path, identity: EncoderIdentity) -> ChosenVectors:
    """Return copies of all vectors in Chroma's files.

    Raises:
        IndexUnreadable: the vectors are missing, damaged or not readable.
    """
    return ChosenVectors(_copies(folder, identity))


def _copies(folder: Path, identity: EncoderIdentity) -> Iterator[tuple[Sequence[str], Vectors32]]:
    for stored in _stored(folder, identity):
        shard = chroma_files.load(folder, stored, copied=True)
        values = shard.vectors(np.arange(len(shard.ids)))
        if (np.abs(np.einsum("ij,ij->i", values, values) - 1) > UNIT).any():
            raise chroma_files.unreadable("some are not of length 1", folder)
        yield shard.ids, values


def _stored(folder: Path, identity: EncoderIdentity) -> list[chroma_files.Stored]:
    """Return the encoder's shards, in order.

    Raises:
        IndexUnreadable: there is none, or one is damaged.
    """
    stored = chroma_files.check(folder)
    names = shard_names(collection_name(identity), stored)
    if not names:
        raise chroma_files.missing(folder)
    return [stored[name] for name in names]


def _checked(vectors: VectorReader, folder: Path, least: int) -> VectorReader:
    """Return the vectors if there are at least so many; otherwise close them."""
    try:
        missing = least - vectors.count()
        if missing > 0:
            raise IndexUnreadable(f"{missing} of {least} vectors are missing", str(folder), REBUILD)
    except IndexUnreadable:
        vectors.close()
        raise
    return vectors
