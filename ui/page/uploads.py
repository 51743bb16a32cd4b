"""Accepts only files that were uploaded through this page, and keeps them in a folder of limited size."""

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj, traverse

from ingest.errors import SourceUnreadable
from ui.page.guard import App, Message, Receive, Scope, Send, path_of
from ui.page.needed import UPLOADS

HIDDEN = "cited-uploads/"
"""The start of the paths of uploads that clients see."""
AT_A_TIME = 5
"""How many uploads of the largest size the folder has room for."""
CLEAN_SECONDS = 600
KEPT_SECONDS = 4 * 3600
"""How often uploads are cleaned up, and after how long; the page copies them at once."""


class UploadsFull(Exception):
    """The folder has no room for an upload."""


class UploadFolder:
    """The folder of one page's uploads: private, limited to `room` bytes and removed with the page."""

    def __init__(self, room: int) -> None:
        self.path = Path(get_upload_folder()) / f"cited-{secrets.token_hex(8)}"
        self._room = room
        self._reserved: list[int] = []

    @contextmanager
    def reserved(self, size: int) -> Iterator[None]:
        """Reserve room for an upload of so many bytes while it arrives.

        Afterwards, removes what was left by uploads that broke off.

        Raises:
            UploadsFull: there is no room for it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._held() + sum(self._reserved) + size > self._room:
            raise UploadsFull
        self._reserved.append(size)
        try:
            yield
        finally:
            self._reserved.remove(size)
            if not self._reserved:  # finished files are in a folder of their own
                for path in self.path.iterdir():
                    if path.is_file():
                        path.unlink(missing_ok=True)

    def hidden(self, path: str) -> str:
        """Return the path of an upload as clients know it, which does not give away where the folder is."""
        return f"{HIDDEN}{Path(path).relative_to(self.path).as_posix()}"

    def shown(self, path: str) -> str:
        """Return the path of the upload that clients know by this one."""
        return str(self.path / path.removeprefix(HIDDEN)) if path.startswith(HIDDEN) else path

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _held(self) -> int:
        """Return the size of everything in the folder, in bytes."""
        return sum(map(_size, self.path.rglob("*")))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # removed in the meantime
        return 0


class UploadsOnly(gr.Blocks):
    """A page whose handlers accept only uploaded files, each of them once.

    Gradio checks the file paths that a client sends only after a page "has
    launched", which never happens to a mounted page. Without this class a
    client could read any file on the machine and make the server fetch any URL.
    """

    def __init__(self, folder: UploadFolder, **options: Any) -> None:  # noqa: ANN401 - Gradio's own options
        super().__init__(**options, delete_cache=(CLEAN_SECONDS, KEPT_SECONDS))
        self.has_launched = True
        self._folder = folder

    async def process_api(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
        """Handle an event, then remove the files in its data: the handlers have copied them."""
        found: list[Path] = []

        def show(value: dict[str, Any]) -> dict[str, Any]:
            path = self._folder.shown(value["path"])
            found.append(Path(path))
            return {**value, "path": path}

        inputs = traverse(inputs, show, is_file_obj)
        try:
            return await super().process_api(block_fn, inputs, *args, **kwargs)
        finally:
            for path in found:
                if path.resolve().is_relative_to(self._folder.path.resolve()):
                    path.unlink(missing_ok=True)

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Check every file in an event's data before Gradio processes it.

        Values that a program leaves out at the end get their defaults.

        Raises:
            gr.Error: one of them was not uploaded.
        """
        try:
            traverse(inputs, lambda value: uploaded(value["path"], self._folder.path), is_file_obj)
        except SourceUnreadable as error:
            raise gr.Error(error.public, print_exception=False) from error
        defaults = [each.value for each in block_fn.inputs[len(inputs) :] if isinstance(each, Api)]
        return await super().preprocess_data(block_fn, [*inputs, *defaults], *args, **kwargs)


def uploaded(path: str, folder: Path | None = None) -> Path:
    """Return the path of an uploaded file, with links resolved.

    `folder` is where uploads are stored, by default Gradio's folder.

    Raises:
        SourceUnreadable: the path is not a file inside that folder.
    """
    name = path.rpartition("/")[2]
    found = Path(path).resolve() if "\0" not in path else None
    if found is None or not found.is_relative_to((folder or Path(get_upload_folder())).resolve()):
        raise SourceUnreadable("was not uploaded", name, "choose it again on this page")
    if not found.is_file():
        raise SourceUnreadable("was not uploaded, or no longer exists", name, "choose it again on this page")
    return found


class HiddenUploads:
    """Middleware that answers uploads with paths that do not give away where they are kept."""

    def __init__(self, app: App, folder: UploadFolder) -> None:
        self._app = app
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or path_of(scope) != UPLOADS:
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def sending(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                if start["status"] == 200:
                    body = json.dumps([self._folder.hidden(path) for path in json.loads(body)]).encode()
                headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, sending)
