from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.text import Text

from ingest.runs.report import Plan, RunReport
from ingest.schema import RunRecord
from ui.command.show import show_answer, show_plan, show_report, show_run


class Terminal(StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_control_characters_in_a_note_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(RunReport(notes=[("a.zip", "bad\x1b[2J.docx cannot be read")]))
    assert r"note: a.zip: bad\x1b[2J.docx cannot be read" in capsys.readouterr().out


def test_a_clock_that_was_set_back(capsys: pytest.CaptureFixture[str]) -> None:
    show_run(RunRecord(1, datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), {}), most=5)
    assert ", 0.0 s: nothing to do" in capsys.readouterr().out


def test_a_plan_gives_the_reason_for_a_failure_once(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(Plan(found=1, failed=(("a.md", "cannot be opened"),)), prune=True, yes=False)
    assert capsys.readouterr().out.splitlines()[1:] == ["would fail: a.md (cannot be opened)"]


def test_an_answer_on_a_terminal_has_only_its_own_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show_answer(Text("[1] ", "bold").append("Walk\x1b[31m\ta bit.\nRest.\x9b2J", "red"))
    shown = terminal.getvalue()
    assert "\x1b[1m[1] \x1b[0m" in shown
    assert r"Walk\x1b[31m" in shown
    assert r"Rest.\x9b2J" in shown
    assert "\x9b" not in shown
