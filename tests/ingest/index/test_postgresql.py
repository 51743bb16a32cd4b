"""A catalog on PostgreSQL: where it differs from one in a folder, and what happens when the server does not answer."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.collections import create, delete
from ingest.errors import IndexLocked, IndexMissing, IndexStale, IndexUnreadable, IndexUnwritable, SettingsInvalid
from ingest.index import servers
from ingest.index.catalog import Catalog, present
from ingest.index.doctor import examine
from ingest.index.kept import kept_in, reading_file, writing_file
from ingest.index.lock import holder, locked, write_lock
from ingest.index.migrations.upgrade import FOLDER
from ingest.index.postgresql import address, database, engine
from ingest.index.server_tables import server_tables
from ingest.index.servers import Servers
from ingest.index.tables import REVISION, tables
from ingest.runs.pipeline import RunReport, ingest
from ingest.schema import CorpusDescription
from ingest.settings import Settings
from ingest.text.terms import stems
from tests.conftest import FakeEncoder
from tests.ingest.index.test_catalog import NOW, Put
from tests.servers import PostgreSQL, free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def catalog(postgresql: str, data: Path) -> Iterator[Catalog]:
    with closing(Catalog(data, create=True)) as opened:
        yield opened


@pytest.fixture
def put(catalog: Catalog, encoder: FakeEncoder) -> Put:
    return Put(catalog, encoder)


@pytest.fixture
def execute(postgresql: str) -> Callable[[str], None]:
    """Change something behind the program's back."""

    def run(statement: str) -> None:
        with engine(postgresql).begin() as connection:
            connection.execute(sa.text(statement))

    return run


def test_the_migrations_make_the_tables_that_the_program_uses(catalog: Catalog, postgresql: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]
    with engine(postgresql).begin() as connection:
        connection.exec_driver_sql("SET LOCAL search_path TO cited_main")
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, [tables, server_tables]) == []  # type: ignore[arg-type]


def test_tables_of_another_version_are_named_with_what_to_do(
    catalog: Catalog, put: Put, execute: Callable[[str], None]
) -> None:
    put({"a": "Walk."})
    execute("UPDATE cited_main.alembic_version SET version_num = '9999'")
    for use in (catalog.read, catalog.write):
        with pytest.raises(IndexStale, match="a later version of the program; install that version"), use():
            pass
    execute("DROP TABLE cited_main.alembic_version")
    with pytest.raises(IndexStale, match=r"an earlier version of the program; run `cited ingest FOLDER`"):
        catalog.read().__enter__()


def test_scores_are_those_of_fts5(tmp_path: Path, encoder: FakeEncoder, postgresql: str) -> None:
    texts = {f"{n:02}": " ".join(f"word{w}x" for w in range(1, 30) if n % w == 0) + "." for n in range(1, 60)}
    texts |= {"long": "word3x " * 300, "quotes": "It's a \\ back'slash 'word2x' | & ! ( ) : * word5x <-> low back."}
    questions = (["word3x"], ["word2x", "word5x", "word7x"], [f"word{n}x" for n in range(1, 400)], ["low", "absent"])
    groups = ([["low back"]], [["word5x"], ["word2x", "absent"]], [["back low"]], [["word4x word5x"]])
    found = []
    for chosen in (Servers(), Servers(catalog_url=postgresql)):
        servers.use(chosen)
        with closing(Catalog(tmp_path, create=True)) as catalog:
            Put(catalog, encoder)(texts)
            with catalog.read() as snapshot:
                lists = [snapshot.lexical([stems(word) for word in words], 50) for words in questions]
                some = [snapshot.lexical_of(["word6x", "word5x"], [key for key, _ in lists[1]])]
                sides = [snapshot.texts_with(group, 3) for group in groups]
                sides.append([snapshot.places_with(word, limit) for word in ("word3x", "absent") for limit in (2, 50)])
                found.append((lists, some, sides, sorted(snapshot.stems().items()), snapshot.duplicates()))
    (lists, some, *rest), (again, same, *others) = found
    assert [[key for key, _ in each] for each in again] == [[key for key, _ in each] for each in lists]
    for one, other in zip(lists, again, strict=True):
        assert dict(other) == pytest.approx(dict(one), rel=1e-12)
    assert same[0] == pytest.approx(some[0], rel=1e-12)
    assert others == rest
    assert all(lists[:3]) and rest[0][0] and not rest[0][2]


