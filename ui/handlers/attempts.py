"""Counts wrong passwords in the last minutes, where all pages of a data folder see them."""

import hashlib
import json
import time
from pathlib import Path

from ingest.errors import not_written
from ingest.index.kept import kept_in

FILE_NAME = "attempts.json"
LOCK_NAME = "attempts.lock"
ATTEMPTS = 10
"""Wrong passwords from one address, and three times as many for one account, before a pause."""
PAUSE_SECONDS = 300.0


class Attempts:
    """Counts wrong passwords by address and by account. Safe for threads and processes."""

    def __init__(self, data_dir: Path) -> None:
        self._kept = kept_in(data_dir)

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
            with self._kept.changing(LOCK_NAME):
                wrong = self._wrong()
                for key, _ in _limits(address, name):
                    wrong[key] = [*wrong.get(key, []), time.time()]
                self._kept.replace(FILE_NAME, json.dumps(wrong).encode(), mode=0o600)
        except OSError as error:
            where = self._kept.where(FILE_NAME)
            raise not_written("the attempts to sign in cannot be counted", where, error) from error

    def _wrong(self) -> dict[str, list[float]]:
        """Return when the wrong passwords of the last minutes were given, by what they are counted for."""
        now, found = time.time(), self._kept.read(FILE_NAME)
        try:
            stored = json.loads(found[1]) if found is not None else {}
            kept = {key: [when for when in times if 0 <= now - when < PAUSE_SECONDS] for key, times in stored.items()}
        except (ValueError, AttributeError, TypeError):  # it was edited
            return {}
        return {key: times for key, times in kept.items() if times}


def _limits(address: str, name: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return what a wrong password is counted for, and how many are allowed; a name may be a mistyped password."""
    hashed = hashlib.sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return (f"address {address}", ATTEMPTS), (f"name {hashed}", 3 * ATTEMPTS)
