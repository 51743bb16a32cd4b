"""Fit the sentence score and the gate, and write assistant/model.json.

    python tests/bench/fit.py BENCH [--write]

BENCH holds xquad/ and medquad/ with corpus/ and prompts.jsonl each; the shipped
corpus is the third set. Prints, for each set, how a model fitted on the other
two does on it (what a user's own corpus may expect), how five-fold
cross-validation over all three does, and how the final model does on what it
was fitted on. Nothing is written without --write.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
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

from assistant.chain import READ
from assistant.evidence import NAMES, Texts, score_sentences
from assistant.fusion import fuse
from assistant.index import Index
from assistant.judge import is_right_quote
from assistant.prompts import Prompt, load_prompts
from assistant.retrieve import retrieve, understand
from ingest.encoder import BUNDLED, Encoder, open_encoder
from ingest.pipeline import ingest

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
SENTENCE_FEATURES = [name for name in NAMES if name not in ("missing", "known", "lead")]
GATE_FEATURES = [
    "sentence_cosine",
    "passage_cosine",
    "passage_coverage",
    "heading_coverage",
    "weakest",
    "lead",
    "kind_lacking",
]
SENTENCE_PENALTY = 2e-3  # of the squared standardised weights, per set
GATE_C = 0.1  # inverse strength of the gate's penalty
PROMPT_WEIGHT = 300  # each set weighs as this many prompts, half of them unanswerable

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt with its sentences' features, shape (sentences, len(NAMES)), and which of them are right."""

    prompt: Prompt
    rows: Rows
    right: NDArray[np.float64]


def collect(corpus: Path, prompts: Path, data_dir: Path, encoder: Encoder) -> list[Case]:
    """Ingest a corpus and return its prompts with the features of the sentences that are read for them."""
    ingest([corpus], data_dir, encoder)
    index, texts, cases = Index(data_dir, encoder), Texts(encoder), []
    with index.view() as view:
        for prompt in load_prompts(prompts, None):
            question = understand(prompt.question, view)
            sentences = score_sentences(question, fuse(question, retrieve(question, view), texts)[:READ], texts)
            rows = np.array([s.features.row() for s in sentences]).reshape(len(sentences), len(NAMES))
            right = np.array([float(is_right_quote(prompt, s.evidence().text)) for s in sentences])
            cases.append(Case(prompt, rows, right))
    index.close()
    return cases


def fit_sentence(sets: Sequence[Sequence[Case]]) -> Rows:
    """Return weights in the order of NAMES: listwise softmax over each prompt's sentences (Cao et al. 2007)."""
    columns = [NAMES.index(name) for name in SENTENCE_FEATURES]
    every = np.concatenate([case.rows[:, columns] for cases in sets for case in cases])
    mean, scale = every.mean(axis=0), every.std(axis=0) + 1e-9
    lists = []
    for cases in sets:
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


def best_rows(cases: Sequence[Case], weights: Rows) -> Rows:
    """Return for each prompt the gate's features of its best sentence."""
    columns = [NAMES.index(name) for name in GATE_FEATURES]
    empty = np.zeros(len(NAMES))
    best = [case.rows[int(np.argmax(case.rows @ weights))] if len(case.rows) else empty for case in cases]
    return np.array(best)[:, columns]


def answerable(cases: Sequence[Case]) -> NDArray[np.int_]:
    """Return 1 for each prompt that has an answer, else 0."""
    return np.array([int(not case.prompt.unanswerable) for case in cases])


def prompt_weights(sets: Sequence[Sequence[Case]]) -> Rows:
    """Weigh every set alike, and in it the answerable prompts as the unanswerable ones."""
    weights: list[float] = []
    for cases in sets:
        share = answerable(cases).mean()
        each = {1: 0.5 / share, 0: 0.5 / (1 - share)}
        weights += [each[kind] / len(cases) * PROMPT_WEIGHT for kind in answerable(cases)]
    return np.array(weights)


def fit_gate(rows: Rows, kinds: NDArray[np.int_], weights: Rows) -> Pipeline:
    """Return the gate fitted on the best sentences' features."""
    steps: list[tuple[str, Any]] = [
        ("scale", StandardScaler()),
        ("products", PolynomialFeatures(2, include_bias=False)),
        ("logistic", LogisticRegression(C=GATE_C, max_iter=5_000)),
    ]
    return Pipeline(steps).fit(rows, kinds, logistic__sample_weight=weights)


