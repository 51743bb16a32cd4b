"""How the shipped weights are fitted, on small sets: what the gate learns from, and what is written."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.answering.evidence import NAMES
from assistant.answering.rerank import CosineReranker
from assistant.answering.weights import parse_model
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.training import fit
from assistant.training.cases import QUESTIONS, TEXTS, Case, collect, held_back, own_sets
from assistant.training.manifest import Source, check_sources, load_sources, sha256, write_manifest
from assistant.training.sets import ANSWERABLE, PLAIN, UNANSWERABLE, Corpus, corpus_of, plain_sets
from assistant.training.squad import ARTICLES, gate_titles, load_articles, squad_sets
from ingest.errors import UserFacingError
from ingest.models.encoder import OnnxEncoder

DRAW = np.random.default_rng(0)
LOGIT = NAMES.index("sentence_logit")


def paragraph(name: str) -> dict[str, Any]:
    """Return a paragraph that says where its swing hangs, with three questions."""
    place, start = f"oak {name}.", len("The swing hangs from an ")
    answer = {"answer_start": start, "text": place}
    qas = [{"id": f"{name}{letter}", "question": f"Where is {name}{letter}?", "answers": [answer]} for letter in "xyz"]
    return {"context": f"The swing hangs from an {place} It is old.", "qas": qas}


def case(number: int, *, answered: bool) -> Case:
    """Return a prompt with four sentences, of which the second answers it or none does."""
    prompt = Prompt(str(number), f"Question {number}?", answers=("so",) if answered else (), unanswerable=not answered)
    rows, right = DRAW.normal(size=(4, len(NAMES))), np.array([0.0, float(answered), 0.0, 0.0])
    rows[:, LOGIT] += 5 * right
    return Case(prompt, rows, right)


@pytest.mark.slow
def test_corpora_are_made_of_articles_that_nothing_is_learnt_from(tmp_path: Path) -> None:
    needed = sum(map(sum, ARTICLES.values())) + 40  # and some that are in no corpus, to ask about
    articles = [
        {"title": f"Swing_{a}", "paragraphs": [paragraph(f"{a}-{p}") for p in range(24)]} for a in range(needed)
    ]
    articles.append({"title": "Short", "paragraphs": [paragraph(f"short-{p}") for p in range(20)]})
    file = tmp_path / "train.json"
    file.write_text(json.dumps({"data": articles}), encoding="utf-8")
    gate = {f"# {title.replace('_', ' ')}" for title in gate_titles(load_articles(file))}
    seen: set[str] = set()
    ids: set[str] = set()
    for purpose, sizes in ARTICLES.items():
        made = list(squad_sets(file, tmp_path, purpose))
        assert len({name for name, _, _ in made}) == len(made) == len(sizes)
        for (_, corpus, prompts), size in zip(made, sizes, strict=True):
            texts = [text.read_text(encoding="utf-8") for text in sorted(corpus.iterdir())]
            asked = load_prompts(prompts, None)
            answered = [each for each in asked if each.answerable]
            assert len(texts) == size
            assert (len(answered), len(asked)) == (10 * size, 22 * size)
            assert all(any(each.answers[0] in text for text in texts) for each in answered)
            assert not any(f"oak {each.id[:-1]}." in text for each in asked if each.unanswerable for text in texts)
            titles = {text.partition("\n")[0] for text in texts}
            assert all(title.startswith("# Swing ") for title in titles)
            assert titles <= gate and not titles & seen
            seen |= titles
        own = {each.id for _, _, prompts in made for each in load_prompts(prompts, None)}
        assert not own & ids
        ids |= own
        again = [prompts.read_bytes() for _, _, prompts in squad_sets(file, tmp_path / "again", purpose)]
        assert again == [prompts.read_bytes() for _, _, prompts in made]
    assert seen == gate


@pytest.mark.parametrize(("most", "kinds"), [(None, (6, 3)), (9, (6, 3)), (8, (5, 3)), (4, (2, 2)), (1, (1, 0))])
def test_half_of_the_prompts_drawn_are_unanswerable(tmp_path: Path, most: int | None, kinds: tuple[int, int]) -> None:
    lines = [{"id": str(n), "question": "So?", "answers": ["so"], "needs": ["so"]} for n in range(6)]
    lines += [{"id": str(n), "question": "So?", "unanswerable": True} for n in range(6, 9)]
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    prompts = corpus_of("one", tmp_path, file, most, random.Random(0)).prompts
    assert len({each.id for each in prompts}) == len(prompts)
    assert (sum(each.answerable for each in prompts), sum(each.unanswerable for each in prompts)) == kinds
    assert all(each.answers == ("so",) for each in prompts if each.answerable)


def test_fewer_prompts_are_read_without_the_cross_encoder(tmp_path: Path) -> None:
    prompts = tuple(Prompt(str(n), "So?", answers=("so",) if n % 2 else (), unanswerable=n % 2 == 0) for n in range(60))
    parts = [Corpus(str(n), tmp_path, prompts[n::3]) for n in range(3)]
    found = plain_sets({name: parts for name in PLAIN})
    assert tuple(found) == PLAIN
    for corpora in found.values():
        assert [each.name for each in corpora] == ["0", "1", "2"]
        assert all(set(each.prompts) <= set(part.prompts) for each, part in zip(corpora, parts, strict=True))
        drawn = [prompt for each in corpora for prompt in each.prompts]
        assert len(set(drawn)) == len(drawn) == 60
    more = plain_sets({name: [Corpus("all", tmp_path, prompts * 2)] for name in PLAIN})
    kinds = [prompt.unanswerable for prompt in more["squad"][0].prompts]
    assert (kinds.count(False), kinds.count(True)) == (ANSWERABLE, UNANSWERABLE)


def records(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.slow
def test_our_own_sets_are_written_as_they_are_kept(tmp_path: Path) -> None:
    own = {name: (corpus, prompts) for name, corpus, prompts in own_sets(tmp_path)}
    texts = {(each["set"], each["source"]): each["text"] for each in records(TEXTS)}
    written = {(name, file.name): file for name, (corpus, _) in own.items() for file in corpus.iterdir()}
    assert {place: file.read_bytes().decode() for place, file in written.items()} == texts
    asked = [{"set": name, **each} for name, (_, prompts) in own.items() for each in records(prompts)]
    assert asked == [{key: each[key] for key in each if key != "split"} for each in records(QUESTIONS)]


def test_a_set_is_either_learnt_from_or_held_back() -> None:
    splits = {(each["set"], each["split"]) for each in records(QUESTIONS)}
    assert {split for _, split in splits} == {"learn", "held-back"}
    assert len({name for name, _ in splits}) == len(splits)
    assert held_back() == {name for name, split in splits if split == "held-back"}


@pytest.mark.model
def test_a_right_sentence_is_mostly_among_those_that_are_read(tmp_path: Path, exported: OnnxEncoder) -> None:
    corpus, prompts = next((corpus, prompts) for name, corpus, prompts in own_sets(tmp_path) if name == "body-gout")
    asked = load_prompts(prompts, None)[::9]
    cases = collect(corpus, asked, tmp_path / "index", exported, CosineReranker(exported))
    assert tuple(each.prompt for each in cases) == asked
    for each in cases:
        assert each.rows.shape == (len(each.right), len(NAMES))
    assert np.mean([each.right.any() for each in cases if each.prompt.answers]) > 0.9
    assert not any(each.right.any() for each in cases if each.prompt.unanswerable)


def test_an_input_that_is_another_one_stops_the_training(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("Heat helps.", encoding="utf-8")
    found = sha256(tmp_path / "corpus")
    source = Source("A corpus", "1", "MIT", "bench", "corpus")
    assert check_sources({"one": source}, {"bench": tmp_path}) == {"one": found}
    (tmp_path / "corpus" / "a.md").rename(tmp_path / "corpus" / "b.md")
    with pytest.raises(UserFacingError, match="another one"):
        check_sources({"one": replace(source, sha256=found)}, {"bench": tmp_path})
    with pytest.raises(UserFacingError, match="missing"):
        check_sources({"one": replace(source, file="prompts.jsonl")}, {"bench": tmp_path})


def test_our_own_data_is_what_the_sources_name() -> None:
    own = {name: source for name, source in load_sources().items() if source.place == "own"}
    assert len(own) == 2
    assert check_sources(own, {"own": TEXTS.parents[1]}) == {name: source.sha256 for name, source in own.items()}


def test_the_shipped_manifest_is_of_the_shipped_weights() -> None:
    answering = Path(fit.__file__).parents[1] / "answering"
    manifest = json.loads((answering / "reranker" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == {name: sha256(answering / name) for name in manifest["files"]}
    assert set(manifest["files"]) == {"reranker/model.onnx", "reranker/tokenizer.json", "weights.json"}


def test_a_manifest_names_inputs_and_libraries(tmp_path: Path) -> None:
    source = Source("A corpus", "1", "MIT", "bench", "corpus")
    write_manifest(tmp_path / "manifest.json", {"one": source}, {"one": "ab"}, {"steps": 3})
    written = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert written["steps"] == 3
    assert written["inputs"] == {"one": {"title": "A corpus", "version": "1", "licence": "MIT", "sha256": "ab"}}
    assert written["libraries"]["torch"]


@pytest.mark.slow
def test_what_is_fitted_is_what_is_written(tmp_path: Path) -> None:
    sets = {name: [case(n, answered=n % 2 == 0) for n in range(80)] for name in ("one", "two", "own")}
    unseen = {"unseen": [case(n, answered=n % 2 == 0) for n in range(80)]}
    plain, reranked = (fit.fit(each, unseen) for each in ({"one": sets["one"], "two": sets["two"]}, sets))
    assert {way: set(found) for way, found in plain.figures.items()} == {
        "held out": {"one", "two"},
        "fitted": {"one", "two"},
        "unseen": {"unseen"},
    }
    assert plain.figures["unseen"]["unseen"]["first"] > 0.9
    assert "held out  own      first " in "\n".join(fit.lines(reranked))
    fit.write(plain, reranked, tmp_path / "weights.json")
    written = parse_model((tmp_path / "weights.json").read_text(encoding="utf-8"))
    for scorer, fitted in ((written.plain, plain), (written.reranked, reranked)):
        assert NAMES[int(np.argmax(scorer.weights(NAMES)))] == "sentence_logit"
        assert fit.hits(sets["one"], fitted.weights)["first"] > 0.9
        rows = fit.best_rows(sets["two"], fitted.weights)
        odds = [scorer.gate.log_odds(dict(zip(NAMES, row, strict=True))) for row in rows]
        assert 1 / (1 + np.exp(-np.array(odds))) == pytest.approx(fitted.gate.probabilities(rows), abs=1e-3)
        assert np.mean((np.array(odds) > 0) == (fit.answerable(sets["two"]) == 1)) > 0.9


def test_more_evidence_never_lowers_the_odds() -> None:
    backwards = [replace(each, rows=-each.rows) for each in (case(n, answered=n % 2 == 0) for n in range(200))]
    weights = fit.fit_sentence({"one": backwards})
    gate = fit.fit_gate({"one": backwards}, weights)
    lowering = np.array([name in fit.LOWERING for name in NAMES])
    for found in (weights, gate.weights):
        assert (found[lowering] <= 0).all() and (found[~lowering] >= 0).all()
