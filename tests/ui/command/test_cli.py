import getpass
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
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ingest.errors import printable
from ingest.index.lock import write_lock
from tests.ui.command.conftest import Run
from ui.command.cli import app

pytestmark = pytest.mark.model

HIP = "# Hip pain at night\n\nA pillow between the knees keeps the hip level.\n"
BACK = "# Low back pain\n\nWalking every day eases low back pain.\n"
ROOT = Path(__file__).parents[3]


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in ("ingest", "ask", "ui", "verify", "forget", "doctor", "evaluate"):
        assert command in result.output


def test_version(run: Run) -> None:
    result = run("--version")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert (result.code, result.out) == (0, f"cited {version}\n")


def test_ingest_ask_forget_doctor(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "corpus.yaml": "notice: Ask a doctor."})
    result = run("ingest", root)
    assert (result.code, result.out) == (0, "Run 1: 2 files found, 2 added; 2 passages encoded, 2 in the index\n")

    result = run("ask", "Does walking every day ease low back pain?")
    assert result.code == 0
    assert "Walking every day eases low back pain." in result.out
    assert "Ask a doctor." in result.out

    result = run("ask", "--json", "Does walking every day ease low back pain?")
    assert result.code == 0
    assert "Walking every day eases low back pain." in json.dumps(json.loads(result.out))

    result = run("doctor")
    assert result.code == 0
    assert "run 1, 2 documents, 2 passages" in result.out

    result = run("forget", root)
    assert (result.code, result.out) == (0, f"Forgot {root}: 2 documents removed from the index\n")


def test_a_run_reports_its_changes(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "a.md": "# A\n\nA.", "b.md": "# B\n\nB.", "notes.xyz": "?"})
    run("ingest", root)
    (root / "hip.md").unlink()
    write({"back.md": BACK + "Rest does not.\n", "new.md": "# New\n\nNew.\n"})
    result = run("ingest", root)
    assert result.code == 0
    assert result.out.splitlines() == [
        "Run 2: 4 files found, 1 added, 1 updated, 2 unchanged, 1 removed; 2 passages encoded, 4 in the index",
        "removed: hip.md",
        "Skipped, unsupported format: notes.xyz",
    ]


def test_each_skipped_file_has_the_reason(run: Run, write: Callable[..., Path]) -> None:
    names = ("notes.xyz", "package-lock.json", "app.min.js", "code/__init__.py")
    result = run("ingest", write({"hip.md": HIP} | {name: "" if name.endswith(".py") else "{}" for name in names}))
    assert result.out.splitlines()[1:] == [
        "Skipped, made by a program: app.min.js, package-lock.json",
        "Skipped, empty: code/__init__.py",
        "Skipped, unsupported format: notes.xyz",
    ]


def test_failed_files_are_reported_on_stderr_and_by_the_exit_code(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "bad\x1b[31m.md": "x"})
    (root / "bad\x1b[31m.md").write_bytes(b"\0")
    result = run("ingest", root)
    assert result.code == 1
    assert "1 added, 1 failed" in result.out
    assert r"failed: bad\x1b[31m.md: is not text" in result.err
    assert "\x1b[31m" not in result.out + result.err
    (root / "bad\x1b[31m.md").unlink()


def test_control_characters_in_names_are_escaped(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "a.md": "# A\n\nA.", "bad\n\x1b[31m.md": BACK, "x\x1b[31m.xyz": "?"})
    run("ingest", root)
    (root / "bad\n\x1b[31m.md").unlink()
    result = run("ingest", root)
    assert r"removed: bad\n\x1b[31m.md" in result.out
    assert "\x1b[31m" not in result.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask", "Why?"], "nothing has been ingested here yet"),
        (["doctor"], "run `cited ingest FOLDER`"),
        (["forget", "/nowhere"], "nothing has been ingested here yet"),
        (["ingest", "/nowhere"], "/nowhere: no such file or folder; check the path"),
        (["ingest", "--rebuild"], "nothing has been ingested here yet"),
        (["ingest", "/" + "x" * 300], "cannot be accessed (file name too long)"),
        (["ingest", b"/tmp/caf\xe9".decode("utf-8", "surrogateescape")], "its name is not valid UTF-8; rename it"),
    ],
)
def test_errors_are_one_line_and_exit_code_1(run: Run, arguments: list[str], words: str, tmp_path: Path) -> None:
    result = run(*arguments)
    assert result.code == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["models"]
    assert result.err.splitlines()[-1].startswith("cited: ")
    assert words in result.err
    assert "Traceback" not in result.err


