"""What the fault tests share: an index to disturb, a writer in a process of its own, and how often to disturb it."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conftest import FakeEncoder
from tests.faults.case import Case

ROOT = Path(__file__).parents[2]
FEW = 1

CAPABILITIES_VERSION = 0x20080522  # Linux's _LINUX_CAPABILITY_VERSION_3
READ_EVERYTHING = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: what lets root pass over permissions

Result = TypeVar("Result")
Start = Callable[..., "subprocess.Popen[str]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", metavar="N", type=int, default=FEW, help="disturb the writer N times")
    parser.addoption("--fuzz-seconds", metavar="S", type=float, default=0, help="fuzz each reader for S seconds")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what each reader made of the files that it was given."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "fuzzed" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {value}")


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("case"), FakeEncoder())


@pytest.fixture
def times(request: pytest.FixtureRequest) -> int:
    """How often to disturb: `pytest tests/faults --faults 50` is the long version."""
    return int(request.config.getoption("--faults", default=FEW))


@pytest.fixture
def fuzz_seconds(request: pytest.FixtureRequest) -> float:
    """How long to fuzz a reader, or 0 for few files: `pytest tests/faults/test_fuzz.py --fuzz-seconds 300`."""
    return float(request.config.getoption("--fuzz-seconds", default=0))


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


@pytest.fixture
def bound_by_permissions() -> Callable[[Callable[[], Result]], Result]:
    """Call a function in a thread that permissions hold for, even where the tests run as root."""

    def call(function: Callable[[], Result]) -> Result:
        with ThreadPoolExecutor(1) as thread:
            if os.geteuid() == 0:
                thread.submit(give_up_reading_everything).result()
            return thread.submit(function).result()

    return call


def give_up_reading_everything() -> None:
    """Take from this thread what root may do with others' files; Linux only."""
    if sys.platform != "linux":
        pytest.skip("root may read everything")
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice, the low bits first
    if libc.capget(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    sets[0] &= ~READ_EVERYTHING
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
