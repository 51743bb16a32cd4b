"""The three journeys on the shipped corpus with the real encoder: ask, re-ingest, evaluate."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from assistant.answering.rerank import BUNDLED, UNREAD, Reading, Reranker, Text, open_reranker
from assistant.assistant import Assistant
from assistant.evaluation.judge import judge
from assistant.evaluation.measures import score
from assistant.evaluation.prompts import load_prompts
from assistant.evaluation.run import evaluate, parse_demand, unmet
from assistant.index import Index
from assistant.render import answer_json
from assistant.schema import Answer
from ingest.index import servers
from ingest.index.catalog import Catalog
from ingest.index.servers import Servers
from ingest.models.encoder import OnnxEncoder
from ingest.runs.pipeline import ingest
from ingest.schema import CorpusDescription

ROOT = Path(__file__).parents[1]
PROMPTS = ROOT / "tests" / "prompts" / "corpus.jsonl"
# What the assistant is held to on the shipped prompts; see the trial through-the-product for what it reaches.
FOLLOW_UPS = ("follow-ups.jsonl", "follow-ups-unseen.jsonl")
DEMANDS = ("quote_hit=0.82", "first_quote_hit=0.75", "gate_accuracy=0.86", "false_answer=0.1", "mrr10=0.93")

pytestmark = pytest.mark.model


class Remembering:
    """Reads everything only once, since two indexes of the same texts ask for the same."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker
        self._read: dict[object, list[Reading]] = {}

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        key = question, tuple((text, tuple(spans)) for text, spans in texts)
        if key not in self._read:
            self._read[key] = self._reranker.read(question, texts)
        return self._read[key]


@pytest.fixture(scope="module")
def assistant(exported: OnnxEncoder, shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    data = shutil.copytree(shipped, tmp_path_factory.mktemp("journeys"), dirs_exist_ok=True)
    reranker = open_reranker(BUNDLED, tmp_path_factory.getbasetemp())
    assert reranker is not None
    opened = Assistant(Index(data, exported), Remembering(reranker))
    opened.ask = cache(opened.ask)  # type: ignore[method-assign]  # several tests ask the same
    yield opened
    opened.close()


def verify_outside(answer: Answer) -> int:
    """Check every quote shown against its file, and return how many there were."""
    shown = [*answer.quotes, *(answer.abstention.nearest if answer.abstention else ())]
    for quote in shown:
        text = (ROOT / "corpus" / quote.source).read_text(encoding="utf-8")
        assert text[quote.evidence.start : quote.evidence.end] == quote.text
        assert quote.line is not None
        assert text.splitlines()[quote.line - 1].find(quote.text.splitlines()[0]) >= 0
    return len(shown)


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("Is TENS effective for chronic low back pain?", "not been found"),
        ("When would a doctor recommend spinal fusion?", "instab|unstable"),
        ("How often is outer hip pain really bursitis?", "90"),
        ("How many reps of the dumbbell hinge should I do?", "20"),
        ("Does yoga help chronic back pain?", "tentative"),
        ("my butt falls asleep from sitting", "gluteal amnesia"),
    ],
)
def test_ask(assistant: Assistant, question: str, quoted: str) -> None:
    answer = assistant.ask(question)
    text = " ".join(quote.text for quote in answer.quotes)
    assert any(part in text for part in quoted.split("|")), text
    assert verify_outside(answer) >= 1


