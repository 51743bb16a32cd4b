"""Exports transformers from torch to ONNX once, then runs them without torch."""

import hashlib
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexUnwritable, ModelMissing
from ingest.settings import disable_telemetry

if TYPE_CHECKING:
    import torch
    from tokenizers import Encoding

EXPORT_AGAIN = "delete this folder and run `cited ingest` to export the model again"
BATCH = 32  # texts; larger batches need more padding and were no faster on two cores
# Tokens, padding included. 512 passages of a book: 26.4 s and 343 MB with 2,048, 29.8 s and 713 MB with 8,192.
BATCH_TOKENS = 2_048

logger = logging.getLogger(__name__)

disable_telemetry()

Batch = tuple[list[int], list["Encoding"], list[NDArray[np.float32]]]


class Graph:
    """The graph `model.onnx` and its `tokenizer.json`, run by ONNX Runtime."""

    def __init__(self, folder: Path, *, window: int, remedy: str = EXPORT_AGAIN) -> None:
        """Load the graph in `folder`; texts are truncated to `window` tokens, including special tokens.

        Raises:
            ModelMissing: the graph cannot be loaded; `remedy` is the error's remedy.
        """
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as onnx
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not use the CPU
        providers = ["CPUExecutionProvider"]
        damaged = (onnx.InvalidProtobuf, onnx.InvalidGraph, onnx.InvalidArgument, onnx.NoSuchFile, onnx.Fail)
        try:
            self._counter = Tokenizer.from_buffer((folder / "tokenizer.json").read_bytes())
            self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=providers)
        except (OSError, ValueError, *damaged) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelMissing(f"the model cannot be loaded ({first})", str(folder), remedy) from error
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_str(self._counter.to_str())
        self._tokenizer.enable_truncation(window)
        self._inputs = [each.name for each in self._session.get_inputs()]
        self.outputs = tuple(each.name for each in self._session.get_outputs())

    def run(self, texts: Sequence[str] | Sequence[tuple[str, str]], outputs: Sequence[str]) -> Iterator[Batch]:
        """Run texts, or pairs of texts, through the graph, batched by similar length.

        Yields for each batch the indices of its texts, their tokens and the outputs.
        """
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for rows in _batches(order, [len(encoding.ids) for encoding in encodings]):
            longest = len(encodings[rows[-1]].ids)
            columns = {name: np.zeros((len(rows), longest), dtype=np.int64) for name in self._inputs}
            for row, i in enumerate(rows):
                values = {
                    "input_ids": encodings[i].ids,
                    "attention_mask": encodings[i].attention_mask,
                    "token_type_ids": encodings[i].type_ids,
                }
                for name, column in columns.items():
                    column[row, : len(values[name])] = values[name]
            yield rows, [encodings[i] for i in rows], self._session.run(list(outputs), columns)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, without special tokens."""
        return [len(e.ids) for e in self._counter.encode_batch(list(texts), add_special_tokens=False)]


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Divide texts, shortest first, into batches of at most `BATCH` texts and `BATCH_TOKENS` tokens, or one text."""
    batch: list[int] = []
    for i in order:
        if batch and (len(batch) == BATCH or (len(batch) + 1) * lengths[i] > BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def folder_name(name: str) -> str:
    """Return the folder name for the export of the model `name`."""
    plain = "".join(c if c.isalnum() or c in "-." else "-" for c in Path(name).name)
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@contextmanager
def exporting(name: str, folder: Path) -> Iterator[Path]:
    """Yield a temporary folder for the export of the model `name`; it is renamed to `folder` on success.

    Raises:
        IndexUnwritable: the parent of `folder` is not writable.
    """
    logger.info("exporting %s to ONNX, once", name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(dir=folder.parent)
    except OSError as error:
        what = f"cannot be written ({(error.strerror or type(error).__name__).lower()})"
        raise IndexUnwritable(what, str(folder.parent), "check that it is a folder you may write to") from error
    with made as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and transformers warn about their own internals here
        draft = Path(temporary) / folder.name
        draft.mkdir()
        yield draft
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)


def save_tokenizer(tokenizer: Any, folder: Path, name: str) -> None:  # noqa: ANN401 - of the transformers library
    """Save a model's tokenizer next to its graph.

    Raises:
        ModelMissing: the tokenizer does not run without transformers.
    """
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ModelMissing("the model has no fast tokenizer", name, "use another model")
    fast.save(str(folder / "tokenizer.json"))


def export_module(module: "torch.nn.Module", path: Path, *, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Write a torch module as an ONNX graph with dynamic batch size and length."""
    import torch

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns that torchvision is missing
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=8192)
    with torch.no_grad():
        torch.onnx.export(
            module.eval(),
            kwargs={name: torch.ones((2, 8), dtype=torch.int64) for name in inputs},
            f=str(path),
            dynamo=True,
            dynamic_shapes={name: {0: batch, 1: length} for name in inputs},
            input_names=list(inputs),
            output_names=list(outputs),
            external_data=False,
            verbose=False,
        )
