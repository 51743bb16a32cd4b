"""How the command may be called: options, words of a question, exit codes, completion."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from assistant import assistant as chain
from assistant.schema import Abstention, Answer, Evidence, Quote, State
from ingest.errors import RequestInvalid
from ingest.origin import FileState
from ingest.schema import EVERYTHING, CorpusDescription, Passage, Selection
from ingest.settings import Settings
from tests.ui.command.conftest import Run
from ui.command.cli import app
from ui.command.options import ExitCode

TEXT = "Sciatica is pain along a nerve."
PASSAGE = Passage("1", "/", "a.md", 0, len(TEXT), TEXT, None, (), ((0, len(TEXT)),), "0", "A")
QUOTE = Quote(Evidence(PASSAGE, 0, len(TEXT), 1.0), None, 1, None, FileState.SAME)


class Listener:
    """Remembers what it was asked, and answers in the state that its question names."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.within = EVERYTHING
        self.root = "/letters"
        self.data_dir = Path()

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        self.asked.append((question, as_typed))
        self.within = within
        if question in ("unanswered", "uncertain"):
            return Answer(question, (), Abstention("no", (), (QUOTE,), 1, 1, State(question)), (), 0.2, 1)
        return Answer(question, (QUOTE,), None, ("a.md",), 0.9, 1)

    def description(self) -> CorpusDescription:
        return CorpusDescription()

    def roots(self) -> list[str]:
        return [self.root]


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    """Make the command open an assistant that needs no index."""
    listening = Listener()

    @contextmanager
    def open_assistant(settings: Settings) -> Iterator[Listener]:
        listening.data_dir = settings.data_dir
        yield listening

    monkeypatch.setattr(chain, "open_assistant", open_assistant)
    monkeypatch.setenv("COLUMNS", "200")
    return listening


def cited(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "what", "is", "sciatica?"],
        ["ask", "what is sciatica?"],
        ["ask", " what is sciatica? "],
        ["ask", "--json", "what", "is", "sciatica?"],
        ["ask", "what", "is", "--json", "sciatica?"],
        ["ask", "what", "is", "sciatica?", "--json"],
        ["ask", "--", "what", "is", "sciatica?"],
    ],
)
def test_the_words_of_a_question_are_one_question_wherever_options_stand(
    listener: Listener, arguments: list[str]
) -> None:
    result = cited(*arguments)
    assert result.exit_code == ExitCode.DONE
    assert listener.asked == [("what is sciatica?", False)]
    assert result.stdout.startswith("{") == ("--json" in arguments)


@pytest.mark.parametrize("arguments", [["ask"], ["ask", ""], ["ask", " ", "\t"], ["ask", "--json"]])
def test_an_empty_question_is_refused_with_what_to_do(listener: Listener, arguments: list[str]) -> None:
    result = cited(*arguments)
    assert result.exit_code == ExitCode.USAGE
    assert "the question is empty; write it after the command: cited ask what is sciatica" in result.stderr
    assert (listener.asked, result.stdout) == ([], "")


def test_a_question_that_is_too_long_is_refused(listener: Listener) -> None:
    result = cited("ask", "why " * 3_000)
    assert isinstance(result.exception, RequestInvalid)
    assert "shorten it to at most 10,000" in str(result.exception)


def test_a_question_is_searched_for_as_typed_on_demand(listener: Listener) -> None:
    cited("ask", "waht", "is", "it", "--as-typed")
    assert listener.asked == [("waht is it", True)]


