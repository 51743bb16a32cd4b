import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("memory.py")
NUMBER = 9_000


def growth(shard_size: int) -> float:
    """Return by how many megabytes memory grows from the second thousand vectors to the last."""
    command = [sys.executable, str(SCRIPT), "vectors", str(NUMBER), str(shard_size)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    resident = {int(done): float(now) for done, now in re.findall(r"^ *(\d+): +(\d+) MB,", told, flags=re.MULTILINE)}
    return resident[NUMBER] - resident[2_000]


def test_the_writer_keeps_one_shard_in_memory() -> None:
    assert growth(1_000) < growth(NUMBER) / 2
