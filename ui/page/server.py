"""The web server of the page: it listens, adds security headers and shuts down cleanly."""

import asyncio
import errno
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware

from ingest.errors import SettingsInvalid, UserFacingError

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; form-action 'self'"
)
"""Content-Security-Policy: the browser blocks every request to another host."""
STREAM_SECONDS = 0.25
"""How often an open stream checks whether the server is stopping."""
START_SECONDS = 30.0
"""How long to wait for the server to start; it took 0.3 s on two busy cores."""

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Middleware that adds the security headers to every response and ends open streams on shutdown.

    An open page keeps a stream open. Without this, the server would wait for
    it on shutdown and then cut it off with a traceback.
    """

    def __init__(self, app: App) -> None:
        self.stopping = False
        self._app = app
        self._headers = [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        unfinished = False

        async def receiving() -> Message:
            while not self.stopping:
                try:
                    return await asyncio.wait_for(receive(), STREAM_SECONDS)
                except TimeoutError:
                    continue
            return {"type": "http.disconnect"}

        async def sending(message: Message) -> None:
            nonlocal unfinished
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            unfinished = bool(message.get("more_body"))
            await send(message)

        http = scope["type"] == "http"
        await self._app(scope, receiving if http else receive, sending if http else send)
        if unfinished:
            await send({"type": "http.response.body"})


class Served:
    """A running page: its address, and methods to wait for its end or to stop it."""

    def __init__(self, listener: socket.socket, guard: Guard, server: uvicorn.Server, thread: threading.Thread) -> None:
        self.url = _address(listener)
        self.beyond_this_machine = not _is_loopback(listener)
        self._guard = guard
        self._server = server
        self._thread = thread

    def wait(self) -> None:
        """Wait until the server stops; Ctrl+C stops it."""
        try:
            while self._thread.is_alive():
                self._thread.join(timeout=1.0)
        except KeyboardInterrupt:
            self.close()

    def close(self) -> None:
        """Stop the server and free its port."""
        self._guard.stopping = True
        self._server.should_exit = True
        self._thread.join()


def start(app: App, listener: socket.socket) -> Served:
    """Serve an application on a listening socket, in a separate thread.

    Raises:
        UserFacingError: the server did not start.
    """
    guard = Guard(_known_by_name(app, listener))
    config = uvicorn.Config(guard, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            listener.close()
            raise UserFacingError("the page did not start", remedy="see the messages above")
        time.sleep(0.01)
    served = Served(listener, guard, server, thread)
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


def _known_by_name(app: App, listener: socket.socket) -> App:
    """On loopback, refuse requests for other host names, to prevent DNS rebinding.

    Source: Jackson et al., Protecting Browsers from DNS Rebinding Attacks (CCS 2007).
    """
    if not _is_loopback(listener):
        return app
    host = listener.getsockname()[0]
    names = ("localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host)
    return TrustedHostMiddleware(app, allowed_hosts=names, www_redirect=False)


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _address(listener: socket.socket) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
