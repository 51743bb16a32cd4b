"""Real servers for tests: each is started on a free port of this machine, and ended by its own process id."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from ingest.index import servers
from ingest.index.postgresql import engine
from ingest.index.server_vectors import client_of, forget_clients
from ingest.index.servers import Servers

START_SECONDS = 60.0
UNPRIVILEGED = ("postgres", "nobody")  # PostgreSQL refuses to run as root
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "autovacuum": "off",
    "max_connections": "50",
    "shared_buffers": "32MB",
}


def missing(request: pytest.FixtureRequest, reason: str) -> None:
    """Skip a test whose server cannot be started here; with --require-servers, fail it."""
    if request.config.getoption("--require-servers"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgreSQL:
    """A PostgreSQL server with an empty database in a folder of its own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._user = _unprivileged()
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            os.chown(folder, self._user, -1)
        options = ["--auth=trust", "--username=cited", "--encoding=UTF8", "--no-locale", "--no-sync"]
        made = subprocess.run(
            [programs / "initdb", *options, folder / "data"], user=self._user, cwd=folder, capture_output=True
        )
        assert made.returncode == 0, made.stderr.decode()

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database; it holds a password, which the server does not ask for."""
        return f"postgresql+psycopg://cited:secret@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", f"--port={self._port}", *settings],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        ready = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        while subprocess.run(ready).returncode:
            alive = self._server.poll() is None and time.monotonic() < deadline
            assert alive, (self._folder / "log").read_text(encoding="utf-8")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server at once; what was committed stays."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(START_SECONDS)
            self._server = None


class Chroma:
    """A Chroma server with its vectors in a folder of its own."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server, unless it runs, and wait until it answers."""
        if self._server is not None:
            return
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._program, "run", "--path", "vectors", "--host", "127.0.0.1", "--port", str(self._port)],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            alive = self._server.poll() is None and time.monotonic() < deadline
            assert alive, (self._folder / "log").read_text(encoding="utf-8")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server; what was added stays."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(START_SECONDS)
            self._server = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port)):
                return True
        except ConnectionRefusedError:
            return False


Server = TypeVar("Server", PostgreSQL, Chroma)


def _unprivileged() -> int | None:
    """Return the user to run PostgreSQL as; None if that is the user of this process."""
    if os.geteuid():
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return next(known[name] for name in UNPRIVILEGED if name in known)


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; Debian keeps those of each version apart."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = shutil.which("postgres")
    folders = [*reversed(versions), *([Path(found).parent] if found else [])]
    return next(filter(_whole, folders), None)


def _whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("initdb", "postgres", "pg_isready"))


def _running(kind: type[Server], program: Path) -> Iterator[Server]:
    """Run a server with what it keeps in memory, where there is a file system for that."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="cited-server-", dir=memory) as folder:
        server = kind(program, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest) -> Iterator[PostgreSQL]:
    """A PostgreSQL server for all tests of this process."""
    programs = _programs()
    if programs is None:
        missing(request, "PostgreSQL is not installed")
        return
    yield from _running(PostgreSQL, programs)


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL) -> Iterator[str]:
    """Keep the catalogs of this test on a PostgreSQL server; its address."""
    url = postgresql_server.url
    servers.use(Servers(url, servers.chosen().chroma_url))
    try:
        yield url
    finally:
        servers.use(Servers(chroma_url=servers.chosen().chroma_url))
        with engine(url).begin() as connection:
            connection.execute(sa.text("SET LOCAL lock_timeout TO '10s'"))  # a test left a transaction open
            for name in connection.scalars(sa.text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'cited_%'")):
                connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
        engine(url).dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def catalogs(request: pytest.FixtureRequest) -> str:
    """Run a test twice: with the catalogs in their folders, and on a PostgreSQL server; which of them it is."""
    if request.param == "postgresql":
        request.getfixturevalue("postgresql")
    return str(request.param)


in_folders = pytest.mark.parametrize("catalogs", ["sqlite"], indirect=True)
"""For a test that looks into the file of a catalog."""


@pytest.fixture(scope="session")
def running_chroma(request: pytest.FixtureRequest) -> Iterator[Chroma]:
    """A Chroma server for all tests of this process."""
    program = shutil.which("chroma", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        missing(request, "the program `chroma` is not installed")
        return
    yield from _running(Chroma, Path(program))


@pytest.fixture
def chroma_server(running_chroma: Chroma) -> Iterator[Chroma]:
    """A Chroma server without vectors, which this process uses during the test."""
    servers.use(Servers(servers.chosen().catalog_url, running_chroma.url))
    try:
        yield running_chroma
    finally:
        servers.use(Servers(servers.chosen().catalog_url))
        running_chroma.start()
        client = client_of(running_chroma.url)
        for collection in client.list_collections():
            client.delete_collection(collection.name)
        forget_clients()
