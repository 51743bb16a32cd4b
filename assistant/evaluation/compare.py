"""Compares two runs of the same prompts: what flipped, and whether that is more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.evaluation.bootstrap import change_interval, point, resampled_weights
from assistant.evaluation.judge import Judgement, Outcome, judge
from assistant.evaluation.measures import MEASURES, Measure
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import Result
from ingest.errors import ResultsInvalid


@dataclass(frozen=True, slots=True)
class Flip:
    """A prompt whose outcome changed."""

    id: str
    question: str
    earlier: Outcome
    later: Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure in both runs; `change` is later minus earlier, with a 95 % interval. None means undefined."""

    measure: Measure
    earlier: float | None
    later: float | None
    change: float | None
    low: float | None
    high: float | None

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between two runs of the same prompts.

    `flips` are prompts whose outcome changed, those that got worse first.
    `changed` are the ids of prompts with a different reply (quotes, state or
    ranking) but the same outcome. `better` and `worse` count flips to and
    from a right outcome; `p_value` is the chance of a split at least as uneven
    if neither run were better. `unmatched` are the ids of prompts without a
    result in both runs; everything else ignores them.
    """

    flips: tuple[Flip, ...]
    changed: tuple[str, ...]
    better: int
    worse: int
    p_value: float
    differences: Mapping[str, Difference]
    unmatched: tuple[str, ...]


def compare(earlier: Sequence[Result], later: Sequence[Result], prompts: Sequence[Prompt]) -> Comparison:
    """Compare two runs over the prompts with a result in both.

    Raises:
        ResultsInvalid: there is no such prompt.
    """
    both = {result.id for result in earlier} & {result.id for result in later}
    common = [prompt for prompt in prompts if prompt.id in both]
    if not common:
        raise ResultsInvalid("the two runs have no prompt in common", "", "compare runs of the same prompts")
    pairs = list(zip(judge(common, earlier), judge(common, later), strict=True))
    flips = [
        Flip(new.prompt.id, new.prompt.question, old.outcome, new.outcome)
        for old, new in pairs
        if old.outcome is not new.outcome
    ]
    flips.sort(key=lambda flip: flip.later.right - flip.earlier.right)
    better = sum(flip.later.right and not flip.earlier.right for flip in flips)
    worse = sum(flip.earlier.right and not flip.later.right for flip in flips)
    return Comparison(
        flips=tuple(flips),
        changed=tuple(new.prompt.id for old, new in pairs if old.outcome is new.outcome and _reply(old) != _reply(new)),
        better=better,
        worse=worse,
        p_value=mcnemar(better, worse),
        differences=_differences([old for old, _ in pairs], [new for _, new in pairs]),
        unmatched=tuple(prompt.id for prompt in prompts if prompt.id not in both),
    )


def mcnemar(better: int, worse: int) -> float:
    """Return the two-sided p-value of McNemar's test for flips to better and worse; 1 without flips.

    Source: McNemar, Note on the Sampling Error of the Difference between
    Correlated Proportions (Psychometrika 12, 1947), in its exact, binomial form.
    """
    if not better + worse:
        return 1.0
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(better, worse), better + worse, 0.5)))


def _reply(judgement: Judgement) -> tuple[object, ...]:
    result = judgement.result
    return (result.state, [(q.source, q.text, q.start, q.end) for q in result.quotes], result.ranked)


def _differences(earlier: Sequence[Judgement], later: Sequence[Judgement]) -> dict[str, Difference]:
    """Return the difference of every measure; both runs use the same resampled prompts."""
    weights = resampled_weights(later)
    differences = {}
    for name, measure in MEASURES.items():
        old, new = measure.statistic(earlier), measure.statistic(later)
        before, after = point(old, len(later)), point(new, len(later))
        change = None if before is None or after is None else after - before
        low, high = (None, None) if change is None else change_interval(old, new, weights)
        differences[name] = Difference(measure, before, after, change, low, high)
    return differences
