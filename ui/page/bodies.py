"""Limits what a request may send: the size of its body, how long it takes, and the space of all uploads."""

import asyncio
import time
from contextlib import nullcontext
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from ui.page.guard import App, Message, Receive, Scope, Send, path_of
from ui.page.needed import UPLOADS
from ui.page.uploads import UploadFolder, UploadsFull

FORM_BYTES = 2_000_000
"""The largest body that is not an upload; the largest form, feedback on an answer, has about 0.1 MB."""
TOO_LARGE = "The request is larger than {limit:,} bytes, which is the most that this address takes.\n"
UPLOAD_TOO_LARGE = (
    "The upload is larger than {megabytes:,} MB. Upload fewer files at a time, or raise the setting "
    "CITED_MAX_UPLOAD_MB.\n"
)
UPLOADS_FULL = "There is no room for this upload now. Try again when other uploads are finished.\n"
TOO_SLOW = "The request was sent too slowly.\n"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The largest upload and the largest other body in bytes, and how long a body may take.

    A body may take `seconds`, plus a second for each `bytes_per_second` received.
    """

    upload: int
    form: int = FORM_BYTES
    seconds: float = 60.0
    bytes_per_second: int = 50_000


class LimitedBodies:
    """Middleware that refuses bodies that are too large (413) or too slow (408), and uploads without room (507).

    The application behind it sees a refused request as one whose client has disconnected.
    """

    def __init__(self, app: App, limits: BodyLimits, folder: UploadFolder) -> None:
        self._app = app
        self._limits = limits
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = scope["method"] == "POST" and path_of(scope) == UPLOADS
        body = _Body(receive, self._limits, upload=upload)
        size = int(Headers(scope=scope).get("content-length", 0))
        if size > body.limit:
            await body.too_large()(scope, receive, send)
            return
        try:
            with self._folder.reserved(size or body.limit) if upload else nullcontext():
                await self._pass_on(body, scope, send)
        except UploadsFull:
            await PlainTextResponse(UPLOADS_FULL, status_code=507)(scope, receive, send)

    async def _pass_on(self, body: "_Body", scope: Scope, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if body.refusal is None:
                started = True
                await send(message)

        try:
            await self._app(scope, body.receive, sending)
        except ClientDisconnect:
            if body.refusal is None:  # the client is really gone
                return
        if body.refusal is not None and not started:
            await body.refusal(scope, body.receive, send)


class _Body:
    """The body of one request, and why it was refused, if it was."""

    def __init__(self, receive: Receive, limits: BodyLimits, *, upload: bool) -> None:
        self.limit = limits.upload if upload else limits.form
        self.refusal: PlainTextResponse | None = None
        self._receive = receive
        self._limits = limits
        self._upload = upload
        self._began = time.monotonic()
        self._received = 0
        self._complete = False

    async def receive(self) -> Message:
        """Receive the next part; a refused body ends with a disconnect."""
        if self._complete:
            return await self._receive()
        if self.refusal is None:
            allowed = self._limits.seconds + self._received / self._limits.bytes_per_second
            try:
                message = await asyncio.wait_for(self._receive(), self._began + allowed - time.monotonic())
            except TimeoutError:
                self.refusal = PlainTextResponse(TOO_SLOW, status_code=408, headers={"connection": "close"})
            else:
                self._complete = not message.get("more_body", False)
                self._received += len(message.get("body", b""))
                if self._received <= self.limit:
                    return message
                self.refusal = self.too_large()
        return {"type": "http.disconnect"}

    def too_large(self) -> PlainTextResponse:
        """Return the refusal of a body that is too large."""
        text = UPLOAD_TOO_LARGE if self._upload else TOO_LARGE
        return PlainTextResponse(text.format(limit=self.limit, megabytes=self.limit // 1_000_000), status_code=413)
