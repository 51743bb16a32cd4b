"""Fits the sentence score and the gate, with and without the cross-encoder, on several sets at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from assistant.answering.evidence import NAMES
from assistant.training.cases import Case, Rows

LOGIT = "rerank_logit"
SENTENCE_FEATURES = [name for name in NAMES if name not in ("missing", "known", "lead", LOGIT)]
GATE_FEATURES = [
    "sentence_cosine",
    "passage_cosine",
    "passage_coverage",
    "heading_coverage",
    "weakest",
    "lead",
    "kind_offered",
    "kind_lacking",
    "missing",
    "exact",
    "is_question",
    "sentence_coverage",
    "neighbour_coverage",
]
SENTENCE_PENALTY = 2e-3  # of the squared standardised weights, per set
GATE_C = {False: 0.1, True: 1.0}  # inverse strength of the gate's penalty, without and with the cross-encoder
PROMPT_WEIGHT = 300  # each set weighs as this many prompts, half of them unanswerable
OWN_WEIGHT = 0.5  # of our own sets beside the others: they are harder than people's questions by design

Sets = Mapping[str, Sequence[Case]]
Figures = dict[str, float]  # by measure


@dataclass(frozen=True, slots=True)
class Fit:
    """Sentence weights in the order of NAMES, the gate, and figures by how a set was measured and by its name."""

    weights: Rows
    gate: Pipeline
    figures: Mapping[str, Mapping[str, Figures]]


def fit_sentence(sets: Sets, *, reranked: bool) -> Rows:
    """Return weights in the order of NAMES: listwise softmax over each prompt's sentences (Cao et al. 2007)."""
    columns = [NAMES.index(name) for name in (*SENTENCE_FEATURES, *([LOGIT] if reranked else []))]
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
            gradient -= share * ((p * right) @ rows / hit - p @ rows)
        return float(value), gradient

    weights = np.zeros(len(NAMES))
    weights[columns] = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B").x / scale
    return weights


def best_rows(cases: Sequence[Case], weights: Rows, *, reranked: bool) -> Rows:
    """Return for each prompt the gate's features of its best sentence."""
    columns = [NAMES.index(name) for name in _gate_names(reranked)]
    empty = np.zeros(len(NAMES))
    best = [case.rows[int(np.argmax(case.rows @ weights))] if len(case.rows) else empty for case in cases]
    return np.array(best)[:, columns]


def answerable(cases: Sequence[Case]) -> NDArray[np.int_]:
    """Return 1 for each prompt that has an answer, else 0."""
    return np.array([int(not case.prompt.unanswerable) for case in cases])


def prompt_weights(sets: Sets) -> Rows:
    """Weigh every set alike but our own, and in each the answerable prompts as the unanswerable ones."""
    weights: list[float] = []
    for name, cases in sets.items():
        share = answerable(cases).mean()
        each = {1: 0.5 / share, 0: 0.5 / (1 - share)}
        prompts = PROMPT_WEIGHT * (OWN_WEIGHT if name == "own" else 1)
        weights += [each[kind] / len(cases) * prompts for kind in answerable(cases)]
    return np.array(weights)


def fit_gate(rows: Rows, kinds: NDArray[np.int_], weights: Rows, *, reranked: bool) -> Pipeline:
    """Return the gate fitted on the best sentences' features and their products."""
    steps: list[tuple[str, Any]] = [
        ("scale", StandardScaler()),
        ("products", PolynomialFeatures(2, include_bias=False)),
        ("logistic", LogisticRegression(C=GATE_C[reranked], max_iter=5_000)),
    ]
    return Pipeline(steps).fit(rows, kinds, logistic__sample_weight=weights)


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


