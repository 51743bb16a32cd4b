"""Decides whether the best sentence answers, or the assistant abstains."""

import math

from assistant.evidence import Features
from assistant.model import load_model

THRESHOLD = 0.5  # probability; an index may store its own, see `cited evaluate --calibrate`


def probability(best: Features) -> float:
    """Return the probability (0 to 1) that the sentence with these features answers the question.

    Source: logistic regression on evidence features, fitted by tests/bench/fit.py.
    """
    model = load_model()
    odds = model.gate_bias + sum(weight * value for weight, value in zip(model.gate, best.row(), strict=True))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
