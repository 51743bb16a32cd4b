"""The house rules that a program can check."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingest", "assistant", "ui")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
# The rooms from the top of the house down: a module imports from its own room and from those below it.
ROOMS = (
    "ui.command",
    "ui.page",
    "ui.programs",
    "ui.handlers",
    "assistant.training",
    "assistant.langchain",
    "assistant.public",
    "assistant.assistant",
    "assistant.conversations",
    "assistant.evaluation",
    "assistant.render",
    "assistant.answering",
    "assistant.index",
    "assistant.metrics",
    "assistant.schema",
    "ingest.runs",
    "ingest.index",
    "ingest.origin",
    "ingest.readers",
    "ingest.text",
    "ingest.models",
    "ingest.settings",
    "ingest.word_boxes",
    "ingest.allocator",
    "ingest.schema",
    "ingest.errors",
)
# Rooms and modules that only ingest itself uses.
PRIVATE = ("ingest.readers", "ingest.text.chunk", "ingest.runs.scan", "ingest.runs.run", "ingest.index.draft")
TRAINING = {f"assistant/training/{name}.py" for name in ("cross_encoder", "exported", "train")}
MARKUP = re.compile(r"</?[a-z][a-z0-9]*(?:[\s>/{]|$)", re.IGNORECASE)
# Each library stays in the modules that are made for it.
HOMES = {
    "chromadb": {"ingest/index/vectors.py"},
    "sqlalchemy": {
        "ingest/index/catalog.py",
        "ingest/index/tables.py",
        "ingest/index/draft.py",
        "ingest/index/snapshot.py",
    },
    "langchain_core": {"assistant/assistant.py", "assistant/langchain.py"},
    "langchain": set(),
    "torch": {"ingest/models/encoder.py", "ingest/models/onnx_export.py", "assistant/answering/rerank.py", *TRAINING},
    "sentence_transformers": {"ingest/models/encoder.py", "assistant/answering/rerank.py"},
    "onnxruntime": {"ingest/models/onnx_export.py", *TRAINING},
    "mcp": {"ui/programs/mcp_server.py"},
    "prometheus_client": {"assistant/metrics.py", "ui/page/health.py"},
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(module: str) -> str:
    """Return the room that a module of ours is in; "" for a package's own docstring and for other libraries."""
    return next((room for room in ROOMS if module == room or module.startswith(f"{room}.")), "")


def test_every_module_is_in_a_room() -> None:
    modules = [name_of(path)[:-3].replace("/", ".").removesuffix(".__init__") for path in MODULES]
    assert [module for module in modules if not room_of(module)] == ["assistant", "ingest", "ui"]
    assert {room_of(module) for module in modules} - {""} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down_the_house(path: Path) -> None:
    room = room_of(name_of(path)[:-3].replace("/", "."))
    above = ROOMS[: ROOMS.index(room)] if room else ROOMS
    assert not [name for name in imports(path) if room_of(name) in above]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_ingest_keeps_its_private_rooms(path: Path) -> None:
    if not name_of(path).startswith("ingest/"):
        assert not [name for name in imports(path) if name.startswith(PRIVATE)]


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


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path).startswith("ui/")], ids=name_of)
def test_markup_lives_in_templates(path: Path) -> None:
    """No string of the page's Python holds a tag, and nothing is escaped by hand; docstrings may speak of tags."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]
    assert not [text for text in texts if MARKUP.search(text)]
    assert not {"html", "html.escape", "markupsafe.escape"} & set(imports(path))
