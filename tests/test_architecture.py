"""The house rules that a program can check."""

import ast
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

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
    "assistant.library",
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
    "ingest.collections",
    "ingest.index",
    "ingest.origin",
    "ingest.readers",
    "ingest.text",
    "ingest.models",
    "ingest.settings",
    "ingest.word_boxes",
    "ingest.allocator",
    "ingest.files",
    "ingest.schema",
    "ingest.errors",
)
# Rooms and modules that only ingest itself uses.
PRIVATE = ("ingest.readers", "ingest.text.chunk", "ingest.runs.scan", "ingest.runs.run", "ingest.index.draft")
TRAINING = {f"assistant/training/{name}.py" for name in ("cross_encoder", "exported", "train")}
MARKUP = re.compile(r"</?[a-z][a-z0-9]*(?:[\s>/{]|$)", re.IGNORECASE)
# Each library stays in the modules that are made for it.
HOMES = {
    "alembic": {f"ingest/index/migrations/{name}.py" for name in ("env", "upgrade", "versions/first")},
    "chromadb": {
        f"ingest/index/{name}.py" for name in ("chroma_collections", "renewal", "server_vectors", "servers", "vectors")
    },
    "sqlalchemy": {
        "ingest/index/catalog.py",
        "ingest/index/draft.py",
        "ingest/index/fts5.py",
        "ingest/index/kept.py",
        "ingest/index/lexicon.py",
        "ingest/index/migrations/upgrade.py",
        "ingest/index/postgresql.py",
        "ingest/index/server_tables.py",
        "ingest/index/snapshot.py",
        "ingest/index/sqlite.py",
        "ingest/index/tables.py",
        "ingest/index/tsvectors.py",
    },
    "langchain_core": {"assistant/langchain.py"},
    "langchain": set(),
    "torch": {"ingest/models/encoder.py", "ingest/models/onnx_export.py", "assistant/answering/rerank.py", *TRAINING},
    "sentence_transformers": {"ingest/models/encoder.py", "assistant/answering/rerank.py"},
    "onnxruntime": {"ingest/models/onnx_export.py", "ingest/models/sessions.py", *TRAINING},
    "ray": {"ingest/runs/cluster.py"},
    "mcp": {"ui/programs/mcp_server.py"},
    "prometheus_client": {"assistant/metrics.py", *(f"ui/page/{name}.py" for name in ("front", "health", "metrics"))},
}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(module: str) -> str:
    """Return the room that a module of ours is in; "" for a package's own docstring and for other libraries."""
    return next((room for room in ROOMS if module == room or module.startswith(f"{room}.")), "")


def test_every_module_is_in_a_room() -> None:
    modules = [name_of(path)[:-3].replace("/", ".").removesuffix(".__init__") for path in MODULES]
    assert [module for module in modules if not room_of(module)] == ["assistant", "ingest", "ui"]
    assert {room_of(module) for module in modules} - {""} == set(ROOMS)


def strays(paths: Iterable[Path], is_stray: Callable[[Path, str], bool]) -> list[tuple[str, str]]:
    """Return the modules with what they import and may not."""
    return [(name_of(path), name) for path in paths for name in imports(path) if is_stray(path, name)]


def test_imports_go_down_the_house() -> None:
    def goes_up(path: Path, name: str) -> bool:
        room = room_of(name_of(path)[:-3].replace("/", "."))
        return room_of(name) in (ROOMS[: ROOMS.index(room)] if room else ROOMS)

    assert strays(MODULES, goes_up) == []


def test_ingest_keeps_its_private_rooms() -> None:
    others = [path for path in MODULES if not name_of(path).startswith("ingest/")]
    assert strays(others, lambda _, name: name.startswith(PRIVATE)) == []


def test_libraries_stay_at_home() -> None:
    def strays_from_home(path: Path, name: str) -> bool:
        library = name.split(".")[0]
        if library == "gradio":
            return not name_of(path).startswith("ui/")
        return library in HOMES and name_of(path) not in HOMES[library]

    assert strays(MODULES, strays_from_home) == []


def test_only_settings_read_the_environment() -> None:
    read = {"environ", "getenv", "putenv"}
    readers = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in read
    }
    assert readers <= {"ingest/settings.py"}


def test_errors_are_never_swallowed() -> None:
    patterns = ("except Exception", "except BaseException", "except:", "suppress(", 'errors="replace"')
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in MODULES}
    assert [(name, pattern) for name, text in texts.items() for pattern in patterns if pattern in text] == []


def test_files_stay_short() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_markup_lives_in_templates() -> None:
    """No string of the page's Python holds a tag, and nothing is escaped by hand; docstrings may speak of tags."""
    page = [path for path in MODULES if name_of(path).startswith("ui/")]
    for path in page:
        nodes = list(ast.walk(tree_of(path)))
        prose = {
            id(each.value) for each in nodes if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
        }
        texts = [
            each.value
            for each in nodes
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in prose
        ]
        assert (name_of(path), [text for text in texts if MARKUP.search(text)]) == (name_of(path), [])
    assert strays(page, lambda _, name: name in ("html", "html.escape", "markupsafe.escape")) == []
