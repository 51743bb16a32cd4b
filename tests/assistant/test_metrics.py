"""What is measured of questions and runs, and what is logged of a question."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.metrics import REGISTRY, counting_run
from ingest.errors import IndexLocked, PlanOutdated, QuoteMismatch, RunStopped
from ingest.runs.pipeline import RunReport
from tests.conftest import FakeEncoder

STAGES = ("understand", "search", "read", "quote")


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, (name, labels)
    return found


def outcomes(name: str, *names: str) -> list[float]:
    return [value(name, outcome=each) for each in names]


@pytest.fixture
def assistant(indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder) -> Iterator[Assistant]:
    indexed({"heat.txt": "Heat eases a stiff back.\n\nCold eases a swollen knee."})
    opened = Assistant(Index(tmp_path / "data", encoder))
    yield opened
    opened.close()


def test_questions_are_counted_by_outcome(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("answered", "abstained", "failed")
    before = outcomes("cited_questions_total", *kinds)
    asked = value("cited_question_seconds_count")
    assert assistant.ask("What eases a stiff back?").quotes
    assert assistant.ask("What eases a swollen knee?").quotes
    assert assistant.ask("Does ibuprofen cure gout?").abstention
    with monkeypatch.context() as broken, pytest.raises(AttributeError):
        broken.setattr(assistant, "_index", None)
        assistant.ask("What eases a stiff back?")
    after = outcomes("cited_questions_total", *kinds)
    assert [now - former for now, former in zip(after, before, strict=True)] == [2, 1, 1]
    assert value("cited_question_seconds_count") == asked + 4


def test_the_stages_of_a_question_are_timed(assistant: Assistant) -> None:
    before = [value("cited_stage_seconds_count", stage=stage) for stage in STAGES]
    spent = value("cited_stage_seconds_sum", stage="search")
    assistant.ask("And a knee?", ["What eases a stiff back?"])
    after = [value("cited_stage_seconds_count", stage=stage) for stage in STAGES]
    assert [now - former for now, former in zip(after, before, strict=True)] == [1, 1, 1, 1]
    assert value("cited_stage_seconds_sum", stage="search") > spent


def test_runs_are_counted_by_outcome() -> None:
    kinds = ("finished", "failed", "stopped")
    before = outcomes("cited_runs_total", *kinds)
    with counting_run():
        pass
    for error in (IndexLocked("locked"), RunStopped("stopped"), PlanOutdated("outdated"), ZeroDivisionError()):
        with pytest.raises(type(error)), counting_run():
            raise error
    after = outcomes("cited_runs_total", *kinds)
    assert [now - former for now, former in zip(after, before, strict=True)] == [1, 2, 1]


def test_a_question_is_logged_once(
    assistant: Assistant, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "assistant")
    answer = assistant.ask("What eases a stiff back?")
    [record] = caplog.records
    fields = vars(record)
    assert (fields["event"], fields["outcome"], fields["run"]) == ("question", "answered", 1)
    assert (fields["quotes"], fields["question"]) == (len(answer.quotes), "What eases a stiff back?")
    assert 0 <= fields["seconds"] < 60
    assert "stiff" not in record.getMessage()

    def mismatch(*_: object, **_named: object) -> None:
        raise QuoteMismatch("a quote is not in its source")

    monkeypatch.setattr("assistant.assistant.choose", mismatch)
    with pytest.raises(QuoteMismatch):
        assistant.ask("What eases a stiff back?")
    assert vars(caplog.records[-1])["outcome"] == "failed"
