"""Decides whether the best sentence answers, or the assistant abstains."""

import math
from dataclasses import asdict

from assistant.answering.evidence import Features
from assistant.answering.weights import load_model

THRESHOLD = 0.5  # probability; an index may store its own, see `cited evaluate --calibrate`


def probability(best: Features, *, reranked: bool = False) -> float:
    """Return the probability (0 to 1) that the sentence with these features answers the question.

    Where a cross-encoder has read it (`reranked`), its logit counts too.

    Source: logistic regression on evidence features and their products, fitted by assistant/training/fit.py.
    """
    model, features = load_model(), asdict(best)
    odds = (model.reranked if reranked else model.plain).gate.log_odds(features)
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
