"""The coefficients of the sentence score and the gate, fitted by assistant/training."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GateModel:
    """A logistic model: the log odds are bias + weights . features. No weight goes against its feature's meaning."""

    bias: float
    weights: Mapping[str, float]

    def log_odds(self, features: Mapping[str, float]) -> float:
        """Return the log odds that a sentence with these features answers the question."""
        return self.bias + sum(weight * features[name] for name, weight in self.weights.items())


@dataclass(frozen=True, slots=True)
class Scorer:
    """The feature weights of the sentence score, and the gate. Only differences between scores are meaningful."""

    sentence: Mapping[str, float]
    gate: GateModel

    def weights(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the feature weights in the order of `names`, 0 for unused features."""
        return np.array([self.sentence.get(name, 0.0) for name in names])


@dataclass(frozen=True, slots=True)
class Model:
    """The coefficients for use without a cross-encoder (`plain`) and with one (`reranked`).

    `foreign` are those with one that does not understand the language, by the
    encoder's name.
    """

    plain: Scorer
    reranked: Scorer
    foreign: Mapping[str, Scorer] = field(default_factory=dict)


@cache
def load_model() -> Model:
    """Return the shipped coefficients."""
    weights, languages = (
        files("assistant.answering").joinpath(name).read_text(encoding="utf-8")
        for name in ("weights.json", "languages.json")
    )
    return replace(parse_model(weights), foreign=parse_foreign(languages))


def parse_model(text: str) -> Model:
    """Parse the coefficients as written by `assistant.training.fit.write`."""
    values = json.loads(text)
    return Model(_scorer(values["plain"]), _scorer(values["reranked"]))


def parse_foreign(text: str) -> Mapping[str, Scorer]:
    """Parse the coefficients as written by `assistant.training.languages`."""
    return {encoder: _scorer(values) for encoder, values in json.loads(text).items()}


def _scorer(values: Mapping[str, Any]) -> Scorer:
    return Scorer(values["sentence"], GateModel(values["gate"]["bias"], values["gate"]["weights"]))
