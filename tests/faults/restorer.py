"""Restore a backup again and again: restorer.py BACKUP DATA; each line read is a step at which to be killed, or 0.

A step is anything that Python reports to audit hooks about files. Each restore
is a process of its own; prints its exit status, or how many steps it took.
"""

import os
import signal
import sys
from pathlib import Path

from ingest.settings import Settings
from ui.handlers.restore import restore

steps, last = 0, 0


def count(event: str, _arguments: object) -> None:
    global steps
    if event in ("open", "sqlite3.connect", "shutil.rmtree") or event.startswith("os."):
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)


settings = Settings(data_dir=Path(sys.argv[2]))
for line in sys.stdin:
    if os.fork() == 0:
        last = int(line)
        sys.addaudithook(count)
        restore(Path(sys.argv[1]), settings, force=True)
        sys.stdout.write(f"{steps}\n")
        sys.stdout.flush()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.wait()[1])
    if status:
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()
