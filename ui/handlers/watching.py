"""Watched folders: their changes are ingested while the page runs."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Lock, Thread

from filelock import FileLock, Timeout

from ingest.errors import IndexLocked, RunStopped, UserFacingError, not_written
from ingest.files import replace_text
from ingest.models.encoder import Encoder
from ingest.runs.journal import note_failure, note_run
from ingest.runs.report import RunReport
from ingest.runs.watch import watch
from ingest.settings import Settings
from ui.handlers.corpus import roots

FILE_NAME = "watched.json"
FAILURES_NAME = "watched-failures.json"
LOCK_NAME = "watching.lock"
CHANGING_NAME = "watched.lock"
BY = "the page, watching"
"""Who makes these runs, in the journal."""
RETRY_SECONDS = 60.0
"""After how long a folder is tried again that could not be read at the start, such as one on another disk."""
LOCKED_SECONDS = 0.5
"""After how long it is tried again because another run was being made."""
TURN_SECONDS = 1.0
"""How often a page looks whether it is its turn to watch, and whether another page has changed what is watched."""
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

    Which ones is kept in a file beside the catalog. Of several pages on the
    same data folder, the first one watches; when it ends, another goes on.
    `turn` is held while a run is made; setting `ending` ends the watching
    within seconds.
    """

    def __init__(self, settings: Settings, encoder: Callable[[], Encoder], turn: Lock, ending: Event) -> None:
        self._settings = settings
        self._encoder = encoder
        self._turn = turn
        self._ending = ending
        self._changing = Lock()
        self._watches: dict[str, tuple[Event, Thread]] = {}
        self._hindered = ""  # by what, at the last look that failed
        self._only = FileLock(settings.folder / LOCK_NAME, thread_local=False)

    @property
    def folders(self) -> frozenset[str]:
        """The paths of the folders that are watched, by this page or another."""
        stored = _stored(self._settings.folder)
        return stored.intersection(roots(self._settings.folder)) if stored else stored

    @property
    def failures(self) -> dict[str, str]:
        """Why folders that are watched, by this page or another, cannot be read."""
        found = _read(self._settings.folder / FAILURES_NAME)
        return {str(root): str(why) for root, why in found.items()} if isinstance(found, dict) else {}

    def resume(self) -> None:
        """From now on, watch the folders that the file names, unless they have left the collection."""
        self._look()
        Thread(target=self._keep_watching, name="watching in turn", daemon=True).start()

    def begin(self, root: str) -> None:
        """Watch a folder of the collection.

        Raises:
            IndexUnwritable: this cannot be kept.
        """
        with self._changing:
            _store(self._settings.folder, add=root)
            if self._is_its_turn():
                self._begin(root)

    def end(self, root: str) -> None:
        """Watch a folder no longer; a run that is being made of it ends without changing anything.

        Raises:
            IndexUnwritable: this cannot be kept.
        """
        with self._changing:
            _store(self._settings.folder, remove=root)
            self._end(root)
        self._tell(root, "")

    def _keep_watching(self) -> None:
        while not self._is_over():
            AlsoSet(self._is_over).wait(TURN_SECONDS)
            self._look()
        with self._changing:
            for _, thread in self._watches.values():
                thread.join()
            self._only.release()

    def _look(self) -> None:
        """Watch what is to be watched; if the catalog cannot be read, as while its server is down, look again later."""
        try:
            self._watch_stored()
        except UserFacingError as error:
            if self._hindered != str(error):
                log.warning("folders are not watched: %s", error)
            self._hindered = str(error)

    def _watch_stored(self) -> None:
        """Watch what the file names, and nothing else, if it is this page's turn."""
        with self._changing:
            stored = _stored(self._settings.folder)
            if self._is_over() or not (stored or self._watches) or not self._is_its_turn():
                return
            for root in self._watches.keys() - stored:
                self._end(root)
            missing = stored - self._watches.keys()
            for root in sorted(missing.intersection(roots(self._settings.folder)) if missing else ()):
                self._begin(root)

    def _is_its_turn(self) -> bool:
        """Return whether this page is the one that watches; it stays so until it ends."""
        try:
            if not self._only.is_locked:
                self._only.acquire(blocking=False)
        except (Timeout, OSError):  # another page watches, or nothing can be written here
            return False
        return True

    def _begin(self, root: str) -> None:
        if root not in self._watches:
            stop = AlsoSet(self._is_over)
            thread = Thread(target=self._watch, args=(root, stop), name="watching")
            self._watches[root] = stop, thread
            thread.start()

    def _end(self, root: str) -> None:
        if root in self._watches:
            stop, _ = self._watches.pop(root)
            stop.set()

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
            self._tell(root, "")
            note_run(outcome, self._settings.folder, by=BY)
        elif not isinstance(outcome, IndexLocked) and self.failures.get(root) != outcome.public:
            self._tell(root, outcome.public)
            note_failure(outcome, by=BY)

    def _tell(self, root: str, failure: str) -> None:
        """Tell all pages why a folder cannot be read, or that it can."""
        folder = self._settings.folder
        if self.failures.get(root, "") == failure or not folder.is_dir():
            return
        try:
            with FileLock(folder / CHANGING_NAME):
                others = {name: why for name, why in self.failures.items() if name != root}
                told = {**others, root: failure} if failure else others
                replace_text(folder / FAILURES_NAME, json.dumps(told, indent=1))
        except OSError as error:
            log.warning("%s: why folders cannot be read cannot be saved: %s", folder, error)


def _stored(folder: Path) -> frozenset[str]:
    """Return the folders that the file names; none if it is missing or was edited wrongly."""
    names = _read(folder / FILE_NAME)
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def _read(path: Path) -> object:
    """Return what a file holds; None if it is missing or was edited wrongly."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read, so it is passed over: %s", path, error)
        return None


def _store(folder: Path, *, add: str = "", remove: str = "") -> None:
    path = folder / FILE_NAME
    try:
        with FileLock(folder / CHANGING_NAME):
            watched = {*_stored(folder), add} - {remove, ""}
            replace_text(path, json.dumps(sorted(watched), indent=1))
    except OSError as error:
        raise not_written("which folders are watched cannot be saved", str(path), error) from error
