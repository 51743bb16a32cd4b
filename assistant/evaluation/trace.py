"""Shows at which stage a prompt is lost: the rank of the first right result of every stage."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from assistant.evaluation.judge import is_right_quote
from assistant.evaluation.prompts import Prompt
from assistant.schema import Answering, Evidence, ScoredPassage
from ingest.schema import Passage

StageResult = ScoredPassage | Evidence


@dataclass(frozen=True, slots=True)
class Trace:
    """The 1-based rank of a prompt's first right result at each stage; None if there is none."""

    prompt: Prompt
    ranks: Mapping[str, int | None]

    @property
    def lost_at(self) -> str | None:
        """The first stage from which on nothing is right; None if the last stage has a right result."""
        lost = None
        for stage, rank in self.ranks.items():
            if rank is not None:
                lost = None
            elif lost is None:
                lost = stage
        return lost


@dataclass(frozen=True, slots=True)
class StageSummary:
    """A stage over all traced prompts: the shares with a right result at rank 1, up to rank 10, and at any rank.

    `median_rank` is the median rank of the first right result, over the prompts that have one.
    """

    stage: str
    first: float
    ten: float
    all: float
    median_rank: float | None


def traced(assistant: Answering, prompts: Sequence[Prompt]) -> Iterator[Trace]:
    """Trace the prompts one by one through the stages, but for the unanswerable ones."""
    for prompt in followed(prompts):
        if prompt.history:
            found = assistant.stages(prompt.question, history=prompt.history)
        else:
            found = assistant.stages(prompt.question)
        ranks = {
            stage: next((n for n, each in enumerate(found[stage], 1) if is_right(prompt, each)), None)
            for stage in found
        }
        yield Trace(prompt, ranks)


def followed(prompts: Sequence[Prompt]) -> list[Prompt]:
    """Return the prompts that can be traced: those that are not unanswerable."""
    return [prompt for prompt in prompts if not prompt.unanswerable]


def trace(
    assistant: Answering, prompts: Sequence[Prompt], on_progress: Callable[[int, int], None] | None = None
) -> tuple[Trace, ...]:
    """Trace every prompt that is not unanswerable through the stages."""
    total, traces = len(followed(prompts)), []
    for each in traced(assistant, prompts):
        traces.append(each)
        if on_progress is not None:
            on_progress(len(traces), total)
    return tuple(traces)


def is_right(prompt: Prompt, found: StageResult) -> bool:
    """Whether a quote from this result would be right: all of it or, for a passage, one of its sentences.

    If the prompt only names files, whether the result is from a right one.
    """
    if not prompt.answerable:
        return prompt.grades.get(found.passage.source, 0) >= prompt.right_grade
    if isinstance(found, Evidence):
        return is_right_quote(prompt, found.text)
    return is_right_quote(prompt, found.passage.text) or _has_right_sentence(prompt, found.passage)


def summarize(traces: Sequence[Trace]) -> tuple[StageSummary, ...]:
    """Summarize the stages in order; empty without traces."""
    stages = dict.fromkeys(stage for each in traces for stage in each.ranks)
    return tuple(_summary(stage, [each.ranks.get(stage) for each in traces]) for stage in stages)


def _has_right_sentence(prompt: Prompt, passage: Passage) -> bool:
    return any(is_right_quote(prompt, passage.cut(start, end)) for start, end in passage.sentences)


def _summary(stage: str, ranks: Sequence[int | None]) -> StageSummary:
    found = [rank for rank in ranks if rank is not None]

    def share(depth: float) -> float:
        return sum(rank <= depth for rank in found) / len(ranks)

    return StageSummary(stage, share(1), share(10), share(float("inf")), median(found) if found else None)
