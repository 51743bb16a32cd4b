"""The cross-encoder: reads a question with a passage, and says whether it answers and which sentences do."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import ModelMissing
from ingest.models.encoder import Encoder
from ingest.models.onnx_export import EXPORT_AGAIN, Graph, export_module, exporting, folder_name, save_tokenizer
from ingest.schema import Span

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder

BUNDLED = "bundled"
NONE = "none"
WINDOW = 512  # tokens of question and passage together; longer input is cut. English passages have 230 at most
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
LOGITS, TOKENS = "logits", "token_logits"  # outputs of a graph: (pairs, 1), and (pairs, tokens) if it scores tokens
UNREAD = -10.0  # logit of a sentence that is beyond the window
TOLERANCE = 1e-2  # largest allowed difference between the logits of the export and of the original
COSINE_SCALE = 10.0  # makes cosines as wide as logits

Text = tuple[str, Sequence[Span]]  # what is read of a passage, and the spans of its sentences in it


@dataclass(frozen=True, slots=True)
class Reading:
    """How likely a passage answers a question, and each of its sentences does (logits)."""

    logit: float
    sentences: tuple[float, ...]


class Reranker(Protocol):
    """The interface of a cross-encoder."""

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        """Return a reading for each text."""


class OnnxReranker:
    """An exported cross-encoder, run by ONNX Runtime."""

    def __init__(self, folder: Path, models: Path | None = None, *, remedy: str = EXPORT_AGAIN) -> None:
        """Load the export in `folder`; `models` is the folder of all exported models, see `Graph`.

        Raises:
            ModelMissing: the export cannot be loaded; the message ends with `remedy`.
        """
        self._graph = Graph(folder, window=WINDOW, remedy=remedy, models=models)

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        """Return a reading for each text.

        A sentence's logit is the mean of its tokens'. A cross-encoder that does
        not score tokens reads every sentence by itself.
        """
        pairs = [(question, text) for text, _ in texts]
        if TOKENS not in self._graph.outputs:
            alone = [text[start:end] for text, spans in texts for start, end in spans]
            rest = iter(self.logits([*pairs, *((question, sentence) for sentence in alone)]).tolist())
            wholes = list(itertools.islice(rest, len(pairs)))
            return [
                Reading(whole, tuple(next(rest) for _ in spans))
                for whole, (_, spans) in zip(wholes, texts, strict=True)
            ]
        found: list[Reading] = []
        for (encoding, (logits, tokens)), (_, spans) in zip(
            self._graph.run(pairs, [LOGITS, TOKENS]), texts, strict=True
        ):
            own = [i for i, sequence in enumerate(encoding.sequence_ids) if sequence == 1]
            offsets = encoding.offsets  # makes a list each time
            starts = np.array([offsets[i][0] for i in own])
            found.append(Reading(float(logits[0]), _means(tokens[own], starts, spans)))
        return found

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Return the logit of each pair of texts, shape (len(pairs),)."""
        return np.array([float(logits[0]) for _, (logits,) in self._graph.run(pairs, [LOGITS])])


class CosineReranker:
    """Stands in for a cross-encoder: compares question and texts by the encoder's vectors."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        """Return a reading for each text."""
        parts = [part for text, spans in texts for part in (text, *(text[start:end] for start, end in spans))]
        if not parts:
            return []
        cosines = self._encoder.encode(parts) @ self._encoder.encode([question], query=True)[0] * COSINE_SCALE
        rest = iter(cosines.tolist())
        return [Reading(next(rest), tuple(next(rest) for _ in spans)) for _, spans in texts]


def _means(scores: NDArray[np.float32], starts: NDArray[np.int_], spans: Sequence[Span]) -> tuple[float, ...]:
    """Return the mean score of the tokens that start in each span."""
    inside = [scores[(starts >= start) & (starts < end)] for start, end in spans]
    return tuple(float(own.mean()) if len(own) else UNREAD for own in inside)


def open_reranker(name: str, models: Path, *, allow_downloads: bool = False) -> OnnxReranker | None:
    """Open the cross-encoder called `name`, or return None for "none". On first use, export it into `models`.

    Raises:
        ModelMissing: the model is not on this machine, cannot be exported or has more than one output.
    """
    if name == NONE:
        return None
    if name == BUNDLED:
        bundled = Path(str(files("assistant.answering") / "reranker"))
        return OnnxReranker(bundled, models, remedy="install the program again")
    folder = models / f"reranker-{folder_name(name)}"
    if not folder.is_dir():
        with exporting(name, folder) as draft:
            _export(name, draft, allow_downloads=allow_downloads)
    return OnnxReranker(folder, models)


def _export(name: str, folder: Path, *, allow_downloads: bool) -> None:
    model = _load(name, allow_downloads=allow_downloads)
    save_tokenizer(model.tokenizer, folder, name)
    inputs = [each for each in model.tokenizer.model_input_names if each in INPUTS]
    export_logits(model.model, folder / "model.onnx", inputs)
    (folder / "identity.json").write_text(json.dumps({"name": name}), encoding="utf-8")
    pairs = [("Does heat help?", "Heat helps."), ("How often should I swim?", "Cats sleep " * 20)]
    wanted = model.predict(pairs, activation_fn=_identity, show_progress_bar=False)
    exported = OnnxReranker(folder).logits(pairs)
    worst = max(abs(own - float(w)) for own, w in zip(exported, wanted, strict=True))
    if worst > TOLERANCE:
        raise ModelMissing(f"its ONNX export differs by {worst:.4f} from the original", name, "name another reranker")


def export_logits(
    classifier: "torch.nn.Module", path: Path, inputs: Sequence[str], tokens: "torch.nn.Module | None" = None
) -> None:
    """Export a transformers sequence classifier as an ONNX graph from tokens to logits.

    `tokens`, if given, turns each hidden state of the classifier's BERT into a token's logit.
    """
    import torch

    class Scoring(torch.nn.Module):  # type: ignore[misc]  # torch is not followed: it takes mypy minutes
        def __init__(self) -> None:
            super().__init__()
            self.classifier = classifier
            self.tokens = tokens

        def forward(
            self,
            input_ids: "torch.Tensor",
            attention_mask: "torch.Tensor",
            token_type_ids: "torch.Tensor | None" = None,
        ) -> "torch.Tensor | tuple[torch.Tensor, torch.Tensor]":
            kinds = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
            if self.tokens is None:
                return self.classifier(input_ids=input_ids, attention_mask=attention_mask, **kinds).logits
            states = self.classifier.bert(input_ids=input_ids, attention_mask=attention_mask, **kinds)
            return self.classifier.classifier(states.pooler_output), self.tokens(states.last_hidden_state).squeeze(-1)

    export_module(Scoring(), path, inputs=inputs, outputs=(LOGITS,) if tokens is None else (LOGITS, TOKENS))


def _load(name: str, *, allow_downloads: bool) -> "CrossEncoder":
    from sentence_transformers import CrossEncoder

    try:
        model = CrossEncoder(name, device="cpu", local_files_only=not allow_downloads)
    except (OSError, ValueError) as error:
        first = (str(error).splitlines() or ["cannot be loaded"])[0]
        remedy = "give a local folder in CITED_RERANKER, or set CITED_ALLOW_DOWNLOADS=true"
        raise ModelMissing(f"the reranker cannot be loaded ({first})", name, remedy) from error
    if model.num_labels != 1:
        raise ModelMissing(f"the reranker has {model.num_labels} outputs, not one", name, "name another reranker")
    return model


def _identity(logits: "torch.Tensor") -> "torch.Tensor":
    return logits
