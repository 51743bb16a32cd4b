"""The runs of a collection's page: one at a time, in the background, with progress, and with watched folders."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event, Lock

from ingest.errors import RunStopped, UserFacingError
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import Prune, RunReport
from ingest.settings import Settings
from ui.handlers.corpus import THE_PAGE, Planned, apply
from ui.handlers.watching import AlsoSet, Watching

TELL_SECONDS = 0.2
TURN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """The progress of a run: files done, files to read, the current one, and seconds taken so far.

    `waiting` says that a watched folder is being read first.
    """

    done: int
    total: int
    source: str
    seconds: float = 0.0
    waiting: bool = False


class Ingesting:
    """The runs of a page: one at a time, in the background, seen by everyone who opens the tab.

    A run goes on whoever looks, until it is done or cancelled, or `ending` is set.
    """

    def __init__(self, settings: Settings, encoder: Callable[[], Encoder], ending: Event) -> None:
        self._settings = settings
        self._encoder = encoder
        self._ending = ending
        self._turn = Lock()
        self._lock = Lock()
        self._cancelled = Event()
        self._began = 0.0
        self._progress = IngestProgress(0, 0, "")
        self._run: Future[RunReport | Planned] | None = None
        self.watching = Watching(settings, encoder, self._turn, ending)
        self.planned: Planned | None = None

    @property
    def running(self) -> bool:
        """Whether a run is being made."""
        return self._run is not None and not self._run.done()

    def start(self, planned: Planned, prune: Prune = Prune.CAREFUL, by: str = THE_PAGE) -> bool:
        """Start to carry out a plan; return False if another run is still being made."""
        with self._lock:
            if self.running:
                return False
            self._cancelled = AlsoSet(self._ending.is_set)
            self._began = time.monotonic()
            self._progress = IngestProgress(0, len(planned.files), "")
            self.planned = planned
            worker = ThreadPoolExecutor(1, "ingest")
            self._run = worker.submit(self._work, planned, prune, by, self._cancelled)
            worker.shutdown(wait=False)
            return True

    def cancel(self) -> None:
        """Cancel the run; the index stays as it was, and what was encoded is kept for the next one."""
        self._cancelled.set()

    def follow(self) -> Iterator[IngestProgress | RunReport | Planned]:
        """Yield the progress of the last run until it ends, then its report, or a new plan if its own was outdated.

        Yields nothing if there has been no run.

        Raises:
            RunStopped: it was cancelled; nothing was changed.
            UserFacingError: any other error of `apply`.
        """
        run = self._run
        if run is None:
            return
        while not run.done():
            yield replace(self._progress, seconds=time.monotonic() - self._began)
            wait([run], timeout=TELL_SECONDS)
        yield run.result()

    def _work(self, planned: Planned, prune: Prune, by: str, stop: Event) -> RunReport | Planned:
        root = str(planned.forgets)
        watched = root in self.watching.folders
        if watched:  # or its next change would bring it back
            self.watching.end(root)
        try:
            self._wait(stop)
            try:
                tell = self._teller(len(planned.files))
                encoder = self._encoder()
                return apply(planned, self._settings, encoder, prune=prune, tell=tell, stop=stop, by=by)
            finally:
                self._turn.release()
        except UserFacingError:
            if watched:
                self.watching.begin(root)
            raise

    def _wait(self, stop: Event) -> None:
        """Wait until no watched folder is being read."""
        while not self._turn.acquire(timeout=TURN_SECONDS):
            self._progress = replace(self._progress, waiting=True)
            if stop.is_set():
                raise RunStopped("the run was cancelled, so nothing was changed")
        self._began = time.monotonic()

    def _teller(self, total: int) -> Callable[[int, int, str], None]:
        """Return what counts the files that are read; unchanged ones, which take no time, do not count."""
        begun = 0

        def tell(_done: int, _total: int, source: str) -> None:
            nonlocal begun
            begun += bool(source)
            done = begun - 1 if source else total
            self._progress = IngestProgress(done, total, source)

        return tell
