"""Measure how the costs grow with the texts: ingest, questions, memory, start and disk.

    python -m tests.bench.growth BENCH [PASSAGES ...]

The first 10,000 passages or so are documents of BENCH's medquad-full.jsonl, ingested
with the real encoder. What goes beyond them are copies: in each, every second of the
less common words is another one of the same length, and every vector is turned a little,
so that nothing is encoded again. Catalog, vectors, encoder of questions and
cross-encoder are the real ones. Indexes stay in .bench/growth, so that a second run
only asks. Writes the part "Growth" of RESULTS.md.
"""

import hashlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import numpy as np

from assistant.answering.rerank import BUNDLED as RERANKER
from assistant.answering.rerank import open_reranker
from assistant.assistant import Assistant
from assistant.index import Index
from ingest.index.catalog import Catalog
from ingest.index.lock import write_lock
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import BUNDLED, EncoderIdentity, Vectors32, open_encoder
from ingest.runs.pipeline import ingest
from ingest.schema import Document, Passage, place_id
from tests.bench.measure import RESULTS, WORK, machine, merged, prompts_of, table
from tests.bench.memory import memory
from tests.bench.stages import timed

FOLDER = WORK / "growth"
SIZES = (10_000, 30_000, 100_000)
BASE = 7_500_000  # characters of the documents that are encoded
QUESTIONS = 60
SOURCE_SET = "medquad"  # its questions are asked
COMMON = 0.01  # share of the passages from which a word is the same in all copies
TURN, NOISE = 0.3, 0.2  # lengths of what is added to a unit vector: the same for a whole copy, and by chance
AT_ONCE = 256  # passages whose vectors are stored at once, as in a run
RATES = "rates.json"  # beside the index: passages stored a second, of each copy
HEADING = "Growth"
ORIGIN = """Written by `make growth` on {date}, {machine}. The first texts are real, the
others copies with other words and vectors; {questions} questions of medquad, each with its answer. What is given of the
processor is that of all threads."""
SHOWN = {
    "stored, passages a second of the processor": "stored a second",
    "question, median ms": "question p50 ms",
    "question, 95th percentile ms": "question p95 ms",
    "question, median, processor ms": "question p50, processor ms",
    "question, 95th percentile, processor ms": "question p95, processor ms",
    "retrieval, median, processor ms": "retrieval p50, processor ms",
    "retrieval, 95th percentile, processor ms": "retrieval p95, processor ms",
    "opened, s": "opened s",
    "opened and first answer, s": "start s",
    "process to first answer, processor s": "start, processor s",
    "memory after the questions, MB": "resident MB",
    "most memory, MB": "peak MB",
    "disk, MB": "disk MB",
}
PLOTTED = ("question, 95th percentile, processor ms", "memory after the questions, MB")
VOWELS, CONSONANTS = "aeiouy", "bcdfghjklmnpqrstvwxz"
WORD = re.compile(r"[A-Za-z]{4,}")


