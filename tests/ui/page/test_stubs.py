import inspect
import subprocess
import sys

import pytest

from ui.page.stubs import without_stubs

LOOK = """
from pathlib import Path
from ui.page.stubs import without_stubs

read, found = Path.read_text, []
Path.read_text = lambda path, *values, **named: (found.append(path.suffix), read(path, *values, **named))[1]
with without_stubs():
    import gradio
print(".pyi" in found, gradio.Textbox.__name__)
"""


@pytest.mark.slow
def test_gradio_writes_no_stubs() -> None:
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=120, check=True)
    assert told.stdout.split() == ["False", "Textbox"]


def test_only_gradio_is_kept_from_its_files() -> None:
    known = inspect.getfile
    with without_stubs():
        assert inspect.getfile(without_stubs) == known(without_stubs)
    assert inspect.getfile is known
