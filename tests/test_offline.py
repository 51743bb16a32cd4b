"""Nothing leaves this machine: the whole program runs where whatever tries to is recorded and refused."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[1]
CITED = [sys.executable, "-c", "from ui.command.cli import main; main()"]
PROMPT = {"id": "pillow", "question": "What keeps the hip level?", "answers": ["A pillow between the knees"]}
SEARCH = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
SEARCH["params"] = {"name": "search", "arguments": {"question": "pillow"}}
# Python itself loads this first, and calls the hook before whatever any library does with a socket.
GUARD = """
import os, sys

def watch(event, given):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        host = given[1][0] if isinstance(given[1], tuple) else "localhost"  # a path is a socket of this machine
    elif event == "import" and given[0].startswith("onnxruntime") and "ORT_DISABLE_TELEMETRY" not in os.environ:
        host = "the makers of ONNX Runtime, by native code"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = given[0]
    else:
        return
    if host not in ("127.0.0.1", "::1", "localhost", "", None):
        with open(os.environ["ATTEMPTS"], "a") as file:
            print(event, host, file=file)
        raise OSError("nothing leaves this machine")

sys.addaudithook(watch)
"""

AWAY = re.compile(r'inet_addr\("(?!127\.)|inet_pton\(AF_INET6, "(?!::1")')

Environment = dict[str, str]


@pytest.fixture
def guarded(tmp_path: Path, models: Path) -> Environment:
    """The environment of a process that is watched, with the encoder that is exported once a session."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(models)
    path = os.pathsep.join(map(str, (tmp_path / "guard", ROOT)))
    return {**os.environ, "PYTHONPATH": path, "ATTEMPTS": str(tmp_path / "attempts")}


def attempts(environment: Environment) -> list[str]:
    recorded = Path(environment["ATTEMPTS"])
    return recorded.read_text(encoding="utf-8").splitlines() if recorded.exists() else []


def run(environment: Environment, *arguments: object) -> str:
    command = [*CITED, *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def fetched(address: str, body: object = None) -> str:
    payload = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    request = Request(address, payload, headers)
    with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
        return str(answer.read().decode())


def test_what_tries_to_leave_is_recorded(guarded: Environment) -> None:
    tries = "import socket\nfor host in ('192.0.2.1', 'example.org'):\n try: socket.create_connection((host, 9))\n"
    subprocess.run([sys.executable, "-c", tries + " except OSError: pass"], env=guarded, timeout=60, check=True)
    assert attempts(guarded) == ["socket.getaddrinfo 192.0.2.1", "socket.getaddrinfo example.org"]


def test_the_commands(guarded: Environment, write: Callable[..., Path], tmp_path: Path) -> None:
    root = write({"hip.md": "# Hip pain\n\nA pillow between the knees keeps the hip level.\n"})
    (tmp_path / "prompts.jsonl").write_text(json.dumps(PROMPT), encoding="utf-8")
    assert "1 added" in run(guarded, "ingest", root)
    assert "A pillow" in run(guarded, "ask", "What keeps the hip level?")
    assert run(guarded, "evaluate", tmp_path / "prompts.jsonl")
    assert run(guarded, "doctor")
    assert attempts(guarded) == []


def test_native_code(guarded: Environment, write: Callable[..., Path], tmp_path: Path) -> None:
    """Libraries in C++ and Rust call the system without Python: the system calls themselves are looked at."""
    trace = ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", tmp_path / "calls"]
    if shutil.which("strace") is None or subprocess.run([*trace, "true"], capture_output=True).returncode:
        pytest.skip("strace is not installed, or may not trace here")
    root = write({"hip.md": "# Hip pain\n\nA pillow between the knees keeps the hip level.\n"})
    for arguments in (["ingest", root], ["ask", "What keeps the hip level?"]):
        command = [*map(str, trace), *CITED, *map(str, arguments)]
        subprocess.run(command, env=guarded, cwd=ROOT, capture_output=True, timeout=120, check=True)
        calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
        assert [call for call in calls if AWAY.search(call)] == []


def test_the_page_and_its_mcp_server(
    guarded: Environment, write: Callable[..., Path], tmp_path: Path, exported: OnnxEncoder
) -> None:
    root = write({"hip.md": "# Hip pain\n\nA pillow between the knees keeps the hip level.\n"})
    ingest([root], tmp_path / "data", exported)
    command = [*CITED, "ui", "--port", "0", "--mcp"]
    with subprocess.Popen(command, env=guarded, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
            assert found is not None
            address = found[0]
            assert "gradio_config" in fetched(address)
            event = json.loads(fetched(f"{address}gradio_api/call/v2/ask", {"question": PROMPT["question"]}))
            assert "A pillow" in fetched(f"{address}gradio_api/call/ask/{event['event_id']}")
            assert "A pillow" in fetched(f"{address}mcp", SEARCH)
        finally:
            process.terminate()
            process.wait(30)
    assert attempts(guarded) == []
