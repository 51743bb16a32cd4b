"""Whose browser this is: a random secret in a cookie, so that people who share a page do not mix."""

import re
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from ui.page.server import App, Message, Receive, Scope, Send

COOKIE = "cited_owner"
SECONDS = 400 * 24 * 3600
"""How long a browser keeps the secret after its last visit: the longest that browsers allow."""

_SECRET = re.compile(r"[0-9a-f]{32}")


def owner_of(cookies: Mapping[str, str]) -> str:
    """Return the browser's secret; "" where it has none, as a program or a browser that refuses cookies."""
    secret = cookies.get(COOKIE, "")
    return secret if _SECRET.fullmatch(secret) else ""


class Owners:
    """An application that gives every browser a secret with the page, and renews it with every visit.

    The page's script cannot read it, other sites cannot make use of it.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        secret = owner_of(cookie_parser(Headers(scope=scope).get("cookie", ""))) or secrets.token_hex(16)
        cookie = f"{COOKIE}={secret}; Max-Age={SECONDS}; Path=/; HttpOnly; SameSite=Lax"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
            await send(message)

        await self._app(scope, receive, sending)
