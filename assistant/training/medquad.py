"""What the cross-encoder learns from MedQuAD: answers about one disease, and the same ones about its neighbours.

Source: MedQuAD (Ben Abacha and Demner-Fushman 2019, CC BY 4.0), questions and answers of
the National Institutes of Health.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from assistant.training.items import Item
from assistant.training.squad import passage_of
from ingest.models.encoder import Encoder

FOLDERS = ("3_GHR_QA", "2_GARD_QA", "5_NIDDK_QA", "6_NINDS_QA")
FILES = 1_100  # of each folder at most
SHORTEST, LONGEST = 80, 950  # characters of an answer; a longer one is cut after a sentence
QUESTIONS = 2_500
TITLED = 0.85  # share of the right answers that are read with their topic as title
OTHER_TOPIC = 0.7  # share of the questions that are read with the answer about a neighbour, if one has it
NEAREST = 5  # topics that count as neighbours
TITLE = re.compile(r'title: "(.*)"')


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer about a topic, of a kind such as symptoms or treatment."""

    topic: str
    kind: str
    question: str
    text: str


def medquad_items(folder: Path, bench: Path, encoder: Encoder, draw: random.Random) -> list[Item]:
    """Draw questions of MedQuAD's XML files, each with its answer and mostly with a wrong one too.

    The wrong one is of the same kind about a similar topic, or of another kind about the
    same topic. Topics that are a title in the folder `bench` are left out.
    """
    known = {match[1].casefold() for file in bench.iterdir() if (match := TITLE.search(file.read_text("utf-8")))}
    answers = [each for each in _answers(folder, draw) if each.topic.casefold() not in known]
    topics = sorted({each.topic for each in answers})
    nearest = _nearest(topics, encoder)
    about = {topic: list(own) for topic, own in groupby(sorted(answers, key=attrgetter("topic")), attrgetter("topic"))}
    items = []
    for answer in draw.sample(answers, min(QUESTIONS, len(answers))):
        passage = passage_of(answer.topic if draw.random() < TITLED else "", answer.text)
        items.append(Item.of(answer.question, passage, (True,) * len(passage.sentences)))
        near = [each for topic in nearest[answer.topic] for each in about[topic] if each.kind == answer.kind]
        other = [each for each in about[answer.topic] if each.kind != answer.kind]
        wrong = near[0] if draw.random() < OTHER_TOPIC and near else draw.choice(other) if other else None
        if wrong:
            items.append(Item.of(answer.question, passage_of(wrong.topic, wrong.text)))
    return items


def _answers(folder: Path, draw: random.Random) -> Iterator[_Answer]:
    for name in FOLDERS:
        files = sorted((folder / name).glob("*.xml"))
        for file in draw.sample(files, min(FILES, len(files))):
            root = ElementTree.parse(file).getroot()
            topic = (root.findtext("Focus") or "").strip()
            for pair in root.iter("QAPair"):
                question, text = pair.find("Question"), " ".join((pair.findtext("Answer") or "").split())
                if topic and question is not None and len(text) > SHORTEST:
                    asked = " ".join(re.sub(r"\s*\(are\)\s*", " ", (question.text or "")).split())
                    yield _Answer(topic, question.get("qtype", ""), asked, _cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(". ", 1)[0] + "."


def _nearest(topics: list[str], encoder: Encoder) -> dict[str, list[str]]:
    """Return the topics most similar to each, without itself, which another source may write in other capitals."""
    vectors = encoder.encode(topics)
    nearest = {}
    for topic, row in zip(topics, vectors @ vectors.T, strict=True):
        others = (topics[at] for at in np.argsort(-row) if topics[at].casefold() != topic.casefold())
        nearest[topic] = list(islice(others, NEAREST))
    return nearest
