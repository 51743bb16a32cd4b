"""Estimates whether the best sentence answers the question; if not, the assistant abstains."""

import math
from dataclasses import asdict

from assistant.answering.evidence import Features
from assistant.answering.weights import Scorer

THRESHOLD = 0.5  # probability; `cited evaluate --calibrate` stores another one in the index


def probability(best: Features, scorer: Scorer) -> float:
    """Return the probability (0 to 1) that the sentence with these features answers the question.

    Source: logistic regression on evidence features and their products, fitted by assistant/training/fit.py.
    """
    odds = scorer.gate.log_odds(asdict(best))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
