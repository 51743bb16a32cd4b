"""Routes for monitoring: whether the page runs, whether it can answer, and its metrics."""

from functools import partial
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from assistant.metrics import FILES_FAILED, QUEUE, REGISTRY
from assistant.schema import Answering
from ingest.collections import collections
from ingest.errors import UserFacingError
from ingest.runs.status import runs
from ingest.settings import Settings
from ui.page.admission import STOPPING, Work


def health_routes(assistant: Answering, settings: Settings, work: Work) -> APIRouter:
    """Return the routes.

    `/healthz` answers while the process serves. `/readyz` answers with 503 and
    the reason if the index cannot be opened or the page is being stopped.
    `/metrics` returns the metrics in Prometheus' text format.
    """
    router = APIRouter()
    QUEUE.labels("waiting").set_function(work.waiting)
    QUEUE.labels("running").set_function(work.running)
    FILES_FAILED.set_function(partial(_files_failed, settings.data_dir))

    @router.get("/healthz")
    async def healthy() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @router.get("/readyz")
    def ready() -> PlainTextResponse:
        if work.stop.is_set():
            return PlainTextResponse(STOPPING, 503)
        try:
            assistant.description()
        except UserFacingError as error:
            return PlainTextResponse(error.public, 503)
        return PlainTextResponse("ready")

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


def _files_failed(data_dir: Path) -> float:
    """Return how many files failed in the last run of each collection; not a number if none has an index."""
    failed = []
    for each in collections(data_dir):
        try:
            failed += [run.counts.get("failed", 0) for run in runs(each.folder, limit=1)]
        except UserFacingError:  # it has no index
            continue
    return float(sum(failed)) if failed else float("nan")
