"""What the cross-encoder learns from: questions, each with a passage whose sentences answer it or do not."""

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

import numpy as np

from assistant.answering.reading import reading_text
from assistant.answering.retrieve import encode_question, retrieve
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.index import Index, View
from assistant.training.squad import Article, gate_titles, load_articles, passage_of, title_of
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import ingest
from ingest.schema import Passage, Span

WATCHED = 8  # articles of SQuAD that are not learnt from, but measured during the training
UNTITLED = 0.2  # share of the articles that are read without their title, as files without one
LENGTHS = 60, 1300  # characters; paragraphs of SQuAD are longer than the first and shorter than the second
PAIRS = 3  # questions and near misses of a paragraph that has both, and one more near miss
ALONE = 0.35  # share of the paragraphs without near misses that are learnt from, by one question
ANSWERED, NEAR_MISSES = 15_000, 14_000  # questions of SQuAD and near misses at most
NEIGHBOURS = 2_500  # of these questions, read with another paragraph too
CUT = 1_500  # of these questions, read with what is left of their paragraph without the answer too
ASKED = 32  # questions of each of our own sets
SECOND = 0.3  # share of our unanswerable questions that are read with the second passage too
RIVAL = 0.5  # share of our answerable questions that are read with a wrong passage too
RIVALS = 5  # passages among which the wrong one is looked for
SHORTEST = 15  # characters; only a longer sentence is right because it is a part of an answer
OWN = 8_000  # items of our own sets at most


@dataclass(frozen=True, slots=True)
class Item:
    """A question, a passage as the cross-encoder reads it, the spans of its sentences and whether each is right."""

    question: str
    text: str
    spans: tuple[Span, ...]
    right: tuple[bool, ...]

    @classmethod
    def of(cls, question: str, passage: Passage, right: Iterable[bool] = ()) -> Self:
        """Return a question about a passage; without `right` no sentence answers it."""
        text, spans = reading_text(passage)
        return cls(question.strip(), text, tuple(spans), tuple(right) or (False,) * len(spans))

    @property
    def answered(self) -> bool:
        """Whether the passage answers the question."""
        return any(self.right)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the passage that answers it, the answers' words, and the article they are from."""

    article: str
    answers: tuple[str, ...]
    passage: Passage
    item: Item

    @classmethod
    def of(
        cls, question: str, passage: Passage, spans: Iterable[Span], answers: Iterable[str], article: str = ""
    ) -> Iterator[Self]:
        """Yield the question, if any sentence shares a character with an answer's span; those sentences are right."""
        found = list(spans)
        right = [any(first < end and last > start for start, end in found) for first, last in passage.sentences]
        if any(right):
            yield cls(article, tuple(answers), passage, Item.of(question, passage, right))

    def is_answered_by(self, text: str) -> bool:
        """Return whether a text has the words of an answer."""
        return any(answer.casefold() in text.casefold() for answer in self.answers)

    def without_answer(self) -> Item | None:
        """Return the question with the sentences of its passage that do not answer, or None if too little is left."""
        sentences = zip(self.passage.sentences, self.item.right, strict=True)
        text = " ".join(self.passage.cut(*span) for span, right in sentences if not right)
        if len(text) <= LENGTHS[0] or self.is_answered_by(text):
            return None
        return Item.of(self.item.question, passage_of(self.passage.title, text))


def nearest_lacking(asked: Sequence[Asked], passages: Sequence[Passage], encoder: Encoder) -> Iterator[Item]:
    """Yield each question with the nearest of the passages that lacks the words of its answers, if any does."""
    questions = encoder.encode([each.item.question for each in asked], query=True)
    nearness = questions @ encoder.encode([each.text for each in passages]).T
    for each, near in zip(asked, nearness, strict=True):
        order = (passages[at] for at in np.argsort(-near))
        passage = next((passage for passage in order if not each.is_answered_by(passage.text)), None)
        if passage is not None:
            yield Item.of(each.item.question, passage)


