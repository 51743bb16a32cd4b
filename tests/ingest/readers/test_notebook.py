import json
from collections.abc import Callable

import pytest

from ingest.errors import SourceUnreadable
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]

PLOT = "<Figure size 640x480 with 1 Axes>"
OUTPUTS = [
    {"output_type": "stream", "text": ["7\n", "8\n"]},
    {"output_type": "execute_result", "data": {"text/plain": ["'nine'"], "text/html": "<b>nine</b>"}},
    {"output_type": "display_data", "data": {"text/plain": PLOT, "image/png": "iVBO"}},
    {"output_type": "error", "ename": "KeyError", "traceback": ["x"]},
]
CELLS = [
    {"cell_type": "markdown", "source": ["# Tides\n", "\n", "The *tide* turns.\n", "\n", "- twice a day\n"]},
    {"cell_type": "code", "source": "tide = 7\nprint(tide)", "outputs": OUTPUTS},
    {"cell_type": "raw", "source": "As it is."},
    "no cell",
]
NOTEBOOK = json.dumps({"cells": CELLS, "nbformat": 4})


def quotes(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_texts_code_and_outputs(read_as: ReadAs) -> None:
    document = read_as("a.ipynb", NOTEBOOK)
    assert quotes(document) == [
        ("paragraph", "The *tide* turns."),
        ("item", "twice a day"),
        ("code", "tide = 7\nprint(tide)"),
        ("code", "7\n8"),
        ("code", "'nine'"),
        ("paragraph", "As it is."),
    ]
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Tides")]
    assert (document.title, document.verbatim) == ("Tides", False)


def test_a_notebook_of_version_3(read_as: ReadAs) -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": "Ebb"}, {"cell_type": "code", "input": "x = 1"}]
    document = read_as("tide_times.ipynb", json.dumps({"worksheets": [{"cells": cells}]}))
    assert ([heading.title for heading in document.headings], quotes(document)) == (["Ebb"], [("code", "x = 1")])
    assert document.title == "tide times"


def test_a_long_output_is_cut(read_as: ReadAs) -> None:
    cell = {"cell_type": "code", "source": "x", "outputs": [{"text": "7 " * 50_000}]}
    assert len(read_as("a.ipynb", json.dumps({"cells": [cell]})).text) < 10_100


@pytest.mark.parametrize("content", ["{", "[1]", "{}", '{"cells": 7}', "[" * 100_000])
def test_what_is_no_notebook(refused: Refused, content: str) -> None:
    assert "notebook" in refused("a.ipynb", content).what
