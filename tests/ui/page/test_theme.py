"""The script of the theme comes first in the page, and no two scripts of the page declare the same name."""

import re
from collections import Counter

from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from ui.page.app import ASSETS, SCRIPTS
from ui.page.theme import EarlyTheme

PAGE = "<!doctype html><html><head><title>é</title></head><body>a <head> in a text</body></html>"


def shown(_request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


def test_the_script_is_the_first_thing_in_the_page_and_only_there() -> None:
    app = Starlette(routes=[Route("/", shown), Route("/other", shown)])
    client = TestClient(EarlyTheme(app, 'if (1 < 2) "&";'))
    page = client.get("/")
    assert page.text == PAGE.replace("<head>", '<head><script>if (1 < 2) "&";</script>', 1)
    assert page.headers.get("content-length") in (None, str(len(page.content)))
    assert client.get("/other").text == PAGE
    assert client.head("/").status_code == 200


def test_scripts_share_one_scope_and_no_name_twice() -> None:
    """They are one function in the browser, where a name that is declared twice stops them all."""
    texts = [(ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS]
    names = Counter(name for text in texts for name in re.findall(r"^(?:const|let|class|function) (\w+)", text, re.M))
    assert [name for name, times in names.items() if times > 1] == []
