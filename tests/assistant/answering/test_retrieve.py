"""Questions as they are searched for."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.render import answer_json, answer_text
from ingest.models.encoder import Vectors32
from ingest.runs.pipeline import RunReport
from tests.conftest import FakeEncoder

HALF = "Is the trigon \udcff valve safe?"


class Strict(FakeEncoder):
    """An encoder that takes only what UTF-8 can hold, as tokenizers do."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        for text in texts:
            text.encode("utf-8")
        return super().encode(texts, query=query)


@pytest.fixture
def assistant(indexed: Callable[..., RunReport], tmp_path: Path) -> Iterator[Assistant]:
    indexed({"valve.txt": "The valve is safe to use in summer."})
    opened = Assistant(Index(tmp_path / "data", Strict()))  # type: ignore[arg-type]
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("history", [(), (HALF,), ("Is a \udcff valve safe?", "And\ud800 now?")])
@pytest.mark.parametrize("question", [HALF, "\udcff", "Why\udcff?", "trig\udcffon\ud800"])
def test_half_a_surrogate_pair_is_a_question_mark(assistant: Assistant, question: str, history: Sequence[str]) -> None:
    answer = assistant.ask(question, history)
    told = json.dumps(answer_json(answer), ensure_ascii=False) + answer_text(answer).plain
    assert told.encode("utf-8")


def test_the_words_around_it_are_searched_for(assistant: Assistant) -> None:
    abstention = assistant.ask(HALF).abstention
    assert abstention is not None
    assert abstention.missing_terms == ("trigon",)
    assert assistant.search(HALF)[0].passage.source == "valve.txt"
