"""Chroma's own files: whether they are whole, and the vectors in them, read without Chroma.

Chroma loads damaged files without an error: it then crashes, or finds less.
The formats are those of Chroma 1.5: tables in `chroma.sqlite3`, and for each
collection a folder with a graph of hnswlib, which is written whenever about
1,000 changes have gathered in the table `embeddings_queue`.
"""

import pickle
import sqlite3
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexUnreadable

DATABASE = "chroma.sqlite3"
LEVEL = "data_level0.bin"
REBUILD = "run `cited ingest --rebuild`"
AT_ONCE = 4_096  # vectors read and compared at once: 6 MB of 384 dimensions
# Closing a file ends all locks that the process has on it, so this must not happen while Chroma writes to its tables.
# It also guards Chroma's registry of clients per folder, which is not thread-safe.
lock = threading.RLock()

_HEADER = struct.Struct("<iQQQQQQiIQQQdQ")  # of a saved graph
_VERSION = 1
_WORD = 4  # bytes of a number in the files of links

_COLLECTIONS = """
    SELECT c.id, c.name, coalesce(c.dimension, 0), graph.id, live.id, coalesce(saved.seq_id, 0)
    FROM collections c
    JOIN segments graph ON graph.collection = c.id AND graph.scope = 'VECTOR'
    JOIN segments live ON live.collection = c.id AND live.scope = 'METADATA'
    LEFT JOIN max_seq_id saved ON saved.segment_id = graph.id
"""
_LIVE = "SELECT embedding_id FROM embeddings WHERE segment_id = ?"
_COUNTS = """
    SELECT collection, (SELECT count(*) FROM embeddings WHERE segment_id = segments.id) FROM segments
    WHERE scope = 'METADATA'
"""
_IDS = """
    SELECT embedding_id FROM embeddings WHERE segment_id =
    (SELECT id FROM segments WHERE collection = ? AND scope = 'METADATA')
"""
_QUEUED = """
    SELECT id, vector FROM embeddings_queue
    WHERE topic LIKE '%/' || ? AND seq_id > ? AND encoding = 'FLOAT32' ORDER BY seq_id
"""


