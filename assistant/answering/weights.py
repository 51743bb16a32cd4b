"""The coefficients of the sentence score and the gate, fitted by assistant/training/fit.py."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GateModel:
    """A logistic model over standardised features and their products.

    With z = (value - mean) / scale for each of `names`, the log odds are
    bias + linear . z + z . quadratic . z; `quadratic` is upper triangular.
    """

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    bias: float
    linear: NDArray[np.float64]
    quadratic: NDArray[np.float64]

    def log_odds(self, features: Mapping[str, float]) -> float:
        """Return the log odds that a sentence with these features answers the question."""
        z = (np.array([features[name] for name in self.names]) - self.mean) / self.scale
        return float(self.bias + self.linear @ z + z @ self.quadratic @ z)


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
    """The coefficients for use without a cross-encoder (`plain`) and with one (`reranked`)."""

    plain: Scorer
    reranked: Scorer


@cache
def load_model() -> Model:
    """Return the shipped coefficients."""
    return parse_model(files("assistant.answering").joinpath("weights.json").read_text(encoding="utf-8"))


def parse_model(text: str) -> Model:
    """Parse the coefficients as written by `assistant.training.fit.write`."""
    values = json.loads(text)
    return Model(_scorer(values["plain"]), _scorer(values["reranked"]))


def _scorer(values: Mapping[str, Any]) -> Scorer:
    gate = values["gate"]
    arrays = {name: np.array(gate[name]) for name in ("mean", "scale", "linear", "quadratic")}
    return Scorer(values["sentence"], GateModel(names=tuple(gate["names"]), bias=gate["bias"], **arrays))
