"""Fits the sentence score and the gate, with and without the cross-encoder, on several sets at once."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from assistant.answering.evidence import NAMES
from assistant.training.cases import Case, Rows

# Features that may only lower a score or the odds; all others may only raise them.
LOWERING = frozenset({"missing", "kind_lacking", "is_question"})
SENTENCE_FEATURES = [name for name in NAMES if name not in ("elsewhere", "missing")]
GATE_FEATURES = [name for name in NAMES if name not in ("heading_exact", "kind_offered")]
SENTENCE_PENALTY = 2e-3  # of the squared standardised weights, per set
GATE_PENALTY = 1e-3  # of the squared standardised weights
PROMPTS = 150  # a set of so many prompts or more weighs 1, a smaller one less

Sets = Mapping[str, Sequence[Case]]
Figures = dict[str, float]  # by measure


@dataclass(frozen=True, slots=True)
class Gate:
    """A logistic model: the log odds are bias + weights . features, in the order of NAMES."""

    bias: float
    weights: Rows

    def probabilities(self, rows: Rows) -> Rows:
        """Return the probability that each row's sentence answers, shape (len(rows),)."""
        odds: Rows = expit(self.bias + rows @ self.weights)
        return odds


@dataclass(frozen=True, slots=True)
class Fit:
    """Sentence weights in the order of NAMES, the gate, and figures by how a set was measured and by its name."""

    weights: Rows
    gate: Gate
    figures: Mapping[str, Mapping[str, Figures]]


def fit_sentence(sets: Sets) -> Rows:
    """Return weights in the order of NAMES: listwise softmax over each prompt's sentences (Cao et al. 2007)."""
    columns = [NAMES.index(name) for name in SENTENCE_FEATURES]
    every = np.concatenate([case.rows[:, columns] for cases in sets.values() for case in cases])
    mean, scale = every.mean(axis=0), every.std(axis=0) + 1e-9
    lists = []
    for cases in sets.values():
        usable = [case for case in cases if 0 < case.right.sum() < len(case.right)]
        lists += [((c.rows[:, columns] - mean) / scale, c.right, 1 / len(usable)) for c in usable]

    def loss(weights: Rows) -> tuple[float, Rows]:
        value, gradient = SENTENCE_PENALTY * weights @ weights, 2 * SENTENCE_PENALTY * weights
        for rows, right, share in lists:
            scores = np.exp(rows @ weights - (rows @ weights).max())
            p = scores / scores.sum()
            hit = p @ right + 1e-12
            value -= share * np.log(hit)
            gradient = gradient - share * ((p * right) @ rows / hit - p @ rows)
        return float(value), gradient

    weights = np.zeros(len(NAMES))
    bounds = [_bounds(name) for name in SENTENCE_FEATURES]
    found = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B", bounds=bounds)
    weights[columns] = found.x / scale
    return weights


