"""Exports transformers from torch to ONNX once, then runs them without torch."""

import hashlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexUnwritable, ModelMissing
from ingest.models.sessions import damaged, session

if TYPE_CHECKING:
    import torch
    from tokenizers import Encoding

EXPORT_AGAIN = "delete this folder and run `cited ingest` to export the model again"
EXPORTS = 3
"""The version of the exports; models that were exported by another are exported again."""
FUSED = "cited_fused"  # what transformers knows our attention by

logger = logging.getLogger(__name__)

Output = tuple["Encoding", list[NDArray[np.float32]]]


class Graph:
    """The graph `model.onnx` and its `tokenizer.json`, run by ONNX Runtime."""

    def __init__(self, folder: Path, *, window: int, remedy: str = EXPORT_AGAIN, models: Path | None = None) -> None:
        """Load the graph in `folder`; texts are truncated to `window` tokens, including special tokens.

        `models` is the folder of the exported models, where a form of it that opens quickly is kept.

        Raises:
            ModelMissing: the graph cannot be loaded; `remedy` is the error's remedy.
        """
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_buffer((folder / "tokenizer.json").read_bytes())
            self._session = session(folder / "model.onnx", models)
        except damaged() as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelMissing(f"the model cannot be loaded ({first})", str(folder), remedy) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(window)
        self._inputs = [each.name for each in self._session.get_inputs()]
        self.outputs = tuple(each.name for each in self._session.get_outputs())

    def run(self, texts: Sequence[str] | Sequence[tuple[str, str]], outputs: Sequence[str]) -> Iterator[Output]:
        """Run texts, or pairs of texts, through the graph; yield the tokens and the outputs of each.

        Each is run by itself, several at a time. That needs no padding and is
        faster than batches, and weights of 8 bits give a text the same numbers
        whatever else is encoded with it.
        """
        encodings = self._tokenizer.encode_batch(list(texts))
        if len(encodings) == 1:  # not worth another thread
            yield encodings[0], self._outputs(encodings[0], outputs)
            return
        yield from zip(encodings, _workers().map(lambda each: self._outputs(each, outputs), encodings), strict=True)

    def _outputs(self, encoding: "Encoding", outputs: Sequence[str]) -> list[NDArray[np.float32]]:
        values = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        columns = {name: np.array([values[name]], dtype=np.int64) for name in self._inputs}
        return [output[0] for output in self._session.run(list(outputs), columns)]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, without special tokens."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(each.ids) + sum(len(cut.ids) for cut in each.overflowing) for each in encodings]


@cache
def _workers() -> ThreadPoolExecutor:
    """Return the threads that run graphs, as many as there are cores; all models share them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ThreadPoolExecutor(cores, "graph")


def folder_name(name: str) -> str:
    """Return the folder name for the export of the model `name`."""
    plain = "".join(c if c.isalnum() or c in "-." else "-" for c in Path(name).name)
    return f"{plain}-{hashlib.sha256(f'{EXPORTS} {name}'.encode()).hexdigest()[:8]}"


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
    """Write a torch module as an ONNX graph with dynamic batch size and length, for texts without padding."""
    import onnx
    import torch

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns that torchvision is missing
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=8192)
    with torch.no_grad(), _fused_attention(module):
        program = torch.onnx.export(
            module.eval(),
            kwargs={name: torch.ones((2, 8), dtype=torch.int64) for name in inputs},
            dynamo=True,
            dynamic_shapes={name: {0: batch, 1: length} for name in inputs},
            input_names=list(inputs),
            output_names=list(outputs),
            verbose=False,
        )
    model = program.model_proto
    for each in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        each.ClearField("metadata_props")  # which lines of which file on this machine it was made by
    onnx.save(model, str(path))


@contextmanager
def _fused_attention(module: "torch.nn.Module") -> Iterator[None]:
    """Let each BERT in a module attend by one operator of ONNX Runtime, which takes a third less time than its parts.

    The operator gets no mask: a text that is run by itself has no padding.
    """
    from transformers import AttentionInterface, BertModel

    AttentionInterface.register(FUSED, _attend)
    found = [each for each in module.modules() if isinstance(each, BertModel)]
    former = [each.config._attn_implementation for each in found]
    try:
        for each in found:
            each.set_attn_implementation(FUSED)
        yield
    finally:
        for each, name in zip(found, former, strict=True):
            each.set_attn_implementation(name)


def _attend(
    _: "torch.nn.Module", query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor", *__: object, **___: object
) -> "tuple[torch.Tensor, None]":
    """Return what each token gathers from the others; all are of shape (texts, heads, tokens, size of a head)."""
    import torch

    texts, heads, tokens, size = query.shape
    flat = [each.transpose(1, 2).reshape(texts, tokens, heads * size) for each in (query, key, value)]
    name, whole = "com.microsoft::MultiHeadAttention", (texts, tokens, heads * size)
    gathered = torch.onnx.ops.symbolic(name, flat, {"num_heads": heads}, dtype=query.dtype, shape=whole, version=1)
    return gathered.reshape(texts, tokens, heads, size), None


def rounded(path: Path, into: Path, *, tables: bool = False) -> None:
    """Write a graph with the weights of its matrices rounded to 8 bits, each column by itself.

    One bit is left free, without which sums overflow on processors that lack VNNI.
    `tables` are the vectors of words and positions: rounded to 8 bits too, they make
    a file much smaller, but nothing faster.
    Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    model = onnx.load(str(path))
    add_pre_process_metadata(model)  # otherwise it warns that the graph was not simplified
    quantize_dynamic(
        model,
        into,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
    )
    if tables:
        quantize_dynamic(into, into, weight_type=QuantType.QInt8, op_types_to_quantize=["Gather"])
