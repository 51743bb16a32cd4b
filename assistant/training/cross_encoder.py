"""Trains the cross-encoder: question and passage in, how surely the passage and each of its sentences answers out.

The loss has three parts: the logistic loss of the passages, that of their sentences, and
listwise softmax over the sentences of a passage that answers. So logits rank, and also
say whether anything answers at all.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch.nn import functional
from transformers import get_linear_schedule_with_warmup

from assistant.answering.rerank import UNREAD
from assistant.training.exported import CrossEncoder
from assistant.training.items import Item

LENGTH = 256  # tokens of question and passage together; more of the passage is cut
ROUND = 8  # lengths are rounded up to this many tokens: each new shape costs the processor's kernels a second
BATCH = 16  # items a step
POOL = 24  # batches that are sorted by length together
FROZEN = 0.25  # share of the layers, the lowest, that stay as they are, as the embeddings do
RATES = 6e-5, 2e-3  # of the BERT and its classifier, and of the layer that scores tokens
SENTENCES, RANKING = 0.5, 0.5  # weights of the sentences' two parts of the loss; that of the passages is 1
DROPPED = 0.1  # share of the hidden values that are dropped; nothing of the attention is
WARM = 0.06  # share of the steps in which the rates rise
DECAY = 0.01  # of the weights
SEED = 0
LOGGED = 25  # steps whose mean loss is printed and returned
MEASURED = 150  # steps after which the items that are not learnt from are read


@dataclass(frozen=True, slots=True)
class Progress:
    """The mean loss of each `LOGGED` steps, and the figures after each `MEASURED` and the last, by step."""

    steps: int
    losses: list[float]
    figures: dict[int, dict[str, float]]


class Dropout(torch.nn.Module):  # type: ignore[misc]  # torch is not followed: it takes mypy minutes
    """Drops values as torch's own does, but without its generator, which takes a third of a training on processors.

    All layers share one: each of its own would draw the same values as the others.
    """

    def __init__(self, share: float) -> None:
        """Drop this share of the values, to a two hundred and fifty-sixth."""
        super().__init__()
        self.least = round(share * 256)
        self.draw = np.random.default_rng(SEED)

    def forward(self, values: Any) -> Any:  # noqa: D102
        if not self.training:
            return values
        drawn = torch.from_numpy(np.frombuffer(bytearray(self.draw.bytes(values.numel())), np.uint8))
        kept = (drawn >= self.least).view(values.shape)
        return values * kept * (256 / (256 - self.least))


def train(
    reader: CrossEncoder,
    items: Sequence[Item],
    watched: Sequence[Item],
    *,
    rates: tuple[float, float] = RATES,
    steps: int | None = None,
) -> Progress:
    """Train a cross-encoder in place on each item once, or for `steps`; meanwhile measure it on the `watched` items."""
    torch.manual_seed(SEED)
    bert = reader.classifier.bert
    for part in (bert.embeddings, *bert.encoder.layer[: int(FROZEN * len(bert.encoder.layer))]):
        part.requires_grad_(requires_grad=False)
    _prepare(bert)
    body = [each for each in reader.classifier.parameters() if each.requires_grad]
    groups = [{"params": body, "lr": rates[0]}, {"params": list(reader.tokens.parameters()), "lr": rates[1]}]
    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    taken = min(len(items) // BATCH, steps or len(items))
    schedule = get_linear_schedule_with_warmup(optimizer, int(taken * WARM), taken)
    progress, recent = Progress(taken, [], {}), []
    reader.classifier.train()
    for step, batch in enumerate(itertools.islice(_batches(items), taken), 1):
        loss = loss_of(reader, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        recent.append(loss.item())
        if step % LOGGED == 0:
            progress.losses.append(round(sum(recent) / len(recent), 3))
            print(f"step {step} of {taken}, loss {progress.losses[-1]:.3f}", flush=True)
            recent = []
        if step % MEASURED == 0 or step == taken:
            progress.figures[step] = measure(reader, watched)
            print(f"step {step}", progress.figures[step], flush=True)
            reader.classifier.train()
    reader.classifier.eval()
    return progress


def _prepare(bert: Any) -> None:
    """Give a BERT the dropout above, and of the ways to attend the one that a processor trains quickest."""
    bert.set_attn_implementation("eager")
    dropout = Dropout(DROPPED)
    for layer in bert.encoder.layer:
        layer.attention.self.dropout.p = 0.0
        layer.attention.output.dropout = layer.output.dropout = dropout


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Yield all items in another order, those of a batch of like length."""
    draw = random.Random(SEED)
    shuffled = draw.sample(items, len(items))
    for start in range(0, len(shuffled), BATCH * POOL):
        pool = sorted(shuffled[start : start + BATCH * POOL], key=_size)
        batches = [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
        draw.shuffle(batches)
        yield from batches


def _size(item: Item) -> int:
    return len(item.question) + len(item.text)


def read(reader: CrossEncoder, batch: Sequence[Item]) -> tuple[Any, list[Any]]:
    """Return the passages' logits, shape (items,), and those of each one's sentences.

    A sentence's logit is the mean of its tokens'; it is `UNREAD` if the window has none of them.
    """
    tokens = reader.tokenizer(
        [item.question for item in batch],
        [item.text for item in batch],
        padding=True,
        pad_to_multiple_of=ROUND,
        truncation="only_second",
        max_length=LENGTH,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    starts = tokens.pop("offset_mapping")[:, :, 0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = reader.classifier.bert(**tokens)
        logits = reader.classifier.classifier(states.pooler_output)
    scores = reader.tokens(states.last_hidden_state.float()).squeeze(-1)
    sentences = []
    for row, item in enumerate(batch):
        own = torch.tensor([sequence == 1 for sequence in tokens.sequence_ids(row)])
        spans = torch.tensor(item.spans)
        inside = own & (starts[row] >= spans[:, :1]) & (starts[row] < spans[:, 1:])
        count = inside.sum(1)
        means = inside.float() @ scores[row] / count.clamp(min=1)
        sentences.append(torch.where(count > 0, means, UNREAD))
    return logits.float().squeeze(-1), sentences


def loss_of(reader: CrossEncoder, batch: Sequence[Item]) -> Any:
    """Return the loss of a batch, a scalar; of sentences only those that were read count."""
    logits, sentences = read(reader, batch)
    passages = functional.binary_cross_entropy_with_logits(logits, torch.tensor([float(i.answered) for i in batch]))
    single, ranked = [], []
    for item, scores in zip(batch, sentences, strict=True):
        was_read = scores != UNREAD
        own, right = scores[was_read], torch.tensor(item.right)[was_read]
        if len(own):
            single.append(functional.binary_cross_entropy_with_logits(own, right.float()))
        if 0 < right.sum() < len(right):
            ranked.append(own.logsumexp(0) - own[right].logsumexp(0))
    return passages + SENTENCES * _mean(single) + RANKING * _mean(ranked)


def _mean(values: Sequence[Any]) -> Any:
    return torch.stack(list(values)).mean() if values else torch.zeros(())


def measure(reader: CrossEncoder, items: Sequence[Item]) -> dict[str, float]:
    """Return the AUROC of the passages' logits, and how often the best sentence of several is right."""
    reader.classifier.eval()
    logits, kinds, first = [], [], []
    ordered = sorted(items, key=_size)
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        with torch.no_grad():
            found, sentences = read(reader, batch)
        logits += found.tolist()
        kinds += [item.answered for item in batch]
        first += [
            item.right[int(scores.argmax())]
            for item, scores in zip(batch, sentences, strict=True)
            if item.answered and len(item.right) > 1
        ]
    figures = {"AUROC": float(roc_auc_score(kinds, logits)), "first": sum(first) / len(first)}
    return {name: round(value, 3) for name, value in figures.items()}