def test_words_are_counted_again_after_every_change(catalog: Catalog, put: Put) -> None:
    put({"a": "Walk.", "b": "Walk and rest."})
    with catalog.write() as draft:
        with pytest.raises(KeyError), draft.savepoint():
            draft.drop_document("/root", "a")
            raise KeyError
        draft.drop_document("/root", "b")
        assert draft.document_frequencies(["walk", "rest"]) == {"walk": 1, "rest": 0}
        draft.finish(NOW, {})
    with catalog.read() as snapshot:
        assert snapshot.stems() == {"walk": 1, "titl": 1}
        assert snapshot.counts() == (1, 1)
    with catalog.write() as draft:
        draft.upgrade()
        assert (draft.stems(), draft.counts()) == ({}, (1, 0))


def test_texts_that_postgresql_cannot_store_are_stored_all_the_same(catalog: Catalog, put: Put) -> None:
    word = "x" * 5_000
    put({"nul": "Walk\0 a bit.", "long": f"{word} walks."}, title="A\0B")
    with catalog.read() as snapshot:
        assert [text for text in snapshot.texts_with([["walk"]], 5)] == [
            "A\ufffdB\nWalk\ufffd a bit.",
            f"A\ufffdB\n{word} walks.",
        ]
        assert snapshot.document_frequencies([word, "walk"]) == {word: 1, "walk": 2}
        assert len(snapshot.lexical([word], 5)) == 1
        assert snapshot.document("/root", "no\0name") is None and snapshot.holding("Walk\0 a") != []


