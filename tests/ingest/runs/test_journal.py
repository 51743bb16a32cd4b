"""The journal of changes: what it holds, and that it never stands in the way of a run."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.errors import IndexLocked, PlanOutdated, RunStopped
from ingest.runs.journal import FILE_NAME, authors, note_failure, note_run, noting_failure
from ingest.runs.report import RunReport

REPORT = RunReport(run=7, found=2, added=["a.md"], unchanged=["b.md"], encoded=3)
FULL = Path("/dev/full")


def test_a_run_is_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ingest")
    note_run(REPORT, tmp_path, by="Jörg\n\u2028")
    note_run(RunReport(run=8, removed=["a.md"]), tmp_path, by="ann", what="forget")
    first, second = map(json.loads, (tmp_path / FILE_NAME).read_text(encoding="ascii").splitlines())
    assert datetime.now(UTC) - datetime.fromisoformat(first.pop("when")) < timedelta(minutes=1)
    assert first == {"by": "Jörg\n\u2028", "what": "ingest", "run": 7, "counts": REPORT.counts()}
    assert (second["what"], second["run"], second["counts"]["removed"]) == ("forget", 8, 1)
    assert authors(tmp_path) == {7: "Jörg\n\u2028", 8: "ann"}
    fields = vars(caplog.records[0])
    assert (fields["event"], fields["outcome"], fields["run"], fields["by"]) == ("run", "finished", 7, "Jörg\n\u2028")
    assert fields["counts"] == REPORT.counts()


def test_a_line_that_was_cut_off_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    lines = [b"[1]", b"", b'{"run": "1", "by": "x"}', b'{"run": 1, "by": 2}', b"\xff", b'{"run": 2, "by": "bob"}']
    path.write_bytes(b"\n".join([*lines, b'{"run": 3, "b']))
    note_run(REPORT, tmp_path, by="ann")
    assert path.read_bytes().count(b"\n") == 8
    assert authors(tmp_path) == {2: "bob", 7: "ann"}


def test_nothing_was_noted_yet(tmp_path: Path) -> None:
    assert authors(tmp_path) == {}


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_full_disk_is_an_error_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE_NAME).symlink_to(FULL)
    note_run(REPORT, tmp_path, by="ann")
    [record] = caplog.records
    assert (record.levelname, record.getMessage().split(": ", 1)[1]) == (
        "ERROR",
        "run 7 by ann cannot be noted (no space left on device)",
    )


def test_a_journal_that_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE_NAME).mkdir()
    assert authors(tmp_path) == {}
    note_run(REPORT, tmp_path, by="ann")
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


def test_failures_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ingest")
    note_failure(RunStopped("stopped"), by="ann")
    for error in (IndexLocked("locked"), PlanOutdated("outdated")):
        with pytest.raises(type(error)), noting_failure("bob"):
            raise error
    told = [(vars(each)["event"], vars(each)["outcome"], vars(each)["by"]) for each in caplog.records]
    assert told == [("run", "stopped", "ann"), ("run", "failed", "bob")]