@dataclass(frozen=True, slots=True)
class Graph:
    """A saved graph: its folder, the vectors it has ever held, the bytes of each, and where label and values begin."""

    folder: Path
    count: int
    size: int
    label_at: int
    values_at: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A collection: its name, dimension and graph (None before the first is saved).

    `segments` are the ids of its graph and of its live rows; `saved` is the
    last change that the graph holds.
    """

    id: str
    name: str
    dimension: int
    segments: tuple[str, str]
    saved: int
    graph: Graph | None


@dataclass(frozen=True, slots=True)
class Rows:
    """The live vectors of a collection: their ids, the first ones of vectors in the graph, the rest of queued ones.

    `rows` are the rows of the former in `values`, a view of the graph's file,
    shape (vectors ever held, dimension); `queued` has shape (the others, dimension).
    """

    ids: tuple[str, ...]
    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    queued: NDArray[np.float32]

    def cosines(self, vector: NDArray[np.float32], chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosines of a unit vector with the vectors of `ids[chosen]`; `chosen` ascends."""
        saved, queued = chosen[chosen < len(self.rows)], chosen[chosen >= len(self.rows)] - len(self.rows)
        parts = [self.values[self.rows[saved[at : at + AT_ONCE]]] @ vector for at in range(0, len(saved), AT_ONCE)]
        if len(queued):
            parts.append(self.queued[queued] @ vector)
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def vectors(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of `ids[chosen]`, one a row; `chosen` ascends."""
        saved, queued = chosen[chosen < len(self.rows)], chosen[chosen >= len(self.rows)] - len(self.rows)
        return np.concatenate([self.values[self.rows[saved]], self.queued[queued]])


def present(folder: Path) -> bool:
    """Return whether Chroma's tables are there.

    Raises:
        IndexUnreadable: the folder is not accessible.
    """
    try:
        (folder / DATABASE).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unreadable(error.strerror or type(error).__name__, folder) from error
    return True


def missing(folder: Path) -> IndexUnreadable:
    """Return the error for vectors that are not there."""
    return IndexUnreadable("the vectors are missing", str(folder), REBUILD)


def replaced(folder: Path) -> IndexUnreadable:
    """Return the error for vectors that a later run has replaced."""
    return IndexUnreadable("the vectors were replaced", str(folder), "try again")


def check(folder: Path) -> dict[str, Stored]:
    """Check that the files of all collections are there and whole; return the collections by name.

    Raises:
        IndexUnreadable: a file is missing, damaged or not readable.
    """
    if not present(folder):
        raise missing(folder)
    with lock, _reading(folder), _database(folder) as database:
        stored = _collections(database, folder)
        for each in stored.values():
            if each.graph is not None:
                _check_graph(each.graph)
    return stored


def counts(folder: Path) -> dict[str, int]:
    """Return the number of vectors in each collection, by its id.

    Chroma loads the graph of a collection to count its vectors: a second for every 100,000.

    Raises:
        IndexUnreadable: the tables are damaged or not readable.
    """
    with lock, _reading(folder), _database(folder) as database:
        return dict(database.execute(_COUNTS).fetchall())


def names(folder: Path, collection: str) -> list[str]:
    """Return the ids of the vectors in a collection, given by its id, without loading its graph.

    Raises:
        IndexUnreadable: the tables are damaged or not readable.
    """
    with lock, _reading(folder), _database(folder) as database:
        return [key for (key,) in database.execute(_IDS, (collection,))]


def load(folder: Path, stored: Stored, *, copied: bool = False) -> Rows:
    """Return the live vectors of a collection; unless `copied`, those of its graph are left in their file.

    A writer may change the file, so what is left in it can be used only where nobody writes. It may do so while the
    file is copied, too: it never moves a vector, so one that is not yet there again is not of length 1.

    Raises:
        IndexUnreadable: a file is missing, damaged or not readable.
    """
    with lock, _reading(folder), _database(folder) as database:
        live = {name for (name,) in database.execute(_LIVE, (stored.segments[1],))}
        queued = dict(database.execute(_QUEUED, (stored.id, stored.saved)).fetchall())
        graph = stored.graph
        labels: dict[str, int] = {}
        values, row_of = np.empty((0, stored.dimension), np.float32), dict[int, int]()
        if graph is not None:
            labels = _labels(graph.folder)
            values, numbers = _copy(graph, stored.dimension) if copied else _map(graph, stored.dimension)
            row_of = {label: row for row, label in enumerate(numbers.tolist())}
    queued = {name: vector for name, vector in queued.items() if name in live}
    kept = sorted(name for name in live - queued.keys() if labels.get(name) in row_of)
    rows = np.array([row_of[labels[name]] for name in kept], np.int64)
    fresh = np.frombuffer(b"".join(queued.values()), np.float32).reshape(len(queued), stored.dimension)
    return Rows((*kept, *queued), rows, values, fresh)


def _map(graph: Graph, dimension: int) -> tuple[NDArray[np.float32], NDArray[np.uint64]]:
    """Return views of a graph's file: its vectors and their labels."""
    return _columns(np.memmap(graph.folder / LEVEL, np.uint8, "r", shape=(graph.count, graph.size)), graph, dimension)


def _copy(graph: Graph, dimension: int) -> tuple[NDArray[np.float32], NDArray[np.uint64]]:
    """Return copies of a graph's vectors and their labels."""
    values, numbers = np.empty((graph.count, dimension), np.float32), np.empty(graph.count, np.uint64)
    with (graph.folder / LEVEL).open("rb") as file:
        for at in range(0, graph.count, AT_ONCE):
            end = min(at + AT_ONCE, graph.count)
            held = np.fromfile(file, np.uint8, (end - at) * graph.size).reshape(end - at, graph.size)
            values[at:end], numbers[at:end] = _columns(held, graph, dimension)
    return values, numbers


def _columns(held: NDArray[np.uint8], graph: Graph, dimension: int) -> tuple[NDArray[np.float32], NDArray[np.uint64]]:
    if graph.label_at - graph.values_at != 4 * dimension:
        _refuse(graph.folder / "header.bin")
    values = held[:, graph.values_at : graph.values_at + 4 * dimension].view(np.float32)
    return values, held[:, graph.label_at : graph.label_at + 8].copy().view(np.uint64)[:, 0]


def _collections(database: sqlite3.Connection, folder: Path) -> dict[str, Stored]:
    found = {}
    for key, name, dimension, graph, live, saved in database.execute(_COLLECTIONS).fetchall():
        number = int.from_bytes(saved, "big") if isinstance(saved, bytes) else int(saved)
        found[name] = Stored(key, name, dimension, (graph, live), number, _graph(folder / graph) if number else None)
    return found


def _graph(folder: Path) -> Graph:
    path = folder / "header.bin"
    content = path.read_bytes()
    if len(content) != _HEADER.size:
        _refuse(path)
    version, _, _, count, size, label_at, values_at, *_ = _HEADER.unpack(content)
    if version != _VERSION or not values_at < label_at < size:
        _refuse(path)
    return Graph(folder, count, size, label_at, values_at)


def _check_graph(graph: Graph) -> None:
    """Check the sizes of a graph's files, and what Chroma does not: the links above the ground level, and the norms."""
    (graph.folder / "index_metadata.pickle").stat()
    path = graph.folder / LEVEL
    if path.stat().st_size < graph.count * graph.size:
        _refuse(path)
    path = graph.folder / "length.bin"
    norms = np.frombuffer(path.read_bytes(), np.float32)
    if len(norms) < graph.count or not norms[: graph.count].all():
        _refuse(path)
    path = graph.folder / "link_lists.bin"
    if path.stat().st_size % _WORD or vectors_of_links(np.fromfile(path, np.uint32)) != graph.count:
        _refuse(path)


def vectors_of_links(words: NDArray[np.uint32]) -> int | None:
    """Return of how many vectors a file holds the links above the ground level; None if it ends in the middle of one.

    For each vector it has the bytes of its links, which are 0 for most, and then the links.
    """
    lengths = np.flatnonzero(words)  # or links
    found = at = 0
    while at < len(words):
        after = int(np.searchsorted(lengths, at))
        end = int(lengths[after]) if after < len(lengths) else len(words)
        found, at = found + end - at, end
        if at < len(words):
            if words[at] % _WORD:
                return None
            found, at = found + 1, at + 1 + int(words[at]) // _WORD
    return found if at == len(words) else None


class _PlainUnpickler(pickle.Unpickler):
    """Reads dictionaries, strings and numbers; no code of the file is run."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name} is not plain data")


def _labels(folder: Path) -> dict[str, int]:
    with (folder / "index_metadata.pickle").open("rb") as file:
        labels: dict[str, int] = _PlainUnpickler(file).load()["id_to_label"]
    return labels


@contextmanager
def _database(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open Chroma's tables for reading, in one transaction."""
    uri = f"{(folder / DATABASE).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as database:
        database.execute("BEGIN")
        yield database


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        raise unreadable(error, folder) from error


def _refuse(path: Path) -> NoReturn:
    raise ValueError(f"{path.name} is damaged")


def unreadable(why: object, folder: Path) -> IndexUnreadable:
    """Return the error for vectors that cannot be read."""
    remedy = f"{REBUILD}, or check that you may read and write there"
    return IndexUnreadable(f"the vectors cannot be read ({why})", str(folder), remedy)
