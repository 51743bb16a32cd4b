"""The passages' vectors on a Chroma server, which many readers and writers may use at a time."""

import threading
from collections.abc import Collection as Group
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np

from ingest.errors import IndexUnreadable, not_written
from ingest.files import replace_text
from ingest.index import servers
from ingest.index.chroma_collections import BATCH, collection_name, create_collection, lost
from ingest.index.chroma_files import REBUILD
from ingest.index.lexicon import batches
from ingest.index.renewal import RENEWED, RETIRED, finish_renewal
from ingest.index.vectors import SAMPLE, WORN, Vectors
from ingest.models.encoder import EncoderIdentity, Vectors32

if TYPE_CHECKING:
    import httpx
    from chromadb import Collection
    from chromadb.api.client import Client

# Seconds: to connect, and to wait for a part of an answer. The first search of a collection loads all of it.
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 120.0
# Bytes of vectors in a request, less than the 40 MB that a server takes once they are written as text.
REQUEST_BYTES = 10_000_000
ROWS = 1_000  # vectors in an answer; they come as text, 4 KB for each of 384 dimensions
LISTED = 100  # collections in an answer
MARK = "chroma-server"  # the file in the folder of an index that says what its collections' names begin with
DELETED = "deleted"  # in a collection's metadata: how many vectors of its graph are deleted

MISSING = "the vectors are not there, or were replaced"
AGAIN = "try again; if that does not help, run `cited ingest`, which encodes the texts again"

_clients: "dict[str, Client]" = {}
_opening = threading.Lock()


