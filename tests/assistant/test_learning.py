"""What the cross-encoder learns from, on made-up texts, and that a tiny one learns it."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.answering.rerank import INPUTS, UNREAD, OnnxReranker
from assistant.training.items import Asked, Item, own_items, squad_items
from assistant.training.medquad import medquad_items
from assistant.training.public import public_items
from assistant.training.squad import passage_of
from ingest.models.encoder import Encoder

if TYPE_CHECKING:
    from assistant.training.exported import CrossEncoder

BUILT = "When was the swing built?"
MADE_OF = "What spans two sentences?"
MISSES = ["When did the oak fall?", "Who built the swing?", "Where was the rope made?"]


def article(number: int) -> dict[str, object]:
    """Return an article of three paragraphs; two questions are asked about the first, none about the others."""
    swing = f"  Swing {number} was built in 1907. It hangs from an old and crooked oak. Hemp makes its rope."
    year, two = (swing.index(answer) for answer in ("1907", "1907. It hangs"))
    qas = [
        {"question": f" {BUILT} ", "answers": [{"answer_start": year, "text": "1907"}]},
        {"question": MADE_OF, "answers": [{"answer_start": two, "text": "1907. It hangs"}]},
    ]
    rain = f"The swing {number} was built when it rained in 1907, all summer long. Nobody swung."
    oak = f"The oak {number} grows slowly, as oaks do. The gardener counts the rings of those that fall."
    short = f"When was the swing {number} built? So."
    paragraphs = [{"context": swing, "qas": qas}, *({"context": text, "qas": []} for text in (rain, oak, short))]
    return {"title": f"Garden_%C3%A0_swing_{number}", "paragraphs": paragraphs}


def jsonl(file: Path, records: Sequence[object]) -> Path:
    file.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return file


def sentences(item: Item, *, right: bool = True) -> list[str]:
    return [item.text[a:b] for (a, b), answers in zip(item.spans, item.right, strict=True) if answers is right]


@pytest.fixture
def squad(tmp_path: Path) -> tuple[Path, Path]:
    """Twenty articles; half of their first paragraphs have near misses."""
    articles = [article(number) for number in range(20)]
    contexts = [each["paragraphs"][0]["context"].strip() for each in articles[::2]]  # type: ignore[index]
    near = [{"context": each, "unanswerable": [{"question": question} for question in MISSES]} for each in contexts]
    train = tmp_path / "train.json"
    train.write_text(json.dumps({"data": articles}), encoding="utf-8")
    return train, jsonl(tmp_path / "near.jsonl", near)


def test_what_is_learnt_from_squad(squad: tuple[Path, Path], encoder: Encoder) -> None:
    learnt, watched = squad_items(*squad, encoder, random.Random(1))
    assert (learnt, watched) == squad_items(*squad, encoder, random.Random(1))
    answered, missed, neighbours, cut = learnt.values()
    assert {each.question for each in answered} == {BUILT, MADE_OF}
    for each in answered:
        first, second, third = (each.text[start:end] for start, end in each.spans)
        assert third == "Hemp makes its rope."
        assert sentences(each) == ([first] if each.question == BUILT else [first, second])
        assert first.endswith("was built in 1907.")
    titled = [each.text.startswith("Garden à swing") for each in answered]
    assert 0 < sum(titled) < len(titled)
    assert len(missed) == 3 * len({each.text for each in missed})  # two, as many as questions, and one more
    assert {each.text for each in missed} <= {each.text for each in answered}
    assert {each.question for each in missed} == set(MISSES) and not any(each.answered for each in missed)
    assert sorted(each.question for each in neighbours) == sorted(each.question for each in answered)
    assert not any(each.answered for each in neighbours)
    by_question = {each.question: each.text.partition(": ")[2] for each in neighbours}
    assert by_question[BUILT].startswith("The oak")  # the nearest has the answer, and another is too short
    assert by_question[MADE_OF].startswith(("The oak", "The swing"))
    assert not cut  # what is left of these paragraphs is too short


def test_articles_that_the_training_is_measured_by_are_not_learnt_from(
    squad: tuple[Path, Path], encoder: Encoder
) -> None:
    learnt, watched = squad_items(*squad, encoder, random.Random(1))
    bare = {item.text.partition("Swing ")[2] for own in list(learnt.values())[:2] for item in own}
    assert watched and not bare & {item.text.partition("Swing ")[2] for item in watched}
    assert {each.answered for each in watched} == {True, False}


def test_what_is_learnt_from_our_own_sets(tmp_path: Path, write: Callable[..., Path], encoder: Encoder) -> None:
    soup = "# Soup\n\nLet the *soup* simmer\nfor forty minutes. Then salt it.\n"
    bread = "# Bread\n\nBake the bread for an hour. Let it cool before you cut the bread.\n"
    corpus = write({"soup.md": soup, "bread.md": bread})
    asked = [
        {"id": f"simmer{n}", "question": f"How long does the soup {n} simmer?", "answers": ["soup simmer for forty"]}
        for n in range(8)
    ]
    asked += [{"id": "lost", "question": "Is it lost?", "answers": ["nowhere"]}]
    asked += [{"id": f"freeze{n}", "question": f"Can you freeze bread {n}?", "unanswerable": True} for n in range(8)]
    sets = [("cooking", corpus, jsonl(tmp_path / "prompts.jsonl", asked))]
    items = own_items(sets, tmp_path / "index", encoder, random.Random(1))
    assert items == own_items(sets, tmp_path / "index", encoder, random.Random(1))
    right = [each for each in items if each.answered]
    rivals = [each for each in items if "simmer?" in each.question and not each.answered]
    unanswerable = [each for each in items if "freeze" in each.question]
    assert len(items) == len(right) + len(rivals) + len(unanswerable)
    assert len(right) == 8 and {tuple(sentences(each)) for each in right} == {
        ("Let the *soup* simmer\nfor forty minutes.",)
    }
    assert all(each.text.startswith("Soup: Let") for each in right)
    assert 0 < len(rivals) < 8 and all(each.text.startswith("Bread: ") for each in rivals)
    first = [each for each in unanswerable if each.text.startswith("Bread: ")]
    assert len(first) == 8 < len(unanswerable) < 16


def disease(file: Path, name: str, answers: dict[str, str]) -> None:
    pairs = "".join(
        f'<QAPair><Question qtype="{kind}">What is (are) {kind} of {name} ?</Question><Answer>{text}</Answer></QAPair>'
        for kind, text in answers.items()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<Document><Focus>{name}</Focus><QAPairs>{pairs}</QAPairs></Document>", encoding="utf-8")


def test_what_is_learnt_from_medquad(tmp_path: Path, encoder: Encoder) -> None:
    long = "It is seen by doctors &amp; nurses.\n  " * 60
    for name in ("red swing fever", "Red Swing Fever", "blue swing fever", "old rope rash", "known fever"):
        texts = {kind: f"The {kind} of {name} are these. {long}" for kind in ("signs", "causes")}
        disease(tmp_path / "2_GARD_QA" / f"{name.swapcase()}.xml", name, texts | {"cures": "None.", "names": ""})
    disease(tmp_path / "5_NIDDK_QA" / "cramp.xml", "lone rope cramp", {"outlook": "Good, people say. " * 8})
    bench = tmp_path / "bench"
    bench.mkdir()
    (bench / "known.md").write_text('---\ntitle: "Known Fever"\n---\n\nText.\n', encoding="utf-8")
    items = medquad_items(tmp_path, bench, encoder, random.Random(3))
    assert items == medquad_items(tmp_path, bench, encoder, random.Random(3))
    assert not any("known" in each.text for each in items)
    right = {each.question: each for each in items if each.answered}
    assert len(right) == 9
    kinds = set()
    for each in items:
        kind, _, topic = each.question.removeprefix("What is ").removesuffix(" ?").partition(" of ")
        body = each.text[each.spans[0][0] :]
        assert len(body) <= 950 and body.endswith(".") and "\n" not in body and "&amp;" not in body
        if each.answered:
            assert all(each.right) and topic in body or kind == "outlook"
        else:
            same_kind = f"The {kind} of" in body
            assert same_kind is not (
                f"of {topic} are".casefold() in body.casefold()
            )  # another topic, or another kind of answer
            kinds.add(same_kind)
    assert kinds == {True, False}


def paragraph(context: str, *asked: tuple[str, str, str]) -> dict[str, object]:
    """Return a paragraph in the form of SQuAD; asked are questions, answers and kinds."""
    qas = [
        {"question": q, "type": f"{kind}|||x", "answers": [{"text": a, "answer_start": context.index(a)}]}
        for q, a, kind in asked
    ]
    return {"context": context, "qas": qas}


def test_what_is_learnt_from_public_sets(tmp_path: Path, encoder: Encoder) -> None:
    for name in ("qed", "policyqa", "covidqa"):
        (tmp_path / name).mkdir()
    swings = [
        (f"who built swing {n}", f"Swing {n}", f"Swing {n} hangs from an old and crooked oak tree . Ann {n} built it .")
        for n in range(4)
    ]
    typed = []
    for question, title, text in swings:
        start = text.index("Ann")
        answer = {"answer_spans": [[start, start + 5]], "answer_text": [text[start : start + 5]]}
        typed.append({"question_text": question, "title_text": title, "paragraph_text": text, **answer})
    typed.append({**typed[0], "paragraph_text": "Ann 0 built it .", "answer_spans": [[0, 5]]})  # it is too short
    jsonl(tmp_path / "qed" / "train.jsonlines", typed)
    keep = "We keep what you send us for a year, and then we delete all of it."
    share = "We share what you send us with nobody but the makers of ropes."
    policy = [paragraph(keep, ("How long?", "a year", "keep")), paragraph(share, ("With whom?", "makers", "share"))]
    (tmp_path / "policyqa" / "dev.json").write_text(json.dumps({"data": [{"paragraphs": policy}]}), encoding="utf-8")
    parts = [f"The virus of type {n} lives in the {n} ropes of swings, and stays there for long." for n in range(8)]
    text = "\n\n".join(["On ropes", *parts])
    paper = paragraph(text, ("Where does type 3 live?", "in the 3 ropes of swings", ""))
    paper["qas"] += paragraph(text, ("What are two?", "for long.\n\nThe virus of type 5", ""))["qas"]  # type: ignore[operator]
    (tmp_path / "covidqa" / "all.json").write_text(json.dumps({"data": [{"paragraphs": [paper]}]}), encoding="utf-8")
    found = public_items(tmp_path, encoder, random.Random(2))
    assert found == public_items(tmp_path, encoder, random.Random(2))
    qed, policies, experts = found.values()
    right = [each for each in qed if each.answered]
    assert sorted(each.question for each in right) == [question for question, _, _ in swings]
    assert all(sentences(each) == [f"Ann {each.question[-1]} built it ."] for each in right)
    wrong = [each for each in qed if not each.answered]
    cut = [each for each in wrong if "Ann" not in each.text]
    assert len(wrong) == 4 and not cut  # those that are left are too short
    assert all(f"Ann {each.question[-1]}" not in each.text for each in wrong)
    assert [(each.question, each.answered, each.text) for each in sorted(policies, key=lambda i: i.question)] == [
        ("How long?", True, keep),
        ("How long?", False, share),
        ("With whom?", True, share),
        ("With whom?", False, keep),
    ]
    answer, other = experts
    assert answer.text == f"On ropes: {parts[3]}" and sentences(answer) == [parts[3]]
    assert other.question == answer.question and not other.answered and other.text != answer.text


def test_a_passage_without_its_answer(encoder: Encoder) -> None:
    def cut(text: str) -> Item | None:
        start = text.index("Ann")
        (asked,) = Asked.of("Who built it?", passage_of("Swing", text), [(start, start + 3)], ["Ann"])
        return asked.without_answer()

    rest = "It hangs from an old and very crooked oak. Hemp makes its rope, and it is swung in by all."
    found = cut(f"{rest} It was built by Ann.")
    assert found is not None and (found.text, found.answered, len(found.spans)) == (f"Swing: {rest}", False, 2)
    assert cut(f"{rest} It was built by Ann. Ann liked it.") is None  # said twice
    assert cut("It was built by Ann. So.") is None  # too little is left
    assert not list(Asked.of("Who?", passage_of("", rest), [(900, 903)], ["Ann"]))


HELPS = Item("does heat help ?", "cats sleep . heat helps .", ((0, 12), (13, 25)), (False, True))
LACKS = Item("does heat help ?", "cats sleep . cats sleep .", ((0, 12), (13, 25)), (False, False))
FIRST = Item("does heat help ?", "heat helps . cats sleep .", ((0, 12), (13, 25)), (True, False))


@pytest.fixture
def reader(tiny: Callable[[int], Path]) -> "CrossEncoder":
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from assistant.training.exported import CrossEncoder

    folder = tiny(1)
    torch.manual_seed(0)
    classifier = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    return CrossEncoder(classifier, torch.nn.Linear(32, 1), AutoTokenizer.from_pretrained(folder))


def values(reader: "CrossEncoder", items: Sequence[Item]) -> list[float]:
    """Return all passages' logits and then all sentences'."""
    from assistant.training.cross_encoder import read

    reader.classifier.eval()
    logits, sentences = read(reader, items)
    return [*logits.tolist(), *(value for own in sentences for value in own.tolist())]


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")  # of the transformers library, of its own internals
def test_a_cross_encoder_learns_and_its_export_can_be_read_back(reader: "CrossEncoder", tmp_path: Path) -> None:
    from assistant.training.cross_encoder import train
    from assistant.training.exported import read_export
    from assistant.training.train import export_rounded

    items = [HELPS, LACKS, FIRST]
    words = reader.classifier.base_model.embeddings.word_embeddings.weight.detach().clone()
    progress = train(reader, items * 400, items, rates=(5e-3, 2e-2))
    assert progress.steps == 75
    assert len(progress.losses) == 3 and progress.losses[-1] < progress.losses[0] / 2
    assert progress.figures == {75: {"AUROC": 1.0, "first": 1.0}}
    assert reader.classifier.base_model.embeddings.word_embeddings.weight.equal(words)
    wanted = values(reader, items)
    assert [value > 0 for value in wanted] == [True, False, True, *HELPS.right, *LACKS.right, *FIRST.right]
    export_rounded(reader, tmp_path)
    saved = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    assert (saved["padding"], saved["truncation"]) == (None, None)
    shipped = OnnxReranker(tmp_path).read(HELPS.question, [(each.text, each.spans) for each in items])
    found = [*(each.logit for each in shipped), *(logit for each in shipped for logit in each.sentences)]
    assert found == pytest.approx(wanted, abs=0.2)
    again = read_export(tmp_path, heads=2)
    assert set(again.tokenizer("heat")) == set(INPUTS)
    assert values(again, items) == pytest.approx(wanted, abs=0.2)
    for own, other in ((reader.classifier, again.classifier), (reader.tokens, again.tokens)):
        for name, weight in own.state_dict().items():
            assert other.state_dict()[name].numpy() == pytest.approx(weight.numpy(), abs=0.02)


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
def test_an_export_of_others_can_be_read(reader: "CrossEncoder", tmp_path: Path) -> None:
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from assistant.answering.rerank import export_logits
    from assistant.training.exported import read_export

    for weight in reader.classifier.parameters():
        weight.detach().add_(torch.rand_like(weight) / 10)  # as trained: an export leaves out what changes nothing
    export_logits(reader.classifier, tmp_path / "full.onnx", INPUTS)
    graph = tmp_path / "model.onnx"
    quantize_dynamic(tmp_path / "full.onnx", graph, per_channel=True, weight_type=QuantType.QInt8)
    reader.tokenizer.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    exported = onnx.load(str(graph))
    for each in exported.graph.initializer:
        each.name = each.name.removeprefix("classifier.")
    for node in exported.graph.node:
        node.input[:] = [name.removeprefix("classifier.") for name in node.input]
    onnx.save(exported, str(graph))
    again = read_export(tmp_path, heads=2)
    wanted = [*values(reader, [HELPS, LACKS])[:2], 0.0, 0.0, 0.0, 0.0]
    assert values(again, [HELPS, LACKS]) == pytest.approx(wanted, abs=0.1)


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
def test_items_are_read_as_if_each_were_alone(reader: "CrossEncoder") -> None:
    from assistant.training.cross_encoder import read

    long = Item(HELPS.question, "heat helps . " * 200, ((0, 12), (2587, 2599)), (True, False))
    items = [long, HELPS, Item("cats ?", "heat .", ((0, 6),), (True,))]
    logits, sentences = read(reader, items)
    for item, logit, scores in zip(items, logits, sentences, strict=True):
        alone, (own,) = read(reader, [item])
        assert float(logit) == pytest.approx(float(alone), abs=0.02)  # sixteen bits
        assert scores.tolist() == pytest.approx(own.tolist(), abs=0.02)
    assert sentences[0][1] == UNREAD != sentences[0][0]


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
def test_each_part_of_the_loss_counts(reader: "CrossEncoder") -> None:
    import math

    from assistant.training.cross_encoder import RANKING, SENTENCES, loss_of

    for each in (reader.tokens, reader.classifier.classifier):
        each.weight.detach().zero_()
        each.bias.detach().zero_()
    passages = single = math.log(2)  # of logits that are all zero
    assert float(loss_of(reader, [HELPS])) == pytest.approx(passages + SENTENCES * single + RANKING * math.log(2))
    assert float(loss_of(reader, [LACKS])) == pytest.approx(passages + SENTENCES * single)  # there is nothing to rank
    unread = Item(HELPS.question, "heat helps . " * 200, ((2587, 2599),), (True,))
    assert float(loss_of(reader, [unread])) == pytest.approx(passages)
