"""The command and the page with their catalogs, conversations and accounts on a PostgreSQL server."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from assistant.library import Library
from ingest.index import servers
from ingest.index.postgresql import engine
from ingest.runs.pipeline import RunReport
from ingest.settings import Settings, load_settings
from tests.conftest import GRADIO_WARNINGS, FakeEncoder
from tests.servers import PostgreSQL, free_port
from tests.ui.command.conftest import Run
from ui.handlers.accounts import Accounts
from ui.handlers.roles import Role
from ui.page.admission import Work
from ui.page.app import build_app

SETTING = "CITED_CATALOG_URL"
SLEEP = "# Sleep\n\nA pillow between the knees keeps the hip level at night.\n"


@pytest.mark.model
def test_commands_use_the_server_and_say_when_it_is_down(
    run: Run,
    write: Callable[..., Path],
    tmp_path: Path,
    postgresql: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SETTING, postgresql)
    assert run("ingest", write({"sleep.md": SLEEP})).code == 0
    assert "sleep.md" in run("status").out
    assert "between the knees" in run("ask", "where does a pillow keep the hip level?").out
    doctor = run("doctor")
    assert (doctor.code, "server: postgresql://127.0.0.1" in doctor.out, "secret" in doctor.out) == (0, True, False)
    assert not (tmp_path / "data" / "catalog.sqlite").exists()
    for command in ("backup", "restore"):
        refused = run(command, tmp_path / "file.zip")
        assert refused.code == 1 and "PostgreSQL's pg_" in refused.err
        assert f"{SETTING}: catalogs, conversations and accounts are on a server" in refused.err
    down = f"postgresql+psycopg://cited:secret@127.0.0.1:{free_port()}/texts"
    monkeypatch.setenv(SETTING, down)
    for arguments in (["status"], ["ask", "why"], ["ingest", tmp_path / "corpus"], ["user", "list"], ["ui"]):
        failed = run(*arguments)
        assert failed.code == 1
        assert "/texts (cited_main): the catalog's server failed" in failed.err
        assert "secret" not in failed.err
    engine(down).dispose()


@pytest.mark.parametrize("url", ["sqlite:///x", "postgresql://secret@h/x", "postgresql+psycopg://u:secret@h", "secret"])
def test_an_address_that_is_none_is_refused_without_showing_it(
    url: str,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SETTING, url)
    refused = run("status")
    assert refused.err == (
        f"cited: {SETTING}: not an address such as postgresql+psycopg://USER:PASSWORD@HOST/DATABASE; "
        "correct the value\n"
    )


def test_settings_do_not_show_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://cited:secret@127.0.0.1/texts"
    monkeypatch.setenv(SETTING, url)
    settings = load_settings()
    assert "secret" not in f"{settings!r} {settings} {settings.model_dump_json()} {servers.of(settings)!r}"
    assert servers.of(settings).catalog_url == url


@pytest.mark.slow
@pytest.mark.filterwarnings(GRADIO_WARNINGS[0].args[0])
@pytest.mark.filterwarnings(GRADIO_WARNINGS[1].args[0])
def test_a_page_stays_up_while_the_server_is_down(
    postgresql_server: PostgreSQL,
    postgresql: str,
    indexed: Callable[..., RunReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.index.open_encoder", lambda *_, **__: FakeEncoder())
    indexed({"sleep.md": SLEEP})
    Accounts(tmp_path / "data").add("Ada", Role.READER, "correct horse")
    settings = Settings(data_dir=tmp_path / "data", reranker="none", allowed_hosts=("testserver",))
    with closing(Library(settings)) as library, TestClient(build_app(library, settings, Work())) as client:
        signed = client.post("/sign-in", data={"name": "Ada", "password": "correct horse"}, follow_redirects=False)
        assert signed.status_code == 303
        assert client.get("/readyz").text == "ready"
        assert "Your conversations will appear here." in client.get("/kept").text
        postgresql_server.stop()
        try:
            assert client.get("/healthz").text == "ok"
            unready = client.get("/readyz")
            assert unready.status_code == 503 and "the catalog's server failed" in unready.text
            refused = client.get("/kept")
            assert refused.status_code == 503 and "the catalog's server failed" in refused.json()["detail"]
        finally:
            postgresql_server.start()
        assert client.get("/readyz").text == "ready"
        assert "Your conversations will appear here." in client.get("/kept").text
