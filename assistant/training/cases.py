"""The prompts of a set, each with the sentences that the assistant reads for it and which of them are right."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.answering.evidence import NAMES, score_sentences
from assistant.answering.fuse import Titles, fuse
from assistant.answering.rerank import Reranker
from assistant.answering.retrieve import encode_question, retrieve
from assistant.answering.spelling import Speller
from assistant.answering.weights import load_model
from assistant.evaluation.judge import is_right_quote
from assistant.evaluation.prompts import Prompt
from assistant.index import Index
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import ingest

DATA = Path(__file__).parent / "data"
TEXTS, QUESTIONS = DATA / "texts.jsonl", DATA / "questions.jsonl"

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt with the features of the sentences read for it, shape (sentences, len(NAMES)).

    `right` is 1 for a sentence that answers, else 0.
    """

    prompt: Prompt
    rows: Rows
    right: Rows


def collect(
    corpus: Path, prompts: Iterable[Prompt], data_dir: Path, encoder: Encoder, reranker: Reranker
) -> list[Case]:
    """Ingest a corpus into `data_dir` and return the cases of prompts about it."""
    ingest([corpus], data_dir, encoder)
    index, titles = Index(data_dir, encoder), Titles(encoder)
    with index.view() as view:
        cases, speller = [], Speller()
        for prompt in prompts:
            question = encode_question(speller.mend(prompt.question, view.snapshot).text, view)
            candidates = fuse(question, retrieve(question, view), titles)
            sentences = score_sentences(question, candidates, reranker, load_model().reranked)
            rows = np.array([s.features.row() for s in sentences]).reshape(len(sentences), len(NAMES))
            right = np.array([float(is_right_quote(prompt, s.evidence().text)) for s in sentences])
            cases.append(Case(prompt, rows, right))
    index.close()
    return cases


def held_back() -> frozenset[str]:
    """Return the names of our own sets that the cross-encoder does not learn from."""
    return frozenset(each["set"] for each in _records(QUESTIONS) if each["split"] == "held-back")


def own_sets(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Write the sets that were written for training into `folder`; yield name, corpus and prompts of each, by name."""
    texts, questions = (groupby(_records(file), itemgetter("set")) for file in (TEXTS, QUESTIONS))
    for (name, sources), (_, asked) in zip(texts, questions, strict=True):
        corpus, prompts = folder / name / "corpus", folder / name / "prompts.jsonl"
        corpus.mkdir(parents=True, exist_ok=True)
        for each in sources:
            (corpus / each["source"]).write_text(each["text"], encoding="utf-8", newline="")
        fields = ({key: each[key] for key in each if key not in ("set", "split")} for each in asked)
        prompts.write_text("".join(json.dumps(each) + "\n" for each in fields), encoding="utf-8")
        yield name, corpus, prompts


def _records(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
