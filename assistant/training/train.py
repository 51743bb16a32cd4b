"""Train the cross-encoder, fit the sentence score and the gate, and write both into the package.

    python -m assistant.training.train BENCH [--write]

BENCH holds xquad/ and medquad/ with corpus/ and prompts.jsonl each. The
cross-encoder learns from our own sets alone, but for those that are held back;
the score and the gate are fitted on the public questions, the shipped prompts
and the sets held back, none of which it has seen. Takes about two hours on two
cores; nothing is written without --write.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from assistant.evidence import NAMES
from assistant.rerank import INPUTS, RERANKED, OnnxReranker, export_logits
from assistant.training.cases import HELD_BACK, Case, collect, own_sets
from assistant.training.cross_encoder import load, train
from assistant.training.fit import LOGIT, report, write
from assistant.training.group import groups
from ingest.encoder import BUNDLED, Encoder, open_encoder
from ingest.graph import save_tokenizer

ROOT = Path(__file__).parents[2]
RATE, EPOCHS = 5e-5, 3


def main(bench: str, *options: str) -> None:
    """Collect, train, fit, print, and write where asked to."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        own, sets = _cases(Path(bench), work, open_encoder(BUNDLED, work / "models"))
        model, tokenizer = load()
        train(model, tokenizer, list(groups(own)), epochs=EPOCHS, rate=RATE)
        _export(model, tokenizer, work / "reranker")
        reranker = OnnxReranker(work / "reranker")
        read = {name: [_read(case, reranker) for case in cases] for name, cases in sets.items()}
        plain = report({name: cases for name, cases in read.items() if name != "own"}, reranked=False)
        reranked = report(read, reranked=True)
        if "--write" in options:
            write(plain, reranked)
            _install(work / "reranker", ROOT / "assistant" / "reranker")


def _cases(bench: Path, work: Path, encoder: Encoder) -> tuple[list[Case], dict[str, list[Case]]]:
    """Return the cases to learn from, and those of the sets that the cross-encoder must not see."""
    own: list[Case] = []
    sets: dict[str, list[Case]] = {
        name: collect(bench / name / "corpus", bench / name / "prompts.jsonl", work / name, encoder)
        for name in ("xquad", "medquad")
    }
    shipped = ROOT / "tests" / "prompts" / "corpus.jsonl"
    sets |= {"shipped": collect(ROOT / "corpus", shipped, work / "shipped", encoder), "own": []}
    for name, corpus, prompts in own_sets():
        into = sets["own"] if name in HELD_BACK else own
        into += collect(corpus, prompts, work / name, encoder)
    return own, sets


def _export(model: Any, tokenizer: Any, folder: Path) -> None:
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
