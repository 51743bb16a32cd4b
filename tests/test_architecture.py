"""The house rules that a program can check."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingest", "assistant", "ui")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PRIVATE_ROOMS = ("ingest.readers", "ingest.chunk", "ingest.scan")
TRAINING = {f"assistant/training/{name}.py" for name in ("cross_encoder", "exported", "train")}
# Each library stays in the modules that are made for it.
HOMES = {
    "chromadb": {"ingest/vectors.py"},
    "sqlalchemy": {"ingest/catalog.py", "ingest/tables.py", "ingest/draft.py", "ingest/snapshot.py"},
    "langchain_core": {"assistant/chain.py"},
    "langchain": {"assistant/chain.py"},
    "torch": {"ingest/encoder.py", "ingest/graph.py", "assistant/rerank.py", *TRAINING},
    "sentence_transformers": {"ingest/encoder.py", "assistant/rerank.py"},
    "onnxruntime": {"ingest/graph.py", *TRAINING},
    "mcp": {"ui/mcp_server.py"},
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    package = name_of(path).split("/")[0]
    above = PACKAGES[PACKAGES.index(package) + 1 :]
    assert not [name for name in imports(path) if name.split(".")[0] in above]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_ingest_keeps_its_private_rooms(path: Path) -> None:
    if not name_of(path).startswith("ingest/"):
        assert not [name for name in imports(path) if name.startswith(PRIVATE_ROOMS)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_stay_at_home(path: Path) -> None:
    strays = [name for name in imports(path) if name_of(path) not in HOMES.get(name.split(".")[0], {name_of(path)})]
    assert not strays
    if not name_of(path).startswith("ui/"):
        assert not [name for name in imports(path) if name.split(".")[0] == "gradio"]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_settings_read_the_environment(path: Path) -> None:
    if name_of(path) != "ingest/settings.py":
        tree = ast.parse(path.read_text(encoding="utf-8"))
        attributes = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        assert not {"environ", "getenv", "putenv"} & set(attributes)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_errors_are_never_swallowed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern in ("except Exception", "except BaseException", "except:", "suppress(", 'errors="replace"'):
        assert pattern not in text


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
