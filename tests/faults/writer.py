"""Ingest a folder with the fake encoder: writer.py DATA ROOT [BYTES [TEXTS]].

No file may grow beyond BYTES (0: no limit); the process kills itself after TEXTS were encoded and stored.
"""

import importlib.util
import os
import resource
import signal
import sys
from pathlib import Path

from ingest.errors import UserFacingError
from ingest.runs.pipeline import ingest

specification = importlib.util.spec_from_file_location("shared", Path(__file__).parents[1] / "conftest.py")
assert specification is not None and specification.loader is not None
shared = importlib.util.module_from_spec(specification)
specification.loader.exec_module(shared)


class Mortal(shared.FakeEncoder):  # type: ignore[misc,name-defined]
    """Kills its process when it is used again after it has encoded that many texts."""

    texts = sys.maxsize

    def __getattribute__(self, name: str) -> object:
        if name in ("encode", "identity") and len(object.__getattribute__(self, "encoded")) >= self.texts:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)


data, root = Path(sys.argv[1]), Path(sys.argv[2])
limits = [int(argument) for argument in sys.argv[3:]]
if limits and limits[0]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits[0], limits[0]))
encoder = Mortal()
if len(limits) > 1:
    encoder.texts = limits[1]
sys.stdout.write("begins\n")
sys.stdout.flush()
try:
    report = ingest([root], data, encoder)
except UserFacingError as error:
    sys.stdout.write(f"{type(error).__name__}: {error}\n")
    sys.exit(1)
sys.stdout.write(f"ends, {report.encoded} encoded\n")
