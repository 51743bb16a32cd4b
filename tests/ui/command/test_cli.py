import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.errors import printable
from ingest.index.lock import write_lock
from ui.command.cli import app, main

pytestmark = pytest.mark.model

HIP = "# Hip pain at night\n\nA pillow between the knees keeps the hip level.\n"
BACK = "# Low back pain\n\nWalking every day eases low back pain.\n"
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `cited` in this process, with the encoder that is exported once a session."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(models)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["cited", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, told.out, told.err)

    return call


def test_help_names_every_command() -> None:
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    for command in ("ingest", "ask", "ui", "verify", "forget", "doctor", "evaluate"):
        assert command in told.output


def test_version(run: Run) -> None:
    told = run("--version")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert (told.code, told.out) == (0, f"cited {version}\n")


def test_ingest_ask_forget_doctor(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "corpus.yaml": "notice: Ask a doctor."})
    told = run("ingest", root)
    assert (told.code, told.out) == (0, "Run 1: 2 files found, 2 added; 2 passages encoded, 2 in the index\n")

    told = run("ask", "Does walking every day ease low back pain?")
    assert told.code == 0
    assert "Walking every day eases low back pain." in told.out
    assert "Ask a doctor." in told.out

    told = run("ask", "--json", "Does walking every day ease low back pain?")
    assert told.code == 0
    assert "Walking every day eases low back pain." in json.dumps(json.loads(told.out))

    told = run("doctor")
    assert told.code == 0
    assert "run 1, 2 documents, 2 passages" in told.out

    told = run("forget", root)
    assert (told.code, told.out) == (0, f"Forgot {root}: 2 documents removed from the index\n")


def test_a_run_that_changes_things_says_what(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "a.md": "# A\n\nA.", "b.md": "# B\n\nB.", "notes.xyz": "?"})
    run("ingest", root)
    (root / "hip.md").unlink()
    write({"back.md": BACK + "Rest does not.\n", "new.md": "# New\n\nNew.\n"})
    told = run("ingest", root)
    assert told.code == 0
    assert told.out.splitlines() == [
        "Run 2: 4 files found, 1 added, 1 updated, 2 unchanged, 1 removed; 2 passages encoded, 4 in the index",
        "removed: hip.md",
        "Skipped, of no known format: notes.xyz",
    ]


def test_files_that_fail_are_told_on_stderr_and_by_the_exit_code(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "bad\x1b[31m.md": "x"})
    (root / "bad\x1b[31m.md").write_bytes(b"\0")
    told = run("ingest", root)
    assert told.code == 1
    assert "1 added, 1 failed" in told.out
    assert r"failed: bad\x1b[31m.md: is not text" in told.err
    assert "\x1b[31m" not in told.out + told.err
    (root / "bad\x1b[31m.md").unlink()


def test_names_are_printed_without_obeying_them(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "a.md": "# A\n\nA.", "bad\n\x1b[31m.md": BACK, "x\x1b[31m.xyz": "?"})
    run("ingest", root)
    (root / "bad\n\x1b[31m.md").unlink()
    told = run("ingest", root)
    assert r"removed: bad\n\x1b[31m.md" in told.out
    assert "\x1b[31m" not in told.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask", "Why?"], "nothing was ingested here yet"),
        (["doctor"], "run `cited ingest FOLDER`"),
        (["forget", "/nowhere"], "nothing was ingested here yet"),
        (["ingest", "/nowhere"], "/nowhere: there is no such file or folder; check the path"),
        (["ingest", "--rebuild"], "nothing was ingested here yet"),
        (["ingest", "/" + "x" * 300], "cannot be looked at (file name too long)"),
        (["ingest", b"/tmp/caf\xe9".decode("utf-8", "surrogateescape")], "its name is not valid UTF-8; rename it"),
    ],
)
def test_errors_are_one_line_and_exit_code_1(run: Run, arguments: list[str], words: str, tmp_path: Path) -> None:
    told = run(*arguments)
    assert told.code == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["models"]
    assert told.err.splitlines()[-1].startswith("cited: ")
    assert words in told.err
    assert "Traceback" not in told.err


