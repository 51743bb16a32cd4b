"""Text of people and of their files never becomes markup, whichever field of the Corpus or Evaluate tab it is in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.evaluation.compare import Comparison, Flip
from assistant.evaluation.judge import Judgement, Outcome
from assistant.evaluation.measures import score
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import QuotedText, Result
from ingest.errors import Fault, PromptsInvalid
from ingest.runs.pipeline import Plan, RunReport
from ingest.runs.status import SourceStatus
from tests.ui.page.hostile import HARMLESS, HOSTILE, SHOWN, Read
from ui.handlers.corpus import Planned
from ui.handlers.evaluate import FinishedEvaluation
from ui.handlers.folders import Folder
from ui.handlers.ingesting import IngestProgress
from ui.page import corpus, evaluation

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def plan(text: str) -> str:
    found = Plan(5, (text,), (text,), ((text, text),), (text,), (text,), (text,), ((text, text),))
    return corpus.plan_html(Planned(found, problems=(text,), refused=((text, text),), again=(text,)), text, text)


def folders(text: str) -> str:
    found = [Folder(path, text, 1, 1, WHEN, missing=False, uploads=False) for path in (text, "elsewhere")]
    return corpus.folders_html(found, [text], {text: text}, text, writes=True)


def report(text: str) -> str:
    names = {kind: [text] for kind in ("added", "updated", "unchanged", "removed", "kept", "skipped")}
    pairs = {kind: [(text, text)] for kind in ("renamed", "failed", "duplicates", "notes")}
    return corpus.report_html(RunReport(**names, **pairs))  # type: ignore[arg-type]


def sources(text: str) -> str:
    read = SourceStatus(text, text, text, 1, 1, WHEN, text, WHEN, text, (text,))
    never = SourceStatus("elsewhere", text, text, failure=text)
    return corpus.sources_html([read, never], {text: text, "elsewhere": text}, Path(text), {text})


def evaluated(text: str, *tags: str) -> FinishedEvaluation:
    """Return a run of a prompt of every kind; the first has all the tags."""
    prompts = (
        Prompt(text, text, (text,), (text, "more"), (), (text,), tags=tags),
        Prompt("passages", text, passages=(text, text), relevance={text: 3}),
        Prompt("abstain", text, unanswerable=True),
    )
    quote = QuotedText(text, text, 3, 3 + len(text), 1, 2, text)
    results = (
        Result(text, text, False, (text,), (replace(quote, text=f"{text}, wrongly"), replace(quote, root=None)), 0.5),
        Result("passages", text, False, (text,), (quote,), 0.6, 1.0),
        Result("abstain", text, True, (), ()),
    )
    outcomes = (Outcome.WRONG_QUOTE, Outcome.RIGHT_QUOTE, Outcome.RIGHT_ABSTENTION)
    right = ((False, False), (True,), ())
    judgements = tuple(
        Judgement(*judged, ranking=None) for judged in zip(prompts, results, outcomes, right, strict=True)
    )
    stem = text.replace("\ud800", "")  # no file has such a name
    return FinishedEvaluation(text, stem, prompts, results, judgements, score(()))  # measures hold no text


def comparison(text: str) -> str:
    run = evaluated(text)
    flips = tuple(Flip(each.prompt.id, text, Outcome.FALSE_ANSWER, each.outcome) for each in run.judgements)
    return evaluation.comparison_html(Comparison(flips, (text,), 2, 1, 1.0, {}, (text,)), text, run)


RENDERED: dict[str, Callable[[str], str]] = {
    "plan": plan,
    "report": report,
    "ingest's progress": lambda text: corpus.progress_html(IngestProgress(1, 2, text)),
    "sources": sources,
    "folders": folders,
    "corpus fault": corpus.fault_html,
    "evaluation": lambda text: evaluation.run_html(evaluated(text)),
    "finished": lambda text: evaluation.finished_html(evaluated(text)),
    "added": evaluation.added_html,
    "prompts": lambda text: evaluation.prompts_html(evaluated(text, text, f"{text}, too").judgements),
    "comparison": comparison,
    "failure": evaluation.failure_html,
    "faults": lambda text: evaluation.fault_html(PromptsInvalid(text, "p.jsonl", text, [Fault(1, text)])),
}


@pytest.mark.parametrize("rendered", RENDERED.values(), ids=RENDERED)
def test_no_text_becomes_markup(rendered: Callable[[str], str]) -> None:
    html = rendered(HOSTILE)
    html.encode("utf-8")
    hostile, harmless = Read(html), Read(rendered(HARMLESS))
    assert hostile.tags == harmless.tags
    assert hostile.texts == [text.replace(HARMLESS, SHOWN) for text in harmless.texts]
    assert any(SHOWN in text for text in hostile.texts)


def test_the_tags_of_a_plot_are_no_markup() -> None:
    read = Read(evaluation.run_html(evaluated("p", HOSTILE)))
    assert SHOWN in read.texts
    assert f"{SHOWN[:21]}…" in read.texts
    assert ("script",) not in read.tags
