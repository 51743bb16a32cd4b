"""Trains the cross-encoder: question and sentence in, how surely the sentence answers out.

The loss of a question is listwise softmax over its texts plus the logistic loss of
each text, so logits rank and also say whether anything answers at all.
"""

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch.nn import functional
from transformers import get_linear_schedule_with_warmup

from assistant.training.group import Group

LENGTH = 128  # tokens of question and text together
ROUND = 8, 8  # tokens and pairs are rounded up to these: each new shape costs the processor's kernels a second
GROUPS = 8  # questions a step
RIGHT, WRONG = 2, 3  # texts a question at most, drawn by chance
HARD = 14  # wrong texts are drawn from the first so many
WARM = 0.06  # share of the steps in which the rate rises
DECAY = 0.01  # of the weights
SEED = 0
LOGGED = 50  # steps whose mean loss is printed and returned


def train(model: Any, tokenizer: Any, groups: Sequence[Group], *, rate: float, steps: int | None = None) -> list[float]:
    """Train a sequence classifier with one output in place, all but its word vectors, on each group once.

    With `steps`, stop after so many; the rate falls as if the training went on.
    Returns the mean loss of each `LOGGED` steps.
    """
    torch.manual_seed(SEED)
    model.base_model.embeddings.word_embeddings.weight.requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=rate, weight_decay=DECAY)
    planned = len(groups) // GROUPS
    schedule = get_linear_schedule_with_warmup(optimizer, int(planned * WARM), planned)
    model.train()
    total, losses = 0.0, []
    taken = min(planned, steps or planned)
    for step, batch in enumerate(itertools.islice(_batches(_drawn(groups)), taken), 1):
        loss = _loss(model, tokenizer, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        total += loss.item()
        if step % LOGGED == 0:
            losses.append(round(total / LOGGED, 3))
            print(f"step {step} of {taken}, loss {losses[-1]:.3f}", flush=True)
            total = 0.0
    model.eval()
    return losses


def _drawn(groups: Sequence[Group]) -> Iterator[Group]:
    """Yield the groups in another order, with some of their texts: the hardest wrong one, others of them by chance."""
    draw = random.Random(SEED)
    for group in draw.sample(groups, len(groups)):
        right = tuple(draw.sample(group.right, min(RIGHT, len(group.right))))
        wrong = tuple(draw.sample(group.wrong[1:HARD], min(WRONG - 1, len(group.wrong[1:HARD]))))
        yield Group(group.question, right, (*group.wrong[:1], *wrong))


def _batches(groups: Iterable[Group]) -> Iterator[list[Group]]:
    rest = iter(groups)
    while batch := list(itertools.islice(rest, GROUPS)):
        yield batch


def pair_logits(model: Any, tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> Any:
    """Return the pairs' logits; those of like length are read together."""
    lengths = [len(tokens) for tokens in tokenizer(*map(list, zip(*pairs, strict=True)))["input_ids"]]
    order = sorted(range(len(pairs)), key=lambda i: lengths[i])
    found = torch.zeros(len(pairs))
    for at in range(0, len(order), ROUND[1]):
        own = order[at : at + ROUND[1]]
        rows = own + own[-1:] * (ROUND[1] - len(own))
        tokens = tokenizer(
            [pairs[i][0] for i in rows],
            [pairs[i][1] for i in rows],
            padding=True,
            pad_to_multiple_of=ROUND[0],
            truncation="longest_first",
            max_length=LENGTH,
            return_tensors="pt",
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(**tokens).logits
        found = found.index_put((torch.tensor(own),), logits.float().squeeze(-1)[: len(own)])
    return found


def _loss(model: Any, tokenizer: Any, batch: Sequence[Group]) -> Any:
    pairs = [(group.question, text) for group in batch for text in (*group.right, *group.wrong)]
    logits = pair_logits(model, tokenizer, pairs)
    at, loss = 0, torch.zeros(())
    for group in batch:
        right, size = len(group.right), len(group.right) + len(group.wrong)
        own = logits[at : at + size]
        at += size
        wanted = torch.zeros(size)
        wanted[:right] = 1.0
        loss = loss + functional.binary_cross_entropy_with_logits(own, wanted)
        if 0 < right < size:
            loss = loss + own.logsumexp(0) - own[:right].logsumexp(0)
    return loss / len(batch)
