"""Accepts only files that were uploaded through this page."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj, traverse

from ingest.errors import SourceUnreadable


class UploadsOnly(gr.Blocks):
    """A page whose handlers accept only uploaded files.

    Gradio checks the file paths that a client sends only after a page "has
    launched", which never happens to a mounted page. Without this class a
    client could read any file on the machine and make the server fetch any URL.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Gradio's own options
        super().__init__(**options)
        self.has_launched = True

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Check every file in an event's data before Gradio processes it.

        Raises:
            gr.Error: one of them was not uploaded.
        """
        try:
            traverse(inputs, lambda value: uploaded(value["path"]), is_file_obj)
        except SourceUnreadable as error:
            raise gr.Error(str(error), print_exception=False) from error
        return await super().preprocess_data(block_fn, inputs, *args, **kwargs)


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
