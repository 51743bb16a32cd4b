"""How the shipped weights are made, on small sets: what is learnt from, that it is learnt, and what is written."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.answering.evidence import NAMES
from assistant.answering.weights import parse_model
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.training import fit
from assistant.training.cases import HELD_BACK, Case, collect, own_sets
from assistant.training.group import Group, groups
from assistant.training.squad import ARTICLES, squad_groups, squad_sets
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
    found = list(squad_groups(file, encoder))
    assert len(found) == 40  # two of each article: an answer across two sentences is not learnt from
    for when, where in zip(found[::2], found[1::2], strict=True):
        assert (when.question, where.question) == ("When was it built?", "Where does the swing hang?")
        (right,) = when.right
        title = right.removesuffix("The swing was built in 1907.")
        assert where.right == (f"{title}The swing was built in 1907. It hangs from an oak.",)
        assert sorted(when.wrong) == sorted((f"{title}Hemp makes its rope.", f"{title}Nobody swung.", *where.right))
        assert len(where.wrong) == 4
    titled = [group.right[0].startswith("Garden swing") for group in found]
    assert 0 < sum(titled) < len(titled)


def test_corpora_are_made_of_what_is_not_learnt_from(tmp_path: Path, encoder: Encoder) -> None:
    needed = sum(map(sum, ARTICLES.values())) + 40  # and some that are in no corpus, to ask about
    articles = [
        {"title": f"Swing_{a}", "paragraphs": [paragraph(f"{a}-{p}") for p in range(24)]} for a in range(needed)
    ]
    articles.append({"title": "Short", "paragraphs": [paragraph(f"short-{p}") for p in range(20)]})
    file = tmp_path / "train.json"
    file.write_text(json.dumps({"data": articles}), encoding="utf-8")
    learnt = {group.question for group in squad_groups(file, encoder)}
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


@pytest.mark.model
def test_our_own_sets_can_be_learnt_from(tmp_path: Path, exported: OnnxEncoder) -> None:
    own = {name: (texts, prompts) for name, texts, prompts in own_sets()}
    assert own.keys() > HELD_BACK
    texts, prompts = own["body-gout"]
    cases = collect(texts, prompts, tmp_path, exported)
    assert tuple(each.prompt for each in cases) == load_prompts(prompts, None)
    for each in cases:
        assert each.rows.shape == (len(each.texts), len(NAMES))
        assert len(each.right) == len(each.texts)
    assert np.mean([each.right.any() for each in cases if each.prompt.answers]) > 0.9
    assert not any(each.right.any() for each in cases if each.prompt.unanswerable)


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
    words = model.base_model.embeddings.word_embeddings.weight.clone()
    train(model, tokenizer, learnt * 200, rate=5e-3)
    assert model.base_model.embeddings.word_embeddings.weight.equal(words)
    pairs = [("does heat help ?", "heat helps ."), ("does heat help ?", "cats sleep ."), ("cats ?", "heat .")]

    def strip_prefix(name: str) -> str:
        return name.removeprefix("classifier.")

    def logits(model: Callable[..., Any], tokenizer: Callable[..., Any]) -> list[float]:
        return [float(model(**tokenizer(*pair, return_tensors="pt")).logits) for pair in pairs]

    right, wrong, unanswered = logits(model, tokenizer)
    assert right > 0 > max(wrong, unanswered)
    export_rounded(model, tokenizer, folder=tmp_path)
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


def test_what_is_fitted_is_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = {name: [case(n, answered=n % 2 == 0) for n in range(80)] for name in ("one", "two", "own")}
    unseen = {"unseen": [case(n, answered=n % 2 == 0) for n in range(80)]}
    plain, reranked = (fit.report(sets, unseen, reranked=reranked) for reranked in (False, True))
    printed = capsys.readouterr().out
    assert "held out  own" in printed
    assert re.search(r"unseen    unseen   first (0\.9|1\.0)", printed)
    monkeypatch.setattr(fit, "MODEL", tmp_path / "model.json")
    fit.write(plain, reranked)
    written = parse_model((tmp_path / "model.json").read_text(encoding="utf-8"))
    for scorer, (weights, gate) in ((written.plain, plain), (written.reranked, reranked)):
        assert NAMES[int(np.argmax(scorer.weights(NAMES)))] == "sentence_cosine"
        assert fit.hits(sets["one"], weights).startswith(("first 0.9", "first 1.0"))
        rows = fit.best_rows(sets["two"], weights, reranked=scorer is written.reranked)
        odds = [scorer.gate.log_odds(dict(zip(scorer.gate.names, row, strict=True))) for row in rows]
        assert odds == pytest.approx(gate.decision_function(rows), abs=1e-3)
        assert np.mean((np.array(odds) > 0) == (fit.answerable(sets["two"]) == 1)) > 0.9
