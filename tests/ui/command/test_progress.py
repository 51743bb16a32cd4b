import io
import sys

import pytest

from ui.command import progress as module
from ui.command.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(capsys: pytest.CaptureFixture[str], *, quiet: bool = False) -> list[str]:
    with progress("Loading", "Ingesting", quiet=quiet) as report:
        report(1, 1_200, "a\x1b[31m.md")
        report(1_200, 1_200)
    return capsys.readouterr().err.splitlines()


def test_without_a_terminal_lines_are_printed_at_intervals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert shown(capsys) == []
    monkeypatch.setattr(module, "LINE_SECONDS", 0)
    assert shown(capsys) == [r"Ingesting: 1 of 1,200 a\x1b[31m.md", "Ingesting: 1,200 of 1,200"]


def test_lines_come_no_more_often_than_the_interval(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 9.0, 10.0, 10.0, 15.0, 20.0, 20.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(times))
    with progress("Asking") as report:
        for done in range(1, 5):
            report(done, 9)
    assert capsys.readouterr().err.splitlines() == ["Asking: 2 of 9", "Asking: 4 of 9"]


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0)
    assert shown(capsys, quiet=True) == []
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shown(capsys, quiet=True)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(("kind", "moves"), [("xterm", True), ("dumb", False)])
def test_a_bar_moves_on_a_terminal_that_can_move_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str, moves: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", kind)
    shown(capsys)
    assert ("\x1b[" in terminal.getvalue()) == moves


def test_a_closed_stderr_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0)
    monkeypatch.setattr(sys, "stderr", None)
    with progress("Asking") as report:
        report(1, 2)
