"""Measure answers on the public question sets, and on the shipped prompts.

    python tests/bench/measure.py BENCH [SET ...] [--cuts]

BENCH holds a folder a set with corpus/ and prompts.jsonl each. The sets of the
shipped corpus are "shipped" and the two halves of the near misses and lists,
"choose" and "decide": nothing is chosen by looking at the second. SET@ENCODER
is a set with another encoder than the bundled one. Sets of other languages may
also lie where `make languages` writes them; a set that is missing is left out.
Indexes and results stay in .bench/, so a second run encodes nothing. Prints a line a set;
when all were measured, writes RESULTS.md, with the figures of the manifest
beside the cross-encoder. With --cuts the gate alone is measured, on parts of
the sets of 10, 100 and 1,000 passages: seeded samples of documents, with the
prompts that they answer and as many that nothing answers.
"""

import json
import os
import random
import re
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from assistant.answering.rerank import BUNDLED as RERANKER
from assistant.answering.rerank import open_reranker
from assistant.assistant import Assistant
from assistant.evaluation.judge import judge
from assistant.evaluation.measures import score
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.evaluation.results import write_results
from assistant.evaluation.run import evaluate
from assistant.index import Index
from ingest.errors import IndexStale
from ingest.models import e5
from ingest.models.encoder import BUNDLED, Encoder, open_encoder
from ingest.runs.pipeline import ingest

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".bench"
PROMPTS = ROOT / "tests" / "prompts"
HALVES = ("choose", "decide")  # tags
LANGUAGES = ("xquad-de", "xquad-es")
MADE = ROOT / ".train" / "languages"  # by `make languages`
SETS = (
    "xquad",
    "medquad",
    "liveqa-med",
    "squad2",
    "clapnq",
    "strangers/uv",
    "strangers/cook",
    "strangers/minutes",
    "strangers/gesetze",
    "shipped",
    *HALVES,
    *LANGUAGES,
    *(f"{name}@{e5.NAME}" for name in (*LANGUAGES, "strangers/gesetze")),
)
RESULTS = Path(__file__).with_name("RESULTS.md")
MANIFEST = ROOT / "assistant" / "answering" / "reranker" / "manifest.json"
SHOWN = {
    "first_quote_hit": "first quote",
    "quote_hit": "quote hit",
    "quote_precision": "quote precision",
    "words_per_answer": "words an answer",
    "complete": "complete",
    "words_beyond": "words beyond the needs",
    "false_refusal": "false refusals",
    "answerable_uncertain": "of them uncertain",
    "false_answer": "false answers",
    "unanswerable_uncertain": "unanswerable: uncertain",
    "gate_accuracy": "gate accuracy",
    "gate_auroc": "AUROC",
    "ndcg10": "nDCG@10",
    "mrr10": "reciprocal rank",
    "median_ms": "median ms",
}
FITTED = "the sentence score and the gate were fitted on it"
TRANSLATED = "the sentence score and the gate for other languages were fitted on some of its questions"
UNFITTED = "nothing: those for other languages were not fitted on it"
TOOK_PART = {
    "xquad": FITTED,
    "medquad": FITTED,
    "liveqa-med": "the weights of bm25 and of the title were chosen on it",
    "squad2": FITTED,
    "clapnq": FITTED,
    "strangers/uv": FITTED,
    "strangers/cook": FITTED,
    "strangers/minutes": FITTED,
    "strangers/gesetze": UNFITTED,
    f"strangers/gesetze@{e5.NAME}": UNFITTED,
    "strangers": FITTED,
    "strangers-gesetze": FITTED,
    "shipped": FITTED,
    **dict.fromkeys(LANGUAGES, TRANSLATED),
    **dict.fromkeys((f"{name}@{e5.NAME}" for name in LANGUAGES), TRANSLATED),
    "choose": "near misses and lists: nothing was fitted on them, but they were looked at while choosing",
    "decide": "other near misses and lists: nothing was fitted or chosen on them",
    "own": "our own sets that are held back: the gate with the cross-encoder was fitted on them",
    "squad": "other paragraphs of the articles that the cross-encoder learnt from: the gate was fitted on them",
    "unseen": "other articles of SQuAD: nothing was fitted on them, but they were looked at while choosing",
}
LEFT_OUT = """
The sentence score and the gate were fitted on several sets at once. "Held out" is what they
do on a set when they were fitted on the others, and nearest to what a corpus of one's own
may expect. Sentences as the cross-encoder reads them, not through the product.
"""
Figures = Mapping[str, float]
CUTS = (10, 100, 1_000)
SAMPLE = 80  # prompts of each kind
LEFT_OUT_SHOWN = ("first", "gate accuracy", "AUROC")
GATE = ("false_refusal", "false_answer", "gate_accuracy", "gate_auroc")