def test_two_writers_exclude_each_other_from_any_folder(postgresql: str, data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another machine"
    with write_lock(data):
        assert locked(data) and locked(elsewhere)
        assert f"process {os.getpid()} on {socket.gethostname()}"[:63] in holder(elsewhere)
        with pytest.raises(IndexLocked, match=rf"process {os.getpid()} on .* \(since 20\d\d-"), write_lock(elsewhere):
            pass
        with write_lock(tmp_path / "collections" / "pears"):
            pass
    assert not locked(elsewhere)
    with write_lock(elsewhere):
        pass


WRITER = """
import os, pathlib, signal, sys
from tests.conftest import FakeEncoder
from ingest.index import servers
from ingest.runs.pipeline import ingest
class Mortal(FakeEncoder):
    def encode(self, texts, *, query=False):
        print("encoding", flush=True)
        signal.pause()
servers.use(servers.Servers(catalog_url=sys.argv[1]))
ingest([pathlib.Path(sys.argv[3])], pathlib.Path(sys.argv[2]), Mortal())
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_the_last_run_and_frees_the_lock(
    postgresql: str, indexed: Callable[..., RunReport], data: Path, write: Callable[..., Path], encoder: FakeEncoder
) -> None:
    indexed({"a.md": "Walk."})
    root = write({"a.md": "Rest.", "b.md": "Swim."})
    command = [sys.executable, "-c", WRITER, postgresql, str(data), str(root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "encoding\n"
        with pytest.raises(IndexLocked, match=f"process {writer.pid} "), write_lock(data):
            pass
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
        assert (snapshot.run(), snapshot.stems()) == (1, {"walk": 1})
        assert snapshot.faults() == []
    ingest([root], data, encoder)
    with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
        assert (snapshot.run(), sorted(snapshot.stems())) == (2, ["b", "rest", "swim"])


def test_a_deleted_collection_is_a_deleted_schema(postgresql: str, tmp_path: Path, encoder: FakeEncoder) -> None:
    pears = create(tmp_path, "Pears", CorpusDescription(name="Pears", notice="Ripe."))
    ingest_into = Catalog(pears.folder, create=True)
    Put(ingest_into, encoder)({"a": "Pears."})
    assert not (pears.folder / "collection.json").exists()
    assert present(pears.folder) and not present(tmp_path)
    delete(pears)
    assert not present(pears.folder)
    with pytest.raises(IndexMissing):
        Catalog(pears.folder)
    assert create(tmp_path, "Pears").description == CorpusDescription(name="Pears")


def test_a_collection_made_on_another_machine_keeps_its_name_and_notice(postgresql: str, tmp_path: Path) -> None:
    described = CorpusDescription(name="Ripe Pears", notice="Sweet.")
    create(tmp_path / "one", "Pears", described)
    assert create(tmp_path / "two", "pears").description == described


def test_small_files_are_rows_that_one_at_a_time_changes(postgresql: str, tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    assert (kept.read("a/one"), kept.stamps("a"), kept.delete("a/one")) == (None, {}, False)
    with writing_file(kept, "a/one") as path:
        assert not path.exists()
        path.write_bytes(b"\0\xff")
    first = kept.stamp("a/one")
    assert kept.read("a/one") == (first, b"\0\xff")
    with pytest.raises(KeyError), writing_file(kept, "a/one") as path:
        path.write_bytes(b"half")
        raise KeyError
    kept.replace("a/one", b"whole")
    kept.replace("a/b/two", b"")
    kept.replace("ab", b"")
    assert kept.stamp("a/one") != first
    assert (list(kept.stamps("a")), list(kept.stamps("a", deep=True))) == (["a/one"], ["a/b/two", "a/one"])
    with reading_file(kept, "a/one") as path:
        assert (path.name, path.read_bytes()) == ("one", b"whole")
    assert kept.delete("a/one") and not kept.delete("a/one")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def down() -> Iterator[str]:
    """Keep the catalogs on a server that nobody has started; its address."""
    url = f"postgresql+psycopg://cited:secret@127.0.0.1:{free_port()}/texts?password=secret"
    servers.use(Servers(catalog_url=url))
    yield url
    servers.use(Servers())
    engine(url).dispose()


def test_a_server_that_is_down_is_named_without_its_password(down: str, data: Path) -> None:
    where = rf"{address(down)} \(cited_main\)"
    assert "secret" not in where
    uses: list[tuple[type[Exception], Callable[[], object]]] = [
        (IndexUnreadable, lambda: Catalog(data)),
        (IndexUnwritable, lambda: Catalog(data, create=True)),
        (IndexUnreadable, lambda: kept_in(data).read("accounts.json")),
        (IndexUnwritable, lambda: kept_in(data).replace("accounts.json", b"")),
        (IndexUnwritable, lambda: write_lock(data).__enter__()),
    ]
    for kind, use in uses:
        with pytest.raises(kind, match=rf"{where}: .*refused.*; check the server and CITED_CATALOG_URL") as caught:
            use()
        assert "secret" not in str(caught.value)
    with pytest.raises(IndexUnreadable):
        examine(Settings(data_dir=data))


@pytest.mark.slow
def test_readers_go_on_when_the_server_is_back(
    postgresql_server: PostgreSQL, catalog: Catalog, put: Put, data: Path
) -> None:
    put({"a": "Walk."})
    postgresql_server.stop()
    try:
        with pytest.raises(IndexUnreadable), catalog.read():
            pass
    finally:
        postgresql_server.start()
    with catalog.read() as snapshot:
        assert snapshot.counts() == (1, 1)


def test_a_role_that_may_not_read_is_told(
    catalog: Catalog, put: Put, execute: Callable[[str], None], postgresql: str, data: Path
) -> None:
    put({"a": "Walk."})
    execute("DROP ROLE IF EXISTS guest")
    execute("CREATE ROLE guest LOGIN")
    execute("GRANT USAGE ON SCHEMA cited_main TO guest")
    url = postgresql.replace("//cited:", "//guest:")
    servers.use(Servers(catalog_url=url))
    try:
        with pytest.raises(IndexUnreadable, match="permission denied"), closing(Catalog(data)) as other, other.read():
            pass
    finally:
        engine(url).dispose()
        execute("DROP OWNED BY guest")
        execute("DROP ROLE guest")


def test_the_driver_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsInvalid, match=r"pip install.*\.\[servers\]"):
        engine.__wrapped__("postgresql+psycopg://cited@127.0.0.1/texts")


def test_the_doctor_names_the_server(
    postgresql: str, indexed: Callable[..., RunReport], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    indexed({"a.md": "Walk."})
    server = database(data)
    assert server is not None and server.where == f"{address(postgresql)} (cited_main)"
    findings = [finding.what for finding in examine(Settings(data_dir=data))]
    assert findings[:3] == ["lock: free", f"server: {server.where}", "catalog: run 1, 1 documents, 1 passages"]
    assert not any("secret" in finding for finding in findings)
