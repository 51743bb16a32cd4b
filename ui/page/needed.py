"""Hides the routes of Gradio that this page and its programs do not need."""

import re

from starlette.responses import PlainTextResponse

from ui.page.guard import App, Receive, Scope, Send, path_of

UPLOADS = "/gradio_api/upload"
"""Gradio's route for uploads."""
PAGE = (
    r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/assets/.+|/static/.+"
    r"|/gradio_api/(info|app_id|upload_progress|queue/data|heartbeat/[^/]+|call/[^/]+/[^/]+)"
)
EVENTS = r"/gradio_api/(queue/join|run/predict|call/[^/]+|call/v2/[^/]+|cancel|reset|upload)"

_NEEDED = {"GET": re.compile(PAGE), "HEAD": re.compile("/"), "POST": re.compile(EVENTS)}


class NeededRoutes:
    """Middleware in front of Gradio's application that answers 404 for routes that are not needed.

    Gradio has routes that fetch addresses, store files, convert videos and
    more, on every page. A test records what the page and Gradio's client ask
    for, so it fails if another version of Gradio needs another route.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            needed = _NEEDED.get(scope["method"])
            if needed is None or not needed.fullmatch(path_of(scope)):
                await PlainTextResponse("Not found.\n", status_code=404)(scope, receive, send)
                return
        await self._app(scope, receive, send)
