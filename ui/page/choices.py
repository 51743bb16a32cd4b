"""Shows what a question is limited to, and the sources and folders that can be chosen."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from assistant.render import within_words
from assistant.schema import Answering
from ingest.errors import UserFacingError
from ingest.schema import Selection
from ui.handlers import within as handlers
from ui.page.reader import reader_failure_html
from ui.page.templating import render


def choice_routes(assistant: Answering) -> APIRouter:
    """Return the route `/choices`: the first sources and folders whose names contain the words of `find`."""
    router = APIRouter()

    @router.get("/choices", response_class=HTMLResponse)
    def choices(find: str = "") -> HTMLResponse:
        try:
            return HTMLResponse(render("choices.html", choices=handlers.choices(assistant, find)))
        except UserFacingError as error:
            return HTMLResponse(reader_failure_html(error), status_code=404)

    return router


def chosen_html(assistant: Answering, within: Selection) -> str:
    """Return the button that says what is asked, and the one that goes back to all sources.

    Raises:
        RequestInvalid: the selection has no source, or one of its places does not exist.
    """
    sources = assistant.count(within) if within else 0
    return render("chosen.html", within=handlers.written(within), sources=sources, words=within_words(within))
