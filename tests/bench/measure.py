"""Measure answers on the public question sets, and on the shipped prompts.

    python tests/bench/measure.py BENCH [SET ...] [--cuts]

BENCH holds a folder a set with corpus/ and prompts.jsonl each. Indexes and
results stay in .bench/, so a second run encodes nothing. Prints a line a set.
With --cuts the gate alone is measured, on parts of the sets of 10, 100 and
1,000 passages: seeded samples of documents, with the prompts that they answer
and as many that nothing answers.
"""

import random
import sys
import tempfile
from pathlib import Path

from assistant.answering.rerank import BUNDLED as RERANKER
from assistant.answering.rerank import open_reranker
from assistant.assistant import Assistant
from assistant.evaluation.judge import judge
from assistant.evaluation.measures import score
from assistant.evaluation.prompts import load_prompts
from assistant.evaluation.results import write_results
from assistant.evaluation.run import evaluate
from assistant.index import Index
from ingest.models.encoder import BUNDLED, Encoder, open_encoder
from ingest.runs.pipeline import ingest

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".bench"
SETS = ("xquad", "medquad", "liveqa-med", "shipped")
SHOWN = (
    "first_quote_hit",
    "quote_hit",
    "quote_precision",
    "words_per_answer",
    "false_refusal",
    "false_answer",
    "gate_accuracy",
    "gate_auroc",
    "ndcg10",
    "mrr10",
)
CUTS = (10, 100, 1_000)
SAMPLE = 80  # prompts of each kind
GATE = ("false_refusal", "false_answer", "gate_accuracy", "gate_auroc")


def measure(name: str, corpus: Path, prompts_file: Path, encoder: Encoder) -> str:
    """Ingest, ask every prompt, write the results, and return the measures as a line."""
    ingest([corpus], WORK / name, encoder)
    assistant = Assistant(Index(WORK / name, encoder), open_reranker(RERANKER, WORK))
    prompts = load_prompts(prompts_file, None)
    results = evaluate(assistant, prompts)
    assistant.close()
    write_results(WORK / f"{name}.jsonl", results)
    estimates = score(judge(prompts, results)).overall
    times = sorted(result.milliseconds or 0.0 for result in results)
    shown = [f"{key} {estimates[key].value:.3f}" for key in SHOWN if estimates[key].value is not None]
    return f"{name}: {', '.join(shown)}, median {times[len(times) // 2]:.0f} ms ({len(prompts)} prompts)"


def cut(name: str, size: int, folder: Path, encoder: Encoder) -> str:
    """Measure the gate on a part of a set with about `size` passages."""
    draw = random.Random(size)
    sources = sorted((folder / name / "corpus").iterdir())
    draw.shuffle(sources)
    prompts = list(load_prompts(folder / name / "prompts.jsonl", None))
    with tempfile.TemporaryDirectory() as temporary:
        taken: list[Path] = []
        passages = 0
        for source in sources:
            if passages >= size:
                break
            passages = ingest([source], Path(temporary), encoder).passages
            taken.append(source)
        names = {source.name for source in taken}
        answered = [p for p in prompts if names & set(p.sources)]
        refused = [p for p in prompts if p.unanswerable and not names & set(p.sources)]
        asked = [p for p in answered if not p.unanswerable][:SAMPLE]
        asked += draw.sample(refused, min(len(refused), max(len(asked), 10), SAMPLE))
        assistant = Assistant(Index(Path(temporary), encoder), open_reranker(RERANKER, WORK))
        estimates = score(judge(asked, evaluate(assistant, asked))).overall
        assistant.close()
    shown = [f"{key} {estimates[key].value:.3f}" for key in GATE if estimates[key].value is not None]
    return f"{name} at {passages} passages: {', '.join(shown)} ({len(asked)} prompts)"


def main(bench: str, *names: str) -> None:
    """Measure the sets named, or all."""
    folder = Path(bench)
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: the public question sets are not part of this repository; name their folder")
    WORK.mkdir(exist_ok=True)
    encoder = open_encoder(BUNDLED, WORK / "models")
    if "--cuts" in names:
        for size in CUTS:
            for name in ("xquad", "medquad"):
                print(cut(name, size, folder, encoder), flush=True)
        return
    for name in names or SETS:
        shipped = name == "shipped"
        corpus = ROOT / "corpus" if shipped else folder / name / "corpus"
        prompts = ROOT / "tests" / "prompts" / "corpus.jsonl" if shipped else folder / name / "prompts.jsonl"
        print(measure(name, corpus, prompts, encoder), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
