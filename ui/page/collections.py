"""Serves every collection of the data folder under an address of its own: `/` is the main one, `/c/NAME/` another."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote as percent

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from ingest.collections import known_slug
from ingest.errors import CollectionInvalid
from ingest.settings import folder_of
from ui.page.admission import Work
from ui.page.guard import App, Receive, Scope, Send
from ui.page.templating import render

PREFIX = "/c/"

_IN_COLLECTION = re.compile(re.escape(PREFIX) + "([^/]+)(/?)")


class CollectionPaths:
    """Middleware that notes the collection of a request in its state, and its address as the root of all paths."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        found = _IN_COLLECTION.match(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        address = f"{PREFIX}{percent(found[1])}"
        if not found[2]:  # the page's own links are relative to the address with a slash
            await RedirectResponse(f"{address}/")(scope, receive, send)
            return
        state = {**scope.get("state", {}), "collection": found[1]}
        root = f"{PREFIX}{found[1]}"
        await self._app({**scope, "root_path": scope.get("root_path", "") + root, "state": state}, receive, send)


class _Running:
    """An application that was started, and how to stop it; its start and its end are in the same task."""

    def __init__(self, app: FastAPI, folder: Path) -> None:
        self.app = app
        self._folder = folder
        self._held = os.open(folder, os.O_RDONLY) if folder.is_dir() else None  # so that no other gets its number
        self._ready, self._stop = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        async with self.app.router.lifespan_context(self.app):
            self._ready.set()
            await self._stop.wait()

    async def start(self) -> None:
        """Wait until the application is ready; raises what kept it from starting."""
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait([ready, self._task], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._task

    def is_of_another(self) -> bool:
        """Return whether the folder was deleted, and another one created under its name."""
        if self._held is None:
            return False
        try:
            return not os.path.samestat(os.fstat(self._held), self._folder.stat())
        except FileNotFoundError:
            return True

    async def stop(self) -> None:
        """Stop the application."""
        self._stop.set()
        await self._task
        if self._held is not None:
            os.close(self._held)


class CollectionPages:
    """Passes each request to the application of its collection, which its first request builds and starts."""

    def __init__(self, data_dir: Path, build: Callable[[str], FastAPI], work: Work) -> None:
        """Create the pages; `build` returns the application of a collection, whose work is part of `work`."""
        self._data_dir = data_dir
        self._build = build
        self._work = work
        self._running: dict[str, _Running] = {}
        self._starting = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        name = scope.get("state", {}).get("collection", "")
        try:
            app = await self._application(name)
        except CollectionInvalid:
            await HTMLResponse(render("no_collection.html", name=name), 404)(scope, receive, send)
            return
        await app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the main collection; at the end, stop all."""
        await self._application("")
        try:
            yield
        finally:
            for name in list(self._running):
                await self._end(name)

    async def _application(self, name: str) -> FastAPI:
        """Return the application of a collection; one that was deleted is stopped.

        Raises:
            CollectionInvalid: there is no such collection.
        """
        try:
            slug = known_slug(self._data_dir, name)
        except CollectionInvalid:
            await self._end(name)
            raise
        if slug and slug in self._running and self._running[slug].is_of_another():
            await self._end(slug)
        if slug not in self._running:
            async with self._starting:
                if slug not in self._running:
                    app = await run_in_threadpool(_built, lambda: self._build(slug))
                    started = _Running(app, folder_of(self._data_dir, slug))
                    await started.start()
                    self._running[slug] = started
        return self._running[slug].app

    async def _end(self, name: str) -> None:
        """Stop the application of a collection, if it runs."""
        gone = self._running.pop(name, None)
        if gone is not None:
            self._work.forget_page(gone.app)
            await gone.stop()


def _built(build: Callable[[], FastAPI]) -> FastAPI:
    """Build an application inside an event loop; otherwise Gradio opens loops that it never closes."""

    async def building() -> FastAPI:
        return build()

    with ThreadPoolExecutor(1) as builder:
        return builder.submit(asyncio.run, building()).result()