def hits(cases: Sequence[Case], weights: Rows) -> str:
    """Return how often a right sentence is first, and among the first three."""
    found = []
    for case in cases:
        if not case.prompt.answers and not case.prompt.passages:
            continue
        order = np.argsort(-(case.rows @ weights), kind="stable")[:3]
        found.append((bool(len(order)) and case.right[order[0]] > 0, bool(case.right[order].any())))
    return "first {:.3f}, among three {:.3f}".format(*np.mean(found, axis=0))


def gate_figures(probabilities: Rows, kinds: NDArray[np.int_]) -> str:
    """Return the gate's figures at a threshold of one half."""
    refused = (probabilities[kinds == 1] < 0.5).mean()
    answered = (probabilities[kinds == 0] >= 0.5).mean()
    auroc = roc_auc_score(kinds, probabilities)
    return (
        f"AUROC {auroc:.3f}, gate accuracy {1 - (refused + answered) / 2:.3f} "
        f"(false refusals {refused:.3f}, false answers {answered:.3f})"
    )


def report(sets: dict[str, list[Case]]) -> tuple[Rows, Pipeline]:
    """Print all figures and return the final sentence weights and gate."""
    for held, cases in sets.items():
        others = [each for name, each in sets.items() if name != held]
        weights = fit_sentence(others)
        rows = np.concatenate([best_rows(each, weights) for each in others])
        gate = fit_gate(rows, np.concatenate([answerable(each) for each in others]), prompt_weights(others))
        shown = gate_figures(gate.predict_proba(best_rows(cases, weights))[:, 1], answerable(cases))
        print(f"held out  {held:8} {hits(cases, weights)}; {shown}")
    every = list(sets.values())
    weights = fit_sentence(every)
    rows = np.concatenate([best_rows(cases, weights) for cases in every])
    kinds = np.concatenate([answerable(cases) for cases in every])
    origin = np.concatenate([np.full(len(cases), number) for number, cases in enumerate(every)])
    crossed = np.zeros(len(kinds))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, origin * 2 + kinds):
        gate = fit_gate(rows[train], kinds[train], prompt_weights(every)[train])
        crossed[test] = gate.predict_proba(rows[test])[:, 1]
    gate = fit_gate(rows, kinds, prompt_weights(every))
    for number, (name, cases) in enumerate(sets.items()):
        print(f"five-fold {name:8} {gate_figures(crossed[origin == number], kinds[origin == number])}")
        fitted = gate.predict_proba(best_rows(cases, weights))[:, 1]
        print(f"fitted    {name:8} {hits(cases, weights)}; {gate_figures(fitted, answerable(cases))}")
    return weights, gate


def write(weights: Rows, gate: Pipeline) -> None:
    """Write the coefficients to assistant/model.json, six digits each."""
    size = len(GATE_FEATURES)
    coefficients = gate["logistic"].coef_[0]
    quadratic = np.zeros((size, size))
    quadratic[np.triu_indices(size)] = coefficients[size:]
    values = {
        "sentence": {n: float(f"{w:.6g}") for n, w in zip(NAMES, weights, strict=True) if n in SENTENCE_FEATURES},
        "gate": {
            "names": GATE_FEATURES,
            "mean": _digits(gate["scale"].mean_),
            "scale": _digits(gate["scale"].scale_),
            "bias": float(f"{gate['logistic'].intercept_[0]:.6g}"),
            "linear": _digits(coefficients[:size]),
            "quadratic": [_digits(row) for row in quadratic],
        },
    }
    (ROOT / "assistant" / "model.json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _digits(values: Rows) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def main(bench: str, *options: str) -> None:
    """Collect, fit, print, and write where asked to."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        encoder = open_encoder(BUNDLED, work / "models")
        sets = {
            name: collect(Path(bench) / name / "corpus", Path(bench) / name / "prompts.jsonl", work / name, encoder)
            for name in ("xquad", "medquad")
        }
        shipped = ROOT / "tests" / "prompts" / "corpus.jsonl"
        sets["shipped"] = collect(ROOT / "corpus", shipped, work / "shipped", encoder)
    weights, gate = report(sets)
    if "--write" in options:
        write(weights, gate)


if __name__ == "__main__":
    main(*sys.argv[1:])
