"""Bounds the work that waits, altogether and for each client, and ends it in order when the page stops."""

import re
import time
from asyncio import AbstractEventLoop, get_running_loop
from collections import Counter
from collections.abc import Iterator
from threading import Event, Lock
from urllib.parse import parse_qs

import gradio as gr
from fastapi import FastAPI
from gradio.queueing import Event as QueuedEvent
from gradio.server_messages import UnexpectedErrorMessage
from starlette.responses import JSONResponse

from ui.page.guard import App, Receive, Scope, Send, path_of

MOST_WAITING = 64
"""Requests that may wait or run at a time; the last of them waits for a few seconds."""
MOST_OF_ONE = 40
"""Requests of one client, that is one IP address; the others find room."""
ABANDONED_SECONDS = 5.0
"""After how long a request without a client that listens for the answer is dropped."""
DRAIN_SECONDS = 8.0
"""How long running requests may take to finish when the page stops."""
SESSIONS = 1_000
"""Sessions that a page remembers, the latest; each takes 0.17 MB."""
TICK = 0.05
BUSY = "The assistant is busy. Try again in a moment."
STOPPING = "The assistant is shutting down. Ask again once it is running."

_JOIN = re.compile(r"/gradio_api/(?:queue/join|call/[^/]+|call/v2/[^/]+)/?")
_STREAM = re.compile(r"/gradio_api/(?:queue/data|call/(?:v2/)?[^/]+/([^/]+))/?")
_DIRECT = re.compile(r"/mcp/?|/gradio_api/run/predict/?|/further")


class Work:
    """What the page does at the moment: events in Gradio's queue, direct requests, and who listens for answers.

    `stop` is set when the page stops; long work looks at it. `spare` is held by
    work that nobody waits for, so that there is little of it.
    """

    def __init__(self) -> None:
        self.stop = Event()
        self.spare = Lock()
        self.listening: Counter[str] = Counter()  # session or event: open streams
        self.direct: Counter[str] = Counter()  # client: running requests
        self._watched: dict[FastAPI, gr.Blocks] = {}
        self._loop: AbstractEventLoop | None = None

    def watch(self, app: FastAPI, page: gr.Blocks) -> None:
        """Watch the queue of a page that is mounted in an application, and bound the sessions that it remembers."""
        page.state_holder.capacity = SESSIONS
        self._watched[app] = page

    def forget_page(self, app: FastAPI) -> None:
        """Watch the page of an application that has stopped no longer."""
        self._watched.pop(app, None)

    @property
    def _pages(self) -> list[gr.Blocks]:
        return list(self._watched.values())

    def forget(self, event: str) -> None:
        """Forget the session of an answered request that had none of its own: it is named like the event."""
        for page in self._pages:
            page.state_holder.session_data.pop(event, None)
            page.state_holder.time_last_used.pop(event, None)
            page._queue.pending_event_ids_session.pop(event, None)
            page._queue.pending_messages_per_session.pop(event, None)

    async def refusal(self, client: str) -> str:
        """Return why a request of a client is refused, or ""."""
        self._loop = get_running_loop()
        if self.stop.is_set():
            return STOPPING
        await self._drop_abandoned()
        clients = Counter(_client_of(event) for event in (*self._waiting(), *self._running()))
        clients.update(self.direct)
        return BUSY if clients.total() >= MOST_WAITING or clients[client] >= MOST_OF_ONE else ""

    def finish(self) -> None:
        """Refuse new requests, wait until the others are answered, and tell the clients of any that are not."""
        self.stop.set()
        end = time.monotonic() + DRAIN_SECONDS
        while self.is_busy() and time.monotonic() < end:
            time.sleep(TICK)
        if self.is_busy() and self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell)
            time.sleep(5 * TICK)

    def waiting(self) -> int:
        """Return the number of requests that wait in the queue."""
        return len(self._waiting())

    def running(self) -> int:
        """Return the number of requests that run."""
        return len(self._running()) + self.direct.total()

    def is_busy(self) -> bool:
        """Return whether anything waits or runs."""
        return self.waiting() + self.running() > 0

    def _waiting(self) -> list[QueuedEvent]:
        queues = [each for page in self._pages for each in list(page._queue.event_queue_per_concurrency_id.values())]
        return [event for queue in queues for event in list(queue.queue)]

    def _running(self) -> list[QueuedEvent]:
        jobs = [events for page in self._pages for events in list(page._queue.active_jobs)]
        return [event for events in jobs for event in events or ()]

    async def _drop_abandoned(self) -> None:
        for event in self._waiting():
            heard = self.listening[event.session_hash] or self.listening[event._id]
            if not heard and time.monotonic() - event.enqueue_time > ABANDONED_SECONDS:
                for page in self._pages:
                    await page._queue.clean_events(event_id=event._id)

    def _tell(self) -> None:
        """Send every open stream the reason why no answer comes."""
        for page in self._pages:
            for messages in page._queue.pending_messages_per_session.values():
                messages.put_nowait(UnexpectedErrorMessage(message=STOPPING, success=False))


class Admission:
    """Middleware that refuses requests for work with 503 while too much waits, or while the page stops."""

    def __init__(self, app: App, work: Work) -> None:
        self._app = app
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = path_of(scope)
        direct = _DIRECT.fullmatch(path) is not None
        client = str((scope.get("client") or ("",))[0])
        if path == "/further" or (scope["method"] == "POST" and (direct or _JOIN.fullmatch(path))):
            refusal = await self._work.refusal(client)
            if refusal:
                response = JSONResponse({"detail": refusal}, status_code=503, headers={"retry-after": "5"})
                await response(scope, receive, send)
                return
        stream = _STREAM.fullmatch(path) if scope["method"] == "GET" else None
        counter, keys = (self._work.direct, [client]) if direct else (self._work.listening, list(_keys(scope, stream)))
        counter.update(keys)
        try:
            await self._app(scope, receive, send)
        finally:
            counter.subtract(keys)
            for key in keys:
                if not counter[key]:
                    del counter[key]
                    if stream is not None and stream[1]:
                        self._work.forget(key)


def _keys(scope: Scope, stream: "re.Match[str] | None") -> Iterator[str]:
    """Yield the session or event that a stream belongs to."""
    if stream is not None:
        yield stream[1] or parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]


def _client_of(event: QueuedEvent) -> str:
    return event.request.client.host if event.request.client is not None else ""
