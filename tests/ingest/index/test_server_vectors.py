"""The vectors on a real Chroma server: the same results as in a folder, and clear errors without the server."""

from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from ingest.errors import IndexUnreadable, IndexUnwritable
from ingest.index import servers
from ingest.index.catalog import Catalog
from ingest.index.chroma_collections import create_collection
from ingest.index.doctor import examine
from ingest.index.frozen import open_for_reading
from ingest.index.renewal import RENEWED, RETIRED
from ingest.index.server_vectors import ServerVectors, delete_vectors, vectors_of
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import EncoderIdentity, OnnxEncoder, Vectors32
from ingest.runs.pipeline import RunReport, forget, ingest, mend
from ingest.settings import COLLECTIONS, Settings
from tests.conftest import DIMENSION, FakeEncoder
from tests.servers import Chroma

IDENTITY = EncoderIdentity("fake", "1", DIMENSION, 64)


def unit(number: int, seed: int = 0) -> Vectors32:
    rows = np.random.default_rng(seed).standard_normal((number, DIMENSION)).astype(np.float32)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def vectors(chroma_server: Chroma, tmp_path: Path) -> Iterator[ServerVectors]:
    with ServerVectors(chroma_server.url, tmp_path, IDENTITY) as opened:
        yield opened


def test_a_server_returns_what_a_folder_does(vectors: ServerVectors, tmp_path: Path) -> None:
    rows, ids = unit(300), [f"{number:04}" for number in range(300)]
    with Vectors(tmp_path / "chroma", IDENTITY) as local:
        for each in (vectors, local):
            each.add(ids, rows)
            each.delete(ids[::7])
        for query in unit(5, seed=1):
            assert vectors.nearest(query, 20) == local.nearest(query, 20)
            assert vectors.cosines(query, ids) == local.cosines(query, ids)
        assert vectors.nearest(rows[1], 1_000) == local.nearest(rows[1], 1_000)
        assert sorted(vectors.ids()) == sorted(local.ids())
        assert vectors.count() == local.count() == 300 - 43
        assert vectors.present(["0000", "0001", "none"]) == {"0001"}
        (found, values), (wanted, others) = (next(each.stored(["0002", "0003"])) for each in (vectors, local))
        assert (found, values.tolist()) == (wanted, others.tolist())


def test_an_empty_collection_finds_nothing(vectors: ServerVectors) -> None:
    assert vectors.nearest(unit(1)[0], 5) == []
    assert list(vectors.ids()) == list(vectors.stored(["a"])) == []
    assert vectors.unreachable() == {}


def test_more_than_a_request_takes_is_sent_in_parts(vectors: ServerVectors, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("BATCH", 40), ("ROWS", 30)):
        monkeypatch.setattr(f"ingest.index.server_vectors.{name}", size)
    monkeypatch.setattr(vectors, "_batch", 50)
    rows, ids = unit(120), [f"{number:04}" for number in range(120)]
    vectors.add(ids, rows)
    assert sorted(vectors.ids()) == ids
    assert vectors.present(ids) == set(ids)
    assert [len(names) for names, _ in vectors.stored(ids)] == [30, 30, 30, 30]
    vectors.delete(ids[:100])
    assert sorted(vectors.ids()) == ids[100:]


def test_indexes_and_encoders_share_a_server(chroma_server: Chroma, tmp_path: Path) -> None:
    other = EncoderIdentity("fake", "2", DIMENSION, 64)
    main = ServerVectors(chroma_server.url, tmp_path, IDENTITY)
    former = ServerVectors(chroma_server.url, tmp_path, other)
    club = ServerVectors(chroma_server.url, tmp_path / COLLECTIONS / "club", other)
    for number, each in enumerate((main, former, club), 1):
        each.add([str(name) for name in range(number)], unit(number))
    assert [each.count() for each in (main, former, club)] == [1, 2, 3]
    main.drop_others()
    with pytest.raises(IndexUnreadable, match="not there, or were replaced"):
        former.count()
    assert [each.count() for each in (main, club)] == [1, 3]
    delete_vectors(tmp_path / COLLECTIONS / "club")
    with pytest.raises(IndexUnreadable, match=f"{chroma_server.url}: the vectors are not there.*`cited ingest`"):
        ServerVectors(chroma_server.url, tmp_path / COLLECTIONS / "club", other, read_only=True)
    assert main.count() == 1


