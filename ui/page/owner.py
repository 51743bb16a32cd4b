"""Identifies a browser by a random secret in a cookie, to keep the conversations of several people apart."""

import re
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from ui.page.guard import App, Message, Receive, Scope, Send, path_of

COOKIE = "cited_owner"
SECONDS = 400 * 24 * 3600
"""How long a browser keeps the secret after its last visit; browsers allow no more."""

_SECRET = re.compile(r"[0-9a-f]{32}")


def owner_of(cookies: Mapping[str, str]) -> str:
    """Return the browser's secret; "" if it has none, like programs and browsers that refuse cookies."""
    secret = cookies.get(COOKIE, "")
    return secret if _SECRET.fullmatch(secret) else ""


class Owners:
    """Middleware that sets the browser's secret when it loads the page, and renews it on every visit.

    Scripts cannot read the cookie (HttpOnly), and other sites cannot use it (SameSite).
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or path_of(scope) != "/":
            await self._app(scope, receive, send)
            return
        secret = owner_of(cookie_parser(Headers(scope=scope).get("cookie", ""))) or secrets.token_hex(16)
        cookie = f"{COOKIE}={secret}; Max-Age={SECONDS}; Path=/; HttpOnly; SameSite=Lax"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
            await send(message)

        await self._app(scope, receive, sending)