def fit(sets: Sets, unseen: Sets, *, reranked: bool) -> Fit:
    """Fit the sentence weights and the gate on `sets`; measure them in four ways.

    For each set: how a model fitted on the others does on it ("held out": what a user's
    own corpus may expect), how five-fold cross-validation over all of them does, and how
    the final model does on what it was fitted on. Then how it does on the `unseen` sets,
    which nothing was fitted on.
    """
    figures: dict[str, dict[str, Figures]] = {"held out": {}, "five-fold": {}, "fitted": {}, "unseen": {}}
    for held, cases in sets.items():
        model = _fitted({name: each for name, each in sets.items() if name != held}, reranked=reranked)
        figures["held out"][held] = _figures(cases, *model, reranked=reranked)
    weights = fit_sentence(sets, reranked=reranked)
    rows, kinds, shares = _stacked(sets, weights, reranked=reranked)
    gate = fit_gate(rows, kinds, shares, reranked=reranked)
    origin = np.concatenate([np.full(len(cases), number) for number, cases in enumerate(sets.values())])
    crossed = np.zeros(len(kinds))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, origin * 2 + kinds):
        fold = fit_gate(rows[train], kinds[train], shares[train], reranked=reranked)
        crossed[test] = fold.predict_proba(rows[test])[:, 1]
    for number, (name, cases) in enumerate(sets.items()):
        own = origin == number
        figures["five-fold"][name] = gate_figures(crossed[own], kinds[own])
        figures["fitted"][name] = _figures(cases, weights, gate, reranked=reranked)
    for name, cases in unseen.items():
        figures["unseen"][name] = _figures(cases, weights, gate, reranked=reranked)
    return Fit(weights, gate, figures)


def lines(fit: Fit) -> Iterator[str]:
    """Yield a line for each set and each way in which it was measured."""
    for way, sets in fit.figures.items():
        for name, figures in sets.items():
            yield f"{way:9} {name:8} " + ", ".join(f"{measure} {value:.3f}" for measure, value in figures.items())


def _figures(cases: Sequence[Case], weights: Rows, gate: Pipeline, *, reranked: bool) -> Figures:
    rows = best_rows(cases, weights, reranked=reranked)
    return hits(cases, weights) | gate_figures(gate.predict_proba(rows)[:, 1], answerable(cases))


def _fitted(sets: Sets, *, reranked: bool) -> tuple[Rows, Pipeline]:
    weights = fit_sentence(sets, reranked=reranked)
    return weights, fit_gate(*_stacked(sets, weights, reranked=reranked), reranked=reranked)


def _stacked(sets: Sets, weights: Rows, *, reranked: bool) -> tuple[Rows, NDArray[np.int_], Rows]:
    """Return the gate's features, what is wanted and the weights of all prompts."""
    rows = np.concatenate([best_rows(cases, weights, reranked=reranked) for cases in sets.values()])
    return rows, np.concatenate([answerable(cases) for cases in sets.values()]), prompt_weights(sets)


def write(plain: Fit, reranked: Fit, file: Path) -> None:
    """Write the coefficients, as weights.json has them, six digits each."""
    values = {"plain": _values(plain, reranked=False), "reranked": _values(reranked, reranked=True)}
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _values(fit: Fit, *, reranked: bool) -> dict[str, Any]:
    names, gate = _gate_names(reranked), fit.gate
    linear, products = np.split(gate["logistic"].coef_[0], [len(names)])
    quadratic = np.zeros((len(names), len(names)))
    quadratic[np.triu_indices(len(names))] = products
    return {
        "sentence": {name: float(f"{w:.6g}") for name, w in zip(NAMES, fit.weights, strict=True) if w},
        "gate": {
            "names": names,
            "mean": _digits(gate["scale"].mean_),
            "scale": _digits(gate["scale"].scale_),
            "bias": float(f"{gate['logistic'].intercept_[0]:.6g}"),
            "linear": _digits(linear),
            "quadratic": [_digits(row) for row in quadratic],
        },
    }


def _gate_names(reranked: bool) -> list[str]:
    return [*GATE_FEATURES, *([LOGIT] if reranked else [])]


def _digits(values: Rows) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
