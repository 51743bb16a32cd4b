"""Ingest a folder with the fake encoder: writer.py DATA ROOT [BYTES], where no file may grow beyond BYTES."""

import importlib.util
import resource
import sys
from pathlib import Path

from ingest.errors import UserFacingError
from ingest.runs.pipeline import ingest

specification = importlib.util.spec_from_file_location("shared", Path(__file__).parents[1] / "conftest.py")
assert specification is not None and specification.loader is not None
shared = importlib.util.module_from_spec(specification)
specification.loader.exec_module(shared)

data, root = Path(sys.argv[1]), Path(sys.argv[2])
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
sys.stdout.write("begins\n")
sys.stdout.flush()
try:
    report = ingest([root], data, shared.FakeEncoder())
except UserFacingError as error:
    sys.stdout.write(f"{type(error).__name__}: {error}\n")
    sys.exit(1)
sys.stdout.write(f"ends, {report.encoded} encoded\n")
