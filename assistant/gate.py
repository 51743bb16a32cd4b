"""Decides whether the best sentence answers, or the assistant abstains."""

import math
from dataclasses import asdict

from assistant.evidence import Features
from assistant.model import load_model

THRESHOLD = 0.5  # probability; an index may store its own, see `cited evaluate --calibrate`


def probability(best: Features, *, reranked: bool = False) -> float:
    """Return the probability (0 to 1) that the sentence with these features answers the question.

    `reranked` says that a cross-encoder has read it.

    Source: logistic regression on evidence features and their products, fitted by assistant/training/fit.py.
    """
    model = load_model()
    odds = (model.reranked if reranked else model.plain).gate.log_odds(asdict(best))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
