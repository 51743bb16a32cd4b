"""Ingest a folder with the fake encoder: writer.py DATA ROOT [BYTES [VECTORS]].

No file may grow beyond BYTES (0: no limit); the process kills itself once it has stored that many VECTORS.
"""

import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.errors import UserFacingError
from ingest.index.vectors import Vectors
from ingest.models.encoder import Vectors32
from ingest.runs import pipeline

specification = importlib.util.spec_from_file_location("shared", Path(__file__).parents[1] / "conftest.py")
assert specification is not None and specification.loader is not None
shared = importlib.util.module_from_spec(specification)
specification.loader.exec_module(shared)


class Mortal:
    """In place of `Vectors.add`: kills the process as soon as `rest` vectors are stored."""

    def __init__(self, rest: int) -> None:
        self.rest = rest

    def add_to(self, vectors: Vectors, ids: Sequence[str], rows: Vectors32) -> None:
        stored = min(len(ids), self.rest)
        add(vectors, ids[:stored], rows[:stored])
        self.rest -= stored
        if self.rest == 0:
            os.kill(os.getpid(), signal.SIGKILL)


data, root = Path(sys.argv[1]), Path(sys.argv[2])
limits = [int(argument) for argument in sys.argv[3:]]
if limits and limits[0]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits[0], limits[0]))
if len(limits) > 1:
    add, mortal = Vectors.add, Mortal(limits[1])
    Vectors.add = lambda *arguments: mortal.add_to(*arguments)  # type: ignore[method-assign]
sys.stdout.write("begins\n")
sys.stdout.flush()
try:
    report = pipeline.ingest([root], data, shared.FakeEncoder())
except UserFacingError as error:
    sys.stdout.write(f"{type(error).__name__}: {error}\n")
    sys.exit(1)
sys.stdout.write(f"ends, {report.encoded} encoded\n")