def test_a_second_writer_learns_who_writes(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    with write_lock(tmp_path / "data"):
        result = run("ingest", write({"hip.md": HIP}))
    assert result.code == 1
    assert f"process {os.getpid()} (since " in result.err


def test_an_unknown_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITED_DATADIR", "/tmp")
    result = run("ask", "Why?")
    assert (result.code, result.err[:38]) == (1, "cited: CITED_DATADIR: unknown setting;")


@pytest.mark.parametrize("arguments", [["ingest"], ["ask"], ["forget"], ["nonsense"], ["ask", "Why?", "--nonsense"]])
def test_wrong_usage_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


def test_an_index_in_another_place(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    assert run("ingest", write({"hip.md": HIP}), "--data-dir", tmp_path / "elsewhere").code == 0
    assert run("ask", "What keeps the hip level?", "--data-dir", tmp_path / "elsewhere").code == 0
    assert run("ask", "What keeps the hip level?").code == 1


def test_a_cold_ask_imports_only_what_it_needs(run: Run, write: Callable[..., Path]) -> None:
    run("ingest", write({"hip.md": HIP, "back.md": BACK}))
    command = [sys.executable, "-X", "importtime", "-c", "from ui.command.start import main; main()"]
    command += ["ask", "What keeps the hip level?"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "A pillow between the knees keeps the hip level." in result.stdout
    imported = {
        line.rsplit("|", 1)[1].strip() for line in result.stderr.splitlines() if line.startswith("import time:")
    }
    assert "onnxruntime" in imported
    assert not imported & {"torch", "transformers", "sentence_transformers", "gradio", "trafilatura", "docx", "pypdf"}
    assert not imported & {"langchain_core", "langsmith", "chromadb", "pandas", "sqlalchemy.dialects.postgresql"}


def test_a_dry_run_changes_nothing(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "c.md": "# C\n\nC."})
    result = run("ingest", root, "--dry-run")
    assert (result.code, result.out.splitlines()[0]) == (0, "Dry run: 3 files found, 3 added; nothing was changed")
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
    (root / "back.md").unlink()
    (root / "hips.md").unlink()
    careful = run("ingest", root, "--dry-run").out
    assert "would be removed: back.md" in careful and "use --yes" in careful
    assert "use --yes" not in run("ingest", root, "--dry-run", "--yes").out
    keeping = run("ingest", root, "--dry-run", "--no-prune").out
    assert "is gone, but would be kept: back.md" in keeping and "use --yes" not in keeping


def test_a_dry_run_fails_if_the_run_would(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP})
    (root / "out.md").symlink_to("/etc/hostname")
    result = run("ingest", root, "--dry-run")
    assert result.code == 1
    assert result.out.splitlines()[-1] == "would fail: out.md (it is a link to a file outside the folder)"


def test_a_question_with_stdin_closed(run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "c.md": "# C\n\nC."})
    run("ingest", root)
    (root / "hip.md").unlink()
    (root / "c.md").unlink()
    monkeypatch.setattr(sys, "stdin", None)
    result = run("ingest", root)
    assert result.code == 1
    assert "more than half, so nothing was changed" in result.err


def test_a_terminal_with_few_characters(run: Run, write: Callable[..., Path]) -> None:
    run("ingest", write({"髋🦴.md": "# 🦴\n\nA pillow keeps the 髋 level.\n"}))
    result = {}
    for arguments in (["status"], ["ask", "What keeps the 髋 level?"], ["ask", "--json", "What keeps the 髋 level?"]):
        command = [sys.executable, "-c", "from ui.command.cli import main; main()", *arguments]
        environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, env=environment, check=True)
        result[len(arguments)] = done.stdout.decode("cp1252")
    assert r"\u9acb\U0001f9b4.md" in result[1]
    assert r"A pillow keeps the \u9acb level." in result[2]
    assert json.loads(result[3])["quotes"][0]["text"] == "A pillow keeps the 髋 level."


