"""Middleware in front of the whole page: security headers, and the end of open streams on shutdown."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""Content-Security-Policy: the browser blocks every request to another host, and no other page may frame this one."""
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"same-origin"),  # with no-referrer, browsers hide the page's origin from the page's forms
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
)
CROSS_ORIGIN = b"access-control-"
"""The start of the names of all headers that let other pages read a response; Gradio sets some."""
STREAM_SECONDS = 0.25
"""How often an open stream checks whether the server is stopping."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def path_of(scope: Scope) -> str:
    """Return the path of a request within its application."""
    root, path = scope.get("root_path", ""), str(scope["path"])
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


class Guard:
    """Middleware that sets the security headers of every response and ends open streams on shutdown.

    An open page keeps a stream open. Without this, the server would wait for
    it on shutdown and then cut it off with a traceback.
    """

    def __init__(self, app: App) -> None:
        self.stopping = False
        self._app = app

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
                given = message.get("headers", ())
                kept = [(name, value) for name, value in given if not name.lower().startswith(CROSS_ORIGIN)]
                message["headers"] = [*kept, *HEADERS]
            unfinished = bool(message.get("more_body"))
            await send(message)

        http = scope["type"] == "http"
        await self._app(scope, receiving if http else receive, sending if http else send)
        if unfinished:
            await send({"type": "http.response.body"})
