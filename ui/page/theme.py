"""Puts the script of the theme at the start of the page, so that it is painted in the chosen colours at once."""

from markupsafe import Markup

from ui.page.guard import App, Message, Receive, Scope, Send, path_of
from ui.page.templating import render

HEAD = b"<head>"


class EarlyTheme:
    """Middleware inside Gradio's application: Gradio itself adds scripts only after it has painted.

    `script` is JavaScript.
    """

    def __init__(self, app: App, script: str) -> None:
        self._app = app
        self._early = HEAD + render("theme.html", script=Markup(script)).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or path_of(scope) != "/":
            await self._app(scope, receive, send)
            return
        start: Message = {}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            if start:
                longer = message.get("body", b"").replace(HEAD, self._early, 1)
                await send({**start, "headers": _without_length(start)})
                start.clear()
                message = {**message, "body": longer}
            await send(message)

        await self._app(scope, receive, sending)


def _without_length(start: Message) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in start.get("headers", ()) if name.lower() != b"content-length"]
