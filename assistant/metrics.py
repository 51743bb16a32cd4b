"""Measures questions and runs for Prometheus, and logs each question."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from assistant.schema import Answer
from ingest.errors import PlanOutdated, RunStopped

REGISTRY = CollectorRegistry()
"""The metrics of this process: only our own, in seconds where they are times."""
QUESTIONS = Counter("cited_questions", "Questions, those of evaluations too.", ["outcome"], registry=REGISTRY)
QUESTION_SECONDS = Histogram("cited_question_seconds", "How long questions took.", registry=REGISTRY)
STAGE_SECONDS = Histogram(
    "cited_stage_seconds", "How long the stages of questions and searches took.", ["stage"], registry=REGISTRY
)
QUEUE = Gauge("cited_queue", "Requests that wait, and requests that run.", ["state"], registry=REGISTRY)
RUNS = Counter("cited_runs", "Ingest runs of the page.", ["outcome"], registry=REGISTRY)
FILES_FAILED = Gauge("cited_files_failed", "Files that could not be read in the last run.", registry=REGISTRY)

log = logging.getLogger(__name__)

for _outcome in ("answered", "abstained", "failed"):
    QUESTIONS.labels(_outcome)
for _stage in ("understand", "search", "read", "quote"):
    STAGE_SECONDS.labels(_stage)
for _outcome in ("finished", "failed", "stopped"):
    RUNS.labels(_outcome)


def timed(stage: str) -> AbstractContextManager[object]:
    """Measure one stage: understand, search, sentences, rerank or quote."""
    return STAGE_SECONDS.labels(stage).time()


def measured(question: str, answer: Callable[[], Answer]) -> Answer:
    """Answer a question, measure and log it.

    The record holds the question; whoever writes it down decides whether to
    keep it.
    """
    began = time.perf_counter()
    outcome, quotes, run = "failed", 0, 0
    try:
        answered = answer()
        outcome = "abstained" if answered.abstention else "answered"
        quotes, run = len(answered.quotes), answered.run
        return answered
    finally:
        seconds = time.perf_counter() - began
        QUESTIONS.labels(outcome).inc()
        QUESTION_SECONDS.observe(seconds)
        fields = {"outcome": outcome, "seconds": round(seconds, 3), "quotes": quotes, "run": run, "question": question}
        log.info("question %s", outcome, extra={"event": "question", **fields})


@contextmanager
def counting_run() -> Iterator[None]:
    """Count a run by its outcome; an outdated plan is not run."""
    outcome = "failed"
    try:
        yield
        outcome = "finished"
    except RunStopped:
        outcome = "stopped"
        raise
    except PlanOutdated:
        outcome = ""
        raise
    finally:
        if outcome:
            RUNS.labels(outcome).inc()
