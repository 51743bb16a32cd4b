"""Opens graphs in ONNX Runtime, from an optimised form that is made once: quicker, and in a third of the memory."""

import hashlib
import logging
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from ingest import allocator
from ingest.settings import disable_telemetry

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, SessionOptions

OPTIMISED = "optimised"
"""The folder in that of the models where the optimised forms are kept."""
GRAPH, WEIGHTS = "model.onnx", "model.weights"
# ONNX Runtime's SkipLayerNormalization takes fifteen times as long as its Add and LayerNormalization.
SLOW_FUSIONS = ("SkipLayerNormFusion",)
LEAST_WEIGHT = 1_024  # bytes of a weight that is not kept in the graph's own file, but mapped into memory

logger = logging.getLogger(__name__)

disable_telemetry()

# Sessions in use by file, time and size: several collections share a model, which may take hundreds of megabytes.
_sessions: "WeakValueDictionary[tuple[str, int, int], InferenceSession]" = WeakValueDictionary()
_opening = threading.Lock()


def session(path: Path, models: Path | None = None) -> "InferenceSession":
    """Return the session of a graph, the same one to all that use it at a time.

    ONNX Runtime rewrites a graph whenever it opens one, and copies all weights. In `models`, what it made is kept, and
    the weights are mapped from their file, so those that no text needs, such as the vectors of most words, take no
    memory. Where that cannot be written or is damaged, the graph itself is opened; the results are the same.
    Source: https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html

    Raises:
        damaged(): it cannot be loaded.
    """
    found = path.stat()
    key = (str(path.absolute()), found.st_mtime_ns, found.st_size)
    allocator.limit_arenas()
    with _opening:
        opened = _sessions.get(key)
        if opened is None:
            opened = _from_optimised(path, models) if models is not None else None
            opened = opened or _open(path, _options())
            _sessions[key] = opened
        return opened


def damaged() -> tuple[type[Exception], ...]:
    """Return the errors for a model that cannot be loaded or written: those of ONNX Runtime, and of its files."""
    from onnxruntime.capi import onnxruntime_pybind11_state as onnx

    return (
        OSError,
        ValueError,
        onnx.InvalidProtobuf,
        onnx.InvalidGraph,
        onnx.InvalidArgument,
        onnx.NoSuchFile,
        onnx.Fail,
        onnx.RuntimeException,
    )


def _from_optimised(path: Path, models: Path) -> "InferenceSession | None":
    """Open the optimised form of a graph, made now if it is missing; None if it cannot be made or is damaged."""
    import onnxruntime

    folder = models / OPTIMISED / _name(path)
    try:
        if not folder.is_dir():
            _optimise(path, folder)
        options = _options()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it is optimised
        return _open(folder / GRAPH, options)
    except damaged() as error:
        logger.info("%s is opened without its optimised form: %s", path, error)
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _name(path: Path) -> str:
    """Return the name of a graph's optimised form, another one if the graph or ONNX Runtime is another."""
    import onnxruntime

    found = path.stat()
    which = f"{onnxruntime.__version__} {found.st_mtime_ns} {found.st_size}"
    return f"{path.parent.name}-{hashlib.sha256(which.encode()).hexdigest()[:8]}"


def _optimise(path: Path, folder: Path) -> None:
    """Write the optimised form of a graph into `folder`, completely or not at all; delete those of former ones."""
    import onnxruntime

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        options = _options()
        # One level more would fit this processor alone, and does nothing for transformers.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(draft / GRAPH)
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", WEIGHTS)
        options.add_session_config_entry(
            "session.optimized_model_external_initializers_min_size_in_bytes", str(LEAST_WEIGHT)
        )
        _open(path, options)
        for former in folder.parent.glob(f"{path.parent.name}-{'[0-9a-f]' * 8}"):
            if former != folder:
                shutil.rmtree(former, ignore_errors=True)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # or else another process was quicker
                raise


def _options() -> "SessionOptions":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not use the CPU
    options.enable_mem_pattern = False  # a plan of the memory for each length of text: 10 MB, and no quicker
    return options


def _open(path: Path, options: "SessionOptions") -> "InferenceSession":
    import onnxruntime

    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
    )
