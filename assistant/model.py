"""The coefficients of the sentence score and of the gate, as fitted by tests/bench/fit.py."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Model:
    """Two linear models over `assistant.evidence.Features`, in the order of `NAMES` there.

    `sentence` weighs a sentence's features; only differences of its scores have
    a meaning. `gate` and `gate_bias` give the log odds that the best sentence
    answers.
    """

    names: tuple[str, ...]
    sentence: tuple[float, ...]
    gate: tuple[float, ...]
    gate_bias: float


@cache
def load_model() -> Model:
    """Return the shipped coefficients."""
    values = json.loads(files("assistant").joinpath("model.json").read_text(encoding="utf-8"))
    names = tuple(values["sentence"])
    return Model(
        names=names,
        sentence=tuple(values["sentence"][name] for name in names),
        gate=tuple(values["gate"][name] for name in names),
        gate_bias=values["gate_bias"],
    )