def test_a_second_writer_is_told_who_writes(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    with write_lock(tmp_path / "data"):
        told = run("ingest", write({"hip.md": HIP}))
    assert told.code == 1
    assert f"process {os.getpid()} (since " in told.err


def test_an_unknown_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITED_DATADIR", "/tmp")
    told = run("ask", "Why?")
    assert (told.code, told.err[:46]) == (1, "cited: CITED_DATADIR: there is no such setting")


@pytest.mark.parametrize("arguments", [["ingest"], ["ask"], ["forget"], ["nonsense"], ["ask", "Why?", "--nonsense"]])
def test_wrong_usage_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


def test_an_index_in_another_place(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    assert run("ingest", write({"hip.md": HIP}), "--data-dir", tmp_path / "elsewhere").code == 0
    assert run("ask", "What keeps the hip level?", "--data-dir", tmp_path / "elsewhere").code == 0
    assert run("ask", "What keeps the hip level?").code == 1


def test_a_cold_ask_leaves_torch_alone(run: Run, write: Callable[..., Path]) -> None:
    run("ingest", write({"hip.md": HIP, "back.md": BACK}))
    command = [sys.executable, "-X", "importtime", "-c", "from ui.command.cli import main; main()"]
    command += ["ask", "What keeps the hip level?"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "A pillow between the knees keeps the hip level." in told.stdout
    imported = {line.rsplit("|", 1)[1].strip() for line in told.stderr.splitlines() if line.startswith("import time:")}
    assert "onnxruntime" in imported
    assert not imported & {"torch", "transformers", "sentence_transformers", "gradio", "trafilatura", "docx", "pypdf"}


def test_a_dry_run_changes_nothing(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "c.md": "# C\n\nC."})
    told = run("ingest", root, "--dry-run")
    assert (told.code, told.out.splitlines()[0]) == (0, "Dry run: 3 files found, 3 added; nothing was changed")
    assert run("ask", "Why?").code == 1
    run("ingest", root)
    (root / "hip.md").rename(root / "hips.md")
    (root / "c.md").unlink()
    write({"back.md": BACK + "Rest.\n", "d.md": "# D\n\nD."})
    assert run("ingest", root, "--dry-run").out.splitlines() == [
        "Dry run: 3 files found, 1 added, 1 updated, 1 renamed, 1 removed; nothing was changed",
        "would be added: d.md",
        "would be updated: back.md",
        "would be renamed: hip.md -> hips.md",
        "would be removed: c.md",
    ]
    assert run("status").out.splitlines()[-1] == "3 files, 3 passages, 0 failed"


def test_a_dry_run_fails_where_the_run_would(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP})
    (root / "out.md").symlink_to("/etc/hostname")
    told = run("ingest", root, "--dry-run")
    assert told.code == 1
    assert told.out.splitlines()[-1] == "would fail: out.md (it is a link that leads out of the folder)"


def test_a_question_with_stdin_closed(run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "c.md": "# C\n\nC."})
    run("ingest", root)
    (root / "hip.md").unlink()
    (root / "c.md").unlink()
    monkeypatch.setattr(sys, "stdin", None)
    told = run("ingest", root)
    assert told.code == 1
    assert "more than half, so nothing was changed" in told.err


def test_a_terminal_that_knows_few_characters(run: Run, write: Callable[..., Path]) -> None:
    run("ingest", write({"髋🦴.md": "# 🦴\n\nA pillow keeps the 髋 level.\n"}))
    told = {}
    for arguments in (["status"], ["ask", "What keeps the 髋 level?"], ["ask", "--json", "What keeps the 髋 level?"]):
        command = [sys.executable, "-c", "from ui.command.cli import main; main()", *arguments]
        environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, env=environment, check=True)
        told[len(arguments)] = done.stdout.decode("cp1252")
    assert r"\u9acb\U0001f9b4.md" in told[1]
    assert r"A pillow keeps the \u9acb level." in told[2]
    assert json.loads(told[3])["quotes"][0]["text"] == "A pillow keeps the 髋 level."


