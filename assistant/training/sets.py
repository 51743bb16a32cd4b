"""The sets of questions that the sentence score and the gate are fitted and tried on."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from assistant.evaluation.prompts import Prompt
from assistant.training.cases import held_back, own_sets
from assistant.training.squad import ARTICLES, squad_sets

ROOT = Path(__file__).parents[2]
STRANGERS = {"strangers": ("uv", "cook", "minutes"), "strangers-gesetze": ("gesetze",)}  # other kinds of text
MEDQUAD, SQUAD, OWN = 400, 60, 16  # prompts of each corpus at most, for time; and of each set:
MOST = {"squad2": 240, "xquad": 240, "medquad": 240, "squad": 240, "unseen": 160, "own": 300}
PLAIN = ("shipped", "xquad", "medquad", "clapnq", "squad", "unseen")  # also read without the cross-encoder
ANSWERABLE, UNANSWERABLE = 45, 35  # prompts of each of these that are, at most: the encoder reads every sentence
FIELDS = frozenset(field.name for field in fields(Prompt))


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder of texts with prompts about them; the name is that of its index."""

    name: str
    folder: Path
    prompts: tuple[Prompt, ...]


def gate_sets(bench: Path, squad: Path, work: Path) -> dict[str, list[Corpus]]:
    """Return the corpora of each set by its name; those that are made are written into `work`.

    Where prompts are drawn, up to half of them are unanswerable.
    """
    draw = random.Random(1)

    def of_bench(name: str, most: int | None = None) -> Corpus:
        return corpus_of(name.replace("/", "-"), bench / name / "corpus", bench / name / "prompts.jsonl", most, draw)

    sets = {name: [of_bench(name)] for name in ("squad2", "clapnq")}
    sets |= {name: [of_bench(f"strangers/{each}") for each in own] for name, own in STRANGERS.items()}
    sets["shipped"] = [corpus_of("shipped", ROOT / "corpus", ROOT / "tests" / "prompts" / "corpus.jsonl", None, draw)]
    sets["xquad"] = [of_bench("xquad")]
    sets["medquad"] = [of_bench("medquad", MEDQUAD)]
    for purpose in ARTICLES:
        sets[purpose] = [corpus_of(*each, SQUAD, draw) for each in squad_sets(squad, work / "squad", purpose)]
    held = held_back()
    sets["own"] = [corpus_of(*each, OWN, draw) for each in own_sets(work / "own") if each[0] in held]
    return {name: _fewer(corpora, MOST.get(name), random.Random(5)) for name, corpora in sets.items()}


def plain_sets(sets: Mapping[str, Sequence[Corpus]]) -> dict[str, list[Corpus]]:
    """Return the sets that are read without the cross-encoder, with fewer prompts."""
    draw = random.Random(3)
    return {name: _drawn(sets[name], ANSWERABLE, UNANSWERABLE, draw) for name in PLAIN}


def corpus_of(name: str, folder: Path, prompts: Path, most: int | None, draw: random.Random) -> Corpus:
    """Return a corpus with `most` of its prompts, up to half of them unanswerable, or with all."""
    (corpus,) = _fewer([Corpus(name, folder, tuple(_prompts(prompts)))], most, draw)
    return corpus


def _fewer(corpora: Sequence[Corpus], most: int | None, draw: random.Random) -> list[Corpus]:
    """Return the corpora with `most` of their prompts, up to half of them unanswerable, or with all."""
    every = [prompt for corpus in corpora for prompt in corpus.prompts]
    if most is None or len(every) <= most:
        return list(corpora)
    half = min(sum(prompt.unanswerable for prompt in every), most // 2)
    return _drawn(corpora, most - half, half, draw)


def _drawn(corpora: Sequence[Corpus], answerable: int, unanswerable: int, draw: random.Random) -> list[Corpus]:
    """Return the corpora with so many of their prompts at most."""
    places = [(number, prompt) for number, corpus in enumerate(corpora) for prompt in corpus.prompts]
    kinds = [[place for place in places if place[1].unanswerable is kind] for kind in (False, True)]
    counts = (answerable, unanswerable)
    drawn = [draw.sample(kind, min(len(kind), count)) for kind, count in zip(kinds, counts, strict=True)]
    chosen = [place for kind in drawn for place in kind]
    return [replace(c, prompts=tuple(p for at, p in chosen if at == number)) for number, c in enumerate(corpora)]


def _prompts(file: Path) -> Iterator[Prompt]:
    """Yield the prompts of a JSONL file, without fields that are for other measures."""
    for line in file.read_text(encoding="utf-8").splitlines():
        values = {key: value for key, value in json.loads(line).items() if key in FIELDS}
        typed: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in values.items()}
        yield Prompt(**typed)
