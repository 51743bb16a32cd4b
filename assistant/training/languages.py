"""Fits the sentence score and the gate for languages that the cross-encoder does not understand.

    python -m assistant.training.languages --xquad XQUAD --bench BENCH --work WORK [--write]

XQUAD holds the files of google-deepmind/xquad, BENCH the set "xquad" of its
English questions. Sets like that one in other languages are written into WORK,
where tests/bench/measure.py measures them too. Fitted is on the languages of
`LEARNT`, measured also on those of `LEFT_OUT`. Takes an hour on two cores. With
--write, what was fitted goes into the package.
"""

import argparse
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.answering.rerank import BUNDLED as RERANKER
from assistant.answering.rerank import Reranker, open_reranker
from assistant.evaluation.prompts import load_prompts
from assistant.training.cases import Case, collect
from assistant.training.fit import Fit, fit, lines, values
from assistant.training.sets import ROOT
from ingest.models import e5
from ingest.models.encoder import BUNDLED, Encoder, open_encoder

ENCODERS = (BUNDLED, e5.NAME)
LEARNT = ("ro", "ru", "tr")
LEFT_OUT = ("de", "es")
ANSWERABLE, UNANSWERABLE = 80, 60  # prompts of each language
DRAW = 7  # seed of the prompts
INTO = ROOT / "assistant" / "answering" / "languages.json"


def main(xquad: Path, bench: Path, work: Path, *, into_package: bool) -> None:
    """Write the sets, collect, fit, print the figures, and write what was fitted."""
    for language in (*LEARNT, *LEFT_OUT):
        write_set(xquad, bench / "xquad", language, work / f"xquad-{language}")
    reranker = open_reranker(RERANKER, work)
    fitted = {}
    for name in ENCODERS:
        encoder = open_encoder(name, work / "models")
        sets = {language: _cases(language, work, encoder, reranker) for language in (*LEARNT, *LEFT_OUT)}
        found = fit({n: sets[n] for n in LEARNT}, {n: sets[n] for n in LEFT_OUT})
        print(name, *lines(found), sep="\n", flush=True)
        fitted[name] = found
    write(fitted, work / "languages.json")
    if into_package:
        INTO.write_bytes((work / "languages.json").read_bytes())


def write(fitted: Mapping[str, Fit], file: Path) -> None:
    """Write the coefficients by the encoder's name, as languages.json has them."""
    file.write_text(json.dumps({name: values(found) for name, found in fitted.items()}, indent=1) + "\n", "utf-8")


def write_set(xquad: Path, english: Path, language: str, folder: Path) -> None:
    """Write corpus and prompts of a language: the paragraphs and the questions that the English set has."""
    prompts = {each["id"]: each for each in map(json.loads, (english / "prompts.jsonl").open(encoding="utf-8"))}
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
    rows = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in asked)
    (folder / "prompts.jsonl").write_text(rows, encoding="utf-8")


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


def _cases(language: str, work: Path, encoder: Encoder, reranker: Reranker) -> list[Case]:
    folder, draw = work / f"xquad-{language}", random.Random(DRAW)
    prompts = load_prompts(folder / "prompts.jsonl", None)
    kinds = [[prompt for prompt in prompts if prompt.unanswerable is kind] for kind in (False, True)]
    drawn = [*draw.sample(kinds[0], ANSWERABLE), *draw.sample(kinds[1], UNANSWERABLE)]
    index = work / "index" / f"{encoder.identity.name}-{language}"
    return collect(folder / "corpus", drawn, index, encoder, reranker)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fit the score and the gate for other languages.")
    for name in ("xquad", "bench", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write what was fitted into the package")
    return parser.parse_args()


if __name__ == "__main__":
    given = _options()
    main(given.xquad, given.bench, given.work, into_package=given.write)