def prompts_of(name: str, bench: Path) -> tuple[Prompt, ...]:
    """Return the prompts of a set."""
    if name in HALVES:
        both = [each for file in ("near-misses", "lists") for each in load_prompts(PROMPTS / f"{file}.jsonl", None)]
        return tuple(prompt for prompt in both if name in prompt.tags)
    file = PROMPTS / "corpus.jsonl" if name == "shipped" else folder_of(name, bench) / "prompts.jsonl"
    return load_prompts(file, None)


def folder_of(name: str, bench: Path) -> Path:
    """Return the folder of a set, with or without an encoder's name; it may be missing."""
    plain = name.partition("@")[0]
    return next((each / plain for each in (bench, MADE) if (each / plain).is_dir()), bench / plain)


def opened(name: str, bench: Path, encoder: Encoder) -> Assistant:
    """Ingest the corpus of a set and return an assistant on it."""
    ours = name in ("shipped", *HALVES)
    index = WORK / ("shipped" if ours else name)
    corpus = ROOT / "corpus" if ours else folder_of(name, bench) / "corpus"
    try:
        ingest([corpus], index, encoder)
    except IndexStale:
        ingest([corpus], index, encoder, rebuild=True)
    return Assistant(Index(index, encoder), open_reranker(RERANKER, WORK))


def measure(name: str, bench: Path, encoder: Encoder) -> dict[str, float]:
    """Ingest, ask every prompt, write the results, and return the measures by name."""
    assistant, prompts = opened(name, bench, encoder), prompts_of(name, bench)
    results = evaluate(assistant, prompts)
    assistant.close()
    write_results(WORK / f"{name}.jsonl", results)
    estimates = score(judge(prompts, results)).overall
    found = {key: value for key in SHOWN if key in estimates and (value := estimates[key].value) is not None}
    return found | {"median_ms": statistics.median(result.milliseconds or 0.0 for result in results)}


def report(measured: Mapping[str, Figures], made: Mapping[str, Any], origin: str) -> str:
    """Return what holds today as Markdown: what was measured, by set, and the figures of the manifest.

    `origin` is a sentence that says where the figures through the product come from.
    """
    rows = [[name, TOOK_PART[name], *(shown(key, found) for key in SHOWN)] for name, found in measured.items()]
    text = f"# What holds today\n\n{origin}\nWhat was tried is in `trials.jsonl`, what was learnt from in\n"
    text += "`assistant/answering/MODEL_CARD.md`.\n\n## Through the product\n\n"
    text += table(["set", "what took part in a fit", *SHOWN.values()], rows)
    for model, ways in made["figures"].items():
        names = list(dict.fromkeys(name for sets in ways.values() for name in sets))
        columns = [
            (way, key) for way, sets in ways.items() for key in LEFT_OUT_SHOWN if any(key in s for s in sets.values())
        ]
        rows = [
            [name, TOOK_PART[name], *(shown(key, ways[way].get(name, {})) for way, key in columns)] for name in names
        ]
        text += f"\n## Left out of the fit, {model}\n{LEFT_OUT}\n"
        text += table(["set", "what took part in a fit", *(f"{way}: {key}" for way, key in columns)], rows)
    return text


def machine() -> str:
    """Return how many cores there are, and how many processes have wanted one in the last five minutes."""
    return f"on {os.cpu_count()} cores with a load of {os.getloadavg()[1]:.0f}"


def merged(former: str, new: str) -> str:
    """Return the former results with the new ones in the place of the parts (`## `) that have the same heading."""
    kept, found = ({part.partition("\n")[0]: part for part in _parts(text)} for text in (former, new))
    return "\n".join(part.strip() + "\n" for part in (kept | found).values())


def _parts(text: str) -> list[str]:
    """Return the parts of results, the first one with the title above it, if it has one."""
    first, *rest = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return [*([first] if first.strip() else []), *rest]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def shown(key: str, found: Figures) -> str:
    """Return a figure as the table shows it; words and milliseconds are whole."""
    if key not in found:
        return "–"
    return f"{found[key]:.0f}" if key in ("words_per_answer", "words_beyond", "median_ms") else f"{found[key]:.3f}"


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
    found = [f"{key} {estimates[key].value:.3f}" for key in GATE if estimates[key].value is not None]
    return f"{name} at {passages} passages: {', '.join(found)} ({len(asked)} prompts)"


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
    measured = {}
    for name in names or SETS:
        if name not in ("shipped", *HALVES) and not folder_of(name, folder).is_dir():
            print(f"{name}: left out, {folder_of(name, folder)} is missing", flush=True)
            continue
        other = name.partition("@")[2]
        measured[name] = measure(name, folder, open_encoder(other, WORK / "models") if other else encoder)
        print(f"{name}: " + ", ".join(f"{key} {shown(key, measured[name])}" for key in measured[name]), flush=True)
    if not names:
        made = json.loads(MANIFEST.read_text(encoding="utf-8"))
        found = report(measured, made, f"Written by `make bench` on {date.today()}.")
        RESULTS.write_text(merged(RESULTS.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
