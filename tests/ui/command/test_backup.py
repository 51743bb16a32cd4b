import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.command.conftest import Run
from tests.ui.command.test_cli import BACK, HIP

pytestmark = [pytest.mark.model, pytest.mark.slow]

QUESTION = "Does walking every day ease low back pain?"


def test_backup_and_restore(run: Run, write: Callable[..., Path], tmp_path: Path, models: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.zip"
    run("ingest", write({"hip.md": HIP, "back.md": BACK}))
    run("ingest", write({"night.md": HIP}, "data/uploads"))
    before = run("ask", "--json", QUESTION)
    result = run("backup", backup)
    assert (result.code, result.err) == (0, "")
    first, second = result.out.splitlines()
    assert first.startswith(f"Backed up to {backup}: ")
    assert second == "  Main collection: run 2"

    shutil.rmtree(data)
    result = run("restore", backup)
    assert (result.code, result.err) == (0, "")
    first, second = result.out.splitlines()
    assert first.startswith("Restored the backup of ")
    assert second == "  Main collection: run 2"
    (data / "models").symlink_to(models)
    assert run("doctor").code == 0
    assert run("ask", "--json", QUESTION) == before

    result = run("restore", backup)
    assert (result.code, result.out) == (1, "")
    assert f"cited: {data}: there is an index or other content already;" in result.err
    result = run("restore", backup, "--force")
    assert result.code == 0
    assert result.out.splitlines()[1:] == [
        "  Main collection: run 2; it is run 3 now, later than the runs of the former index",
        f"The former content is kept in {data}.before-restore-1",
        "If the page is running, restart it",
    ]
    assert run("doctor").code == 0
    assert json.loads(run("ask", "--json", QUESTION).out) == json.loads(before.out) | {"run": 3}


def test_refusals(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    backup = tmp_path / "backup.zip"
    result = run("backup", backup)
    assert (result.code, result.out) == (1, "")
    assert "nothing has been ingested here yet" in result.err
    run("ingest", write({"hip.md": HIP}))
    backup.write_text("mine")
    result = run("backup", backup)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"cited: {backup}: the file exists; choose another name, or replace it with --force\n"
    result = run("restore", backup, "--force")
    assert (result.code, result.out) == (1, "")
    assert "it is damaged or not a backup" in result.err
    assert run("backup", backup, "--force", "--wait", "1").code == 0
