"""Signing in: who a request is from, the sign-in page, and what each role reaches."""

import logging
import re
from urllib.parse import parse_qs, quote

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from ingest.errors import UserFacingError
from ui.handlers.accounts import SESSION_DAYS, Account, Accounts
from ui.handlers.attempts import Attempts
from ui.handlers.roles import Role
from ui.page.guard import App, Receive, Scope, Send, path_of
from ui.page.owner import COOKIE as OWNER_COOKIE
from ui.page.templating import render

COOKIE = "cited_session"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/favicon.ico"})
OWNER_PATHS = frozenset({"/metrics"})
WRONG = "The name or the password is wrong."
TOO_MANY = "Too many attempts. Try again in {minutes} minutes."
UNAUTHORIZED = "Sign in on the page, or send a token: `Authorization: Bearer TOKEN`."
FORBIDDEN = "Your account may not do this."

MOST_FIELDS = 10
"""Fields of the form that are read; it has three."""

_OWN_PATH = re.compile(r"/(?![/\\])[^\r\n]*\Z")
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)

log = logging.getLogger(__name__)


class SignIn:
    """Lets only accounts in, each to the application of its role: owners reach what editors do, and the metrics.

    The name of the account is in the state of each request, and its id is the
    owner of the conversations.
    """

    def __init__(self, readers: App, editors: App, accounts: Accounts, attempts: Attempts, style: str) -> None:
        self._apps = {Role.READER: readers, Role.EDITOR: editors, Role.OWNER: editors}
        self._accounts = accounts
        self._style = style
        self._attempts = attempts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        try:
            known = path_of(scope) not in OPEN_PATHS
            account = await run_in_threadpool(self._account, scope) if known else None
            answer = await self._answer(Request(scope, receive), account)
        except UserFacingError as error:
            log.error("%s", error)
            await JSONResponse({"detail": f"{error.what}; the program's log says more"}, 503)(scope, receive, send)
            return
        if answer is not None:
            await answer(scope, receive, send)
            return
        if account is None:
            await self._apps[Role.READER](scope, receive, send)
            return
        await self._apps[account.role](_owned(scope, account), receive, send)

    async def _answer(self, request: Request, account: Account | None) -> Response | None:
        """Return the answer to a request that no application handles."""
        path = path_of(request.scope)
        if path == SIGN_IN:
            wanted = request.query_params.get("next", "")
            return await self._sign_in(request) if request.method == "POST" else self._form("", wanted=wanted)
        if path == SIGN_OUT and request.method == "POST":
            await run_in_threadpool(self._accounts.sign_out, request.cookies.get(COOKIE, ""))
            return _with_cookie(RedirectResponse(SIGN_IN, 303), "", 0, request)
        if path in OPEN_PATHS:
            return None
        if account is None:
            wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
            if wants_page:
                wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                return RedirectResponse(SIGN_IN if wanted == "/" else f"{SIGN_IN}?next={quote(wanted)}", 303)
            return JSONResponse({"detail": UNAUTHORIZED}, 401, headers={"www-authenticate": "Bearer"})
        if path in OWNER_PATHS and account.role is not Role.OWNER:
            return JSONResponse({"detail": FORBIDDEN}, 403)
        return None

    async def _sign_in(self, request: Request) -> Response:
        try:
            text = (await request.body()).decode("utf-8", "replace")
            fields = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            return self._form(WRONG, status=403)
        name, password, wanted = (fields.get(each, [""])[0] for each in ("name", "password", "next"))
        address = request.client.host if request.client else ""
        pause = await run_in_threadpool(self._attempts.pause, address, name)
        if pause:
            return self._form(TOO_MANY.format(minutes=int(pause // 60) + 1), name, 429, wanted)
        secret = await run_in_threadpool(self._accounts.sign_in, name, password)
        if not secret:
            await run_in_threadpool(self._attempts.add, address, name)
            log.warning("a wrong name or password from %s", address, extra={"event": "sign-in", "address": address})
            return self._form(WRONG, name, 403, wanted)
        target = wanted if _OWN_PATH.match(wanted) else "/"
        return _with_cookie(RedirectResponse(target, 303), secret, SESSION_DAYS * 24 * 3600, request)

    def _form(self, message: str, name: str = "", status: int = 200, wanted: str = "") -> HTMLResponse:
        """Return the form; `wanted` is the path to go to after signing in."""
        html = render("sign_in.html", message=message, name=name, wanted=wanted, style=Markup(self._style))
        return HTMLResponse(html, status, headers={"cache-control": "no-store"})

    def _account(self, scope: Scope) -> Account | None:
        """Return the account that a request is from: its token's or its session's."""
        headers = Headers(scope=scope)
        bearer = _BEARER.fullmatch(headers.get("authorization", ""))
        if bearer is not None:
            return self._accounts.of_token(bearer[1])
        secret = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return self._accounts.of_session(secret) if secret else None


def account_name(request: object) -> str:
    """Return the name of the account that a Starlette or Gradio request is from, or ""."""
    state = getattr(request, "state", None)
    return str(getattr(state, "account", ""))


def _owned(scope: Scope, account: Account) -> Scope:
    """Return the scope of a request whose conversations belong to the account."""
    sent = [each.strip() for each in Headers(scope=scope).get("cookie", "").split(";")]
    others = [each for each in sent if each.partition("=")[0].strip() != OWNER_COOKIE]
    cookie = "; ".join(filter(None, [*others, f"{OWNER_COOKIE}={account.id}"]))
    kept = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    state = {**scope.get("state", {}), "account": account.name}
    return {**scope, "headers": [*kept, (b"cookie", cookie.encode("latin-1", "replace"))], "state": state}


def _with_cookie(response: Response, secret: str, seconds: int, request: Request) -> Response:
    secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    response.set_cookie(COOKIE, secret, max_age=seconds, httponly=True, samesite="lax", secure=secure)
    return response