def test_a_quote_is_exact_and_its_control_characters_are_escaped(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "A pillow\tbetween the knees\x1b[31m keeps  the\xa0hip level and\x9b2J straight for the whole of the night."
    run("ingest", write({"hip.txt": text}))
    result = run("ask", "What keeps the hip level?")
    shown = text.replace("\x1b", r"\x1b").replace("\x9b", r"\x9b")
    assert result.out.splitlines()[0] == f"[1] {shown}"


def test_doctor_prints_names_literally(run: Run, write: Callable[..., Path]) -> None:
    names = ["notes [old]", "a[/b]", "a\x1b[31m"]
    roots = [write({"hip.md": HIP}, name) for name in names]
    run("ingest", *roots)
    for root in roots:
        shutil.rmtree(root)
    result = run("doctor")
    assert result.code == 1
    lines = result.out.splitlines()
    for root in map(printable, map(str, roots)):
        assert f"no  folder: {root} is missing" in lines
    assert f"      make it available again, or remove its texts with `cited forget '{roots[0]}'`" in lines


def test_doctor_mends(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    run("ingest", write({"hip.md": HIP, "back.md": BACK}))
    question = ("ask", "Does walking every day ease low back pain?")
    before = run(*question)
    shutil.rmtree(tmp_path / "data" / "chroma")
    result = run(*question)
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith("the vectors are missing; run `cited ingest --rebuild`\n")
    assert run("doctor").code == 1
    result = run("doctor", "--fix")
    assert result.out.splitlines()[0] == "mended  missing vectors encoded again: 2"
    assert result.code == 0
    assert run(*question) == before


def test_removing_more_than_half_needs_confirmation(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "c.md": "# C\n\nC."})
    run("ingest", root)
    (root / "hip.md").unlink()
    (root / "c.md").unlink()
    result = run("ingest", root)
    assert result.code == 1
    assert "2 of 3 files are gone, more than half, so nothing was changed; check the folder" in result.err
    result = run("ingest", root, "--no-prune")
    assert (result.code, result.out.splitlines()[1:]) == (0, ["gone, but kept: c.md", "gone, but kept: hip.md"])
    assert run("status").out.splitlines()[-1] == "3 files, 3 passages, 0 failed"
    result = run("ingest", root, "--yes")
    assert (result.code, result.out.splitlines()[1:]) == (0, ["removed: c.md", "removed: hip.md"])


def test_runs_and_status(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP, "back.md": BACK, "bad.md": "x", "twin.md": HIP})
    (root / "bad.md").write_bytes(b"\0")
    result = run("ingest", root)
    assert "same text in: hip.md, twin.md" in result.out
    (root / "twin.md").rename(root / "other.md")
    run("ingest", root)
    result = run("runs")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("Run 2, 20")
    assert f", by {getpass.getuser()}, " in lines[0]
    assert lines[0].endswith(" s: 1 renamed, 2 unchanged, 1 failed; 0 passages encoded")
    assert lines[1].startswith("  failed: bad.md: is not text")
    assert lines[2] == "  renamed: other.md (was twin.md)"
    assert run("runs", 1).out.splitlines()[0].startswith("Run 1, 20")
    assert run("runs", 9).code == 2
    result = run("status")
    assert result.code == 1
    assert "failed  bad.md  (0 passages, 0 characters, never read)" in result.out
    assert "bad.md: is not text (it contains NUL bytes); save it as UTF-8 (retried in the next run)" in result.out
    assert "same text as other.md" in result.out
    assert run("status", "--failed").out.splitlines()[-1] == "1 file, 0 passages, 1 failed"


