"""Routes for saved conversations and feedback, used by the page's script."""

import logging
import re
from urllib.parse import quote as percent

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from assistant.conversations.export import exported
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.handlers.feedback import Feedback, save_feedback
from ui.handlers.history import History, Listing
from ui.page.history import list_html
from ui.page.owner import owner_of

MEDIA = {"md": "text/markdown", "html": "text/html", "json": "application/json"}
NOT_KEPT = "This conversation no longer exists."
NOT_TAKEN = "This page is read-only and takes no feedback."

log = logging.getLogger(__name__)


class NewName(BaseModel):
    """The data of the form that renames a conversation."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=1_000)


def conversation_routes(history: History | None, settings: Settings) -> APIRouter:
    """Return the routes.

    `/kept` lists the conversations of the requesting browser. `/kept/ID`
    renames or deletes one; with a file extension it exports it. `/feedback`
    takes feedback on answers; if conversations are saved, only on answers in
    the browser's own. Other browsers' conversations are not found. A read-only
    page that saves no conversations takes no feedback either.
    """
    router = APIRouter()

    @router.post("/feedback")
    def feedback(request: Request, given: Feedback) -> JSONResponse:
        try:
            if history is None and settings.read_only:
                return JSONResponse(NOT_TAKEN, status_code=403)
            if history is not None and not _has_turn(history, request, given):
                return JSONResponse(NOT_KEPT, status_code=404)
        except UserFacingError as error:
            return JSONResponse(error.public, status_code=400)
        try:
            save_feedback(given, settings.folder)
        except UserFacingError as error:
            log.warning("feedback was not saved: %s", error)
            return JSONResponse("Your feedback could not be saved. The program's log has the reason.", status_code=400)
        return JSONResponse("Thank you. Your feedback is saved.")

    if history is not None:
        _add_conversations(router, history)
    return router


def _add_conversations(router: APIRouter, history: History) -> None:
    @router.get("/kept", response_class=HTMLResponse)
    def listed(request: Request, find: str = "", opened: str = "") -> HTMLResponse:
        owner = owner_of(request.cookies)
        try:
            listing = history.listed(owner, find) if owner else Listing((), ())
        except UserFacingError as error:
            return HTMLResponse(list_html(Listing((), ()), opened, find, error.public))
        return HTMLResponse(list_html(listing, opened, find))

    @router.post("/kept/{name}")
    def rename(request: Request, name: str, new: NewName) -> JSONResponse:
        try:
            done = history.rename(_owner(request), name, new.name)
        except UserFacingError as error:
            return JSONResponse(error.public, status_code=400)
        return JSONResponse("Renamed.") if done else JSONResponse(NOT_KEPT, status_code=404)

    @router.delete("/kept/{name}")
    def delete(request: Request, name: str) -> JSONResponse:
        try:
            done = history.delete(_owner(request), name)
        except UserFacingError as error:
            return JSONResponse(error.public, status_code=400)
        return JSONResponse("Deleted.") if done else JSONResponse(NOT_KEPT, status_code=404)

    @router.get("/kept/{name}.{kind}")
    def export(request: Request, name: str, kind: str) -> Response:
        try:
            conversation = history.load(_owner(request), name)
        except UserFacingError as error:
            return JSONResponse(error.public, status_code=400)
        text = None if conversation is None else exported(conversation, kind)
        if conversation is None or text is None:
            raise HTTPException(404, NOT_KEPT)
        file = f"{_file_name(conversation.name)}.{kind}"
        disposition = f"attachment; filename*=UTF-8''{percent(file)}"
        media = f"{MEDIA[kind]}; charset=utf-8"
        return Response(
            text, media_type=media, headers={"content-disposition": disposition, "cache-control": "no-store"}
        )


def _has_turn(history: History, request: Request, given: Feedback) -> bool:
    """Whether the requesting browser has a conversation with the turn that the feedback is about."""
    conversation = history.load(_owner(request), given.conversation)
    return conversation is not None and any(turn.number == given.turn for turn in conversation.turns)


def _owner(request: Request) -> str:
    owner = owner_of(request.cookies)
    if not owner:
        raise HTTPException(404, NOT_KEPT)
    return owner


def _file_name(name: str) -> str:
    """Return a file name that is valid on every system."""
    return "-".join(re.findall(r"\w+", name))[:60].strip("-") or "conversation"
