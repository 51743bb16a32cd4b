"""Measure answers on the public question sets, and on the shipped prompts.

    python tests/bench/measure.py BENCH [SET ...]

BENCH holds a folder a set with corpus/ and prompts.jsonl each. Indexes and
results stay in .bench/, so a second run encodes nothing. Prints a line a set.
"""

import sys
from pathlib import Path

from assistant.chain import Assistant
from assistant.evaluate import evaluate
from assistant.index import Index
from assistant.judge import judge
from assistant.measures import score
from assistant.prompts import load_prompts
from assistant.results import write_results
from ingest.encoder import BUNDLED, Encoder, open_encoder
from ingest.pipeline import ingest

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


def measure(name: str, corpus: Path, prompts_file: Path, encoder: Encoder) -> str:
    """Ingest, ask every prompt, write the results, and return the measures as a line."""
    ingest([corpus], WORK / name, encoder)
    assistant = Assistant(Index(WORK / name, encoder))
    prompts = load_prompts(prompts_file, None)
    results = evaluate(assistant, prompts)
    assistant.close()
    write_results(WORK / f"{name}.jsonl", results)
    estimates = score(judge(prompts, results)).overall
    times = sorted(result.milliseconds or 0.0 for result in results)
    shown = [f"{key} {estimates[key].value:.3f}" for key in SHOWN if estimates[key].value is not None]
    return f"{name}: {', '.join(shown)}, median {times[len(times) // 2]:.0f} ms ({len(prompts)} prompts)"


def main(bench: str, *names: str) -> None:
    """Measure the sets named, or all."""
    folder = Path(bench)
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: the public question sets are not part of this repository; name their folder")
    WORK.mkdir(exist_ok=True)
    encoder = open_encoder(BUNDLED, WORK / "models")
    for name in names or SETS:
        shipped = name == "shipped"
        corpus = ROOT / "corpus" if shipped else folder / name / "corpus"
        prompts = ROOT / "tests" / "prompts" / "corpus.jsonl" if shipped else folder / name / "prompts.jsonl"
        print(measure(name, corpus, prompts, encoder), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
