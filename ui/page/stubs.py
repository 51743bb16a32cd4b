"""Imports Gradio without the stubs for editors that it writes."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_stubs() -> Iterator[None]:
    """Keep Gradio, which the block imports, from writing stubs (.pyi) into its own folder.

    It does so in each process that imports it, which takes a third of the
    import, 1.3 seconds of the processor. It leaves out components whose file
    Python does not know.
    """
    known = inspect.getfile

    def getfile(thing: Any) -> str:  # noqa: ANN401 - as inspect has it
        if str(getattr(thing, "__module__", "")).startswith("gradio."):
            raise OSError("no stubs are written")
        return known(thing)

    inspect.getfile = getfile  # type: ignore[assignment]  # it takes anything, and gets it by place
    try:
        yield
    finally:
        inspect.getfile = known
