import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("memory.py")
SHARD_SIZE = 1_000
NUMBER = 16_000  # vectors: 25 MB more in one collection, where threads that happen to run late leave 7 MB unreturned


def growth(shard_size: int) -> float:
    """Return by how many megabytes memory grows after the second thousand vectors: the median of three at each end."""
    command = [sys.executable, str(SCRIPT), "vectors", str(NUMBER), str(shard_size)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    resident = [float(now) for now in re.findall(r"^ *\d+: +(\d+) MB,", told, flags=re.MULTILINE)]
    assert len(resident) == NUMBER // 1_000
    return statistics.median(resident[-3:]) - statistics.median(resident[1:4])


@pytest.mark.serial
@pytest.mark.slow
def test_the_writer_keeps_one_shard_in_memory() -> None:
    assert growth(SHARD_SIZE) < growth(NUMBER) / 2