def test_a_question_is_limited_to_sources_kinds_and_days(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "letters"
    (root / "2024").mkdir(parents=True)
    listener.root = str(root)
    cited("ask", "why?")
    assert listener.within == EVERYTHING
    cited("ask", "--within", "letters/2024", "--within", "c.md", "--kind", "PDF", "why?", "--after", "2026-01-31")
    assert listener.within == Selection(((str(root), "2024"), ("", "c.md")), ("pdf",), date(2026, 1, 31))
    monkeypatch.chdir(root / "2024")
    cited("ask", "--within", "..", "--before", "2026-01-31", "why?")
    assert listener.within == Selection(((str(root), ""),), before=date(2026, 1, 31))
    result = cited("ask", "--after", "yesterday", "why?")
    assert isinstance(result.exception, RequestInvalid)
    assert "days are written like 2026-01-31" in str(result.exception)


@pytest.mark.parametrize(
    ("question", "code"),
    [("answered", ExitCode.DONE), ("unanswered", ExitCode.ABSTAINED), ("uncertain", ExitCode.ABSTAINED)],
)
def test_an_abstention_is_no_failure_unless_wanted(listener: Listener, question: str, code: ExitCode) -> None:
    assert cited("ask", question).exit_code == ExitCode.DONE
    assert cited("ask", question, "--fail-if-abstained").exit_code == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data-dir", "here", "ask", "why?"],
        ["ask", "--data-dir", "here", "why?"],
        ["ask", "why?", "--data-dir", "here"],
        ["--data-dir", "there", "ask", "why?", "--data-dir", "here"],
    ],
)
def test_the_data_folder_is_named_before_or_after_the_command(listener: Listener, arguments: list[str]) -> None:
    assert cited(*arguments).exit_code == ExitCode.DONE
    assert listener.data_dir == Path("here")


def test_without_an_option_the_variable_names_the_data_folder(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITED_DATA_DIR", "elsewhere")
    cited("ask", "why?")
    assert listener.data_dir == Path("elsewhere")


def test_make_run_and_every_command_use_one_data_folder() -> None:
    makefile = (Path(__file__).parents[3] / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\nrun: ")[2].partition("\n\n")[0].splitlines()[1:]
    assert recipe == ["\t$(BIN)/cited ingest corpus", "\t$(BIN)/cited ui"]
    assert "CITED_" not in makefile


@pytest.mark.parametrize("place", range(4))
def test_the_data_folder_is_named_anywhere_in_a_command_of_two_words(tmp_path: Path, place: int) -> None:
    arguments: list[object] = ["token", "list", "Ada"]
    arguments[place:place] = ["--data-dir", tmp_path / "none"]
    result = cited(*arguments)
    assert "there is no such account" in str(result.exception)
    assert cited("user", "--data-dir", tmp_path, "list").exit_code == ExitCode.DONE


def every_command() -> Iterator[list[str]]:
    def below(command: object, path: list[str]) -> Iterator[list[str]]:
        yield path
        for name, each in getattr(command, "commands", {}).items():
            yield from below(each, [*path, name])

    return below(typer.main.get_command(app), [])


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_every_command_knows_h_and_the_data_folder(path: list[str]) -> None:
    short, long = cited(*path, "-h"), cited(*path, "--help")
    assert (short.exit_code, short.stdout) == (ExitCode.DONE, long.stdout)
    assert "--data-dir" in short.stdout


def test_the_help_says_what_every_exit_code_means() -> None:
    shown = " ".join(cited("--help").stdout.split())
    assert all(f"{code:d} {code.meaning}" in shown for code in ExitCode)


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_names_commands(shell: str) -> None:
    command = [sys.executable, "-c", "from ui.command.cli import app; app(prog_name='cited')"]
    asked = {"_CITED_COMPLETE": f"complete_{shell}", "COMP_WORDS": "cited inge", "COMP_CWORD": "1"}
    asked |= {"_TYPER_COMPLETE_ARGS": "cited inge", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    for given, wanted in (({"_CITED_COMPLETE": f"source_{shell}"}, "_CITED_COMPLETE=complete_"), (asked, "ingest")):
        environment = {**os.environ, **given}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert wanted in done.stdout
    assert "--show-completion" in cited("--help").stdout


@pytest.mark.model
def test_quiet_prints_only_what_failed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nA text.\n", encoding="utf-8")
    result = run("ingest", folder, "--quiet")
    assert (result.code, result.out, result.err) == (ExitCode.DONE, "", "")
    (folder / "bad.md").write_bytes(b"\0")
    result = run("ingest", "-q", folder)
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert result.err.startswith("failed: bad.md: is not text")
