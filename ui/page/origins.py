"""Refuses requests that other web pages send, and requests for host names that are not this page's."""

import ipaddress
import re
import socket
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from ingest.settings import Settings
from ui.page.guard import App, Receive, Scope, Send, path_of

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
LINKED = ("/", "/sign-in")
"""The paths to which other sites may link; the first leads to the second where the page has accounts."""
FOREIGN_HOST = (
    "The page does not answer to this host name. If it should, add the name to the setting CITED_ALLOWED_HOSTS.\n"
)
FOREIGN_PAGE = (
    "The page refuses requests from pages at other addresses. If this is the page's own address behind a proxy, add "
    "its host name to the setting CITED_ALLOWED_HOSTS.\n"
)

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:\[\]/@]+)(?::\d{1,5})?")
_ORIGIN = re.compile(r"(https?)://([^/]+)")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class PageNames:
    """The host names of the page.

    `hosts` are names and addresses without a port, IPv6 addresses in brackets.
    `origins` are the hosts of the page behind a proxy, with a port unless it is
    the default one. If `any_address`, every IP address is allowed as a host.
    """

    hosts: frozenset[str]
    origins: frozenset[str] = frozenset()
    any_address: bool = False

    def allow_host(self, host: str) -> bool:
        """Whether a request with this Host header is for the page.

        DNS rebinding needs a name that an attacker controls, so an IP address
        is safe. Source: Jackson et al., Protecting Browsers from DNS Rebinding
        Attacks (CCS 2007).
        """
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        return found[1] in self.hosts or (self.any_address and _address(found[1]) is not None)

    def allow_origin(self, origin: str, host: str) -> bool:
        """Whether an Origin header names the page itself; behind a TLS proxy the scheme differs from the server's."""
        found = _ORIGIN.fullmatch(origin.lower())
        if found is None:
            return False
        scheme, place = found.groups()
        return not {place, f"{place}:{_PORTS[scheme]}"}.isdisjoint({host.lower(), *self.origins})


def page_names(settings: Settings) -> PageNames:
    """Return the host names of a page with these settings.

    Always localhost and `allowed_hosts`; beyond loopback, the machine's name
    and the addresses that it listens on.
    """
    given = settings.host.lower()
    listens = [ipaddress.ip_address(address) for address in _resolved(given)]
    addresses = [f"[{address}]" if address.version == 6 else str(address) for address in listens]
    behind = frozenset(name.lower() for name in settings.allowed_hosts)
    names = {*LOOPBACK, *addresses, given, *(found[1] for name in behind if (found := _HOST.fullmatch(name)))}
    if not all(address.is_loopback for address in listens):
        names.add(socket.gethostname().lower())
    return PageNames(frozenset(names), behind, any(address.is_unspecified for address in listens))


class OwnRequests:
    """Middleware that refuses requests for other host names (400), and requests from other pages (403).

    Programs send neither an Origin nor Sec-Fetch-Site and are not affected.
    From another site, only a link to the page itself is followed.
    Source: https://web.dev/articles/fetch-metadata, Resource Isolation Policy.
    """

    def __init__(self, app: App, names: PageNames) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not self._names.allow_host(headers.get("host", "")):
                await PlainTextResponse(FOREIGN_HOST, status_code=400)(scope, receive, send)
                return
            if not self._is_own(headers, link=scope["method"] == "GET" and path_of(scope) in LINKED):
                await PlainTextResponse(FOREIGN_PAGE, status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_own(self, headers: Headers, *, link: bool) -> bool:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        own = site in ("same-origin", "none") or (link and headers.get("sec-fetch-dest") == "document")
        return own and (origin is None or self._names.allow_origin(origin, headers.get("host", "")))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _resolved(host: str) -> list[str]:
    """Return the addresses of a host; none if it is unknown, which is reported when the page tries to listen."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        return []
