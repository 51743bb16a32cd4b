"""What the cross-encoder learns from public sets about other kinds of text, and from questions typed into a search.

Sources, in folders of their own, as `make train` fetches them:
- qed: QED (Lamm et al. 2021, CC BY-SA 3.0), questions of Natural Questions with a paragraph
  of Wikipedia that answers them.
- policyqa: PolicyQA (Ahmad et al. 2020, MIT), questions about the privacy policies of websites.
- covidqa: COVID-QA (Möller et al. 2020, Apache 2.0), questions of experts about scientific articles.
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from assistant.training.items import LENGTHS, Asked, Item, nearest_lacking
from assistant.training.squad import passage_of
from ingest.models.encoder import Encoder
from ingest.schema import Passage
from ingest.text.sentences import sentence_spans

PUBLIC = ("qed", "policyqa", "covidqa")  # the folders
TYPED, TYPED_NEAR, TYPED_CUT = 6_500, 3_000, 2_000  # questions of QED; with a paragraph near it; with a part of it
POLICIES = 1_500  # questions of PolicyQA, each once more with a wrong segment
EXPERTS = 1_300  # questions of COVID-QA, each once more with a wrong part of the article
FAR = 4  # nearest parts of an article that may say the same once more, so that none is taken for a wrong one


def public_items(folder: Path, encoder: Encoder, draw: random.Random) -> dict[str, list[Item]]:
    """Draw what is learnt from the sets in `folder`, by the name of the set."""
    return {
        "QED": _typed(folder / "qed", encoder, draw),
        "PolicyQA": _policies(folder / "policyqa", draw),
        "COVID-QA": _experts(folder / "covidqa", encoder, draw),
    }


def _typed(folder: Path, encoder: Encoder, draw: random.Random) -> list[Item]:
    """Draw questions of QED with their paragraph, with one about something near, and with what is left of their own."""
    lines = (line for file in sorted(folder.glob("*.jsonlines")) for line in file.read_text("utf-8").splitlines())
    asked = [each for line in lines for each in _asked_qed(json.loads(line))]
    asked = draw.sample(asked, min(TYPED, len(asked)))
    cut = filter(None, (each.without_answer() for each in draw.sample(asked, len(asked))))
    near = draw.sample(asked, min(TYPED_NEAR, len(asked)))
    return [
        *(each.item for each in asked),
        *nearest_lacking(near, [each.passage for each in asked], encoder),
        *islice(cut, TYPED_CUT),
    ]


def _asked_qed(record: Mapping[str, Any]) -> Iterator[Asked]:
    text, spans = record["paragraph_text"], record["answer_spans"]
    if LENGTHS[0] < len(text) < LENGTHS[1] and spans:
        passage = passage_of(record["title_text"], text)
        yield from Asked.of(record["question_text"], passage, spans, record["answer_text"])


def _policies(folder: Path, draw: random.Random) -> list[Item]:
    """Draw questions of PolicyQA with their segment, and with one of the same policy that is about something else."""
    items = []
    for policy in _articles(folder):
        segments = [each for each in policy["paragraphs"] if LENGTHS[0] < len(each["context"]) < LENGTHS[1]]
        kinds = [{_kind(qa) for qa in each["qas"]} for each in segments]
        for segment in segments:
            for qa in draw.sample(segment["qas"], min(2, len(segment["qas"]))):
                others = [each for each, own in zip(segments, kinds, strict=True) if _kind(qa) not in own]
                if others:
                    right = [asked.item for asked in _asked_squad("", segment["context"], qa)]
                    wrong = Item.of(qa["question"], passage_of("", draw.choice(others)["context"]))
                    items += [(each, wrong) for each in right]
    return [each for pair in draw.sample(items, min(POLICIES, len(items))) for each in pair]


def _kind(qa: Mapping[str, Any]) -> str:
    """Return which practice a question of PolicyQA is about."""
    kind, _, _ = qa["type"].partition("|||")
    return str(kind)


def _experts(folder: Path, encoder: Encoder, draw: random.Random) -> list[Item]:
    """Draw questions of COVID-QA with the part of the article that answers, and with one near that does not."""
    items: list[tuple[Item, ...]] = []
    for article in _articles(folder):
        for paper in article["paragraphs"]:
            text = paper["context"]
            title, parts = text.partition("\n")[0].strip(), list(_parts(text))
            passages = [passage_of(title, text[first:last]) for first, last in parts]
            asked = [each for qa in paper["qas"] for each in _asked_expert(qa, parts, passages)]
            items += _with_wrong_parts(asked, passages, encoder) if asked else ()
    return [each for pair in draw.sample(items, min(EXPERTS, len(items))) for each in pair]


def _asked_expert(
    qa: Mapping[str, Any], parts: Sequence[tuple[int, int]], passages: Sequence[Passage]
) -> Iterator[Asked]:
    """Yield the question with the part of the article that its answer lies in, if it lies in one."""
    answer = qa["answers"][0]
    start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
    for (first, last), passage in zip(parts, passages, strict=True):
        if first <= start and end <= last:
            yield from Asked.of(qa["question"], passage, [(start - first, end - first)], [answer["text"]])


def _with_wrong_parts(
    asked: Sequence[Asked], passages: Sequence[Passage], encoder: Encoder
) -> Iterator[tuple[Item, ...]]:
    """Yield each question, once more with a part that is near it, but not so near that it may answer as well."""
    questions = encoder.encode([each.item.question for each in asked], query=True)
    nearness = questions @ encoder.encode([each.text for each in passages]).T
    for each, near in zip(asked, nearness, strict=True):
        order = [passages[at] for at in np.argsort(-near) if not each.is_answered_by(passages[at].text)]
        yield each.item, *(Item.of(each.item.question, passage) for passage in order[FAR : FAR + 1])


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the paragraphs of an article, those of long ones cut between sentences."""
    start = 0
    for paragraph in text.split("\n\n"):
        first = last = None
        for span in sentence_spans(paragraph, 0, len(paragraph)):
            if first is not None and last is not None and span[1] - first > LENGTHS[1]:
                yield start + first, start + last
                first = None
            first = span[0] if first is None else first
            last = span[1]
        if first is not None and last is not None and LENGTHS[0] < last - first < LENGTHS[1]:
            yield start + first, start + last
        start += len(paragraph) + 2


def _asked_squad(title: str, context: str, qa: Mapping[str, Any]) -> Iterable[Asked]:
    """Return a question in the form of SQuAD with its context."""
    answer = qa["answers"][0]
    span = answer["answer_start"], answer["answer_start"] + len(answer["text"])
    return Asked.of(qa["question"], passage_of(title, context), [span], [answer["text"]])


def _articles(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.json")):
        yield from json.loads(file.read_text(encoding="utf-8"))["data"]
