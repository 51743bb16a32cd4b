"""The vectors where nothing can be written: Chroma always writes when it opens, so its files are read directly."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexUnreadable
from ingest.index import chroma_files
from ingest.index.chroma_files import REBUILD
from ingest.index.server_vectors import ServerVectors, vectors_of
from ingest.index.vectors import Vectors, VectorsUnopened, collection_name, shard_names
from ingest.models.encoder import EncoderIdentity, Vectors32

RETRIES = (0.05, 0.5)  # seconds; a writer may be replacing files just now

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
        stored = chroma_files.check(folder)
        names = shard_names(collection_name(identity), stored)
        if not names:
            raise chroma_files.missing(folder)
        self._shards = [chroma_files.load(folder, stored[name]) for name in names]

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


VectorReader = Vectors | FrozenVectors | ServerVectors


def open_for_reading(folder: Path, identity: EncoderIdentity, least: int) -> VectorReader:
    """Open the vectors for reading: through Chroma or its server, or from its files if Chroma cannot write there.

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
    vectors: VectorReader
    try:
        vectors = vectors_of(folder, identity, read_only=True)
    except VectorsUnopened as error:
        logger.info("%s; reading its files instead", error)
        vectors = FrozenVectors(folder, identity)
    try:
        missing = least - vectors.count()
        if missing > 0:
            raise IndexUnreadable(f"{missing} of {least} vectors are missing", str(folder), REBUILD)
    except IndexUnreadable:
        vectors.close()
        raise
    return vectors
