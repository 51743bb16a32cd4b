"""Time the stages of questions, one after the other: where a question's time goes.

    python -m tests.bench.stages BENCH [SET]

SET is a set as in measure.py; without one, the shipped corpus. Prints a table of
the stages: seconds of the clock and of the processor, and the share of the whole.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Histogram

from assistant.metrics import STAGE_SECONDS
from ingest.models.encoder import BUNDLED, open_encoder
from tests.bench.measure import WORK, opened, prompts_of

MOST = 100
"""Questions asked."""


def main(bench: Path, name: str) -> None:
    """Ask the questions of a set and print where the time went."""
    assistant = opened(name, bench, open_encoder(BUNDLED, WORK / "models"))
    questions = [prompt.question for prompt in prompts_of(name, bench)][:MOST]
    assistant.ask(questions[0])  # what is loaded once is loaded now
    before = {stage: sum_of(stage) for stage in stages()}
    whole, processor = zip(*(timed(lambda question=each: assistant.ask(question)) for each in questions), strict=True)
    assistant.close()
    print(f"{name}: {len(questions)} questions, median {1000 * statistics.median(whole):.0f} ms, ", end="")
    print(f"p95 {1000 * statistics.quantiles(whole, n=20)[-1]:.0f} ms, ", end="")
    print(f"processor {1000 * statistics.median(processor):.0f} ms\n")
    for stage in stages():
        spent = sum_of(stage) - before[stage]
        print(f"{stage:12} {1000 * spent / len(questions):7.1f} ms {spent / sum(whole):7.1%}")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that some work takes, by the clock and by the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def stages() -> list[str]:
    """Return the names of the stages, in the order of a question's way."""
    return ["understand", "search", "read", "quote"]


def sum_of(stage: str) -> float:
    """Return the seconds spent in a stage so far."""
    child: Histogram = STAGE_SECONDS.labels(stage)
    return next(sample.value for sample in child._child_samples() if sample.name == "_sum")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "shipped")