class ServerVectors:
    """The vectors of one encoder revision, in one collection of a Chroma server.

    Only the process that holds the write lock may add or delete vectors.
    Readers see both at once, so a run deletes what the run before it has made
    superfluous, and leaves what it has itself to the next: a question that
    began before a run was finished still finds every vector of its texts.
    """

    def __init__(self, url: str, folder: Path, identity: EncoderIdentity, *, read_only: bool = False) -> None:
        """Open the collection of an index, creating it if necessary, unless `read_only`.

        `folder` is the folder of the index, where a file says how its collections are named.

        Raises:
            IndexUnreadable: the server cannot be reached or is none of Chroma's, or, if `read_only`, the collection is
                missing.
            IndexUnwritable: the file is missing and cannot be written.
        """
        self._url = url
        self._prefix = _marked(folder) if read_only else _mark(folder)
        if not self._prefix:
            raise IndexUnreadable(MISSING, _shown(url), AGAIN)
        self._name = self._prefix + collection_name(identity)
        self._read_only = read_only
        self._retired: set[str] = set()  # the collections that `renew` replaced
        row = 4 * identity.dimension
        with talking(url):
            self._client = client_of(url)
            self._batch = max(1, min(BATCH, self._client.get_max_batch_size(), REQUEST_BYTES // row))
            self._collection: Collection | None = self._open()

    def _open(self) -> "Collection":
        if self._read_only:
            return self._client.get_collection(self._name, embedding_function=None)
        own = [name for name in _names(self._client, self._prefix) if name.startswith(self._name)]
        if self._name not in own:
            finish_renewal({name: self._client.get_collection(name, embedding_function=None) for name in own})
        return create_collection(self._client, self._name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: connections are kept for the next one."""

    def count(self) -> int:
        """Return the number of vectors."""
        with self._asking() as collection:
            return collection.count()

    def ids(self) -> Iterator[str]:
        """Yield every id."""
        with self._asking() as collection:
            for offset in range(0, collection.count(), BATCH):
                yield from collection.get(include=[], limit=BATCH, offset=offset)["ids"]

    def present(self, ids: Iterable[str]) -> set[str]:
        """Return the `ids` that have a vector."""
        found: set[str] = set()
        with self._asking() as collection:
            for batch in batches(ids, BATCH):
                found.update(collection.get(ids=batch, include=[])["ids"])
        return found

    def add(self, ids: Sequence[str], vectors: Vectors32) -> None:
        """Add unit vectors, shape (len(ids), dimension); none of the ids may be `present`."""
        with self._asking() as collection:
            for at in range(0, len(ids), self._batch):
                collection.add(ids=list(ids[at : at + self._batch]), embeddings=vectors[at : at + self._batch])

    def delete(self, ids: Iterable[str]) -> None:
        """Delete vectors; unknown ids are ignored."""
        with self._asking() as collection:
            before = collection.count()
            for batch in batches(ids, BATCH):
                collection.delete(ids=batch)
            gone = before - collection.count()
            if gone:
                collection.modify(metadata={DELETED: _deleted(collection) + gone})

    def unreachable(self, most: int = SAMPLE) -> dict[str, list[str]]:
        """Search for every vector by itself, or for a sample of `most`; return the ids not found, by collection.

        A vector counts as found if 50 others are equally near.
        """
        every = list(self.ids())
        chosen = np.linspace(0, len(every) - 1, min(most, len(every))).astype(int)
        missed: list[str] = []
        with self._asking() as collection:
            for ids, rows in self.stored([every[number] for number in chosen]):
                missed += lost(collection, ids, rows)
        return {self._name: missed} if missed else {}

    def renew(self, broken: Group[str] = ()) -> int:
        """Make the collection anew if it is `broken` or many vectors of its graph are deleted; return how many were.

        See `Vectors.renew`. Readers keep the old collection, which the next
        run's `drop_others` deletes.
        """
        with self._asking() as collection:
            deleted = _deleted(collection)
            if self._name not in broken and deleted <= WORN * (collection.count() + deleted):
                return 0
            fresh = create_collection(self._client, f"{self._name}{RENEWED}{uuid4().hex}")
            every = list(self.ids())
            # If similar vectors follow each other, more of them become unreachable.
            order = np.random.default_rng().permutation(len(every))
            for ids, rows in self.stored(every[number] for number in order):
                fresh.add(ids=list(ids), embeddings=rows)
            retired = f"{self._name}{RETIRED}{uuid4().hex}"
            self._retired.add(retired)
            collection.modify(name=retired)
            fresh.modify(name=self._name)
            self._collection = fresh
        return 1

    def drop_others(self) -> None:
        """Delete the index's collections of other encoders and those that an earlier object's `renew` replaced."""
        with talking(self._url):
            for name in _names(self._client, self._prefix):
                if name != self._name and name not in self._retired:
                    self._client.delete_collection(name)

    def nearest(self, vector: Vectors32, limit: int) -> list[tuple[str, float]]:
        """Return the `limit` nearest vectors as (id, cosine from -1 to 1), best first, ties by id."""
        with self._asking() as collection:
            found = collection.query(query_embeddings=vector[np.newaxis, :], n_results=limit, include=["distances"])
        distances = np.asarray(found["distances"], dtype=np.float32)[0]  # 32 bits, which were written as text
        pairs = [(name, 1.0 - float(distance)) for name, distance in zip(found["ids"][0], distances, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def cosines(self, vector: Vectors32, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosines of the `ids` with a unit vector; unknown ids are omitted."""
        cosines: dict[str, float] = {}
        for names, rows in self.stored(ids):
            cosines.update(zip(names, map(float, rows @ vector), strict=True))
        return cosines

    def stored(self, ids: Iterable[str]) -> Iterator[tuple[Sequence[str], Vectors32]]:
        """Yield the vectors of the `ids` in parts, each with the ids of its rows; unknown ids are omitted."""
        with self._asking() as collection:
            for batch in batches(ids, ROWS):
                found = collection.get(ids=batch, include=["embeddings"])
                if found["ids"]:
                    yield found["ids"], np.asarray(found["embeddings"], dtype=np.float32)

    @contextmanager
    def _asking(self) -> Iterator["Collection"]:
        """Yield the collection; if it was deleted, forget it, so that the next call opens its replacement."""
        from chromadb.errors import NotFoundError

        with talking(self._url):
            if self._collection is None:
                self._collection = self._open()
            try:
                yield self._collection
            except NotFoundError:
                self._collection = None
                raise


def vectors_of(folder: Path, identity: EncoderIdentity, *, read_only: bool = False) -> Vectors | ServerVectors:
    """Open the vectors of an index where this process keeps them; `folder` is theirs in the folder of the index.

    Raises:
        IndexUnreadable, IndexUnwritable: see `Vectors` and `ServerVectors`.
    """
    url = servers.chosen().chroma_url
    if url:
        return ServerVectors(url, folder.parent, identity, read_only=read_only)
    return Vectors(folder, identity, read_only=read_only)


def delete_vectors(folder: Path) -> None:
    """Delete the vectors of an index from the server, if this process uses one; `folder` is that of the index.

    Raises:
        IndexUnreadable: the server cannot be reached.
    """
    url, prefix = servers.chosen().chroma_url, _marked(folder)
    if url and prefix:
        with talking(url):
            client = client_of(url)
            for name in _names(client, prefix):
                client.delete_collection(name)


def _marked(folder: Path) -> str:
    """Return what the names of an index's collections begin with, or "" if it has none on a server."""
    try:
        return (folder / MARK).read_text(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _mark(folder: Path) -> str:
    """Return what `_marked` does; give the index a name of its own if it has none.

    So the indexes of several data folders can be on one server, and none deletes another's vectors.

    Raises:
        IndexUnwritable: the name cannot be written.
    """
    marked = _marked(folder)
    if not marked:
        marked = f"{servers.name_of(folder)}-{uuid4().hex[:16]}."
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_text(folder / MARK, marked)
        except OSError as error:
            raise not_written("the index cannot be written", str(folder), error) from error
    return marked


@contextmanager
def talking(url: str) -> Iterator[None]:
    """Turn what a server answers, or that it does not, into errors that name its address.

    Raises:
        IndexUnreadable: it cannot be reached, fails, is none of Chroma's, or has no such collection.
    """
    import httpx
    from chromadb.errors import ChromaError, NotFoundError

    where = _shown(url)
    try:
        yield
    except NotFoundError as error:
        raise IndexUnreadable(MISSING, where, AGAIN) from error
    except httpx.TransportError as error:
        remedy = "start it, or correct CITED_CHROMA_URL"
        raise IndexUnreadable(f"the Chroma server cannot be reached ({_why(error)})", where, remedy) from error
    except (httpx.HTTPStatusError, httpx.InvalidURL) as error:
        remedy = "correct CITED_CHROMA_URL, or use a Chroma 1.x server"
        raise IndexUnreadable(f"this is not a Chroma 1.x server ({_why(error)})", where, remedy) from error
    except ChromaError as error:
        remedy = f"see its log and free its disk; if that does not help, {REBUILD}"
        raise IndexUnreadable(f"the Chroma server failed ({_why(error)})", where, remedy) from error


def client_of(url: str) -> "Client":
    """Return the process's client of a server, which keeps connections open; see `talking` for what it raises."""
    import chromadb
    import httpx

    with _opening:
        if url not in _clients:
            timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
            with httpx.Client(timeout=timeout) as probe:  # Chroma's client hides why it cannot connect
                _check(probe.get(f"{url}/api/v2/heartbeat"))
            client = cast("Client", chromadb.HttpClient(url, settings=servers.chroma_settings()))
            for session in _sessions(client):
                session.timeout = timeout  # it has none
                session.event_hooks = {"response": [_check]}
            _clients[url] = client
        return _clients[url]


def forget_clients() -> None:
    """Close all connections to servers."""
    with _opening:
        for client in _clients.values():
            for session in _sessions(client):
                session.close()
            client.close()
        _clients.clear()


def _sessions(client: "Client") -> "list[httpx.Client]":
    """Return what a client sends its requests with, and never closes: one for vectors, and one for databases."""
    from chromadb.api.fastapi import FastAPI

    admin = cast("Client", client._admin_client)
    return [server._session for server in (client._server, admin._server) if isinstance(server, FastAPI)]


def _check(response: "httpx.Response") -> None:
    """Refuse an answer that is none of Chroma's, for which its client has no error.

    Raises:
        httpx.HTTPStatusError: it is an error of another server, such as a proxy.
    """
    from chromadb.errors import error_types

    if response.is_success and response.headers.get("content-type", "").startswith("application/json"):
        return
    response.read()
    try:
        known = response.is_error and response.json()["error"] in error_types
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        import httpx

        raise httpx.HTTPStatusError(f"status {response.status_code}", request=response.request, response=response)


def _deleted(collection: "Collection") -> int:
    return int((collection.metadata or {}).get(DELETED, 0))


def _names(client: "Client", prefix: str) -> list[str]:
    """Return the names of the collections of an index."""
    names: list[str] = []
    while page := client.list_collections(limit=LISTED, offset=len(names)):
        names += [collection.name for collection in page]
    return [name for name in names if name.startswith(prefix)]


def _shown(url: str) -> str:
    """Return an address without a password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _why(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
