"""Measure what an ingest keeps in memory: a folder of made-up prose, a cheap encoder.

    python tests/bench/memory.py prose MEGABYTES [SHARD_SIZE]
    python tests/bench/memory.py vectors NUMBER [SHARD_SIZE]

Sentences are all different and made of 20,000 made-up words; files have 1 MB,
about 900 passages. The encoder gives each text a random vector of 384
dimensions, so that what is measured is readers, cutting, catalog and vectors;
the real encoder's memory does not depend on how much there is. `vectors` adds
random vectors and nothing else, to graphs that are built quickly and take the
same memory. Prints a line for each of twenty parts of the way: what is resident
and the most that ever was.
"""

import hashlib
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.index.chroma_collections import GRAPH
from ingest.index.vectors import SHARD_SIZE, Vectors
from ingest.models.encoder import EncoderIdentity, Vectors32
from ingest.runs.pipeline import ingest

DIMENSION = 384
MEGABYTE = 1_000_000
WORDS = 20_000
SENTENCES = 6  # a paragraph
AT_ONCE = 1_000  # vectors
LINES = 20  # printed


class CheapEncoder:
    """Vectors by chance, seeded by the text; a token is a word."""

    identity = EncoderIdentity("cheap", "1", DIMENSION, 256)

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        vectors = np.stack([np.random.default_rng(_seed(text)).standard_normal(DIMENSION) for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@dataclass(frozen=True, slots=True)
class Sample:
    """Megabytes at one moment: how much was ingested, what is resident, and the most that ever was."""

    done: float
    resident: float
    peak: float


def memory() -> tuple[float, float]:
    """Return the megabytes of this process: resident, and the most that ever were."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    kibibytes = [re.search(rf"{name}:\s+(\d+) kB", status) for name in ("VmRSS", "VmHWM")]
    resident, peak = (int(match[1]) * 1024 / MEGABYTE for match in kibibytes if match is not None)
    return resident, peak


def write_prose(root: Path, megabytes: int) -> None:
    """Write so many files of a megabyte."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(WORDS)]
    root.mkdir(parents=True)
    for number in range(megabytes):
        with (root / f"{number:05}.md").open("w", encoding="utf-8") as file:
            for paragraph in _paragraphs(chance, words):
                file.write(paragraph)


def _paragraphs(chance: random.Random, words: list[str]) -> Iterator[str]:
    size = number = 0
    while size < MEGABYTE:
        sentences = (" ".join(chance.choices(words, k=chance.randint(8, 22))).capitalize() for _ in range(SENTENCES))
        number += 1
        paragraph = ("" if number % 20 else f"## Part {number}\n\n") + ". ".join(sentences) + ".\n\n"
        size += len(paragraph)
        yield paragraph


def sample(done: float) -> Sample:
    return Sample(done, *memory())


def ingest_prose(megabytes: int, folder: Path, tell: Callable[[Sample], None]) -> None:
    """Ingest a folder of prose and tell the memory after each of its files."""
    write_prose(folder / "prose", megabytes)
    tell(sample(0))
    encoder = CheapEncoder()
    report = ingest([folder / "prose"], folder / "data", encoder, on_progress=lambda done, *_: tell(sample(done)))
    if report.failed:
        raise ValueError(report.failed)
    tell(sample(megabytes))


def add_vectors(number: int, folder: Path, tell: Callable[[Sample], None]) -> None:
    """Add random vectors and tell the memory after each thousand."""
    chance = np.random.default_rng(1)
    GRAPH["ef_construction"] = 20
    with Vectors(folder, CheapEncoder.identity) as vectors:
        for at in range(0, number, AT_ONCE):
            rows = chance.standard_normal((AT_ONCE, DIMENSION), dtype=np.float32)
            names = [f"{at + row:032x}" for row in range(AT_ONCE)]
            vectors.add(names, rows / np.linalg.norm(rows, axis=1, keepdims=True))
            tell(sample(at + AT_ONCE))


def main(kind: str, number: int, shard_size: int = SHARD_SIZE) -> None:
    Vectors.__init__.__kwdefaults__["shard_size"] = shard_size
    began = time.perf_counter()
    part = -1.0

    def tell(now: Sample) -> None:
        nonlocal part
        before, part = part, now.done * LINES // number
        if part > before:
            seconds = time.perf_counter() - began
            print(f"{now.done:9.0f}: {now.resident:6.0f} MB, peak {now.peak:6.0f} MB, {seconds:6.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        (ingest_prose if kind == "prose" else add_vectors)(number, Path(folder), tell)


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:]))
