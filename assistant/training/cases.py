"""The prompts of a set, each with the sentences that the assistant reads for it and which of them are right."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.answering.context import Surroundings
from assistant.answering.evidence import NAMES, Texts, score_sentences
from assistant.answering.fuse import fuse
from assistant.answering.retrieve import retrieve, understand
from assistant.answering.weights import load_model
from assistant.evaluation.judge import is_right_quote
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.index import Index
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import ingest

SETS = Path(__file__).parent / "sets"
HELD_BACK = frozenset((SETS / "held-back.txt").read_text(encoding="utf-8").split())
"""Names of our own sets that the cross-encoder does not learn from."""

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt with the sentences read for it, best first: as the cross-encoder reads them, and their features.

    `rows` has the shape (sentences, len(NAMES)); `right` is 1 for a sentence that answers, else 0.
    """

    prompt: Prompt
    texts: tuple[str, ...]
    rows: Rows
    right: Rows


def collect(corpus: Path, prompts: Path, data_dir: Path, encoder: Encoder) -> list[Case]:
    """Ingest a corpus into `data_dir` and return its prompts' cases."""
    ingest([corpus], data_dir, encoder)
    index, texts, cases = Index(data_dir, encoder), Texts(encoder), []
    scorer = load_model().plain
    with index.view() as view:
        surroundings = Surroundings(view.snapshot)
        for prompt in load_prompts(prompts, None):
            question = understand(prompt.question, view)
            sentences = score_sentences(question, fuse(question, retrieve(question, view), texts), texts, scorer)
            rows = np.array([s.features.row() for s in sentences]).reshape(len(sentences), len(NAMES))
            right = np.array([float(is_right_quote(prompt, s.evidence().text)) for s in sentences])
            read = tuple(surroundings.context(s.candidate.passage, s.position).reading() for s in sentences)
            cases.append(Case(prompt, read, rows, right))
    index.close()
    return cases


def own_sets() -> Iterator[tuple[str, Path, Path]]:
    """Yield name, corpus and prompts of the sets that were written for training, in the order of their names."""
    for folder in sorted(each for each in SETS.iterdir() if each.is_dir()):
        yield folder.name, folder / "texts", folder / "prompts.jsonl"
