"""What may come in as a file: only what was uploaded through this page."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj, traverse

from ingest.errors import SourceUnreadable


class UploadsOnly(gr.Blocks):
    """A page whose handlers take as files only those that were uploaded.

    Gradio looks into the path of a file that a client names only once a page
    "has launched", which a mounted one never has: without this, a client reads
    any file of the machine, and has the server fetch any address.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Gradio's own options
        super().__init__(**options)
        self.has_launched = True

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Check every file in the data of an event before Gradio makes anything of it.

        Raises:
            gr.Error: one of them was not uploaded.
        """
        try:
            traverse(inputs, lambda value: uploaded(value["path"]), is_file_obj)
        except SourceUnreadable as error:
            raise gr.Error(str(error), print_exception=False) from error
        return await super().preprocess_data(block_fn, inputs, *args, **kwargs)


def uploaded(path: str, folder: Path | None = None) -> Path:
    """Return the path of an uploaded file, links resolved.

    `folder` is the one that uploads are kept in: Gradio's, unless another is named.

    Raises:
        SourceUnreadable: it is no file inside that folder.
    """
    name = path.rpartition("/")[2]
    found = Path(path).resolve() if "\0" not in path else None
    if found is None or not found.is_relative_to((folder or Path(get_upload_folder())).resolve()):
        raise SourceUnreadable("was not uploaded", name, "choose it again on this page")
    if not found.is_file():
        raise SourceUnreadable("was not uploaded, or is gone", name, "choose it again on this page")
    return found
