"""Watched folders: their changes are ingested while the page runs."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Lock, Thread

from ingest.errors import IndexLocked, RunStopped, UserFacingError, not_written
from ingest.files import replace_text
from ingest.models.encoder import Encoder
from ingest.runs.journal import note_failure, note_run
from ingest.runs.report import RunReport
from ingest.runs.watch import watch
from ingest.settings import Settings
from ui.handlers.corpus import roots

FILE_NAME = "watched.json"
BY = "the page, watching"
"""Who makes these runs, in the journal."""
RETRY_SECONDS = 60.0
"""After how long a folder is tried again that could not be read at the start, such as one on another disk."""
LOCKED_SECONDS = 0.5
"""After how long it is tried again because another run was being made."""
TICK = 0.1

log = logging.getLogger(__name__)


class AlsoSet(Event):
    """An event that is also set while a condition holds, such as that another event is set."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        super().__init__()
        self._condition = condition

    def is_set(self) -> bool:
        """Return whether this event is set or the condition holds."""
        return super().is_set() or self._condition()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or so many seconds."""
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (left := end - time.monotonic()) > 0:
            super().wait(min(left, TICK))
        return self.is_set()


class Watching:
    """Watches folders of a collection, each in a thread of its own, so that a missing one does not hold up others.

    Which ones is kept in a file beside the catalog. `turn` is held while a run
    is made; setting `ending` ends the watching within seconds.
    """

    def __init__(self, settings: Settings, encoder: Callable[[], Encoder], turn: Lock, ending: Event) -> None:
        self._settings = settings
        self._encoder = encoder
        self._turn = turn
        self._ending = ending
        self._changing = Lock()
        self._watches: dict[str, Event] = {}
        self.failures: dict[str, str] = {}

    @property
    def folders(self) -> frozenset[str]:
        """The paths of the folders that are watched."""
        return frozenset(self._watches)

    def resume(self) -> None:
        """Watch the folders that were watched when the page last ran, unless they have left the collection."""
        with self._changing:
            for root in sorted(_stored(self._settings.folder).intersection(roots(self._settings.folder))):
                self._begin(root)

    def begin(self, root: str) -> None:
        """Watch a folder of the collection.

        Raises:
            IndexUnwritable: this cannot be kept.
        """
        with self._changing:
            _store({*self._watches, root}, self._settings.folder)
            self._begin(root)

    def end(self, root: str) -> None:
        """Watch a folder no longer; a run that is being made of it ends without changing anything.

        Raises:
            IndexUnwritable: this cannot be kept.
        """
        with self._changing:
            _store({*self._watches} - {root}, self._settings.folder)
            stop = self._watches.pop(root, None)
            self.failures.pop(root, None)
        if stop is not None:
            stop.set()

    def _begin(self, root: str) -> None:
        if root not in self._watches:
            stop = AlsoSet(self._is_over)
            self._watches[root] = stop
            Thread(target=self._watch, args=(root, stop), name="watching").start()

    def _is_over(self) -> bool:
        """Whether the page stops, or the collection was deleted; a run would create it again."""
        return self._ending.is_set() or not self._settings.folder.is_dir()

    def _watch(self, root: str, stop: Event) -> None:
        while not stop.is_set():
            try:
                for outcome in self._runs(root, stop):
                    self._note(root, outcome)
                return
            except RunStopped:
                return
            except UserFacingError as error:  # at the start
                self._note(root, error)
                stop.wait(LOCKED_SECONDS if isinstance(error, IndexLocked) else RETRY_SECONDS)

    def _runs(self, root: str, stop: Event) -> Iterator[RunReport | UserFacingError]:
        return watch(
            [Path(root)],
            self._settings.folder,
            self._encoder(),
            stop=stop,
            limits=self._settings.read_limits,
            turn=self._turn,
            abort=stop,
        )

    def _note(self, root: str, outcome: RunReport | UserFacingError) -> None:
        """Keep and log how a run ended; one that had to wait for another is tried again by itself."""
        if isinstance(outcome, RunReport):
            self.failures.pop(root, None)
            note_run(outcome, self._settings.folder, by=BY)
        elif not isinstance(outcome, IndexLocked) and self.failures.get(root) != outcome.public:
            self.failures[root] = outcome.public
            note_failure(outcome, by=BY)


def _stored(folder: Path) -> frozenset[str]:
    """Return the folders that the file names; none if it is missing or was edited wrongly."""
    path = folder / FILE_NAME
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read, so no folder is watched: %s", path, error)
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def _store(watched: set[str], folder: Path) -> None:
    path = folder / FILE_NAME
    try:
        replace_text(path, json.dumps(sorted(watched), indent=1))
    except OSError as error:
        raise not_written("which folders are watched cannot be saved", str(path), error) from error
