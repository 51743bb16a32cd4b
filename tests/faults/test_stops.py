"""The page is stopped by a signal in the middle of everything: nothing is lost, and it takes seconds."""

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from ingest.index.doctor import examine
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.settings import Settings
from tests.attacks.test_files import Client, named

pytestmark = [pytest.mark.slow, pytest.mark.model]

ROOT = Path(__file__).parents[2]
OPENER = build_opener(ProxyHandler({}))
CITED = [sys.executable, "-c", "from ui.command.cli import main; main()"]
SECONDS = 15
"""How long a stop may take at most; it takes 1 to 3 when nothing else runs."""


def ask(url: str, outcomes: list[str]) -> None:
    """Ask until the page stops, and note what came back: an answer, why there is none, or what broke."""
    while True:
        try:
            body = json.dumps({"data": ["How should I sleep with sciatica?", [], False]}).encode()
            request = Request(f"{url}gradio_api/call/ask", body, {"Content-Type": "application/json"})
            with OPENER.open(request, timeout=30) as answer:
                event = json.loads(answer.read())["event_id"]
            with OPENER.open(f"{url}gradio_api/call/ask/{event}", timeout=30) as stream:
                told = stream.read().decode()
            outcomes.append("answered" if "event: complete" in told else told)
        except HTTPError as error:
            outcomes.append(error.read().decode())
            return
        except URLError as error:  # the page has stopped
            outcomes.append(str(error.reason))
            return


def change(url: str, name: str) -> None:
    """Upload a text and apply it, as the page does."""
    try:
        client = Client(url)
        sentences = (f"Walking for {minutes} minutes helped patient {minutes}." for minutes in range(1_000))
        path = client.upload(name, ("# Walks\n\n" + "\n\n".join(sentences)).encode())
        client.call(client.handler("drop", "upload"), [[named(path)], None])
        client.call(client.handler("apply", "click"), [None])
    except (URLError, ConnectionError):
        return


@pytest.fixture
def data(tmp_path: Path, models: Path, shipped: Path) -> Path:
    folder = shutil.copytree(shipped, tmp_path / "data")
    shutil.copytree(models, folder / "models")
    return folder


def test_a_stop_loses_nothing(data: Path, exported: OnnxEncoder, times: int) -> None:
    chance = random.Random(times)
    for turn in range(times):
        command = [*CITED, "ui", "--port", "0", "--data-dir", str(data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as page:
            assert page.stdout is not None
            url = page.stdout.readline().split()[4]
            outcomes: list[str] = []
            asking = [threading.Thread(target=ask, args=(url, outcomes)) for _ in range(3)]
            changing = threading.Thread(target=change, args=(url, f"walks-{turn}.md"))
            for thread in (*asking, changing):
                thread.start()
            time.sleep(chance.uniform(0.5, 6))
            started = time.monotonic()
            page.send_signal(chance.choice((signal.SIGTERM, signal.SIGINT)))
            out, errors = page.communicate(timeout=SECONDS + 15)
            assert time.monotonic() - started < SECONDS
            for thread in (*asking, changing):
                thread.join()
        assert (page.returncode, out, errors) == (0, "Stopped\n", "")
        expected = ("answered", "[Errno 111] Connection refused", '{"detail":"The assistant is shutting down.')
        assert [outcome for outcome in outcomes if not outcome.startswith(expected)] == []
        findings = [finding for finding in examine(Settings(data_dir=data)) if not finding.ok]
        assert [finding.what for finding in findings if "left over from an earlier run" not in finding.what] == []
    ingest([ROOT / "corpus", data / "uploads"], data, exported)
    assert all(finding.ok for finding in examine(Settings(data_dir=data)))