def fit_gate(sets: Sets, weights: Rows) -> Gate:
    """Return the gate fitted on the features of each prompt's best sentence.

    A monotone logistic model: no weight may go against the meaning of its feature, so
    more evidence never lowers the odds.
    """
    columns = [NAMES.index(name) for name in GATE_FEATURES]
    both = {name: cases for name, cases in sets.items() if 0 < answerable(cases).mean() < 1}
    rows = np.concatenate([best_rows(cases, weights)[:, columns] for cases in both.values()])
    kinds = np.concatenate([answerable(cases) for cases in both.values()])
    shares = prompt_weights(both)
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    standard = (rows - mean) / scale

    def loss(values: Rows) -> tuple[float, Rows]:
        p = expit(values[0] + standard @ values[1:])
        likelihood = shares * (kinds * np.log(p + 1e-12) + (1 - kinds) * np.log(1 - p + 1e-12))
        off = shares * (p - kinds)
        gradient = np.concatenate([[off.sum()], standard.T @ off + 2 * GATE_PENALTY * values[1:]])
        return float(GATE_PENALTY * values[1:] @ values[1:] - likelihood.sum()), gradient

    bounds = [(None, None), *(_bounds(name) for name in GATE_FEATURES)]
    found = minimize(loss, np.zeros(len(columns) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    every = np.zeros(len(NAMES))
    every[columns] = found[1:] / scale
    return Gate(float(found[0] - every[columns] @ mean), every)


def _bounds(name: str) -> tuple[float | None, float | None]:
    return (None, 0.0) if name in LOWERING else (0.0, None)


def best_rows(cases: Sequence[Case], weights: Rows) -> Rows:
    """Return the features of each prompt's best sentence, shape (prompts, len(NAMES)); zeros without sentences."""
    empty = np.zeros(len(NAMES))
    return np.array([case.rows[int(np.argmax(case.rows @ weights))] if len(case.rows) else empty for case in cases])


def answerable(cases: Sequence[Case]) -> NDArray[np.int_]:
    """Return 1 for each prompt that has an answer, else 0."""
    return np.array([int(not case.prompt.unanswerable) for case in cases])


def prompt_weights(sets: Sets) -> Rows:
    """Weigh every set alike but small ones, and in each the answerable as the unanswerable prompts; the sum is 1."""
    weights: list[float] = []
    for cases in sets.values():
        share = answerable(cases).mean()
        each = {1: 0.5 / share, 0: 0.5 / (1 - share)}
        weights += [each[kind] / max(len(cases), PROMPTS) for kind in answerable(cases)]
    return np.array(weights) / sum(weights)


def hits(cases: Sequence[Case], weights: Rows) -> Figures:
    """Return how often a right sentence is first, and among the first three."""
    found = []
    for case in cases:
        if not case.prompt.answers and not case.prompt.passages:
            continue
        order = np.argsort(-(case.rows @ weights), kind="stable")[:3]
        found.append((bool(len(order)) and case.right[order[0]] > 0, bool(case.right[order].any())))
    first, three = np.mean(found, axis=0)
    return {"first": float(first), "among three": float(three)}


def gate_figures(probabilities: Rows, kinds: NDArray[np.int_]) -> Figures:
    """Return the gate's figures at a threshold of one half."""
    refused = float((probabilities[kinds == 1] < 0.5).mean())
    answered = float((probabilities[kinds == 0] >= 0.5).mean())
    return {
        "AUROC": float(roc_auc_score(kinds, probabilities)),
        "gate accuracy": 1 - (refused + answered) / 2,
        "false refusals": refused,
        "false answers": answered,
    }


def fit(sets: Sets, unseen: Sets, sentence: Callable[[Sets], Rows] = fit_sentence) -> Fit:
    """Fit the sentence weights (by `sentence`) and the gate on `sets`; measure them in three ways.

    For each set: how a model fitted on the others does on it ("held out": what a user's
    own corpus may expect), and how the final model does on what it was fitted on. Then
    how it does on the `unseen` sets, which nothing was fitted on.
    """
    figures: dict[str, dict[str, Figures]] = {"held out": {}, "fitted": {}, "unseen": {}}
    for held, cases in sets.items():
        figures["held out"][held] = _figures(
            cases, *_fitted({n: each for n, each in sets.items() if n != held}, sentence)
        )
    weights, gate = _fitted(sets, sentence)
    for way, measured in (("fitted", sets), ("unseen", unseen)):
        for name, cases in measured.items():
            figures[way][name] = _figures(cases, weights, gate)
    return Fit(weights, gate, figures)


def lines(fit: Fit) -> Iterator[str]:
    """Yield a line for each set and each way in which it was measured."""
    for way, sets in fit.figures.items():
        for name, figures in sets.items():
            yield f"{way:9} {name:8} " + ", ".join(f"{measure} {value:.3f}" for measure, value in figures.items())


def _figures(cases: Sequence[Case], weights: Rows, gate: Gate) -> Figures:
    return hits(cases, weights) | gate_figures(gate.probabilities(best_rows(cases, weights)), answerable(cases))


def _fitted(sets: Sets, sentence: Callable[[Sets], Rows]) -> tuple[Rows, Gate]:
    weights = sentence(sets)
    return weights, fit_gate(sets, weights)


def write(plain: Fit, reranked: Fit, file: Path) -> None:
    """Write the coefficients, as weights.json has them, six digits each."""
    both = {"plain": values(plain), "reranked": values(reranked)}
    file.write_text(json.dumps(both, indent=1) + "\n", encoding="utf-8")


def values(fit: Fit) -> dict[str, object]:
    """Return the coefficients by name."""
    return {
        "sentence": _named(fit.weights),
        "gate": {"bias": float(f"{fit.gate.bias:.6g}"), "weights": _named(fit.gate.weights)},
    }


def _named(weights: Rows) -> dict[str, float]:
    return {name: float(f"{w:.6g}") for name, w in zip(NAMES, weights, strict=True) if abs(w) > 1e-9}
