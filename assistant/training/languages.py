"""Fits the sentence score and the gate for languages that the cross-encoder does not understand.

    python -m assistant.training.languages --xquad XQUAD --bench BENCH --work WORK [--write]

XQUAD holds the files of google-deepmind/xquad, BENCH the set "xquad" of its
English questions and "strangers/gesetze". Sets like the English one are written
into WORK in the languages of `LEARNT`; tests/bench/measure.py finds them there.
For each encoder it is fitted on some questions of each language, and measured on
the German laws and on each language with the others fitted. Takes twenty minutes
on two cores. With --write, what was fitted goes into the package.
"""

import argparse
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assistant.answering.evidence import NAMES
from assistant.answering.rerank import OnnxReranker
from assistant.answering.weights import load_model
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.training.cases import Rows, collect
from assistant.training.fit import Fit, Sets, fit, fit_sentence, lines, values
from assistant.training.sets import ROOT
from ingest.models import e5
from ingest.models.encoder import BUNDLED, open_encoder

# The bundled encoder's cosines mean little in other languages, so the sentence score is fitted too. Those of E5 mean
# what they do in English, and the English score is of more kinds of text: the gate's mean accuracy is 0.881 with it and
# 0.873 with one fitted here.
SENTENCE: Mapping[str, Callable[[Sets], Rows]] = {
    BUNDLED: fit_sentence,
    e5.NAME: lambda _: load_model().reranked.weights(NAMES),
}
LEARNT = ("de", "es", "ro")
LAWS = "strangers/gesetze"
ANSWERABLE, UNANSWERABLE = 80, 60  # prompts of each language
DRAW = 7  # seed of the prompts
ANSWERING = ROOT / "assistant" / "answering"


def main(xquad: Path, bench: Path, work: Path, *, into_package: bool) -> None:
    """Write the sets, collect, fit, print the figures, and write what was fitted."""
    for language in LEARNT:
        write_set(xquad, bench / "xquad", language, work / f"xquad-{language}")
    reranker = OnnxReranker(ANSWERING / "reranker")
    laws = load_prompts(bench / LAWS / "prompts.jsonl", None)
    fitted = {}
    for name, sentence in SENTENCE.items():
        encoder, index = open_encoder(name, work / "models"), work / "index" / name
        sets = {
            language: collect(folder / "corpus", drawn(folder), index / language, encoder, reranker)
            for language in LEARNT
            for folder in [work / f"xquad-{language}"]
        }
        unseen = {LAWS: collect(bench / LAWS / "corpus", laws, index / "laws", encoder, reranker)}
        fitted[name] = fit(sets, unseen, sentence)
        print(name, *lines(fitted[name]), sep="\n", flush=True)
    write(fitted, work / "languages.json")
    if into_package:
        (ANSWERING / "languages.json").write_bytes((work / "languages.json").read_bytes())


def write(fitted: Mapping[str, Fit], file: Path) -> None:
    """Write the coefficients by the encoder's name, as languages.json has them."""
    file.write_text(json.dumps({name: values(found) for name, found in fitted.items()}, indent=1) + "\n", "utf-8")


def write_set(xquad: Path, english: Path, language: str, folder: Path) -> None:
    """Write corpus and prompts of a language: the paragraphs and the questions that the English set has."""
    rows = (english / "prompts.jsonl").read_text(encoding="utf-8").splitlines()
    prompts = {each["id"]: each for each in map(json.loads, rows)}
    texts = {file.name: file.read_text(encoding="utf-8") for file in (english / "corpus").iterdir()}
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    asked = []
    for original, translated in zip(_articles(xquad, "en"), _articles(xquad, language), strict=True):
        ids = [qa["id"] for paragraph in original["paragraphs"] for qa in paragraph["qas"]]
        sources = {source for each in ids if each in prompts for source in prompts[each].get("sources", ())}
        if not sources:
            continue
        (source,) = sources
        pairs = zip(original["paragraphs"], translated["paragraphs"], strict=True)
        kept = [paragraph for before, paragraph in pairs if before["context"].strip() in texts[source]]
        paragraphs = "\n\n".join(paragraph["context"].strip() for paragraph in kept)
        title = translated["title"].replace("_", " ")
        (folder / "corpus" / source).write_text(f"# {title}\n\n{paragraphs}\n", encoding="utf-8")
        asked += [
            _prompt(qa, prompts[qa["id"]], paragraph["context"])
            for paragraph in translated["paragraphs"]
            for qa in paragraph["qas"]
            if qa["id"] in prompts
        ]
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in asked)
    (folder / "prompts.jsonl").write_text(text, encoding="utf-8")


def _articles(xquad: Path, language: str) -> list[dict[str, Any]]:
    articles: list[dict[str, Any]] = json.loads((xquad / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    return articles


def _prompt(qa: Mapping[str, Any], english: Mapping[str, Any], context: str) -> dict[str, Any]:
    """Return a prompt in another language, like the English one."""
    prompt = {"id": qa["id"], "question": qa["question"]}
    if english.get("unanswerable"):
        return prompt | {"unanswerable": True}
    answers = [answer["text"] for answer in qa["answers"]]
    return prompt | {"answers": answers, "passages": [context.strip()], "sources": english["sources"]}


def drawn(folder: Path) -> list[Prompt]:
    """Return the prompts of a set that take part in the fit."""
    draw = random.Random(DRAW)
    prompts = load_prompts(folder / "prompts.jsonl", None)
    kinds = [[prompt for prompt in prompts if prompt.unanswerable is kind] for kind in (False, True)]
    return [
        prompt
        for kind, most in zip(kinds, (ANSWERABLE, UNANSWERABLE), strict=True)
        for prompt in draw.sample(kind, min(most, len(kind)))
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fit the score and the gate for other languages.")
    for name in ("xquad", "bench", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write what was fitted into the package")
    return parser.parse_args()


if __name__ == "__main__":
    given = _options()
    main(given.xquad, given.bench, given.work, into_package=given.write)
