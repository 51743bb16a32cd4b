"""Decides whether the best sentence answers, or the assistant abstains."""

import math
from dataclasses import asdict

from assistant.evidence import Features
from assistant.model import load_model

THRESHOLD = 0.5  # probability; an index may store its own, see `cited evaluate --calibrate`


def probability(best: Features, *, reranked: bool = False) -> float:
    """Return the probability (0 to 1) that the sentence with these features answers the question.

    Where a cross-encoder has read it (`reranked`), the gate without and the one
    with its logit are both asked, and their log odds averaged: either alone is
    fooled by what the other sees through; see tests/bench/RESULTS.md.

    Source: logistic regression on evidence features and their products, fitted by assistant/training/fit.py.
    """
    model, features = load_model(), asdict(best)
    odds = model.plain.gate.log_odds(features)
    if reranked:
        odds = (odds + model.reranked.gate.log_odds(features)) / 2
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