@pytest.mark.parametrize(
    ("host", "insecure", "warning"),
    [
        ("0.0.0.0", True, "without accounts, anyone who can reach this machine can read and change the texts"),
        ("0.0.0.0", False, "passwords and texts travel unencrypted: put a proxy with TLS in front of the page"),
        ("127.0.0.1", False, ""),
    ],
)
def test_a_page_that_others_can_reach_causes_a_warning(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, host: str, insecure: bool, warning: str
) -> None:
    import uvicorn

    from ui.page.server import Served

    async def nothing(_scope: object, _receive: object, _send: object) -> None: ...

    ended = threading.Thread()
    ended.start()
    with socket.socket() as bound:  # it does not listen: tests must not be reachable from elsewhere
        bound.bind((host, 0))
        served = Served(bound, uvicorn.Server(uvicorn.Config(nothing)), ended, lambda: None)
        monkeypatch.setattr("ui.page.app.serve", lambda *_given, **_named: served)
        run("ingest", write({"hip.md": HIP}))
        result = run("ui", "--host", host, *["--insecure"] * insecure)
    assert result.out == f"The page is at {served.url} (Ctrl+C to stop)\nStopped\n"
    assert result.err.endswith(f"cited: warning: {warning}\n" if warning else "")
    assert ("warning" in result.err) is bool(warning)


def test_a_watch_stops_cleanly_on_a_signal(run: Run, write: Callable[..., Path]) -> None:
    root = write({"hip.md": HIP})
    command = [sys.executable, "-c", "from ui.command.cli import main; main()", "ingest", str(root), "--watch"]
    environment = {**os.environ, "CITED_LOG_FORMAT": "json"}
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) as process:
        assert process.stdout is not None and process.stderr is not None
        lines = iter(process.stdout.readline, "")
        assert next(lines) == "Watching for changes (Ctrl+C to stop)\n"
        assert next(lines).startswith("Run 1: 1 file found, 1 added")
        write({"back.md": BACK})
        assert next(lines).startswith("Run 2: 2 files found, 1 added, 1 unchanged")
        process.send_signal(signal.SIGTERM)
        assert list(lines) == ["Stopped\n"]
        told = [json.loads(line) for line in process.stderr]
    assert process.returncode == 0
    user = getpass.getuser()
    assert [(each["event"], each["run"], each["by"]) for each in told] == [("run", 1, user), ("run", 2, user)]
    assert run("forget", root).code == 0
    journal = (root.parent / "data" / "changes.jsonl").read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["what"] for line in journal] == ["ingest", "ingest", "forget"]
    assert run("doctor").code == 0
    assert run("ingest", root, "--watch", "--dry-run").code == 2
    assert run("ingest", root, "--rebuild", "--dry-run").code == 2
    assert "--watch cannot be combined with --workers" in run("ingest", root, "--watch", "--workers", "2").err


def test_accounts_and_tokens_are_managed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("correct horse\n"))
    result = run("user", "add", "Ada", "--role", "owner")
    assert result.out == "Added Ada as owner\nFrom its next start, the page asks everyone to sign in\n"
    monkeypatch.setattr(sys, "stdin", StringIO("correct horse\n"))
    assert run("user", "add", "Bob").out == "Added Bob as reader\n"
    monkeypatch.setattr(sys, "stdin", StringIO("short\n"))
    assert run("user", "add", "Cem").err == "cited: the password has 5 characters; use 8 to 1,000\n"
    assert run("token", "add", "Bob", "agent").out.startswith("cited_")
    assert run("user", "role", "Bob", "editor").out == "Bob is editor now\n"
    assert run("user", "list").out == "Ada\towner\t\nBob\teditor\tagent\n"
    assert run("token", "list", "bob").out.startswith("agent\t20")
    assert run("token", "remove", "Bob", "agent").out == "Removed the token agent\n"
    monkeypatch.setattr(sys, "stdin", StringIO("another horse\n"))
    assert run("user", "password", "Bob").out == "Changed the password of Bob\n"
    assert run("user", "remove", "Bob").out == "Removed Bob\n"
    result = run("user", "remove", "Bob")
    assert (result.code, result.err) == (1, "cited: Bob: there is no such account; see `cited user list`\n")
    assert run("token", "list", "Bob").code == 1
    monkeypatch.setattr(sys, "stdin", None)
    assert run("user", "add", "Dan").err == "cited: no password was given; type it, or send it to standard input\n"
