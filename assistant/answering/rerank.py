"""Rescores sentences with a cross-encoder, which reads question and sentence together.

Source: passage re-ranking with BERT (Nogueira and Cho 2019).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.answering.evidence import CONTEXTS, NAMES, Sentence
from assistant.answering.weights import Scorer
from ingest.errors import ModelMissing
from ingest.models.onnx_export import EXPORT_AGAIN, Graph, export_module, exporting, folder_name, save_tokenizer

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder

BUNDLED = "bundled"
NONE = "none"
WINDOW = 128  # tokens of question and sentence together; longer input is cut
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
TOLERANCE = 1e-2  # largest allowed difference between the logits of the export and of the original

Logits = NDArray[np.float64]


class Reranker(Protocol):
    """The interface of a cross-encoder."""

    def score(self, question: str, texts: Sequence[str]) -> Logits:
        """Return a logit for each text, shape (len(texts),); higher means more likely to answer."""


class OnnxReranker:
    """An exported cross-encoder, run by ONNX Runtime."""

    def __init__(self, folder: Path, *, remedy: str = EXPORT_AGAIN) -> None:
        """Load the export in `folder`.

        Raises:
            ModelMissing: the export cannot be loaded; the message ends with `remedy`.
        """
        self._graph = Graph(folder, window=WINDOW, remedy=remedy)

    def score(self, question: str, texts: Sequence[str]) -> Logits:
        """Return a logit for each text, shape (len(texts),)."""
        logits = np.zeros(len(texts))
        for rows, _, (found,) in self._graph.run([(question, text) for text in texts], ["logits"]):
            logits[rows] = found[:, 0]
        return logits


def open_reranker(name: str, models: Path, *, allow_downloads: bool = False) -> OnnxReranker | None:
    """Open the cross-encoder called `name`, or return None for "none". On first use, export it into `models`.

    Raises:
        ModelMissing: the model is not on this machine, cannot be exported or has more than one output.
    """
    if name == NONE:
        return None
    if name == BUNDLED:
        return OnnxReranker(Path(str(files("assistant.answering") / "reranker")), remedy="install the program again")
    folder = models / f"reranker-{folder_name(name)}"
    if not folder.is_dir():
        with exporting(name, folder) as draft:
            _export(name, draft, allow_downloads=allow_downloads)
    return OnnxReranker(folder)


def rerank(question: str, sentences: Sequence[Sentence], reranker: Reranker, scorer: Scorer) -> list[Sentence]:
    """Rescore the first `CONTEXTS` sentences with the cross-encoder; return all, best first, the rest after these."""
    chosen, others = sentences[:CONTEXTS], sentences[CONTEXTS:]
    weights = scorer.weights(NAMES)
    logits = reranker.score(question, [sentence.reading() for sentence in chosen])
    scored = []
    for sentence, logit in zip(chosen, logits, strict=True):
        features = replace(sentence.features, rerank_logit=float(logit))
        scored.append(replace(sentence, features=features, score=float(weights @ features.row())))
    scored.sort(key=lambda sentence: -sentence.score)
    least = scored[-1].score if scored else 0.0
    return scored + [replace(sentence, score=min(least, sentence.score)) for sentence in others]


def _export(name: str, folder: Path, *, allow_downloads: bool) -> None:
    model = _load(name, allow_downloads=allow_downloads)
    save_tokenizer(model.tokenizer, folder, name)
    inputs = [each for each in model.tokenizer.model_input_names if each in INPUTS]
    export_logits(model.model, folder / "model.onnx", inputs)
    (folder / "identity.json").write_text(json.dumps({"name": name}), encoding="utf-8")
    pairs = [("Does heat help?", "Heat helps."), ("How often should I swim?", "Cats sleep " * 20)]
    wanted = model.predict(pairs, activation_fn=_identity, show_progress_bar=False)
    exported = OnnxReranker(folder)
    worst = max(abs(exported.score(a, [b])[0] - float(w)) for (a, b), w in zip(pairs, wanted, strict=True))
    if worst > TOLERANCE:
        raise ModelMissing(f"its ONNX export differs by {worst:.4f} from the original", name, "name another reranker")


def export_logits(classifier: "torch.nn.Module", path: Path, inputs: Sequence[str]) -> None:
    """Export a transformers sequence classifier as an ONNX graph from tokens to logits."""
    import torch

    class Scoring(torch.nn.Module):  # type: ignore[misc]  # torch is not followed: it takes mypy minutes
        def __init__(self) -> None:
            super().__init__()
            self.classifier = classifier

        def forward(
            self,
            input_ids: "torch.Tensor",
            attention_mask: "torch.Tensor",
            token_type_ids: "torch.Tensor | None" = None,
        ) -> "torch.Tensor":
            kinds = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
            return self.classifier(input_ids=input_ids, attention_mask=attention_mask, **kinds).logits

    export_module(Scoring(), path, inputs=inputs, outputs=("logits",))


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
