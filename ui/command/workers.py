"""Several pages on one machine: processes that are started again when they end, behind one address."""

import logging
import multiprocessing
import signal
import time
from contextlib import closing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Event, Thread

from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.command.logs import set_up
from ui.command.options import use_servers

RESTART_SECONDS = 1.0
"""After how long a page that ended is started again."""
LOOPBACK = "127.0.0.1"
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
        self._processes: dict[int, BaseProcess] = {}
        self._told: dict[int, Connection] = {}
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
            time.sleep(0.05)

    def stop(self) -> None:
        """Let all pages answer what is being asked, then end them."""
        self._stopping.set()
        for told in list(self._told.values()):
            told.close()
        for keeper in self._keepers:
            keeper.join()

    def _keep(self, number: int) -> None:
        while not self._stopping.is_set():
            self._run(number)
            if not self._stopping.wait(RESTART_SECONDS):
                log.error("page %d ended and is started again", number)

    def _run(self, number: int) -> None:
        """Run a page until it ends."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(self._settings, theirs), name=f"page {number}")
        self._told[number] = ours
        process.start()
        theirs.close()
        try:
            told = ours.recv()
        except (EOFError, OSError):  # it ended at once, or all are being stopped
            told = None
        if isinstance(told, str):
            self.pages[number] = told
        elif isinstance(told, UserFacingError):
            self._failure = told
        while process.is_alive() and not self._stopping.is_set():
            process.join(0.5)
        self.pages.pop(number, None)
        process.join(END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
        ours.close()


def work(settings: Settings, starter: Connection) -> None:
    """Serve a page on a free port, which is told to the starter, until that closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to all processes; the starter ends this one in order
    from assistant.library import Library
    from ui.page.app import serve
    from ui.page.server import listen

    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    set_up(settings)
    use_servers(settings)
    try:
        with closing(Library(settings)) as library:
            served = serve(library, settings, behind=listen(LOOPBACK, 0), block=False)
            starter.send(served.url)
            while served.runs and not starter.poll(1.0):  # what there is then is the end
                pass
            served.close()
    except UserFacingError as error:
        starter.send(error)
