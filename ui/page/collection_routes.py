"""Routes that the page's script uses to create, change and delete collections."""

from collections.abc import Callable
from urllib.parse import quote as percent

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.library import Library
from ingest.collections import Collection
from ingest.errors import SettingsInvalid, UserFacingError
from ingest.schema import CorpusDescription
from ingest.settings import Settings
from ui.handlers import collections
from ui.page.templating import render

TEXT = 10_000  # characters that a form may send; what is allowed is checked behind it


class CollectionForm(BaseModel):
    """The data of the form for a collection; `questions` are lines."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=TEXT)
    description: str = Field(default="", max_length=TEXT)
    notice: str = Field(default="", max_length=TEXT)
    questions: str = Field(default="", max_length=10 * TEXT)


def collection_routes(library: Library, settings: Settings) -> APIRouter:
    """Return the routes.

    `/collections` lists the collections (GET) or creates one (POST), and
    `/collection` changes (POST) or deletes (DELETE) the one of this page. The
    forms for both are at `/collections/form` and `/collection/form`. Answers of
    POST and DELETE have the `address` to go to, relative to the main page.
    """
    router = APIRouter()

    @router.get("/collections")
    def listed() -> JSONResponse:
        found = collections.listed(settings)
        return JSONResponse([{"collection": each.slug, "name": each.name, "address": address(each)} for each in found])

    @router.get("/collections/form", response_class=HTMLResponse)
    def new_form() -> HTMLResponse:
        return HTMLResponse(render("collection_form.html", collection=None, losses=None, main=False))

    @router.get("/collection/form", response_class=HTMLResponse)
    def form() -> HTMLResponse:
        own = collections.current(settings)
        losses = collections.losses(own.folder)
        return HTMLResponse(render("collection_form.html", collection=own, losses=losses, main=not own.slug))

    @router.post("/collections")
    def create(given: CollectionForm) -> JSONResponse:
        return _answer(lambda: address(collections.create(given.name, _described(given), settings)))

    @router.post("/collection")
    def change(given: CollectionForm) -> JSONResponse:
        return _answer(lambda: address(collections.change(_described(given), settings)))

    @router.delete("/collection")
    def delete() -> JSONResponse:
        def deleted() -> str:
            collections.delete(library, settings)
            return ""

        return _answer(deleted)

    return router


def address(collection: Collection) -> str:
    """Return the address of a collection's page, relative to the main page."""
    return f"c/{percent(collection.slug)}/" if collection.slug else ""


def _described(given: CollectionForm) -> CorpusDescription:
    return collections.described(given.name, given.description, given.notice, given.questions.splitlines())


def _answer(work: Callable[[], str]) -> JSONResponse:
    """Return the address to go to, or the message of the error."""
    try:
        return JSONResponse({"address": work()})
    except UserFacingError as error:
        return JSONResponse(error.public, status_code=403 if isinstance(error, SettingsInvalid) else 400)
