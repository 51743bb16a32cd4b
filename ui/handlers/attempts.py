"""Counts wrong passwords in the last minutes, in a file that all pages of a data folder share."""

import hashlib
import json
import time
from pathlib import Path

from filelock import FileLock

from ingest.errors import not_written
from ingest.files import replace_text

FILE_NAME = "attempts.json"
ATTEMPTS = 10
"""Wrong passwords from one address, and three times as many for one account, before a pause."""
PAUSE_SECONDS = 300.0


class Attempts:
    """Counts wrong passwords by address and by account. Safe for threads and processes."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    def pause(self, address: str, name: str) -> float:
        """Return for how many more seconds no attempt is allowed; 0 if one is."""
        wrong, now = self._wrong(), time.time()
        times = ((wrong.get(key, []), limit) for key, limit in _limits(address, name))
        return max(each[-limit] + PAUSE_SECONDS - now if len(each) >= limit else 0.0 for each, limit in times)

    def add(self, address: str, name: str) -> None:
        """Count a wrong password.

        Raises:
            IndexUnwritable: this cannot be kept.
        """
        try:
            with FileLock(self._path.with_suffix(".lock")):
                wrong = self._wrong()
                for key, _ in _limits(address, name):
                    wrong[key] = [*wrong.get(key, []), time.time()]
                replace_text(self._path, json.dumps(wrong), mode=0o600)
        except OSError as error:
            raise not_written("the attempts to sign in cannot be counted", str(self._path), error) from error

    def _wrong(self) -> dict[str, list[float]]:
        """Return when the wrong passwords of the last minutes were given, by what they are counted for."""
        now = time.time()
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            kept = {key: [when for when in times if 0 <= now - when < PAUSE_SECONDS] for key, times in stored.items()}
        except (FileNotFoundError, ValueError, AttributeError, TypeError):  # none yet, or edited
            return {}
        return {key: times for key, times in kept.items() if times}


def _limits(address: str, name: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return what a wrong password is counted for, and how many are allowed; a name may be a mistyped password."""
    hashed = hashlib.sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return (f"address {address}", ATTEMPTS), (f"name {hashed}", 3 * ATTEMPTS)
