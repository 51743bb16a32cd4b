"""Measures the page under load: one client, then many while an ingest runs; prints latencies, errors and memory.

Usage: python tests/bench/load.py [--clients 32] [--seconds 60]. It works in a
temporary folder with the shipped corpus and prompts, and exits with 1 if
anything failed or took longer than it may: p95 of many clients at most five
times p95 of one, times the clients, divided by the cores.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

ROOT = Path(__file__).parents[2]
CITED = [sys.executable, "-c", "from ui.command.cli import main; main()"]
OPENER = build_opener(ProxyHandler({}))
ALONE_SECONDS = 15.0


def ask(url: str, question: str) -> float:
    """Ask a question as a program does; return the seconds it took.

    Raises:
        RuntimeError: what came back is neither quotes nor an abstention.
    """
    began = time.monotonic()
    body = json.dumps({"data": [question, [], False]}).encode()
    request = Request(f"{url}gradio_api/call/ask", body, {"Content-Type": "application/json"})
    with OPENER.open(request, timeout=120) as answer:
        event = json.loads(answer.read())["event_id"]
    with OPENER.open(f"{url}gradio_api/call/ask/{event}", timeout=120) as stream:
        told = stream.read().decode()
    if "event: complete" not in told or '"abstained"' not in told:
        raise RuntimeError(told[:300])
    return time.monotonic() - began


def load(url: str, questions: list[str], clients: int, seconds: float) -> tuple[list[float], list[str]]:
    """Let clients ask one question after another; return all latencies and errors."""
    end = time.monotonic() + seconds
    waiting = itertools.cycle(questions)
    lock = threading.Lock()
    latencies: list[float] = []
    errors: list[str] = []

    def client() -> None:
        while time.monotonic() < end:
            with lock:
                question = next(waiting)
            try:
                latencies.append(ask(url, question))
            except (OSError, RuntimeError) as error:
                errors.append(repr(error))

    with ThreadPoolExecutor(clients) as threads:
        for _ in range(clients):
            threads.submit(client)
    return latencies, errors


def megabytes(process: int) -> float:
    """Return the resident memory of a process in MB."""
    fields = Path(f"/proc/{process}/status").read_text(encoding="ascii").split("VmRSS:")[1].split()
    return int(fields[0]) / 1000


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def write_texts(folder: Path, documents: int) -> None:
    """Write texts that take an ingest longer than the load lasts."""
    folder.mkdir()
    for number in range(documents):
        lines = (f"Group {number} walked {minute} minutes, and {minute + number} felt better." for minute in range(80))
        (folder / f"{number}.md").write_text(f"# Trial {number}\n\n" + "\n\n".join(lines), encoding="utf-8")


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    prompts = (ROOT / "tests" / "prompts" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in prompts if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        subprocess.run([*CITED, "ingest", str(ROOT / "corpus"), "--data-dir", str(data)], check=True, cwd=ROOT)
        write_texts(Path(folder) / "texts", documents=400)
        command = [*CITED, "ui", "--port", "0", "--data-dir", str(data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as page:
            assert page.stdout is not None
            url = page.stdout.readline().split()[4]
            load(url, questions, 1, 3.0)
            alone, failed = load(url, questions, 1, ALONE_SECONDS)
            before = megabytes(page.pid)
            ingest = subprocess.Popen(
                [*CITED, "ingest", str(Path(folder) / "texts"), "--data-dir", str(data)], cwd=ROOT
            )
            many, errors = load(url, questions, given.clients, given.seconds)
            going = ingest.poll() is None
            half = megabytes(page.pid)
            ingest.wait()
            again, more = load(url, questions, given.clients, given.seconds / 2)
            after = megabytes(page.pid)
            page.terminate()
    cores = os.cpu_count() or 1
    allowed = 5 * percentile(alone, 0.95) * given.clients / cores
    for name, found in (("1 client", alone), (f"{given.clients} clients, ingest", many), ("without ingest", again)):
        print(
            f"{name}: {len(found)} questions, p50 {statistics.median(found):.2f} s, p95 {percentile(found, 0.95):.2f} s"
        )
    errors = [*failed, *errors, *more]
    print(f"errors: {len(errors)} {errors[:3]}")
    print(f"ingest still going at the end of the load: {going}")
    print(f"memory: {before:.0f} MB before, {half:.0f} MB during, {after:.0f} MB after")
    print(f"p95 allowed: {allowed:.2f} s on {cores} cores")
    return 0 if not errors and percentile(many, 0.95) <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