def test_indexes_of_two_data_folders_share_a_server(
    chroma_server: Chroma, write: Callable[..., Path], encoder: FakeEncoder, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    folder = write({"a.md": "Walking helps a stiff back.\n"})
    ingest([folder], ours, encoder)
    (folder / "a.md").write_text("Swimming helps a sore hip.\n")
    ingest([folder], theirs, encoder)
    (folder / "a.md").write_text("Rest is overrated.\n")
    ingest([folder], theirs, encoder)
    mend(theirs, encoder)
    for data in (ours, theirs):
        wanted, present = known(data, encoder)
        assert len(wanted) == 1 and present == wanted
    delete_vectors(theirs)
    assert known(ours, encoder)[1]


def test_an_index_that_cannot_be_marked(chroma_server: Chroma, tmp_path: Path) -> None:
    with pytest.raises(IndexUnreadable, match="the vectors are not there"):
        ServerVectors(chroma_server.url, tmp_path, IDENTITY, read_only=True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("x")
    with pytest.raises(IndexUnwritable, match="file: the index cannot be written"):
        ServerVectors(chroma_server.url, tmp_path / "file", IDENTITY)


def test_a_worn_collection_is_made_anew_while_readers_keep_theirs(vectors: ServerVectors, tmp_path: Path) -> None:
    rows, ids = unit(90), [f"{number:04}" for number in range(90)]
    vectors.add(ids, rows)
    reader = ServerVectors(servers.chosen().chroma_url, tmp_path, IDENTITY, read_only=True)
    vectors.delete(ids[:30])
    assert vectors.renew() == 0
    with ServerVectors(servers.chosen().chroma_url, tmp_path, IDENTITY) as later:
        later.delete(ids[30:31])
        assert later.renew() == 1
        assert later.renew() == 0
        assert sorted(later.ids()) == ids[31:]
        later.drop_others()
        assert reader.count() == 59
    vectors.drop_others()  # it does not know the former collection
    with pytest.raises(IndexUnreadable, match="try again"):
        reader.count()
    assert reader.count() == 59
    assert reader.nearest(rows[40], 1) == later.nearest(rows[40], 1)


def test_a_renewal_that_was_killed_between_the_two_names_is_finished(
    vectors: ServerVectors, chroma_server: Chroma, tmp_path: Path
) -> None:
    vectors.add(["a"], unit(1))
    fresh = create_collection(vectors._client, f"{vectors._name}{RENEWED}1")
    fresh.add(ids=["a"], embeddings=unit(1))
    assert vectors._collection is not None
    vectors._collection.modify(name=f"{vectors._name}{RETIRED}2")
    assert list(ServerVectors(chroma_server.url, tmp_path, IDENTITY).ids()) == ["a"]


def test_a_server_that_stops_is_named_and_found_again(vectors: ServerVectors, chroma_server: Chroma) -> None:
    vectors.add(["a"], unit(1))
    chroma_server.stop()
    refused = f"{chroma_server.url}: the Chroma server cannot be reached .*; start it, or correct CITED_CHROMA_URL"
    with pytest.raises(IndexUnreadable, match=refused):
        vectors.count()
    with pytest.raises(IndexUnreadable, match=refused):
        vectors.nearest(unit(1)[0], 1)
    chroma_server.start()
    assert vectors.count() == 1


def test_nobody_at_the_address_is_said(tmp_path: Path) -> None:
    with pytest.raises(IndexUnreadable, match="http://127.0.0.1:9: the Chroma server cannot be reached"):
        ServerVectors("http://someone:secret@127.0.0.1:9", tmp_path, IDENTITY)


@pytest.mark.parametrize(("status", "body"), [(404, b'{"detail":"Not Found"}'), (200, b"<p>hello"), (502, b"bad")])
def test_another_server_at_the_address_is_said(status: int, body: bytes, tmp_path: Path) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library's name
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            with pytest.raises(IndexUnreadable, match=f"not a Chroma 1.x server .status {status}.*{'CHROMA_URL'}"):
                ServerVectors(url, tmp_path, IDENTITY)
        finally:
            server.shutdown()
            thread.join()


def test_missing_vectors_are_an_error_for_readers(vectors: ServerVectors, tmp_path: Path) -> None:
    vectors.add(["a", "b"], unit(2))
    folder = tmp_path / VECTORS_FOLDER
    with open_for_reading(folder, IDENTITY, 2) as reader:
        assert isinstance(reader, ServerVectors)
    with pytest.raises(IndexUnreadable, match="1 of 3 vectors are missing"):
        open_for_reading(folder, IDENTITY, 3)


FIRST = {
    "a.md": "Walking helps a stiff back.\n",
    "b.md": "Swimming helps a sore hip.\n",
    "c.md": "Rest is overrated.\n",
}


def known(data: Path, encoder: FakeEncoder) -> tuple[set[str], set[str]]:
    """Return the vectors that the catalog knows, and those on the server."""
    with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
        wanted = snapshot.shas()
    return wanted, set(vectors_of(data / VECTORS_FOLDER, encoder.identity, read_only=True).ids())


def test_a_run_leaves_what_questions_in_progress_need(
    chroma_server: Chroma, indexed: Callable[..., RunReport], encoder: FakeEncoder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    indexed(FIRST)
    first, present = known(data, encoder)
    assert present == first
    (tmp_path / "corpus" / "a.md").write_text("Walking cures a stiff back.\n")
    indexed({})
    second, present = known(data, encoder)
    assert present == first | second
    assert len(first - second) == 1
    (tmp_path / "corpus" / "d.md").write_text("A fourth text.\n")
    indexed({})
    third, present = known(data, encoder)
    assert present == third
    forget(tmp_path / "corpus", data, ["d.md"])
    assert known(data, encoder)[1] == third
    assert mend(data, encoder).removed == 1
    wanted, present = known(data, encoder)
    assert present == wanted == second
    assert not (data / VECTORS_FOLDER).exists()


def test_lost_vectors_are_encoded_again_by_the_next_run(
    chroma_server: Chroma, indexed: Callable[..., RunReport], encoder: FakeEncoder, tmp_path: Path
) -> None:
    indexed(FIRST)
    delete_vectors(tmp_path / "data")
    assert indexed({}).encoded == len(FIRST)
    wanted, present = known(tmp_path / "data", encoder)
    assert present == wanted


@pytest.mark.model
def test_the_doctor_names_the_server_that_is_down(
    chroma_server: Chroma, write: Callable[..., Path], models: Path, exported: OnnxEncoder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    ingest([write(FIRST)], data, exported)
    (data / "models").symlink_to(models)
    settings = Settings(data_dir=data)
    assert "vectors: all 3 present" in [finding.what for finding in examine(settings)]
    chroma_server.stop()
    failed = [finding for finding in examine(settings) if finding.what.startswith("vectors")]
    assert [(finding.ok, finding.remedy) for finding in failed] == [(False, "start it, or correct CITED_CHROMA_URL")]