@dataclass(frozen=True, slots=True)
class Base:
    """The documents that were encoded, with their passages, and the vector of each passage by its id."""

    documents: tuple[tuple[Document, tuple[Passage, ...]], ...]
    vectors: Mapping[str, Vectors32]
    common: frozenset[str]

    @property
    def passages(self) -> int:
        """The number of passages."""
        return sum(len(passages) for _, passages in self.documents)


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy of the base changes: words and vectors. The first is number 1."""

    number: int
    common: frozenset[str]
    turn: Vectors32
    letters: Mapping[int, int]

    @classmethod
    def of(cls, base: Base, number: int) -> "Copy":
        """Return a copy of the base, the same one each time."""
        turn = np.random.default_rng(number).standard_normal(len(next(iter(base.vectors.values()))))
        letters = {}
        for alphabet in (VOWELS, CONSONANTS):
            for each in (alphabet, alphabet.upper()):
                by = 1 + number % (len(each) - 1)
                letters |= str.maketrans(each, each[by:] + each[:by])
        return cls(number, base.common, (turn / np.linalg.norm(turn)).astype(np.float32), letters)

    def text(self, text: str) -> str:
        """Return the text with other words of the same length in the place of some."""
        return WORD.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        small = word.lower()
        kept = small in self.common or hashlib.md5(f"{self.number} {small}".encode()).digest()[0] % 2
        return word if kept else word.translate(self.letters)

    def document(self, document: Document, passages: Sequence[Passage]) -> tuple[Document, list[Passage]]:
        """Return the copy of a document and of its passages, which have the same places in it."""
        source, text = f"copy-{self.number}/{document.source}", self.text(document.text)
        title, sha = self.text(document.title), f"{document.sha}-{self.number}"
        headings = tuple(replace(each, title=self.text(each.title)) for each in document.headings)
        copied = replace(document, source=source, text=text, title=title, sha=sha, headings=headings)
        return copied, [
            replace(
                each,
                id=place_id(each.root, source, (each.start, each.end), sha),
                source=source,
                title=title,
                text=text[each.start : each.end],
                heading=tuple(map(self.text, each.heading)),
                sha=self.name(each.sha),
            )
            for each in passages
        ]

    def name(self, sha: str) -> str:
        """Return the id of a copied vector."""
        return hashlib.sha256(f"{self.number} {sha}".encode()).hexdigest()[:32]

    def vectors(self, rows: Vectors32) -> Vectors32:
        """Return copied vectors, of unit length."""
        noise = np.random.default_rng(self.number).standard_normal(rows.shape, dtype=np.float32)
        turned = rows + TURN * self.turn + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        return turned / np.linalg.norm(turned, axis=1, keepdims=True)


def write_base(bench: Path, folder: Path) -> None:
    """Write the documents of the base as files, those that the questions are about first."""
    about = {name.split("-")[0] + "-" + name.split("-")[1] for name in names_of(bench)}
    lines = (bench / "medquad-full.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted(map(json.loads, lines), key=lambda row: row["file"].removesuffix(".md") not in about)
    folder.mkdir(parents=True)
    written = 0
    for row in rows:
        if written >= BASE:
            return
        head = f"---\ntitle: {json.dumps(row['title'])}\nurl: {row['url']}\n---\n\n"
        (folder / row["file"]).write_text(head + row["text"], encoding="utf-8")
        written += len(row["text"])


def names_of(bench: Path) -> list[str]:
    """Return the names of the documents that the questions are about."""
    return sorted(path.name for path in (bench / SOURCE_SET / "corpus").iterdir())


def read_base(data_dir: Path) -> Base:
    """Return the documents, passages and vectors of the base from its index."""
    found, vectors, counts = [], dict[str, Vectors32](), Counter[str]()
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        identity = snapshot.encoder()
        for root in snapshot.roots():
            for source in snapshot.stored(root):
                document = snapshot.document(root, source)
                if document is not None:
                    found.append((document, tuple(snapshot.overlapping(root, source, 0, len(document.text)))))
    for _, passages in found:
        for passage in passages:
            counts.update({word.lower() for word in WORD.findall(passage.text)})
    if identity is None:
        raise LookupError(f"{data_dir} names no encoder")
    with Vectors(data_dir / VECTORS_FOLDER, identity, read_only=True) as stored:
        for ids, rows in stored.stored(sorted({each.sha for _, passages in found for each in passages})):
            vectors.update(zip(ids, rows, strict=True))
    least = COMMON * sum(len(passages) for _, passages in found)
    return Base(tuple(found), vectors, frozenset(word for word, count in counts.items() if count >= least))


def grow(data_dir: Path, base: Base, identity: EncoderIdentity, copies: int) -> None:
    """Add copies to an index until it has so many, each in a run of its own; keep the passages a second of each.

    The seconds are those of the processor. A run that was stopped is done again.
    """
    kept = data_dir / RATES
    rates = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else []
    for number in range(len(rates) + 1, copies + 1):
        copy = Copy.of(base, number)
        documents = [copy.document(*each) for each in base.documents]
        names, rows = [copy.name(sha) for sha in base.vectors], copy.vectors(np.stack(list(base.vectors.values())))
        seconds, processor = timed(partial(store, data_dir, identity, documents, dict(zip(names, rows, strict=True))))
        rates.append(base.passages / processor)
        kept.write_text(json.dumps(rates), encoding="utf-8")
        print(f"copy {number}: {processor:.0f} s of the processor, {seconds:.0f} s", flush=True)


def store(
    data_dir: Path,
    identity: EncoderIdentity,
    documents: Sequence[tuple[Document, Sequence[Passage]]],
    vectors: Mapping[str, Vectors32],
) -> None:
    """Store documents with their passages and vectors in one run, in the order of a real one."""
    started = datetime.now(UTC)
    with (
        write_lock(data_dir),
        closing(Catalog(data_dir, create=True)) as catalog,
        Vectors(data_dir / VECTORS_FOLDER, identity) as stored,
    ):
        stored.renew()
        with catalog.write() as draft:
            if stored.count() < draft.vector_count():
                raise LookupError("vectors are missing")
            queue: list[str] = []
            for document, passages in documents:
                draft.put_document(passages[0].root, document, passages)
                queue += [each.sha for each in passages]
                if len(queue) >= AT_ONCE:
                    add(stored, queue, vectors)
            add(stored, queue, vectors)
            draft.duplicates()
            draft.counts()
            draft.finish(started, {"added": len(documents)})
        with catalog.read() as snapshot:
            if stored.count() != snapshot.vector_count():
                raise LookupError("vectors were lost")
        stored.drop_others()


def add(stored: Vectors, queue: list[str], vectors: Mapping[str, Vectors32]) -> None:
    """Add the vectors of a queue that are not there yet, and empty it."""
    missing = sorted(set(queue) - stored.present(queue))
    if missing:
        stored.add(missing, np.stack([vectors[each] for each in missing]))
    queue.clear()


def build(bench: Path, sizes: Sequence[int]) -> dict[int, Path]:
    """Return an index of about each size; those that are there already are taken as they are."""
    encoder = open_encoder(BUNDLED, WORK / "models")
    files, former = FOLDER / "files", FOLDER / "base"
    if not files.is_dir():
        write_base(bench, files)
    ingest([files], former, encoder)
    base, made = read_base(former), dict[int, Path]()
    for size in sorted(sizes):
        data_dir = FOLDER / f"{size}"
        if not data_dir.is_dir():
            shutil.copytree(former, data_dir)
        grow(data_dir, base, encoder.identity, max(0, round(size / base.passages) - 1))
        made[size] = former = data_dir
    return made


def ask(bench: Path, data_dir: Path) -> dict[str, float]:
    """Open an index in this process, ask, and return what it took."""
    began = time.perf_counter()
    encoder = open_encoder(BUNDLED, WORK / "models")
    assistant = Assistant(Index(data_dir, encoder), open_reranker(RERANKER, WORK))
    found = {"opened s": time.perf_counter() - began}
    questions = [prompt.question for prompt in prompts_of(SOURCE_SET, bench)][: QUESTIONS + 1]
    assistant.ask(questions.pop())
    found |= {"start s": time.perf_counter() - began, "start, processor s": time.process_time()}
    for name, work in (("question", assistant.ask), ("retrieval", assistant.search)):
        clock, processor = zip(*(timed(partial(work, each)) for each in questions), strict=True)
        found |= {f"{name} p50 ms": 1000 * statistics.median(clock), f"{name} p95 ms": p95(clock)}
        found |= {f"{name} p50, processor ms": 1000 * statistics.median(processor)}
        found |= {f"{name} p95, processor ms": p95(processor)}
    resident, peak = memory()
    assistant.close()
    rates = data_dir / RATES
    stored = json.loads(rates.read_text(encoding="utf-8")) if rates.is_file() else []
    return {
        "passages": passages_of(data_dir),
        **({"stored a second": stored[-1]} if stored else {}),
        **found,
        "resident MB": resident,
        "peak MB": peak,
        "disk MB": sum(path.stat().st_size for path in data_dir.rglob("*") if path.is_file()) / 1e6,
    }


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile in milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=20)[-1]


def passages_of(data_dir: Path) -> int:
    """Return the number of passages of an index."""
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        return snapshot.counts()[1]


def report(sizes: Sequence[Mapping[str, float]], origin: str) -> str:
    """Return the part of the results: a table of what each size takes, how much it grows, and plots."""
    rows = []
    for name, key in SHOWN.items():
        figures = [each.get(key) for each in sizes]
        least, most = ([each for each in figures if each is not None] or [None])[0], figures[-1]
        times = most / least if least and most else 0
        grown = f"{times:.0f}x" if times >= 10 else f"{times:.2g}x" if times else "–"
        rows.append([name, *("–" if each is None else f"{each:,.4g}" for each in figures), grown])
    head = ["", *(f"{each['passages']:,.0f} passages" for each in sizes), "grows"]
    plots = "\n".join(plot(name, [each[SHOWN[name]] for each in sizes], sizes) for name in PLOTTED)
    return f"## {HEADING}\n\n{origin}\n\n{table(head, rows)}\n{plots}"


def plot(name: str, figures: Sequence[float], sizes: Sequence[Mapping[str, float]]) -> str:
    """Return a plot as Mermaid draws it, in a block of Markdown."""
    names = ", ".join(f'"{each["passages"]:,.0f}"' for each in sizes)
    values = ", ".join(f"{each:.4g}" for each in figures)
    lines = [f'x-axis "passages" [{names}]', f'y-axis "{name}" 0 --> {1.1 * max(figures):.4g}']
    return "\n".join(["```mermaid", "xychart-beta", *(f"    {each}" for each in lines), f"    bar [{values}]", "```\n"])


def main(bench: str, *sizes: str) -> None:
    """Build the indexes, ask each of them in a process of its own, and write the results."""
    found = []
    for data_dir in build(Path(bench), [int(each) for each in sizes] or SIZES).values():
        command = [sys.executable, "-m", "tests.bench.growth", "--ask", bench, str(data_dir)]
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        found.append(json.loads(told))
        print(json.dumps({key: round(value, 2) for key, value in found[-1].items()}), flush=True)
    text = report(found, ORIGIN.format(date=date.today(), machine=machine(), questions=QUESTIONS))
    RESULTS.write_text(merged(RESULTS.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--ask":
        print(json.dumps(ask(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        main(*sys.argv[1:])
