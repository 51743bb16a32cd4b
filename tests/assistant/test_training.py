"""How the shipped weights are made, on small sets: what is learnt from, that it is learnt, and what is written."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.answering.evidence import NAMES
from assistant.answering.weights import parse_model
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.training import fit
from assistant.training.cases import QUESTIONS, TEXTS, Case, collect, held_back, own_sets
from assistant.training.group import Group, groups
from assistant.training.manifest import Source, check_sources, load_sources, sha256, write_manifest
from assistant.training.squad import ARTICLES, squad_groups, squad_sets
from ingest.errors import UserFacingError
from ingest.models.encoder import Encoder, OnnxEncoder

DRAW = np.random.default_rng(0)
COSINE = NAMES.index("sentence_cosine")
ARTICLE = {
    "title": "Garden_swing",
    "paragraphs": [
        {
            "context": "The swing was built in 1907. It hangs from an oak. Hemp makes its rope.",
            "qas": [
                {"question": " When was it built? ", "answers": [{"answer_start": 23, "text": "1907"}]},
                {"question": "Where does the swing hang?", "answers": [{"answer_start": 38, "text": "from an oak"}]},
                {"question": "What spans two?", "answers": [{"answer_start": 23, "text": "1907. It hangs"}]},
            ],
        },
        {"context": "In 1907 it rained. Nobody swung.", "qas": []},
    ],
}


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
    rows[:, COSINE] += 5 * right
    return Case(prompt, ("a", "so", "b", "c"), rows, right)


def test_what_is_learnt_from_a_prompt() -> None:
    lost = Case(Prompt("lost", "Lost?", answers=("x",)), ("a",), DRAW.normal(size=(1, len(NAMES))), np.zeros(1))
    found = list(groups([case(1, answered=True), case(2, answered=False), lost]))
    assert found == [Group("Question 1?", ("so",), ("a", "b", "c")), Group("Question 2?", (), ("a", "so", "b", "c"))]


def test_what_is_learnt_from_squad(tmp_path: Path, encoder: Encoder) -> None:
    articles = [ARTICLE | {"title": f"Garden_swing_{number}"} for number in range(20)]
    file = tmp_path / "train.json"
    file.write_text(json.dumps({"data": articles}), encoding="utf-8")
    drawn = squad_groups(file, encoder, 100)
    assert squad_groups(file, encoder, 100) == drawn
    some = squad_groups(file, encoder, 7)
    assert len(some) == 7 and all(group in drawn for group in some)
    assert len(drawn) == 40  # two of each article: an answer across two sentences is not learnt from
    whens = [group for group in drawn if group.question == "When was it built?"]
    wheres = [group for group in drawn if group.question == "Where does the swing hang?"]
    assert len(whens) == len(wheres) == 20
    for when in whens:
        (right,) = when.right
        title = right.removesuffix("The swing was built in 1907.")
        other = f"{title}The swing was built in 1907. It hangs from an oak."
        assert sorted(when.wrong) == sorted((f"{title}Hemp makes its rope.", f"{title}Nobody swung.", other))
    for where in wheres:
        (right,) = where.right
        assert right.endswith("The swing was built in 1907. It hangs from an oak.")
        assert len(where.wrong) == 4
    titled = [group.right[0].startswith("Garden swing") for group in drawn]
    assert 0 < sum(titled) < len(titled)


@pytest.mark.slow
def test_corpora_are_made_of_what_is_not_learnt_from(tmp_path: Path, encoder: Encoder) -> None:
    needed = sum(map(sum, ARTICLES.values())) + 40  # and some that are in no corpus, to ask about
    articles = [
        {"title": f"Swing_{a}", "paragraphs": [paragraph(f"{a}-{p}") for p in range(24)]} for a in range(needed)
    ]
    articles.append({"title": "Short", "paragraphs": [paragraph(f"short-{p}") for p in range(20)]})
    file = tmp_path / "train.json"
    file.write_text(json.dumps({"data": articles}), encoding="utf-8")
    learnt = {group.question for group in squad_groups(file, encoder, 1_000_000)}
    about = {f"# Swing {question.removeprefix('Where is ').partition('-')[0]}" for question in learnt}
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
            assert not learnt & {each.question for each in asked}
            assert all(any(each.answers[0] in text for text in texts) for each in answered)
            assert not any(f"oak {each.id[:-1]}." in text for each in asked if each.unanswerable for text in texts)
            titles = {text.partition("\n")[0] for text in texts}
            assert all(title.startswith("# Swing ") for title in titles)
            assert not titles & seen
            seen |= titles
            assert titles <= about if purpose == "squad" else not titles & about
        own = {each.id for _, _, prompts in made for each in load_prompts(prompts, None)}
        assert not own & ids
        ids |= own
        again = [prompts.read_bytes() for _, _, prompts in squad_sets(file, tmp_path / "again", purpose)]
        assert again == [prompts.read_bytes() for _, _, prompts in made]


def records(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


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
def test_our_own_sets_can_be_learnt_from(tmp_path: Path, exported: OnnxEncoder) -> None:
    corpus, prompts = next((corpus, prompts) for name, corpus, prompts in own_sets(tmp_path) if name == "body-gout")
    cases = collect(corpus, prompts, tmp_path / "index", exported)
    assert tuple(each.prompt for each in cases) == load_prompts(prompts, None)
    for each in cases:
        assert each.rows.shape == (len(each.texts), len(NAMES))
        assert len(each.right) == len(each.texts)
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


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")  # of the transformers library, of its own internals
def test_a_cross_encoder_learns_which_text_answers_and_its_export_can_be_read_back(
    tiny: Callable[[int], Path], tmp_path: Path
) -> None:
    import onnx
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from assistant.answering.rerank import INPUTS
    from assistant.training.cross_encoder import train
    from assistant.training.exported import read_export
    from assistant.training.train import export_rounded

    folder = tiny(1)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    learnt = [
        Group("does heat help ?", ("heat helps .",), ("cats sleep .", "heat ?")),
        Group("cats ?", (), ("heat .",)),
    ]
    words = model.base_model.embeddings.word_embeddings.weight.detach().clone()
    losses = train(model, tokenizer, learnt * 200, rate=5e-3)
    assert len(losses) == 1  # a mean of fifty steps of eight questions
    assert model.base_model.embeddings.word_embeddings.weight.equal(words)
    export_rounded(model, tokenizer, folder=tmp_path)
    saved = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    assert (saved["padding"], saved["truncation"]) == (None, None)
    pairs = [("does heat help ?", "heat helps ."), ("does heat help ?", "cats sleep ."), ("cats ?", "heat .")]

    def strip_prefix(name: str) -> str:
        return name.removeprefix("classifier.")

    def logits(model: Callable[..., Any], tokenizer: Callable[..., Any]) -> list[float]:
        return [float(model(**tokenizer(*pair, return_tensors="pt")).logits) for pair in pairs]

    right, wrong, unanswered = logits(model, tokenizer)
    assert right > 0 > max(wrong, unanswered)
    for rename in (str, strip_prefix):  # as we export it, and as others do
        exported = onnx.load(str(tmp_path / "model.onnx"))
        for each in exported.graph.initializer:
            each.name = rename(each.name)
        for node in exported.graph.node:
            node.input[:] = [rename(name) for name in node.input]
        onnx.save(exported, str(tmp_path / "model.onnx"))
        again, same = read_export(tmp_path, heads=2)
        assert set(same(*pairs[0])) == set(INPUTS)
        assert logits(again.eval(), same) == pytest.approx([right, wrong, unanswered], abs=0.1)
        for name, weight in model.state_dict().items():
            assert again.state_dict()[name].numpy() == pytest.approx(weight.numpy(), abs=0.02)


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [1, 16, 19])
def test_each_pair_counts_once(tiny: Callable[[int], Path], count: int) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from assistant.training.cross_encoder import pair_logits

    folder = tiny(1)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pairs = [("does heat help ?", "heat helps " * (at + 1)) for at in range(count)]
    logits = pair_logits(model, tokenizer, pairs)
    each = [float(model(**tokenizer(*pair, return_tensors="pt")).logits) for pair in pairs]
    assert logits.tolist() == pytest.approx(each, abs=0.02)  # sixteen bits against thirty-two
    logits.sum().backward()
    assert float(model.classifier.bias.grad) == count


@pytest.mark.slow
def test_what_is_fitted_is_what_is_written(tmp_path: Path) -> None:
    sets = {name: [case(n, answered=n % 2 == 0) for n in range(80)] for name in ("one", "two", "own")}
    unseen = {"unseen": [case(n, answered=n % 2 == 0) for n in range(80)]}
    plain, reranked = (fit.fit(sets, unseen, reranked=reranked) for reranked in (False, True))
    assert {way: set(found) for way, found in plain.figures.items()} == {
        "held out": set(sets),
        "five-fold": set(sets),
        "fitted": set(sets),
        "unseen": {"unseen"},
    }
    assert plain.figures["unseen"]["unseen"]["first"] > 0.9
    assert "held out  own      first " in "\n".join(fit.lines(plain))
    fit.write(plain, reranked, tmp_path / "weights.json")
    written = parse_model((tmp_path / "weights.json").read_text(encoding="utf-8"))
    for scorer, fitted in ((written.plain, plain), (written.reranked, reranked)):
        assert NAMES[int(np.argmax(scorer.weights(NAMES)))] == "sentence_cosine"
        assert fit.hits(sets["one"], fitted.weights)["first"] > 0.9
        rows = fit.best_rows(sets["two"], fitted.weights, reranked=scorer is written.reranked)
        odds = [scorer.gate.log_odds(dict(zip(scorer.gate.names, row, strict=True))) for row in rows]
        assert odds == pytest.approx(fitted.gate.decision_function(rows), abs=1e-3)
        assert np.mean((np.array(odds) > 0) == (fit.answerable(sets["two"]) == 1)) > 0.9
