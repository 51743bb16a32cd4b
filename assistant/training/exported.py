"""Reads a cross-encoder back from an export with weights of eight bits, to train it further."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from assistant.answering.rerank import INPUTS

HEADS = 12  # of attention, in every MiniLM
OUTER = "classifier."  # how the BERT's weights' names begin in our own exports
TOKENS = "tokens."  # and those of the layer that scores tokens
MARKS = {"pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]", "mask": "[MASK]"}

Weights = Iterator[tuple[str, NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class CrossEncoder:
    """A BERT with one output, the linear layer that scores its tokens (torch modules), and their tokenizer."""

    classifier: Any
    tokens: Any
    tokenizer: Any


def read_export(folder: Path, *, heads: int = HEADS) -> CrossEncoder:
    """Return the BERT with one output in `folder` (model.onnx, tokenizer.json), to be trained further.

    Its weights stay as the eight bits have rounded them. A graph that does not
    score tokens gets a layer of zeros for that. `heads` is not told by the graph.

    Raises:
        OSError: a file cannot be read.
        KeyError: the graph is not one of a BERT.
        RuntimeError: it has not all the weights of a BERT; it names those that are missing.
    """
    graph = onnx.load(str(folder / "model.onnx")).graph
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    outer = OUTER if any(name.startswith(f"{OUTER}bert.") for name in stored) else ""
    weights = {name.removeprefix(outer): torch.tensor(value) for name, value in _weights(graph, stored)}
    words, size = weights["bert.embeddings.word_embeddings.weight"].shape
    zeros = {"weight": torch.zeros(1, size), "bias": torch.zeros(1)}
    scoring = {name: weights.pop(f"{TOKENS}{name}", zero) for name, zero in zeros.items()}
    config = BertConfig(
        vocab_size=words,
        hidden_size=size,
        num_hidden_layers=sum(name.endswith("attention.output.LayerNorm.weight") for name in weights),
        num_attention_heads=heads,
        intermediate_size=len(weights["bert.encoder.layer.0.intermediate.dense.bias"]),
        max_position_embeddings=len(weights["bert.embeddings.position_embeddings.weight"]),
        num_labels=1,
    )
    classifier, tokens = BertForSequenceClassification(config), torch.nn.Linear(size, 1)
    classifier.load_state_dict(weights)
    tokens.load_state_dict(scoring)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    marks = {f"{kind}_token": mark for kind, mark in MARKS.items()}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=list(INPUTS), **marks)
    return CrossEncoder(classifier, tokens, fast)


def _weights(graph: Any, stored: Mapping[str, NDArray[Any]]) -> Weights:
    """Yield each weight with the name that torch gives it; the graph has lost those of the linear layers."""
    for name, value in stored.items():
        if name.endswith((".weight", ".bias")):
            yield name, value
        elif name.endswith("embeddings.weight_quantized"):
            yield name.removesuffix("_quantized"), _widened(name, stored)
    readers = {each: node for node in reversed(graph.node) for each in node.input}  # the first of several
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            bias = _bias_after(node, readers)
            yield f"{bias.removesuffix('bias')}weight", _widened(node.input[1], stored).T


def _widened(rounded: str, stored: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    name = rounded.removesuffix("_quantized")
    steps = stored[rounded].astype(np.float32) - stored[f"{name}_zero_point"].astype(np.float32)
    return np.asarray(steps * stored[f"{name}_scale"], dtype=np.float32)


def _bias_after(node: Any, readers: Mapping[str, Any]) -> str:
    """Return the name of the bias that is added to what the product of a linear layer becomes."""
    while not (added := [each for each in node.input if each.endswith(".bias")]):
        node = readers[node.output[0]]
    return str(added[0])
