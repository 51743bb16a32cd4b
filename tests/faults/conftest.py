"""What the fault tests share: a writer in a process of its own, and how often to disturb it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEW = 2

Start = Callable[..., "subprocess.Popen[str]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", metavar="N", type=int, default=FEW, help="disturb the writer N times")


@pytest.fixture
def times(request: pytest.FixtureRequest) -> int:
    """How often to disturb: `pytest tests/faults --faults 50` is the long version."""
    return int(request.config.getoption("--faults", default=FEW))


@pytest.fixture
def start() -> Start:
    """Start a process that ingests a folder: `start(data, root)`; it prints "begins", then "ends" or an error."""

    def run(data: Path, root: Path, *options: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(Path(__file__).parent / "writer.py"), str(data), str(root), *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )

    return run