def test_a_quote_is_exact_and_its_control_characters_are_not_obeyed(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "A pillow\tbetween the knees\x1b[31m keeps  the\xa0hip level and\x9b2J straight for the whole of the night."
    run("ingest", write({"hip.txt": text}))
    told = run("ask", "What keeps the hip level?")
    shown = text.replace("\x1b", r"\x1b").replace("\x9b", r"\x9b")
    assert told.out.splitlines()[0] == f"[1] {shown}"


def test_doctor_shows_names_as_they_are(run: Run, write: Callable[..., Path]) -> None:
    names = ["notes [old]", "a[/b]", "a\x1b[31m"]
    roots = [write({"hip.md": HIP}, name) for name in names]
    run("ingest", *roots)
    for root in roots:
        shutil.rmtree(root)
    told = run("doctor")
    assert told.code == 1
    lines = told.out.splitlines()
    for root in map(printable, map(str, roots)):
        assert f"no  root: {root} is gone" in lines
    assert f"      run `cited forget '{roots[0]}'`" in lines


def test_removing_more_than_half_wants_a_yes(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "c.md": "# C\n\nC."})
    run("ingest", root)
    (root / "hip.md").unlink()
    (root / "c.md").unlink()
    told = run("ingest", root)
    assert told.code == 1
    assert "2 of 3 sources are gone, more than half, so nothing was changed; check the folder" in told.err
    told = run("ingest", root, "--no-prune")
    assert (told.code, told.out.splitlines()[1:]) == (0, ["gone, but kept: c.md", "gone, but kept: hip.md"])
    assert run("status").out.splitlines()[-1] == "3 files, 3 passages, 0 failed"
    told = run("ingest", root, "--yes")
    assert (told.code, told.out.splitlines()[1:]) == (0, ["removed: c.md", "removed: hip.md"])


def test_runs_and_status(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "bad.md": "x", "twin.md": HIP})
    (root / "bad.md").write_bytes(b"\0")
    told = run("ingest", root)
    assert "same text in: hip.md, twin.md" in told.out
    (root / "twin.md").rename(root / "other.md")
    run("ingest", root)
    told = run("runs")
    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[0].startswith("Run 2, 20")
    assert lines[0].endswith(" s: 1 renamed, 2 unchanged, 1 failed; 0 passages encoded")
    assert lines[1].startswith("  failed: bad.md: is not text")
    assert lines[2] == "  renamed: other.md (was twin.md)"
    assert run("runs", 1).out.splitlines()[0].startswith("Run 1, 20")
    assert run("runs", 9).code == 2
    told = run("status")
    assert told.code == 1
    assert "failed  bad.md  (0 passages, 0 characters, never read)" in told.out
    assert "bad.md: is not text (it holds NUL bytes); save it as UTF-8 (tried again in the next run)" in told.out
    assert "same text as other.md" in told.out
    assert run("status", "--failed").out.splitlines()[-1] == "1 file, 0 passages, 1 failed"


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_a_page_that_others_reach_is_warned_about(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, host: str, warned: bool
) -> None:
    import uvicorn

    from ui.page.server import Guard, Served

    async def nothing(_scope: object, _receive: object, _send: object) -> None: ...

    ended = threading.Thread()
    ended.start()
    with socket.socket() as bound:  # it does not listen: no test is to be reached from elsewhere
        bound.bind((host, 0))
        served = Served(bound, Guard(nothing), uvicorn.Server(uvicorn.Config(nothing)), ended)
        monkeypatch.setattr("ui.page.app.serve", lambda *_given, **_named: served)
        run("ingest", write({"hip.md": HIP}))
        told = run("ui", "--host", host)
    assert told.out == f"The page is at {served.url} (Ctrl+C stops it)\n"
    warning = f"cited: warning: the page has no password: whoever reaches {host} reads it\n"
    assert told.err.endswith(warning) is warned


def test_a_watch_stops_cleanly_on_a_signal(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP})
    command = [sys.executable, "-c", "from ui.command.cli import main; main()", "ingest", str(root), "--watch"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert next(lines) == "Watching for changes (Ctrl+C stops)\n"
        assert next(lines).startswith("Run 1: 1 file found, 1 added")
        write({"back.md": BACK})
        assert next(lines).startswith("Run 2: 2 files found, 1 added, 1 unchanged")
        process.send_signal(signal.SIGTERM)
        assert list(lines) == ["Stopped\n"]
    assert process.returncode == 0
    assert run("doctor").code == 0
    assert run("ingest", root, "--watch", "--dry-run").code == 2
    assert run("ingest", root, "--rebuild", "--dry-run").code == 2
