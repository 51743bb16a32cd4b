"""The web server of the page: it listens and shuts down cleanly."""

import errno
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import uvicorn

from ingest.errors import SettingsInvalid, UserFacingError
from ingest.settings import Settings
from ui.handlers.accounts import Accounts
from ui.page.connections import LimitedConnection
from ui.page.guard import App

START_SECONDS = 120.0
"""How long to wait for the server to start; it took 0.3 s on two busy cores, and 30 s beside twenty other programs."""
BACKLOG = 128
"""Connections that wait to be accepted; all may be accepted at once, before the limit on them is applied."""

log = logging.getLogger(__name__)


class Served:
    """A running page: its address, and methods to wait for its end or to stop it."""

    def __init__(
        self, listener: socket.socket, server: uvicorn.Server, thread: threading.Thread, finish: Callable[[], None]
    ) -> None:
        self.url = _address(listener)
        self.beyond_this_machine = not is_loopback(listener)
        self._server = server
        self._thread = thread
        self._finish = finish

    @property
    def runs(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Wait until the server stops; Ctrl+C stops it."""
        try:
            while self.runs:
                self._thread.join(timeout=1.0)
        except KeyboardInterrupt:
            self.close()

    def close(self) -> None:
        """Answer what is being asked, then stop the server and free its port; takes seconds."""
        self._finish()
        self._server.should_exit = True
        self._thread.join()


def start(app: App, listener: socket.socket, finish: Callable[[], None], *, behind: bool = False) -> Served:
    """Serve an application on a listening socket, in a separate thread.

    `finish` is called before the server stops, and ends what is being asked.
    `behind` says that a server of ours on this machine passes requests on, and
    says from whom they are.

    Raises:
        UserFacingError: the server did not start.
    """
    config = uvicorn.Config(
        app,
        http=LimitedConnection,
        log_config=None,  # its records are written like all others
        ws="none",
        backlog=BACKLOG,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        forwarded_allow_ips="127.0.0.1" if behind else None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            listener.close()
            raise UserFacingError("the page did not start", remedy="see the messages above")
        time.sleep(0.01)
    served = Served(listener, server, thread, finish)
    log.info("the page is at %s", served.url)
    return served


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that the page listens on.

    Raises:
        SettingsInvalid: the port is in use, or the host is not an address of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsInvalid(
                f"port {port} is in use", "CITED_PORT", "choose another with --port; 0 takes any free one"
            ) from error
        if error.errno == errno.EACCES:
            raise SettingsInvalid(
                f"port {port} is not allowed here", "CITED_PORT", "choose one above 1023 with --port"
            ) from error
        raise SettingsInvalid(
            f"cannot listen on {host}", "CITED_HOST", "use an address of this machine, such as 127.0.0.1"
        ) from error


def open_listener(settings: Settings) -> socket.socket:
    """Open the socket that a page with these settings listens on.

    Raises:
        SettingsInvalid: see `listen`, or other machines could reach a page without accounts.
    """
    listener = listen(settings.host, settings.port)
    with ExitStack() as unused:
        unused.callback(listener.close)
        if not (is_loopback(listener) or settings.insecure or Accounts(settings.data_dir).exist()):
            what = f"without accounts, {open_to_all(settings)}"
            remedy = "add accounts with `cited user add NAME --role owner`, or use --insecure"
            raise SettingsInvalid(what, "CITED_HOST", remedy)
        unused.pop_all()
    return listener


def open_to_all(settings: Settings) -> str:
    """Return what people can do with a page that other machines reach and that has no accounts."""
    return f"anyone who can reach this machine can read {'' if settings.read_only else 'and change '}the texts"


def is_loopback(listener: socket.socket) -> bool:
    """Return whether only this machine can reach a socket."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _address(listener: socket.socket) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
