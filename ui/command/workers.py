"""Several pages on one machine: processes that are started again when they end, behind one address."""

import logging
import multiprocessing
import signal
import time
from contextlib import closing
from multiprocessing.connection import Connection
from threading import Event, Thread

from ingest.errors import UserFacingError
from ingest.index import servers
from ingest.settings import Settings
from ui.command.logs import set_up

RESTART_SECONDS = 1.0
"""After how long a page that ended is started again."""
LOOPBACK = "127.0.0.1"
TICK = 0.2
END_SECONDS = 20.0
"""How long pages may take to end; they answer what is being asked."""

log = logging.getLogger(__name__)


class Workers:
    """Runs so many pages, each in a process of its own that listens on this machine alone.

    `pages` are the addresses of those that run now, by their numbers.
    """

    def __init__(self, settings: Settings, number: int) -> None:
        self.pages: dict[int, str] = {}
        self._settings = settings
        self._stopping = Event()
        self._context = multiprocessing.get_context("spawn")
        self._failure: UserFacingError | None = None
        self._keepers = [Thread(target=self._keep, args=(each,), name=f"page {each}") for each in range(1, number + 1)]

    def start(self) -> None:
        """Start all pages, and wait until each runs.

        Raises:
            UserFacingError: one of them cannot start.
        """
        for keeper in self._keepers:
            keeper.start()
        while len(self.pages) < len(self._keepers):
            if self._failure is not None:
                self.stop()
                raise self._failure
            time.sleep(TICK)

    def stop(self) -> None:
        """Let all pages answer what is being asked, then end them."""
        self._stopping.set()
        for keeper in self._keepers:
            keeper.join()

    def _keep(self, number: int) -> None:
        while not self._stopping.is_set():
            self._run(number)
            if not self._stopping.wait(RESTART_SECONDS):
                log.error("page %d ended and is started again", number)

    def _run(self, number: int) -> None:
        """Run a page until it ends, or all are to end."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(self._settings, theirs), name=f"page {number}")
        process.start()
        theirs.close()
        began = False
        with closing(ours):
            while not self._stopping.is_set():
                if not ours.poll(TICK):
                    continue
                try:
                    told = ours.recv()
                except (EOFError, OSError):  # it has ended
                    break
                if isinstance(told, UserFacingError):
                    self._failure = told
                else:
                    self.pages[number], began = told, True
            self.pages.pop(number, None)
        if not began and not self._failure:
            self._failure = UserFacingError("a page did not start", remedy="see the messages above")
        process.join(END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def work(settings: Settings, starter: Connection) -> None:
    """Serve a page on a free port, which is told to the starter, until that closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to all processes; the starter ends this one in order
    from assistant.library import Library
    from ui.page.stubs import without_stubs

    with without_stubs():
        from ui.page.app import serve
    from ui.page.server import listen

    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    set_up(settings)
    servers.use(servers.of(settings))
    try:
        with closing(Library(settings)) as library:
            served = serve(library, settings, behind=listen(LOOPBACK, 0), block=False)
            starter.send(served.url)
            while served.runs and not starter.poll(1.0):  # what there is then is the end
                pass
            served.close()
    except UserFacingError as error:
        starter.send(error)