@pytest.mark.parametrize(
    ("question", "missing"),
    [("Should I take ibuprofen for sciatica?", "ibuprofen"), ("What is the best mattress for back pain?", "mattress")],
)
def test_abstain(assistant: Assistant, question: str, missing: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstention is not None and answer.abstention.missing_terms == (missing,)
    assert verify_outside(answer) >= 1


def test_a_single_file_abstains_too(write: Callable[..., Path], tmp_path: Path, exported: OnnxEncoder) -> None:
    """Where all is one source no other one can be farther off: its passages have to be compared with each other."""
    texts = [path.read_text(encoding="utf-8").split("---", 2)[2] for path in sorted((ROOT / "corpus").glob("*.md"))]
    ingest([write({"all.txt": "\n\n\n".join(texts)})], tmp_path / "data", exported)
    assistant = Assistant(Index(tmp_path / "data", exported), open_reranker(BUNDLED, tmp_path))
    for absent in ("Should I take ibuprofen for sciatica?", "What is the best mattress for back pain?"):
        assert assistant.ask(absent).abstention is not None
    assert "not been found" in assistant.ask("Is TENS effective for chronic low back pain?").quotes[0].text
    assistant.close()


def test_example_questions_are_answered(assistant: Assistant) -> None:
    questions = assistant.description().questions
    assert len(questions) >= 5
    assert [question for question in questions if assistant.ask(question).abstention is not None] == []


def test_evaluate(assistant: Assistant) -> None:
    prompts = load_prompts(PROMPTS, assistant.sources())
    scores = score(judge(prompts, evaluate(assistant, prompts))).overall
    assert unmet([parse_demand(demand) for demand in DEMANDS], scores) == ()


class Unread:
    """Reads nothing: what was asked and how the files are ranked do not depend on the cross-encoder."""

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        return [Reading(UNREAD, (UNREAD,) * len(spans)) for _, spans in texts]


@pytest.mark.parametrize("name", FOLLOW_UPS)
def test_follow_ups_are_understood(assistant: Assistant, name: str) -> None:
    reads_nothing = Assistant(assistant._index, Unread())
    prompts = load_prompts(PROMPTS.with_name(name), assistant.sources())
    scores = score(judge(prompts, evaluate(reads_nothing, prompts))).overall
    assert unmet([parse_demand("understood=0.9")], scores) == ()


def test_every_quote_of_every_answer_stands_in_its_file(assistant: Assistant) -> None:
    prompts = load_prompts(PROMPTS, assistant.sources())[::3]
    assert sum(verify_outside(assistant.ask(prompt.question)) for prompt in prompts) >= len(prompts)


def test_reingest(write: Callable[..., Path], tmp_path: Path, exported: OnnxEncoder) -> None:
    data = tmp_path / "data"
    root = write({"a.txt": "Heat eases a stiff back.", "b.txt": "Swim twice a week for a strong spine."})
    assert ingest([root], data, exported).encoded == 2
    assistant = Assistant(Index(data, exported), open_reranker(BUNDLED, tmp_path))
    assert assistant.ask("What eases a stiff back?").quotes[0].text == "Heat eases a stiff back."
    write({"a.txt": "Sleep eases a stiff back."})
    (root / "b.txt").unlink()
    report = ingest([root], data, exported)
    assert (report.updated, report.removed, report.encoded) == (["a.txt"], ["b.txt"], 1)
    assert [quote.text for quote in assistant.ask("What eases a stiff back?").quotes] == ["Sleep eases a stiff back."]
    assert assistant.ask("How often should I swim for a strong spine?").abstention is not None
    assistant.close()


def copy_to_server(data: Path, encoder: OnnxEncoder, url: str) -> None:
    """Put the documents of a catalog into one on a server, in the same order."""
    with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
        places = [place for _, place, _ in snapshot.titles()]
        documents = [snapshot.document(*place) for place in places]
        passages = [snapshot.overlapping(*place, 0, 1 << 30) for place in places]
    servers.use(Servers(catalog_url=url))
    with closing(Catalog(data, create=True)) as catalog, catalog.write() as draft:
        for (root, _), document, own in zip(places, documents, passages, strict=True):
            draft.put_root(root, CorpusDescription())
            assert document is not None
            draft.put_document(root, document, own)
        draft.set_encoder(encoder.identity)
        draft.finish(datetime.now(UTC), {})


def rounded(value: object) -> object:
    """Return a JSON value with its numbers as exact as two ways of adding them up are."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list | tuple) else value


def test_a_catalog_on_a_server_gives_the_same_answers(
    assistant: Assistant, exported: OnnxEncoder, postgresql: str
) -> None:
    """To some of the shipped prompts; for most of them the cross-encoder reads nothing, which would take longest."""
    prompts = {path.name: load_prompts(path, None) for path in sorted(PROMPTS.parent.glob("*.jsonl"))}
    data = assistant._index.folder
    servers.use(Servers())
    unread = Assistant(assistant._index, Unread())
    copy_to_server(data, exported, postgresql)
    index = Index(data, exported)
    elsewhere = {False: Assistant(index, assistant._reranker), True: Assistant(index, Unread())}
    for name, each in prompts.items():
        quick = name in (*FOLLOW_UPS, "near-misses.jsonl")
        own, other_own = unread if quick else assistant, elsewhere[quick]
        for prompt in each[::2] if quick else each[::4]:
            asked = (prompt.question, prompt.history) if prompt.history else (prompt.question,)
            answer, other = own.ask(*asked), other_own.ask(*asked)
            assert rounded(answer_json(other)) == rounded(answer_json(answer)), prompt.id
    index.close()
