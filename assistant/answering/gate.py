"""Estimates whether the best sentence answers the question; if not, the assistant abstains."""

import math
from dataclasses import asdict

from assistant.answering.evidence import Features
from assistant.answering.weights import Scorer
from assistant.schema import State

# A probability, above one half because a wrong answer is worse than none. `cited evaluate --calibrate` stores another.
THRESHOLD = 0.6
# The same outside English, where the cross-encoder understands little: trial "threshold-of-other-languages".
FOREIGN_THRESHOLD = 0.7
BAND = 1.4  # log odds below the threshold in which one place is shown as uncertain


def probability(best: Features, scorer: Scorer) -> float:
    """Return the probability (0 to 1) that the sentence with these features answers the question.

    Source: logistic regression on evidence features, fitted by assistant/training/fit.py.
    """
    odds = scorer.gate.log_odds(asdict(best))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


def decide(score: float, threshold: float) -> State:
    """Return what a probability means: an answer from the threshold on, uncertain in the band below it."""
    if score >= threshold:
        return State.ANSWERED
    lower = threshold / (threshold + (1 - threshold) * math.exp(BAND))
    return State.UNCERTAIN if score >= lower else State.UNANSWERED
