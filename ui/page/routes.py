"""Routes that the page's own script and links use, in addition to Gradio's."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal
from urllib.parse import quote as percent

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict

from assistant.evaluation.prompts import Prompt
from assistant.schema import Answering
from ingest.errors import UserFacingError
from ingest.schema import Place
from ingest.settings import Settings
from ui.handlers import ask, evaluate
from ui.handlers.ask import MOST_TURNS
from ui.handlers.onward import MOST_QUOTED, Near, Onward, QuotedAt
from ui.handlers.saving import save_prompt
from ui.handlers.within import sent
from ui.page.admission import Work
from ui.page.conversation import onward_html
from ui.page.pdf_pages import SCALES, PagesBusy, PdfPages, known_pdf, pdf_file
from ui.page.pdf_reader import pages_html
from ui.page.places import MarkedSpan
from ui.page.reader import Side, neighbour_html, reader_failure_html, reader_html
from ui.page.sources import further_html

UPLOADS = "/gradio_api/upload"
"""Gradio's own route for uploads to any page."""
PROMPTS = "/prompts"


class NewPrompt(BaseModel):
    """The data of the form under an answer."""

    model_config = ConfigDict(extra="forbid")

    question: str
    answers: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    unanswerable: bool = False


def page_routes(assistant: Answering, settings: Settings, work: Work) -> APIRouter:
    """Return the routes.

    `/reader` returns a whole source for the page's dialog (the pages of a PDF,
    else its text), `/picture` a page of a PDF, `/neighbour` the paragraphs
    around a passage, `/further` passages that an answer does not quote,
    `/onward` further questions that the texts answer.
    `/prompts` takes a test prompt, `/results` returns the files of evaluations.
    A read-only page refuses test prompts, and uploads to Gradio's own route.
    """
    router = APIRouter()
    if settings.read_only:
        for address in (UPLOADS, PROMPTS):
            router.add_api_route(address, _refuse, methods=["POST"])

    _add_reading(router, assistant, settings)
    _add_onward(router, assistant, work)

    @router.post(PROMPTS)
    def save(new: NewPrompt) -> JSONResponse:
        try:
            message = save_prompt(Prompt("new", **new.model_dump()), settings.folder)
        except UserFacingError as error:
            return JSONResponse(error.public, status_code=400)
        return JSONResponse(message)

    @router.get("/results/{name}")
    def results(name: str) -> Response:
        content = evaluate.kept_file(name, settings.folder)
        if content is None:
            raise HTTPException(404, "there is no such file")
        kind = "text/html" if name.endswith(".html") else "application/octet-stream"
        headers = {"content-disposition": f"attachment; filename*=utf-8''{percent(name)}"}
        return Response(content, media_type=kind, headers=headers)

    return router


def _add_reading(router: APIRouter, assistant: Answering, settings: Settings) -> None:
    """Add the routes that show sources and passages."""
    pages = PdfPages(settings.read_limits)

    @router.get("/reader", response_class=HTMLResponse)
    def reader(
        root: str, source: str, at: Annotated[Sequence[str], Query()] = (), view: Literal["", "text"] = ""
    ) -> HTMLResponse:
        spans = [_span(written) for written in at]
        return _shown(lambda: _source_html(assistant, settings, pages, (root, source), spans, as_text=view == "text"))

    @router.get("/picture")
    def picture(
        root: str, source: str, sha: str, page: int, scale: int, if_none_match: Annotated[str, Header()] = ""
    ) -> Response:
        return _picture(assistant, settings, pages, (root, source), (sha, page, scale), if_none_match)

    @router.get("/neighbour", response_class=HTMLResponse)
    def neighbour(root: str, source: str, at: str, edge: int, side: Side) -> HTMLResponse:
        span = _span(at)
        return _shown(lambda: neighbour_html(assistant.document(root, source), span, edge, side))

    @router.get("/further", response_class=HTMLResponse)
    def further(question: str, but: Annotated[Sequence[str], Query()], within: str = "") -> HTMLResponse:
        if told := ask.hint(question):
            raise HTTPException(422, told)
        return _shown(lambda: further_html(ask.further(assistant, question, but, sent(assistant, within))))


def _add_onward(router: APIRouter, assistant: Answering, work: Work) -> None:
    """Add the route of further questions; 204 says that the program has something else to do."""
    found = Onward(assistant)

    def is_busy() -> bool:
        return work.stop.is_set() or work.is_busy()

    @router.get("/onward", response_class=HTMLResponse)
    def onward(
        run: int,
        root: Annotated[Sequence[str], Query()],
        source: Annotated[Sequence[str], Query()],
        start: Annotated[Sequence[int], Query()],
        asked: Annotated[Sequence[str], Query()] = (),
        within: str = "",
    ) -> Response:
        not_now = Response(status_code=204)
        if not work.spare.acquire(blocking=False):
            return not_now
        try:
            quoted = tuple(QuotedAt((each, path), at) for each, path, at in zip(root, source, start, strict=False))
            near = Near(run, quoted[:MOST_QUOTED], tuple(asked[-MOST_TURNS:]), sent(assistant, within))
            questions = found.questions(near, is_busy)
        except UserFacingError:  # whoever asks is told why
            return not_now
        finally:
            work.spare.release()
        return not_now if questions is None else HTMLResponse(onward_html(questions))


def _source_html(
    assistant: Answering,
    settings: Settings,
    pages: PdfPages,
    place: Place,
    spans: Sequence[MarkedSpan],
    *,
    as_text: bool,
) -> str:
    """Return the pages of a PDF, or the text of a source if that is asked for or it has no pages to show."""
    root, source = place
    document = assistant.document(root, source)
    file = pdf_file(root, document, settings.folder)
    if file is None or as_text:
        return reader_html(document, spans, paged=file is not None)
    try:
        sizes = pages.sizes(file)
    except UserFacingError as error:
        return reader_html(document, spans, note=error.public)
    return pages_html(root, document, spans, sizes)


def _picture(
    assistant: Answering, settings: Settings, pages: PdfPages, place: Place, which: tuple[str, int, int], held: str
) -> Response:
    """Return a page of an indexed PDF as a picture; 304 if the browser holds it, as `held` says."""
    sha, page, scale = which
    try:
        document = assistant.document(*place)
        file = known_pdf(place[0], document, settings.folder)
        if file is None or sha != file.sha or not 1 <= page <= file.pages or scale not in SCALES:
            return PlainTextResponse("There is no such page.", status_code=404)
        headers = {"etag": f'"{sha}-{page}-{scale}"', "cache-control": "private, no-cache"}
        if held == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(pages.picture(file, page, scale), media_type="image/jpeg", headers=headers)
    except PagesBusy as error:
        return PlainTextResponse(error.public, status_code=503, headers={"retry-after": "2"})
    except UserFacingError as error:
        return PlainTextResponse(error.public, status_code=404)


def _refuse() -> PlainTextResponse:
    return PlainTextResponse("This page is read-only.", status_code=403)


def _shown(render: Callable[[], str]) -> HTMLResponse:
    """Return the rendered HTML, or an error message for the page to show instead."""
    try:
        return HTMLResponse(render())
    except UserFacingError as error:
        return HTMLResponse(reader_failure_html(error), status_code=404)


def _span(written: str) -> MarkedSpan:
    try:
        return MarkedSpan.parse(written)
    except ValueError as error:
        raise HTTPException(422, "a place is written START-END-SHA") from error
