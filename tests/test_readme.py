"""What the README shows to programs is run as it stands there; only addresses and paths are those of the test."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from assistant.assistant import open_assistant
from ingest.settings import Settings
from tests.conftest import GRADIO_WARNINGS

pytestmark = [
    pytest.mark.model,
    *GRADIO_WARNINGS,
]

ROOT = Path(__file__).parents[1]
CITED = [sys.executable, "-c", "from ui.command.cli import main; main()"]
ADDRESS = "http://127.0.0.1:7860/"


@pytest.fixture(scope="module")
def snippets() -> list[str]:
    """The indented blocks of the section for programs."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## From programs\n")[1].split("\n## ")[0]
    return [dedent(block).strip() for block in re.findall(r"(?:(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+)", section)]


@pytest.fixture(scope="module")
def data(shipped: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the shipped texts."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(shipped, folder, dirs_exist_ok=True)
    (folder / "models").symlink_to(models)
    return folder


@pytest.fixture(scope="module")
def address(data: Path) -> Iterator[str]:
    from ui.page.app import serve

    settings = Settings(port=0, data_dir=data)
    with open_assistant(settings) as assistant:
        served = serve(assistant, settings, block=False)
        yield served.url
        served.close()


def output(command: list[str], data: Path) -> str:
    environment = {**os.environ, "CITED_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    told = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8", timeout=120, check=True
    )
    return told.stdout


def test_gradio_client(snippets: list[str], address: str, data: Path) -> None:
    assert ADDRESS in snippets[0]
    told = output([sys.executable, "-c", snippets[0].replace(ADDRESS, address)], data)
    quote = "TENS is short for transcutaneous electrical nerve stimulation. "
    quote += "For chronic low back pain, TENS has not been found effective."
    assert f"nerve-stimulation.md 9 {quote}" in told.splitlines()


def test_mcp_configuration(snippets: list[str], data: Path) -> None:
    server = json.loads(snippets[1])["mcpServers"]["cited"]
    assert server["command"] == ".venv/bin/cited"
    command, *arguments = [*CITED, *server["args"]]
    parameters = StdioServerParameters(command=command, args=arguments, cwd=ROOT, env={"CITED_DATA_DIR": str(data)})

    async def read() -> str:
        async with Client(stdio_client(parameters)) as client:
            return (await client.call_tool("get_source", {"source": "sciatica.md"})).structured_content["text"]

    found = ThreadPoolExecutor(1).submit(asyncio.run, read()).result()
    assert found == (ROOT / "corpus" / "sciatica.md").read_text(encoding="utf-8")


def test_command(snippets: list[str], data: Path) -> None:
    name, *arguments = shlex.split(snippets[2])
    assert name == "cited"
    answer = json.loads(output([*CITED, *arguments], data))
    assert answer["question"] == "What does sciatica feel like?"
    assert answer["quotes"][0]["source"] == "sciatica.md"


def test_nothing_else_is_shown(snippets: list[str]) -> None:
    assert len(snippets) == 3