def squad_items(
    squad: Path, near: Path, encoder: Encoder, draw: random.Random
) -> tuple[dict[str, list[Item]], list[Item]]:
    """Draw what is learnt from SQuAD, by kind, and items of other articles to measure the training by.

    Nothing is of the articles that the corpora for the gate are made of. `near` is a file
    of near misses: JSON lines with a paragraph (`context`) and its `unanswerable` questions.

    Source: SQuAD 1.1 (Rajpurkar et al. 2016) and 2.0 (Rajpurkar et al. 2018).
    """
    every = load_articles(squad)
    gate = gate_titles(every)
    articles = [article for article in every if article["title"] not in gate]
    watched = set(draw.sample(sorted(article["title"] for article in articles), min(WATCHED, len(articles) // 2)))
    misses = _near_misses(near)
    answered: list[Asked] = []
    missed: list[Item] = []
    measured: list[Item] = []
    for article, passage, paragraph in _paragraphs(articles):
        own = list(_asked(article["title"], passage, paragraph))
        wrong = [Item.of(question, passage) for question in misses.get(passage.text, ())]
        if article["title"] in watched:
            measured += [draw.choice(each) for each in ([asked.item for asked in own], wrong) if each]
        elif own and wrong:
            pairs = min(len(own), len(wrong), PAIRS)
            answered += draw.sample(own, pairs)
            missed += draw.sample(wrong, pairs)
            missed += draw.sample(wrong[pairs:], min(1, len(wrong) - pairs))
        elif own and draw.random() < ALONE:
            answered += draw.sample(own, 1)
    draw.shuffle(answered)
    draw.shuffle(missed)
    answered = answered[:ANSWERED]
    picked = draw.sample(answered, min(NEIGHBOURS, len(answered)))
    cut = filter(None, (each.without_answer() for each in draw.sample(answered, len(answered))))
    return {
        "SQuAD": [asked.item for asked in answered],
        "near misses": missed[:NEAR_MISSES],
        "neighbours in SQuAD": list(_neighbours(picked, {a["title"]: a for a in articles}, encoder)),
        "SQuAD without the answer": list(islice(cut, CUT)),
    }, measured


def _near_misses(file: Path) -> dict[str, list[str]]:
    """Return the near misses by their paragraph."""
    with file.open(encoding="utf-8") as lines:
        records = map(json.loads, lines)
        return {each["context"].strip(): [miss["question"] for miss in each["unanswerable"]] for each in records}


def _paragraphs(articles: Iterable[Article]) -> Iterator[tuple[Article, Passage, dict[str, Any]]]:
    """Yield paragraphs with their article and as passages, some without a title."""
    for article in articles:
        titled = random.Random(article["title"] + "t").random() > UNTITLED
        for paragraph in article["paragraphs"]:
            if _fits(paragraph):
                yield article, passage_of(title_of(article) if titled else "", paragraph["context"].strip()), paragraph


def _fits(paragraph: dict[str, Any]) -> bool:
    return LENGTHS[0] < len(paragraph["context"].strip()) < LENGTHS[1]


def _asked(article: str, passage: Passage, paragraph: dict[str, Any]) -> Iterator[Asked]:
    """Yield the questions about a paragraph; right are the sentences that share a character with the answer."""
    moved = len(paragraph["context"]) - len(paragraph["context"].lstrip())
    for qa in paragraph["qas"]:
        start, answer = qa["answers"][0]["answer_start"] - moved, qa["answers"][0]["text"]
        yield from Asked.of(qa["question"], passage, [(start, start + len(answer))], [answer], article)


def _neighbours(asked: Sequence[Asked], articles: dict[str, Article], encoder: Encoder) -> Iterator[Item]:
    """Yield the questions with the nearest paragraph of the same article that lacks the answer."""
    for title, own in groupby(sorted(asked, key=attrgetter("article")), attrgetter("article")):
        article = articles[title]
        texts = [paragraph["context"].strip() for paragraph in article["paragraphs"] if _fits(paragraph)]
        yield from nearest_lacking(list(own), [passage_of(title_of(article), text) for text in texts], encoder)


def own_items(
    sets: Iterable[tuple[str, Path, Path]], folder: Path, encoder: Encoder, draw: random.Random
) -> list[Item]:
    """Draw what is learnt from sets (name, corpus and prompts of each); they are ingested into `folder`."""
    items: list[Item] = []
    for name, corpus, file in sets:
        prompts = load_prompts(file, None)
        ingest([corpus], folder / name, encoder)
        index = Index(folder / name, encoder)
        with index.view() as view:
            for prompt in draw.sample(prompts, min(ASKED, len(prompts))):
                items += _own_items(prompt, view, draw)
        index.close()
    draw.shuffle(items)
    return items[:OWN]


def _own_items(prompt: Prompt, view: View, draw: random.Random) -> Iterator[Item]:
    """Yield a question with the right passage, if any is, and perhaps with a wrong one; the nearest come first."""
    found = sorted(retrieve(encode_question(prompt.question, view), view), key=lambda c: -c.cosine)
    passages = [candidate.passage for candidate in found]
    if prompt.unanswerable:
        yield Item.of(prompt.question, passages[0])
        if draw.random() < SECOND and len(passages) > 1:
            yield Item.of(prompt.question, passages[1])
        return
    answers = [_plain(answer) for answer in prompt.answers]
    holding = [p for p in passages if any(answer in _plain(p.text) for answer in answers)]
    right = {p.id: [_answers(p.cut(*span), answers) for span in p.sentences] for p in holding}
    good = [p for p in holding if any(right[p.id])]
    if good:
        yield Item.of(prompt.question, good[0], right[good[0].id])
        rivals = [p for p in passages[:RIVALS] if p not in good]
        if rivals and draw.random() < RIVAL:
            yield Item.of(prompt.question, rivals[0])


def _answers(sentence: str, answers: Sequence[str]) -> bool:
    own = _plain(sentence)
    return any(answer in own or (len(own) > SHORTEST and own in answer) for answer in answers)


def _plain(text: str) -> str:
    """Return the text without marks of emphasis, wrapped lines and capitals."""
    return " ".join(re.sub(r"[*_`]", "", text).split()).casefold()
